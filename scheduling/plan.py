"""What the planner answers: series, sessions and pairs without any, each with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from scheduling.cadence import SeriesSlot
from scheduling.reasons import Reason, Remedy


class Score(NamedTuple):
    """How good a plan is, in the order of the goals; ``placed`` counts up, the others down."""

    placed: int
    moved: int
    soft_hits: int

    def better_than(self, other: "Score") -> bool:
        """Whether this score wins on the first goal in which the two differ."""
        return (-self.placed, self.moved, self.soft_hits) < (
            -other.placed,
            other.moved,
            other.soft_hits,
        )


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """One session to book: UTC ``start`` and ``end`` in cadence window ``window``.

    ``moved`` says that it is off the series slot; ``reason`` then says why the
    slot would not do on that date. A session on the slot may carry a reason too:
    tentative time that had to be used.
    """

    window: int
    start: datetime
    end: datetime
    moved: bool
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class SkippedWindow:
    """A cadence window in which no session can be had, and why."""

    window: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """The series of a pair and what becomes of each planned window, in order of windows.

    ``close_calls`` are other series slots that came near, best first, with what
    each would have cost. ``remedies`` say what would win back skipped windows.
    """

    pair_id: str
    series: SeriesSlot
    sessions: tuple[PlannedSession, ...]
    skipped: tuple[SkippedWindow, ...]
    score: Score
    reason: Reason
    close_calls: tuple[Reason, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    proven_optimal: bool = False

    @property
    def moved(self) -> tuple[PlannedSession, ...]:
        """Sessions off the series slot."""
        return tuple(session for session in self.sessions if session.moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A pair without a single feasible date: what binds, and what would help most."""

    pair_id: str
    reason: Reason
    remedies: tuple[Remedy, ...] = ()
    proven_optimal: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of every pair asked for, keyed by pair id in the order asked.

    ``proven_optimal``: no plan of these pairs has more sessions, or as many with
    fewer moved, or as many and as few with fewer soft hits.
    """

    pairs: Mapping[str, PairPlan | Unplaced] = field(default_factory=dict)

    @property
    def placed_pairs(self) -> tuple[PairPlan, ...]:
        """The pairs that have a series."""
        return tuple(pair for pair in self.pairs.values() if isinstance(pair, PairPlan))

    @property
    def score(self) -> Score:
        """The sums over all pairs."""
        scores = [pair.score for pair in self.placed_pairs]
        return Score(
            sum(s.placed for s in scores),
            sum(s.moved for s in scores),
            sum(s.soft_hits for s in scores),
        )

    @property
    def proven_optimal(self) -> bool:
        """Whether every pair's plan is part of a proven optimum."""
        return all(pair.proven_optimal for pair in self.pairs.values())
