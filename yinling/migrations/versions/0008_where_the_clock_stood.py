"""Where the clock of the pager that ran last stood, so that the next one knows whether it was set meanwhile."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

works_with = "0002"

_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "clock_anchors",
        sa.Column("id", _INTEGER, nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("since_boot_microseconds", sa.BigInteger(), nullable=False),
        sa.Column("noted_by", sa.String(length=120), nullable=False),
        sa.Column("centre_id", _INTEGER, server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_clock_anchors_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_anchors")),
    )
