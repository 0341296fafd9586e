"""What keeping a series alive remembers: moves, answers, pauses, needs, orders, subscriptions.

Only adds, with a default for the rows that are there. The reference from the outbox to the
participants goes, because a program's contact is mailed, too, and is none.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _count(name: str, first: int = 0) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=str(first))


def _list(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False, server_default="[]")


def upgrade() -> None:
    """Add the columns and tables."""
    _extend("participants", _flag("gone"))
    _extend(
        "pairs",
        sa.Column("rule_id", sa.String()),
        sa.Column("windows_from", sa.Date()),
        sa.Column("booked_at", _INSTANT),
        sa.Column("reconciled_at", _INSTANT),
        _flag("withdrawn"),
        sa.Column("pause", sa.JSON()),
        _list("past_pauses"),
        _list("series_declines"),
        sa.Column("offer", sa.JSON()),
        _list("said"),
    )
    _extend(
        "sessions",
        _count("generation", 1),
        sa.Column("planned_start", _INSTANT),
        _flag("single"),
        _flag("make_up"),
        _count("moves"),
        _count("declines"),
        _flag("moved_by_person"),
        _list("answered"),
        _list("conflicts"),
        _list("told"),
        sa.Column("cause", sa.String()),
        sa.Column("seen", sa.String()),
        sa.Column("held", sa.Boolean()),
    )
    _extend(
        "outbox",
        sa.Column("pair_id", sa.String()),
        sa.Column("mailbox_id", sa.String()),
        _flag("urgent"),
        _count("attempts"),
    )
    _free_the_outbox()
    with op.batch_alter_table("pairs") as pairs:
        pairs.create_foreign_key(
            op.f("fk_pairs_rule_id_rules"),
            "rules",
            ["rule_id"],
            ["id"],
            initially="DEFERRED",
            deferrable=True,
        )
    op.create_index("ix_sessions_event_id", "sessions", ["event_id"])
    op.create_index("ix_sessions_start_state", "sessions", ["start", "state"])
    op.create_index("ix_journal_person_id_at", "journal", ["person_id", "at"])
    _make_needs()
    _make_orders()
    _make_subscriptions()


def _extend(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)


def _free_the_outbox() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("fk_outbox_person_id_participants"), type_="foreignkey")


def _make_needs() -> None:
    op.create_table(
        "needs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("session_id", sa.String()),
        sa.Column("ready", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("raised_at", _INSTANT, nullable=False),
        sa.Column("snoozed_until", _INSTANT),
        sa.Column("told_at", _INSTANT),
        sa.Column("closed_at", _INSTANT),
        sa.Column("outcome", sa.String()),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["pairs.id"],
            name=op.f("fk_needs_pair_id_pairs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
    )
    op.create_index("ix_needs_pair_id", "needs", ["pair_id"])
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_needs_pair_id_key_open",
        "needs",
        ["pair_id", "key"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "need_notes",
        sa.Column("need_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["need_id"],
            ["needs.id"],
            name=op.f("fk_need_notes_need_id_needs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_need_notes")),
    )


def _make_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("given_at", _INSTANT, nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("settled_at", _INSTANT),
        sa.Column("outcome", sa.String()),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["pairs.id"],
            name=op.f("fk_orders_pair_id_pairs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    is_open = sa.text("settled_at IS NULL")
    op.create_index(
        "ix_orders_pair_id_open",
        "orders",
        ["pair_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _make_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("client_state", sa.String(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"],
            ["mailboxes.id"],
            name=op.f("fk_subscriptions_mailbox_id_mailboxes"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index("ix_subscriptions_mailbox_id", "subscriptions", ["mailbox_id"])
