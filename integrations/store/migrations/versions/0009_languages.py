"""People keep the language and the format of times that their mailbox names.

Only adds. Of people of before nothing is known until their settings are read again, within a day.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("participants", sa.Column("language", sa.String()))
    op.add_column("participants", sa.Column("time_format", sa.String()))
