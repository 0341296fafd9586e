"""The name of a session at which several pairs were.

Only adds. Code of before shows such a session as a meeting outside all plans.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("sessions", sa.Column("group_title", sa.Text()))
