"""The tables of the program store. A column is named after the field of the record it holds.

Foreign keys are checked at commit, so records may be written in any order within a transaction.
What each field is for, and how long it is kept, stands in docs/reference/data.md.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    text,
)

from integrations.page_records import Risk, StaffRole, TryState, WaveState, WishState
from integrations.records import (
    BlockerScope,
    IntentState,
    PairState,
    ProgramState,
    SessionState,
    WorkState,
)
from integrations.store.columns import Instant, JsonTuple, Word
from scheduling.attendance.surveys import Moment
from scheduling.changes.check_ins import GuestState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is declared INTEGER.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")
_NULLABLE_JSON = JSON(none_as_null=True)


def _to(column: str) -> ForeignKey:
    """A reference that is checked when the transaction commits."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


# Written out, not bound: a database uses a partial index only where it can read the condition.
INTENT_IS_OPEN = text("state IN ('prepared', 'sending')")
WORK_IS_OPEN = text("state = 'open'")
BLOCKER_IS_OPEN = text("cleared_at IS NULL")
MAIL_IS_WAITING = text("state = 'waiting'")
NEED_IS_OPEN = text("closed_at IS NULL")
ORDER_IS_OPEN = text("settled_at IS NULL")
REPORT_IS_WHOLE = text("reduced_at IS NULL")
DELIVERY_IS_WAITING = text("state = 'waiting'")


def _partial(name: str, *columns: str, where: TextClause, unique: bool = False) -> Index:
    """An index over the rows that meet ``where``, on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


store_info = Table(
    "store_info",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("minimum_code_revision", Integer, nullable=False),
    Column("journal_kept_from", Instant),
    CheckConstraint("id = 1", name="one_row"),
)

programs = Table(
    "programs",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("zone", String, nullable=False),
    Column("state", Word(ProgramState), nullable=False),
    Column("mixed", Boolean, nullable=False),
    Column("contact", JSON, nullable=False),
    Column("links", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", String, primary_key=True),
    Column("program_id", String, _to("programs.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("uq_rules_program_id_version", "program_id", "version", unique=True),
)

participants = Table(
    "participants",
    metadata,
    Column("id", String, primary_key=True),
    Column("directory_id", String, nullable=False),
    Column("mail", Text, nullable=False),
    # Folded by Python, because SQLite's lower() knows ASCII only.
    Column("mail_folded", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("office", Text),
    Column("practice_group", Text),
    Column("zone", String),
    Column("zone_is_guessed", Boolean, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("hours_source", String),
    Column("hours_are_bound", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("guest", Boolean, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("timekeeper", Text),
    Column("settings_read_at", Instant),
    Column("language", String),
    Column("time_format", String),
    Column("known_as", JsonTuple, nullable=False),
    Index("uq_participants_directory_id", "directory_id", unique=True),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("id", String, primary_key=True),
    Column("address", Text, nullable=False),
    Column("open_to_new", Boolean, nullable=False),
    Column("checked_on", Date),
)

# Apart from the mailboxes for two reasons: participants' mailboxes ask us to wait as well, and
# whoever puts back a mailbox record read a while ago must not undo a wait or a place in the pace.
mailbox_gates = Table(
    "mailbox_gates",
    metadata,
    Column("mailbox_id", String, primary_key=True),
    Column("not_before", Instant),
    Column("mail_paced_until", Instant),
)

pairs = Table(
    "pairs",
    metadata,
    Column("id", String, primary_key=True),
    Column("program_id", String, _to("programs.id"), nullable=False),
    Column("mentor_id", String, _to("participants.id"), nullable=False, index=True),
    Column("mentee_id", String, _to("participants.id"), nullable=False, index=True),
    Column("start_date", Date, nullable=False),
    Column("roster_id", Text),
    Column("state", Word(PairState), nullable=False),
    Column("mailbox_id", String, _to("mailboxes.id"), index=True),
    Column("generation", Integer, nullable=False),
    Column("office", Text),
    Column("practice_group", Text),
    Column("assistants", JsonTuple, nullable=False),
    Column("focus", Text),
    Column("place", Text),
    Column("series", _NULLABLE_JSON),
    Column("calendars_read_at", Instant),
    Column("planned_at", Instant),
    Column("rule_id", String, _to("rules.id")),
    Column("windows_from", Date),
    Column("booked_at", Instant),
    Column("reconciled_at", Instant),
    Column("withdrawn", Boolean, nullable=False),
    Column("pause", _NULLABLE_JSON),
    Column("past_pauses", JsonTuple, nullable=False),
    Column("series_declines", JsonTuple, nullable=False),
    Column("offer", _NULLABLE_JSON),
    Column("said", JsonTuple, nullable=False),
    Column("evidence_readable", Boolean, nullable=False),
    Column("swaps", JsonTuple, nullable=False),
    Column("predecessor_id", String),
    Index("ix_pairs_state_program_id", "state", "program_id"),
)

notes = Table(
    "notes",
    metadata,
    Column("pair_id", String, _to("pairs.id"), primary_key=True),
    Column("text", Text, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("pair_id", String, _to("pairs.id"), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("mailbox_id", String, _to("mailboxes.id"), nullable=False, index=True),
    Column("event_id", Text, nullable=False, index=True),
    Column("ical_uid", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("zone", String, nullable=False),
    Column("join_url", Text),
    Column("meeting_id", Text),
    Column("instances_verified_at", Instant),
    Column("booked_at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair_id", String, _to("pairs.id"), nullable=False),
    Column("window", Integer, nullable=False),
    Column("state", Word(SessionState), nullable=False),
    Column("series_start", Instant, nullable=False),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False),
    Column("moved", Boolean, nullable=False),
    Column("reason", _NULLABLE_JSON),
    Column("event_id", Text, index=True),
    Column("etag", Text),
    Column("generation", Integer, nullable=False),
    Column("planned_start", Instant),
    Column("single", Boolean, nullable=False),
    Column("make_up", Boolean, nullable=False),
    Column("moves", Integer, nullable=False),
    Column("declines", Integer, nullable=False),
    Column("moved_by_person", Boolean, nullable=False),
    Column("answered", JsonTuple, nullable=False),
    Column("conflicts", JsonTuple, nullable=False),
    Column("told", JsonTuple, nullable=False),
    Column("cause", String),
    Column("seen", String),
    Column("held", Boolean),
    Column("verdict", String),
    Column("meeting_id", Text),
    Column("ad_hoc", Boolean, nullable=False),
    Column("replies", String),
    Column("group_title", Text),
    Index("ix_sessions_pair_id_window", "pair_id", "window"),
    Index("ix_sessions_start_state", "start", "state"),
)

needs = Table(
    "needs",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False),
    Column("pair_id", String, _to("pairs.id"), nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("session_id", String),
    Column("ready", JsonTuple, nullable=False),
    Column("data", JSON, nullable=False),
    Column("owner", Text),
    Column("raised_at", Instant, nullable=False),
    Column("snoozed_until", Instant),
    Column("told_at", Instant),
    Column("closed_at", Instant),
    Column("outcome", String),
    _partial("uq_needs_pair_id_key_open", "pair_id", "key", unique=True, where=NEED_IS_OPEN),
)

need_notes = Table(
    "need_notes",
    metadata,
    Column("need_id", String, _to("needs.id"), primary_key=True),
    Column("text", Text, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair_id", String, _to("pairs.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("data", JSON, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("given_by", String, nullable=False),
    Column("settled_at", Instant),
    Column("outcome", String),
    _partial("ix_orders_pair_id_open", "pair_id", where=ORDER_IS_OPEN),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String, primary_key=True),
    Column("mailbox_id", String, _to("mailboxes.id"), nullable=False, index=True),
    Column("client_state", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("pair_id", String),
    Column("mailbox_id", String, nullable=False),
    Column("state", Word(IntentState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("session_id", String),
    Column("event_id", Text),
    Column("etag", Text),
    Column("transaction_id", String),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("mails", JsonTuple, nullable=False),
    Column("send_at", Instant),
    Column("sent_at", Instant),
    Column("settled_at", Instant),
    Column("outcome", String),
    Index("ix_intents_pair_id_created_at", "pair_id", "created_at"),
    Index("ix_intents_key", "key"),
    _partial("uq_intents_key_open", "key", unique=True, where=INTENT_IS_OPEN),
    _partial("ix_intents_created_at_open", "created_at", where=INTENT_IS_OPEN),
)

work = Table(
    "work",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Word(WorkState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_by", String),
    Column("claimed_until", Instant),
    Column("again_at", Instant),
    Column("last_error", Text),
    Index("uq_work_kind_subject", "kind", "subject", unique=True),
    _partial("ix_work_due_at_open", "due_at", where=WORK_IS_OPEN),
)

permits = Table(
    "permits",
    metadata,
    Column("mailbox_id", String, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("holder", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("uq_permits_mailbox_id_holder", "mailbox_id", "holder", unique=True),
)

blockers = Table(
    "blockers",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("scope", Word(BlockerScope), nullable=False),
    Column("subject_id", String, nullable=False),
    Column("code", String, nullable=False),
    Column("since", Instant, nullable=False),
    Column("data", JSON, nullable=False),
    Column("cleared_at", Instant),
    _partial("uq_blockers_open", "scope", "subject_id", "code", unique=True, where=BLOCKER_IS_OPEN),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    # No reference: the mails for a program's contact stand here under the program's id.
    Column("person_id", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("pair_id", String),
    Column("mailbox_id", String),
    Column("urgent", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("data", JSON, nullable=False),
    Column("sent_at", Instant),
    _partial("ix_outbox_due_at_waiting", "due_at", where=MAIL_IS_WAITING),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", _SERIAL, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("code", String, nullable=False),
    Column("program_id", String),
    Column("pair_id", String),
    Column("person_id", String),
    Column("session_id", String),
    Column("intent_id", String),
    Column("mailbox_id", String),
    Column("data", JSON, nullable=False),
    Index("ix_journal_pair_id_seq", "pair_id", "seq"),
    Index("ix_journal_code_seq", "code", "seq"),
    Index("ix_journal_person_id_at", "person_id", "at"),
    sqlite_autoincrement=True,
)

reports = Table(
    "reports",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair_id", String, _to("pairs.id"), nullable=False, index=True),
    Column("meeting_id", Text, nullable=False, index=True),
    Column("start", Instant),
    Column("end", Instant),
    Column("fetched_at", Instant, nullable=False),
    Column("session_id", String, index=True),
    Column("presences", JsonTuple, nullable=False),
    Column("flags", JsonTuple, nullable=False),
    Column("reduced_at", Instant),
    _partial("ix_reports_id_whole", "id", where=REPORT_IS_WHOLE),
)

statements = Table(
    "statements",
    metadata,
    Column("id", String, primary_key=True),
    Column("session_id", String, _to("sessions.id"), nullable=False, index=True),
    Column("person_id", String, _to("participants.id"), nullable=False),
    Column("said", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("via", String, nullable=False),
    Column("start", Instant),
    Column("end", Instant),
    Column("in_person", Boolean, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", String, primary_key=True),
    Column("session_id", String, _to("sessions.id"), nullable=False, index=True),
    Column("verdict", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("given_by", String, nullable=False),
    Column("minutes", Integer),
)

correction_notes = Table(
    "correction_notes",
    metadata,
    Column("correction_id", String, _to("corrections.id"), primary_key=True),
    Column("text", Text, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("session_id", String, _to("sessions.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("pair_id", String, _to("pairs.id"), nullable=False, index=True),
    Column("verdict", String, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("kind", String),
    Column("digest", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reasons", JsonTuple, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("id", String, primary_key=True),
    Column("person_id", String, _to("participants.id"), nullable=False),
    Column("session_id", String, _to("sessions.id"), nullable=False, index=True),
    Column("purpose", String, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

pulses = Table(
    "pulses",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair_id", String, _to("pairs.id"), nullable=False, index=True),
    Column("session_id", String, _to("sessions.id"), nullable=False),
    Column("person_id", String, _to("participants.id"), nullable=False),
    Column("score", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

check_ins = Table(
    "check_ins",
    metadata,
    Column("session_id", String, _to("sessions.id"), primary_key=True),
    Column("pair_id", String, _to("pairs.id"), nullable=False, index=True),
    Column("program_id", String, _to("programs.id"), nullable=False, index=True),
    Column("mailbox_id", String, nullable=False),
    Column("address", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("of_event", String, nullable=False),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False),
    Column("state", Word(GuestState), nullable=False),
    Column("number", Integer, nullable=False),
)

survey_scores = Table(
    "survey_scores",
    metadata,
    Column("id", String, primary_key=True),
    Column("program_id", String, _to("programs.id"), nullable=False, index=True),
    Column("question", String, nullable=False),
    Column("moment", Word(Moment), nullable=False),
    Column("hundredths", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("person_id", String, _to("participants.id"), index=True),
    Column("imported_at", Instant, nullable=False),
    Column("imported_by", String, nullable=False),
)

credit_lines = Table(
    "credit_lines",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair_id", String, _to("pairs.id"), nullable=False, index=True),
    Column("session_id", String, _to("sessions.id"), nullable=False, index=True),
    Column("person_id", String, _to("participants.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("code", String, nullable=False),
    Column("tenths", Integer, nullable=False),
    Column("exported_at", Instant, nullable=False),
    Column("corrects", String),
    Column("narrative", String),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("session_id", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("due_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("error", String),
    _partial("ix_deliveries_due_at_waiting", "due_at", where=DELIVERY_IS_WAITING),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("directory_id", String, nullable=False, index=True),
    Column("mail", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", JsonTuple, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

kept_answers = Table(
    "kept_answers",
    metadata,
    Column("id", String, primary_key=True),
    Column("asked", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("claimed_until", Instant, nullable=False),
    Column("done", _NULLABLE_JSON),
    Column("status", Integer),
    Column("body", _NULLABLE_JSON),
    Column("expires_at", Instant, nullable=False, index=True),
)

staff = Table(
    "staff",
    metadata,
    Column("program_id", String, _to("programs.id"), primary_key=True),
    Column("directory_id", String, primary_key=True, index=True),
    Column("role", Word(StaffRole), primary_key=True),
    Column("mail", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("added_by", String, nullable=False),
)

waves = Table(
    "waves",
    metadata,
    Column("id", String, primary_key=True),
    Column("program_id", String, _to("programs.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("pair_ids", JsonTuple, nullable=False),
    Column("state", Word(WaveState), nullable=False),
    Column("mails_confirmed", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String, nullable=False),
    Column("stopped_at", Instant),
    Column("undone_at", Instant),
)

tried_rules = Table(
    "tried_rules",
    metadata,
    Column("program_id", String, _to("programs.id"), primary_key=True),
    Column("id", String, nullable=False),
    Column("rule", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("pairs", Integer, nullable=False),
    Column("state", Word(TryState), nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("begun_by", String, nullable=False),
    Column("work_id", String, nullable=False),
    Column("ended_at", Instant),
)

tried_pairs = Table(
    "tried_pairs",
    metadata,
    Column("program_id", String, _to("tried_rules.program_id"), primary_key=True),
    Column("pair_id", String, _to("pairs.id"), primary_key=True),
    Column("dates_before", Integer, nullable=False),
    Column("moved_before", Integer, nullable=False),
    Column("dates_after", Integer),
    Column("moved_after", Integer),
    Column("changed", Integer, nullable=False),
    Column("mails", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("looked_at", Instant, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
)

goals = Table(
    "goals",
    metadata,
    Column("pair_id", String, _to("pairs.id"), primary_key=True),
    Column("person_id", String, _to("participants.id"), primary_key=True, index=True),
    Column("text", Text, nullable=False),
)

wishes = Table(
    "wishes",
    metadata,
    Column("id", String, primary_key=True),
    Column("program_id", String, _to("programs.id"), nullable=False, index=True),
    Column("directory_id", String, nullable=False, index=True),
    Column("mail", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("partner_mail", String),
    Column("state", Word(WishState), nullable=False),
    Column("settled_at", Instant),
    Column("settled_by", String),
    # No reference: a pair may be deleted before the wish it came of.
    Column("pair_id", String),
)

aims = Table(
    "aims",
    metadata,
    Column("session_id", String, _to("sessions.id"), primary_key=True),
    Column("text", Text, nullable=False),
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("pair_id", String, _to("pairs.id"), primary_key=True),
    Column("person_id", String, _to("participants.id"), primary_key=True, index=True),
    Column("at", Instant, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("person_id", String, _to("participants.id"), primary_key=True),
    Column("body", JSON, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("set_by", String, nullable=False),
)

standings = Table(
    "standings",
    metadata,
    Column("pair_id", String, _to("pairs.id"), primary_key=True),
    Column("program_id", String, _to("programs.id"), nullable=False, index=True),
    Column("state", Word(PairState), nullable=False),
    Column("risk", Word(Risk), nullable=False),
    Column("held", Integer, nullable=False),
    Column("required", Integer, nullable=False),
    Column("planned", Integer, nullable=False),
    Column("still_possible", Integer, nullable=False),
    Column("longest_gap_days", Integer, nullable=False),
    Column("forecast", String),
    Column("next_start", Instant),
    Column("last_met", Date),
    Column("needs", Integer, nullable=False),
    Column("blocker", String),
    Column("updated_at", Instant, nullable=False),
)

program_weeks = Table(
    "program_weeks",
    metadata,
    Column("program_id", String, _to("programs.id"), primary_key=True),
    Column("monday", Date, primary_key=True),
    Column("held", Integer, nullable=False),
    Column("not_held", Integer, nullable=False),
    Column("not_known", Integer, nullable=False),
    Column("to_come", Integer, nullable=False),
)

switches = Table(
    "switches",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
