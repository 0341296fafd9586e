"""What keeps acting safe: intents, blockers, the outbox, the journal, switches, mailboxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from integrations.pacing import place_in_pace
from integrations.records import (
    Blocker,
    BlockerScope,
    Intent,
    IntentState,
    JournalEntry,
    Mailbox,
    Need,
    OutboxMail,
    Subscription,
)
from integrations.standing_records import Touched
from integrations.store import tables
from integrations.store.rows import AMONG, KeyedRows, Rows, among, chunks, insert_into

_SETTLED = (IntentState.DONE, IntentState.DROPPED)


class IntentRows(KeyedRows[Intent]):
    """Write-ahead intents."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.intents, Intent)

    def by_key(self, key: str) -> Intent | None:
        """The newest intent of this act that was not dropped."""
        newest = self._fetch(self._built("by_key", self._newest_kept), {"act": key})
        return newest[0] if newest else None

    def _newest_kept(self) -> Select[Any]:
        columns = tables.intents.c
        kept = self._query().where(
            columns.key == bindparam("act"), columns.state != IntentState.DROPPED
        )
        return kept.order_by(columns.created_at.desc(), columns.id.desc()).limit(1)

    def open(self, pair_id: str | None = None) -> list[Intent]:
        """Intents neither done nor dropped, oldest first."""
        if pair_id is None:
            return self._fetch(self._built("open", self._open))
        query = self._built("open of pair", lambda: self._open().where(_intents_pair()))
        return self._fetch(query, {"pair": pair_id})

    def _open(self) -> Select[Any]:
        return self._oldest_first(self._query().where(tables.INTENT_IS_OPEN))

    def settle(self, intent_id: str, state: IntentState, outcome: str, at: datetime) -> None:
        """Close an intent as ``done`` or ``dropped``; ``LookupError`` if it is not open."""
        if state not in _SETTLED:
            raise ValueError(f"an intent is settled as done or dropped, not {state}")
        close = self._built(
            "settle", lambda: update(tables.intents).where(self._is_key(), tables.INTENT_IS_OPEN)
        )
        values = {"state": state, "outcome": outcome, "settled_at": at}
        closed = self._connection.execute(close, self._parts(intent_id) | values)
        if not closed.rowcount:
            raise LookupError(f"intents: there is no open {intent_id}")

    def of_pair(self, pair_id: str) -> list[Intent]:
        """Every intent of a pair, oldest first."""
        query = self._built(
            "of_pair", lambda: self._oldest_first(self._query().where(_intents_pair()))
        )
        return self._fetch(query, {"pair": pair_id})

    def recent(self, pair_ids: Iterable[str], since: datetime) -> dict[str, list[Intent]]:
        """By pair id, oldest first: those not settled before ``since``; empty lists included."""
        query = self._built("recent", self._recent)
        found: dict[str, list[Intent]] = {}
        for chunk in chunks(pair_ids):
            found |= {pair_id: [] for pair_id in chunk}
            for intent in self._fetch(query, {AMONG: chunk, "since": since}):
                if intent.pair_id is not None:
                    found[intent.pair_id].append(intent)
        return found

    def _recent(self) -> Select[Any]:
        columns = tables.intents.c
        lately = columns.settled_at >= bindparam("since")
        query = self._query().where(among(columns.pair_id), or_(tables.INTENT_IS_OPEN, lately))
        return self._oldest_first(query)

    @staticmethod
    def _oldest_first(query: Select[Any]) -> Select[Any]:
        return query.order_by(tables.intents.c.created_at, tables.intents.c.id)


def _intents_pair() -> ColumnElement[bool]:
    return tables.intents.c.pair_id == bindparam("pair")


class MailboxRows(KeyedRows[Mailbox]):
    """Program mailboxes with the waits and the pace of their gates.

    Putting a mailbox leaves both alone: they change by ``defer`` and ``pace_mails`` only, so that
    a record read a while ago undoes neither.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.mailboxes, Mailbox)

    def defer(self, mailbox_id: str, not_before: datetime) -> None:
        """Let nobody call this mailbox before ``not_before``; a later one in force stays."""
        gates = tables.mailbox_gates
        self._open_gate(mailbox_id)
        self._connection.execute(
            update(gates)
            .where(
                gates.c.mailbox_id == mailbox_id,
                or_(gates.c.not_before.is_(None), gates.c.not_before < not_before),
            )
            .values(not_before=not_before)
        )

    def pace_mails(
        self, mailbox_id: str, mails: int, now: datetime, per_mail: timedelta, burst: timedelta
    ) -> datetime:
        """Reserve a place for ``mails`` in the mailbox's pace and return when they may be sent."""
        gates = tables.mailbox_gates
        gate = gates.c.mailbox_id == mailbox_id
        self._open_gate(mailbox_id)
        read = select(gates.c.mail_paced_until).where(gate)
        until = self._connection.execute(read).scalar_one()
        until, send_at = place_in_pace(until, mails, now, per_mail, burst)
        self._connection.execute(update(gates).where(gate).values(mail_paced_until=until))
        return send_at

    def _open_gate(self, mailbox_id: str) -> None:
        insert = insert_into(self._connection, tables.mailbox_gates).on_conflict_do_nothing()
        self._connection.execute(insert, {"mailbox_id": mailbox_id})

    def _query(self) -> Select[Any]:
        mailboxes, gates = tables.mailboxes, tables.mailbox_gates
        columns = [
            mailboxes.c[name] if name in mailboxes.c else gates.c[name] for name in self._fields
        ]
        return select(*columns).outerjoin_from(
            mailboxes, gates, mailboxes.c.id == gates.c.mailbox_id
        )


class BlockerRows(Rows[Blocker]):
    """What holds somebody or something up."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.blockers, Blocker)

    def set(self, blocker: Blocker) -> bool:
        """Open it or renew its data; True if it was not open before (``since`` stays)."""
        columns = tables.blockers.c
        insert = insert_into(self._connection, tables.blockers).on_conflict_do_nothing()
        if self._connection.execute(insert, self._row(blocker)).rowcount:
            return True
        self._connection.execute(
            update(tables.blockers)
            .where(
                columns.scope == blocker.scope,
                columns.subject_id == blocker.subject_id,
                columns.code == blocker.code,
                tables.BLOCKER_IS_OPEN,
            )
            .values(data=blocker.data)
        )
        return False

    def clear(self, scope: BlockerScope, subject_id: str, at: datetime, *codes: str) -> list[str]:
        """Close the open blockers of the subject with these codes (all codes if none is given).

        Returns the codes that were closed, in their order.
        """
        open_codes = [blocker.code for blocker in self.open(scope, [subject_id])]
        closed = sorted(code for code in open_codes if not codes or code in codes)
        columns = tables.blockers.c
        if closed:
            self._connection.execute(
                update(tables.blockers)
                .where(
                    columns.scope == scope,
                    columns.subject_id == subject_id,
                    columns.code.in_(closed),
                    tables.BLOCKER_IS_OPEN,
                )
                .values(cleared_at=at)
            )
        return closed

    def open(
        self, scope: BlockerScope | None = None, subject_ids: Iterable[str] | None = None
    ) -> list[Blocker]:
        """Open blockers, oldest first."""
        scopes = list(BlockerScope) if scope is None else [scope]
        if subject_ids is None:
            return self._fetch(self._built("open", self._open), {"scopes": scopes})
        of_subjects = self._built("open of subjects", self._open_of_subjects)
        found = [
            blocker
            for chunk in chunks(subject_ids)
            for blocker in self._fetch(of_subjects, {"scopes": scopes, AMONG: chunk})
        ]
        return sorted(found, key=lambda blocker: blocker.since)

    def _open(self) -> Select[Any]:
        columns = tables.blockers.c
        in_scopes = columns.scope.in_(bindparam("scopes", expanding=True))
        query = self._query().where(tables.BLOCKER_IS_OPEN, in_scopes)
        return query.order_by(columns.since, columns.id)

    def _open_of_subjects(self) -> Select[Any]:
        return self._open().where(among(tables.blockers.c.subject_id))


class NeedRows(KeyedRows[Need]):
    """*Needs you* rows; at most one open per pair and key."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.needs, Need)

    def open(self, pair_ids: Iterable[str] | None = None) -> list[Need]:
        """Rows not closed yet, oldest first; of these pairs alone if any are named."""
        if pair_ids is None:
            return self._fetch(self._built("open", self._open))
        of_pairs = self._built(
            "open of pairs", lambda: self._open().where(among(tables.needs.c.pair_id))
        )
        found = [
            need for chunk in chunks(pair_ids) for need in self._fetch(of_pairs, {AMONG: chunk})
        ]
        return sorted(found, key=lambda need: (need.raised_at, need.id))

    def _open(self) -> Select[Any]:
        columns = tables.needs.c
        query = self._query().where(tables.NEED_IS_OPEN)
        return query.order_by(columns.raised_at, columns.id)

    def of_programs(self, program_ids: Iterable[str]) -> list[Need]:
        """Rows of pairs of these programs that nobody has dealt with yet, oldest first."""
        query = self._open().where(self._is_of(program_ids))
        return self._fetch(query)

    def count_waiting(self, program_ids: Iterable[str], now: datetime) -> int:
        """How many of those are not put off beyond ``now``."""
        columns = tables.needs.c
        is_seen = columns.snoozed_until.is_(None) | (columns.snoozed_until <= now)
        query = select(func.count()).where(tables.NEED_IS_OPEN, self._is_of(program_ids), is_seen)
        return int(self._connection.execute(query).scalar_one())

    @staticmethod
    def _is_of(program_ids: Iterable[str]) -> ColumnElement[bool]:
        columns, pairs = tables.needs.c, tables.pairs.c
        mine = select(pairs.id).where(pairs.program_id.in_(sorted(program_ids)))
        return columns.outcome.is_(None) & columns.pair_id.in_(mine)

    def raise_once(self, need: Need) -> bool:
        """Open the row unless the pair has an open one with its key; True if it was opened."""
        insert = insert_into(self._connection, tables.needs).on_conflict_do_nothing()
        return bool(self._connection.execute(insert, self._row(need)).rowcount)

    def close(self, pair_id: str, key: str, outcome: str, at: datetime) -> Need | None:
        """Close the pair's open row with this key and return it; None if there is none."""
        for need in self.open([pair_id]):
            if need.key == key:
                closed = replace(need, closed_at=at, outcome=outcome)
                self.put(closed)
                return closed
        return None


class SubscriptionRows(KeyedRows[Subscription]):
    """Subscriptions to the events of program mailboxes, keyed by Graph's id."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.subscriptions, Subscription)

    def many(self, ids: Iterable[str]) -> dict[str, Subscription]:
        """Those of ``ids`` that are known, by id."""
        query = self._built("many", lambda: self._query().where(among(tables.subscriptions.c.id)))
        return {
            known.id: known for chunk in chunks(ids) for known in self._fetch(query, {AMONG: chunk})
        }


class OutboxRows(Rows[OutboxMail]):
    """Mails Tandem sends itself, one row per (person, purpose, session)."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.outbox, OutboxMail)

    def add(self, mail: OutboxMail) -> bool:
        """Add unless the row exists; True if it was added."""
        insert = insert_into(self._connection, tables.outbox).on_conflict_do_nothing()
        return bool(self._connection.execute(insert, self._row(mail)).rowcount)

    def due(
        self, now: datetime, limit: int = 100, *, mailbox_id: str | None = None
    ) -> list[OutboxMail]:
        """Waiting mails that are due, oldest first; those from one mailbox if it is named."""
        query = self._from(mailbox_id, "due", self._due)
        return self._fetch(query, {"now": now, "most": limit, **_named(mailbox_id)})

    def _due(self) -> Select[Any]:
        due_at = tables.outbox.c.due_at
        query = self._query().where(tables.MAIL_IS_WAITING, due_at <= bindparam("now"))
        return query.order_by(due_at, *self._keys).limit(bindparam("most"))

    def mark_sent(self, mail: OutboxMail, at: datetime) -> bool:
        """The mail is about to go out; False if somebody else has sent it: then it must not."""
        marked = self._connection.execute(
            update(tables.outbox)
            .where(self._is(self._key(mail)), tables.MAIL_IS_WAITING)
            .values(state="sent", sent_at=at, attempts=tables.outbox.c.attempts + 1)
        )
        return bool(marked.rowcount)

    def mark_waiting(self, mail: OutboxMail, due_at: datetime) -> None:
        """The mail certainly did not go out: it waits again, until ``due_at``."""
        self._connection.execute(
            update(tables.outbox)
            .where(self._is(self._key(mail)))
            .values(state="waiting", sent_at=None, due_at=due_at)
        )

    def reroute(self, mailbox_id: str, to: str) -> int:
        """Have waiting mails sent from another mailbox; returns how many."""
        done = self._connection.execute(
            update(tables.outbox)
            .where(tables.outbox.c.mailbox_id == mailbox_id, tables.MAIL_IS_WAITING)
            .values(mailbox_id=to)
        )
        return int(done.rowcount)

    def drop(self, mail: OutboxMail, state: str) -> None:
        """Give the mail up; ``state`` says why."""
        self._connection.execute(
            update(tables.outbox).where(self._is(self._key(mail))).values(state=state)
        )

    def next_due_at(self, mailbox_id: str | None = None) -> datetime | None:
        """When the next waiting mail (from one mailbox, if named) is due; None if none waits."""
        query = self._from(mailbox_id, "next", _first_waiting)
        due_at: datetime | None = self._connection.execute(query, _named(mailbox_id)).scalar_one()
        return due_at

    def of_pair(self, pair_id: str) -> list[OutboxMail]:
        """Every mail about a pair, oldest first."""
        return self._fetch(self._built("of_pair", self._of_pair), {"pair": pair_id})

    def _of_pair(self) -> Select[Any]:
        columns = tables.outbox.c
        query = self._query().where(columns.pair_id == bindparam("pair"))
        return query.order_by(columns.due_at, *self._keys)

    def waiting(self, pair_ids: Iterable[str]) -> list[OutboxMail]:
        """Mails about these pairs that are still to go out, in no order."""
        query = self._built("waiting", self._waiting)
        return [mail for chunk in chunks(pair_ids) for mail in self._fetch(query, {AMONG: chunk})]

    def _waiting(self) -> Select[Any]:
        return self._query().where(tables.MAIL_IS_WAITING, among(tables.outbox.c.pair_id))

    def _from(
        self, mailbox_id: str | None, name: str, build: Callable[[], Select[Any]]
    ) -> Select[Any]:
        """What ``build`` makes, from the mailbox bound as ``_named`` says, if one is named."""
        if mailbox_id is None:
            return self._built(name, build)
        is_sender = tables.outbox.c.mailbox_id == bindparam("mailbox")
        return self._built(f"{name} from", lambda: build().where(is_sender))


def _first_waiting() -> Select[Any]:
    return select(func.min(tables.outbox.c.due_at)).where(tables.MAIL_IS_WAITING)


def _named(mailbox_id: str | None) -> dict[str, str]:
    return {} if mailbox_id is None else {"mailbox": mailbox_id}


class JournalRows(Rows[JournalEntry]):
    """The append-only journal; the database itself refuses to change it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.journal, JournalEntry)

    def write(self, *entries: JournalEntry) -> None:
        """Append, in order; the store numbers the entries."""
        rows = [self._row(entry) for entry in entries]
        for row in rows:
            del row["seq"]
        if rows:
            insert = self._built("write", lambda: insert_into(self._connection, tables.journal))
            self._connection.execute(insert, rows)

    def read(
        self,
        *,
        pair_id: str | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[JournalEntry]:
        """Entries with a sequence number above ``after``, oldest first."""
        columns = tables.journal.c
        query = self._query().where(columns.seq > after)
        if pair_id is not None:
            query = query.where(columns.pair_id == pair_id)
        if code is not None:
            query = query.where(columns.code == code)
        return self._fetch(query.order_by(columns.seq).limit(limit))

    def naming(self, ids: Sequence[str]) -> list[JournalEntry]:
        """Entries about a person of these ids, or with one of them in their details, in order."""
        columns = tables.journal.c
        details = cast(columns.data, Text)
        named = (details.contains(each, autoescape=True) for each in ids)
        query = self._query().where(or_(columns.person_id.in_(ids), *named))
        return self._fetch(query.order_by(columns.seq))

    def last_seq(self) -> int:
        """The sequence number of the newest entry, 0 if there is none."""
        newest: int | None = self._connection.execute(_NEWEST).scalar_one()
        return newest or 0

    def touched(self, *, after: int, limit: int) -> list[Touched]:
        """Whom entries above ``after`` are about, oldest first."""
        columns = tables.journal.c
        query = select(columns.seq, columns.pair_id, columns.person_id).where(columns.seq > after)
        rows = self._connection.execute(query.order_by(columns.seq).limit(limit)).all()
        return [Touched._make(row) for row in rows]

    def newest(
        self,
        program_id: str,
        *,
        pair_id: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[JournalEntry]:
        """Entries about a program or its pairs, or one of its pairs, newest first."""
        columns, pairs = tables.journal.c, tables.pairs.c
        its_pairs = select(pairs.id).where(pairs.program_id == program_id)
        about = or_(columns.program_id == program_id, columns.pair_id.in_(its_pairs))
        query = self._query().where(about)
        if pair_id is not None:
            query = query.where(columns.pair_id == pair_id)
        if before is not None:
            query = query.where(columns.seq < before)
        return self._fetch(query.order_by(columns.seq.desc()).limit(limit))

    def of_person_since(
        self, person_ids: Iterable[str], code: str, since: datetime
    ) -> list[JournalEntry]:
        """Entries about these people with this code and not before ``since``, oldest first."""
        query = self._built("of_person_since", self._of_person_since)
        values = {"said": code, "since": since}
        return [
            entry
            for chunk in chunks(person_ids)
            for entry in self._fetch(query, {AMONG: chunk, **values})
        ]

    def _of_person_since(self) -> Select[Any]:
        columns = tables.journal.c
        query = self._query().where(
            among(columns.person_id),
            columns.code == bindparam("said"),
            columns.at >= bindparam("since"),
        )
        return query.order_by(columns.seq)


_NEWEST = select(func.max(tables.journal.c.seq))


_SWITCH = select(tables.switches.c.value).where(tables.switches.c.name == bindparam("switch"))


class SwitchRows:
    """Named switches of the whole installation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """What the switch is set to, None if it is not set."""
        return self._connection.execute(_SWITCH, {"switch": name}).scalar_one_or_none()

    def set(self, name: str, value: str | None) -> None:
        """Set the switch; None takes the setting away."""
        if value is None:
            gone = delete(tables.switches).where(tables.switches.c.name == name)
            self._connection.execute(gone)
            return
        insert = insert_into(self._connection, tables.switches)
        upsert = insert.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        self._connection.execute(upsert, {"name": name, "value": value})
