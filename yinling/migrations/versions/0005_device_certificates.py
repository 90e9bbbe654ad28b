"""Devices that sign in with a certificate instead of a secret."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

works_with = "0002"


def upgrade() -> None:
    # Both may be null: the version before this one runs beside it and knows nothing of them.
    op.add_column("devices", sa.Column("certificate_hash", sa.String(length=64), nullable=True))
    op.add_column("devices", sa.Column("certificate_ends_at", sa.BigInteger(), nullable=True))
