"""An event as Graph shows it, in the reader's zone, with the kind of ids the reader prefers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
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
# What a property says that the event does not have.
_ABSENT = object()
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
        self.calendars = calendars

    def change_key(self, item: Item) -> str:
        """The key that every change makes anew, and that Exchange changes once by itself."""
        event = item.event
        altered = event.altered.get(item.day) if item.day is not None else None
        own_revision = 0 if altered is None else altered.revision
        behaviour = self.calendars.behaviour
        after = behaviour.change_key_rotates_after
        touched = (
            after is not None
            and (event.revision == 1 or behaviour.change_key_rotates_each_time)
            and self.calendars.clock() >= event.modified + after
        )
        return self.calendars.mint.base64(
            "change", event.key, item.owner.id, event.revision, own_revision, touched
        )

    def etag(self, item: Item) -> str:
        """The item's etag, ready to be compared with ``If-Match``."""
        return f'W/"{self.change_key(item)}"'

    def shown(self, item: Item, view: View, occurrence: Occurrence | None = None) -> dict[str, Any]:
        """The event resource; ``occurrence`` spares looking it up again."""
        if occurrence is None:
            occurrence = item.occurrence()
        shown = _Shown(self, item, view, occurrence)
        chosen: dict[str, Any] = {"@odata.etag": self.etag(item), "id": shown.id}
        for name, value in _wanted(view.select):
            told = value(shown)
            if told is not _ABSENT:
                chosen[name] = told
        if view.expand_extended is not None:
            chosen.update(self._extended(item, view.expand_extended))
        if view.expand_exceptions and item.event.is_series and item.day is None:
            chosen["exceptionOccurrences"] = self._exceptions(item, view)
        return chosen

    def item_id(self, item: Item, view: View) -> str:
        """The item's id of the kind the reader prefers."""
        return self.calendars.item_id(item, immutable=view.immutable)

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


class _Shown:
    """One item on its way to one reader; works out what is asked for, and only that."""

    __slots__ = ("event", "fields", "item", "occurrence", "view", "views")

    def __init__(
        self, views: EventViews, item: Item, view: View, occurrence: Occurrence | None
    ) -> None:
        self.views, self.item, self.view, self.occurrence = views, item, view, occurrence
        self.event = item.event
        self.fields: Mapping[str, Any] = item.event.fields
        if occurrence is not None and occurrence.altered is not None:
            self.fields = {**item.event.fields, **occurrence.altered.fields}

    @property
    def is_master(self) -> bool:
        """Whether it is a whole series."""
        return self.event.is_series and self.item.day is None

    @property
    def id(self) -> str:
        return self.views.item_id(self.item, self.view)

    @property
    def master_id(self) -> str:
        return self.views.item_id(Item(self.event, None, self.item.owner), self.view)

    def modified(self) -> str:
        altered = None if self.occurrence is None else self.occurrence.altered
        if altered is None or altered.modified is None:
            return stamp(self.event.modified)
        return stamp(max(self.event.modified, altered.modified))

    def transaction_id(self) -> Any:
        given = self.event.transaction_id
        return given if given is not None and self.item.is_organizers else _ABSENT

    def start(self) -> datetime:
        own = zone_named(self.event.zone)
        return to_utc(self.event.start, own) if self.occurrence is None else self.occurrence.start

    def end(self) -> datetime:
        own = zone_named(self.event.zone)
        return to_utc(self.event.end, own) if self.occurrence is None else self.occurrence.end

    def zoned(self, instant: datetime) -> dict[str, str]:
        """An instant in the reader's zone."""
        return zoned(instant, zone_named(self.view.zone), self.view.zone)

    def original_start(self) -> Any:
        if self.item.day is None or self.occurrence is None:
            return _ABSENT
        return f"{self.occurrence.original:%Y-%m-%dT%H:%M:%SZ}"

    def uid(self) -> str:
        digest = self.views.calendars.mint.digest("uid", self.event.key, size=28).hex().upper()
        return f"040000008200E00074C5B7101A82E008{'0' * 8}{digest}"

    def i_cal_uid(self) -> str:
        uid, day = self.uid(), self.item.day
        return uid if day is None else f"{uid[:32]}{day:%Y%m%d}{uid[40:]}"

    def web_link(self) -> str:
        item_id = quote(self.id, safe="")
        return f"https://outlook.office365.com/owa/?itemid={item_id}&exvsurl=1&path=/calendar/item"

    def occurrence_id(self) -> str | None:
        day = self.item.day
        return None if day is None else f"OID.{self.master_id}.{day.isoformat()}"

    def cancelled(self) -> list[str]:
        if not self.is_master:
            return []
        return [f"OID.{self.master_id}.{day.isoformat()}" for day in sorted(self.event.cancelled)]

    def location(self) -> dict[str, Any]:
        return self.fields.get("location") or {"displayName": "", "locationType": "default"}

    def locations(self) -> list[dict[str, Any]]:
        return [self.location()] if self.location().get("displayName") else []

    def provider(self) -> str:
        if self.event.meeting is None:
            return "unknown"
        return str(self.event.fields.get("onlineMeetingProvider", "teamsForBusiness"))

    def meeting(self) -> dict[str, Any] | None:
        meeting = self.event.meeting
        if meeting is None:
            return None
        return {name: meeting[name] for name in ("joinUrl", "conferenceId", "tollNumber")}

    def type(self) -> str:
        if not self.event.is_series:
            return "singleInstance"
        if self.item.day is None:
            return "seriesMaster"
        counts = self.views.calendars.behaviour.answer_makes_exception
        answered = counts and bool(self.event.standings.get(self.item.day))
        altered = self.occurrence is not None and self.occurrence.altered is not None
        return "exception" if altered or answered else "occurrence"

    def response_status(self) -> dict[str, str]:
        standing = self.item.standing
        if standing is None:
            return {"response": "organizer", "time": _NEVER}
        return self._status(standing.own, standing.at or self.event.created)

    def attendee(self, attendee: Attendee) -> dict[str, Any]:
        standing = self.event.standing(attendee.address, self.item.day)
        if self.event.fields.get("hideAttendees") and not self.item.is_organizers:
            standing = Standing()
        shown: dict[str, Any] = {
            "type": attendee.kind,
            "status": self._status(standing.response, standing.at),
            "emailAddress": {"name": attendee.name, "address": attendee.address},
        }
        if standing.proposed is not None:
            shown["proposedNewTime"] = {
                "start": self.zoned(standing.proposed[0]),
                "end": self.zoned(standing.proposed[1]),
            }
        return shown

    def organizer(self) -> dict[str, Any]:
        organizer = self.views.calendars.directory.user(self.event.organizer)
        return {"emailAddress": {"name": organizer.name, "address": organizer.mail}}

    def _status(self, response: str, at: datetime | None) -> dict[str, str]:
        if response == "none" or at is None:
            unanswered = self.views.calendars.behaviour.unanswered
            return {"response": unanswered, "time": _UNANSWERED_TIME[unanswered]}
        return {"response": response, "time": stamp(at)}


def _field(name: str, unset: Any) -> Callable[[_Shown], Any]:
    """A property that says what was written, or ``unset``."""
    return lambda one: one.fields.get(name, unset)


# In the order in which they are told; a property that is :data:`_ABSENT` is left out.
_PROPERTIES: dict[str, Callable[[_Shown], Any]] = {
    "id": lambda one: one.id,
    "createdDateTime": lambda one: stamp(one.event.created),
    "lastModifiedDateTime": _Shown.modified,
    "changeKey": lambda one: one.views.change_key(one.item),
    "categories": _field("categories", ()),
    "transactionId": _Shown.transaction_id,
    "originalStartTimeZone": lambda one: one.event.zone,
    "originalEndTimeZone": lambda one: one.event.zone,
    "iCalUId": _Shown.i_cal_uid,
    "uid": _Shown.uid,
    "reminderMinutesBeforeStart": _field("reminderMinutesBeforeStart", 15),
    "isReminderOn": _field("isReminderOn", unset=True),
    "hasAttachments": lambda _: False,
    "subject": _field("subject", ""),
    "bodyPreview": lambda one: _preview(one.fields),
    "importance": _field("importance", "normal"),
    "sensitivity": _field("sensitivity", "normal"),
    "isAllDay": _field("isAllDay", unset=False),
    "isCancelled": lambda _: False,
    "isOrganizer": lambda one: one.item.is_organizers,
    "responseRequested": _field("responseRequested", unset=True),
    "seriesMasterId": lambda one: None if one.item.day is None else one.master_id,
    "showAs": lambda one: shown_as(one.item),
    "type": _Shown.type,
    "webLink": _Shown.web_link,
    "onlineMeetingUrl": lambda _: None,
    "isOnlineMeeting": lambda one: one.event.meeting is not None,
    "onlineMeetingProvider": _Shown.provider,
    "onlineMeeting": _Shown.meeting,
    "allowNewTimeProposals": _field("allowNewTimeProposals", unset=True),
    "occurrenceId": _Shown.occurrence_id,
    "isDraft": lambda _: False,
    "hideAttendees": _field("hideAttendees", unset=False),
    "responseStatus": _Shown.response_status,
    "body": lambda one: _body(one.fields, text=one.view.text_body),
    "start": lambda one: one.zoned(one.start()),
    "end": lambda one: one.zoned(one.end()),
    "originalStart": _Shown.original_start,
    "location": _Shown.location,
    "locations": _Shown.locations,
    "recurrence": lambda one: one.event.recurrence if one.item.day is None else None,
    "attendees": lambda one: [one.attendee(attendee) for attendee in one.event.attendees],
    "organizer": _Shown.organizer,
    "cancelledOccurrences": _Shown.cancelled,
    "exceptionOccurrences": lambda _: [],
}
# What can be asked for of an event.
EVENT_FIELDS = frozenset(_PROPERTIES)


@lru_cache(maxsize=1_000)
def _wanted(select: frozenset[str]) -> list[tuple[str, Callable[[_Shown], Any]]]:
    """Properties that a reader is to be told; of an empty selection all that are told unasked."""
    return [
        (name, value)
        for name, value in _PROPERTIES.items()
        if (name in select if select else name not in ON_REQUEST)
    ]


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
