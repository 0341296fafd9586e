"""New appointments over a date: seen twice, standing for some working hours, then moved once."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from scheduling.changes.acts import (
    Decision,
    ForgetConflict,
    Message,
    NoteConflict,
    Tell,
    decision,
)
from scheduling.changes.limits import shown
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.replies import stands
from scheduling.changes.search import change_of_time, firm_over, other_hours
from scheduling.changes.situation import Situation
from scheduling.changes.views import ConflictSeen, KnownTime, SessionView, StoodAlready
from scheduling.changes.working_time import working_hours_after, working_time_between
from scheduling.people import NOTHING, BusyTable, Person, epoch_minute
from scheduling.timespan import TimeSpan


def has_news_over(person: Person, span: TimeSpan, stood: Iterable[StoodAlready]) -> bool:
    """Whether something firm lies over ``span`` that did not stand when a person chose it."""
    known = {one.span for one in stood if one.person == person.id}
    return any(entry not in known for entry in firm_over(person, span))


def is_alone_over(person: Person, span: TimeSpan) -> bool:
    """Whether nothing firm lies over ``span`` but, perhaps, one entry of just that time.

    So a date looks over which there is nothing: the entry is the date's own. Two entries of that
    time may be the invitation and somebody else's appointment.
    """
    firm = firm_over(person, span)
    return not firm or (firm == [span] and _entries_of(person.busy, span) == 1)


def _entries_of(table: BusyTable, span: TimeSpan) -> int:
    """How many entries, firm or tentative, have just this time."""
    same = (table.start == epoch_minute(span.start)) & (table.end == epoch_minute(span.end))
    return int(np.count_nonzero(same & (table.effect != NOTHING)))


def new_conflict(situation: Situation, session: SessionView) -> Decision | None:
    """What a firm appointment over a date of the next working days leads to."""
    known = situation.known
    horizon = situation.in_working_days(situation.now, situation.limits.conflict_days)
    if known is None or session.span.start > horizon:
        return None
    people = known.reaching(session.span.end).people
    hit = [p for p in people if has_news_over(p, session.span, session.stood)]
    if not hit:
        return _gone(session)
    # Who was first seen in conflict is the one whose calendar changed.
    seen = [c for c in (session.conflict_of(p.id) for p in hit) if c is not None]
    if not seen:
        noted = ConflictSeen(hit[0].id, situation.now, situation.now)
        return _waits(situation, session, hit[0], noted, ChangeCode.CONFLICT_SEEN)
    oldest = min(seen, key=lambda c: (c.since, c.person))
    return _standing(situation, known, session, oldest)


def _gone(session: SessionView) -> Decision | None:
    if not session.conflicts:
        return None
    return decision(
        ChangeCode.CONFLICT_GONE,
        *(ForgetConflict(session.id, c.person) for c in session.conflicts),
        session=session.id,
        person=session.conflicts[0].person,
    )


def _standing(
    situation: Situation, known: KnownTime, session: SessionView, seen: ConflictSeen
) -> Decision | None:
    limits, person = situation.limits, known.of(seen.person)
    looked = seen
    if situation.now > seen.last_look and seen.looks < limits.conflict_looks:
        looked = replace(seen, last_look=situation.now, looks=seen.looks + 1)
    enough_looks = looked.looks >= limits.conflict_looks
    if enough_looks and situation.frozen(session):
        return _in_freeze(session, person)
    worked = situation.now > seen.since and (
        working_time_between(TimeSpan(seen.since, situation.now), person) >= limits.conflict_stands
    )
    if not enough_looks or not worked:
        return _waits(situation, session, person, looked, ChangeCode.CONFLICT_WAITS)
    if session.moves >= limits.moves_per_date:
        return stands(situation, session, ChangeCode.MOVES_USED_UP)
    found = other_hours(situation, known, session.window, avoid=[session.span], count=1)
    if not found:
        return stands(situation, session, ChangeCode.NO_OTHER_HOUR)
    return decision(
        ChangeCode.CONFLICT_MOVED,
        change_of_time(situation.pair, session, found[0]),
        session=session.id,
        person=person.id,
        to=shown(found[0].start),
    )


def _waits(
    situation: Situation,
    session: SessionView,
    person: Person,
    looked: ConflictSeen,
    code: ChangeCode,
) -> Decision:
    changed = session.conflict_of(person.id) != looked
    note = (NoteConflict(session.id, looked),) if changed else ()
    until = working_hours_after(looked.since, situation.limits.conflict_stands, person)
    again = until if until > situation.now else None
    return decision(code, *note, session=session.id, again_at=again, person=person.id)


def _in_freeze(session: SessionView, person: Person) -> Decision | None:
    if f"{person.id}:{Message.YOUR_APPOINTMENT}" in session.told:
        return None
    return decision(
        ChangeCode.CONFLICT_IN_FREEZE,
        Tell(person.id, Message.YOUR_APPOINTMENT, session.id),
        session=session.id,
        person=person.id,
    )
