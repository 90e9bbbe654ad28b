"""Telephone numbers: how they are written down, and which can never take what is sent. Pure."""

from __future__ import annotations

import re

_FILLING = re.compile(r"[\s().\-‐-―]+")
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_CHINESE_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_CHINESE_LANDLINE = re.compile(r"0[1-9][0-9]{8,10}")


def normalised(number: str) -> str | None:
    """Digits with an optional leading `+`, a Chinese number without its country code; None when it is no number."""
    bare = _FILLING.sub("", number)
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    if _NUMBER.fullmatch(bare) is None:
        return None
    if bare.startswith("+86"):
        rest = bare[3:]
        return rest if _CHINESE_MOBILE.fullmatch(rest) else (f"0{rest}" if not rest.startswith("0") else rest)
    return bare


def can_be_called(number: str) -> bool:
    """Whether a call to it could ever arrive."""
    return normalised(number) is not None


def can_take_text(number: str) -> bool:
    """Whether a text message to it could ever arrive: a Chinese mobile, or a number abroad; no landline and no short number."""
    bare = normalised(number)
    if bare is None or _CHINESE_LANDLINE.fullmatch(bare):
        return False
    return _CHINESE_MOBILE.fullmatch(bare) is not None or (bare.startswith("+") and len(bare) > 7)  # noqa: PLR2004 E.164


__all__ = ["can_be_called", "can_take_text", "normalised"]
