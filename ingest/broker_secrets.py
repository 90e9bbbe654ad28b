"""What Yinling's own processes and the broker share: one password and the key that signs device sign-ins.

Settings win; what they leave out is made once and kept in `{data_dir}/broker/secrets.json`, readable by its owner only.
Several processes may start at once on an empty folder: the file is written aside, synced and linked into place, so
that exactly one of them wins and all others read its secrets. A process that dies here leaves at most an unused
temporary file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import nkeys
import orjson

from core.config import Settings
from core.ids import new_secret
from core.key_file import write_once


@dataclass(frozen=True, slots=True)
class BrokerSecrets:
    """`password` of the users `yinling`, `ingest` and `watcher`; `issuer_seed` signs sign-ins, `issuer_public` checks them.

    `route_password` is what the nodes of a cluster know each other by.
    """

    password: str
    issuer_seed: str
    issuer_public: str
    route_password: str = ""

    def __repr__(self) -> str:
        return f"BrokerSecrets(issuer_public={self.issuer_public!r})"


def secrets_path(settings: Settings) -> Path:
    """Where the secrets are kept."""
    return settings.data_dir / "broker" / "secrets.json"


def load_or_create_secrets(settings: Settings) -> BrokerSecrets:
    """The broker's secrets: from the settings, else from the file, which is made when it is missing.

    Raises `OSError` when the data folder cannot be written and `ValueError` when a seed is none.
    """
    password = settings.broker_password.get_secret_value() if settings.broker_password else None
    seed = settings.broker_issuer_seed.get_secret_value() if settings.broker_issuer_seed else None
    if password is None or seed is None:
        kept = _read_or_make(secrets_path(settings))
        password = password or kept["password"]
        seed = seed or kept["issuer_seed"]
    route = settings.nats_route_password.get_secret_value() if settings.nats_route_password else _derived(password, "route")
    return BrokerSecrets(password=password, issuer_seed=seed, issuer_public=public_key_of(seed), route_password=route)


def _derived(password: str, purpose: str) -> str:
    """Another secret from this one: whoever learns it does not learn the first."""
    return hmac.new(password.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def public_key_of(seed: str) -> str:
    """The public account key (`A…`) of an account seed (`SA…`); `ValueError` when it is not one."""
    try:
        public = nkeys.from_seed(bytearray(seed.encode())).public_key
    except nkeys.NkeysError as error:
        raise ValueError("YINLING_BROKER_ISSUER_SEED is not an nkey seed") from error
    text = bytes(public).decode()
    if not text.startswith("A"):
        raise ValueError("YINLING_BROKER_ISSUER_SEED must be an account seed (it begins with SA)")
    return text


def _read_or_make(path: Path) -> dict[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    kept: dict[str, str] = orjson.loads(path.read_bytes())
    return kept


def _make(path: Path) -> None:
    seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT)
    body = orjson.dumps({"password": new_secret(), "issuer_seed": bytes(seed).decode()})
    write_once(path, body)


__all__ = ["BrokerSecrets", "load_or_create_secrets", "public_key_of", "secrets_path"]
