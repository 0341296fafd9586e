"""The dates of a new series: compared with the plan, moved to their own hour, taken out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.errors import ChangedMeanwhileError, IntegrationError, NotFoundError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Blocker, BlockerScope, Booking, Intent, Session, SessionState
from integrations.workflows.acting import Act, ChangedElsewhere, Happened, NotHappened, ReadBack
from integrations.workflows.app import App
from integrations.workflows.booking.booking_case import Case, invitation_mails
from integrations.workflows.booking.crossing import is_clear
from scheduling.timespan import TimeSpan

LOOK_KEEPS = timedelta(minutes=2)
NO_COMMON_HOUR = "No common hour was found for this date; the other dates stay as they are."


async def verify_instances(
    app: App, case: Case, booking: Booking
) -> tuple[Booking, Sequence[Session]]:
    """Compare the dates Outlook made with the plan, and find where each of them stands.

    Raises:
        InstancesDifferError: they are not the same.
    """
    first, last = case.sessions[0], case.sessions[-1]
    margin = timedelta(days=1)
    span = TimeSpan(first.series_start - margin, last.series_start + 15 * margin)
    instances = await app.graph.calendar.instances(booking.mailbox_id, booking.event_id, span)
    by_start = {instance.original_start or instance.span.start: instance for instance in instances}
    planned = {session.series_start for session in case.sessions}
    if set(by_start) != planned:
        raise InstancesDifferError(planned - set(by_start), set(by_start) - planned)
    verified = replace(booking, instances_verified_at=app.clock.now())
    return verified, [_with_instance(s, by_start[s.series_start]) for s in case.sessions]


class InstancesDifferError(IntegrationError):
    """The dates Outlook made of a series are not the planned ones."""

    def __init__(self, missing: Collection[datetime], unexpected: Collection[datetime]) -> None:
        self.missing = ", ".join(stamp(at) for at in sorted(missing))
        self.unexpected = ", ".join(stamp(at) for at in sorted(unexpected))
        super().__init__(f"missing: {self.missing}; unexpected: {self.unexpected}")


def stamp(at: datetime) -> str:
    """An instant as intents hold it."""
    return at.strftime("%Y-%m-%dT%H:%MZ")


def _with_instance(session: Session, instance: EventSnapshot) -> Session:
    """The session with its place in Outlook; one that stays on the slot is thereby scheduled."""
    stays = session.state is SessionState.PLANNED and not session.moved
    return replace(
        session,
        event_id=instance.id,
        etag=instance.etag,
        state=SessionState.SCHEDULED if stays else session.state,
    )


def move_date(app: App, case: Case, booking: Booking, session: Session) -> Act[EventSnapshot]:
    """Move a date that does not lie on the series' hour to its own."""
    target = TimeSpan(session.start, session.end)
    event_id = session.event_id or ""
    looked_at = booking.instances_verified_at or booking.booked_at

    def has_room(tx: Transaction, others_began: bool) -> bool:
        return is_clear(tx, case.pair, target, app.clock.now(), booking.booked_at)

    async def send(intent: Intent) -> EventSnapshot:
        etag = intent.etag
        if etag is None and app.clock.now() - looked_at > LOOK_KEEPS:
            etag = await _etag_if_unmoved(app, case, session)
        return await app.graph.calendar.move(case.mailbox_id, event_id, target, case.zone, etag)

    async def look(intent: Intent) -> ReadBack[EventSnapshot]:
        try:
            event = await app.graph.calendar.read(case.mailbox_id, event_id)
        except NotFoundError:
            return ChangedElsewhere()
        if event.span == target:
            return Happened(event)
        unmoved = event.span.start == session.series_start
        return NotHappened(event.etag) if unmoved else ChangedElsewhere()

    def keep(tx: Transaction, intent: Intent, event: EventSnapshot) -> None:
        tx.sessions.put(
            replace(session, state=SessionState.SCHEDULED, event_id=event.id, etag=event.etag)
        )
        if event.join_url != booking.join_url:
            now = app.clock.now()
            tx.blockers.set(
                Blocker(
                    scope=BlockerScope.PAIR, subject_id=case.pair.id, code="no_join_link", since=now
                )
            )

    return Act(
        key=f"move/{session.id}/{case.pair.generation}/{stamp(session.start)}",
        kind="date_moved",
        program_id=case.program.id,
        pair_id=case.pair.id,
        session_id=session.id,
        mailbox_id=case.mailbox_id,
        event_id=event_id,
        # Moving one date changes the key of the whole series, so the keys read with the instances
        # are stale after the first move, and Exchange changes them by itself some seconds after
        # creation: what was looked at just now is sent without one.
        etag=None,
        before={"start": stamp(session.series_start)},
        after={"start": stamp(session.start)},
        mails=invitation_mails(case, "update"),
        send=send,
        look=look,
        keep=keep,
        decided_from=booking.booked_at if case.shares_people else None,
        still_holds=has_room,
    )


async def _etag_if_unmoved(app: App, case: Case, session: Session) -> str:
    """The etag to write with, if the date still stands where it was seen.

    Raises:
        ChangedMeanwhileError: it does not.
    """
    event = await app.graph.calendar.read(case.mailbox_id, session.event_id or "")
    if event.span.start != session.series_start:
        raise ChangedMeanwhileError(412, "moved since it was read")
    return event.etag


def cancel_date(app: App, case: Case, session: Session) -> Act[None]:
    """Take out a date that has no common hour: it must not stand in the calendars."""
    event_id = session.event_id or ""

    async def send(intent: Intent) -> Happened[None]:
        was_there = await app.graph.calendar.cancel(case.mailbox_id, event_id, NO_COMMON_HOUR)
        return Happened(None, ours=was_there)

    async def look(intent: Intent) -> ReadBack[None]:
        try:
            event = await app.graph.calendar.read(case.mailbox_id, event_id)
        except NotFoundError:
            return Happened(None)
        return Happened(None) if event.cancelled else NotHappened()

    def keep(tx: Transaction, intent: Intent, value: None) -> None:
        tx.sessions.put(replace(session, event_id=None, etag=None))

    return Act(
        key=f"cancel/{session.id}/{case.pair.generation}",
        kind="date_taken_out",
        program_id=case.program.id,
        pair_id=case.pair.id,
        session_id=session.id,
        mailbox_id=case.mailbox_id,
        event_id=event_id,
        before={"start": stamp(session.series_start)},
        mails=invitation_mails(case, "cancellation"),
        send=send,
        look=look,
        keep=keep,
    )
