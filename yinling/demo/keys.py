"""Secrets of the demonstration's devices: derived from one random key in the data folder, so that none is stored.

The key is made once, aside and linked into place; two processes that start at once agree on one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
from pathlib import Path


class DemoKey:
    """Derives each device's secret (256 bits) from the folder's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def secret_of(self, device_code: str) -> str:
        """The device's MQTT password."""
        digest = hmac.digest(self._key, device_code.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def load_or_create(data_dir: Path) -> DemoKey:
    """The key of this data folder."""
    path = data_dir / "demo" / "key"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        aside = path.with_name(f".key.{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_bytes(os.urandom(32))
        with contextlib.suppress(FileExistsError):  # another process was first: its key holds
            os.link(aside, path)
        aside.unlink()
    return DemoKey(path.read_bytes())
