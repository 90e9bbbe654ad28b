"""The migration of a version that is not there yet, so that today's program can be the one of before."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from yinling import migrations

_TEXT = '''"""What a next version may do to tables everybody is using."""

import sqlalchemy as sa
from alembic import op

from yinling.migrations.online import add_check, add_index

revision = "next"
down_revision = "{head}"
branch_labels = None
depends_on = None
works_with = "{works_with}"


def upgrade():
    op.create_table("of_next", sa.Column("id", sa.BigInteger(), nullable=False), sa.PrimaryKeyConstraint("id"))
    op.add_column("incidents", sa.Column("of_next", sa.String(length=20), nullable=True))
    op.add_column("signals", sa.Column("of_next", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("pages", sa.Column("of_next", sa.JSON(), nullable=True))
    add_check("ck_incidents_of_next", "incidents", "of_next IS NULL OR of_next <> \'\'")
    add_index("ix_incidents_of_next", "incidents", ["of_next"], where="of_next IS NOT NULL")
    add_index("ix_signals_of_next", "signals", ["of_next", "id"])
'''


def head() -> str:
    """The newest revision this program knows."""
    found = ScriptDirectory.from_config(migrations.config_of(None)).get_current_head()
    assert found is not None
    return found


def next_version(folder: Path, *, works_with: str | None = None) -> Path:
    """A folder with it; it works with today's program unless told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "next.py").write_text(_TEXT.format(head=head(), works_with=works_with or head()))
    return folder
