"""What would win back dates that could not be placed, each change tried alone and counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import numpy as np

from scheduling.board import PairBoard
from scheduling.boards import pair_boards
from scheduling.cost import SKIP
from scheduling.load import PersonLoad, costs_beside
from scheduling.people import DAY_MINUTES, EMPTY_CALENDAR, LocalRange, Person, WorkingHours
from scheduling.problem import PairRequest, Problem
from scheduling.raster import local_time
from scheduling.reasons import Facts, Remedy
from scheduling.rule import WEEKDAYS, CadenceRule, TentativePolicy, end_minute_of, minute_of
from scheduling.single import best_choice

MORE_MINUTES = 60
SHORTER = timedelta(minutes=30)
OFFER_HOURS = Remedy("offer_hours", 0)


@dataclass(frozen=True, slots=True)
class _Change:
    """One change to try: its code and facts, the rule and people it leads to."""

    code: str
    facts: Facts
    rule: CadenceRule
    people: tuple[Person, Person]
    free_of_caps: bool = False


def remedies(
    problem: Problem, board: PairBoard, loads: Sequence[PersonLoad], placed: int
) -> tuple[Remedy, ...]:
    """Changes that would bring further dates, most helpful first; offering hours comes last.

    Parameters:
        loads: what mentor and mentee carry besides this pair's own planned sessions.
        placed: how many dates the pair has now.
    """
    found = []
    for change in _changes(board):
        gain = _placed_with(problem, board, loads, change) - placed
        if gain > 0:
            found.append(Remedy(change.code, gain, change.facts))
    found.sort(key=lambda remedy: -remedy.gain)
    return (*found, OFFER_HOURS)


def _placed_with(
    problem: Problem, board: PairBoard, loads: Sequence[PersonLoad], change: _Change
) -> int:
    request = replace(board.request, rule=change.rule, series=None)
    people = {**problem.people, **{person.id: person for person in change.people}}
    changed = replace(problem, people=people, pairs=(request,))
    again = next(iter(pair_boards(changed, (request,))))
    beside = [] if change.free_of_caps else loads
    costs = costs_beside(again, beside)
    choice = best_choice(again, costs)
    return 0 if choice is None else len(choice.placements)


def _changes(board: PairBoard) -> Iterator[_Change]:
    request = board.request
    people = (board.mentor, board.mentee)
    yield from _longer_days(request, people)
    yield from _rule_changes(request.rule, people)
    for number, person in enumerate(people):
        facts = {"person": person.id}
        free = tuple(replace(p, busy=EMPTY_CALENDAR) if p is person else p for p in people)
        yield _Change("calendar", facts, request.rule, (free[0], free[1]))
        wide = tuple(_all_day(p) if n == number else p for n, p in enumerate(people))
        yield _Change("working_hours", facts, request.rule, (wide[0], wide[1]))


def _all_day(person: Person) -> Person:
    return replace(person, hours=WorkingHours.every(range(7), 0, DAY_MINUTES))


def _rule_changes(rule: CadenceRule, people: tuple[Person, Person]) -> Iterator[_Change]:
    change = partial(_Change, people=people)
    for day in sorted(set(range(5)) - rule.weekdays):
        more = replace(rule, weekdays=rule.weekdays | {day})
        yield change("weekday", {"weekday": WEEKDAYS[day]}, more)
    if rule.tentative is TentativePolicy.BLOCKS:
        yield change("tentative", {}, replace(rule, tentative=TentativePolicy.SOFT))
    if rule.duration > SHORTER:
        facts = {"minutes": SHORTER // timedelta(minutes=1)}
        yield change("shorter", facts, replace(rule, duration=SHORTER))
    if rule.buffer:
        facts = {"minutes": rule.buffer_minutes}
        yield change("buffer", facts, replace(rule, buffer=timedelta(0)))
    if rule.tolerance_working_days is not None:
        facts = {"days": rule.tolerance_working_days}
        yield change("tolerance", facts, replace(rule, tolerance_working_days=None))
    if rule.min_gap_days:
        yield change("gap", {"days": rule.min_gap_days}, replace(rule, min_gap_days=None))
    yield change("caps", {}, rule, free_of_caps=True)


def _longer_days(request: PairRequest, people: tuple[Person, Person]) -> Iterator[_Change]:
    """An hour more in the morning or the evening of one weekday, for both."""
    rule = request.rule
    opens, closes = minute_of(rule.earliest_local), end_minute_of(rule.latest_local)
    earlier, later = max(0, opens - MORE_MINUTES), min(DAY_MINUTES - 1, closes + MORE_MINUTES)
    for day in sorted(rule.weekdays):
        for code, more, minute, now in (
            ("earlier", replace(rule, earliest_local=local_time(earlier)), earlier, opens),
            ("later", replace(rule, latest_local=local_time(later)), later, closes),
        ):
            wider = tuple(_wider(person, day, code, (opens, closes)) for person in people)
            facts: Mapping[str, str | int] = {
                "weekday": WEEKDAYS[day],
                "start" if code == "earlier" else "end": f"{local_time(minute):%H:%M}",
                "now": f"{local_time(now % DAY_MINUTES):%H:%M}",
            }
            yield _Change(code, facts, more, (wider[0], wider[1]))


def _wider(person: Person, weekday: int, code: str, bookable: tuple[int, int]) -> Person:
    """The person's hours as the rule cuts them now, longer on one weekday only."""
    week = []
    for number, ranges in enumerate(person.hours.week):
        cut = [
            LocalRange(max(r.start, bookable[0]), min(r.end, bookable[1]))
            for r in ranges
            if max(r.start, bookable[0]) < min(r.end, bookable[1])
        ]
        if number == weekday and cut:
            if code == "earlier":
                cut[0] = LocalRange(max(0, cut[0].start - MORE_MINUTES), cut[0].end)
            else:
                cut[-1] = LocalRange(cut[-1].start, min(DAY_MINUTES, cut[-1].end + MORE_MINUTES))
        week.append(tuple(cut))
    return replace(person, hours=WorkingHours(tuple(week)))


def windows_without_start(board: PairBoard) -> int:
    """Open windows in which the two calendars and the rule leave no start at all."""
    rule = board.request.rule
    table = board.frame.raster.zones[board.mentor.zone]
    length = rule.window_days
    slices = (table.days_slice(k * length, (k + 1) * length) for k in board.windows)
    return sum(not np.any(board.costs[piece] < SKIP) for piece in slices)
