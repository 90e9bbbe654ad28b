"""Since when the condition of an alert holds that nobody closed when it was over before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

works_with = "0002"


def upgrade() -> None:
    # Null where it began with the alert; the version before this one runs beside it and knows nothing of it.
    op.add_column("alerts", sa.Column("active_since_at", sa.BigInteger(), nullable=True))
