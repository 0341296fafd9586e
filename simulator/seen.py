"""Events and meetings as a test or a demo sees them in somebody's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event as it stands in somebody's calendar; ``id`` is immutable and of that mailbox.

    ``responses`` maps each attendee's address to what the organizer was told.
    """

    id: str
    subject: str
    start: datetime
    end: datetime
    zone: str
    is_series: bool
    is_organizer: bool
    organizer: str
    show_as: str
    responses: Mapping[str, str]
    join_url: str | None
    transaction_id: str | None
    extended: Mapping[str, str]
    recurrence: Mapping[str, Any] | None
    moved: tuple[date, ...]
    cancelled: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class OccurrenceSeen:
    """One meeting as it stands in somebody's calendar, times in UTC.

    ``day`` is its original date in the series' zone (None: it does not recur),
    ``event_id`` the immutable id of the single event or master, ``id`` its own.
    ``response`` is what the calendar's owner answered, ``responses`` what the
    organizer was told by each attendee, by address.
    """

    id: str
    event_id: str
    day: date | None
    start: datetime
    end: datetime
    subject: str
    organizer: str
    show_as: str
    response: str
    responses: Mapping[str, str]
    is_exception: bool
    join_url: str | None
