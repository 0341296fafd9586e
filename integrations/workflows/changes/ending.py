"""Ending dates of a series without losing one that is kept.

A cut is a change of pattern to Exchange: every date that was moved or cancelled falls back to
where the series puts it. So whatever the cut undoes is written into its intent beforehand, becomes
owed in the transaction that settles the cut, and is done from there whatever is decided later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.errors import NotFoundError
from integrations.ports import EventSnapshot
from integrations.records import Booking, Json, Session, SessionState
from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.dates import Numbers, cancel_step, numbers_of, single_key
from integrations.workflows.changes.remembering import store_only
from integrations.workflows.changes.steps import Step, StepKind, packed
from integrations.workflows.changes.writes import write
from integrations.workflows.messages.comments import Comment
from scheduling.changes.acts import CancelDate, EndSeries
from scheduling.changes.views import CancelCause
from scheduling.timespan import TimeSpan

_FAR = timedelta(weeks=8)
"""Further than this from its usual place no date is looked for."""


async def end_series(
    app: App, claim: Claim, case: Case, act: EndSeries, then: tuple[Json, ...], *, replaced: bool
) -> None:
    """End the dates the act names; ``then`` is remembered together with its last write.

    Dates apart from the present series go first, one by one; a repetition finds them gone. Of the
    series itself the dates are cancelled one by one where that mails nobody more often than a cut
    would: a cancellation can carry words, a cut cannot, and nothing else of the series is touched.
    ``replaced`` tells the words that another series follows.
    """
    ending = _Ending(case, act, await numbers_of(app, case), _comment(act, replaced))
    for session in ending.apart:
        await write(app, claim, case, ending.cancel(session, ()))
    acts = (*packed((act,)), *then)
    inside, booking = ending.inside, case.booking
    if booking is None or not inside:
        await store_only(app, case.pair.id, acts)
        return
    one_by_one = act.truncation.one_by_one
    if act.truncation.range is None and not one_by_one:
        await write(app, claim, case, ending.whole(booking, acts))
        return
    cut = None
    if len(inside) > act.truncation.cut_mails and not one_by_one:
        cut = await _cut(app, ending, booking, acts)
    if cut is not None:
        await write(app, claim, case, cut)
        return
    for session in inside[:-1]:
        await write(app, claim, case, ending.cancel(session, ()))
    await write(app, claim, case, ending.cancel(inside[-1], acts))


def _comment(act: EndSeries, replaced: bool) -> Comment:
    if replaced:
        return Comment.SERIES_REPLACED
    return Comment.WITHDRAWN if act.closes else Comment.ENDED


async def _cut(app: App, ending: _Ending, booking: Booking, acts: tuple[Json, ...]) -> Step | None:
    """The cut, from the series as it is now; None where it ends there already or is gone."""
    try:
        master = await app.graph.calendar.read(booking.mailbox_id, booking.event_id)
        standing = await _standing(app, ending, booking)
    except NotFoundError:
        return None
    return ending.cut(booking, master, acts, standing)


Standing = Mapping[datetime, TimeSpan | None]
"""Where the calendar has a date, by recurrence id; None where it has none."""


async def _standing(app: App, ending: _Ending, booking: Booking) -> Standing:
    """Where dates stand of which the store may hold something else.

    That is what the calendar only seemed to have lost, and what is over: a person may have put it
    where it was really held, or have taken it out, and an ending may be decided without a look.
    """
    doubtful = ending.seemed_gone | ending.kept_over(app.clock.now())
    if not doubtful:
        return {}
    around = TimeSpan(min(doubtful) - _FAR, max(doubtful) + _FAR)
    found = await app.graph.calendar.instances(booking.mailbox_id, booking.event_id, around)
    by_id = {e.original_start or e.span.start: e.span for e in found if not e.cancelled}
    return {at: by_id.get(at) for at in doubtful}


@dataclass(frozen=True, slots=True)
class _Ending:
    """The dates an act ends, as steps."""

    case: Case
    act: EndSeries
    numbers: Numbers
    comment: Comment

    @property
    def _ends(self) -> list[Session]:
        ids = set(self.act.truncation.cancelled)
        return [session for session in self.case.sessions if session.id in ids]

    @property
    def inside(self) -> list[Session]:
        """Those that are occurrences of the present series, by start."""
        inside = [s for s in self._ends if self._is_inside(s)]
        return sorted(inside, key=lambda s: (s.start, s.id))

    @property
    def apart(self) -> list[Session]:
        """Those with events of their own, or of an earlier series."""
        return [s for s in self._ends if not self._is_inside(s) and s.event_id is not None]

    def _is_inside(self, session: Session) -> bool:
        return not session.single and session.generation == self.case.pair.generation

    def cancel(self, session: Session, acts: tuple[Json, ...]) -> Step:
        """One of them cancelled singly; ``acts`` are remembered with it."""
        gone = packed((CancelDate(session.id, self.act.cause),))
        return cancel_step(self.case, session, self.numbers, (*gone, *acts), self.comment)

    def whole(self, booking: Booking, acts: tuple[Json, ...]) -> Step:
        """The whole series cancelled, where no date of it is kept."""
        return Step(
            kind=StepKind.END,
            key=f"truncate/{self._name}/{self.numbers.next(StepKind.END)}",
            mailbox_id=booking.mailbox_id,
            zone=booking.zone,
            event_id=booking.event_id,
            comment=self.comment,
            acts=acts,
            capped=False,
        )

    @property
    def _name(self) -> str:
        return f"{self.case.pair.id}/{self.case.pair.generation}"

    @property
    def seemed_gone(self) -> set[datetime]:
        """Recurrence ids that a cut brings back and that somebody else seems to have cancelled."""
        lost = {s.series_start for s in self.case.sessions if s.cause == CancelCause.IN_CALENDAR}
        return lost & set(self.act.truncation.cancel_again)

    def kept_over(self, now: datetime) -> set[datetime]:
        """Recurrence ids of kept occurrences that are over, and that no write of ours put there
        so lately that a read may show what was before it."""
        lately = {intent.session_id for intent in self.case.settled_lately}
        alone = {session_id for session_id, _ in self.act.truncation.singles}
        apart = lately | alone | set(self.act.truncation.cancelled)
        return {
            s.series_start
            for s in self.case.sessions
            if self._is_inside(s) and s.id not in apart
            if s.state is SessionState.SCHEDULED and s.end <= now
        }

    def cut(
        self,
        booking: Booking,
        master: EventSnapshot,
        acts: tuple[Json, ...],
        standing: Standing,
    ) -> Step | None:
        """The series cut after its last kept date; None where it ends there already.

        What is ``standing`` stays where it is, or out of the calendar.
        """
        stands, wanted = master.recurrence, self.act.truncation.range
        if stands is None or wanted is None:
            return None
        shorter = stands.truncated_after(wanted.last_date)
        if shorter is None or shorter == stands:
            return None
        key = f"truncate/{self._name}/{self.numbers.next(StepKind.CUT)}"
        return Step(
            kind=StepKind.CUT,
            key=key,
            mailbox_id=booking.mailbox_id,
            zone=booking.zone,
            event_id=booking.event_id,
            etag=master.etag,
            range_stands=stands,
            range_to=shorter,
            acts=acts,
            owes=tuple(self._undone(booking, key, standing)),
            capped=False,
        )

    def _undone(self, booking: Booking, key: str, standing: Standing) -> Iterator[Step]:
        """What the cut undoes, to be done again: first room is made, then dates are put back."""
        cut = self.act.truncation
        unfit = [self.case.session(session_id).series_start for session_id, _ in cut.singles]
        gone = [at for at, span in standing.items() if span is None]
        for recurrence_id in dict.fromkeys((*cut.cancel_again, *unfit, *sorted(gone))):
            if standing.get(recurrence_id) is None:
                yield _owed(StepKind.CANCEL, booking, key, recurrence_id)
        yield from self._put_back(booking, key, standing)
        for session_id, span in cut.singles:
            next_key = single_key(session_id, self.numbers)
            yield single_step(booking.mailbox_id, booking.zone, next_key, session_id, span)

    def _put_back(self, booking: Booking, key: str, standing: Standing) -> Iterator[Step]:
        """Dates that the cut lets fall to their usual places: back where the calendar has them."""
        moved = {at: (id_, span) for id_, at, span in self.act.truncation.reapply}
        sessions = {s.series_start: s.id for s in self.case.sessions if self._is_inside(s)}
        for recurrence_id in (*sorted(standing.keys() - moved.keys()), *moved):
            session_id, span = moved.get(recurrence_id, (sessions.get(recurrence_id), None))
            span = standing.get(recurrence_id, span)
            if span is None or span.start == recurrence_id:
                continue
            yield _owed(
                StepKind.RESTORE, booking, key, recurrence_id, session_id=session_id, to=span
            )


def _owed(
    kind: StepKind,
    booking: Booking,
    key: str,
    recurrence_id: datetime,
    *,
    session_id: str | None = None,
    to: TimeSpan | None = None,
) -> Step:
    return Step(
        kind=kind,
        key=f"{key}/{recurrence_id:%Y-%m-%dT%H:%MZ}",
        mailbox_id=booking.mailbox_id,
        zone=booking.zone,
        session_id=session_id,
        master_id=booking.event_id,
        recurrence_id=recurrence_id,
        to=to,
        owed=True,
        capped=False,
    )


def single_step(mailbox_id: str, zone: str, key: str, session_id: str, span: TimeSpan) -> Step:
    """A kept date that no occurrence can hold, as an event of its own."""
    return Step(
        kind=StepKind.BOOK,
        key=key,
        mailbox_id=mailbox_id,
        zone=zone,
        session_id=session_id,
        to=span,
        owed=True,
        capped=False,
    )
