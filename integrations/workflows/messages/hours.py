"""When a person may be written to."""

from __future__ import annotations

from datetime import date, datetime

from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.mail_hours import next_mailable


def mail_hours(rule: ProgramRule, zone: str, office: str | None, now: datetime) -> datetime:
    """The first instant from ``now`` on at which somebody of that office may be written to."""
    holidays = rule.holidays.get(office or "")
    # Whole years, so that the same few answers serve everybody.
    first, last = date(now.year, 1, 1), date(now.year + 1, 12, 31)
    closed = holidays.dates(first, last) if holidays else ()
    return next_mailable(now, [zone], rule.cadence.weekdays, closed, rule.limits.mail_hours)
