"""What a coordinator did in the organizer's calendar: Outlook wins and the store follows."""

from collections.abc import Iterator

from scheduling.changes.acts import (
    Act,
    Decision,
    FollowCancel,
    FollowMove,
    RaiseNeed,
    ReadyAct,
    decision,
)
from scheduling.changes.limits import shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.replies import DATE_ACTS
from scheduling.changes.search import beyond_tolerance, change_of_time, other_hours, standing_over
from scheduling.changes.situation import Situation
from scheduling.changes.views import PairView, Response, SeriesView, SessionView
from scheduling.timespan import TimeSpan


def followed(situation: Situation) -> Iterator[Decision]:
    """Dates moved or cancelled in the calendar, the series deleted, and what is left alone.

    Only within the stretch that was read; a past date that is missing is left as it was.
    """
    pair, calendar = situation.pair, situation.calendar
    if calendar is None:
        return
    missing: list[SessionView] = []
    for session in pair.current:
        if not session.is_live or not calendar.read.overlaps(session.span):
            continue
        occurrence = calendar.occurrence_of(session)
        if occurrence is None:
            if session.span.start > situation.now:
                missing.append(session)
        elif occurrence.span != session.span:
            yield _moved(situation, session, occurrence.span)
    yield from _missing(pair, calendar, missing)
    yield from _left_alone(situation, calendar)


def _moved(situation: Situation, session: SessionView, to: TimeSpan) -> Decision:
    beyond = beyond_tolerance(situation.pair, session, to)
    return decision(
        ChangeCode.MOVED_OUTSIDE_TOLERANCE if beyond else ChangeCode.MOVED_IN_CALENDAR,
        FollowMove(session.id, to, standing_over(situation.known, to)),
        session=session.id,
        to=shown(to.start),
    )


def _missing(
    pair: PairView, calendar: SeriesView, missing: list[SessionView]
) -> Iterator[Decision]:
    if not calendar.alive and pair.series is not None:
        lost: tuple[Act, ...] = tuple(FollowCancel(s.id) for s in missing if not s.is_single)
        ready = (ReadyAct.BOOK_AGAIN, ReadyAct.PAUSE, ReadyAct.END)
        yield decision(
            ChangeCode.SERIES_DELETED, *lost, RaiseNeed(ChangeCode.SERIES_DELETED, ready=ready)
        )
        missing = [s for s in missing if s.is_single]
    for session in missing:
        yield decision(
            ChangeCode.CANCELLED_IN_CALENDAR, FollowCancel(session.id), session=session.id
        )


def _left_alone(situation: Situation, calendar: SeriesView) -> Iterator[Decision]:
    pair = situation.pair
    # What was decided just now to be cancelled is in the calendar still, and known all the same.
    known = [s for s in pair.sessions if s.is_live or s.id in situation.claimed]
    for occurrence in calendar.occurrences:
        coming = not occurrence.cancelled and occurrence.span.start > situation.now
        if coming and not any(s.is_at(occurrence) for s in known):
            yield decision(ChangeCode.UNEXPECTED_DATE, date=shown(occurrence.span.start))
    members = {member.id for member in pair.members}
    further = {r.person for r in _answers(calendar)} - members
    if further:
        yield decision(ChangeCode.EXTRA_ATTENDEES, count=len(further))


def _answers(calendar: SeriesView) -> Iterator[Response]:
    yield from calendar.responses
    for occurrence in calendar.occurrences:
        yield from occurrence.responses


def respaced(situation: Situation, session: SessionView) -> Decision | None:
    """A date that a coordinator's move left too close to its neighbour.

    The moved date stays. The one that follows it gets another time if it may; otherwise,
    and for one that comes before it, the coordinator is told.
    """
    pair, gap = situation.pair, situation.pair.rule.min_gap_days
    if not gap or session.moved_by_person:
        return None
    day = pair.day_of(session.span.start)
    near = [
        other
        for other in pair.current
        if other.is_live
        and other.moved_by_person
        and other.id != session.id
        and abs((pair.day_of(other.span.start) - day).days) < gap
    ]
    if not near:
        return None
    known = situation.known
    follows = all(other.span.start < session.span.start for other in near)
    may_move = follows and not situation.frozen(session)
    if may_move and known is not None and session.moves < situation.limits.moves_per_date:
        found = other_hours(situation, known, session.window, avoid=[session.span], count=1)
        if found:
            return decision(
                ChangeCode.RESPACED,
                change_of_time(pair, session, found[0]),
                session=session.id,
                to=shown(found[0].start),
            )
    need = RaiseNeed(ChangeCode.TOO_CLOSE, session.id, DATE_ACTS)
    return decision(ChangeCode.TOO_CLOSE, need, session=session.id, days=gap)
