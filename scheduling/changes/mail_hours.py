"""When people may be mailed: 08:00 to 18:30 on a working day, where each of them is."""

import itertools
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.cadence import zone_info
from scheduling.errors import SchedulingError
from scheduling.timespan import TimeSpan

OPENS, CLOSES = time(8), time(18, 30)
_WIDER = timedelta(minutes=30)
_MOST_WIDENINGS = 16
_DAYS_SEARCHED = 60
_DAY = timedelta(days=1)


class NoMailHourError(SchedulingError):
    """No working day within two months; carries where the search began."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        super().__init__(f"no working day to mail anybody in the {_DAYS_SEARCHED} days from {now}")


def next_mailable(
    now: datetime,
    zones: Collection[str],
    working_days: Collection[int],
    holidays: Collection[date] = (),
) -> datetime:
    """The first instant from ``now`` on at which everybody concerned is within mail hours.

    Parameters:
        zones: where the people are. Where the mail hours of two zones never meet
            (London and Sydney in the northern winter), both are widened alike by half
            hours until they do.
        working_days: weekdays, Monday = 0, counted by each zone's own date.
        holidays: dates on which nobody is mailed, counted likewise.

    Raises:
        NoMailHourError: there is no such instant within two months.
    """
    if not zones:
        return now
    places = [zone_info(zone) for zone in sorted(set(zones))]
    for day in range(-1, _DAYS_SEARCHED):
        first = now.astimezone(places[0]).date() + day * _DAY
        for stretch, dates in _common_hours(first, places):
            works = all(d.weekday() in working_days and d not in holidays for d in dates)
            if works and now < stretch.end:
                return max(now, stretch.start).astimezone(UTC)
    raise NoMailHourError(now)


def _common_hours(day: date, places: list[ZoneInfo]) -> Iterator[tuple[TimeSpan, tuple[date, ...]]]:
    """Stretches within everybody's mail hours that touch ``day`` in the first zone, by start."""
    for widening in range(_MOST_WIDENINGS):
        found = sorted(_meetings(day, places, widening * _WIDER))
        if found:
            yield from found
            return


def _meetings(
    day: date, places: list[ZoneInfo], wider: timedelta
) -> Iterator[tuple[TimeSpan, tuple[date, ...]]]:
    nearby = (day - _DAY, day, day + _DAY)
    for others in itertools.product(nearby, repeat=len(places) - 1):
        dates = (day, *others)
        hours = [_hours(d, place, wider) for d, place in zip(dates, places, strict=True)]
        start, end = max(h.start for h in hours), min(h.end for h in hours)
        if start < end:
            yield TimeSpan(start, end), dates


def _hours(day: date, place: ZoneInfo, wider: timedelta) -> TimeSpan:
    opens = datetime.combine(day, OPENS, place).astimezone(UTC) - wider
    closes = datetime.combine(day, CLOSES, place).astimezone(UTC) + wider
    return TimeSpan(opens, closes)
