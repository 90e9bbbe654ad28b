"""Which of the broker's nodes an MQTT client of ours connects to: one after the other, until one answers.

paho knows one address. Here its client is given the next one before each attempt, and a connection whose other end is
gone without a word (a cut cable, a machine without power) is noticed by the kernel within seconds, not by a keepalive
that may take a minute. Nothing is kept; a process that dies begins with the node it is meant to begin with.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from itertools import cycle

import paho.mqtt.client as mqtt

Server = tuple[str, int]

CONNECT_SECONDS = 2.0
SILENT_PEER_SECONDS = 4
"""A peer that acknowledges nothing for so long is gone."""


class MqttNodes:
    """The nodes in the order they are tried; `first` spreads clients over them."""

    def __init__(self, servers: Sequence[Server], *, first: int = 0) -> None:
        if not servers:
            message = "an MQTT client needs a server"
            raise ValueError(message)
        begin = first % len(servers)
        self._order = cycle([*servers[begin:], *servers[:begin]])
        self.first: Server = servers[begin]

    def attach(self, client: mqtt.Client) -> None:
        """Let the client go round; call before its loop is started. It takes the client's `on_socket_open`."""
        client.connect_timeout = CONNECT_SECONDS
        client.on_socket_open = notice_silence

    def next(self, client: mqtt.Client) -> None:
        """Point the client at the next node; to be called from its `on_pre_connect`."""
        client._host, client._port = next(self._order)  # noqa: SLF001 paho's own setters refuse while it connects


def notice_silence(_client: mqtt.Client, _data: object, connection: object) -> None:
    """Send at once, and end a connection whose peer is gone.

    A receipt and a PUBACK are two small writes; Nagle's algorithm would hold the second back for 40 ms.
    """
    if not isinstance(connection, socket.socket):
        return
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 1),
        ("TCP_KEEPALIVE", 1),  # macOS
        ("TCP_KEEPINTVL", 1),
        ("TCP_KEEPCNT", SILENT_PEER_SECONDS - 1),
        ("TCP_USER_TIMEOUT", SILENT_PEER_SECONDS * 1000),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


__all__ = ["CONNECT_SECONDS", "SILENT_PEER_SECONDS", "MqttNodes", "Server", "notice_silence"]
