"""People as the planner sees them: a zone, working hours per weekday, and blocked time."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from scheduling.cadence import zone_info

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY_MINUTES = 1440


class FreeBusyStatus(StrEnum):
    """Status of a stretch of somebody's time (Graph ``freeBusyStatus``)."""

    FREE = "free"
    TENTATIVE = "tentative"
    BUSY = "busy"
    OOF = "oof"
    WORKING_ELSEWHERE = "workingElsewhere"
    UNKNOWN = "unknown"


NOTHING, TENTATIVE, BLOCKS = 0, 1, 2
"""What a status does to a session: nothing, a tentative hold, a block."""

STATUS_EFFECT: Mapping[str, int] = {
    FreeBusyStatus.FREE: NOTHING,
    FreeBusyStatus.WORKING_ELSEWHERE: NOTHING,
    FreeBusyStatus.TENTATIVE: TENTATIVE,
    FreeBusyStatus.BUSY: BLOCKS,
    FreeBusyStatus.OOF: BLOCKS,
    FreeBusyStatus.UNKNOWN: BLOCKS,
}


def epoch_minute(instant: datetime) -> int:
    """Whole minutes from 1970-01-01T00:00Z, rounded down."""
    return (instant - EPOCH) // MINUTE


def instant_at(minute: int) -> datetime:
    """The UTC instant ``minute`` minutes after 1970-01-01T00:00Z."""
    return EPOCH + int(minute) * MINUTE


@dataclass(frozen=True, slots=True, order=True)
class BusyItem:
    """One entry of a calendar: a half-open stretch of time and its status."""

    start: datetime
    end: datetime
    status: FreeBusyStatus = FreeBusyStatus.BUSY

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError(f"busy item needs aware ends: {self.start} / {self.end}")
        if self.start > self.end:
            raise ValueError(f"busy item ends before it starts: {self.start} / {self.end}")


BY_START = attrgetter("start", "end", "status")
"""The order of entries, as they compare themselves; a key spares a comparison in Python each."""


@dataclass(frozen=True, slots=True, eq=False)
class BusyTable:
    """A calendar's entries as three arrays of one length, in any order.

    ``start`` and ``end`` are epoch minutes (half-open); ``effect`` is one of
    ``NOTHING``, ``TENTATIVE``, ``BLOCKS``. Entries may overlap, touch and repeat.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    effect: NDArray[np.int8]

    def __post_init__(self) -> None:
        if not len(self.start) == len(self.end) == len(self.effect):
            raise ValueError("busy table needs columns of one length")

    @classmethod
    def of(cls, items: Iterable[BusyItem]) -> "BusyTable":
        """The table of ``items``; a started minute counts as a whole one."""
        rows = sorted(items, key=BY_START)
        return cls(
            np.array([epoch_minute(item.start) for item in rows], dtype=np.int64),
            np.array([-((EPOCH - item.end) // MINUTE) for item in rows], dtype=np.int64),
            np.array([STATUS_EFFECT[item.status] for item in rows], dtype=np.int8),
        )

    def items(self) -> list[BusyItem]:
        """The entries as values sorted by start; blocking ones come back as ``busy``."""
        shown = {
            NOTHING: FreeBusyStatus.FREE,
            TENTATIVE: FreeBusyStatus.TENTATIVE,
            BLOCKS: FreeBusyStatus.BUSY,
        }
        columns = zip(self.start, self.end, self.effect, strict=True)
        items = [BusyItem(instant_at(s), instant_at(e), shown[int(f)]) for s, e, f in columns]
        return sorted(items, key=BY_START)


EMPTY_CALENDAR = BusyTable.of(())


@dataclass(frozen=True, slots=True, order=True)
class LocalRange:
    """Half-open stretch of a local day in minutes from midnight (0 to 1440)."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise ValueError(f"local range runs backwards or leaves its day: {self}")


Week = tuple[tuple[LocalRange, ...], ...]


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Local ranges worked on each weekday, Monday first; an empty weekday is not worked.

    ``outer_bound_only`` marks hours known as one wide range for every day (all
    that ``getSchedule`` tells): nothing outside them is worked, but not all
    inside them need be, so the person should be asked once.
    """

    week: Week
    outer_bound_only: bool = False

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError(f"working hours need seven weekdays, got {len(self.week)}")
        for ranges in self.week:
            if any(a.end > b.start for a, b in itertools.pairwise(ranges)):
                raise ValueError(f"working hours overlap or are unsorted: {ranges}")

    @classmethod
    def every(
        cls, weekdays: Sequence[int], start: int, end: int, *, outer_bound_only: bool = False
    ) -> "WorkingHours":
        """The same range (minutes from midnight) on each of ``weekdays`` (Monday = 0)."""
        day = (LocalRange(start, end),)
        return cls(tuple(day if d in weekdays else () for d in range(7)), outer_bound_only)


OFFICE_HOURS = WorkingHours.every(range(5), 9 * 60, 17 * 60 + 30)
NO_HOURS: Week = ((),) * 7


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Person:
    """Somebody who is to meet others.

    ``absent_dates`` are local dates on which nothing is placed, whatever the
    calendar says (public holidays of the office, leave the mailbox does not
    show). ``no_go`` are local ranges per weekday never to be used; ``preferred``
    are ranges liked best (empty: no preference).
    """

    id: str
    zone: str
    hours: WorkingHours = OFFICE_HOURS
    busy: BusyTable = EMPTY_CALENDAR
    absent_dates: frozenset[date] = field(default_factory=frozenset)
    no_go: Week = NO_HOURS
    preferred: Week = NO_HOURS

    def __post_init__(self) -> None:
        zone_info(self.zone)
        if len(self.no_go) != 7 or len(self.preferred) != 7:
            raise ValueError("no-go and preferred ranges need seven weekdays")
