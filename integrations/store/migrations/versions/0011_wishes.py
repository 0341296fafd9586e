"""People may ask for a pairing: a wish each, which waits for a coordinator.

Only adds. Code of before takes no wishes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.columns import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "wishes",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "program_id", "directory_id", "mail", "name", "role")
        ),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("partner_mail", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", Instant()),
        sa.Column("settled_by", sa.String()),
        sa.Column("pair_id", sa.String()),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
            name=op.f("fk_wishes_program_id_programs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wishes")),
    )
    for column in ("program_id", "directory_id"):
        op.create_index(f"ix_wishes_{column}", "wishes", [column])
