"""Who an incident is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

works_with = "0002"


def upgrade() -> None:
    # What the version before this one opens is for the operators, as everything was.
    op.add_column("incidents", sa.Column("audience", sa.String(length=60), server_default="operators", nullable=False))
