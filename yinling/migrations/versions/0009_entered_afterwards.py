"""When what was done on paper was done: incidents and lines of their stories that are entered afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

works_with = "0002"


def upgrade() -> None:
    # The version before this one runs beside it and knows nothing of them: null, and not entered afterwards.
    op.add_column("incidents", sa.Column("happened_at", sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("entered_afterwards", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("timeline", sa.Column("done_at", sa.BigInteger(), nullable=True))
