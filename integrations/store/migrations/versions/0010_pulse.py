"""People may be asked how a meeting was: their answers, a number and a word each.

Only adds. Code of before asks nobody and reads none of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.columns import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_REFERENCES = {"pair_id": "pairs", "session_id": "sessions", "person_id": "participants"}


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pulses",
        sa.Column("id", sa.String(), nullable=False),
        *(sa.Column(column, sa.String(), nullable=False) for column in _REFERENCES),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_pulses_{column}_{table}"),
                initially="DEFERRED",
                deferrable=True,
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pulses")),
    )
    op.create_index("ix_pulses_pair_id", "pulses", ["pair_id"])
