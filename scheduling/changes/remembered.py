"""What the store holds once an act is done: the one place that says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from scheduling.changes.acts import (
    Act,
    AdoptSeries,
    BookDate,
    BookSeries,
    CancelDate,
    ChangeOrganizer,
    ChangeRule,
    CloseNeed,
    Complete,
    EndSeries,
    FollowCancel,
    FollowMove,
    ForgetConflict,
    ForgetSeriesDecline,
    MoveDate,
    NoteConflict,
    NoteReply,
    NoteSeriesDecline,
    OfferDates,
    OfferHours,
    RaiseNeed,
    ReplaceDate,
    Resume,
    SettleOrder,
    StartGeneration,
    StartPause,
    Tell,
)
from scheduling.changes.views import (
    CancelCause,
    Offer,
    PairState,
    PairView,
    SessionState,
    SessionView,
    StoodAlready,
    session_id_of,
)


def remembered(pair: PairView, act: Act, now: datetime) -> PairView:
    """The pair as the store holds it once ``act`` is done.

    What only the calendar can tell (the id of an event that was made) is left for whoever
    acts to fill in: such a session carries its own id as ``event_id`` until then.
    """
    return _AFTER[type(act)](pair, act, now)


def _moved(pair: PairView, act: MoveDate | ReplaceDate, _: datetime) -> PairView:
    session = pair.session(act.session_id)
    replies = {act.reply} if act.reply is not None else set()
    moved = replace(
        session,
        span=act.to,
        moves=session.moves + 1,
        declines=session.declines + act.decline,
        acted=session.acted | replies,
        conflicts=(),
        stood=act.stood,
        moved_by_person=act.by_person,
    )
    if isinstance(act, ReplaceDate):
        # Its occurrence was cancelled before the single event took its place.
        moved = replace(moved, event_id=session.id, state=SessionState.SCHEDULED, cause=None)
    return pair.with_session(moved)


def _cancelled(pair: PairView, act: CancelDate, _: datetime) -> PairView:
    return pair.with_session(_without(pair.session(act.session_id), act.cause))


def _without(session: SessionView, cause: CancelCause) -> SessionView:
    return replace(session, state=SessionState.CANCELLED, cause=cause, conflicts=())


def _booked(pair: PairView, act: BookDate, _: datetime) -> PairView:
    standing = {s.id: s for s in pair.sessions}
    if act.session_id in standing:
        session = replace(
            standing[act.session_id],
            state=SessionState.SCHEDULED,
            span=act.span,
            event_id=act.session_id,
            make_up=True,
            cause=None,
            moves=0,
            declines=0,
            told=frozenset(),
            stood=(),
            moved_by_person=False,
            held=None,
        )
    else:
        session = SessionView(
            id=act.session_id,
            window=act.window,
            state=SessionState.SCHEDULED,
            recurrence_id=act.span.start,
            planned=act.span,
            span=act.span,
            event_id=act.session_id,
            make_up=act.window >= pair.rule.occurrences,
            generation=pair.generation,
        )
    return pair.with_session(session)


def _series_booked(pair: PairView, act: BookSeries, _: datetime) -> PairView:
    return replace(pair, state=PairState.BOOKING, series=act.series or pair.series, offer=None)


def _generation_started(pair: PairView, act: StartGeneration, now: datetime) -> PairView:
    generation = pair.generation + 1
    new = tuple(
        SessionView(
            id=session_id_of(pair.id, generation, window),
            window=window,
            state=SessionState.SCHEDULED,
            recurrence_id=act.series.utc_start(window, act.rule.interval_weeks),
            planned=span,
            span=span,
            generation=generation,
            stood=tuple(StoodAlready(m.id, span) for m in pair.members) if act.stood else (),
        )
        for window, span in act.dates
    )
    return replace(
        pair,
        # Its dates are not in any calendar yet: nothing else is decided about them until then.
        state=PairState.BOOKING,
        rule=act.rule,
        start_date=act.start_date,
        series=act.series,
        generation=generation,
        sessions=(*pair.sessions, *new),
        # Hours offered before are none to pick from once others stand.
        offer=None,
    )


def _unchanged(pair: PairView, _act: ChangeOrganizer, _: datetime) -> PairView:
    # Nothing is decided by who organizes; the store alone knows.
    return pair


def _rule_changed(pair: PairView, act: ChangeRule, _: datetime) -> PairView:
    # A pair that had its dates goes on when the rule gives it more of them.
    extended = act.rule.occurrences > pair.rule.occurrences
    goes_on = pair.state is PairState.COMPLETED and extended
    return replace(pair, rule=act.rule, state=PairState.BOOKED if goes_on else pair.state)


def _adopted(pair: PairView, act: AdoptSeries, now: datetime) -> PairView:
    sessions = tuple(
        SessionView(
            id=session_id_of(pair.id, pair.generation, window),
            window=window,
            state=SessionState.SCHEDULED,
            recurrence_id=recurrence_id,
            planned=span,
            span=span,
            generation=pair.generation,
            # The two chose these hours themselves, whatever the rule says of them.
            moved_by_person=True,
        )
        for window, recurrence_id, span in act.dates
    )
    return replace(
        pair, state=PairState.BOOKED, series=act.series, sessions=sessions, booked_at=now
    )


def _ended(pair: PairView, act: EndSeries, _: datetime) -> PairView:
    for session_id in act.truncation.cancelled:
        pair = pair.with_session(_without(pair.session(session_id), act.cause))
    for session_id, span in act.truncation.singles:
        kept = replace(pair.session(session_id), span=span, event_id=session_id)
        pair = pair.with_session(kept)
    if act.closes:
        return replace(pair, state=PairState.WITHDRAWN, offer=None, series_declines=())
    return pair


def _followed_move(pair: PairView, act: FollowMove, _: datetime) -> PairView:
    session = pair.session(act.session_id)
    followed = replace(session, span=act.span, moved_by_person=True, conflicts=(), stood=act.stood)
    return pair.with_session(followed)


def _followed_cancel(pair: PairView, act: FollowCancel, _: datetime) -> PairView:
    return pair.with_session(_without(pair.session(act.session_id), CancelCause.IN_CALENDAR))


def _conflict_noted(pair: PairView, act: NoteConflict, _: datetime) -> PairView:
    session = pair.session(act.session_id)
    others = tuple(c for c in session.conflicts if c.person != act.conflict.person)
    return pair.with_session(replace(session, conflicts=(*others, act.conflict)))


def _conflict_forgotten(pair: PairView, act: ForgetConflict, _: datetime) -> PairView:
    session = pair.session(act.session_id)
    left = tuple(c for c in session.conflicts if c.person != act.person)
    return pair.with_session(replace(session, conflicts=left))


def _reply_noted(pair: PairView, act: NoteReply, _: datetime) -> PairView:
    session = pair.session(act.session_id)
    return pair.with_session(replace(session, acted=session.acted | {act.reply}))


def _series_decline_noted(pair: PairView, act: NoteSeriesDecline, _: datetime) -> PairView:
    others = tuple(d for d in pair.series_declines if d.person != act.decline.person)
    return replace(pair, series_declines=(*others, act.decline))


def _series_decline_forgotten(pair: PairView, act: ForgetSeriesDecline, _: datetime) -> PairView:
    left = tuple(d for d in pair.series_declines if d.person != act.person)
    return replace(pair, series_declines=left)


def _told(pair: PairView, act: Tell, _: datetime) -> PairView:
    session = pair.session(act.session_id)
    note = f"{act.person}:{act.message}"
    return pair.with_session(replace(session, told=session.told | {note}))


def _dates_offered(pair: PairView, _act: OfferDates, _: datetime) -> PairView:
    return pair


def _hours_offered(pair: PairView, act: OfferHours, now: datetime) -> PairView:
    return replace(pair, offer=Offer(act.people, now, act.hours))


def _need_raised(pair: PairView, act: RaiseNeed, _: datetime) -> PairView:
    return replace(pair, needs=pair.needs | {act.key})


def _need_closed(pair: PairView, act: CloseNeed, _: datetime) -> PairView:
    return replace(pair, needs=pair.needs - {act.key})


def _paused(pair: PairView, act: StartPause, _: datetime) -> PairView:
    return replace(pair, state=PairState.PAUSED, pause=act.pause)


def _resumed(pair: PairView, _act: Resume, _: datetime) -> PairView:
    over = (pair.pause,) if pair.pause is not None else ()
    past = (*pair.past_pauses, *over)
    return replace(pair, state=PairState.BOOKED, pause=None, past_pauses=past)


def _completed(pair: PairView, _act: Complete, _: datetime) -> PairView:
    return replace(pair, state=PairState.COMPLETED)


def _order_settled(pair: PairView, act: SettleOrder, _: datetime) -> PairView:
    left = tuple(order for order in pair.orders if order.id != act.order_id)
    return replace(pair, orders=left)


_AFTER: dict[type, Callable[[PairView, Any, datetime], PairView]] = {
    MoveDate: _moved,
    ReplaceDate: _moved,
    CancelDate: _cancelled,
    BookDate: _booked,
    BookSeries: _series_booked,
    StartGeneration: _generation_started,
    ChangeOrganizer: _unchanged,
    ChangeRule: _rule_changed,
    AdoptSeries: _adopted,
    EndSeries: _ended,
    FollowMove: _followed_move,
    FollowCancel: _followed_cancel,
    NoteConflict: _conflict_noted,
    ForgetConflict: _conflict_forgotten,
    NoteReply: _reply_noted,
    NoteSeriesDecline: _series_decline_noted,
    ForgetSeriesDecline: _series_decline_forgotten,
    Tell: _told,
    OfferDates: _dates_offered,
    OfferHours: _hours_offered,
    RaiseNeed: _need_raised,
    CloseNeed: _need_closed,
    StartPause: _paused,
    Resume: _resumed,
    Complete: _completed,
    SettleOrder: _order_settled,
}
