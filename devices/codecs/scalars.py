"""Single values as devices write them: numbers as text, five spellings of true, clocks in 1970.

Each function answers None for what it cannot read; none of them raises. Empty and null mean *unknown*, never *off*.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from typing import Any

from core.clock import from_epoch_milliseconds

_TRUE = frozenset({"true", "on", "1", "yes", "open", "opened", "detected", "alarm", "alarmed", "active", "triggered", "presence"})
_FALSE = frozenset(
    {"false", "off", "0", "no", "close", "closed", "clear", "cleared", "normal", "ok", "inactive", "idle", "none", "not_detected"}
)
_LONGEST_NUMBER = 64
_DIGEST_BYTES = 16


def truth(value: Any) -> bool | None:
    """True or false in any spelling; None where nothing (or nothing known) is said. A float is a quantity, never a truth."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return bool(value) if value in (0, 1) else None
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    return None


def number(value: Any) -> float | None:
    """A finite number, also from text; a truth is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def instant(value: Any) -> datetime | None:
    """An instant from epoch milliseconds or ISO 8601 with an offset; whether it can be believed is for others to say."""
    milliseconds = number(value)
    if milliseconds is not None:
        return from_epoch_milliseconds(milliseconds)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed if parsed.tzinfo is not None and parsed.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def text(value: Any, longest: int) -> str | None:
    """A short text that every store takes: no control characters, no lone surrogates; None where nothing is said."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    cleaned = "".join(char for char in str(value)[: longest * 4] if char.isprintable()).strip()
    return cleaned[:longest] or None


def shown(value: Any, longest: int) -> str:
    """Any value as a short text that every store takes, to be shown beside what was made of it."""
    return f"{value!s:.{longest}}".replace("\x00", "").encode(errors="replace").decode()


def digest(topic: str, payload: bytes, *parts: str) -> str:
    """A stable key for a happening without an id of its own: the same delivery again has the same key."""
    hashed = hashlib.blake2b(topic.encode(errors="replace"), digest_size=_DIGEST_BYTES)
    for part in (payload, *(each.encode(errors="replace") for each in parts)):
        hashed.update(b"\x00")
        hashed.update(part)
    return f"digest-{hashed.hexdigest()}"
