"""The experiments themselves: a few events with the two volunteers, and all of it taken out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from integrations.errors import DuplicateError, Fault, FaultsError, IntegrationError
from integrations.ports import DirectoryUser, EventDraft, EventSnapshot, SeriesDraft, Unreadable
from integrations.records import JournalEntry, Mailbox
from integrations.workflows.app import App
from integrations.workflows.probe import findings
from integrations.workflows.probe.findings import Answer, Question
from scheduling.cadence import Recurrence
from scheduling.rule import WEEKDAYS
from scheduling.timespan import TimeSpan

SINGLE, SERIES, CUT = "probe/single", "probe/series", "probe/cut"
FIRST_USE, SECOND_USE, THIRD_USE = "probe/use-1", "probe/use-2", "probe/use-3"
TAGS = (SINGLE, SERIES, CUT, FIRST_USE, SECOND_USE, THIRD_USE)
"""What each event of a probe is found again by."""
SUBJECT = "Tandem probe, please ignore"
LOOK_EVERY = timedelta(seconds=10)
BLOCK_PATIENCE = timedelta(minutes=2)
REPORT_PATIENCE = timedelta(hours=1)
REPORT_EVERY = timedelta(minutes=1)
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_BODY = "<p>Tandem tries out what this calendar does. It takes this out again by itself.</p>"


class Volunteers(Protocol):
    """The two people, as far as they have to do or count something."""

    async def updates_counted(self, address: str) -> int | None:
        """How many mails told this person of the moved date; None: they do not say."""
        ...

    async def declines(self, address: str, at: datetime) -> bool:
        """Whether this person has declined the one date at this instant, and no other."""
        ...

    async def meet(self, join_url: str) -> datetime | None:
        """When the two had met by this link for a minute or two and left; None: they did not."""
        ...


class NobodyAsked:
    """Volunteers who are invited and otherwise left alone."""

    async def updates_counted(self, address: str) -> int | None:
        """Nobody counts."""
        return None

    async def declines(self, address: str, at: datetime) -> bool:
        """Nobody declines."""
        return False

    async def meet(self, join_url: str) -> datetime | None:
        """Nobody meets."""
        return None


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where experiments are made: one program mailbox, two people, a morning weeks ahead."""

    app: App
    mailbox: Mailbox
    people: tuple[DirectoryUser, DirectoryUser]
    morning: datetime

    @property
    def attendees(self) -> tuple[tuple[str, str], ...]:
        """Both, as an event takes them."""
        return tuple((person.mail, "") for person in self.people)

    def transaction(self) -> str:
        """A new transaction id."""
        return str(UUID(int=self.app.chance.getrandbits(128)))


async def probe(app: App, addresses: Sequence[str], volunteers: Volunteers) -> list[Answer]:
    """Every experiment in turn; whatever happens, what was made is taken out in the end.

    Raises:
        FaultsError: the two addresses are not those of two people of the directory.
        IntegrationError: nothing could be asked at all.
    """
    bench = await _bench(app, addresses)
    await clean_up(app, bench.mailbox)
    await _journal(app, bench, "probe_begun")
    answers = [await _scope(bench)]
    try:
        async with _single(bench) as event:
            answers.append(await _own_block(bench, event))
            answers.append(await _update_mails(bench, event, volunteers))
        answers.append(await _tried(Question.DUPLICATE, _duplicate(bench)))
        answers.append(await _tried(Question.TRUNCATION, _truncation(bench)))
        answers += await _with_series(bench, volunteers)
    finally:
        await clean_up(app, bench.mailbox)
        await _journal(app, bench, "probe_ended")
    return answers


async def clean_up(app: App, mailbox: Mailbox) -> int:
    """Take out whatever a probe has made in this mailbox and left; how much that was."""
    calendar, count = app.graph.calendar, 0
    for tag in TAGS:
        for event in await calendar.find_tagged(mailbox.id, tag):
            if event.answers:
                await calendar.cancel(mailbox.id, event.id, "The trial is over. Thank you.")
            else:
                await calendar.delete(mailbox.id, event.id)
            count += 1
    return count


async def _bench(app: App, addresses: Sequence[str]) -> _Bench:
    users = await app.graph.directory.find(list(addresses))
    wrong = [Fault("volunteer", "somebody of the directory", a) for a, u in users.items() if not u]
    people = [user for user in users.values() if user is not None]
    if wrong or len({user.id for user in people}) != 2:
        raise FaultsError(wrong or [Fault("volunteers", "two different people")])
    known = await app.store.run(lambda tx: tx.mailboxes.all())
    mailbox = next((box for box in known if box.open_to_new), None)
    if mailbox is None:
        raise FaultsError([Fault("TANDEM_PROGRAM_MAILBOXES", "a program mailbox")])
    midnight = app.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    # Early on a day three weeks ahead, where the two hardly have anything.
    return _Bench(app, mailbox, (people[0], people[1]), midnight + 3 * _WEEK + 5 * _HOUR)


async def _journal(app: App, bench: _Bench, code: str) -> None:
    entry = JournalEntry(at=app.clock.now(), code=code, mailbox_id=bench.mailbox.id)
    await app.store.run(lambda tx: tx.journal.write(entry))


async def _tried(question: Question, experiment: Coroutine[Any, Any, Answer]) -> Answer:
    """One experiment that the others do not depend on."""
    try:
        return await experiment
    except IntegrationError as error:
        return findings.unasked(question, str(error))


# --- experiments --------------------------------------------------------------------------


async def _scope(bench: _Bench) -> Answer:
    span = TimeSpan(bench.morning, bench.morning + _DAY)
    mails = [person.mail for person in bench.people]
    read = await bench.app.graph.free_busy.read(bench.mailbox.id, mails, [span])
    return findings.scope_answer(o.code for o in read.values() if isinstance(o, Unreadable))


@asynccontextmanager
async def _single(bench: _Bench) -> AsyncIterator[EventSnapshot]:
    """A meeting of the two."""
    draft = EventDraft(
        subject=SUBJECT,
        body_html=_BODY,
        zone="UTC",
        span=TimeSpan(bench.morning, bench.morning + _HOUR),
        attendees=bench.attendees,
        location=None,
        transaction_id=bench.transaction(),
        tag=SINGLE,
    )
    yield await bench.app.graph.calendar.create_event(bench.mailbox.id, draft)


async def _own_block(bench: _Bench, event: EventSnapshot) -> Answer:
    clock, started = bench.app.clock, bench.app.clock.now()
    while True:
        statuses = await _statuses(bench, event.span)
        if isinstance(statuses, str):
            return findings.unasked(Question.OWN_BLOCK, statuses)
        waited = clock.now() - started
        if None not in statuses or waited > BLOCK_PATIENCE:
            return findings.block_answer(statuses, waited)
        await clock.sleep(LOOK_EVERY)


async def _statuses(bench: _Bench, span: TimeSpan) -> list[str | None] | str:
    """The status of exactly this span in each person's free/busy, or why it cannot be read."""
    mails = [person.mail for person in bench.people]
    around = TimeSpan(span.start - _HOUR, span.end + _HOUR)
    read = await bench.app.graph.free_busy.read(bench.mailbox.id, mails, [around])
    found: list[str | None] = []
    for schedules in read.values():
        if isinstance(schedules, Unreadable):
            return f"free/busy cannot be read: {schedules.code}"
        own = (i.status for s in schedules for i in s.items if TimeSpan(i.start, i.end) == span)
        found.append(next(own, None))
    return found


async def _update_mails(bench: _Bench, event: EventSnapshot, volunteers: Volunteers) -> Answer:
    to = TimeSpan(event.span.start + _HOUR, event.span.end + _HOUR)
    await bench.app.graph.calendar.move(bench.mailbox.id, event.id, to, "UTC", None)
    return findings.update_answer(await volunteers.updates_counted(bench.people[0].mail))


async def _duplicate(bench: _Bench) -> Answer:
    calendar, used = bench.app.graph.calendar, bench.transaction()
    span = TimeSpan(bench.morning + 4 * _HOUR, bench.morning + 5 * _HOUR)
    first = await calendar.create_trial(bench.mailbox.id, span, "UTC", used, FIRST_USE)
    try:
        await calendar.create_trial(bench.mailbox.id, span, "UTC", used, SECOND_USE)
    except DuplicateError as refusal:
        await calendar.delete(bench.mailbox.id, first.id)
        freed = await _is_freed(bench, span, used)
        named = refusal.existing_id is not None
        return findings.duplicate_answer(refusal.status, named=named, freed=freed)
    return findings.duplicate_answer(None, named=False, freed=None)


async def _is_freed(bench: _Bench, span: TimeSpan, used: str) -> bool:
    try:
        await bench.app.graph.calendar.create_trial(bench.mailbox.id, span, "UTC", used, THIRD_USE)
    except DuplicateError:
        return False
    return True


def _series(bench: _Bench, tag: str, attendees: tuple[tuple[str, str], ...]) -> SeriesDraft:
    start = bench.morning + 8 * _HOUR
    return SeriesDraft(
        subject=SUBJECT,
        body_html=_BODY,
        zone="UTC",
        start=start.replace(tzinfo=None),
        duration=_HOUR,
        weekday=WEEKDAYS[start.weekday()],
        interval_weeks=1,
        occurrences=4,
        attendees=attendees,
        location=None,
        transaction_id=bench.transaction(),
        tag=tag,
    )


async def _dates(bench: _Bench, master: EventSnapshot) -> list[EventSnapshot]:
    span = TimeSpan(bench.morning - _DAY, bench.morning + 6 * _WEEK)
    return await bench.app.graph.calendar.instances(bench.mailbox.id, master.id, span)


async def _truncation(bench: _Bench) -> Answer:
    """Nobody is invited: a series whose second date is moved, and which is then cut after three."""
    calendar, box = bench.app.graph.calendar, bench.mailbox.id
    master = await calendar.create_series(box, _series(bench, CUT, ()))
    second = (await _dates(bench, master))[1]
    to = TimeSpan(second.span.start + _HOUR, second.span.end + _HOUR)
    await calendar.move(box, second.id, to, "UTC", None)
    first = bench.morning + 8 * _HOUR
    shorter = Recurrence(
        first_date=first.date(), start=first.time(), zone="UTC", interval_weeks=1, count=3
    )
    await calendar.truncate(box, master.id, shorter, None)
    dates = await _dates(bench, master)
    return findings.truncation_answer(any(date.span == to for date in dates))


async def _with_series(bench: _Bench, volunteers: Volunteers) -> list[Answer]:
    """What needs a series of the two and something done by them."""
    calendar, box = bench.app.graph.calendar, bench.mailbox.id
    try:
        master = await calendar.create_series(box, _series(bench, SERIES, bench.attendees))
        second = (await _dates(bench, master))[1]
        first = bench.people[0].mail
        if await volunteers.declines(first, second.span.start):
            now = await calendar.read(box, master.id)
            reply = findings.one_date_answer(now, await _dates(bench, master), first, 1)
        else:
            reply = findings.unasked(Question.ONE_DATE, "nobody declined a date")
    except IntegrationError as error:
        why = str(error)
        return [findings.unasked(q, why) for q in (Question.ONE_DATE, Question.REPORT_DELAY)]
    return [reply, await _tried(Question.REPORT_DELAY, _delay(bench, master, volunteers))]


async def _delay(bench: _Bench, master: EventSnapshot, volunteers: Volunteers) -> Answer:
    graph, clock = bench.app.graph, bench.app.clock
    if master.join_url is None:
        return findings.unasked(Question.REPORT_DELAY, "the series has no Teams link")
    ended = await volunteers.meet(master.join_url)
    if ended is None:
        return findings.unasked(Question.REPORT_DELAY, "nobody met")
    meeting = await graph.meetings.find(bench.mailbox.id, master.join_url)
    while meeting is not None and clock.now() - ended < REPORT_PATIENCE:
        if await graph.attendance.listed(bench.mailbox.id, meeting.id):
            return findings.delay_answer(clock.now() - ended)
        await clock.sleep(REPORT_EVERY)
    return findings.delay_answer(None)
