"""Booking one pair: its series, its moved dates, its online meeting, and a look at all of it.

Every step finds out from the store what is done already, so the whole can be repeated at any
moment: after a crash, a lost answer or a wait it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from integrations.errors import RefusedError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Booking,
    JournalEntry,
    PairState,
    Session,
    SessionState,
)
from integrations.workflows.acting import (
    Act,
    ChangedByPersonError,
    Claim,
    NotYet,
    OutdatedError,
    Record,
    perform,
    perform_in_turn,
)
from integrations.workflows.app import App
from integrations.workflows.booking import mailboxes
from integrations.workflows.booking.booking_case import Case, load_case
from integrations.workflows.booking.booking_dates import (
    InstancesDifferError,
    cancel_date,
    move_date,
    verify_instances,
)
from integrations.workflows.booking.booking_series import create_series
from integrations.workflows.planning.freshness import is_stale, require_fresh_plan

KIND = "book_pair"
PLAN_RETRY = timedelta(hours=1)
MEETING_RETRY = timedelta(minutes=10)
MEETING_PATIENCE = timedelta(hours=1)


async def book_pair(app: App, claim: Claim, pair_id: str) -> Record | None:
    """Take the pair from planned to booked, as far as it can go now.

    Returns:
        What is to be stored as the work is marked done, if anything.

    Raises:
        NotYet: something has to be waited for; the work is to be done again then.
        RefusedError: Graph is in trouble, which passes.
    """
    case = await load_case(app, pair_id)
    if case.pair.state not in (PairState.PLANNED, PairState.BOOKING, PairState.BOOKED):
        return None
    if case.stopped_by or not (case.is_let or case.being_created):
        return None
    try:
        return await _book(app, claim, case)
    except ChangedByPersonError:
        await _block(app, case, "changed_by_person")
    except InstancesDifferError as differ:
        await _block(
            app, case, "instances_differ", missing=differ.missing, unexpected=differ.unexpected
        )
    except RefusedError as refusal:
        if refusal.passes:
            raise
        await _block(app, case, "refused", status=str(refusal.status), graph_code=refusal.code)
    return None


async def _book(app: App, claim: Claim, case: Case) -> Record | None:
    if case.booking is None:
        case = await _with_series(app, claim, case)
    booking = case.booking
    if booking is None:
        return None
    if booking.join_url is None:
        await _block(app, case, "no_join_link")
        await mailboxes.stop(app, case.mailbox_id, "trial_without_link")
        return None
    sessions, verified = case.sessions, None
    if booking.instances_verified_at is None:
        booking, sessions = await verify_instances(app, case, booking)
        verified = partial(_keep_verified, booking, sessions)
    await perform_in_turn(app, claim, _leaving(app, case, booking, sessions), first=verified)
    return await _finish(app, case, booking)


def _leaving(
    app: App, case: Case, booking: Booking, sessions: Iterable[Session]
) -> Iterator[Act[EventSnapshot] | Act[None]]:
    """What has yet to be done to dates that do not stay on the slot."""
    for session in sessions:
        if session.state is SessionState.PLANNED:
            yield move_date(app, case, booking, session)
        elif session.state is SessionState.SKIPPED and session.event_id is not None:
            yield cancel_date(app, case, session)


def _keep_verified(booking: Booking, sessions: Sequence[Session], tx: Transaction) -> None:
    tx.bookings.put(booking)
    tx.sessions.put_many(sessions)


async def _with_series(app: App, claim: Claim, case: Case) -> Case:
    """The case once its series exists; without a booking where none can be made now."""
    if not case.mailbox_is_ready(app.clock.now().date()):
        await mailboxes.require_ready(app, case.mailbox_id)
    if not case.being_created and await require_fresh_plan(app, case.pair, case.blockers):
        case = await load_case(app, case.pair.id)
        if case.stopped_by or case.pair.state is PairState.ENROLLED:
            return case
        _require_that_it_holds(app, case)
    try:
        booking = await perform(app, claim, create_series(app, case))
    except OutdatedError:
        await app.store.run(lambda tx: _not_fresh_any_more(tx, case.pair.id))
        raise
    # Of all the case holds, nothing else came with the series.
    return replace(case, booking=booking)


def _require_that_it_holds(app: App, case: Case) -> None:
    """Book no later series on a plan that was looked at again, but could not be renewed.

    Raises:
        NotYet: it is looked at again then.
    """
    unread = any(blocker.code == "calendar_unreadable" for blocker in case.blockers)
    if unread or is_stale(app, case.pair, app.clock.now()):
        due_at = app.clock.now() + PLAN_RETRY
        raise NotYet(due_at, "the plan cannot be made anew yet", stuck=True)


def _not_fresh_any_more(tx: Transaction, pair_id: str) -> None:
    tx.pairs.put(replace(tx.pairs.require(pair_id), calendars_read_at=None))


async def _finish(app: App, case: Case, booking: Booking) -> Record | None:
    """Look up the online meeting; the pair is booked with it or without."""
    if booking.meeting_id is None:
        booking = replace(booking, meeting_id=await _meeting_id(app, booking))
    now = app.clock.now()
    booked = partial(_keep_booked, case, booking, now)
    if booking.meeting_id is not None:
        return booked
    await app.store.run(booked)
    if now - booking.booked_at < MEETING_PATIENCE:
        raise NotYet(now + MEETING_RETRY, "Teams does not show the meeting yet")
    await _block(app, case, "meeting_unknown")
    return None


async def _meeting_id(app: App, booking: Booking) -> str | None:
    try:
        meeting = await app.graph.meetings.find(booking.mailbox_id, booking.join_url or "")
    except RefusedError:
        return None
    return None if meeting is None else meeting.id


def _keep_booked(case: Case, booking: Booking, now: datetime, tx: Transaction) -> None:
    tx.bookings.put(booking)
    if booking.meeting_id is not None:
        tx.blockers.clear(BlockerScope.PAIR, booking.pair_id, now, "meeting_unknown")
    pair = tx.pairs.require(case.pair.id)
    if pair.state is not PairState.BOOKED:
        booked_at = pair.booked_at or booking.booked_at
        tx.pairs.put(replace(pair, state=PairState.BOOKED, booked_at=booked_at))
        tx.journal.write(
            JournalEntry(at=now, code="booked", program_id=case.program.id, pair_id=pair.id)
        )


async def _block(app: App, case: Case, code: str, **data: str) -> None:
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.PAIR, subject_id=case.pair.id, code=code, since=now, data=data
            )
        )
        tx.journal.write(
            JournalEntry(
                at=now,
                code="blocked",
                program_id=case.program.id,
                pair_id=case.pair.id,
                data={"why": code, **data},
            )
        )

    await app.store.run(record)
