"""Local time of one zone for whole arrays of epoch minutes."""

from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scheduling.cadence import zone_info
from scheduling.people import DAY_MINUTES, instant_at

Minutes = NDArray[np.int64]


class ZoneOffsets:
    """Offsets of a zone from UTC in minutes, for instants within the span it was made for.

    Offsets change at ``changes`` (epoch minutes, sorted); ``values`` has one
    more entry than ``changes``.
    """

    def __init__(self, zone: str, first: int, last: int) -> None:
        self.zone = zone
        changes: list[int] = []
        values = [_offset_at(zone, first)]
        # Four looks a day: no zone has changed twice within six hours.
        for left in range(first, last, DAY_MINUTES // 4):
            right = left + DAY_MINUTES // 4
            if _offset_at(zone, right) != values[-1]:
                changes.append(_first_change(zone, left, right))
                values.append(_offset_at(zone, right))
        self.changes: Minutes = np.array(changes, dtype=np.int64)
        self.values: Minutes = np.array(values, dtype=np.int64)

    def at(self, minutes: Minutes) -> Minutes:
        """Offset at each of ``minutes``."""
        return self.values[np.searchsorted(self.changes, minutes, side="right")]

    def local(self, minutes: Minutes) -> Minutes:
        """Local wall-clock minutes since 1970-01-01T00:00 local."""
        return minutes + self.at(minutes)

    def instants(self, local: Minutes) -> Minutes:
        """Epoch minutes at which clocks show ``local``; -1 where they never do, or do twice."""
        found = np.full(local.shape, -1, dtype=np.int64)
        hits = np.zeros(local.shape, dtype=np.int8)
        for offset in np.unique(self.values):
            instant = local - offset
            shows = self.at(instant) == offset
            found[shows] = instant[shows]
            hits += shows
        found[hits != 1] = -1
        return found


@lru_cache(maxsize=256)
def zone_offsets(zone: str, first: int, last: int) -> ZoneOffsets:
    """Offsets of ``zone`` between two epoch minutes."""
    return ZoneOffsets(zone, first, last)


def _offset_at(zone: str, minute: int) -> int:
    offset = instant_at(minute).astimezone(zone_info(zone)).utcoffset()
    assert offset is not None  # noqa: S101 - an aware instant always has one
    return int(offset.total_seconds() // 60)


def _first_change(zone: str, left: int, right: int) -> int:
    before = _offset_at(zone, left)
    while right - left > 1:
        middle = (left + right) // 2
        if _offset_at(zone, middle) == before:
            left = middle
        else:
            right = middle
    return right


def day_number(day: date) -> int:
    """Days from 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def local_day(zone: str, minute: int) -> int:
    """Day number of the local date in ``zone`` at an epoch minute."""
    return (minute + _offset_at(zone, minute)) // DAY_MINUTES
