"""A firm whose pairs are booked, and one look at a time: what it makes due, what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import Pair, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import digest
from scheduling.timespan import TimeSpan
from simulator.people import Appointment, ShowAs
from simulator.seen import OccurrenceSeen
from tests.acceptance.oracle import empty_of_calls, mailbox_of, planned_world
from tests.support.world import Empty, World, book_all

CALENDAR_VIEW = "/users/{user}/calendarView"


async def booked(empty: Empty, pairs: int) -> tuple[World, App]:
    """A world in which every pair is booked, and each date was compared after that.

    Its program is New York's, whose clocks change twice within the firm's year.
    """
    world = await planned_world(empty, pairs)
    app = await world.begin()
    await app.store.run(_in_new_york)
    await book_all(app)
    await reconciled(app)
    return empty_of_calls(world), app


def _in_new_york(tx: Transaction) -> None:
    for program in tx.programs.all():
        tx.programs.put(replace(program, zone="America/New_York"))


async def reconciled(app: App) -> None:
    """Leave behind what the reconciliation of every pair leaves: how each date looks now."""
    now = app.clock.now()
    span = TimeSpan(now, now + timedelta(days=300))
    seen = {
        event.id: digest(event)
        for mailbox_id in sorted(app.mailbox_ids)
        for event in await app.graph.calendar.view(mailbox_id, span)
    }

    def record(tx: Transaction) -> None:
        for session in tx.sessions.all():
            if session.event_id in seen:
                tx.sessions.put(replace(session, seen=seen[session.event_id]))

    await app.store.run(record)


async def look(app: App, kind: str, subject: str = "firm") -> set[str]:
    """Have one look made now; ids of the pairs that are due by now. Their rows are done after."""
    now = app.clock.now()
    work = await app.store.run(lambda tx: tx.work.schedule(kind, subject, now))
    assert await build_worker(app).do(work.id)
    return await taken(app)


async def taken(app: App) -> set[str]:
    """Ids of the pairs that are due to be reconciled, as if they had been."""
    now = app.clock.now()

    def take(tx: Transaction) -> set[str]:
        due = tx.work.due(now, kinds=("reconcile_pair",), limit=10_000)
        for row in due:
            tx.work.claim(row.id, "taken", now, timedelta(minutes=1))
            tx.work.finish(row.id, "taken")
        return {row.subject for row in due}

    return await app.store.run(take)


async def until(app: App, at: datetime) -> None:
    """Let time pass."""
    await app.clock.sleep(at - app.clock.now())


async def dates(app: App) -> list[Session]:
    """Every date that stands, by start."""
    sessions = await app.store.run(lambda tx: tx.sessions.all())
    standing = [s for s in sessions if s.state is SessionState.SCHEDULED]
    return sorted(standing, key=lambda s: (s.start, s.id))


async def date_near(app: App, *, after: datetime) -> Session:
    """The first date that begins after an instant."""
    return next(session for session in await dates(app) if session.start > after)


async def pair_of(app: App, session: Session) -> Pair:
    return await app.store.run(lambda tx: tx.pairs.require(session.pair_id))


async def mails_of(app: App, pair: Pair) -> tuple[str, str]:
    """The addresses of mentor and mentee."""
    people = await app.store.run(lambda tx: tx.participants.many([pair.mentor_id, pair.mentee_id]))
    return people[pair.mentor_id].mail, people[pair.mentee_id].mail


async def in_outlook(world: World, app: App, session: Session) -> OccurrenceSeen:
    """The date as it stands in the program mailbox."""
    mailbox = mailbox_of(world, await pair_of(app, session))
    standing = world.tenant.occurrences_of(mailbox, session.start, session.end)
    (found,) = (one for one in standing if one.id == session.event_id)
    return found


def swept_mailboxes(world: World) -> int:
    """How often a program mailbox's calendar was read, page by page."""
    return sum(call.path == CALENDAR_VIEW for call in world.tenant.calls)


def graph_time(at: datetime) -> dict[str, str]:
    """An instant as a PATCH body spells it."""
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


def appointment(start: datetime, end: datetime, status: ShowAs = "busy") -> Appointment:
    """Something of her own, in UTC."""
    utc = ZoneInfo("UTC")
    local = [at.astimezone(utc).replace(tzinfo=None) for at in (start, end)]
    return Appointment(local[0], local[1], "UTC", status, "a hearing")
