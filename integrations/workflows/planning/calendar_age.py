"""How old what Tandem knows of people's calendars is, in words for pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.language import N_, gettext, ngettext

OLD = timedelta(hours=2)
"""Beyond this a page says it in words."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NUMBERS = (
    *(N_("no"), N_("one"), N_("two"), N_("three"), N_("four"), N_("five"), N_("six")),
    *(N_("seven"), N_("eight"), N_("nine"), N_("ten")),
)


def old_calendars(read_at: datetime | None, now: datetime) -> str | None:
    """A sentence about calendars that were last read over two hours ago; None of fresher ones."""
    if read_at is None or now - read_at <= OLD:
        return None
    return gettext(
        "Calendars were last read %(length)s ago: what has changed in them since is not seen here."
        " Tandem looks every hour from 06:00 to 20:00 on working days, and at night.",
        length=_length(now - read_at),
    )


def _length(age: timedelta) -> str:
    if age < 2 * _DAY:
        hours = age // _HOUR
        return ngettext("one hour", "%(number)s hours", hours, number=_said(hours))
    days = age // _DAY
    return ngettext("one day", "%(number)s days", days, number=_said(days))


def _said(number: int) -> str:
    return gettext(_NUMBERS[number]) if number < len(_NUMBERS) else str(number)
