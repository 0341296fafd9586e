"""Declines: of one date, once and again, at short notice, and of the whole series."""

from collections.abc import Iterator
from dataclasses import replace

from scheduling.changes.acts import (
    CancelDate,
    Decision,
    ForgetSeriesDecline,
    Message,
    NoteSeriesDecline,
    OfferHours,
    RaiseNeed,
    ReadyAct,
    Tell,
    decision,
)
from scheduling.changes.limits import shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.search import change_of_time, nearest_hour, other_hours, other_series
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    CancelCause,
    Member,
    Response,
    SeriesDecline,
    SessionView,
    UnreadableTime,
)
from scheduling.freebusy import Answer

DATE_ACTS = (ReadyAct.OFFER_HOURS, ReadyAct.LEAVE_OUT, ReadyAct.PAUSE, ReadyAct.TALK)
SERIES_ACTS = (ReadyAct.OFFER_HOURS, ReadyAct.PAUSE, ReadyAct.END)
_ESCALATED = (
    ChangeCode.DATE_DECLINED_TWICE,
    ChangeCode.NO_OTHER_HOUR,
    ChangeCode.MOVES_USED_UP,
)


def declined_at_short_notice(situation: Situation, session: SessionView) -> Decision | None:
    """A date inside the freeze that somebody needed will not come to is taken out.

    The other is told at once, unless the decline has been known and the date only stood
    until now. Decided from answers alone: it goes ahead while calendars are unreadable.
    """
    declines = fresh_declines(situation, session)
    if not declines or not situation.frozen(session):
        return None
    cancel = CancelDate(session.id, CancelCause.SHORT_NOTICE, at_once=True, replaced=True)
    if any(_need(code, session).key in situation.pair.needs for code in _ESCALATED):
        return decision(
            ChangeCode.DECLINED_DATE_TAKEN_OUT,
            replace(cancel, cause=CancelCause.DECLINED),
            session=session.id,
        )
    who = {response.person for response in declines}
    tell = tuple(
        Tell(member.id, Message.HOUR_IS_OFF, session.id, at_once=True)
        for member in situation.pair.members
        if member.id not in who and not member.has_left
    )
    return decision(
        ChangeCode.DECLINED_AT_SHORT_NOTICE,
        *tell,
        cancel,
        session=session.id,
        person=declines[0].person,
    )


def date_declined(situation: Situation, session: SessionView) -> Decision | None:
    """A declined date outside the freeze: another time at first, then the coordinator.

    Who declined the whole series is not asked about dates of it; an event apart from it was
    declined by itself.
    """
    gone = set() if session.is_single else {d.person for d in situation.pair.series_declines}
    declines = [d for d in fresh_declines(situation, session) if d.person not in gone]
    if not declines or situation.frozen(session):
        return None
    if session.declines > 0:
        return _declined_twice(situation, session, declines[0])
    return another_time(situation, session, declines[0])


def another_time(situation: Situation, session: SessionView, decline: Response) -> Decision:
    """The first decline of a date: the same event at another time of its window."""
    if session.moves >= situation.limits.moves_per_date:
        return stands(situation, session, ChangeCode.MOVES_USED_UP)
    known = situation.known
    if known is None:
        return unreadable(situation, session)
    if decline.proposed is not None:
        to = nearest_hour(situation, known, session, decline.proposed.start)
    else:
        found = other_hours(situation, known, session.window, avoid=[session.span], count=1)
        to = next(iter(found), None)
    if to is None:
        return stands(situation, session, ChangeCode.NO_OTHER_HOUR)
    key = decline.key(event_of(situation, session))
    return decision(
        ChangeCode.DATE_DECLINED,
        change_of_time(situation.pair, session, to, reply=key, decline=True),
        session=session.id,
        person=decline.person,
        to=shown(to.start),
    )


def _declined_twice(situation: Situation, session: SessionView, decline: Response) -> Decision:
    taken_out = session.span.start - situation.limits.freeze
    if decline.at is not None:
        days = situation.grace_days(decline.at)
        until = situation.in_working_days(decline.at, days)
        if situation.now < until < taken_out:
            return decision(
                ChangeCode.DECLINE_WAITS,
                session=session.id,
                again_at=until,
                until=shown(until),
            )
    return stands(situation, session, ChangeCode.DATE_DECLINED_TWICE)


def stands(situation: Situation, session: SessionView, code: ChangeCode) -> Decision:
    """The coordinator's turn; the date stays in both calendars until the freeze."""
    until = session.span.start - situation.limits.freeze
    return decision(
        code,
        _need(code, session),
        session=session.id,
        again_at=until,
        until=shown(until),
        moves=session.moves,
    )


def _need(code: ChangeCode, session: SessionView) -> RaiseNeed:
    return RaiseNeed(code, session.id, DATE_ACTS)


def unreadable(situation: Situation, session: SessionView) -> Decision:
    """Nothing is decided about this date, because somebody's time cannot be read."""
    return decision(
        ChangeCode.UNREADABLE, session=session.id, person=", ".join(unreadable_people(situation))
    )


def unreadable_people(situation: Situation) -> tuple[str, ...]:
    """Whose time cannot be read."""
    time = situation.time
    return time.people if isinstance(time, UnreadableTime) else ()


def fresh_declines(situation: Situation, session: SessionView) -> list[Response]:
    """Declines of this date by either of the two that nothing was done about, mentor first.

    An answer that led to a move may stay on the event; it does not concern the new time.
    """
    occurrence = situation.calendar.occurrence_of(session) if situation.calendar else None
    if occurrence is None:
        return []
    answers = [occurrence.response_of(member.id) for member in situation.pair.members]
    return [
        answer
        for answer in answers
        if answer.answer is Answer.DECLINED and answer.key(occurrence.event_id) not in session.acted
    ]


def event_of(situation: Situation, session: SessionView) -> str:
    """The id of a session's event; the session's own id where the calendar shows none."""
    occurrence = situation.calendar.occurrence_of(session) if situation.calendar else None
    return occurrence.event_id if occurrence else session.id


def series_declined(situation: Situation) -> Iterator[Decision]:
    """A declined series: silence for some working days, then five hours to who declined it."""
    calendar = situation.calendar
    if calendar is None:
        return
    for member in situation.pair.members:
        answer = calendar.response_of(member.id)
        memory = next((d for d in situation.pair.series_declines if d.person == member.id), None)
        if answer.answer is Answer.DECLINED and calendar.alive:
            if any(not s.is_single for s in situation.pair.live_from(situation.now)):
                yield from _series_declined_by(situation, member, answer, memory)
        elif memory is not None:
            yield decision(
                ChangeCode.SERIES_DECLINE_WITHDRAWN,
                ForgetSeriesDecline(member.id),
                person=member.id,
            )


def _series_declined_by(
    situation: Situation, member: Member, answer: Response, memory: SeriesDecline | None
) -> Iterator[Decision]:
    now = situation.now
    decline = memory or SeriesDecline(member.id, answer.at or now)
    if memory is None:
        note = NoteSeriesDecline(decline)
        yield decision(ChangeCode.SERIES_DECLINED, note, person=member.id)
    if decline.handled:
        yield decision(ChangeCode.SERIES_DECLINE_HANDLED, person=member.id)
        return
    grace = situation.grace_days(decline.since)
    if now >= situation.in_working_days(decline.since, grace):
        need = RaiseNeed(ChangeCode.SERIES_DECLINED, ready=SERIES_ACTS, about=member.id)
        yield decision(ChangeCode.SERIES_DECLINED, need, person=member.id)
    if decline.offered:
        return
    until = situation.in_working_days(decline.since, grace + situation.limits.patience_days)
    if now < until:
        yield decision(
            ChangeCode.SERIES_DECLINE_WAITS, again_at=until, person=member.id, until=shown(until)
        )
    else:
        yield _offer_other_series(situation, decline)


def _offer_other_series(situation: Situation, decline: SeriesDecline) -> Decision:
    known, declined = situation.known, situation.pair.series
    if known is None:
        return decision(ChangeCode.UNREADABLE, person=", ".join(unreadable_people(situation)))
    hours = other_series(situation, known, avoid=[declined] if declined else [])
    if not hours:
        need = RaiseNeed(ChangeCode.NO_OTHER_SERIES, ready=SERIES_ACTS, about=decline.person)
        return decision(ChangeCode.NO_OTHER_SERIES, need, person=decline.person)
    return decision(
        ChangeCode.SERIES_DECLINE_OFFERED,
        OfferHours((decline.person,), hours),
        NoteSeriesDecline(SeriesDecline(decline.person, decline.since, offered=True)),
        person=decline.person,
        count=len(hours),
    )
