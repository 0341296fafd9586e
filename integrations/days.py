"""Days as people hand them in: which can be meant at all, and how far ahead they may lie.

A year typed wrong is a day all the same. Kept, it would have calendars read for thousands of
years, or lie beyond the last day there is once a zone or a week is added.
"""

from __future__ import annotations

from datetime import date, timedelta

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext

FURTHEST = timedelta(days=731)
"""So far ahead of today a day may lie that something is to happen on."""
_YEARS = range(2000, 2200)
_HELP = N_("A day lies two years ahead at most; please look at its year.")


def day_in(text: str) -> date:
    """The day that ISO 8601 writes so.

    Raises:
        ValueError: it is none, or none of our times.
    """
    day = date.fromisoformat(text)
    if day.year not in _YEARS:
        raise ValueError(text)
    return day


def require_near(where: str, day: date, today: date) -> None:
    """Refuse a day too far ahead.

    Raises:
        FaultsError: it lies more than two years ahead; ``where`` names the field.
    """
    latest = today + FURTHEST
    if day > latest:
        wrong = Fault(where, gettext("a date until %(day)s", day=latest), str(day), latest)
        raise FaultsError([wrong], remedy=_HELP)
