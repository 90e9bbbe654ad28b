"""Keys of our own that channels sign with: the VAPID key of web push and the secret of webhooks.

Settings win; what they leave out is made once and kept in `{data_dir}/paging/keys.json`, readable by its owner only.
Several processes may start at once on an empty folder: the file is written aside, synced and linked into place, so that
one of them wins and all others read its keys. A process that dies here leaves at most an unused temporary file.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.config import Settings
from core.ids import new_secret
from core.key_file import write_once


@dataclass(frozen=True, slots=True)
class PagingKeys:
    """`vapid_public` is what a browser subscribes with (base64url of the uncompressed point)."""

    vapid_private: str
    vapid_public: str
    webhook_secret: str

    def __repr__(self) -> str:
        return f"PagingKeys(vapid_public={self.vapid_public!r})"


def load_or_create_keys(settings: Settings) -> PagingKeys:
    """The keys: from the settings, else from the file. `OSError` when it cannot be written, `ValueError` when a key is none."""
    private = settings.web_push_private_key.get_secret_value() if settings.web_push_private_key else None
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    if private is None or secret is None:
        kept = _read_or_make(settings.data_dir / "paging" / "keys.json")
        private = private or kept["web_push_private_key"]
        secret = secret or kept["webhook_secret"]
    return PagingKeys(private, public_key_of(private), secret)


def public_key_of(private: str) -> str:
    """The public half of a raw base64url P-256 key; `ValueError` when it is none."""
    raw = base64.urlsafe_b64decode(private + "=" * (-len(private) % 4))
    if len(raw) != 32:  # noqa: PLR2004 bytes of a P-256 key
        raise ValueError("YINLING_WEB_PUSH_PRIVATE_KEY must be 32 bytes in base64url")
    key = ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1())
    return _text(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _read_or_make(path: Path) -> dict[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    kept: dict[str, str] = orjson.loads(path.read_bytes())
    return kept


def _make(path: Path) -> None:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    body = orjson.dumps({"web_push_private_key": _text(number.to_bytes(32)), "webhook_secret": new_secret()})
    write_once(path, body)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


__all__ = ["PagingKeys", "load_or_create_keys", "public_key_of"]
