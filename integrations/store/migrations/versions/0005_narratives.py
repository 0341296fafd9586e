"""Lines of credit keep the words beside them, so that a changed rule changes none that left.

Only adds. Lines of before have none: they are shown with the rule's own, as they always were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("credit_lines", sa.Column("narrative", sa.String()))
