"""Rules that are tried on every pair of a large program, and what each comes to.

Only adds. Both tables can be emptied at any time: a rule is then tried anew.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "tried_rules",
        _has("program_id", sa.String()),
        _has("id", sa.String()),
        _has("rule", sa.JSON()),
        _has("version", sa.Integer()),
        _has("pairs", sa.Integer()),
        _has("state", sa.String()),
        _has("begun_at", _INSTANT),
        _has("begun_by", sa.String()),
        _has("work_id", sa.String()),
        sa.Column("ended_at", _INSTANT),
        _refers("tried_rules", "program_id", "programs", "id"),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_tried_rules")),
    )
    op.create_table(
        "tried_pairs",
        _has("program_id", sa.String()),
        _has("pair_id", sa.String()),
        _has("dates_before", sa.Integer()),
        _has("moved_before", sa.Integer()),
        sa.Column("dates_after", sa.Integer()),
        sa.Column("moved_after", sa.Integer()),
        _has("changed", sa.Integer()),
        _has("mails", sa.Integer()),
        _has("why", sa.Text()),
        _has("looked_at", _INSTANT),
        _has("journal_seq", sa.BigInteger()),
        _refers("tried_pairs", "program_id", "tried_rules", "program_id"),
        _refers("tried_pairs", "pair_id", "pairs", "id"),
        sa.PrimaryKeyConstraint("program_id", "pair_id", name=op.f("pk_tried_pairs")),
    )


def _has(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _refers(table: str, column: str, other: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{other}.{key}"],
        name=op.f(f"fk_{table}_{column}_{other}"),
        initially="DEFERRED",
        deferrable=True,
    )
