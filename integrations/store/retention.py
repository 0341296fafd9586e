"""What the store lets go of, and how long each of its tables is kept.

What shows that something was done (an intent, a mail that went out, a link) is what keeps it from
being done again. It stays as long as its pair goes on, and goes only with pairs at rest: over, and
with nothing in the journal about them since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    or_,
    select,
    tuple_,
    update,
)

from integrations.page_records import WaveState
from integrations.records import OVER, BlockerScope, ProgramState, WorkState
from integrations.store import tables
from integrations.store.rows import chunks

ALWAYS, PROGRAM, PAIR, PERSON = "always", "program", "pair", "person"
SETTLED, PASSING, JOURNAL, BY_ITSELF = "settled", "passing", "journal", "by itself"

KEPT: Mapping[str, str] = MappingProxyType(
    {
        "store_info": ALWAYS,
        "programs": ALWAYS,
        "rules": ALWAYS,
        "mailboxes": ALWAYS,
        "switches": ALWAYS,
        "staff": ALWAYS,
        "participants": PERSON,
        "preferences": PERSON,
        "pairs": PAIR,
        "notes": PAIR,
        "bookings": PAIR,
        "sessions": PAIR,
        "reports": PAIR,
        "statements": PAIR,
        "corrections": PAIR,
        "correction_notes": PAIR,
        "verdicts": PAIR,
        "pulses": PAIR,
        "check_ins": PAIR,
        "credit_lines": PAIR,
        "deliveries": PAIR,
        "goals": PAIR,
        "aims": PAIR,
        "confirmations": PAIR,
        "standings": PAIR,
        "waves": PROGRAM,
        "survey_scores": PROGRAM,
        "intents": SETTLED,
        "outbox": SETTLED,
        "links": SETTLED,
        "orders": SETTLED,
        "needs": SETTLED,
        "need_notes": SETTLED,
        "blockers": SETTLED,
        "work": PASSING,
        "permits": PASSING,
        "mailbox_gates": PASSING,
        "wishes": PASSING,
        "web_sessions": PASSING,
        "kept_answers": PASSING,
        "journal": JOURNAL,
        "subscriptions": BY_ITSELF,
        "program_weeks": BY_ITSELF,
        "tried_rules": BY_ITSELF,
        "tried_pairs": BY_ITSELF,
    }
)
"""How long each table is kept; docs/reference/data.md says what the words mean."""

_OF_NO_PAIR = ("contact:%", "wish:%")
_OWNERS = ("pair_id", "session_id", "need_id", "correction_id")


class RetentionRows:
    """See :class:`integrations.ports.Retention`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def remove_passing(self, before: datetime, limit: int) -> dict[str, int]:
        """Work, claims, waits, answers, wishes and sign-ins that are over since ``before``."""
        work, gates = tables.work.c, tables.mailbox_gates.c
        over = {
            tables.work: and_(work.state == WorkState.DONE, work.due_at < before),
            tables.permits: tables.permits.c.expires_at < before,
            tables.mailbox_gates: and_(
                or_(gates.not_before.is_(None), gates.not_before < before),
                or_(gates.mail_paced_until.is_(None), gates.mail_paced_until < before),
            ),
            tables.web_sessions: tables.web_sessions.c.expires_at < before,
            tables.wishes: tables.wishes.c.settled_at < before,
            tables.kept_answers: tables.kept_answers.c.expires_at < before,
        }
        return self._removed(over, limit)

    def remove_closed(self, before: datetime, limit: int) -> dict[str, int]:
        """Blockers cleared, and mails to contacts and about wishes settled, before then."""
        blockers, mails = tables.blockers.c, tables.outbox.c
        over = {
            tables.blockers: blockers.cleared_at < before,
            # Those are named after their day, week or month: none of so long ago is due again.
            tables.outbox: and_(
                or_(*(mails.person_id.like(named) for named in _OF_NO_PAIR)),
                mails.state != "waiting",
                mails.due_at < before,
            ),
        }
        return self._removed(over, limit)

    def remove_journal(self, before: datetime, limit: int) -> dict[str, int]:
        """Entries older than ``before``, but those of what goes on still."""
        entry, pairs, programs = tables.journal.c, tables.pairs.c, tables.programs.c
        goes_on = or_(
            exists().where(pairs.id == entry.pair_id, pairs.state.not_in(OVER)),
            and_(
                entry.pair_id.is_(None),
                exists().where(
                    programs.id == entry.program_id, programs.state != ProgramState.CLOSED
                ),
            ),
        )
        old = and_(entry.at < before, ~goes_on)
        info = tables.store_info
        kept_from = or_(info.c.journal_kept_from.is_(None), info.c.journal_kept_from < before)
        # The database lets nothing go that is not declared first.
        self._connection.execute(update(info).where(kept_from).values(journal_kept_from=before))
        return self._removed({tables.journal: old}, limit)

    def resting(self, before: datetime, *, after: str, limit: int) -> list[str]:
        """Ids beyond ``after`` of pairs that are over and at rest since ``before``; held."""
        pairs = tables.pairs.c
        lately = (
            exists().where(tables.sessions.c.pair_id == pairs.id, tables.sessions.c.end >= before),
            exists().where(tables.journal.c.pair_id == pairs.id, tables.journal.c.at >= before),
            exists().where(tables.intents.c.pair_id == pairs.id, tables.INTENT_IS_OPEN),
            exists().where(tables.outbox.c.pair_id == pairs.id, tables.MAIL_IS_WAITING),
            exists().where(tables.orders.c.pair_id == pairs.id, tables.ORDER_IS_OPEN),
            exists().where(tables.needs.c.pair_id == pairs.id, tables.NEED_IS_OPEN),
        )
        found = (
            select(pairs.id)
            .where(pairs.id > after, pairs.state.in_(OVER), pairs.start_date < before.date())
            .where(*(~each for each in lately))
            .order_by(pairs.id)
            .limit(limit)
            .with_for_update()
        )
        return list(self._connection.execute(found).scalars())

    def remove_settled(self, pair_ids: Sequence[str]) -> dict[str, int]:
        """What shows how these pairs came to where they rest, and is not counted."""
        sessions = self._ids(tables.sessions.c.id, tables.sessions.c.pair_id, pair_ids)
        needs = self._ids(tables.needs.c.id, tables.needs.c.pair_id, pair_ids)
        return _summed(
            self._of(tables.need_notes.c.need_id, needs),
            self._of(tables.needs.c.pair_id, pair_ids),
            self._of(tables.orders.c.pair_id, pair_ids),
            self._of(tables.links.c.session_id, sessions),
            self._of(tables.outbox.c.pair_id, pair_ids),
            self._of(tables.intents.c.pair_id, pair_ids),
        )

    def remove_pairs(self, pair_ids: Sequence[str]) -> dict[str, int]:
        """These pairs with all that is theirs, and whoever is in no pair without them."""
        pairs = tables.pairs.c
        both = select(pairs.mentor_id, pairs.mentee_id).where(pairs.id.in_(pair_ids))
        people = {person for row in self._connection.execute(both) for person in row}
        owned = {
            "pair_id": list(pair_ids),
            "session_id": self._ids(tables.sessions.c.id, tables.sessions.c.pair_id, pair_ids),
            "need_id": self._ids(tables.needs.c.id, tables.needs.c.pair_id, pair_ids),
        }
        correction = tables.corrections.c
        owned["correction_id"] = self._ids(
            correction.id, correction.session_id, owned["session_id"]
        )
        theirs = [
            self._of(column, owned[column.name])
            for table in reversed(tables.metadata.sorted_tables)
            if table is not tables.journal
            for column in table.columns
            if column.name in _OWNERS
        ]
        subjects = [*owned["pair_id"], *owned["session_id"]]
        return _summed(
            *theirs,
            self._of(tables.work.c.subject, subjects),
            self._blockers(BlockerScope.PAIR, pair_ids),
            self._of(pairs.id, pair_ids),
            *self._people(people),
        )

    def remove_of_closed(self, before: datetime, limit: int) -> dict[str, int]:
        """Waves begun, and scores of surveys imported, before then in programs that are closed."""
        wave, score = tables.waves.c, tables.survey_scores.c
        ended = wave.state.in_((WaveState.DONE, WaveState.UNDONE))
        old = {
            tables.waves: and_(wave.created_at < before, ended, _is_closed(wave.program_id)),
            tables.survey_scores: and_(score.imported_at < before, _is_closed(score.program_id)),
        }
        return self._removed(old, limit)

    def _people(self, people: Iterable[str]) -> list[dict[str, int]]:
        """The removal of those who are in no pair any more."""
        pairs, gone = tables.pairs.c, sorted(people)
        for side in (pairs.mentor_id, pairs.mentee_id):
            still = set(self._ids(side, side, gone))
            gone = [person for person in gone if person not in still]
        return [
            self._of(tables.preferences.c.person_id, gone),
            self._of(tables.survey_scores.c.person_id, gone),
            self._blockers(BlockerScope.PERSON, gone),
            self._of(tables.participants.c.id, gone),
        ]

    def _blockers(self, scope: BlockerScope, subjects: Iterable[str]) -> dict[str, int]:
        of_scope = tables.blockers.c.scope == scope
        return self._of(tables.blockers.c.subject_id, subjects, of_scope)

    def _ids(self, wanted: Column[str], column: Column[str], keys: Iterable[str]) -> list[str]:
        return [
            found
            for chunk in chunks(keys)
            for found in self._connection.execute(
                select(wanted).distinct().where(column.in_(chunk))
            ).scalars()
        ]

    def _of(
        self, column: Column[str], keys: Iterable[str], *more: ColumnElement[bool]
    ) -> dict[str, int]:
        rows = sum(
            self._connection.execute(delete(column.table).where(column.in_(chunk), *more)).rowcount
            for chunk in chunks(keys)
        )
        return {column.table.name: rows}

    def _removed(self, over: Mapping[Table, ColumnElement[bool]], limit: int) -> dict[str, int]:
        """Delete at most ``limit`` rows of each table that are over."""
        removed = {}
        for table, is_over in over.items():
            keys = list(table.primary_key.columns)
            some = select(*keys).where(is_over).limit(limit)
            # Said twice, because a row may have changed since it was picked.
            gone = delete(table).where(tuple_(*keys).in_(some), is_over)
            removed[table.name] = self._connection.execute(gone).rowcount
        return removed


def _is_closed(program_id: Column[str]) -> ColumnElement[bool]:
    programs = tables.programs.c
    return exists().where(programs.id == program_id, programs.state == ProgramState.CLOSED)


def _summed(*counts: Mapping[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for table, rows in count.items():
            total[table] = total.get(table, 0) + rows
    return total
