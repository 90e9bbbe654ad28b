"""Which partition a home belongs to, computed as the broker computes it."""

from __future__ import annotations

_FNV_OFFSET = 0x811C9DC5
_FNV_PRIME = 0x01000193


def partition_of(home: str, partitions: int) -> int:
    """The partition of a home's topic name among `partitions`: FNV-1a (32 bit) of the name, modulo P.

    Source: NATS subject mapping `partition(P, …)`; an integration test compares both for many names.
    """
    digest = _FNV_OFFSET
    for byte in home.encode():
        digest = ((digest ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return digest % partitions
