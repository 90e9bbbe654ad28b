"""Ports: which are free, and which this run will use.

Ports that outsiders speak to are fixed (1883, 1884, 8080 unless told otherwise) and checked before anything starts.
Ports between Yinling's own processes are free ones on loopback, so that several centres run side by side.
"""

from __future__ import annotations

import random
import socket
import ssl
from dataclasses import dataclass

from core.config import Settings
from core.tls import client_context
from yinling.errors import CannotStartError

LOOPBACK = "127.0.0.1"
# Below the range the system hands to outgoing connections, so that nobody takes the port before the child binds it.
_FREE_RANGE = range(20_000, 32_000)
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one run, every one resolved."""

    http: int
    mqtt: int
    gateway: int
    nats: int
    nats_monitor: int


def can_listen(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind(address)
            candidate.listen(1)
    except OSError:
        return False
    return True


def answers(host: str, port: int, *, timeout_seconds: float = 0.3) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((reachable(host), port), timeout=timeout_seconds):
            return True
    except OSError:
        return False


def reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 compared with, not listened on


def in_url(host: str) -> str:
    """The host as a URL writes it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def own_address(settings: Settings, http_port: int) -> str:
    """Where this machine reaches its own pages, without a slash at the end."""
    scheme = "https" if settings.transport.speaks_tls("http") else "http"
    return f"{scheme}://{in_url(reachable(settings.host))}:{http_port}"


def own_context(settings: Settings) -> ssl.SSLContext | None:
    """What this machine verifies its own pages by; None while they are plain."""
    return client_context(settings, reachable(settings.host)) if settings.transport.speaks_tls("http") else None


def free_port(host: str, taken: set[int]) -> int:
    """A port nobody listens on, not in `taken`, which it joins."""
    for _ in range(_ATTEMPTS):
        port = random.choice(_FREE_RANGE)  # noqa: S311 any port will do
        if port not in taken and can_listen(host, port):
            taken.add(port)
            return port
    message = (
        f"There is no free port on {host} between {_FREE_RANGE.start} and {_FREE_RANGE.stop}: stop some servers on this machine."
    )
    raise CannotStartError(message)


def resolve(settings: Settings) -> Ports:
    """Choose the free ports and check the fixed ones.

    Raises:
        CannotStartError: a port is in use, or the host is not an address of this machine.
    """
    if not can_listen(settings.host, 0):
        message = f"Yinling cannot listen on {settings.host!r}: give an address of this machine with --host or YINLING_HOST."
        raise CannotStartError(message)
    fixed = {"http": settings.http_port, "mqtt": settings.mqtt_port, "gateway": settings.gateway_port}
    _refuse_doubles(fixed)
    extras = {name: getattr(settings, name) for name in ("mqtt_websocket_port", "certificate_port")}
    taken = {port for port in (*fixed.values(), *extras.values()) if port}
    for name, port in fixed.items():
        if port == 0:
            fixed[name] = free_port(settings.host, taken)
        elif not can_listen(settings.host, port):
            message = (
                f"Port {port} on {settings.host} is in use or not allowed: stop the program that has it, "
                f"or choose another with --{name}-port or YINLING_{name.upper()}_PORT (0 takes a free one)."
            )
            raise CannotStartError(message)
    for name, extra in extras.items():
        if extra is not None and ([*fixed.values(), *extras.values()].count(extra) > 1 or not can_listen(settings.host, extra)):
            message = f"Port {extra} on {settings.host} is in use: choose another with YINLING_{name.upper()}."
            raise CannotStartError(message)
    own = {}
    for name, port in (("nats", settings.nats_port), ("nats_monitor", settings.nats_monitor_port)):
        is_set = f"{name}_port" in settings.model_fields_set and port != 0
        if is_set and not can_listen(LOOPBACK, port):
            message = (
                f"Port {port} on {LOOPBACK} is in use: set YINLING_{name.upper()}_PORT to another, "
                "or leave it unset to take a free one."
            )
            raise CannotStartError(message)
        own[name] = port if is_set else free_port(LOOPBACK, taken)
    return Ports(**fixed, **own)


def _refuse_doubles(fixed: dict[str, int]) -> None:
    chosen = [port for port in fixed.values() if port]
    if len(chosen) != len(set(chosen)):
        message = f"The pages, MQTT and the gateway port need three different ports, not {', '.join(map(str, fixed.values()))}."
        raise CannotStartError(message)
