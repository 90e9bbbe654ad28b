"""Python's cyclic garbage collector, told what a process is like that keeps much for ever and makes many short-lived values.

A worker's book of homes stays, and each message makes a dozen values that are gone when their batch is acknowledged. Left
alone the collector walks through all of it again and again: a third of the time of a reading, and, each time it looks at
everything, a standstill of all threads for 50 ms a thousand homes.
"""

from __future__ import annotations

import gc

_YOUNG_OBJECTS = 50_000
_YOUNG_ROUNDS = 20
_MIDDLE_ROUNDS = 50


def settle() -> None:
    """Never again look at what is in memory now, and at what is new only when there is much; for once a start is done."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS)


__all__ = ["settle"]
