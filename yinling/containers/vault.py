"""The secrets of the containers: each made once, kept in the volume of the one container that needs it.

One command must work with nothing prepared, so secrets are files in volumes, not `secrets:` of compose, which would have to
exist first. What is there stays as it is: whoever wants a password of their own puts the file there before the first start.
A process that dies in here leaves whole files or none (`core.key_file`); the next run makes the rest.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import nkeys

from core.ids import new_secret
from core.key_file import write_once

DATABASE_HOST = "postgres"
DATABASE_NAME = "yinling"
DATABASE_USER = "yinling"


@dataclass(frozen=True, slots=True)
class Vault:
    """The folder with one folder, one volume, for each container."""

    folder: Path

    def make_missing(self) -> list[str]:
        """Make every secret that is not there; the names of those made. `OSError` when a volume cannot be written."""
        made: list[str] = []
        database = self._keep("postgres/password", new_secret(), made)
        grafana = self._keep("grafana/admin-password", new_secret(), made)
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT).decode()
        address = f"postgresql+psycopg://{DATABASE_USER}:{database}@{DATABASE_HOST}:5432/{DATABASE_NAME}"
        self._keep("yinling/database-url", address, made)
        self._keep("yinling/influx-token", new_secret(), made)
        self._keep("yinling/influx-password", new_secret(), made)
        self._keep("yinling/broker-password", new_secret(), made)
        self._keep("yinling/broker-issuer-seed", seed, made)
        self._keep("yinling/grafana-password", grafana, made)
        return made

    def _keep(self, name: str, body: str, made: list[str]) -> str:
        """Keep `body` under a name unless something is kept there already; what is kept there now."""
        path = self.folder / name
        if not path.exists():
            write_once(path, body.encode())
            made.append(name)
        return self.read(name)

    def read(self, name: str) -> str:
        """What is kept under a name."""
        return (self.folder / name).read_text(encoding="utf-8").rstrip("\r\n")


__all__ = ["DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "Vault"]
