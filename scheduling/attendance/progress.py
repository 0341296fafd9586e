"""What the verdicts of a pair add up to: what is held, what can still be reached, long gaps."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from scheduling.attendance.evidence import EvidenceKind, VerdictKind
from scheduling.changes.views import Pause
from scheduling.rule import SessionKind

ON_RECORD = frozenset({VerdictKind.HELD, VerdictKind.SHORT, VerdictKind.TO_CONFIRM})
"""Verdicts that end a stretch without a meeting: the two met, or may well have."""

OPEN = frozenset(
    {VerdictKind.PENDING, VerdictKind.TO_CONFIRM, VerdictKind.UNKNOWN, VerdictKind.DISPUTED}
)
"""Verdicts that may still turn out as held."""

# Up to Python 3.11 a member of an enumeration takes ten times as long to find as a name.
_HELD, _MEETING = VerdictKind.HELD, SessionKind.MEETING
_order = attrgetter("day", "session_id")


class Forecast(StrEnum):
    """Whether the minimum will be reached, best first."""

    REACHED = "reached"
    ON_COURSE = "on_course"
    """The dates in the calendars are enough."""
    WITH_ANSWERS = "with_answers"
    """Enough if sessions that nobody can tell about turn out as held."""
    WITH_MAKE_UPS = "with_make_ups"
    """Enough with make-ups there is still room for."""
    OUT_OF_REACH = "out_of_reach"


class SessionOutcome(NamedTuple):
    """One session of a pair as its verdict leaves it.

    ``day`` is the pair's date of it. ``verdict`` is None while it stands ahead in the
    calendars; sessions that were cancelled or skipped are left out. ``led_by`` is the
    participant who led it.
    """

    session_id: str
    day: date
    verdict: VerdictKind | None = None
    minutes: int = 0
    evidence: EvidenceKind | None = None
    kind: SessionKind = SessionKind.MEETING
    led_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a pair stands; ``planned`` is the sum of all the counts down to ``to_come``.

    ``still_possible`` are meetings that may yet be held: dates to come, open verdicts and
    ``room`` for make-ups. ``longest_gap_days`` leaves out pauses and closed dates.
    """

    required: int
    held: int
    short: int
    not_held: int
    to_confirm: int
    pending: int
    unknown: int
    disputed: int
    to_come: int
    room: int
    longest_gap_days: int
    self_reported: int
    forecast: Forecast

    @property
    def planned(self) -> int:
        """Every session that counts, whatever became of it."""
        return self.held + self.short + self.not_held + self.open + self.to_come

    @property
    def open(self) -> int:
        """Sessions that ended and may still turn out as held."""
        return self.to_confirm + self.pending + self.unknown + self.disputed

    @property
    def still_possible(self) -> int:
        """Meetings beside the held ones that may still come to be."""
        return self.to_come + self.open + self.room

    @property
    def missing(self) -> int:
        """Meetings that cannot be held any more, yet are required."""
        return max(0, self.required - self.held - self.still_possible)


@dataclass(frozen=True, slots=True)
class Calm:
    """Dates on which nobody expects a meeting: pauses and closed dates."""

    pauses: tuple[Pause, ...] = ()
    closed: Collection[date] = frozenset()

    def holds(self, day: date) -> bool:
        """Whether that date is left out when gaps are counted."""
        return day in self.closed or any(pause.holds(day) for pause in self.pauses)


NO_CALM = Calm()


def progress_of(
    outcomes: Iterable[SessionOutcome],
    *,
    required: int,
    today: date,
    room: int = 0,
    calm: Calm = NO_CALM,
) -> Progress:
    """Where a pair stands on a day.

    Parameters:
        outcomes: sessions in any order; only meetings count, trainings and the like do not.
        required: how many are to be held; 0 where the program asks for no number.
        room: make-ups that would still find an hour.
        calm: dates that are left out when gaps are counted.
    """
    meetings = sorted((o for o in outcomes if o.kind is _MEETING), key=_order)
    counts = Counter(o.verdict for o in meetings)
    to_come = counts[None]
    held = counts[_HELD]
    unsure = sum(counts[kind] for kind in OPEN)
    return Progress(
        required=required,
        held=held,
        short=counts[VerdictKind.SHORT],
        not_held=counts[VerdictKind.NOT_HELD],
        to_confirm=counts[VerdictKind.TO_CONFIRM],
        pending=counts[VerdictKind.PENDING],
        unknown=counts[VerdictKind.UNKNOWN],
        disputed=counts[VerdictKind.DISPUTED],
        to_come=to_come,
        room=room,
        longest_gap_days=_longest_gap(meetings, today, calm),
        self_reported=sum(
            o.verdict is _HELD and o.evidence is EvidenceKind.SELF_REPORTED for o in meetings
        ),
        forecast=_forecast(required - held, to_come, unsure, room),
    )


def _forecast(missing: int, to_come: int, unsure: int, room: int) -> Forecast:
    if missing <= 0:
        return Forecast.REACHED
    if to_come >= missing:
        return Forecast.ON_COURSE
    if to_come + unsure >= missing:
        return Forecast.WITH_ANSWERS
    if to_come + unsure + room >= missing:
        return Forecast.WITH_MAKE_UPS
    return Forecast.OUT_OF_REACH


def longest_gap(outcomes: Iterable[SessionOutcome], today: date, calm: Calm = NO_CALM) -> int:
    """The longest stretch without a meeting on record up to ``today``, in days that count.

    It begins with the first date that has passed, whatever became of it.
    """
    return _longest_gap(sorted(outcomes, key=_order), today, calm)


def _longest_gap(in_order: Iterable[SessionOutcome], today: date, calm: Calm) -> int:
    past = [o for o in in_order if o.verdict is not None and o.day <= today]
    if not past:
        return 0
    marks = [past[0].day, *(o.day for o in past if o.verdict in ON_RECORD), today]
    return max(days_without(a, b, calm) for a, b in pairwise(marks))


def days_without(since: date, until: date, calm: Calm = NO_CALM) -> int:
    """How many days after ``since`` up to ``until`` count; 0 if ``until`` is not later."""
    span = (until - since).days
    if not calm.pauses and not calm.closed:
        return max(0, span)
    return sum(not calm.holds(since + timedelta(days=n)) for n in range(1, span + 1))


@dataclass(frozen=True, slots=True)
class Milestone:
    """A number of meetings held, or a date; exactly one of the two."""

    held: int | None = None
    on: date | None = None

    def __post_init__(self) -> None:
        if (self.held is None) == (self.on is None):
            raise ValueError("a milestone is a number of meetings or a date")
        if self.held is not None and self.held < 1:
            raise ValueError(f"a milestone of {self.held} meetings")


@lru_cache
def usual_milestones(required: int) -> tuple[Milestone, ...]:
    """The first meeting, the half and the whole of what is required."""
    numbers = {1, -(-required // 2), required} if required > 0 else {1}
    return tuple(Milestone(held=number) for number in sorted(numbers))


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone and the day on which it was reached."""

    milestone: Milestone
    on: date


def milestones_reached(
    outcomes: Iterable[SessionOutcome], milestones: Sequence[Milestone], today: date
) -> tuple[Reached, ...]:
    """The milestones reached by ``today``, in the order given."""
    days = sorted(o.day for o in held_meetings(outcomes))
    reached = []
    for milestone in milestones:
        if milestone.on is not None:
            on: date | None = milestone.on
        else:
            number = milestone.held or 1
            on = days[number - 1] if number <= len(days) else None
        if on is not None and on <= today:
            reached.append(Reached(milestone, on))
    return tuple(reached)


@dataclass(frozen=True, slots=True)
class Led:
    """What one person led: held meetings, and the minutes of them."""

    person: str
    sessions: int
    minutes: int


def sessions_led(outcomes: Iterable[SessionOutcome]) -> tuple[Led, ...]:
    """Who led held meetings and how many, by person id. Of a mixed pair, the real split."""
    by_person: dict[str, list[SessionOutcome]] = {}
    for outcome in held_meetings(outcomes):
        if outcome.led_by is not None:
            by_person.setdefault(outcome.led_by, []).append(outcome)
    return tuple(
        Led(person, len(led), sum(o.minutes for o in led))
        for person, led in sorted(by_person.items())
    )


def held_meetings(outcomes: Iterable[SessionOutcome]) -> Iterator[SessionOutcome]:
    """Those that count towards the minimum."""
    return (o for o in outcomes if o.verdict is _HELD and o.kind is _MEETING)
