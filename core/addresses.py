"""Addresses as settings write them: `host:port`, an IPv6 host in brackets."""

from __future__ import annotations

HIGHEST_PORT = 65535


def split_address(address: str) -> tuple[str, int]:
    """`host:port` or `[v6]:port` as host and port.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > HIGHEST_PORT or (":" in host and not host.startswith("[")):
        message = f"{address!r} is no address: write host:port, such as 10.0.0.1:4222 or [fd00::1]:4222"
        raise ValueError(message)
    return host.strip("[]"), int(port)


def in_address(host: str) -> str:
    """The host as an address writes it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


__all__ = ["HIGHEST_PORT", "in_address", "split_address"]
