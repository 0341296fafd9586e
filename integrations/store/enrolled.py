"""Who takes part and what is booked for them: programs, rules, people, pairs, sessions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    Update,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from integrations.records import (
    Booking,
    Pair,
    PairState,
    Participant,
    PersonShown,
    Rule,
    Session,
    SessionDate,
    SessionState,
)
from integrations.store import tables
from integrations.store.rows import AMONG, KeyedRows, among, chunks


class RuleRows(KeyedRows[Rule]):
    """Versions of cadence rules."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.rules, Rule)

    def current(self, program_id: str) -> Rule:
        """The newest version; ``LookupError`` if the program has none."""
        newest = self._fetch(self._built("current", self._newest), {"program": program_id})
        if not newest:
            raise LookupError(f"rules: program {program_id} has none")
        return newest[0]

    def _newest(self) -> Select[Any]:
        columns = tables.rules.c
        of_program = self._query().where(columns.program_id == bindparam("program"))
        return of_program.order_by(columns.version.desc()).limit(1)


class ParticipantRows(KeyedRows[Participant]):
    """People of the directory."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.participants, Participant)

    def many(self, ids: Iterable[str]) -> dict[str, Participant]:
        """Those of ``ids`` that exist, by id."""
        query = self._built("many", lambda: self._query().where(among(tables.participants.c.id)))
        return {
            person.id: person
            for chunk in chunks(ids)
            for person in self._fetch(query, {AMONG: chunk})
        }

    def shown(self, ids: Iterable[str]) -> dict[str, PersonShown]:
        """``many`` with what is shown of each alone: several times as quick."""
        query = self._built("shown", self._shown)
        return {
            person.id: person
            for chunk in chunks(ids)
            for person in self._tuples(query, chunk, PersonShown)
        }

    def _shown(self) -> Select[Any]:
        columns = tables.participants.c
        wanted = (columns[name] for name in PersonShown._fields)
        return select(*wanted).where(among(columns.id))

    def hold(self, ids: Iterable[str]) -> None:
        """Let no two transactions that hold one of these people commit side by side.

        A lock alone would not do: who has waited for it still reads what was before. A row that
        was written makes PostgreSQL ask for the transaction again. SQLite's transactions exclude
        each other anyway.
        """
        if self._connection.dialect.name == "sqlite":
            return
        column = tables.participants.c.id
        for person_id in sorted(set(ids)):
            written = update(tables.participants).where(column == person_id)
            self._connection.execute(written.values(id=person_id))

    def by_account(self, directory_id: str) -> Participant | None:
        """Who this account of the directory is; None if nobody of ours."""
        is_it = tables.participants.c.directory_id == bindparam("account")
        query = self._built("by_account", lambda: self._query().where(is_it))
        found = self._fetch(query, {"account": directory_id})
        return found[0] if found else None

    def by_mail(self, mails: Iterable[str]) -> dict[str, Participant]:
        """Those whose address is among ``mails``, keyed by lower-case address."""
        column = tables.participants.c.mail_folded
        return {
            person.mail.lower(): person
            for chunk in chunks(mail.lower() for mail in mails)
            for person in self._fetch(self._query().where(column.in_(chunk)).order_by("id"))
        }

    def _row(self, record: Participant) -> dict[str, Any]:
        return super()._row(record) | {"mail_folded": record.mail.lower()}


class PairRows(KeyedRows[Pair]):
    """Pairs."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.pairs, Pair)

    def in_state(self, *states: PairState, program_id: str | None = None) -> list[Pair]:
        """Pairs in one of ``states``, in the order of their ids."""
        query = self._query().where(tables.pairs.c.state.in_(states))
        if program_id is not None:
            query = query.where(tables.pairs.c.program_id == program_id)
        return self._fetch(query.order_by(tables.pairs.c.id))

    def many(self, ids: Iterable[str]) -> dict[str, Pair]:
        """Those of ``ids`` that exist, by id."""
        query = self._built("many", lambda: self._query().where(among(tables.pairs.c.id)))
        return {
            pair.id: pair for chunk in chunks(ids) for pair in self._fetch(query, {AMONG: chunk})
        }

    def of_people(self, person_ids: Iterable[str]) -> list[Pair]:
        """Pairs, of whatever program and state, in which any of these people is."""
        query = self._built("of_people", self._of_people)
        found = {
            pair.id: pair
            for chunk in chunks(person_ids)
            for pair in self._fetch(query, {AMONG: chunk})
        }
        return [found[pair_id] for pair_id in sorted(found)]

    def _of_people(self) -> Select[Any]:
        columns = tables.pairs.c
        return self._query().where(or_(among(columns.mentor_id), among(columns.mentee_id)))

    def assisted_by(self, mail: str) -> list[Pair]:
        """Pairs that name this address among their assistants, in the order of their ids."""
        column = func.lower(cast(tables.pairs.c.assistants, Text))
        named = column.contains(f'"{mail.lower()}"', autoescape=True)
        found = self._fetch(self._query().where(named).order_by(tables.pairs.c.id))
        return [p for p in found if mail.casefold() in {a.casefold() for a in p.assistants}]

    def count_by_state(self, program_id: str | None = None) -> dict[PairState, int]:
        """How many pairs are in each state; states with none are left out."""
        state = tables.pairs.c.state
        query = select(state, func.count()).group_by(state).order_by(state)
        if program_id is not None:
            query = query.where(tables.pairs.c.program_id == program_id)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def count_by_mailbox(self) -> dict[str, int]:
        """How many pairs each mailbox organizes, keyed by mailbox id."""
        mailbox = tables.pairs.c.mailbox_id
        query = select(mailbox, func.count()).where(mailbox.is_not(None))
        rows = self._connection.execute(query.group_by(mailbox).order_by(mailbox))
        return {row[0]: row[1] for row in rows}

    def organizers(
        self, *states: PairState, program_ids: Collection[str] | None = None
    ) -> frozenset[str]:
        """Mailboxes that organize a pair in one of ``states``; of these programs, if named."""
        columns = tables.pairs.c
        query = select(columns.mailbox_id).where(columns.mailbox_id.is_not(None))
        query = query.where(columns.state.in_(states)).distinct()
        if program_ids is not None:
            query = query.where(columns.program_id.in_(program_ids))
        return frozenset(row[0] for row in self._connection.execute(query))


class BookingRows(KeyedRows[Booking]):
    """Series Tandem created, keyed by pair and generation."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.bookings, Booking)

    def of_pair(self, pair_id: str) -> list[Booking]:
        """All generations of a pair, oldest first."""
        return self.of_pairs([pair_id])[pair_id]

    def by_events(self, event_ids: Iterable[str]) -> list[Booking]:
        """Those whose series has one of these event ids."""
        column = tables.bookings.c.event_id
        query = self._built("by_events", lambda: self._query().where(among(column)))
        return [
            booking for chunk in chunks(event_ids) for booking in self._fetch(query, {AMONG: chunk})
        ]

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[Booking]]:
        """``of_pair`` for many pairs at once, by pair id; pairs without any included."""
        query = self._built("of_pairs", self._of_pairs)
        found: dict[str, list[Booking]] = {}
        for chunk in chunks(pair_ids):
            found |= {pair_id: [] for pair_id in chunk}
            for booking in self._fetch(query, {AMONG: chunk}):
                found[booking.pair_id].append(booking)
        return found

    def _of_pairs(self) -> Select[Any]:
        columns = tables.bookings.c
        return self._query().where(among(columns.pair_id)).order_by(columns.generation)


class SessionRows(KeyedRows[Session]):
    """Sessions."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.sessions, Session)

    def of_pair(self, pair_id: str) -> list[Session]:
        """Sessions of a pair in the order of their generations and windows."""
        return self.of_pairs([pair_id])[pair_id]

    def of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[Session]]:
        """``of_pair`` for many pairs at once, by pair id; pairs without sessions included."""
        query = self._built("of_pairs", self._of_pairs)
        found: dict[str, list[Session]] = {}
        for chunk in chunks(pair_ids):
            found |= {pair_id: [] for pair_id in chunk}
            for session in self._fetch(query, {AMONG: chunk}):
                found[session.pair_id].append(session)
        return found

    def _of_pairs(self) -> Select[Any]:
        columns = tables.sessions.c
        query = self._query().where(among(columns.pair_id))
        return query.order_by(columns.generation, columns.window, columns.id)

    def dates_of_pairs(self, pair_ids: Iterable[str]) -> dict[str, list[SessionDate]]:
        """``of_pairs`` with the dates alone: several times as quick."""
        query = self._built("dates_of_pairs", self._dates_of_pairs)
        found: dict[str, list[SessionDate]] = {}
        for chunk in chunks(pair_ids):
            found |= {pair_id: [] for pair_id in chunk}
            for date in self._tuples(query, chunk, SessionDate):
                found[date.pair_id].append(date)
        return found

    def _dates_of_pairs(self) -> Select[Any]:
        wanted = (tables.sessions.c[name] for name in SessionDate._fields)
        return self._of_pairs().with_only_columns(*wanted)

    def by_events(self, event_ids: Iterable[str]) -> list[Session]:
        """Sessions whose occurrence or single event has one of these ids."""
        column = tables.sessions.c.event_id
        query = self._built("by_events", lambda: self._query().where(among(column)))
        return [
            session for chunk in chunks(event_ids) for session in self._fetch(query, {AMONG: chunk})
        ]

    def starting(self, first: datetime, last: datetime) -> list[Session]:
        """Scheduled sessions that start from ``first`` on and before ``last``, by start."""
        return self._fetch(self._built("starting", self._starting), {"first": first, "last": last})

    def _starting(self) -> Select[Any]:
        columns = tables.sessions.c
        query = self._query().where(
            columns.start >= bindparam("first"),
            columns.start < bindparam("last"),
            columns.state == SessionState.SCHEDULED,
        )
        return query.order_by(columns.start, columns.id)

    def note_replies(self, sessions: Iterable[Session]) -> None:
        """Keep the ``replies`` of those that stand where they were; no other field."""
        noted = [{"of": s.id, "at": s.start, "said": s.replies} for s in sessions]
        if noted:
            self._connection.execute(self._built("note_replies", self._note_replies), noted)

    def _note_replies(self) -> Update:
        columns = tables.sessions.c
        stands = update(tables.sessions).where(
            columns.id == bindparam("of"),
            columns.start == bindparam("at"),
            columns.state == SessionState.SCHEDULED,
        )
        return stands.values(replies=bindparam("said"))

    def replace_planned(self, pair_id: str, sessions: Sequence[Session]) -> None:
        """Put ``sessions`` in place of those of the pair that are still only planned.

        Raises ``ValueError`` if one belongs to another pair, or has the id of a session that is
        more than planned.
        """
        strangers = [session.id for session in sessions if session.pair_id != pair_id]
        if strangers:
            raise ValueError(f"sessions: {strangers} are not of pair {pair_id}")
        columns = tables.sessions.c
        self._connection.execute(
            delete(tables.sessions).where(
                columns.pair_id == pair_id, columns.state == SessionState.PLANNED
            )
        )
        for session in sessions:
            self.add(session)
