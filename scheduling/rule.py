"""The cadence rule of a program: how often, how long, when at all, and under which limits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from scheduling.errors import InvalidRuleError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STEPS = (5, 10, 15, 30, 60)
# Nine two-week windows are 126 days; the shortest four months of a year have 120.
FOUR_MONTHS = timedelta(days=120)
MOST_OCCURRENCES = 104


class TentativePolicy(StrEnum):
    """What a tentative entry in somebody's calendar means for a session."""

    BLOCKS = "blocks"
    """Tentative time is never used."""
    SOFT = "soft"
    """Tentative time is a soft hit: avoided where that moves no date."""
    UNLESS_NOTHING_ELSE = "unless_nothing_else"
    """Tentative time is used only where no other time is left, even if that moves a date."""


class SessionKind(StrEnum):
    """What a session is for; only meetings count towards the minimum held."""

    MEETING = "meeting"
    PREPARATION = "preparation"
    TRAINING = "training"
    SHADOWING = "shadowing"
    CHECK_IN = "check_in"


KIND_LENGTHS: Mapping[SessionKind, timedelta] = MappingProxyType(
    {
        SessionKind.MEETING: timedelta(minutes=60),
        SessionKind.PREPARATION: timedelta(minutes=30),
        SessionKind.TRAINING: timedelta(minutes=60),
        SessionKind.SHADOWING: timedelta(minutes=180),
        SessionKind.CHECK_IN: timedelta(minutes=30),
    }
)
"""What a session of each kind usually takes. Planned are all with the rule's length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CadenceRule:
    """How often a pair meets and what every date must respect.

    Local times, weekdays and dates hold in the zone of each of the two people.
    ``weekdays`` count from Monday = 0. ``None`` for a limit means there is none.
    Window ``k`` is the ``interval_weeks`` weeks that begin ``k * interval_weeks``
    weeks after the pair's start date, a Monday.

    Raises:
        InvalidRuleError: a member contradicts itself or another.
    """

    interval_weeks: int = 2
    occurrences: int = 9
    duration: timedelta = timedelta(minutes=60)
    slot_step_minutes: int = 15
    weekdays: frozenset[int] = frozenset(range(5))
    earliest_local: time = time(9)
    latest_local: time = time(17, 30)
    blackout_dates: frozenset[date] = frozenset()
    buffer: timedelta = timedelta(0)
    min_notice: timedelta = timedelta(hours=24)
    max_per_person_per_day: int | None = 1
    max_per_person_per_week: int | None = 2
    min_gap_days: int | None = 6
    tolerance_working_days: int | None = 4
    tentative: TentativePolicy = TentativePolicy.SOFT
    lunch: tuple[time, time] | None = (time(12), time(13))
    edge: timedelta = timedelta(minutes=30)
    minimum_held: int | None = 8
    kind: SessionKind = SessionKind.MEETING
    shorter_than_four_months: bool = False

    def __post_init__(self) -> None:
        self._check_cadence()
        self._check_hours()
        self._check_limits()

    @property
    def duration_minutes(self) -> int:
        """Length of a session in minutes."""
        return self.duration // timedelta(minutes=1)

    @property
    def buffer_minutes(self) -> int:
        """Minutes kept clear on both sides of a session."""
        return self.buffer // timedelta(minutes=1)

    @property
    def window_days(self) -> int:
        """Days in one cadence window."""
        return 7 * self.interval_weeks

    @property
    def horizon_days(self) -> int:
        """Days from the start date to the end of the last window."""
        return self.window_days * self.occurrences

    def halved(self) -> Self | None:
        """Half as long and twice as often over the same weeks; None where that cannot be.

        Whole weeks and minutes are left, and no more dates than a series may have.
        """
        dates = 2 * self.occurrences
        if self.interval_weeks % 2 or self.duration_minutes % 2 or dates > MOST_OCCURRENCES:
            return None
        return replace(
            self,
            interval_weeks=self.interval_weeks // 2,
            duration=self.duration / 2,
            occurrences=dates,
            minimum_held=None if self.minimum_held is None else 2 * self.minimum_held,
            min_gap_days=None if self.min_gap_days is None else self.min_gap_days // 2,
        )

    def is_half_of(self, whole: Self) -> bool:
        """Whether dates are half as long and twice as often as those of ``whole``."""
        return (2 * self.interval_weeks, 2 * self.duration) == (
            whole.interval_weeks,
            whole.duration,
        )

    def _check_cadence(self) -> None:
        _require(1 <= self.interval_weeks <= 26, "interval_weeks", self.interval_weeks, "1 to 26")
        _require(
            1 <= self.occurrences <= MOST_OCCURRENCES,
            "occurrences",
            self.occurrences,
            f"1 to {MOST_OCCURRENCES}",
        )
        _require(
            self.shorter_than_four_months or timedelta(days=self.horizon_days) >= FOUR_MONTHS,
            "occurrences",
            self.occurrences,
            "windows that cover four months, or shorter_than_four_months",
        )
        held = self.minimum_held
        _require(
            held is None or 0 <= held <= self.occurrences,
            "minimum_held",
            held,
            f"0 to {self.occurrences}",
        )

    def _check_hours(self) -> None:
        _require(
            self.duration > timedelta(0) and self.duration % timedelta(minutes=1) == timedelta(0),
            "duration",
            self.duration,
            "whole minutes, more than none",
        )
        _require(
            self.slot_step_minutes in STEPS,
            "slot_step_minutes",
            self.slot_step_minutes,
            "5, 10, 15, 30 or 60",
        )
        _require(
            bool(self.weekdays) and self.weekdays <= frozenset(range(7)),
            "weekdays",
            sorted(self.weekdays),
            "weekdays from 0 (Monday) to 6",
        )
        _require(
            minute_of(self.earliest_local) + self.duration_minutes
            <= end_minute_of(self.latest_local),
            "latest_local",
            self.latest_local,
            "room for one session after earliest_local",
        )
        _require(
            self.lunch is None or self.lunch[0] < self.lunch[1],
            "lunch",
            self.lunch,
            "a start before its end",
        )

    def _check_limits(self) -> None:
        for name in ("buffer", "min_notice", "edge"):
            length: timedelta = getattr(self, name)
            _require(length >= timedelta(0), name, length, "zero or more")
        for name in ("max_per_person_per_day", "max_per_person_per_week"):
            cap: int | None = getattr(self, name)
            _require(cap is None or cap >= 1, name, cap, "1 or more")
        for name in ("min_gap_days", "tolerance_working_days"):
            limit: int | None = getattr(self, name)
            _require(limit is None or limit >= 0, name, limit, "0 or more")


def minute_of(local: time) -> int:
    """Minutes from local midnight; seconds are dropped."""
    return local.hour * 60 + local.minute


def end_minute_of(local: time) -> int:
    """Minutes from local midnight of an end; 00:00 and 23:59 or later mean the end of the day."""
    minute = minute_of(local)
    return 1440 if minute in (0, 1439) else minute


def _require(holds: bool, field: str, value: object, expected: str) -> None:
    if not holds:
        raise InvalidRuleError(field, value, expected)
