"""From what was decided to rows of the outbox: ids, codes and dates; words come when sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from integrations.ports import Transaction
from integrations.records import Json, OutboxMail
from integrations.workflows.booking.wave_gate import was_undone
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.hours import mail_hours
from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import (
    Act,
    EndSeries,
    Message,
    OfferDates,
    OfferHours,
    Resume,
    StartPause,
    Tell,
)
from scheduling.timespan import TimeSpan

if TYPE_CHECKING:
    from integrations.workflows.changes.case import Case

SEND_MAILS = "send_mails"
"""The kind of work that sends rows; its subject is the mailbox."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that no act of the core carries; once per person, name and ``about``.

    ``data`` holds codes, ids, dates and numbers only.
    """

    name: str
    person: str
    about: str
    data: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in MESSAGES:
            raise ValueError(f"no message is called {self.name}")


def enqueue(tx: Transaction, case: Case, message: Act | Notice, now: datetime) -> int:
    """Put the mails that go with an act, or a notice, into the outbox; return how many are new.

    An act that nobody is written to about leaves none. What is in the outbox already, sent or
    not, is not put there again: doing it twice equals once. Of a pair whose wave is undone both
    hear by the cancellation alone.
    """
    if isinstance(message, EndSeries) and was_undone(tx, case.pair):
        return 0
    added = [mail for mail in mails_of(case, message, now) if tx.outbox.add(mail)]
    for mail in added:
        tx.work.schedule(SEND_MAILS, case.mailbox_id, mail.due_at)
    return len(added)


def mails_of(case: Case, message: Act | Notice, now: datetime) -> list[OutboxMail]:
    """The mails that go with an act, or a notice, each with when it may be sent."""
    return [_due(case, mail, now) for mail in _rows(case, message, now)]


def _due(case: Case, mail: OutboxMail, now: datetime) -> OutboxMail:
    if mail.urgent:
        return mail
    person = next(p for p in case.people if p.id == mail.person_id)
    zone = case.zone_of(person)
    return replace(mail, due_at=mail_hours(case.rule, zone, person.office, now))


def _rows(case: Case, message: Act | Notice, now: datetime) -> Iterator[OutboxMail]:
    def row(name: str, person: str, about: str, **data: object) -> OutboxMail:
        return OutboxMail(
            person_id=person,
            purpose=name,
            session_id=about,
            due_at=now,
            pair_id=case.pair.id,
            mailbox_id=case.mailbox_id,
            urgent=MESSAGES[name].urgent,
            data=dict(data),
        )

    match message:
        case Notice(name=name, person=person, about=about, data=data):
            yield row(name, person, about, **data)
        case Tell(message=Message.CLOSING, person=person):
            yield row(Message.CLOSING, person, case.pair.id)
        case Tell(message=told, person=person, session_id=session_id, to=to):
            start = case.session(session_id).start
            about = f"{session_id}@{_stamp(start)}" + (f">{_stamp(to.start)}" if to else "")
            spans = {"to": _spans([to])} if to else {}
            yield row(told, person, about, session=session_id, start=start.isoformat(), **spans)
        case OfferDates(person=person, session_id=session_id, spans=offered):
            start = case.session(session_id).start
            about = f"{session_id}@{_stamp(start)}>{'+'.join(_stamp(s.start) for s in offered)}"
            facts = {"session": session_id, "start": start.isoformat(), "to": _spans(offered)}
            yield row("offered_dates", person, about, **facts)
        case OfferHours(people=people, hours=hours):
            # The day makes a later offer of the same hours another one.
            about = f"{case.pair.id}@{now:%Y-%m-%d}>{'+'.join(_slot_code(h) for h in hours)}"
            for person in people:
                yield row("offered_hours", person, about, hours=[_slot(h) for h in hours])
        case _:
            for name, person, about, facts in _of_pair(case, message):
                yield row(name, person, about, **facts)


def _of_pair(case: Case, act: Act) -> Iterator[tuple[str, str, str, Json]]:
    """What both are told about the pair as a whole: message, person, what about, its facts."""
    pair, facts = case.pair, case.pair.pause or {}
    match act:
        case StartPause(pause=pause):
            facts = {"first": pause.first.isoformat(), "last": pause.last.isoformat()}
            name, about = "paused", f"{pair.id}@{pause.first}>{pause.last}"
        case Resume():
            name, about = "resumed", f"{pair.id}@{facts.get('last')}"
        case EndSeries(closes=True):
            name, about, facts = "withdrawn", pair.id, {}
        case _:
            return
    for person in case.people:
        if person.enabled and not person.gone:
            yield name, person.id, about, facts


def _spans(spans: Iterable[TimeSpan]) -> list[list[str]]:
    return [[span.start.isoformat(), span.end.isoformat()] for span in spans]


def _slot(slot: SeriesSlot) -> Json:
    return {
        "zone": slot.zone,
        "weekday": slot.weekday,
        "start": slot.start.isoformat(),
        "phase": slot.phase,
        "first_date": slot.first_date.isoformat(),
    }


def _slot_code(slot: SeriesSlot) -> str:
    return f"{slot.weekday}.{slot.start:%H%M}.{slot.first_date:%m%d}"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%MZ")
