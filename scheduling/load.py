"""Own sessions of people: what they forbid to others, and how full their days and weeks are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from scheduling.board import Booked, PairBoard
from scheduling.cost import SKIP, Costs
from scheduling.people import Person
from scheduling.zonetime import local_day

SAME_WEEK = 2
"""Cost below every goal of a second session in somebody's week: evenness."""


def week_of(day: int) -> int:
    """Number of the Monday week of a day number; day 0, 1970-01-01, was a Thursday."""
    return (day + 3) // 7


@dataclass(frozen=True, slots=True)
class Limits:
    """Most own sessions of one person per local day and per Monday week; ``None``: no limit."""

    per_day: int | None
    per_week: int | None

    def tightened(self, other: "Limits") -> "Limits":
        """The stricter of both in each."""
        return Limits(_least(self.per_day, other.per_day), _least(self.per_week, other.per_week))


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


@dataclass(slots=True)
class PersonLoad:
    """The own sessions of one person, in no order."""

    person: Person
    limits: Limits
    sessions: list[Booked] = field(default_factory=list)

    def stand(self, start: int, end: int) -> None:
        """Add a session that stands already; its own buffer is not known."""
        self.sessions.append(Booked(start, end, local_day(self.person.zone, start), 0))

    def with_more(self, sessions: Iterable[Booked]) -> "PersonLoad":
        """This load and further sessions."""
        return PersonLoad(self.person, self.limits, [*self.sessions, *sessions])


def forbidden(board: PairBoard, load: PersonLoad) -> list[slice]:
    """The stretches of the pair's raster that one person's load rules out; may overlap."""
    if not load.sessions:
        return []
    raster = board.frame.raster
    table, first_day = raster.zones[load.person.zone], raster.first_day
    days = Counter([s.day for s in load.sessions])
    found: list[slice] = []
    cap = load.limits.per_week
    if cap is not None:
        weeks = Counter([week_of(s.day) for s in load.sessions])
        found += [week_slice(board, load.person, w) for w, count in weeks.items() if count >= cap]
    cap = load.limits.per_day
    open_days = set(days)
    if cap is not None:
        full = {day for day, count in days.items() if count >= cap}
        found += [table.day_slice(day - first_day) for day in full]
        open_days -= full
    for session in load.sessions:
        # A session next to a full day may still reach over midnight with its buffer.
        clear = max(session.buffer, raster.buffer)
        if session.day in open_days or clear:
            found.append(
                slice(
                    raster.first_at(session.start - raster.duration - clear + 1),
                    raster.first_at(session.end + clear),
                )
            )
    return found


def week_slice(board: PairBoard, person: Person, week: int) -> slice:
    """The stretch of a pair's raster that is a Monday week of one person."""
    monday = week * 7 - 3 - board.frame.raster.first_day
    return board.frame.raster.zones[person.zone].days_slice(monday, monday + 7)


def costs_beside(board: PairBoard, loads: Iterable[PersonLoad]) -> Costs:
    """The pair's costs with every start ruled out that the loads of its people forbid."""
    costs = board.costs.copy()
    for load in loads:
        for week in {week_of(s.day) for s in load.sessions}:
            costs[week_slice(board, load.person, week)] += SAME_WEEK
        for stretch in forbidden(board, load):
            costs[stretch] = SKIP
    return costs
