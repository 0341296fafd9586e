"""The common raster of a horizon: every start that could suit anybody, on the step grid of UTC.

The raster starts at midnight UTC, never at somebody's start of day, so hours that
begin at 08:30 and at 09:00 meet on the same marks.
"""

from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scheduling.people import DAY_MINUTES
from scheduling.rule import CadenceRule, end_minute_of, minute_of
from scheduling.zonetime import Minutes, ZoneOffsets, day_number, zone_offsets

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ZoneTable:
    """Local time of each start of a raster in one zone.

    ``day`` counts local days from the start date, ``start`` and ``end`` are the
    session's local minutes of that day; ``bookable`` holds where rule alone
    (hours, weekday, blackout date, horizon) allows it in this zone.
    """

    day: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    bookable: Flags
    edges: tuple[int, ...] = ()
    """Position at which each day begins, from two days before the horizon."""
    days: tuple[int, ...] = ()
    """``day`` as plain integers, for looking up one at a time."""

    def day_slice(self, day: int) -> slice:
        """Positions whose local day is ``day``."""
        return self.days_slice(day, day + 1)

    def days_slice(self, first: int, end: int) -> slice:
        """Positions whose local day lies in ``first`` to ``end``, half-open."""
        edges, last = self.edges, len(self.edges) - 1
        low = edges[min(max(first + 2, 0), last)]
        return slice(low, edges[min(max(end + 2, 0), last)])


@dataclass(frozen=True, slots=True, eq=False)
class SeriesRows:
    """Candidate series slots of one anchor zone, one row each.

    ``position[row, k]`` is the raster position of the occurrence of window ``k``
    or -1 where the zone's clocks, the grid or the raster do not have it;
    ``instant[row, k]`` its epoch minute or -1.
    """

    zone: str
    phase: NDArray[np.int32]
    weekday: NDArray[np.int32]
    start: NDArray[np.int32]
    position: NDArray[np.int32]
    instant: Minutes


class Raster:
    """All starts from the day before ``start_date`` to the day after the horizon.

    Only starts that the rule's own hours and weekdays allow in at least one of
    ``zones`` are kept; ``times`` are their epoch minutes, sorted.
    """

    def __init__(self, rule: CadenceRule, start_date: date, zones: frozenset[str]) -> None:
        self.rule, self.start_date = rule, start_date
        self.step = rule.slot_step_minutes
        self.duration, self.buffer = rule.duration_minutes, rule.buffer_minutes
        self.first_day = day_number(start_date)
        self.origin = (self.first_day - 1) * DAY_MINUTES
        self.span_minutes = (rule.horizon_days + 2) * DAY_MINUTES
        dense = self.origin + np.arange(0, self.span_minutes, self.step, dtype=np.int64)
        dense_tables = {zone: self._table(zone, dense) for zone in sorted(zones)}
        active = np.zeros(len(dense), dtype=np.bool_)
        for table in dense_tables.values():
            active |= table.bookable
        self.times: Minutes = dense[active]
        self.instants: tuple[int, ...] = tuple(self.times.tolist())
        self._before: NDArray[np.int32] = np.concatenate(
            ([0], np.cumsum(active, dtype=np.int32))
        ).astype(np.int32)
        self._active = active
        self.zones = {zone: self._narrowed(table, active) for zone, table in dense_tables.items()}

    def __len__(self) -> int:
        return len(self.times)

    def offsets(self, zone: str) -> ZoneOffsets:
        """The zone's offsets over the raster and two days around it."""
        pad = 2 * DAY_MINUTES
        return zone_offsets(zone, self.origin - pad, self.origin + self.span_minutes + pad)

    def at_or_after(self, minutes: Minutes) -> NDArray[np.int32]:
        """Position of the first start at or after each epoch minute."""
        ticks = -((self.origin - minutes) // self.step)
        return self._before[np.clip(ticks, 0, len(self._active))]

    def first_at(self, minute: int) -> int:
        """Position of the first start at or after one epoch minute."""
        ticks = -((self.origin - minute) // self.step)
        return int(self._before[min(max(ticks, 0), len(self._active))])

    def position_of(self, minutes: Minutes) -> NDArray[np.int32]:
        """Position of the start at exactly each epoch minute, or -1."""
        offset = minutes - self.origin
        ticks = np.clip(offset // self.step, 0, len(self._active) - 1)
        exact = (offset >= 0) & (offset < self.span_minutes) & (offset % self.step == 0)
        return np.where(exact & self._active[ticks], self._before[ticks], -1).astype(np.int32)

    def all_series(self, zone: str) -> SeriesRows:
        """Every series slot on the wall-clock grid of ``zone`` that the rule's hours allow."""
        rule = self.rule
        first = -(-minute_of(rule.earliest_local) // self.step) * self.step
        last = end_minute_of(rule.latest_local) - rule.duration_minutes
        starts = range(first, last + 1, self.step)
        rows = [
            (phase, weekday, start)
            for phase in range(rule.interval_weeks)
            for weekday in sorted(rule.weekdays)
            for start in starts
        ]
        return self.series_rows(zone, rows)

    def series_rows(self, zone: str, rows: list[tuple[int, int, int]]) -> SeriesRows:
        """The given (phase, weekday, local start minute) rows over all windows."""
        columns = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
        phase, weekday, start = columns.T
        windows = np.arange(self.rule.occurrences, dtype=np.int64) * self.rule.window_days
        day = self.first_day + (phase * 7 + weekday)[:, None] + windows[None, :]
        instant = self.offsets(zone).instants(day * DAY_MINUTES + start[:, None])
        position = np.where(instant >= 0, self.position_of(instant), -1)
        return SeriesRows(
            zone,
            phase.astype(np.int32),
            weekday.astype(np.int32),
            start.astype(np.int32),
            position.astype(np.int32),
            instant,
        )

    def _table(self, zone: str, times: Minutes) -> ZoneTable:
        rule, offsets = self.rule, self.offsets(zone)
        local = offsets.local(times)
        local_end = offsets.local(times + rule.duration_minutes)
        day = local // DAY_MINUTES
        start = local - day * DAY_MINUTES
        end = local_end - day * DAY_MINUTES
        horizon_day = day - self.first_day
        blackout = [day_number(d) for d in rule.blackout_dates]
        bookable = (
            (start >= minute_of(rule.earliest_local))
            & (end <= end_minute_of(rule.latest_local))
            & (start < end)
            & np.isin(horizon_day % 7, sorted(rule.weekdays))
            & (horizon_day >= 0)
            & (horizon_day < rule.horizon_days)
            & ~np.isin(day, blackout)
        )
        return ZoneTable(
            horizon_day.astype(np.int32), start.astype(np.int32), end.astype(np.int32), bookable
        )

    def _narrowed(self, table: ZoneTable, active: Flags) -> ZoneTable:
        day = table.day[active]
        days = np.arange(-2, self.rule.horizon_days + 4)
        return ZoneTable(
            day,
            table.start[active],
            table.end[active],
            table.bookable[active],
            tuple(np.searchsorted(day, days).tolist()),
            tuple(day.tolist()),
        )


@lru_cache(maxsize=64)
def raster_of(rule: CadenceRule, start_date: date, zones: frozenset[str]) -> Raster:
    """The raster of a rule, made once for each horizon and set of zones."""
    return Raster(rule, start_date, zones)


def local_time(minute: int) -> time:
    """The wall-clock time ``minute`` minutes after local midnight."""
    return time(minute // 60, minute % 60)
