"""A clock for tests of the whole program: every process reads how far time was moved from one small file.

`YINLING_TEST_CLOCK` names the file; a program started without it has the machine's clock and nothing of this. Two numbers
stand at its beginning: by how much time was moved (now and monotonic time together) and by how much the wall clock was set
(now alone, reported by `take_step` as a real step is). Behind them each process notes how often its loop has come round since
the last move, so that a test knows when everything that was due has been done. A process that dies leaves a note behind, and
whoever reads it looks whether the process lives.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import SinceBoot, SystemClock

VARIABLE = "YINLING_TEST_CLOCK"

_MOVES = struct.Struct("<qq")  # microseconds moved, microseconds stepped
_NOTE = struct.Struct("<qqqq")  # process, microseconds moved and stepped as it saw them, rounds since
_NOTES = 512
_SIZE = _MOVES.size + _NOTES * _NOTE.size
_MICROSECOND = timedelta(microseconds=1)


class TimeFile:
    """The file that processes share. Moving is for one hand only: the test's."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            if file.seek(0, os.SEEK_END) < _SIZE:
                file.truncate(_SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._path = path

    @property
    def moves(self) -> tuple[timedelta, timedelta]:
        """How far time was moved, and how far the wall clock was set."""
        moved, stepped = _MOVES.unpack_from(self._map)
        return moved * _MICROSECOND, stepped * _MICROSECOND

    def advance(self, by: timedelta) -> None:
        """Let time pass: now and monotonic time together."""
        moved, stepped = self.moves
        _MOVES.pack_into(self._map, 0, (moved + by) // _MICROSECOND, stepped // _MICROSECOND)

    def step(self, by: timedelta) -> None:
        """Set the wall clock: now alone."""
        moved, stepped = self.moves
        _MOVES.pack_into(self._map, 0, moved // _MICROSECOND, (stepped + by) // _MICROSECOND)

    def rounds(self) -> Mapping[int, int]:
        """For each process that ever came round since the last move: how often."""
        present = _MOVES.unpack_from(self._map)
        notes = [_NOTE.unpack_from(self._map, self._place(number)) for number in range(_NOTES)]
        return {pid: rounds for pid, moved, stepped, rounds in notes if pid and (moved, stepped) == present}

    def note_round(self) -> None:
        """Count one more round of this process at the present time."""
        pid, present = os.getpid(), _MOVES.unpack_from(self._map)
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            place = next(place for place in map(self._place, range(_NOTES)) if self._owner(place) in {0, pid})
            _, moved, stepped, rounds = _NOTE.unpack_from(self._map, place)
            known = rounds if (moved, stepped) == present else 0
            _NOTE.pack_into(self._map, place, pid, *present, known + 1)

    def _owner(self, place: int) -> int:
        return int(_NOTE.unpack_from(self._map, place)[0])

    @staticmethod
    def _place(number: int) -> int:
        return _MOVES.size + number * _NOTE.size


class MovableClock(SystemClock):
    """The machine's clock, moved by a file. `take_step`, which every loop calls once a round, notes the round there."""

    def __init__(self, path: Path) -> None:
        self._file = TimeFile(path)
        self._looking = threading.RLock()
        self._looks = 0
        self._moves = self._file.moves
        super().__init__()

    def now(self) -> datetime:
        """As ever."""
        with self._at_one_moment():
            return super().now()

    def monotonic_seconds(self) -> float:
        """The machine's monotonic time and what it was moved by."""
        with self._at_one_moment():
            return super().monotonic_seconds() + self._moves[0].total_seconds()

    def take_step(self) -> timedelta | None:
        """As ever, and note that this process came round."""
        with self._at_one_moment():
            step = super().take_step()
        self._file.note_round()
        return step

    def since_boot(self) -> SinceBoot | None:
        """The machine's, and what time was moved by."""
        with self._at_one_moment():
            known = super().since_boot()
            return None if known is None else SinceBoot(known.boot, known.elapsed + self._moves[0])

    def _wall(self) -> datetime:
        return super()._wall() + self._moves[0] + self._moves[1]

    @contextmanager
    def _at_one_moment(self) -> Iterator[None]:
        """Time moved between the two looks that one answer takes would seem a step."""
        with self._looking:
            if self._looks == 0:
                self._moves = self._file.moves
            self._looks += 1
            try:
                yield
            finally:
                self._looks -= 1


__all__ = ["VARIABLE", "MovableClock", "TimeFile"]
