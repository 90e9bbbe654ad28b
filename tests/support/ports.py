"""Ports for tests: none is given twice in one run of the tests, and none is one the program chooses by itself.

A port is chosen some time before its server listens there. Whoever chooses another one meanwhile must not choose the same.
"""

from __future__ import annotations

import random

from yinling.ports import LOOPBACK, can_listen

# Below the program's own range (`yinling.ports`), which is below the one the system hands to outgoing connections.
_RANGE = range(10_000, 20_000)
_RANDOM = random.SystemRandom()  # the ordinary one starts anew with each example of Hypothesis
_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, and that was not given before."""
    while True:
        port = _RANDOM.choice(_RANGE)
        if port not in _given and can_listen(LOOPBACK, port):
            _given.add(port)
            return port


def free_ports(count: int) -> list[int]:
    """Several of them."""
    return [free_port() for _ in range(count)]


__all__ = ["free_port", "free_ports"]
