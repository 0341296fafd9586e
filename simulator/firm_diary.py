"""The book one person's appointments are written into while the firm is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import TypeVar

from simulator.people import Appointment, ShowAs

T = TypeVar("T")

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Horizon:
    """The weeks a firm's calendars are filled for; ``first`` is a Monday."""

    first: date
    weeks: int

    def __post_init__(self) -> None:
        if self.first.weekday() != 0:
            raise ValueError(f"horizon begins on a Monday: {self.first}")
        if self.weeks < 1:
            raise ValueError(f"horizon needs at least a week: {self.weeks}")

    @property
    def last(self) -> date:
        """The Sunday of the last week."""
        return self.first + timedelta(days=7 * self.weeks - 1)


@dataclass(frozen=True, slots=True)
class Series:
    """A weekly habit: ``length`` minutes from ``minute`` on ``weekday``, every ``every`` weeks.

    ``from_week`` says in which week of the horizon it begins; ``zone`` is whose wall clock it
    keeps (the diary's own if None).
    """

    weekday: int
    minute: int
    length: int
    subject: str
    show_as: ShowAs = "busy"
    every: int = 1
    from_week: int = 0
    private: bool = False
    zone: str | None = None


@dataclass(slots=True)
class Diary:
    """Appointments of one person, written in the wall clock of ``zone``.

    Days are counted from the horizon's first Monday, times are minutes after midnight.
    ``weekdays`` are the days worked (0 is Monday), ``closed`` the days the office is shut. Nothing
    is checked for clashes: real calendars overlap, touch and repeat.
    """

    horizon: Horizon
    zone: str
    weekdays: tuple[int, ...]
    closed: frozenset[int]
    rng: Random
    entries: list[Appointment] = field(default_factory=list)
    random: Callable[[], float] = field(init=False)
    _midnight: int = field(init=False)

    def __post_init__(self) -> None:
        self.random = self.rng.random
        self._midnight = self.horizon.first.toordinal() * DAY

    def chance(self, share: float) -> bool:
        """True in ``share`` of all cases."""
        return self.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        """One of ``choices``, each as likely as the others."""
        return choices[int(self.random() * len(choices))]

    def about(self, rate: float) -> int:
        """A whole number that varies by half around ``rate`` and has it for its mean."""
        return int(rate * (0.5 + self.random()) + self.random())

    def open_days(self) -> list[int]:
        """Every day of the horizon the person works, in order."""
        days = range(7 * self.horizon.weeks)
        return [day for day in days if day % 7 in self.weekdays and day not in self.closed]

    def working_days(self, count: int, week: int) -> list[int]:
        """Up to ``count`` days of ``week`` the person works; a day may come twice."""
        drawn = (7 * week + self.pick(self.weekdays) for _ in range(count))
        return [day for day in drawn if day not in self.closed]

    def put(
        self,
        day: int,
        minute: int,
        length: int,
        subject: str,
        show_as: ShowAs = "busy",
        *,
        private: bool = False,
    ) -> None:
        """Write an entry of ``length`` minutes."""
        begin = self._midnight + day * DAY + minute
        self.entries.append(
            Appointment(
                _moment(begin), _moment(begin + length), self.zone, show_as, subject, False, private
            )
        )

    def put_days(self, day: int, days: int, subject: str, show_as: ShowAs) -> None:
        """Write an all-day entry over ``days`` days."""
        start, end = self._at(day, 0), self._at(day + days, 0)
        self.entries.append(Appointment(start, end, self.zone, show_as, subject, all_day=True))

    def repeat(self, series: Series, *, skipping: float = 0.06, moving: float = 0.04) -> None:
        """Write a series until the horizon ends.

        A share of its instances is ``skipping``, as are those on days the office is shut; another
        share is ``moving`` to a different hour of the same week, and stands as an entry of its own.
        """
        skipped: list[date] = []
        begin = 7 * series.from_week + series.weekday
        for day in range(begin, 7 * self.horizon.weeks, 7 * series.every):
            lot = self.random()
            if day not in self.closed and lot >= skipping + moving:
                continue
            skipped.append(self.horizon.first + timedelta(days=day))
            if day not in self.closed and lot >= skipping:
                other = 7 * (day // 7) + self.pick(self.weekdays)
                hour = self.pick((60, 90, 120, -60, -90))
                self.put(other, series.minute + hour, series.length, series.subject, series.show_as)
        self.entries.append(
            Appointment(
                start=self._at(begin, series.minute),
                end=self._at(begin, series.minute + series.length),
                zone=series.zone or self.zone,
                show_as=series.show_as,
                subject=series.subject,
                private=series.private,
                weekly_interval=series.every,
                until=self.horizon.last,
                skipped=tuple(skipped),
            )
        )

    def _at(self, day: int, minute: int) -> datetime:
        return _moment(self._midnight + day * DAY + minute)


@lru_cache(maxsize=2**17)
def _moment(minute: int) -> datetime:
    """The ``minute``-th since year 1; one value for all entries, as a large firm has millions."""
    return datetime.fromordinal(minute // DAY) + timedelta(minutes=minute % DAY)
