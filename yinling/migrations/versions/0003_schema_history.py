"""Which steps the tables went, and how old a program may be beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

works_with = "0002"


def upgrade() -> None:
    history = op.create_table(
        "schema_history",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("works_with", sa.String(length=32), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_history")),
    )
    # 0002 renamed what 0001 used; when they ran nobody wrote down.
    before = [{"revision": one, "works_with": one, "applied_at": 0} for one in ("0001", "0002")]
    op.bulk_insert(history, before)
