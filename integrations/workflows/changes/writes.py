"""Carrying out one step: the call, its read-back, and what it leaves in the store.

What is compared is meaning, never a change key: Exchange changes keys by itself, and a read may
for a while show what was before our own write.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from integrations.errors import ChangedMeanwhileError, NotFoundError
from integrations.language import speaking
from integrations.ports import EventDraft, EventSnapshot, Transaction
from integrations.records import Blocker, BlockerScope, Intent, Json
from integrations.workflows.acting import (
    STALE_FOR,
    Act,
    ChangedByPersonError,
    ChangedElsewhere,
    Claim,
    Happened,
    NotHappened,
    NotYet,
    ReadBack,
    owe,
    perform,
)
from integrations.workflows.app import App
from integrations.workflows.booking import mailboxes
from integrations.workflows.booking.invitation import location_of
from integrations.workflows.changes.calendar_view import digest
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.remembering import remember_all
from integrations.workflows.changes.single import single_invitation
from integrations.workflows.changes.steps import MAILS, Step, StepKind, before_of
from integrations.workflows.messages.comments import Comment, comment_text
from integrations.workflows.messages.languages import common_language

Written = EventSnapshot | None
"""What a write answers: the event as it stands then; None where it is gone."""


CROSSING = "ErrorOccurrenceCrossingBoundary"
"""Graph's word for a date that may not land on or beyond the day of its neighbour."""


async def write(app: App, claim: Claim, case: Case, step: Step) -> None:
    """Make the step happen, or find that it has; what it leaves in the store is kept with it.

    A date or series that is to be taken out and is gone already is done without a mail. What turns
    out, long after it was decided, not to have happened is not made to happen any more: the date
    may have begun by then, or its freeze.

    Raises:
        ChangedByPersonError: somebody of the firm acted meanwhile; nothing was written.
        OutdatedError: it is to be decided anew; nothing was written.
        NotYet, ClaimLostError, IntegrationError: as ``perform``.
    """
    step = replace(step, decided_at=step.decided_at or case.loaded_at)
    try:
        written = await perform(app, claim, act_of(app, case, step))
    except NotFoundError:
        if step.kind in (StepKind.MOVE, StepKind.RESTORE):
            raise ChangedByPersonError(step.kind) from None
        if step.kind is StepKind.BOOK:
            raise
        await app.store.run(lambda tx: keep_done(app, tx, case, replace(step, owes=()), None))
        return
    if step.kind is StepKind.BOOK and (written is None or written.join_url is None):
        await mailboxes.stop(app, step.mailbox_id, "trial_without_link")


def act_of(app: App, case: Case, step: Step) -> Act[Written]:
    """The step as ``perform`` takes it."""
    calls = _CALLS[step.kind](app, case, step)

    def keep(tx: Transaction, intent: Intent, written: Written) -> None:
        keep_done(app, tx, case, step, written)

    return Act(
        key=step.key,
        kind=step.kind.value,
        mailbox_id=step.mailbox_id,
        send=calls.send,
        look=calls.look,
        keep=keep,
        program_id=case.program.id,
        pair_id=case.pair.id,
        session_id=step.session_id,
        event_id=step.event_id,
        etag=step.etag,
        transaction_id=step.transaction_id,
        before=before_of(step),
        after=step.result,
        mails=_mails(case, step),
        decided_from=case.loaded_at if step.to is not None and not step.owed else None,
        believed_until=_believed_until(app, step),
    )


def _believed_until(app: App, step: Step) -> datetime | None:
    """Until when a step may be made to happen; None where it is owed, whatever has changed."""
    if step.owed:
        return step.target.start if step.is_new_date else None
    return None if step.decided_at is None else step.decided_at + app.options.reading_keeps


def _mails(case: Case, step: Step) -> tuple[Json, ...]:
    kind = MAILS[step.kind]
    capped = step.capped and kind != "cancellation"
    return tuple({**mail, "capped": capped} for mail in case.mails(kind))


def keep_done(app: App, tx: Transaction, case: Case, step: Step, written: Written) -> None:
    """Remember that a step is done, and what is owed from now on."""
    now = app.clock.now()
    events = {step.session_id: written} if written and step.session_id else {}
    remember_all(app, tx, case.pair.id, step.acts, events)
    if not step.acts and step.session_id is not None and written is not None:
        _note_event(tx, step, step.session_id, written)
    for owed in step.owes:
        owe(app, tx, act_of(app, case, owed), now)
    if written is not None and not _keeps_its_link(case, step, written):
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.PAIR, subject_id=case.pair.id, code="no_join_link", since=now
            )
        )


def _note_event(tx: Transaction, step: Step, session_id: str, written: EventSnapshot) -> None:
    """Which event stands for the session now; of the rest nothing changed."""
    session = tx.sessions.require(session_id)
    single = session.single or step.kind is StepKind.BOOK
    tx.sessions.put(
        replace(
            session, event_id=written.id, etag=written.etag, single=single, seen=digest(written)
        )
    )


def _keeps_its_link(case: Case, step: Step, written: EventSnapshot) -> bool:
    if step.kind is StepKind.BOOK:
        return written.join_url is not None
    known = {b.join_url for b in case.bookings if b.mailbox_id == step.mailbox_id}
    session = next((s for s in case.sessions if s.id == step.session_id), None)
    if session is None or session.single or not known:
        return written.join_url is not None
    return written.join_url in known


# --- the calls ----------------------------------------------------------------------------


class Calls:
    """How a step is sent and read back."""

    def __init__(self, app: App, case: Case, step: Step) -> None:
        self.app, self.calendar, self.case, self.step = app, app.graph.calendar, case, step
        self.doubted = False
        """Whether an earlier call may have happened already."""

    @property
    def event_id(self) -> str:
        """The event the step is about."""
        if self.step.event_id is None:
            raise LookupError(f"{self.step.key} names no event")
        return self.step.event_id

    async def send(self, intent: Intent) -> Written | Happened[Written]:
        """Make the call."""
        raise NotImplementedError

    async def look(self, intent: Intent) -> ReadBack[Written]:
        """Whether it came true."""
        self.doubted = True
        return await self.found(intent)

    async def found(self, intent: Intent) -> ReadBack[Written]:
        """What a read shows of it."""
        raise NotImplementedError

    async def read(self) -> EventSnapshot | None:
        """The event; None where it is gone."""
        try:
            event = await self.calendar.read(self.step.mailbox_id, self.event_id)
        except NotFoundError:
            return None
        return None if event.cancelled else event


class Moving(Calls):
    """A PATCH of ``start`` and ``end``, with the change key of what was seen."""

    async def send(self, intent: Intent) -> Written:
        etag = intent.etag or await self._etag_where_it_stands()
        step = self.step
        return await self.calendar.move(
            step.mailbox_id, self.event_id, step.target, step.zone, etag
        )

    async def found(self, intent: Intent) -> ReadBack[Written]:
        event = await self.read()
        if event is None:
            return ChangedElsewhere()
        if event.span == self.step.target:
            return Happened(event)
        return NotHappened(event.etag) if self._is_unmoved(event) else ChangedElsewhere()

    def _is_unmoved(self, event: EventSnapshot) -> bool:
        return event.span == self.step.stands

    async def _etag_where_it_stands(self) -> str:
        event = await self.calendar.read(self.step.mailbox_id, self.event_id)
        if event.span != self.step.stands:
            raise ChangedMeanwhileError(412, "moved since it was read")
        return event.etag


class Restoring(Moving):
    """A move back to where a date stood before its series was cut, as stale reads show it."""

    async def found(self, intent: Intent) -> ReadBack[Written]:
        believed_from = intent.created_at + STALE_FOR
        if self.app.clock.now() < believed_from:
            raise NotYet(believed_from, "a read may show what was before the series was cut")
        return await super().found(intent)

    def _is_unmoved(self, event: EventSnapshot) -> bool:
        """Also where the cut let it fall, which the read before may not have shown.

        And anywhere to come, if the date is over: from where the cut let it fall somebody has moved
        what nobody was to find there.
        """
        fell = event.span.start == self.step.recurrence_id
        is_over = self.step.target.end <= self.app.clock.now() < event.span.start
        return super()._is_unmoved(event) or fell or is_over


class Cancelling(Calls):
    """A POST of ``cancel`` with neutral words, which takes no change key."""

    async def send(self, intent: Intent) -> Happened[Written]:
        step = self.step
        with speaking(common_language(self.case.people, self.app.options.language)):
            words = comment_text(
                self.case.program, step.comment or Comment.ENDED, resumes_on=step.resumes_on
            )
        was_there = await self.calendar.cancel(step.mailbox_id, self.event_id, words)
        if not was_there and not self.doubted:
            # Somebody else took it out: this write mails nobody, and must not say that it did.
            raise NotFoundError(404, "gone already")
        return Happened(None, ours=was_there)

    async def found(self, intent: Intent) -> ReadBack[Written]:
        event = await self.read()
        if event is None:
            return Happened(None)
        if self.step.stands in (None, event.span):
            return NotHappened()
        return ChangedElsewhere(in_doubt=False)


class Booking(Calls):
    """A POST of a single event, found again by its tag."""

    async def send(self, intent: Intent) -> Written:
        return await self.calendar.create_event(self.step.mailbox_id, self._draft())

    async def found(self, intent: Intent) -> ReadBack[Written]:
        found = await self.calendar.find_tagged(self.step.mailbox_id, self.step.key)
        return Happened(found[0]) if found else NotHappened()

    def _draft(self) -> EventDraft:
        case, step = self.case, self.step
        words = single_invitation(
            case, step.target, step.zone, self.app.options.page_url, self.app.options.language
        )
        return EventDraft(
            subject=words.subject,
            body_html=words.body,
            zone=step.zone,
            span=step.target,
            attendees=tuple((person.mail, person.name) for person in case.people),
            location=location_of(case.rule, case.pair),
            transaction_id=step.transaction_id or "",
            tag=step.key,
        )


class Cutting(Calls):
    """A PATCH of a series' range, which drops its exceptions."""

    async def send(self, intent: Intent) -> Written:
        step = self.step
        if step.range_to is None:
            raise LookupError(f"{step.key} cuts to no range")
        return await self.calendar.truncate(
            step.mailbox_id, self.event_id, step.range_to, intent.etag
        )

    async def found(self, intent: Intent) -> ReadBack[Written]:
        master = await self.read()
        if master is None:
            return ChangedElsewhere()
        if master.recurrence == self.step.range_to:
            return Happened(master)
        unchanged = master.recurrence == self.step.range_stands
        return NotHappened(master.etag) if unchanged else ChangedElsewhere()


_CALLS: dict[StepKind, type[Calls]] = {
    StepKind.MOVE: Moving,
    StepKind.RESTORE: Restoring,
    StepKind.CANCEL: Cancelling,
    StepKind.BOOK: Booking,
    StepKind.CUT: Cutting,
    StepKind.END: Cancelling,
}
