"""How readings stand in a segment of the spool: records of a length, a checksum, a count and a batch.

A record torn by a death, or spoilt by the disk, is recognised by its checksum and ends what can be read of its segment.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import structlog

from timeseries.ports import StoredReading

log = structlog.get_logger()

_HEADER = struct.Struct("<III")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def pack(readings: Sequence[StoredReading]) -> bytes:
    """One record."""
    body = orjson.dumps(
        [[one.home_id, one.device_id, one.metric, (one.at - _EPOCH) // _MICROSECOND, one.value] for one in readings]
    )
    return _HEADER.pack(len(body), zlib.crc32(body), len(readings)) + body


def unpack(data: bytes, name: str) -> list[list[StoredReading]]:
    """The whole batches of a segment, up to its first torn record."""
    return [
        [
            StoredReading(home_id, device_id, metric, _EPOCH + timedelta(microseconds=at), value)
            for home_id, device_id, metric, at, value in orjson.loads(body)
        ]
        for body, _ in _records(data, name)
    ]


def count(path: Path) -> int:
    """How many readings a segment holds, without reading them into memory one by one."""
    return sum(readings for _, readings in _records(path.read_bytes(), path.name))


def _records(data: bytes, name: str) -> Iterator[tuple[bytes, int]]:
    position = 0
    while position < len(data):
        start = position + _HEADER.size
        if start > len(data):
            break
        length, checksum, readings = _HEADER.unpack_from(data, position)
        body = data[start : start + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            break
        yield body, readings
        position = start + length
    if position < len(data):
        log.warning("spool_record_torn", segment=name, position=position, lost_bytes=len(data) - position)
