"""The certificates of the containers: issued by the centre's own authority, copied to whoever shows or trusts them.

The authority's key stays in a volume that `setup` alone opens. A certificate is issued anew when it ends soon or lacks a name,
so `docker compose up` renews what is due; running servers take the new files by themselves or at their next start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.certificate_folder import AUTHORITY, DEVICES, CertificateFolder
from core.certificates import Kind, describe

SERVER_DAYS = 1826
RENEW_DAYS = 90
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Server:
    """A certificate: the hosts it answers to, and the folders its files are copied to."""

    hosts: tuple[str, ...]
    folders: tuple[Path, ...]


class Certificates:
    """What the authority in one folder issues for the containers."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = CertificateFolder(folder)
        self._now = now

    def issue(self, servers: Mapping[str, Server]) -> list[str]:
        """Make and renew what is due and copy everything to its place; the names of what was made."""
        made = [path.stem for path in self._folder.make_authorities("Yinling", self._now)]
        for name, server in servers.items():
            hosts = tuple(dict.fromkeys([*server.hosts, *LOOPBACK_NAMES]))
            if self._ensure(name, hosts):
                made.append(name)
            for folder in server.folders:
                # The key first: a server that looks in between meets a pair that does not fit, and looks again.
                copy_file(self._folder.key_path(name), folder / "server.key")
                copy_file(self._folder.path(name), folder / "server.pem")
                self.trust(folder)
        return made

    def trust(self, folder: Path) -> None:
        """Copy the authority's certificate, without its key, to whoever verifies by it."""
        copy_file(self._folder.path(AUTHORITY), folder / "authority.pem")

    def lend_devices(self, folder: Path) -> None:
        """Copy the authority of devices with its key to the pages that provision them."""
        self.trust(folder)
        copy_file(self._folder.key_path(DEVICES), folder / f"{DEVICES}.key")
        copy_file(self._folder.path(DEVICES), folder / f"{DEVICES}.pem")

    def _ensure(self, name: str, hosts: tuple[str, ...]) -> bool:
        if not self._folder.path(name).exists():
            self._folder.issue(Kind.SERVER, name, self._now, SERVER_DAYS, hosts=hosts)
            return True
        described = describe(self._folder.read(name))
        if set(hosts) - set(described.hosts):
            self._folder.revoke(name, self._now)
            self._folder.issue(Kind.SERVER, name, self._now, SERVER_DAYS, hosts=hosts)
            return True
        if described.days_left(self._now) <= RENEW_DAYS:
            self._folder.renew(name, self._now)
            return True
        return False


def copy_file(source: Path, target: Path) -> None:
    """The same bytes under another name, whole or not at all, for their owner only; unchanged files are left alone."""
    body = source.read_bytes()
    if target.exists() and target.read_bytes() == body:
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_name(f".{target.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(target)


__all__ = ["RENEW_DAYS", "SERVER_DAYS", "Certificates", "Server", "copy_file"]
