"""An event as Graph shows it, in the reader's zone, with the kind of ids the reader prefers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from simulator.calendars import Calendars, Item
from simulator.events import Attendee, Occurrence, Standing
from simulator.zones import to_local, to_utc, zone_named

_NEVER = "0001-01-01T00:00:00Z"
_UNANSWERED_TIME = {"none": _NEVER, "notResponded": "4501-01-01T00:00:00Z"}
_PREVIEW_LENGTH = 255
# What can be asked for of an event.
EVENT_FIELDS = frozenset(
    [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "categories",
        "transactionId",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "originalStart",
        "iCalUId",
        "uid",
        "reminderMinutesBeforeStart",
        "isReminderOn",
        "hasAttachments",
        "subject",
        "bodyPreview",
        "importance",
        "sensitivity",
        "isAllDay",
        "isCancelled",
        "isOrganizer",
        "responseRequested",
        "seriesMasterId",
        "showAs",
        "type",
        "webLink",
        "onlineMeetingUrl",
        "isOnlineMeeting",
        "onlineMeetingProvider",
        "onlineMeeting",
        "allowNewTimeProposals",
        "occurrenceId",
        "isDraft",
        "hideAttendees",
        "responseStatus",
        "body",
        "start",
        "end",
        "location",
        "locations",
        "recurrence",
        "attendees",
        "organizer",
        "cancelledOccurrences",
        "exceptionOccurrences",
    ]
)
# Shown only when asked for by name.
ON_REQUEST = frozenset({"cancelledOccurrences", "exceptionOccurrences", "occurrenceId"})


@dataclass(frozen=True, slots=True)
class View:
    """What a reader asked for: ``select`` empty means everything that is shown unasked.

    ``expand_extended`` are the ids of the extended properties to add.
    """

    zone: str = "UTC"
    immutable: bool = False
    text_body: bool = False
    select: frozenset[str] = field(default_factory=frozenset)
    expand_extended: tuple[str, ...] | None = None
    expand_exceptions: bool = False
    exception_select: frozenset[str] = field(default_factory=frozenset)


def stamp(instant: datetime) -> str:
    """A ``DateTimeOffset`` in UTC with seven fraction digits."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}0Z"


def zoned(instant: datetime, zone: ZoneInfo, name: str) -> dict[str, str]:
    """A ``dateTimeTimeZone`` as answers hold it."""
    return {
        "dateTime": f"{to_local(instant, zone).isoformat(timespec='microseconds')}0",
        "timeZone": name,
    }


class EventViews:
    """Shows items of the calendars."""

    def __init__(self, calendars: Calendars) -> None:
        self._calendars = calendars

    def change_key(self, item: Item) -> str:
        """The key that every change makes anew, and that Exchange changes once by itself."""
        event = item.event
        altered = event.altered.get(item.day) if item.day is not None else None
        own_revision = 0 if altered is None else altered.revision
        behaviour = self._calendars.behaviour
        after = behaviour.change_key_rotates_after
        touched = (
            after is not None
            and (event.revision == 1 or behaviour.change_key_rotates_each_time)
            and self._calendars.clock() >= event.modified + after
        )
        return self._calendars.mint.base64(
            "change", event.key, item.owner.id, event.revision, own_revision, touched
        )

    def etag(self, item: Item) -> str:
        """The item's etag, ready to be compared with ``If-Match``."""
        return f'W/"{self.change_key(item)}"'

    def shown(self, item: Item, view: View, occurrence: Occurrence | None = None) -> dict[str, Any]:
        """The event resource; ``occurrence`` spares looking it up again."""
        if occurrence is None:
            occurrence = item.occurrence()
        full = self._resource(item, view, occurrence)
        chosen = {"@odata.etag": self.etag(item), "id": full["id"]}
        chosen |= {
            name: value() if callable(value) else value
            for name, value in full.items()
            if (name in view.select if view.select else name not in ON_REQUEST)
        }
        if view.expand_extended is not None:
            chosen.update(self._extended(item, view.expand_extended))
        if view.expand_exceptions and item.event.is_series and item.day is None:
            chosen["exceptionOccurrences"] = self._exceptions(item, view)
        elif "exceptionOccurrences" not in view.select:
            chosen.pop("exceptionOccurrences", None)
        return chosen

    def _resource(self, item: Item, view: View, occurrence: Occurrence | None) -> dict[str, Any]:
        """Every property; what takes long to work out as a call, for it is seldom asked for."""
        event, immutable = item.event, view.immutable
        fields = {**event.fields}
        if occurrence is not None and occurrence.altered is not None:
            fields.update(occurrence.altered.fields)
        item_id = self._calendars.item_id(item, immutable=immutable)
        master = Item(event, None, item.owner)
        master_id = self._calendars.item_id(master, immutable=immutable)
        modified = event.modified
        if occurrence is not None and occurrence.altered and occurrence.altered.modified:
            modified = max(modified, occurrence.altered.modified)
        location = fields.get("location") or {"displayName": "", "locationType": "default"}
        return {
            "id": item_id,
            "createdDateTime": lambda: stamp(event.created),
            "lastModifiedDateTime": lambda: stamp(modified),
            "changeKey": lambda: self.change_key(item),
            "categories": fields.get("categories", []),
            **_transaction(item),
            "originalStartTimeZone": event.zone,
            "originalEndTimeZone": event.zone,
            "iCalUId": lambda: self._i_cal_uid(item),
            "uid": lambda: self._uid(item),
            "reminderMinutesBeforeStart": fields.get("reminderMinutesBeforeStart", 15),
            "isReminderOn": fields.get("isReminderOn", True),
            "hasAttachments": False,
            "subject": fields.get("subject", ""),
            "bodyPreview": lambda: _preview(fields),
            "importance": fields.get("importance", "normal"),
            "sensitivity": fields.get("sensitivity", "normal"),
            "isAllDay": fields.get("isAllDay", False),
            "isCancelled": False,
            "isOrganizer": item.is_organizers,
            "responseRequested": fields.get("responseRequested", True),
            "seriesMasterId": master_id if item.day is not None else None,
            "showAs": shown_as(item),
            "type": _type(item, occurrence, self._calendars.behaviour.answer_makes_exception),
            "webLink": lambda: (
                "https://outlook.office365.com/owa/?itemid="
                f"{quote(item_id, safe='')}&exvsurl=1&path=/calendar/item"
            ),
            "onlineMeetingUrl": None,
            **_online(event.meeting, event.fields),
            "allowNewTimeProposals": fields.get("allowNewTimeProposals", True),
            "occurrenceId": _occurrence_id(master_id, item),
            "isDraft": False,
            "hideAttendees": fields.get("hideAttendees", False),
            "responseStatus": lambda: self._response_status(item),
            "body": lambda: _body(fields, text=view.text_body),
            **self._times(item, view.zone, occurrence),
            "location": location,
            "locations": [location] if location.get("displayName") else [],
            "recurrence": event.recurrence if item.day is None else None,
            "attendees": lambda: [self._attendee(one, item, view.zone) for one in event.attendees],
            "organizer": lambda: self._organizer(item),
            "cancelledOccurrences": [
                f"OID.{master_id}.{day.isoformat()}" for day in sorted(event.cancelled)
            ]
            if event.is_series and item.day is None
            else [],
            "exceptionOccurrences": [],
        }

    def _times(self, item: Item, zone_name: str, occurrence: Occurrence | None) -> dict[str, Any]:
        zone, own = zone_named(zone_name), zone_named(item.event.zone)
        if occurrence is None:
            start, end = to_utc(item.event.start, own), to_utc(item.event.end, own)
        else:
            start, end = occurrence.start, occurrence.end
        times: dict[str, Any] = {
            "start": zoned(start, zone, zone_name),
            "end": zoned(end, zone, zone_name),
        }
        if item.day is not None and occurrence is not None:
            times["originalStart"] = f"{occurrence.original:%Y-%m-%dT%H:%M:%SZ}"
        return times

    def _uid(self, item: Item) -> str:
        digest = self._calendars.mint.digest("uid", item.event.key, size=28).hex().upper()
        return f"040000008200E00074C5B7101A82E008{'0' * 8}{digest}"

    def _i_cal_uid(self, item: Item) -> str:
        uid = self._uid(item)
        return uid if item.day is None else f"{uid[:32]}{item.day:%Y%m%d}{uid[40:]}"

    def _attendee(self, attendee: Attendee, item: Item, zone_name: str) -> dict[str, Any]:
        standing = item.event.standing(attendee.address, item.day)
        if item.event.fields.get("hideAttendees") and not item.is_organizers:
            standing = Standing()
        shown: dict[str, Any] = {
            "type": attendee.kind,
            "status": self._status(standing.response, standing.at),
            "emailAddress": {"name": attendee.name, "address": attendee.address},
        }
        if standing.proposed is not None:
            zone = zone_named(zone_name)
            shown["proposedNewTime"] = {
                "start": zoned(standing.proposed[0], zone, zone_name),
                "end": zoned(standing.proposed[1], zone, zone_name),
            }
        return shown

    def _status(self, response: str, at: datetime | None) -> dict[str, str]:
        if response == "none" or at is None:
            unanswered = self._calendars.behaviour.unanswered
            return {"response": unanswered, "time": _UNANSWERED_TIME[unanswered]}
        return {"response": response, "time": stamp(at)}

    def _response_status(self, item: Item) -> dict[str, str]:
        standing = item.standing
        if standing is None:
            return {"response": "organizer", "time": _NEVER}
        return self._status(standing.own, standing.at or item.event.created)

    def _organizer(self, item: Item) -> dict[str, Any]:
        organizer = self._calendars.directory.user(item.event.organizer)
        return {"emailAddress": {"name": organizer.name, "address": organizer.mail}}

    def _extended(self, item: Item, wanted: tuple[str, ...]) -> dict[str, Any]:
        found = [
            {"id": name, "value": value}
            for name, value in item.event.extended.items()
            if item.is_organizers and any(same_property(name, asked) for asked in wanted)
        ]
        return {"singleValueExtendedProperties": found} if found else {}

    def _exceptions(self, item: Item, view: View) -> list[dict[str, Any]]:
        inner = View(
            zone=view.zone,
            immutable=view.immutable,
            text_body=view.text_body,
            select=view.exception_select,
        )
        shown = []
        for day in sorted(item.event.altered):
            one = Item(item.event, day, item.owner)
            if one.occurrence() is not None:
                shown.append(self.shown(one, inner))
        return shown


def same_property(one: str, other: str) -> bool:
    """Whether two extended property ids mean the same; only the name's case counts."""
    return _property_parts(one) == _property_parts(other)


def _property_parts(text: str) -> tuple[str, ...]:
    parts = text.split(" ", 3)
    return (*(part.lower() for part in parts[:3]), *parts[3:])


def shown_as(item: Item) -> str:
    """The status of the item in its owner's free/busy: an attendee's follows her answer."""
    fields = item.event.fields
    if item.day is not None and item.day in item.event.altered:
        fields = {**fields, **item.event.altered[item.day].fields}
    planned = str(fields.get("showAs", "busy"))
    standing = item.standing
    if standing is None or standing.own == "accepted":
        return planned
    if standing.own == "declined":
        return "free"
    return "free" if planned == "free" else "tentative"


def _type(item: Item, occurrence: Occurrence | None, answers_count: bool) -> str:
    if not item.event.is_series:
        return "singleInstance"
    if item.day is None:
        return "seriesMaster"
    answered = answers_count and bool(item.event.standings.get(item.day))
    altered = occurrence is not None and occurrence.altered is not None
    return "exception" if altered or answered else "occurrence"


def _transaction(item: Item) -> dict[str, str]:
    given = item.event.transaction_id
    return {"transactionId": given} if given is not None and item.is_organizers else {}


def _occurrence_id(master_id: str, item: Item) -> str | None:
    return None if item.day is None else f"OID.{master_id}.{item.day.isoformat()}"


def _online(meeting: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    if meeting is None:
        return {"isOnlineMeeting": False, "onlineMeetingProvider": "unknown", "onlineMeeting": None}
    return {
        "isOnlineMeeting": True,
        "onlineMeetingProvider": fields.get("onlineMeetingProvider", "teamsForBusiness"),
        "onlineMeeting": {
            "joinUrl": meeting["joinUrl"],
            "conferenceId": meeting["conferenceId"],
            "tollNumber": meeting["tollNumber"],
        },
    }


def _body(fields: Mapping[str, Any], *, text: bool) -> dict[str, str]:
    body: dict[str, str] = fields.get("body") or {"contentType": "html", "content": ""}
    if not text:
        return body
    return {"contentType": "text", "content": plain_text(body["content"])}


def _preview(fields: Mapping[str, Any]) -> str:
    body = fields.get("body")
    return plain_text(body["content"])[:_PREVIEW_LENGTH] if body else ""


def plain_text(html: str) -> str:
    """The words of an HTML body."""
    shown = re.sub(r"<head>.*?</head>", "", html, flags=re.DOTALL | re.IGNORECASE)
    return unescape(re.sub(r"<[^>]+>", "", shown)).strip()
