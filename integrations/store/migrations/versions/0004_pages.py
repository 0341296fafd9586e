"""Pages: who is signed in, staff, waves, goals, aims, preferences, how pairs stand.

Only adds: tables, and what a pair remembers of changed roles and of the pair before it.
``standings`` is filled by the first nightly look.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _make(
        "web_sessions",
        _word("id"),
        columns=(
            _word("directory_id"),
            _text("mail"),
            _text("name"),
            sa.Column("roles", sa.JSON(), nullable=False),
            _at("created_at"),
            _at("seen_at"),
            _at("expires_at"),
        ),
        indexed=("directory_id", "expires_at"),
    )
    _make(
        "staff",
        _word("program_id"),
        _word("directory_id"),
        _word("role"),
        columns=(_text("mail"), _text("name"), _at("added_at"), _word("added_by")),
        to={"program_id": "programs"},
        indexed=("directory_id",),
    )
    _make(
        "waves",
        _word("id"),
        columns=(
            _word("program_id"),
            _text("name"),
            sa.Column("pair_ids", sa.JSON(), nullable=False),
            _word("state"),
            _number("mails_confirmed"),
            _at("created_at"),
            _word("created_by"),
            sa.Column("stopped_at", _INSTANT),
            sa.Column("undone_at", _INSTANT),
        ),
        to={"program_id": "programs"},
        indexed=("program_id",),
    )
    _of_pairs()
    _of_people()
    op.add_column("pairs", sa.Column("swaps", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("pairs", sa.Column("predecessor_id", sa.String()))


def _of_pairs() -> None:
    _make(
        "goals",
        _word("pair_id"),
        _word("person_id"),
        columns=(_text("text"),),
        to={"pair_id": "pairs", "person_id": "participants"},
        indexed=("person_id",),
    )
    _make("aims", _word("session_id"), columns=(_text("text"),), to={"session_id": "sessions"})
    _make(
        "confirmations",
        _word("pair_id"),
        _word("person_id"),
        columns=(_at("at"),),
        to={"pair_id": "pairs", "person_id": "participants"},
        indexed=("person_id",),
    )
    _make(
        "standings",
        _word("pair_id"),
        columns=(
            _word("program_id"),
            _word("state"),
            _word("risk"),
            *map(_number, ("held", "required", "planned", "still_possible", "longest_gap_days")),
            sa.Column("forecast", sa.String()),
            sa.Column("next_start", _INSTANT),
            sa.Column("last_met", sa.Date()),
            _number("needs"),
            sa.Column("blocker", sa.String()),
            _at("updated_at"),
        ),
        to={"pair_id": "pairs", "program_id": "programs"},
        indexed=("program_id",),
    )
    _make(
        "program_weeks",
        _word("program_id"),
        sa.Column("monday", sa.Date(), nullable=False),
        columns=tuple(map(_number, ("held", "not_held", "not_known", "to_come"))),
        to={"program_id": "programs"},
    )


def _of_people() -> None:
    _make(
        "preferences",
        _word("person_id"),
        columns=(sa.Column("body", sa.JSON(), nullable=False), _at("set_at"), _word("set_by")),
        to={"person_id": "participants"},
    )


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _at(name: str) -> sa.Column[Any]:
    return sa.Column(name, _INSTANT, nullable=False)


def _make(
    table: str,
    *keys: sa.Column[Any],
    columns: tuple[sa.Column[Any], ...],
    to: dict[str, str] | None = None,
    indexed: tuple[str, ...] = (),
) -> None:
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
    primary = sa.PrimaryKeyConstraint(*(key.name for key in keys), name=op.f(f"pk_{table}"))
    op.create_table(table, *keys, *columns, *references, primary)
    for column in indexed:
        op.create_index(f"ix_{table}_{column}", table, [column])
