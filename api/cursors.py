"""Places in a list: opaque to the reader, checked when they come back."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from api.schemas.base import ID_MAXIMUM
from core.errors import InvalidInputError


def write_cursor(*keys: str | int) -> str:
    """A place after the row with these keys."""
    return base64.urlsafe_b64encode(orjson.dumps(keys)).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type[str | int]) -> list[Any] | None:
    """The keys of a place, of the given kinds, or None for the beginning; InvalidInputError `invalid_cursor` for anything else."""
    if cursor is None:
        return None
    try:
        keys = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("invalid_cursor") from error
    if not isinstance(keys, list) or len(keys) != len(kinds):
        raise InvalidInputError("invalid_cursor")
    if any(type(key) is not kind for key, kind in zip(keys, kinds, strict=True)):
        raise InvalidInputError("invalid_cursor")
    if any(isinstance(key, int) and abs(key) > ID_MAXIMUM for key in keys):
        raise InvalidInputError("invalid_cursor")
    return keys
