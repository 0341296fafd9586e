"""Being in a meeting: what Teams notes of it, and who passes the lobby by herself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.attendance import Stay, Way
from simulator.services import Services


def note_stay(
    services: Services,
    person: str,
    join_url: str,
    joined: datetime,
    left: datetime,
    *,
    way: Way = "account",
    device: str = "computer",
) -> Stay:
    """Somebody is in a meeting for a while, past or to come, as Teams' reports will tell.

    Raises:
        KeyError: no meeting has that link.
        ValueError: the stay ends before it begins.
    """
    meeting = services.meetings.of_url(join_url)
    if meeting is None:
        raise KeyError(join_url)
    passes = services.meetings.passes_lobby(meeting, person, way, invited_to(services, meeting))
    stay = Stay(
        meeting["id"],
        person,
        joined,
        left,
        way,
        device,
        waits=not passes,
        reported=services.meetings.policy.attendance_reports,
    )
    services.attendance.note(stay)
    services.storage.commit()
    return stay


def invited_to(services: Services, meeting: Mapping[str, Any] | None) -> frozenset[str]:
    """The addresses invited to a meeting, in lower case; none where there is no event of it."""
    event = None if meeting is None else services.calendars.event(meeting["event"])
    return frozenset(one.address.lower() for one in event.attendees) if event else frozenset()
