"""Reading people's time: from free/busy answers to people as the core knows them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

from integrations.errors import NoPermitError, ThrottledError
from integrations.page_records import Preference
from integrations.ports import MailboxSettings, Schedule, Transaction, Unreadable
from integrations.records import Blocker, BlockerScope, Participant
from integrations.workflows.app import App
from integrations.workflows.booking.lost_mailbox import CODE as LOST
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.freebusy import calendar_of, chunks, reading_windows
from scheduling.people import (
    DAY_MINUTES,
    NO_HOURS,
    BusyTable,
    LocalRange,
    Person,
    Week,
    WorkingHours,
)
from scheduling.rule import WEEKDAYS, end_minute_of, minute_of
from scheduling.timespan import TimeSpan

ZONE_UNREAD = "zone_unread"
# Each lane has four large calls under way: more than these fill the memory of one process, and
# what arrives faster than it can be read through is given up for lost.
_LANES_AT_ONCE = 8
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Look:
    """One look into calendars: who could be read, who could not, and when it was."""

    people: Mapping[str, Person]
    unreadable: Mapping[str, str]
    at: datetime


async def look_at(
    app: App,
    participants: Sequence[Participant],
    rules: Mapping[str, ProgramRule],
    span: TimeSpan,
) -> Look:
    """Read everybody's free/busy over ``span``, 20 people a call, spread over the mailboxes.

    ``rules`` gives each person, by id, the rule whose holidays and default hours are theirs.
    """
    at = app.clock.now()
    windows = reading_windows(_whole_hour(span.start), span.end)
    known = sorted((p for p in participants if p.zone is not None), key=lambda p: p.id)
    answers = await _read_all(app, known, windows)
    dates = (span.start.date() - _DAY, span.end.date() + _DAY)
    people: dict[str, Person] = {}
    # Without a zone no hour of theirs means anything; refreshing the settings said why.
    unreadable = {p.id: ZONE_UNREAD for p in participants if p.zone is None}
    wishes = await app.store.run(lambda tx: tx.preferences.many(p.id for p in known))
    for person in known:
        answer = answers[person.mail]
        if isinstance(answer, Unreadable):
            unreadable[person.id] = answer.code
        else:
            read = _person(person, answer, rules[person.id], app.options.zone, dates)
            wish = wishes.get(person.id)
            people[person.id] = read if wish is None else replace(read, preferred=_liked(wish))
    return Look(people, unreadable, at)


_Answers: TypeAlias = "dict[str, tuple[Schedule, ...] | Unreadable]"


@dataclass(slots=True)
class _Lane:
    """Readings made in turn; ``trouble`` is what ended them with some left."""

    left: deque[_Reading]
    trouble: ThrottledError | NoPermitError | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reader's look at up to 20 people."""

    reader_id: str
    mails: Sequence[str]


async def _read_all(
    app: App, people: Sequence[Participant], windows: Sequence[TimeSpan]
) -> _Answers:
    """Every answer by address: asked for by program mailboxes, 20 people at a time, or by each.

    A reading asks for all windows at once, which is all a mailbox takes; more would only stand in
    line for its permits until their patience ends. What a mailbox has left when it is to wait is
    read by those that are not, so that one of many does not take the look from everybody.
    """
    answers: _Answers = {}
    if app.options.own_mailbox_reads:
        own = [_Reading(person.directory_id, [person.mail]) for person in people]
        lanes = [_Lane(deque(own[lane::_LANES_AT_ONCE])) for lane in range(_LANES_AT_ONCE)]
        _raise_trouble(await _read_lanes(app, lanes, windows, answers))
        return answers
    readers = await _readers(app)
    groups = [[person.mail for person in group] for group in chunks(people)]
    lanes = await _read_lanes(app, _shared_out(groups, readers), windows, answers)
    able = [reader for reader, lane in zip(readers, lanes, strict=True) if not lane.left]
    if able:
        left = [reading.mails for lane in lanes for reading in lane.left]
        lanes = await _read_lanes(app, _shared_out(left, able), windows, answers)
    _raise_trouble(lanes)
    return answers


def _shared_out(groups: Sequence[Sequence[str]], readers: Sequence[str]) -> list[_Lane]:
    """A lane for each reader, as long as the others."""
    return [
        _Lane(deque(_Reading(reader, group) for group in groups[number :: len(readers)]))
        for number, reader in enumerate(readers)
    ]


async def _read_lanes(
    app: App, lanes: list[_Lane], windows: Sequence[TimeSpan], answers: _Answers
) -> list[_Lane]:
    gate = asyncio.Semaphore(_LANES_AT_ONCE)
    read = app.graph.free_busy.read

    async def run(lane: _Lane) -> None:
        try:
            async with gate:
                while lane.left:
                    reading = lane.left[0]
                    answers.update(await read(reading.reader_id, reading.mails, windows))
                    lane.left.popleft()
        except (ThrottledError, NoPermitError) as trouble:
            lane.trouble = trouble

    await asyncio.gather(*(run(lane) for lane in lanes))
    return lanes


def _raise_trouble(lanes: Sequence[_Lane]) -> None:
    for lane in lanes:
        if lane.trouble is not None:
            raise lane.trouble


async def _readers(app: App) -> list[str]:
    """The program mailboxes that can read, in the order of their ids."""
    if len(app.mailbox_ids) == 1:
        return sorted(app.mailbox_ids)
    return await app.store.run(_able_to_read)


def _able_to_read(tx: Transaction) -> list[str]:
    """Those in use; one that was lost or given up reads nothing, and would hold everybody up."""
    mailboxes = tx.mailboxes.all()
    lost = {b.subject_id for b in tx.blockers.open(BlockerScope.MAILBOX) if b.code == LOST}
    in_use = [m.id for m in mailboxes if m.open_to_new and m.id not in lost]
    return sorted(in_use or (m.id for m in mailboxes))


def record_look(tx: Transaction, look: Look, now: datetime) -> None:
    """Open a blocker on whom the look could not read, close it on whom it could."""
    for person_id, reason in look.unreadable.items():
        if reason == ZONE_UNREAD:
            continue
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.PERSON,
                subject_id=person_id,
                code="no_mailbox" if reason == "unknown_mailbox" else "calendar_unreadable",
                since=now,
                data={"reason": reason},
            )
        )
    # Hardly anybody has one, so asking once is less than clearing for everybody.
    for blocker in tx.blockers.open(BlockerScope.PERSON, look.people):
        if blocker.code == "calendar_unreadable":
            tx.blockers.clear(BlockerScope.PERSON, blocker.subject_id, now, blocker.code)


def _whole_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _person(
    person: Participant,
    schedules: Sequence[Schedule],
    rule: ProgramRule,
    default_zone: str,
    dates: tuple[date, date],
) -> Person:
    zone = person.zone or default_zone
    office = rule.holidays.get(person.office or "")
    return Person(
        id=person.id,
        zone=zone,
        hours=_hours(person, schedules, rule),
        busy=BusyTable.of(calendar_of(schedules, zone)),
        absent_dates=office.dates(*dates) if office else frozenset(),
    )


def _hours(person: Participant, schedules: Sequence[Schedule], rule: ProgramRule) -> WorkingHours:
    """The best source of working hours: set or in the mailbox, then free/busy, then the rule."""
    if person.hours:
        return WorkingHours(_week(person.hours), outer_bound_only=person.hours_are_bound)
    told = next((schedule.hours for schedule in schedules if schedule.hours), None)
    if told is not None and told.start is not None and told.end is not None:
        return WorkingHours(_week_of_settings(told), outer_bound_only=True)
    cadence = rule.cadence
    return WorkingHours.every(
        sorted(cadence.weekdays),
        minute_of(cadence.earliest_local),
        end_minute_of(cadence.latest_local),
        outer_bound_only=True,
    )


def _liked(wish: Preference) -> Week:
    """Days in the office, liked best by whoever may meet in person; nothing where it is Teams."""
    if wish.body.get("place") not in ("in_person", "either"):
        return NO_HOURS
    whole_day, at_office = (LocalRange(0, DAY_MINUTES),), wish.body.get("office_days", ())
    return tuple(whole_day if day in at_office else () for day in WEEKDAYS)


def _week(hours: Mapping[str, Iterable[Sequence[str]]]) -> Week:
    days = []
    for name in WEEKDAYS:
        ranges = [LocalRange(_minute(start), _minute(end)) for start, end in hours.get(name, ())]
        days.append(tuple(sorted(ranges)))
    return tuple(days)


def _week_of_settings(settings: MailboxSettings) -> Week:
    if settings.start is None or settings.end is None:
        return NO_HOURS
    day = (LocalRange(minute_of(settings.start), end_minute_of(settings.end)),)
    worked = {weekday[:3].lower() for weekday in settings.weekdays}
    return tuple(day if name in worked else () for name in WEEKDAYS)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")[:2]
    return int(hour) * 60 + int(minute)
