"""Half-open stretches of time and what is left between them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """Half-open stretch of time: ``start`` belongs to it, ``end`` does not.

    Both ends are aware. A meeting that ends at 10:00 and one that starts at
    10:00 therefore do not overlap, as RFC 5545 section 3.6.1 defines DTEND.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError(f"time span needs aware ends: {self.start} / {self.end}")
        if self.start >= self.end:
            raise ValueError(f"time span is empty: {self.start} / {self.end}")

    @property
    def length(self) -> timedelta:
        """Elapsed time from start to end, clock changes included."""
        return self.end - self.start

    def overlaps(self, other: "TimeSpan") -> bool:
        """Whether the two share a moment; touching is not sharing."""
        return self.start < other.end and other.start < self.end


def free_within(
    window: TimeSpan, busy: Iterable[TimeSpan], *, at_least: timedelta
) -> list[TimeSpan]:
    """Gaps of ``window`` that no busy block touches.

    Parameters:
        window: where to look.
        busy: blocks of every participant together, in any order; may overlap
            each other and may reach beyond ``window``.
        at_least: shorter gaps are left out.

    Returns:
        Disjoint gaps sorted by start, each inside ``window``. An empty list
        means there is none; that is a result, not an error.

    Source: Graph ``getSchedule``; FREEBUSY in RFC 5545 section 3.8.2.6.
    Cost: O(n log n) in the number of busy blocks.
    """
    gaps: list[TimeSpan] = []
    free_from = window.start
    for block in sorted(busy):
        if block.start >= window.end:
            break
        _append_gap(gaps, free_from, block.start, at_least)
        free_from = max(free_from, block.end)
    _append_gap(gaps, free_from, window.end, at_least)
    return gaps


def _append_gap(gaps: list[TimeSpan], start: datetime, end: datetime, at_least: timedelta) -> None:
    if start < end and end - start >= at_least:
        gaps.append(TimeSpan(start, end))
