"""Invitations of a program's contact to check-ins of its pairs.

Only adds. Code of before invites nobody to them and lets go of none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.columns import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_REFERENCES = {"session_id": "sessions", "pair_id": "pairs", "program_id": "programs"}


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "check_ins",
        *(sa.Column(column, sa.String(), nullable=False) for column in _REFERENCES),
        *(
            sa.Column(column, sa.String(), nullable=False)
            for column in ("mailbox_id", "address", "event_id", "of_event", "state")
        ),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("end", Instant(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_check_ins_{column}_{table}"),
                initially="DEFERRED",
                deferrable=True,
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_check_ins")),
    )
    for column in ("pair_id", "program_id"):
        op.create_index(f"ix_check_ins_{column}", "check_ins", [column])
