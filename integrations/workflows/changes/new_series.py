"""A first series: planned at an hour that was picked, or taken over as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from integrations.errors import NotFoundError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Booking, JournalEntry, Json, PairState
from integrations.workflows import book
from integrations.workflows.acting import ChangedByPersonError
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import digest
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.remembering import remember_all
from integrations.workflows.changes.steps import packed
from integrations.workflows.plan import plan_pairs
from scheduling.changes.acts import AdoptSeries, BookSeries
from scheduling.timespan import TimeSpan

_DAY = timedelta(days=1)


async def book_series(app: App, case: Case, act: BookSeries, then: tuple[Json, ...]) -> None:
    """Plan the pair, at the hour that was picked if one was, and leave it to be booked.

    Where no series can be planned any more the pair stays unplanned and a blocker says why.
    """
    pair_id = case.pair.id
    hours = {} if act.series is None else {pair_id: act.series}
    await plan_pairs(app, [pair_id], hours)

    def record(tx: Transaction) -> None:
        if tx.pairs.require(pair_id).state is not PairState.PLANNED:
            return
        remember_all(app, tx, pair_id, (*packed((BookSeries(),)), *then))
        tx.work.schedule(book.KIND, pair_id, app.clock.now())

    await app.store.run(record)


async def adopt_series(app: App, case: Case, act: AdoptSeries, then: tuple[Json, ...]) -> None:
    """Take over a series that stands in the pair's program mailbox, as the calendar has it now.

    Nothing is written to it and nobody is mailed.

    Raises:
        ChangedByPersonError: it is not there any more, or not with these dates.
    """
    calendar, mailbox_id = app.graph.calendar, case.mailbox_id
    starts = [span.start for _, _, span in act.dates]
    around = TimeSpan(min(starts) - _DAY, max(starts) + _DAY)
    try:
        master = await calendar.read(mailbox_id, act.event_id)
        found = await calendar.instances(mailbox_id, act.event_id, around)
    except NotFoundError:
        raise ChangedByPersonError("series_adopted") from None
    by_id = {event.original_start or event.span.start: event for event in found}
    if any(r not in by_id or by_id[r].span != span for _, r, span in act.dates):
        raise ChangedByPersonError("series_adopted")
    windows = {window: by_id[recurrence_id] for window, recurrence_id, _ in act.dates}
    await app.store.run(lambda tx: _keep_adopted(app, tx, case, act, then, master, windows))


def _keep_adopted(
    app: App,
    tx: Transaction,
    case: Case,
    act: AdoptSeries,
    then: tuple[Json, ...],
    master: EventSnapshot,
    windows: Mapping[int, EventSnapshot],
) -> None:
    now, pair = app.clock.now(), case.pair
    tx.sessions.replace_planned(pair.id, ())
    tx.bookings.put(
        Booking(
            pair_id=pair.id,
            generation=pair.generation,
            mailbox_id=case.mailbox_id,
            event_id=master.id,
            ical_uid=master.ical_uid,
            etag=master.etag,
            zone=act.series.zone,
            join_url=master.join_url,
            instances_verified_at=now,
            booked_at=now,
        )
    )
    remember_all(app, tx, pair.id, (*packed((act,)), *then))
    adopted = {s.window: s for s in tx.sessions.of_pair(pair.id)}
    tx.sessions.put_many(
        [
            replace(adopted[window], event_id=event.id, etag=event.etag, seen=digest(event))
            for window, event in windows.items()
        ]
    )
    tx.journal.write(
        JournalEntry(at=now, code="series_adopted", program_id=pair.program_id, pair_id=pair.id)
    )
