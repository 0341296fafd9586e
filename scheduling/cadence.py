"""Cadence windows, wall-clock series and their recurrence, independent of any calendar system."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.errors import RepeatedLocalTimeError, SkippedLocalTimeError, UnknownZoneError


@lru_cache(maxsize=512)
def zone_info(zone: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        UnknownZoneError: there is none.
    """
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise UnknownZoneError(zone) from None


def utc_of_local(day: date, local: time, zone: str) -> datetime:
    """The instant at which clocks in ``zone`` show ``local`` on ``day``.

    Raises:
        SkippedLocalTimeError: clocks jump over that time.
        RepeatedLocalTimeError: clocks show that time twice.
    """
    wall = datetime.combine(day, local.replace(tzinfo=None))
    first = wall.replace(tzinfo=zone_info(zone), fold=0)
    second = first.replace(fold=1)
    instant = first.astimezone(UTC)
    if first.utcoffset() != second.utcoffset():
        shown = instant.astimezone(zone_info(zone)).replace(tzinfo=None)
        raise (SkippedLocalTimeError if shown != wall else RepeatedLocalTimeError)(wall, zone)
    return instant


@dataclass(frozen=True, slots=True)
class CadenceWindow:
    """Window ``index`` of a cadence: local dates ``first`` to ``last``, both included."""

    index: int
    first: date
    last: date


def cadence_windows(
    start_date: date, interval_weeks: int, occurrences: int
) -> tuple[CadenceWindow, ...]:
    """The windows of a cadence in order; they touch and do not overlap."""
    length = timedelta(weeks=interval_weeks)
    return tuple(
        CadenceWindow(k, start_date + k * length, start_date + (k + 1) * length - timedelta(days=1))
        for k in range(occurrences)
    )


@dataclass(frozen=True, slots=True)
class SeriesSlot:
    """Weekday and local start of a series in ``zone``, and the week of the window it falls in.

    ``weekday`` counts from Monday = 0; ``phase`` from the first week of a
    window = 0; ``first_date`` is the local date of the occurrence of window 0,
    whether or not that one is kept.
    """

    zone: str
    weekday: int
    start: time
    phase: int
    first_date: date

    def __post_init__(self) -> None:
        zone_info(self.zone)
        if self.first_date.weekday() != self.weekday:
            raise ValueError(f"series begins {self.first_date}, not on weekday {self.weekday}")

    def date_in(self, window: int, interval_weeks: int) -> date:
        """Local date of the occurrence of a window."""
        return self.first_date + timedelta(weeks=window * interval_weeks)

    def utc_start(self, window: int, interval_weeks: int) -> datetime:
        """UTC start of the occurrence of a window; raises as ``utc_of_local`` does."""
        return utc_of_local(self.date_in(window, interval_weeks), self.start, self.zone)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A weekly recurrence on one weekday: ``count`` times every ``interval_weeks``.

    Keeps the wall-clock ``start`` of ``zone`` over clock changes. The weekday is
    that of ``first_date``. Source: RRULE in RFC 5545 section 3.3.10.
    """

    first_date: date
    start: time
    zone: str
    interval_weeks: int
    count: int

    def __post_init__(self) -> None:
        zone_info(self.zone)
        if self.interval_weeks < 1 or self.count < 1:
            raise ValueError(f"recurrence needs an interval and a count: {self}")

    @property
    def weekday(self) -> int:
        """Weekday of every occurrence, Monday = 0."""
        return self.first_date.weekday()

    @property
    def last_date(self) -> date:
        """Local date of the last occurrence."""
        return self.first_date + timedelta(weeks=self.interval_weeks * (self.count - 1))

    def dates(self) -> list[date]:
        """Local dates of all occurrences in order."""
        step = timedelta(weeks=self.interval_weeks)
        return [self.first_date + k * step for k in range(self.count)]

    def utc_starts(self) -> list[datetime]:
        """UTC starts of all occurrences in order; raises as ``utc_of_local`` does."""
        return [utc_of_local(day, self.start, self.zone) for day in self.dates()]

    def truncated_after(self, last: date) -> "Recurrence | None":
        """The same recurrence without its dates after ``last``; ``None`` when none is left."""
        if last < self.first_date:
            return None
        kept = (last - self.first_date).days // (7 * self.interval_weeks) + 1
        return replace(self, count=min(self.count, kept))


def recurrence_of(series: SeriesSlot, interval_weeks: int, first: int, last: int) -> Recurrence:
    """The recurrence that holds the occurrences of windows ``first`` to ``last``, both included."""
    return Recurrence(
        first_date=series.date_in(first, interval_weeks),
        start=series.start,
        zone=series.zone,
        interval_weeks=interval_weeks,
        count=last - first + 1,
    )
