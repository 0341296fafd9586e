"""When Tandem looks by itself: every hour of the working day, and once each night.

People change calendars while they work, and what matters most, a date of the next two days, is
looked at every hour from 06:00 to 20:00 on working days. What happens outside these hours is found
at 02:00, every night of the week, or at 06:00 of the next working day: before the first session of
a day can begin, and before mails may go out that would tell of it. So nights and weekends, three
fifths of all hours, cost one look each instead of one an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import ProgramState
from integrations.workflows.app import App

FIRST, LAST = time(6), time(20)
NIGHT = time(2)
WORKING_DAYS = frozenset(range(5))
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def zones_of_work(tx: Transaction, app: App) -> list[str]:
    """The zones of programs that are not closed, in the order of their ids; never empty.

    The first one's night is the night of the whole installation.
    """
    live = [program.zone for program in tx.programs.all() if program.state != ProgramState.CLOSED]
    return list(dict.fromkeys(live)) or [app.options.zone]


def is_hour_of_looks(at: datetime, zones: Sequence[str]) -> bool:
    """Whether it is a working day between 06:00 and 20:00 in one of ``zones``."""
    local = [at.astimezone(ZoneInfo(zone)) for zone in zones]
    return any(
        there.weekday() in WORKING_DAYS and FIRST <= there.time().replace(second=0) <= LAST
        for there in local
    )


def last_night(now: datetime, zone: str) -> datetime:
    """The latest 02:00 of ``zone`` that is not after ``now``, in UTC.

    Where clocks jump over that hour it is the instant they would have shown it; where they show it
    twice it is the first time. Either way there is one for each date.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    begun = _night_of(today, zone)
    return begun if begun <= now else _night_of(today - _DAY, zone)


def next_night(now: datetime, zone: str) -> datetime:
    """The 02:00 after :func:`last_night`."""
    begun = last_night(now, zone).astimezone(ZoneInfo(zone)).date()
    return _night_of(begun + _DAY, zone)


def next_look(now: datetime, zones: Sequence[str]) -> datetime:
    """The next full hour of looks after ``now``, or the next night if that comes first."""
    night = next_night(now, zones[0])
    hour = now.replace(minute=0, second=0, microsecond=0) + _HOUR
    while hour < night and not is_hour_of_looks(hour, zones):
        hour += _HOUR
    return min(hour, night)


def _night_of(day: date, zone: str) -> datetime:
    # Through UTC and back an hour that does not exist becomes the one after it.
    return datetime.combine(day, NIGHT, ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
