"""Follows a log file that its writer rotates by renaming. A line is given once; what was there before `poll` began is not."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

_READ_BYTES = 1024 * 1024
_LONGEST_LINE_BYTES = 64 * 1024


class LogTail:
    """New whole lines of a growing file, in bounded pieces."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BufferedReader | None = None
        self._partial = b""
        self._open(at_end=True)

    def poll(self) -> list[str]:
        """The lines written since the last call, at most about a mebibyte of them."""
        if self._file is None:
            self._open(at_end=False)
        if self._file is None:
            return []
        data = self._file.read(_READ_BYTES)
        if not data and self._was_rotated(self._file):
            self.close()
            self._open(at_end=False)
            data = self._file.read(_READ_BYTES) if self._file is not None else b""
        *lines, rest = (self._partial + data).split(b"\n")
        self._partial = rest[-_LONGEST_LINE_BYTES:]
        return [line.decode(errors="replace") for line in lines]

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, *, at_end: bool) -> None:
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            return
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def _was_rotated(self, file: BufferedReader) -> bool:
        try:
            present = self._path.stat()
        except FileNotFoundError:
            return False  # renamed, the new one is not there yet
        opened = os.fstat(file.fileno())
        return (present.st_dev, present.st_ino) != (opened.st_dev, opened.st_ino) or present.st_size < file.tell()


__all__ = ["LogTail"]
