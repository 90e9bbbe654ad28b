"""Leases that are renewed and given back, and what all machines of a centre agree on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

works_with = "0002"

_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _alive() -> list[sa.Column[object]]:
    return [
        sa.Column("renewed_at", sa.BigInteger(), nullable=True),
        sa.Column("renewals", _INTEGER, server_default="0", nullable=False),
        sa.Column("released", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("mark", sa.String(length=80), server_default="", nullable=False),
    ]


def upgrade() -> None:
    for column in _alive():
        op.add_column("partition_leases", column)
    op.create_table(
        "duty_leases",
        sa.Column("duty", sa.String(length=40), nullable=False),
        sa.Column("epoch", _INTEGER, nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        *_alive(),
        sa.Column("centre_id", _INTEGER, server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_duty_leases_centre_id")),
        sa.PrimaryKeyConstraint("duty", name=op.f("pk_duty_leases")),
    )
    op.create_table(
        "shared_facts",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("said_by", sa.String(length=120), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("centre_id", _INTEGER, server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_shared_facts_centre_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shared_facts")),
    )
