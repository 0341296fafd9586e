"""The first tables.

The journal is made append-only by the database itself: no update, and no removal of an entry that
is not older than ``store_info.journal_kept_from``. Retention sets that instant first; while it is
empty nothing can be removed.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_REFUSAL = "the journal is append-only"
_TOO_NEW = "coalesce(old.at >= (SELECT journal_kept_from FROM store_info), {true})"

_SQLITE_TRIGGERS = (
    f"""
    CREATE TRIGGER journal_never_changes BEFORE UPDATE ON journal
    BEGIN SELECT raise(ABORT, '{_REFUSAL}'); END
    """,
    f"""
    CREATE TRIGGER journal_keeps_entries BEFORE DELETE ON journal
    WHEN {_TOO_NEW.format(true=1)}
    BEGIN SELECT raise(ABORT, '{_REFUSAL}'); END
    """,
)

_POSTGRESQL_TRIGGERS = (
    f"""
    CREATE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF NOT {_TOO_NEW.format(true="true")} THEN
                RETURN old;
            END IF;
        END IF;
        RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER journal_keeps_entries BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_journal_change()
    """,
    """
    CREATE TRIGGER journal_keeps_all BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change()
    """,
)


def upgrade() -> None:
    """Make every table, its indices and the journal's guards."""
    _make_tables()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in _SQLITE_TRIGGERS if sqlite else _POSTGRESQL_TRIGGERS:
        op.execute(trigger)


def _where(condition: str) -> dict[str, Any]:
    """The options of a partial index on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _make_tables() -> None:
    op.create_table(
        "blockers",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("cleared_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blockers")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_blockers_open",
        "blockers",
        ["scope", "subject_id", "code"],
        unique=True,
        **_where("cleared_at IS NULL"),
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("pair_id", sa.String()),
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("session_id", sa.String()),
        sa.Column("event_id", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("transaction_id", sa.String()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("mails", sa.JSON(), nullable=False),
        sa.Column("send_at", _INSTANT),
        sa.Column("sent_at", _INSTANT),
        sa.Column("settled_at", _INSTANT),
        sa.Column("outcome", sa.String()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
    )
    op.create_index(
        "ix_intents_created_at_open",
        "intents",
        ["created_at"],
        **_where("state IN ('prepared', 'sending')"),
    )
    op.create_index("ix_intents_key", "intents", ["key"])
    op.create_index("ix_intents_pair_id_created_at", "intents", ["pair_id", "created_at"])
    op.create_index(
        "uq_intents_key_open",
        "intents",
        ["key"],
        unique=True,
        **_where("state IN ('prepared', 'sending')"),
    )
    op.create_table(
        "journal",
        sa.Column("seq", _SERIAL, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("program_id", sa.String()),
        sa.Column("pair_id", sa.String()),
        sa.Column("person_id", sa.String()),
        sa.Column("session_id", sa.String()),
        sa.Column("intent_id", sa.String()),
        sa.Column("mailbox_id", sa.String()),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_code_seq", "journal", ["code", "seq"])
    op.create_index("ix_journal_pair_id_seq", "journal", ["pair_id", "seq"])
    op.create_table(
        "mailbox_gates",
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("not_before", _INSTANT),
        sa.Column("mail_paced_until", _INSTANT),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_mailbox_gates")),
    )
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("open_to_new", sa.Boolean(), nullable=False),
        sa.Column("checked_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailboxes")),
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("directory_id", sa.String(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("mail_folded", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("office", sa.Text()),
        sa.Column("zone", sa.String()),
        sa.Column("zone_is_guessed", sa.Boolean(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("hours_source", sa.String()),
        sa.Column("hours_are_bound", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("timekeeper", sa.Text()),
        sa.Column("settings_read_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participants")),
    )
    op.create_index(op.f("ix_participants_mail_folded"), "participants", ["mail_folded"])
    op.create_index("uq_participants_directory_id", "participants", ["directory_id"], unique=True)
    op.create_table(
        "permits",
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("mailbox_id", "slot", name=op.f("pk_permits")),
    )
    op.create_index(
        "uq_permits_mailbox_id_holder", "permits", ["mailbox_id", "holder"], unique=True
    )
    op.create_table(
        "programs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mixed", sa.Boolean(), nullable=False),
        sa.Column("contact", sa.JSON(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
    )
    op.create_table(
        "store_info",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("minimum_code_revision", sa.Integer(), nullable=False),
        sa.Column("journal_kept_from", _INSTANT),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_info_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_info")),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String()),
        sa.Column("claimed_until", _INSTANT),
        sa.Column("again_at", _INSTANT),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
    )
    op.create_index("ix_work_due_at_open", "work", ["due_at"], **_where("state = 'open'"))
    op.create_index("uq_work_kind_subject", "work", ["kind", "subject"], unique=True)
    op.create_table(
        "outbox",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("sent_at", _INSTANT),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["participants.id"],
            name=op.f("fk_outbox_person_id_participants"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("person_id", "purpose", "session_id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_due_at_waiting", "outbox", ["due_at"], **_where("state = 'waiting'"))
    op.create_table(
        "pairs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("mentor_id", sa.String(), nullable=False),
        sa.Column("mentee_id", sa.String(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("roster_id", sa.Text()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.String()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("office", sa.Text()),
        sa.Column("practice_group", sa.Text()),
        sa.Column("assistants", sa.JSON(), nullable=False),
        sa.Column("focus", sa.Text()),
        sa.Column("place", sa.Text()),
        sa.Column("series", sa.JSON()),
        sa.Column("calendars_read_at", _INSTANT),
        sa.Column("planned_at", _INSTANT),
        sa.ForeignKeyConstraint(
            ["mailbox_id"],
            ["mailboxes.id"],
            name=op.f("fk_pairs_mailbox_id_mailboxes"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["mentee_id"],
            ["participants.id"],
            name=op.f("fk_pairs_mentee_id_participants"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"],
            ["participants.id"],
            name=op.f("fk_pairs_mentor_id_participants"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
            name=op.f("fk_pairs_program_id_programs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairs")),
    )
    op.create_index(op.f("ix_pairs_mailbox_id"), "pairs", ["mailbox_id"])
    op.create_index(op.f("ix_pairs_mentee_id"), "pairs", ["mentee_id"])
    op.create_index(op.f("ix_pairs_mentor_id"), "pairs", ["mentor_id"])
    op.create_index("ix_pairs_state_program_id", "pairs", ["state", "program_id"])
    op.create_table(
        "rules",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
            name=op.f("fk_rules_program_id_programs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
    )
    op.create_index("uq_rules_program_id_version", "rules", ["program_id", "version"], unique=True)
    op.create_table(
        "bookings",
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("ical_uid", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("join_url", sa.Text()),
        sa.Column("meeting_id", sa.Text()),
        sa.Column("instances_verified_at", _INSTANT),
        sa.Column("booked_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"],
            ["mailboxes.id"],
            name=op.f("fk_bookings_mailbox_id_mailboxes"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["pairs.id"],
            name=op.f("fk_bookings_pair_id_pairs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("pair_id", "generation", name=op.f("pk_bookings")),
    )
    op.create_index(op.f("ix_bookings_event_id"), "bookings", ["event_id"])
    op.create_index(op.f("ix_bookings_mailbox_id"), "bookings", ["mailbox_id"])
    op.create_table(
        "notes",
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["pairs.id"],
            name=op.f("fk_notes_pair_id_pairs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("pair_id", name=op.f("pk_notes")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pair_id", sa.String(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("series_start", _INSTANT, nullable=False),
        sa.Column("start", _INSTANT, nullable=False),
        sa.Column("end", _INSTANT, nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.JSON()),
        sa.Column("event_id", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["pairs.id"],
            name=op.f("fk_sessions_pair_id_pairs"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_pair_id_window", "sessions", ["pair_id", "window"])
