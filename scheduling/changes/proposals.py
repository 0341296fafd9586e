"""Proposed new times: taken if they suit the other, else asked or answered with the nearest."""

from collections.abc import Iterator
from dataclasses import replace

from scheduling.changes.acts import Decision, Message, NoteReply, OfferDates, Tell, decision
from scheduling.changes.limits import shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.replies import event_of, stands, unreadable
from scheduling.changes.search import (
    after_program,
    change_by_person,
    nearest_hour,
    problem_of,
    window_of,
)
from scheduling.changes.situation import Situation
from scheduling.changes.views import KnownTime, Response, SessionView
from scheduling.fits import obstacles, too_near
from scheduling.freebusy import Answer
from scheduling.people import EMPTY_CALENDAR, NO_HOURS, Person, WorkingHours
from scheduling.reasons import ReasonCode
from scheduling.timespan import TimeSpan

_ASKABLE = frozenset(
    {
        ReasonCode.OUTSIDE_HOURS,
        ReasonCode.OUTSIDE_BOOKABLE_HOURS,
        ReasonCode.WEEKDAY,
        ReasonCode.NO_GO,
        ReasonCode.ABSENT,
        ReasonCode.NOTICE,
    }
)
"""Obstacles the other may wave aside; the rest are facts."""
_OUR_OWN = frozenset({ReasonCode.OWN_SESSION})
_ROUND_THE_CLOCK = WorkingHours.every(range(7), 0, 1440)


def time_proposed(situation: Situation, session: SessionView) -> Decision | None:
    """What becomes of the first proposal for this date that nothing was done about yet."""
    occurrence = situation.calendar.occurrence_of(session) if situation.calendar else None
    if occurrence is None:
        return None
    answers = [occurrence.response_of(m.id) for m in situation.pair.members]
    open_ones = [
        a for a in answers if a.proposed and a.key(occurrence.event_id) not in session.acted
    ]
    if not open_ones:
        return None
    first = min(open_ones, key=lambda a: (a.at.isoformat() if a.at else "", a.person))
    return _decided(situation, session, first)


def _decided(situation: Situation, session: SessionView, answer: Response) -> Decision | None:
    if answer.proposed is None:
        return None
    declined = answer.answer is Answer.DECLINED
    to = TimeSpan(answer.proposed.start, answer.proposed.start + session.span.length)
    if to.start <= situation.now or to == session.span:
        return None if declined else _too_late(situation, session, answer, to)
    if session.moves >= situation.limits.moves_per_date:
        return stands(situation, session, ChangeCode.MOVES_USED_UP)
    known = situation.known
    if known is None:
        return unreadable(situation, session)
    found = list(proposal_obstacles(situation, known, session, answer.person, to))
    if not found and not situation.frozen(session):
        return _accepted(situation, session, answer, to)
    if declined:
        # The date needs another time in any case: nearest to the proposal, see replies.
        return None
    if all(code in _ASKABLE for code in found):
        return _asked(situation, session, answer, to, found)
    return _nearest(situation, known, session, answer, found)


def proposal_obstacles(
    situation: Situation, known: KnownTime, session: SessionView, proposer: str, to: TimeSpan
) -> Iterator[ReasonCode]:
    """What stands against a proposed time: the rule, the other's hours and calendar.

    The proposer's own hours, calendar and load are waived; a second session of Tandem's
    at the same time is not.
    """
    pair = situation.pair
    windows = range(session.window, session.window + 1)
    problem = problem_of(situation, known, windows)
    request = problem.pairs[0]
    at_ease = tuple(
        _waived(problem.people[m.id]) if m.id == proposer else problem.people[m.id]
        for m in pair.members
    )
    mentor, mentee = at_ease
    for reason in obstacles(
        request, (mentor, mentee), to, now=situation.now, commitments=problem.commitments
    ):
        if reason.facts.get("person") != proposer or reason.code in _OUR_OWN:
            yield reason.code
    if window_of(pair.start_date, pair.rule, pair.day_of(to.start)) != session.window:
        yield ReasonCode.OTHER_WINDOW
    if too_near(request, pair.zone, to, request.kept) is not None:
        yield ReasonCode.GAP
    if after_program(pair, to):
        yield ReasonCode.BLACKOUT


def _waived(person: Person) -> Person:
    return replace(
        person,
        hours=_ROUND_THE_CLOCK,
        busy=EMPTY_CALENDAR,
        absent_dates=frozenset(),
        no_go=NO_HOURS,
    )


def _accepted(
    situation: Situation, session: SessionView, answer: Response, to: TimeSpan
) -> Decision:
    key = answer.key(event_of(situation, session))
    declined = answer.answer is Answer.DECLINED
    return decision(
        ChangeCode.PROPOSAL_ACCEPTED,
        change_by_person(situation, session, to, reply=key, decline=declined),
        session=session.id,
        person=answer.person,
        other=situation.pair.other(answer.person).id,
        to=shown(to.start),
    )


def _asked(
    situation: Situation,
    session: SessionView,
    answer: Response,
    to: TimeSpan,
    found: list[ReasonCode],
) -> Decision:
    other = situation.pair.other(answer.person).id
    obstacle = found[0].replace("_", " ") if found else "within the freeze"
    return decision(
        ChangeCode.PROPOSAL_ASKED,
        Tell(other, Message.PROPOSAL, session.id, to),
        NoteReply(session.id, answer.key(event_of(situation, session))),
        session=session.id,
        person=answer.person,
        other=other,
        to=shown(to.start),
        obstacle=obstacle,
    )


def _nearest(
    situation: Situation,
    known: KnownTime,
    session: SessionView,
    answer: Response,
    found: list[ReasonCode],
) -> Decision:
    start = answer.proposed.start if answer.proposed else session.span.start
    span = nearest_hour(situation, known, session, start)
    offer = (OfferDates(answer.person, session.id, (span,)),) if span else ()
    binding = next(code for code in found if code not in _ASKABLE)
    return decision(
        ChangeCode.PROPOSAL_NOT_POSSIBLE,
        *offer,
        NoteReply(session.id, answer.key(event_of(situation, session))),
        session=session.id,
        person=answer.person,
        to=shown(start),
        obstacle=binding.replace("_", " "),
    )


def _too_late(
    situation: Situation, session: SessionView, answer: Response, to: TimeSpan
) -> Decision:
    return decision(
        ChangeCode.PROPOSAL_TOO_LATE,
        NoteReply(session.id, answer.key(event_of(situation, session))),
        session=session.id,
        person=answer.person,
        to=shown(to.start),
    )
