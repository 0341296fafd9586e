"""Where the invented firm has offices and when they are closed."""

from __future__ import annotations

from datetime import date, timedelta

import holidays

from simulator.people import Office

NEW_YORK = Office("New York", "America/New_York", "US", "NY")
CHICAGO = Office("Chicago", "America/Chicago", "US", "IL")
LONDON = Office("London", "Europe/London", "GB", "ENG")
MUNICH = Office("Munich", "Europe/Berlin", "DE", "BY")
SYDNEY = Office("Sydney", "Australia/Sydney", "AU", "NSW")

OFFICES = (NEW_YORK, LONDON, CHICAGO, MUNICH, SYDNEY)

RETREAT = "Harcourt Vale partners' and associates' away day"
"""The one closure all offices share."""


def closures(office: Office, first: date, last: date) -> dict[date, str]:
    """Working days between ``first`` and ``last``, both included, on which the office is shut.

    Keys are in ascending order; values are the names staff find in their calendars. Weekends
    are left out, because nobody works on them anyway.

    Source: the ``holidays`` library, by the office's country and region; the firm's away day is
    the Friday of the fifteenth week.
    """
    years = range(first.year, last.year + 1)
    public = holidays.country_holidays(office.country, subdiv=office.region, years=years)
    named = {day: f"Public holiday: {name}" for day, name in public.items()}
    named.setdefault(first - timedelta(days=first.weekday()) + timedelta(weeks=14, days=4), RETREAT)
    return {day: named[day] for day in sorted(named) if first <= day <= last and day.weekday() < 5}
