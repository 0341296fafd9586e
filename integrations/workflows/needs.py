"""*Needs you*: what Tandem hands over to a coordinator, in words, and what becomes of each row.

Rows are raised and closed by decisions (see ``changes.keep``); here they are read, put off, noted,
taken and done, and listed once a day in one mail to each program's contact.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from integrations.errors import IntegrationError
from integrations.ports import Transaction
from integrations.records import (
    JournalEntry,
    Need,
    NeedNote,
    OutboxMail,
    Pair,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.workflows.changes.case import rule_of
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import long_date, names_of, when
from integrations.workflows.rules import ProgramRule
from scheduling.changes.acts import ReadyAct
from scheduling.changes.decide import CLOSE_THEMSELVES
from scheduling.changes.mail_hours import OPENS, next_mailable
from scheduling.changes.reasons import WORDS, ChangeCode

DAILY_LIST = "needs_you"
CONTACT = "contact:"
"""How the outbox names a program's contact: this, and the program's id."""

READY_WORDS: Mapping[ReadyAct, str] = MappingProxyType(
    {
        ReadyAct.OFFER_HOURS: "offer five hours",
        ReadyAct.LEAVE_OUT: "leave this date out",
        ReadyAct.PAUSE: "pause until …",
        ReadyAct.END: "end the pair",
        ReadyAct.BOOK_AGAIN: "book again",
        ReadyAct.TALK: "I will talk to them",
        ReadyAct.RECORD_MEETING: "they met: record it",
        ReadyAct.LOWER_MINIMUM: "lower the number for this pair",
        ReadyAct.PAIR_AGAIN: "pair the other one again",
        ReadyAct.CONFIRM_IDENTITY: "confirm who the new account is",
    }
)
ORDERS: Mapping[ReadyAct, str] = MappingProxyType(
    {
        ReadyAct.OFFER_HOURS: "offer_hours",
        ReadyAct.LEAVE_OUT: "skip",
        ReadyAct.PAUSE: "pause",
        ReadyAct.END: "withdraw",
        ReadyAct.BOOK_AGAIN: "book_again",
        ReadyAct.RECORD_MEETING: "record_meeting",
        ReadyAct.LOWER_MINIMUM: "lower_minimum",
        ReadyAct.PAIR_AGAIN: "pair_again",
        ReadyAct.CONFIRM_IDENTITY: "confirm_identity",
    }
)
"""Which order carries out a ready act. ``TALK`` has none: whoever talks to them takes the row."""

_ROWS_WITH_OWN_TEXT = MappingProxyType(
    {
        ChangeCode.DATE_DECLINED_TWICE: "row_date",
        ChangeCode.NO_OTHER_HOUR: "row_date",
        ChangeCode.MOVES_USED_UP: "row_date",
        ChangeCode.SERIES_DECLINED: "row_series",
        ChangeCode.NOTHING_ON_RECORD: "row_gap",
    }
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\dZ")
WORKING_DAYS = frozenset(range(5))
"""On which days a coordinator gets lists."""


class NoSuchNeedError(IntegrationError):
    """There is no open row with this id."""

    remedy = "See `tandem needs-you` for the rows that are open."

    def __init__(self, need_id: str) -> None:
        self.need_id = need_id
        super().__init__(f"no open row {need_id}")


class NotReadyError(IntegrationError):
    """The row does not offer this act; ``ready`` are those it does."""

    remedy = "Choose one of the acts that are ready."

    def __init__(self, need_id: str, act: ReadyAct, ready: Sequence[str]) -> None:
        self.need_id, self.act, self.ready = need_id, act, tuple(ready)
        super().__init__(
            f"row {need_id} does not offer {act}, only {', '.join(ready) or 'nothing'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedLine:
    """A row as a coordinator reads it.

    ``words`` is the reason in one sentence, ``text`` everything, line by line; ``ready`` are the
    acts with their words. ``note`` is a coordinator's own.
    """

    need: Need
    program_id: str
    names: str
    words: str
    text: str
    ready: tuple[tuple[ReadyAct, str], ...]
    note: str | None

    @property
    def in_list(self) -> str:
        """The row as one line of the daily list."""
        acts = " · ".join(words for _, words in self.ready)
        return f"{self.names}: {self.words}." + (f" Ready: {acts}." if acts else "")


# --- reading -----------------------------------------------------------------------------


def open_needs(
    tx: Transaction, now: datetime, program_id: str | None = None, *, default_zone: str = "UTC"
) -> list[NeedLine]:
    """Rows that wait for somebody, oldest first, those put off included; of one program or all."""
    waiting = [need for need in tx.needs.open() if need.outcome is None]
    return _lines(tx, waiting, now, program_id, default_zone)


def need_line(
    tx: Transaction, need_id: str, now: datetime, *, default_zone: str = "UTC"
) -> NeedLine:
    """One open row in words. Raises NoSuchNeedError."""
    return _lines(tx, [_open(tx, need_id)], now, None, default_zone)[0]


def _lines(
    tx: Transaction,
    needs: Iterable[Need],
    now: datetime,
    program_id: str | None,
    default_zone: str,
) -> list[NeedLine]:
    return [
        _Row(tx, need, pair, now, default_zone).line()
        for need in needs
        for pair in [tx.pairs.require(need.pair_id)]
        if program_id in (None, pair.program_id)
    ]


class _Row:
    """A row and what it is about, as the store has it."""

    def __init__(
        self, tx: Transaction, need: Need, pair: Pair, now: datetime, default_zone: str
    ) -> None:
        self.need, self.pair, self.now = need, pair, now
        self.program: Program = tx.programs.require(pair.program_id)
        self.people = tx.participants.many([pair.mentor_id, pair.mentee_id])
        self.rule: ProgramRule = rule_of(tx, pair)
        self.sessions = tx.sessions.of_pair(pair.id)
        self.zone = self.program.zone or default_zone
        note = tx.need_notes.get(need.id)
        self.note = note.text if note else None

    def line(self) -> NeedLine:
        """The row in words."""
        words = self._words()
        ready = tuple((ReadyAct(act), READY_WORDS[ReadyAct(act)]) for act in self.need.ready)
        name = _ROWS_WITH_OWN_TEXT.get(ChangeCode(self.need.code), "row")
        fields = {**self._common(words, ready), **(self._gap() if name == "row_gap" else {})}
        return NeedLine(
            need=self.need,
            program_id=self.program.id,
            names=fields["names"],
            words=words,
            text=letter(name, self.program, fields).body,
            ready=ready,
            note=self.note,
        )

    def _words(self) -> str:
        facts = _Facts({name: self._said(value) for name, value in self.need.data.items()})
        said = WORDS[ChangeCode(self.need.code)].format_map(facts)
        return said[:1].upper() + said[1:]

    def _said(self, value: Any) -> Any:
        """A fact as people say it: names for ids, wall clocks for instants."""
        if not isinstance(value, str):
            return value
        if value in self.people:
            return self.people[value].name
        return _INSTANT.sub(lambda found: self._when(_instant(found[0])), value)

    def _common(self, words: str, ready: Sequence[tuple[ReadyAct, str]]) -> dict[str, Any]:
        session = next((s for s in self.sessions if s.id == self.need.session_id), None)
        freeze = self.rule.limits.freeze
        return {
            "names": names_of(self._person(self.pair.mentor_id), self._person(self.pair.mentee_id)),
            "words": words,
            "session": self._when(session.start) if session else None,
            "leaves_at": self._when(session.start - freeze) if session else None,
            "free": tuple(self._when(start) for start in self._free()),
            "acts": tuple(said for _, said in ready),
            "held": sum(s.held is True for s in self.sessions),
            "possible": sum(self._may_take_place(s) for s in self.sessions),
            "minimum": self.rule.cadence.minimum_held,
        }

    def _gap(self) -> dict[str, Any]:
        held = [s.start for s in self.sessions if s.held]
        since = max(held, default=None)
        past = [s for s in self.sessions if s.end <= self.now and s.held is None]
        recent = [s for s in past if since is None or s.start > since]
        to_come = [s.start for s in self.sessions if self._may_take_place(s)]
        return {
            "days": self.need.data.get("days", self.rule.limits.gap_days),
            "since": self._date(since) if since else None,
            "known": tuple(f"{self._date(s.start)}: {_became(s)}" for s in recent),
            "next": self._when(min(to_come)) if to_come else None,
        }

    def _free(self) -> Iterator[datetime]:
        for start, _ in self.need.data.get("spans", ()):
            at = datetime.fromisoformat(start)
            if at > self.now:
                yield at

    def _may_take_place(self, session: Session) -> bool:
        return session.state is SessionState.SCHEDULED and session.start > self.now

    def _person(self, person_id: str) -> Participant:
        return self.people[person_id]

    def _when(self, at: datetime) -> str:
        return when(at, self.zone)

    def _date(self, at: datetime) -> str:
        return long_date(at.astimezone(ZoneInfo(self.zone)).date())


class _Facts(dict[str, Any]):
    """Facts by name; one that an older row does not have is left open."""

    def __missing__(self, name: str) -> str:
        return "…"


def _instant(shown: str) -> datetime:
    return datetime.strptime(shown, "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC)


def _became(session: Session) -> str:
    """What is known of a past date without a verdict."""
    if session.state is not SessionState.SCHEDULED:
        return "left out" if session.cause in ("left_out", "in_calendar", "paused") else "taken out"
    moved = {0: "", 1: "moved once, ", 2: "moved twice, "}.get(session.moves, "moved, ")
    return f"{moved}no report yet"


# --- what a coordinator does with a row --------------------------------------------------


def snooze(tx: Transaction, need_id: str, until: datetime, now: datetime) -> Need:
    """Put a row off: it is in no list before ``until``. Raises NoSuchNeedError."""
    return _changed(tx, need_id, "need_snoozed", now, snoozed_until=until)


def note(tx: Transaction, need_id: str, text: str, now: datetime) -> None:
    """Keep a coordinator's own words with a row; empty ones go away. Raises NoSuchNeedError."""
    need = _open(tx, need_id)
    if text.strip():
        tx.need_notes.put(NeedNote(need_id=need_id, text=text.strip()))
    else:
        tx.need_notes.remove(need_id)
    _journal(tx, need, "need_noted", now)


def take(tx: Transaction, need_id: str, owner: str, now: datetime) -> Need:
    """Somebody looks after it: about a declined series nothing goes out by itself any more.

    Raises NoSuchNeedError.
    """
    _hold_offers(tx, _open(tx, need_id))
    return _changed(tx, need_id, "need_taken", now, owner=owner)


def done(tx: Transaction, need_id: str, now: datetime, outcome: str = "done") -> Need:
    """Nobody has to do anything about it any more. Raises NoSuchNeedError.

    A row whose cause still stands would be raised again at the next look; it is kept out of
    sight until the cause is gone, and closes then.
    """
    need = _open(tx, need_id)
    _hold_offers(tx, need)
    closes_itself = ChangeCode(need.code) in CLOSE_THEMSELVES
    return _changed(
        tx, need_id, "need_done", now, outcome=outcome, closed_at=None if closes_itself else now
    )


CarryOut = Callable[[Transaction, Need, str], None]
"""Gives an order by its name (see ``ORDERS``) for the pair and session of a row."""


def act(
    tx: Transaction, need_id: str, ready: ReadyAct, now: datetime, *, by: str, carry_out: CarryOut
) -> Need:
    """Do what the row offers, in this transaction, and have the row done.

    Raises:
        NoSuchNeedError, NotReadyError: nothing was done.
    """
    need = _open(tx, need_id)
    if ready.value not in need.ready:
        raise NotReadyError(need_id, ready, need.ready)
    order = ORDERS.get(ready)
    if order is None:
        return take(tx, need_id, by, now)
    carry_out(tx, need, order)
    return done(tx, need_id, now, outcome=ready.value)


def _open(tx: Transaction, need_id: str) -> Need:
    need = tx.needs.get(need_id)
    if need is None or need.closed_at is not None:
        raise NoSuchNeedError(need_id)
    return need


def _changed(tx: Transaction, need_id: str, code: str, now: datetime, **changes: Any) -> Need:
    need = replace(_open(tx, need_id), **changes)
    tx.needs.put(need)
    _journal(tx, need, code, now)
    return need


def _journal(tx: Transaction, need: Need, code: str, now: datetime) -> None:
    tx.journal.write(
        JournalEntry(
            at=now,
            code=code,
            pair_id=need.pair_id,
            session_id=need.session_id,
            data={"need": need.id, "about": need.code, "outcome": need.outcome},
        )
    )


def _hold_offers(tx: Transaction, need: Need) -> None:
    """A declined series that a coordinator looks after is not answered with other hours."""
    if need.code != ChangeCode.SERIES_DECLINED:
        return
    pair = tx.pairs.require(need.pair_id)
    declines = tuple(
        {**decline, "handled": True} if decline["person"] == need.data.get("about") else decline
        for decline in pair.series_declines
    )
    tx.pairs.put(replace(pair, series_declines=declines))


# --- the daily list ----------------------------------------------------------------------


def put_lists(tx: Transaction, mailbox_id: str, now: datetime, default_zone: str) -> datetime:
    """Put today's lists into the outbox where it is time and something is new.

    One mail for each address that is the contact of programs, at 08:00 of a working day in the
    zone of the first of them. What comes up later in the day is for the next list; rows put off
    are new again when their time has come. Returns when to ask again.
    """
    contacts = _contacts(tx)
    if not contacts:
        return now + timedelta(days=1)
    open_rows = [need for need in tx.needs.open() if need.outcome is None]
    program_of = {n.pair_id: tx.pairs.require(n.pair_id).program_id for n in open_rows}
    mornings = []
    for programs in contacts:
        opened, next_one = _mornings(programs[0].zone or default_zone, now)
        mornings.append(next_one)
        ids = {program.id for program in programs}
        new = [n for n in open_rows if program_of[n.pair_id] in ids and _is_new(n, opened)]
        if opened is not None and new:
            tx.outbox.add(_list_mail(programs, new, mailbox_id, opened, now))
    return min(mornings)


def _contacts(tx: Transaction) -> list[list[Program]]:
    """Programs that have one contact address, in the order of their ids."""
    by_address: defaultdict[str, list[Program]] = defaultdict(list)
    for program in tx.programs.all():
        if program.contact.get("mail"):
            by_address[program.contact["mail"].lower()].append(program)
    return list(by_address.values())


def _mornings(zone: str, now: datetime) -> tuple[datetime | None, datetime]:
    """08:00 of today if that has been and people work today, and the next one to come."""
    local = now.astimezone(ZoneInfo(zone))
    opens = datetime.combine(local.date(), OPENS, local.tzinfo).astimezone(UTC)
    if now < opens:
        return None, next_mailable(now, [zone], WORKING_DAYS)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(0), local.tzinfo)
    works = local.weekday() in WORKING_DAYS
    return opens if works else None, next_mailable(tomorrow, [zone], WORKING_DAYS)


def _is_open(need: Need) -> bool:
    return need.closed_at is None and need.outcome is None


def _is_new(need: Need, opened: datetime | None) -> bool:
    if opened is None or need.raised_at > opened:
        return False
    until = need.snoozed_until
    if until is not None and until > opened:
        return False
    return need.told_at is None or (until is not None and need.told_at < until)


def _list_mail(
    programs: Sequence[Program],
    new: Sequence[Need],
    mailbox_id: str,
    opened: datetime,
    now: datetime,
) -> OutboxMail:
    first = programs[0]
    zone = ZoneInfo(first.zone) if first.zone else UTC
    return OutboxMail(
        person_id=f"{CONTACT}{first.id}",
        purpose=DAILY_LIST,
        session_id=f"{opened.astimezone(zone):%Y-%m-%d}",
        due_at=now,
        mailbox_id=mailbox_id,
        data={"needs": [need.id for need in new]},
    )


def contact_program(tx: Transaction, mail: OutboxMail) -> Program:
    """The program whose contact a mail is for."""
    return tx.programs.require(mail.person_id.removeprefix(CONTACT))


def list_of(
    tx: Transaction, mail: OutboxMail, now: datetime, default_zone: str
) -> tuple[Letter, tuple[str, ...]] | None:
    """The words of a daily list and the rows it names; None if none of them is open any more."""
    found = [tx.needs.get(need_id) for need_id in mail.data["needs"]]
    new = [n for n in found if n is not None and _is_open(n) and _is_new(n, now)]
    if not new:
        return None
    program = contact_program(tx, mail)
    lines = _lines(tx, new, now, None, default_zone)
    others = [n for n in tx.needs.open() if n.outcome is None and n.told_at is not None]
    ours = {p.id for programs in _contacts(tx) if program in programs for p in programs}
    waiting = sum(
        tx.pairs.require(n.pair_id).program_id in ours and n.id not in mail.data["needs"]
        for n in others
        if n.snoozed_until is None or n.snoozed_until <= now
    )
    fields = {
        "rows": tuple(line.in_list for line in lines),
        "waiting": waiting,
        "console": program.links.get("console"),
    }
    return letter(DAILY_LIST, program, fields), tuple(need.id for need in new)


def mark_told(tx: Transaction, need_ids: Iterable[str], now: datetime) -> None:
    """These rows stood in a daily list."""
    for need_id in need_ids:
        need = tx.needs.get(need_id)
        if need is not None:
            tx.needs.put(replace(need, told_at=now))
