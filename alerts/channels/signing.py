"""How a message between Yinling and another system proves who wrote it: HMAC-SHA256 over its time and its body. Pure.

`Yinling-Timestamp` is epoch seconds, `Yinling-Signature` is `v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body`
under the shared secret. Whoever receives it refuses one that is older or newer than five minutes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

TIMESTAMP = "Yinling-Timestamp"
SIGNATURE = "Yinling-Signature"
TOLERANCE_SECONDS = 300


def signed_headers(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The two headers for a body."""
    timestamp = str(int(now.timestamp()))
    return {TIMESTAMP: timestamp, SIGNATURE: f"v1={_signature(secret, timestamp, body)}"}


def is_signed(secret: str, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether the headers (any case of letters) prove the body, within the tolerance of time."""
    found = {name.lower(): value for name, value in headers.items()}
    timestamp = found.get(TIMESTAMP.lower(), "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004 until the year 33658
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    given = found.get(SIGNATURE.lower(), "").encode()
    return hmac.compare_digest(given, f"v1={_signature(secret, timestamp, body)}".encode())


def _signature(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


__all__ = ["SIGNATURE", "TIMESTAMP", "TOLERANCE_SECONDS", "is_signed", "signed_headers"]
