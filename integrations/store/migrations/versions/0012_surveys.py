"""Scores of surveys, and the practice group of each person.

Only adds. Code of before imports no scores and knows the group of a pair alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.store.columns import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_REFERENCES = {"program_id": "programs", "person_id": "participants"}


def upgrade() -> None:
    """Add the column and make the table."""
    op.add_column("participants", sa.Column("practice_group", sa.Text()))
    op.create_table(
        "survey_scores",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "program_id", "question", "moment")
        ),
        sa.Column("hundredths", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String()),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_survey_scores_{column}_{table}"),
                initially="DEFERRED",
                deferrable=True,
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_scores")),
    )
    for column in _REFERENCES:
        op.create_index(f"ix_survey_scores_{column}", "survey_scores", [column])
