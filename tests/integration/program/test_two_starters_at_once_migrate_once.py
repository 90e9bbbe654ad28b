"""`yinling migrate` from several machines at the same moment: one does it, the others wait, and there is one administrator."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from support.stores import PostgresStores

from core.database import Database
from people.model import Centre, User

STARTERS = 3


def test_one_of_them_does_it(tmp_path: Path, postgresql_stores: PostgresStores) -> None:
    url = postgresql_stores.empty()
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "yinling", "migrate", "--data-dir", str(tmp_path / str(serial))],
            env={**os.environ, "YINLING_DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for serial in range(STARTERS)
    ]
    said = [process.communicate(timeout=150)[0] for process in started]
    assert [process.returncode for process in started] == [0] * STARTERS, said
    assert sum("Administrator: admin /" in text for text in said) == 1, said
    with closing(Database(url)) as database, database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Centre)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(User).where(User.username == "admin")) == 1
    postgresql_stores.forget(url)
