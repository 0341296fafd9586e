"""What is asked of the planner: people, pairs, sessions that stand already, and the time it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from scheduling.cadence import SeriesSlot
from scheduling.errors import InvalidRuleError, UnknownPersonError
from scheduling.people import Person
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session of the pair being planned that stands already, in cadence window ``window``."""

    window: int
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class Commitment:
    """A session of some other pair that stands already.

    It counts for the caps and buffers of ``people`` whether or not their
    calendars show it.
    """

    people: frozenset[str]
    span: TimeSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRequest:
    """One pair to plan under one rule from ``start_date``, a Monday.

    ``windows`` are the indices of the cadence windows to plan (``None``: all).
    ``kept`` sessions stay as they are: they fill their window, and count for the
    gap to their neighbours, caps and buffers. With ``series`` the series slot is
    given and only single dates are sought.
    """

    id: str
    mentor: str
    mentee: str
    rule: CadenceRule
    start_date: date
    windows: range | None = None
    kept: tuple[KeptSession, ...] = ()
    series: SeriesSlot | None = None

    def __post_init__(self) -> None:
        if self.start_date.weekday() != 0:
            raise InvalidRuleError("start_date", self.start_date, "a Monday")
        if self.mentor == self.mentee:
            raise InvalidRuleError("mentee", self.mentee, "somebody other than the mentor")

    @property
    def members(self) -> tuple[str, str]:
        """Mentor and mentee, in this order."""
        return (self.mentor, self.mentee)

    @property
    def open_windows(self) -> tuple[int, ...]:
        """Indices of the windows that are to get a session."""
        kept = {session.window for session in self.kept}
        windows = range(self.rule.occurrences) if self.windows is None else self.windows
        return tuple(k for k in windows if 0 <= k < self.rule.occurrences and k not in kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """People, pairs and standing sessions at the instant ``now``.

    ``anchor_zones`` are the zones that may anchor a series (``None``: any); the
    caller knows which survive its calendar system's zone names.

    Raises:
        UnknownPersonError: a pair names somebody who is not in ``people``.
    """

    people: Mapping[str, Person]
    pairs: tuple[PairRequest, ...]
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    commitments: tuple[Commitment, ...] = ()
    anchor_zones: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.now.utcoffset() is None:
            raise ValueError(f"now needs to be aware: {self.now}")
        seen: set[str] = set()
        for pair in self.pairs:
            if pair.id in seen:
                raise ValueError(f"pair {pair.id} is asked for twice")
            seen.add(pair.id)
            for person in pair.members:
                if person not in self.people:
                    raise UnknownPersonError(pair.id, person)
