"""Working days and working hours between instants, as patience is measured in them."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from scheduling.cadence import zone_info
from scheduling.people import Person
from scheduling.timespan import TimeSpan

_DAY = timedelta(days=1)
_LONGEST = 400


def working_days_after(
    start: datetime,
    days: int,
    zone: str,
    weekdays: Collection[int],
    closed: Collection[date] = (),
) -> datetime:
    """The same wall-clock time ``days`` working days after ``start``.

    The day of ``start`` itself does not count. Closed dates and other weekdays are
    passed over; after 400 days the search ends, however few of them were worked.
    """
    local = start.astimezone(zone_info(zone))
    day, left = local.date(), days
    for _ in range(_LONGEST):
        if left == 0:
            break
        day += _DAY
        left -= day.weekday() in weekdays and day not in closed
    return datetime.combine(day, local.time(), zone_info(zone)).astimezone(UTC)


def working_time_between(span: TimeSpan, person: Person) -> timedelta:
    """How much of ``span`` lies within the person's working hours, absences left out."""
    zone = zone_info(person.zone)
    day, total = span.start.astimezone(zone).date(), timedelta(0)
    while day <= span.end.astimezone(zone).date():
        if day not in person.absent_dates:
            midnight = datetime.combine(day, time(0))
            for worked in person.hours.week[day.weekday()]:
                begin, close = (
                    (midnight + timedelta(minutes=m)).replace(tzinfo=zone).astimezone(UTC)
                    for m in (worked.start, worked.end)
                )
                total += max(min(close, span.end) - max(begin, span.start), timedelta(0))
        day += _DAY
    return total


def working_hours_after(start: datetime, length: timedelta, person: Person) -> datetime:
    """When the person will have worked for ``length`` since ``start``, to the quarter hour.

    At most three weeks on: who works no hours at all is not waited for longer.
    """
    end, last = start, start + timedelta(weeks=3)
    while end < last:
        end += timedelta(minutes=15)
        if working_time_between(TimeSpan(start, end), person) >= length:
            break
    return end
