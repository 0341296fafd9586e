"""What a client wrote of an event: read, checked, in our own terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from simulator.behaviour import MOST_ATTENDEES
from simulator.errors import GraphError, invalid_property, invalid_request, unknown_zone
from simulator.events import Attendee
from simulator.recurrence import enum_value
from simulator.zones import UnknownZoneError, to_local, zone_named, zone_sent

SENSITIVITIES = ("normal", "personal", "private", "confidential")
SHOW_AS = ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown")
PROVIDERS = ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness")

# What Exchange puts around a text.
_PAGE_HEAD = (
    '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    "\r\n</head>\r\n<body>\r\n"
)
_PAGE_FOOT = "\r\n</body>\r\n</html>\r\n"

# Members Graph knows, with those of their parts that are checked as well.
_ZONED = {"dateTime": None, "timeZone": None}
_PATTERN = (
    "type",
    "interval",
    "month",
    "dayOfMonth",
    "daysOfWeek",
    "firstDayOfWeek",
    "index",
)
_RANGE = ("type", "startDate", "endDate", "recurrenceTimeZone", "numberOfOccurrences")
EVENT_MEMBERS: dict[str, Any] = {
    "subject": None,
    "body": {"contentType": None, "content": None},
    "start": _ZONED,
    "end": _ZONED,
    "location": None,
    "locations": None,
    "attendees": {
        "emailAddress": {"name": None, "address": None},
        "type": None,
        "status": None,
        "proposedNewTime": None,
    },
    "isAllDay": None,
    "sensitivity": None,
    "showAs": None,
    "importance": None,
    "isReminderOn": None,
    "reminderMinutesBeforeStart": None,
    "responseRequested": None,
    "allowNewTimeProposals": None,
    "hideAttendees": None,
    "isOnlineMeeting": None,
    "onlineMeetingProvider": None,
    "recurrence": {"pattern": dict.fromkeys(_PATTERN), "range": dict.fromkeys(_RANGE)},
    "transactionId": None,
    "singleValueExtendedProperties": {"id": None, "value": None},
    "categories": None,
}


def unknown_members(body: object, known: Mapping[str, Any] | None, path: str = "") -> list[str]:
    """Paths of members that ``known`` does not list; annotations (``@odata…``) are no members."""
    if known is None:
        return []
    if isinstance(body, list):
        return [name for part in body for name in unknown_members(part, known, path)]
    if not isinstance(body, Mapping):
        return []
    found = []
    for name, value in body.items():
        if "@" in name:
            continue
        if name not in known:
            found.append(path + name)
        else:
            found.extend(unknown_members(value, known[name], f"{path}{name}."))
    return found


@dataclass(frozen=True, slots=True)
class Wall:
    """A wall-clock time and the name of its zone, as written (empty where left out)."""

    local: datetime
    zone: str


@dataclass(slots=True)
class Written:
    """A create or change of an event; None (or an empty mapping) where nothing was said."""

    fields: dict[str, Any] = field(default_factory=dict)
    start: Wall | None = None
    end: Wall | None = None
    attendees: list[Attendee] | None = None
    recurrence: Mapping[str, Any] | None = None
    extended: dict[str, str] = field(default_factory=dict)
    transaction_id: str | None = None
    online: bool | None = None
    provider: str | None = None

    @property
    def says_nothing_people_see(self) -> bool:
        """Whether only extended properties (or nothing at all) were written."""
        return self.only_attendees and self.attendees is None

    @property
    def only_attendees(self) -> bool:
        """Whether of what people see at most the list of attendees was written."""
        return (
            not self.fields
            and self.start is None
            and self.end is None
            and self.recurrence is None
            and self.online is None
            and self.provider is None
        )


def wall(value: object, name: str) -> Wall:
    """A ``dateTimeTimeZone``; a time with an offset is turned into its zone.

    Raises:
        GraphError: 400, no such time, or a zone Exchange does not know.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("dateTime"), str):
        raise invalid_property(f"{name} needs dateTime and timeZone.")
    zone = value.get("timeZone") or ""
    try:
        parsed = datetime.fromisoformat(value["dateTime"])
        if zone:
            known = zone_sent(zone)
            if parsed.tzinfo is not None:
                parsed = to_local(parsed, known)
    except UnknownZoneError:
        raise unknown_zone(zone) from None
    except ValueError:
        raise invalid_property(f"{name}.dateTime is no date and time.") from None
    if parsed.tzinfo is not None:
        return Wall(to_local(parsed, zone_named("UTC")), zone)
    return Wall(parsed, zone)


def read_body(body: object) -> Written:
    """What ``body`` says about an event; members that are no part of it are passed over.

    Raises:
        GraphError: 400, a value Exchange would not take.
    """
    if not isinstance(body, Mapping):
        raise invalid_request("The request body has to be a JSON object.")
    written = Written()
    for name, value in body.items():
        if name in _READERS:
            _READERS[name](written, value)
        elif name in _FIELDS:
            written.fields[name] = _FIELDS[name](name, value)
    return written


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid_property(f"{name} has to be text.")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise invalid_property(f"{name} has to be true or false.")
    return value


def _minutes(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_property(f"{name} has to be a whole number.")
    return value


def _one_of(*allowed: str) -> Callable[[str, object], str]:
    return lambda name, value: enum_value(value, allowed, name)


def _list(name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise invalid_property(f"{name} has to be a list.")
    return value


def _html(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise invalid_property(f"{name} needs contentType and content.")
    content = _text(name, value.get("content"))
    if enum_value(value.get("contentType") or "text", ("text", "html"), name) == "text":
        content = escape(content, quote=False).replace("\n", "<br>\r\n")
    if "<html" not in content.lower():
        content = f"{_PAGE_HEAD}{content}{_PAGE_FOOT}"
    return {"contentType": "html", "content": content}


def _location(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid_property(f"{name} has to be a location.")
    shown = _text(name, value.get("displayName"))
    return {
        **{key: part for key, part in value.items() if "@" not in key},
        "displayName": shown,
        "locationType": value.get("locationType") or "default",
        "uniqueId": shown,
        "uniqueIdType": "private",
    }


_FIELDS: dict[str, Callable[[str, object], Any]] = {
    "subject": _text,
    "body": _html,
    "location": _location,
    "isAllDay": _flag,
    "sensitivity": _one_of(*SENSITIVITIES),
    "showAs": _one_of(*SHOW_AS),
    "importance": _one_of("low", "normal", "high"),
    "isReminderOn": _flag,
    "reminderMinutesBeforeStart": _minutes,
    "responseRequested": _flag,
    "allowNewTimeProposals": _flag,
    "hideAttendees": _flag,
    "categories": _list,
}


def _read_start(written: Written, value: object) -> None:
    written.start = wall(value, "start")


def _read_end(written: Written, value: object) -> None:
    written.end = wall(value, "end")


def _read_locations(written: Written, value: object) -> None:
    places = [_location("locations", place) for place in _list("locations", value)]
    written.fields.setdefault("location", places[0] if places else _location("location", {}))


def _read_recurrence(written: Written, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise invalid_property("recurrence has to be an object.")
    written.recurrence = value


def _read_attendees(written: Written, value: object) -> None:
    listed = _list("attendees", value)
    if len(listed) > MOST_ATTENDEES:
        raise GraphError(
            400, "ErrorInvalidRecipients", f"At most {MOST_ATTENDEES} attendees can be invited."
        )
    written.attendees = list(map(_attendee, listed))


def _attendee(value: object) -> Attendee:
    mail = value.get("emailAddress") if isinstance(value, Mapping) else None
    address = mail.get("address") if isinstance(mail, Mapping) else None
    if (
        not isinstance(value, Mapping)
        or not isinstance(mail, Mapping)
        or not isinstance(address, str)
        or "@" not in address
    ):
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    kind = enum_value(
        value.get("type") or "required", ("required", "optional", "resource"), "attendees.type"
    )
    return Attendee(name=mail.get("name") or address, address=address, kind=kind)


def _read_extended(written: Written, value: object) -> None:
    for entry in _list("singleValueExtendedProperties", value):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            raise invalid_property("An extended property needs id and value.")
        written.extended[entry["id"]] = _text("singleValueExtendedProperties", entry.get("value"))


def _read_transaction(written: Written, value: object) -> None:
    written.transaction_id = None if value is None else _text("transactionId", value)


def _read_online(written: Written, value: object) -> None:
    written.online = _flag("isOnlineMeeting", value)


def _read_provider(written: Written, value: object) -> None:
    written.provider = enum_value(value, PROVIDERS, "onlineMeetingProvider")


_READERS: dict[str, Callable[[Written, object], None]] = {
    "start": _read_start,
    "end": _read_end,
    "locations": _read_locations,
    "recurrence": _read_recurrence,
    "attendees": _read_attendees,
    "singleValueExtendedProperties": _read_extended,
    "transactionId": _read_transaction,
    "isOnlineMeeting": _read_online,
    "onlineMeetingProvider": _read_provider,
}
