"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

# The oldest revision whose program may go on beside these tables: that of the step before, unless this one takes something away.
works_with = "0002"


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
