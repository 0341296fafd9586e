"""Acts on single dates: move, replace, cancel, book.

**A date that a single event replaces is cancelled first.** A death between the two writes leaves
both calendars without that date, and both inboxes with a note that a new one follows, until the
recovery books it some moments later. The other order would leave two live dates for one meeting:
each of the two might accept, or go to, another one, and a cancellation that came late could not
be told from one of the new date.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from integrations.errors import RefusedError
from integrations.ports import EventSnapshot
from integrations.records import IntentState, Json, Session
from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.booking import mailboxes
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.remembering import store_only
from integrations.workflows.changes.steps import Step, StepKind, packed
from integrations.workflows.changes.writes import CROSSING, write
from integrations.workflows.messages.comments import Comment, comment_for
from scheduling.changes.acts import BookDate, CancelDate, MoveDate, ReplaceDate
from scheduling.changes.views import CancelCause
from scheduling.timespan import TimeSpan

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Numbers:
    """How often writes of a kind about a session were done: their next keys count from there."""

    done: Counter[tuple[str, str | None]]

    def next(self, kind: StepKind, session_id: str | None = None) -> int:
        """The number of the next write; the same again until it is done."""
        return self.done[kind.value, session_id] + 1


async def numbers_of(app: App, case: Case) -> Numbers:
    """The numbers for this pair's next writes."""
    intents = await app.store.run(lambda tx: tx.intents.of_pair(case.pair.id))
    done = (i for i in intents if i.state is IntentState.DONE)
    return Numbers(Counter((i.kind, i.session_id) for i in done))


# --- carrying out -------------------------------------------------------------------------


async def move_date(
    app: App, claim: Claim, case: Case, act: MoveDate, then: tuple[Json, ...]
) -> bool:
    """Move the session's own event; whether it was replaced because Exchange lets none be moved.

    Raises:
        ChangedByPersonError: somebody moved or cancelled it meanwhile, and that stands.
    """
    session = await _located(app, case, case.session(act.session_id))
    try:
        await write(app, claim, case, _move_step(case, session, act, then))
    except RefusedError as refusal:
        if refusal.code != CROSSING:
            raise
        instead = ReplaceDate(act.session_id, act.to, act.reply, act.decline, act.by_person)
        await replace_date(app, claim, case, instead, then)
        return True
    return False


async def replace_date(
    app: App, claim: Claim, case: Case, act: ReplaceDate, then: tuple[Json, ...]
) -> None:
    """Cancel the occurrence; the single event in its place is owed from then on.

    A mailbox that is known not to make Teams meetings keeps the date where it is.
    """
    await mailboxes.require_ready(app, _mailbox_for(case, act.session_id))
    session = await _located(app, case, case.session(act.session_id))
    numbers = await numbers_of(app, case)
    single = _book_step(case, act.session_id, act.to, numbers, (*packed((act,)), *then), owed=True)
    # Lost and not excused, until the single event stands: if that is refused, one is made up.
    lost = CancelDate(act.session_id, CancelCause.DECLINED, replaced=True)
    step = cancel_step(case, session, numbers, packed((lost,)), Comment.REPLACED, owes=(single,))
    await write(app, claim, case, step)


async def cancel_date(
    app: App, claim: Claim, case: Case, act: CancelDate, then: tuple[Json, ...]
) -> None:
    """Take one date out of the calendars."""
    session = await _located(app, case, case.session(act.session_id))
    if session.event_id is None:
        await store_only(app, case.pair.id, (*packed((act,)), *then))
        return
    numbers = await numbers_of(app, case)
    acts = (*packed((act,)), *then)
    step = cancel_step(case, session, numbers, acts, comment_for(act), resumes_on=act.resumes_on)
    await write(app, claim, case, step)


async def book_date(
    app: App, claim: Claim, case: Case, act: BookDate, then: tuple[Json, ...]
) -> None:
    """Book a single event."""
    await mailboxes.require_ready(app, _mailbox_for(case, act.session_id))
    numbers = await numbers_of(app, case)
    step = _book_step(case, act.session_id, act.span, numbers, (*packed((act,)), *then))
    await write(app, claim, case, step)


# --- steps --------------------------------------------------------------------------------


def _move_step(case: Case, session: Session, act: MoveDate, then: tuple[Json, ...]) -> Step:
    return Step(
        kind=StepKind.MOVE,
        key=f"move/{session.id}/{session.generation}/{act.to.start:%Y-%m-%dT%H:%MZ}/{session.moves}",
        mailbox_id=case.mailbox_of(session),
        zone=_zone_of(case, session),
        session_id=session.id,
        event_id=session.event_id,
        etag=session.etag,
        stands=TimeSpan(session.start, session.end),
        to=act.to,
        acts=(*packed((act,)), *then),
    )


def cancel_step(
    case: Case,
    session: Session,
    numbers: Numbers,
    acts: tuple[Json, ...],
    comment: Comment,
    *,
    resumes_on: date | None = None,
    owes: tuple[Step, ...] = (),
) -> Step:
    """The cancellation of a session's event; ``acts`` are remembered with it."""
    number = numbers.next(StepKind.CANCEL, session.id)
    return Step(
        kind=StepKind.CANCEL,
        key=f"cancel/{session.id}/{session.generation}/{number}",
        mailbox_id=case.mailbox_of(session),
        zone=_zone_of(case, session),
        session_id=session.id,
        event_id=session.event_id,
        stands=TimeSpan(session.start, session.end),
        comment=comment,
        resumes_on=resumes_on,
        acts=acts,
        owes=owes,
    )


def _book_step(
    case: Case,
    session_id: str,
    span: TimeSpan,
    numbers: Numbers,
    acts: tuple[Json, ...],
    *,
    owed: bool = False,
) -> Step:
    return Step(
        kind=StepKind.BOOK,
        key=single_key(session_id, numbers),
        mailbox_id=_mailbox_for(case, session_id),
        zone=case.zone,
        session_id=session_id,
        to=span,
        acts=acts,
        owed=owed,
    )


def _mailbox_for(case: Case, session_id: str) -> str:
    """Where a single event for the session is made: beside its series, if it has one."""
    known = (session for session in case.sessions if session.id == session_id)
    return next((case.mailbox_of(session) for session in known), case.mailbox_id)


def single_key(session_id: str, numbers: Numbers) -> str:
    """What names the next single event of a session, and is its tag."""
    return f"single/{session_id}/{numbers.next(StepKind.BOOK, session_id)}"


def _zone_of(case: Case, session: Session) -> str:
    booking = case.booking_of(session.generation)
    return case.zone if booking is None else booking.zone


async def _located(app: App, case: Case, session: Session) -> Session:
    """The session with the event that stands for it, looked up where the store has none."""
    booking = case.booking_of(session.generation)
    if session.event_id is not None or session.single or booking is None:
        return session
    around = TimeSpan(
        min(session.start, session.series_start) - _DAY,
        max(session.end, session.series_start) + _DAY,
    )
    found = await app.graph.calendar.instances(booking.mailbox_id, booking.event_id, around)
    event = next((e for e in found if _original(e) == session.series_start), None)
    if event is None:
        return session
    return replace(session, event_id=event.id, etag=event.etag)


def _original(event: EventSnapshot) -> datetime:
    return event.original_start or event.span.start
