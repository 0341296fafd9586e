"""Series that two people have already in a program mailbox, read as they stand now.

Tandem reads events of program mailboxes alone: of a series that one of the two organizes herself it
sees no more than busy time. Neither subject nor text nor sensitivity is read; Tandem's own series
are private, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from integrations.errors import NotFoundError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Booking, Mailbox, Participant
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.known_time import horizon_of
from scheduling.changes.views import ExistingSeries, OrderKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeries:
    """A series as the core sees it, with the events it was read from."""

    seen: ExistingSeries
    master: EventSnapshot
    instances: tuple[EventSnapshot, ...]


async def series_of_the_two(app: App, case: Case) -> list[ReadSeries]:
    """Every series with dates to come, in any program mailbox, that invites both of the two.

    One call per mailbox and 250 events until the pair's last window, and two for each series found.

    Raises:
        ThrottledError, UnreachableError, TokenError, RefusedError: nothing is known.
    """
    now = app.clock.now()
    span = horizon_of(case, now)
    people = {person.mail.casefold() for person in case.people}
    found: list[ReadSeries] = []
    for mailbox in await app.store.run(lambda tx: tx.mailboxes.all()):
        events = await app.graph.calendar.view(mailbox.id, span)
        # In the order of their first dates, each once.
        masters = dict.fromkeys(
            event.master_id
            for event in events
            if event.master_id and people <= event.answers.keys()
        )
        for event_id in masters:
            read = await read_series(app, case, mailbox.id, event_id)
            if read is not None:
                found.append(read)
    return found


async def ordered_series(app: App, case: Case) -> tuple[ExistingSeries, ...]:
    """The series that open orders ask to adopt, as they are now; those gone are left out."""
    found = []
    for order in case.orders:
        if order.kind == OrderKind.ADOPT:
            read = await read_series(app, case, order.data["organizer"], order.data["event"])
            if read is not None:
                found.append(read.seen)
    return tuple(found)


async def read_series(app: App, case: Case, mailbox_id: str, event_id: str) -> ReadSeries | None:
    """One series of a program mailbox with its dates to come; None where there is none (any more).

    Raises:
        As ``series_of_the_two``.
    """
    calendar, span = app.graph.calendar, horizon_of(case, app.clock.now())

    def look(tx: Transaction) -> tuple[Mailbox | None, list[Booking]]:
        return tx.mailboxes.get(mailbox_id), tx.bookings.by_events([event_id])

    mailbox, bookings = await app.store.run(look)
    if mailbox is None:
        return None
    try:
        master = await calendar.read(mailbox_id, event_id)
        dates = await calendar.instances(mailbox_id, event_id, span)
    except NotFoundError:
        return None
    if master.cancelled or master.kind != "seriesMaster":
        return None
    dates = [one for one in dates if not one.cancelled]
    ours = master.organized and not bookings
    invited = (event.answers.keys() - event.rooms for event in (master, *dates))
    people = _named(case.people, set().union(*invited) - {mailbox.address.casefold()})
    if not all({p.mail.casefold() for p in case.people} <= e.answers.keys() for e in dates):
        # Somebody was taken off a date: it is not one of both.
        people -= {p.id for p in case.people}
    zone, weekday, start = _hour(master)
    seen = ExistingSeries(
        event_id=master.id,
        organizer=mailbox_id,
        ours=ours,
        people=people,
        zone=zone,
        weekday=weekday,
        start=start,
        interval_weeks=None if master.recurrence is None else master.recurrence.interval_weeks,
        dates=tuple((one.original_start or one.span.start, one.span) for one in dates),
        endless=master.endless,
        has_link=master.join_url is not None,
    )
    return ReadSeries(seen=seen, master=master, instances=tuple(dates))


def _named(people: Iterable[Participant], addresses: Collection[str]) -> frozenset[str]:
    """Those invited, by id where they are the two, else by address."""
    ids = {person.mail.casefold(): person.id for person in people}
    return frozenset(ids.get(address, address) for address in addresses)


def _hour(master: EventSnapshot) -> tuple[str, int, time]:
    """Zone, weekday and start of a series; in UTC where its zone has no name we know."""
    if master.recurrence is not None:
        known = master.recurrence
        return known.zone, known.weekday, known.start
    zone = master.zone or "UTC"
    local = master.span.start.astimezone(ZoneInfo(zone))
    return zone, local.weekday(), local.time()
