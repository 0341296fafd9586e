"""What an event is: its own fields, who is asked to it, and what became of single dates.

One event is kept once, with its organizer. What stands in an attendee's
calendar follows from it and from what the attendee did (:class:`Standing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from simulator.recurrence import starts
from simulator.zones import to_utc, zone_named

# What became of an item in a mailbox.
Change = Literal["created", "updated", "deleted"]

# A series without an end is expanded this far beyond what was asked for, no further.
_MARGIN = timedelta(days=2)
_FAR = date(2100, 1, 1)


@dataclass(slots=True)
class Standing:
    """What an attendee did about an event, or about one date of it.

    ``response`` is what the organizer was told, ``own`` what the attendee's own
    calendar says: they differ where no reply was sent. A deleted item stands in
    the attendee's calendar no more, and the organizer is not told of that.
    """

    response: str = "none"
    own: str = "none"
    deleted: bool = False
    at: datetime | None = None
    proposed: tuple[datetime, datetime] | None = None

    @property
    def stands(self) -> bool:
        """Whether the item takes up the attendee's time."""
        return not self.deleted and self.own != "declined"


@dataclass(slots=True)
class Attendee:
    """Somebody invited. ``kind`` is required, optional or resource."""

    name: str
    address: str
    kind: str = "required"
    standing: Standing = field(default_factory=Standing)


@dataclass(slots=True)
class Altered:
    """An exception: where a date of a series moved to, and what else differs from the master."""

    start: datetime
    end: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    revision: int = 1
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting of an event: of a series, or the only one (``day`` is None).

    ``day`` is the original date in the series' zone; it names the occurrence for good.
    """

    day: date | None
    start: datetime
    end: datetime
    original: datetime
    altered: Altered | None = None

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether any moment of it lies in the half-open stretch from start to end."""
        return self.start < end and (self.end > start or self.start == self.end == start)


@dataclass(slots=True)
class Event:
    """An event in the calendar of its organizer.

    ``start`` and ``end`` are wall-clock times of ``zone`` (a name as the client
    wrote it); of a series they are those of its first day. ``recurrence`` is
    normalised. ``altered`` and ``standings`` are by original date, the latter
    then by the attendee's address in lower case.
    """

    key: str
    organizer: str
    created: datetime
    modified: datetime
    start: datetime
    end: datetime
    zone: str
    fields: dict[str, Any]
    attendees: list[Attendee] = field(default_factory=list)
    recurrence: dict[str, Any] | None = None
    extended: dict[str, str] = field(default_factory=dict)
    transaction_id: str | None = None
    meeting: dict[str, Any] | None = None
    altered: dict[date, Altered] = field(default_factory=dict)
    cancelled: list[date] = field(default_factory=list)
    standings: dict[date, dict[str, Standing]] = field(default_factory=dict)
    revision: int = 1
    folder: int = 1

    @property
    def is_series(self) -> bool:
        """Whether it recurs."""
        return self.recurrence is not None

    def standing(self, address: str, day: date | None) -> Standing:
        """What an attendee did about a date: what she did about that one, or else about all.

        Raises:
            KeyError: nobody of that address is invited.
        """
        lower = address.lower()
        if day is not None and lower in self.standings.get(day, {}):
            return self.standings[day][lower]
        for attendee in self.attendees:
            if attendee.address.lower() == lower:
                return attendee.standing
        raise KeyError(address)

    def invites(self, address: str) -> bool:
        """Whether somebody of that address is invited."""
        return any(attendee.address.lower() == address.lower() for attendee in self.attendees)

    def occurrence(self, day: date | None) -> Occurrence | None:
        """The occurrence of an original date (None: the single meeting), unless cancelled."""
        if (day is None) == self.is_series:
            return None
        until = _FAR if day is None else day
        return next((found for found in self.occurrences(until) if found.day == day), None)

    def occurrences(self, until: date = _FAR) -> Iterator[Occurrence]:
        """Every occurrence of a day up to ``until`` in the series' zone, by original date."""
        zone = zone_named(self.zone)
        if self.recurrence is None:
            start, end = to_utc(self.start, zone), to_utc(self.end, zone)
            yield Occurrence(None, start, end, start)
            return
        length = self.end - self.start
        limit = until if self.recurrence["range"]["type"] == "noEnd" else max(until, _FAR)
        for start in starts(self.recurrence, self.start.time(), limit):
            day = start.date()
            if day in self.cancelled:
                continue
            original = to_utc(start, zone)
            altered = self.altered.get(day)
            if altered is None:
                yield Occurrence(day, original, to_utc(start + length, zone), original)
            else:
                yield Occurrence(
                    day,
                    to_utc(altered.start, zone),
                    to_utc(altered.end, zone),
                    original,
                    altered,
                )

    def occurrences_within(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Occurrences that overlap a stretch of time, by original date."""
        until = end.astimezone(UTC).date() + _MARGIN
        # A moved date may lie far from the day it belongs to.
        if self.altered:
            until = max(until, max(self.altered) + _MARGIN)
        return [found for found in self.occurrences(until) if found.overlaps(start, end)]

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Event:
        """The event that storage kept."""
        instants = {name: _instant(doc[name]) for name in ("created", "modified", "start", "end")}
        return cls(
            **{
                **doc,
                **instants,
                "attendees": [
                    Attendee(**{**kept, "standing": _standing(kept["standing"])})
                    for kept in doc["attendees"]
                ],
                "cancelled": [date.fromisoformat(day) for day in doc["cancelled"]],
                "altered": {
                    date.fromisoformat(day): _altered(kept) for day, kept in doc["altered"].items()
                },
                "standings": {
                    date.fromisoformat(day): {who: _standing(one) for who, one in kept.items()}
                    for day, kept in doc["standings"].items()
                },
            }
        )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _standing(doc: Mapping[str, Any]) -> Standing:
    proposed = doc["proposed"]
    return Standing(
        response=doc["response"],
        own=doc["own"],
        deleted=doc["deleted"],
        at=_instant(doc["at"]) if doc["at"] else None,
        proposed=(_instant(proposed[0]), _instant(proposed[1])) if proposed else None,
    )


def _altered(doc: Mapping[str, Any]) -> Altered:
    return Altered(
        start=_instant(doc["start"]),
        end=_instant(doc["end"]),
        fields=dict(doc["fields"]),
        revision=doc["revision"],
        modified=_instant(doc["modified"]) if doc["modified"] else None,
    )
