"""When people may be mailed: within some hours of a working day, where each of them is."""

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.cadence import zone_info
from scheduling.errors import InvalidRuleError, SchedulingError
from scheduling.rule import minute_of
from scheduling.timespan import TimeSpan

OPENS, CLOSES = time(8), time(18, 30)
_WIDER = timedelta(minutes=30)
_MOST_WIDENINGS = 48
_LEAST_MINUTES = 60
_DAYS_SEARCHED = 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MailHours:
    """From when to when, on the wall clock of whoever is mailed.

    Raises:
        InvalidRuleError: they close before they have been open for an hour.
    """

    opens: time = OPENS
    closes: time = CLOSES

    def __post_init__(self) -> None:
        if minute_of(self.closes) - minute_of(self.opens) < _LEAST_MINUTES:
            expected = f"an hour after {self.opens:%H:%M} or later, on the same day"
            raise InvalidRuleError("mail_closes", self.closes, expected)


USUAL_MAIL_HOURS = MailHours()


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
    hours: MailHours = USUAL_MAIL_HOURS,
) -> datetime:
    """The first instant from ``now`` on at which everybody concerned is within mail hours.

    Parameters:
        zones: where the people are. Where the mail hours of two zones never meet
            (London and Sydney in the northern winter), both are widened alike by half
            hours until they do.
        working_days: weekdays, Monday = 0, counted by each zone's own date.
        holidays: dates on which nobody is mailed, counted likewise.
        hours: the mail hours of each of them.

    Raises:
        NoMailHourError: there is no such instant within two months.
    """
    if not zones:
        return now
    places = [zone_info(zone) for zone in sorted(set(zones))]
    for day in range(-1, _DAYS_SEARCHED):
        first = now.astimezone(places[0]).date() + day * _DAY
        for stretch, dates in _common_hours(first, places, hours):
            works = all(d.weekday() in working_days and d not in holidays for d in dates)
            if works and now < stretch.end:
                return max(now, stretch.start).astimezone(UTC)
    raise NoMailHourError(now)


def _common_hours(
    day: date, places: list[ZoneInfo], usual: MailHours
) -> Iterator[tuple[TimeSpan, tuple[date, ...]]]:
    """Stretches within everybody's mail hours that touch ``day`` in the first zone, by start."""
    for widening in range(_MOST_WIDENINGS):
        found = sorted(_meetings(day, places, usual, widening * _WIDER))
        if found:
            yield from found
            return


def _meetings(
    day: date, places: list[ZoneInfo], usual: MailHours, wider: timedelta
) -> Iterator[tuple[TimeSpan, tuple[date, ...]]]:
    nearby = (day - _DAY, day, day + _DAY)
    for others in itertools.product(nearby, repeat=len(places) - 1):
        dates = (day, *others)
        hours = [_hours(d, place, usual, wider) for d, place in zip(dates, places, strict=True)]
        start, end = max(h.start for h in hours), min(h.end for h in hours)
        if start < end:
            yield TimeSpan(start, end), dates


def _hours(day: date, place: ZoneInfo, usual: MailHours, wider: timedelta) -> TimeSpan:
    opens = datetime.combine(day, usual.opens, place).astimezone(UTC) - wider
    closes = datetime.combine(day, usual.closes, place).astimezone(UTC) + wider
    return TimeSpan(opens, closes)
