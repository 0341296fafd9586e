"""A first series: planned at an hour that was picked, or taken over as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from integrations.ports import EventSnapshot, Transaction
from integrations.records import Booking, JournalEntry, Json, PairState
from integrations.workflows.acting import ChangedByPersonError
from integrations.workflows.app import App
from integrations.workflows.booking import book
from integrations.workflows.changes.calendar_view import digest
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.existing_series import read_series
from integrations.workflows.changes.remembering import remember_all
from integrations.workflows.changes.steps import packed
from integrations.workflows.planning.plan import plan_pairs
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.rulebook.terms import first_monday, for_the_rest
from scheduling.changes.acts import AdoptSeries, BookSeries


async def book_series(app: App, case: Case, act: BookSeries, then: tuple[Json, ...]) -> None:
    """Plan the pair, at the hour that was picked if one was, and leave it to be booked.

    A pair that had a series gets a new generation for the dates it has not had. Where no series
    can be planned now the pair stays unplanned, a blocker says why, and an hour that was picked
    is forgotten, so that others can be offered.
    """
    pair_id, rules = case.pair.id, {}
    if case.pair.generation == 1 and case.booking is None:
        rules = _as_far_as_it_lasts(case, app.clock.now())
    if case.booking is not None:
        await app.store.run(lambda tx: _leave_behind(tx, pair_id))
    hours = {} if act.series is None else {pair_id: act.series}
    await plan_pairs(app, [pair_id], hours, rules)

    def record(tx: Transaction) -> None:
        pair = tx.pairs.require(pair_id)
        if pair.state is not PairState.PLANNED:
            tx.pairs.put(replace(pair, offer=None))
            remember_all(app, tx, pair_id, then)
            return
        remember_all(app, tx, pair_id, (*packed((BookSeries(),)), *then))
        tx.work.schedule(book.KIND, pair_id, app.clock.now())

    await app.store.run(record)


def _as_far_as_it_lasts(case: Case, now: datetime) -> dict[str, ProgramRule]:
    """A rule of its own for a first series that the program's end cuts short."""
    begins = first_monday(max(case.pair.start_date, now.date()))
    rest = for_the_rest(case.rule, case.rule.cadence.occurrences, begins)
    return {} if rest is case.rule else {case.pair.id: rest}


def _leave_behind(tx: Transaction, pair_id: str) -> None:
    """Begin another generation; repeating it changes nothing until that one is booked."""
    pair = tx.pairs.require(pair_id)
    if tx.bookings.get(f"{pair_id}/{pair.generation}") is not None:
        tx.pairs.put(
            replace(pair, generation=pair.generation + 1, state=PairState.ENROLLED, series=None)
        )


async def adopt_series(app: App, case: Case, act: AdoptSeries, then: tuple[Json, ...]) -> None:
    """Take over a series that stands in a program mailbox, as the calendar has it now.

    Nothing is written to it and nobody is mailed.

    Raises:
        ChangedByPersonError: it is not there any more, or not as it was decided about.
    """
    mailbox_id = act.organizer or case.mailbox_id
    read = await read_series(app, case, mailbox_id, act.event_id)
    if read is None or not read.seen.ours:
        raise ChangedByPersonError("series_adopted")
    spans = dict(read.seen.dates)
    is_theirs = read.seen.people == {person.id for person in case.people}
    if not is_theirs or any(spans.get(r) != span for _, r, span in act.dates):
        raise ChangedByPersonError("series_adopted")
    by_id = {event.original_start or event.span.start: event for event in read.instances}
    windows = {window: by_id[recurrence_id] for window, recurrence_id, _ in act.dates}
    await app.store.run(lambda tx: _keep_adopted(app, tx, case, act, then, read.master, windows))


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
    mailbox_id = act.organizer or case.mailbox_id
    if tx.bookings.by_events([master.id]):
        raise ChangedByPersonError("series_adopted")
    tx.pairs.put(replace(tx.pairs.require(pair.id), mailbox_id=mailbox_id, offer=None))
    tx.sessions.replace_planned(pair.id, ())
    tx.bookings.put(
        Booking(
            pair_id=pair.id,
            generation=pair.generation,
            mailbox_id=mailbox_id,
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
    # Its online meeting is looked up as that of a series Tandem booked.
    tx.work.schedule(book.KIND, pair.id, now)
