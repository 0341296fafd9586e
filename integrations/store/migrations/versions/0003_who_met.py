"""Who met: evidence, verdicts, links, what was exported and passed on.

Only adds, with a default for the rows that are there.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("programs", sa.Column("evidence", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column(
        "participants", sa.Column("known_as", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column(
        "sessions", sa.Column("ad_hoc", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("sessions", sa.Column("verdict", sa.String()))
    op.add_column("sessions", sa.Column("meeting_id", sa.Text()))
    op.add_column(
        "pairs",
        sa.Column("evidence_readable", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _make_evidence()
    _make_verdicts()
    _make_links()
    _make_credit_lines()
    _make_deliveries()


def _make_evidence() -> None:
    _make(
        "reports",
        _word("pair_id"),
        sa.Column("meeting_id", sa.Text(), nullable=False),
        sa.Column("start", _INSTANT),
        sa.Column("end", _INSTANT),
        _at("fetched_at"),
        sa.Column("session_id", sa.String()),
        sa.Column("presences", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("reduced_at", _INSTANT),
        to={"pair_id": "pairs"},
        indexed=("pair_id", "meeting_id", "session_id"),
    )
    _index_where("ix_reports_id_whole", "reports", "id", "reduced_at IS NULL")
    _make(
        "statements",
        _word("session_id"),
        _word("person_id"),
        _word("said"),
        _at("at"),
        _word("via"),
        sa.Column("start", _INSTANT),
        sa.Column("end", _INSTANT),
        sa.Column("in_person", sa.Boolean(), nullable=False),
        to={"session_id": "sessions", "person_id": "participants"},
        indexed=("session_id",),
    )
    _make(
        "corrections",
        _word("session_id"),
        _word("verdict"),
        _at("at"),
        _word("given_by"),
        sa.Column("minutes", sa.Integer()),
        to={"session_id": "sessions"},
        indexed=("session_id",),
    )
    _make(
        "correction_notes",
        sa.Column("text", sa.Text(), nullable=False),
        key=(_word("correction_id"),),
        to={"correction_id": "corrections"},
    )


def _make_verdicts() -> None:
    _make(
        "verdicts",
        _word("pair_id"),
        _word("verdict"),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String()),
        _word("digest"),
        _at("at"),
        sa.Column("reasons", sa.JSON(), nullable=False),
        key=(_word("session_id"), sa.Column("version", sa.Integer(), nullable=False)),
        to={"session_id": "sessions", "pair_id": "pairs"},
        indexed=("pair_id",),
    )


def _make_links() -> None:
    _make(
        "links",
        _word("person_id"),
        _word("session_id"),
        _word("purpose"),
        _at("issued_at"),
        _at("expires_at"),
        sa.Column("used_at", _INSTANT),
        to={"person_id": "participants", "session_id": "sessions"},
        indexed=("session_id",),
    )


def _make_credit_lines() -> None:
    _make(
        "credit_lines",
        _word("pair_id"),
        _word("session_id"),
        _word("person_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _word("code"),
        sa.Column("tenths", sa.Integer(), nullable=False),
        _at("exported_at"),
        sa.Column("corrects", sa.String()),
        to={"pair_id": "pairs", "session_id": "sessions", "person_id": "participants"},
        indexed=("pair_id", "session_id", "person_id"),
    )


def _make_deliveries() -> None:
    _make(
        "deliveries",
        _at("due_at"),
        _word("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", _INSTANT),
        sa.Column("error", sa.String()),
        key=(_word("session_id"), sa.Column("version", sa.Integer(), nullable=False)),
    )
    _index_where("ix_deliveries_due_at_waiting", "deliveries", "due_at", "state = 'waiting'")


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _at(name: str) -> sa.Column[Any]:
    return sa.Column(name, _INSTANT, nullable=False)


def _make(
    table: str,
    *columns: sa.Column[Any],
    key: tuple[sa.Column[Any], ...] | None = None,
    to: dict[str, str] | None = None,
    indexed: tuple[str, ...] = (),
) -> None:
    """A table, keyed by a text ``id`` unless told otherwise; ``to`` maps columns to tables."""
    keys = (_word("id"),) if key is None else key
    references = [
        sa.ForeignKeyConstraint(
            [column],
            [f"{other}.id"],
            name=op.f(f"fk_{table}_{column}_{other}"),
            initially="DEFERRED",
            deferrable=True,
        )
        for column, other in (to or {}).items()
    ]
    primary = sa.PrimaryKeyConstraint(*(column.name for column in keys), name=op.f(f"pk_{table}"))
    op.create_table(table, *keys, *columns, *references, primary)
    for column in indexed:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _index_where(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
