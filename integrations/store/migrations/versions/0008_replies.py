"""Sessions keep what was answered to them, for figures of how many accept.

Only adds. Of dates of before nothing is known until they are looked at again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("sessions", sa.Column("replies", sa.String()))
