"""How old what Tandem knows of people's calendars is, in words for pages."""

from __future__ import annotations

from datetime import datetime, timedelta

OLD = timedelta(hours=2)
"""Beyond this a page says it in words."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def old_calendars(read_at: datetime | None, now: datetime) -> str | None:
    """A sentence about calendars that were last read over two hours ago; None of fresher ones."""
    if read_at is None or now - read_at <= OLD:
        return None
    return (
        f"Calendars were last read {_length(now - read_at)} ago: what has changed in them since is"
        " not seen here. Tandem looks every hour from 06:00 to 20:00 on working days, and at night."
    )


def _length(age: timedelta) -> str:
    if age < 2 * _DAY:
        return _counted(age // _HOUR, "hour")
    return _counted(age // _DAY, "day")


def _counted(number: int, what: str) -> str:
    said = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{said} {what}" if number == 1 else f"{said} {what}s"
