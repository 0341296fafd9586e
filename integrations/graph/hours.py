"""Working hours as Graph tells them, in Tandem's words."""

from __future__ import annotations

from integrations.graph.models import WorkingHours
from integrations.graph.zones import iana_name
from integrations.ports import MailboxSettings


def settings_from(zone: str | None, hours: WorkingHours | None) -> MailboxSettings:
    """Zone and the one range of hours.

    The mailbox's own zone comes first: custom zones inside working hours have come back with
    their summer and winter parts swapped, so a zone is taken from there only by its name.
    """
    named = hours.zone.name if hours is not None and hours.zone is not None else None
    known = iana_name(zone) or iana_name(named)
    if hours is None or hours.start is None or hours.end is None:
        return MailboxSettings(zone=known)
    return MailboxSettings(zone=known, weekdays=tuple(hours.days), start=hours.start, end=hours.end)
