"""JSON as devices write it: with NaN in it, in the wrong encoding, cut off, or nested without end.

`parse` never raises anything but `MalformedError`. `bounded` makes a value that every store and every reader takes.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

_DEPTH = 6
_ITEMS = 64
_CHARACTERS = 1000
_INTEGER_DIGITS = 18


class MalformedError(ValueError):
    """The bytes are no JSON, not even with patience."""


def parse(payload: bytes) -> Any:
    """The value, from strict JSON or, failing that, from what stands in it after the usual mistakes.

    Forgiven: NaN and Infinity (given as such), a byte order mark, trailing NULs, an encoding that is not UTF-8.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    cleaned = payload.decode("utf-8-sig", errors="replace").strip().strip("\x00")
    try:
        return json.loads(cleaned, parse_int=_integer, strict=False)
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from error


def bounded(value: Any, depth: int = _DEPTH) -> Any:
    """`value` with bounded depth, breadth and text, without NaN, infinities, NULs and lone surrogates."""
    if isinstance(value, dict):
        return {_clean(str(key)): bounded(each, depth - 1) for key, each in list(value.items())[:_ITEMS]} if depth > 0 else None
    if isinstance(value, list):
        return [bounded(each, depth - 1) for each in value[:_ITEMS]] if depth > 0 else None
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) >= 10**_INTEGER_DIGITS:
        return float(value)
    return value


def _clean(value: str) -> str:
    return value[:_CHARACTERS].replace("\x00", "").encode(errors="replace").decode()


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else float(digits)
