"""Graph's answers as Tandem reads them.

A field that is not here is not read: titles, locations, bodies, private flags and people's names
in calendars never get further than the parser. Words of an enumeration are read without regard
to case, and one we do not know becomes ``unknown``, which blocks wherever it is decided upon.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from integrations.graph.zones import UnmappableZoneError, zone_of

UNKNOWN = "unknown"

ITEM_STATUSES = frozenset({"free", "tentative", "busy", "oof", "workingelsewhere"})
EVENT_TYPES = ("singleInstance", "occurrence", "exception", "seriesMaster")
# Years outside stand for "never" in one spelling or another.
_FIRST_YEAR, _LAST_YEAR = 1900, 4000
RESPONSES = frozenset({"none", "organizer", "tentativelyaccepted", "accepted", "declined"})


class MalformedAnswerError(ValueError):
    """An answer that is not what Graph documents. It never quotes what it contained."""


def _item_status(value: object) -> str:
    status = str(value).casefold()
    return status if status in ITEM_STATUSES else UNKNOWN


def _event_type(value: object) -> str:
    known = {name.casefold(): name for name in EVENT_TYPES}
    return known.get(str(value).casefold(), UNKNOWN)


def _response(value: object) -> str:
    response = str(value).casefold()
    # Exchange tells "no answer yet" in two words.
    if response == "notresponded":
        return "none"
    return response if response in RESPONSES else UNKNOWN


def _time_of_answer(value: object) -> datetime | None:
    """When somebody answered; Exchange fills in year 1 or 4501 where nobody did."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _told_moment(value: object) -> datetime | None:
    """A moment with its offset, in UTC; None for what is no moment, which spoils nothing else."""
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _lower(value: object) -> str:
    return str(value).casefold()


def _clock_time(value: object) -> object:
    """``08:00:00.0000000`` has one fraction digit more than a time holds."""
    return value[:15] if isinstance(value, str) else value


def _instant(value: object) -> datetime:
    """Graph's ``dateTimeTimeZone``, a local time and the name of its zone, in UTC.

    Nothing is quoted in its errors. One function instead of a model with two members: an answer
    of getSchedule holds some 17,000 of these.
    """
    if not isinstance(value, dict):
        raise ValueError("no time")
    try:
        local = datetime.fromisoformat(value["dateTime"])
        zone = value.get("timeZone")
        if local.tzinfo is None:
            local = local.replace(tzinfo=UTC if zone == "UTC" else zone_of(zone or ""))
    except (KeyError, TypeError, ValueError, UnmappableZoneError):
        raise ValueError("not a time in a known zone") from None
    return local if local.tzinfo is UTC else local.astimezone(UTC)


ItemStatus = Annotated[str, PlainValidator(_item_status)]
EventType = Annotated[str, PlainValidator(_event_type)]
Response = Annotated[str, PlainValidator(_response)]
TimeOfAnswer = Annotated[datetime | None, PlainValidator(_time_of_answer)]
ToldMoment = Annotated[datetime | None, PlainValidator(_told_moment)]
Count = Annotated[int | None, PlainValidator(_count)]
Text = Annotated[str | None, PlainValidator(_text)]
Lower = Annotated[str, PlainValidator(_lower)]
Instant = Annotated[datetime, PlainValidator(_instant)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class Answer(BaseModel):
    """Base of all answers: unknown members are tolerated and dropped."""

    # Built when first used, or by the warm-up: the host loads this module before it answers
    # anything, and building all of them took a tenth of that.
    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True
    )


class _Named(Answer):
    name: str | None = None


class WorkingHours(Answer):
    days: list[Lower] = Field(default_factory=list, alias="daysOfWeek")
    start: ClockTime | None = Field(default=None, alias="startTime")
    end: ClockTime | None = Field(default=None, alias="endTime")
    zone: _Named | None = Field(default=None, alias="timeZone")


class _MailboxLanguage(Answer):
    locale: str | None = None


class MailboxSettingsAnswer(Answer):
    zone: str | None = Field(default=None, alias="timeZone")
    hours: WorkingHours | None = Field(default=None, alias="workingHours")
    language: _MailboxLanguage | None = None
    time_format: str | None = Field(default=None, alias="timeFormat")


class FreeBusyItem(Answer):
    status: ItemStatus = UNKNOWN
    start: Instant
    end: Instant


class FreeBusyFault(Answer):
    code: str | None = Field(default=None, alias="responseCode")


class FreeBusyEntry(Answer):
    mail: str = Field(alias="scheduleId")
    digits: str | None = Field(default=None, alias="availabilityView")
    items: list[FreeBusyItem] | None = Field(default=None, alias="scheduleItems")
    hours: WorkingHours | None = Field(default=None, alias="workingHours")
    fault: FreeBusyFault | None = Field(default=None, alias="error")


class FreeBusyAnswer(Answer):
    """Entries are parsed one by one, so that a malformed one spoils only itself."""

    value: list[dict[str, Any]]


class _Address(Answer):
    address: str | None = None


class _Status(Answer):
    response: Response = "none"
    time: TimeOfAnswer = None


class _ProposedTime(Answer):
    start: Instant
    end: Instant


class Attendee(Answer):
    email: _Address | None = Field(default=None, alias="emailAddress")
    status: _Status | None = None
    proposed: _ProposedTime | None = Field(default=None, alias="proposedNewTime")
    type: Lower = "required"


class RecurrencePattern(Answer):
    type: Lower
    interval: int
    days: list[Lower] = Field(default_factory=list, alias="daysOfWeek")


class RecurrenceRange(Answer):
    type: Lower
    first: date = Field(alias="startDate")
    last: date | None = Field(default=None, alias="endDate")
    count: int = Field(default=0, alias="numberOfOccurrences")
    zone: str | None = Field(default=None, alias="recurrenceTimeZone")


class PatternedRecurrence(Answer):
    pattern: RecurrencePattern
    range: RecurrenceRange


class _Property(Answer):
    id: str
    value: str | None = None


class _JoinInfo(Answer):
    join_url: str | None = Field(default=None, alias="joinUrl")


class Event(Answer):
    id: str
    etag: str = Field(default="", alias="@odata.etag")
    ical_uid: str = Field(default="", alias="iCalUId")
    type: EventType = UNKNOWN
    start: Instant
    end: Instant
    cancelled: bool | None = Field(default=None, alias="isCancelled")
    online: _JoinInfo | None = Field(default=None, alias="onlineMeeting")
    zone: str | None = Field(default=None, alias="originalStartTimeZone")
    original_start: datetime | None = Field(default=None, alias="originalStart")
    created: datetime | None = Field(default=None, alias="createdDateTime")
    attendees: list[Attendee] | None = None
    master_id: str | None = Field(default=None, alias="seriesMasterId")
    organized: bool | None = Field(default=None, alias="isOrganizer")
    recurrence: PatternedRecurrence | None = None
    properties: list[_Property] | None = Field(default=None, alias="singleValueExtendedProperties")


class EventPage(Answer):
    value: list[Event]
    next_link: str | None = Field(default=None, alias="@odata.nextLink")


class Calendar(Answer):
    providers: list[Lower] = Field(default_factory=list, alias="allowedOnlineMeetingProviders")


class User(Answer):
    id: str
    mail: str | None = None
    upn: str | None = Field(default=None, alias="userPrincipalName")
    name: str | None = Field(default=None, alias="displayName")
    type: str | None = Field(default=None, alias="userType")
    enabled: bool | None = Field(default=None, alias="accountEnabled")
    office: str | None = Field(default=None, alias="officeLocation")


class Users(Answer):
    value: list[User]


class Subscription(Answer):
    id: str
    resource: str
    url: str = Field(alias="notificationUrl")
    expires: datetime = Field(alias="expirationDateTime")


class SubscriptionPage(Answer):
    value: list[Subscription]
    next_link: str | None = Field(default=None, alias="@odata.nextLink")


class _Lobby(Answer):
    scope: str | None = None


class Meeting(Answer):
    id: str
    lobby: _Lobby | None = Field(default=None, alias="lobbyBypassSettings")


class Meetings(Answer):
    value: list[Meeting]


class AttendanceIdentity(Answer):
    """Who was there, without the name. ``type`` is Graph's, in lower case, empty if left out."""

    id: Text = None
    tenant: Text = Field(default=None, alias="tenantId")
    type: Lower = Field(default="", alias="@odata.type")


class AttendanceInterval(Answer):
    joined_at: ToldMoment = Field(default=None, alias="joinDateTime")
    left_at: ToldMoment = Field(default=None, alias="leaveDateTime")


class AttendanceRecord(Answer):
    mail: Text = Field(default=None, alias="emailAddress")
    identity: AttendanceIdentity | None = None
    role: Lower = ""
    intervals: list[AttendanceInterval] | None = Field(default=None, alias="attendanceIntervals")


class ListedReport(Answer):
    id: str
    start: ToldMoment = Field(default=None, alias="meetingStartDateTime")
    end: ToldMoment = Field(default=None, alias="meetingEndDateTime")


class AttendanceReports(Answer):
    value: list[ListedReport]


class AttendanceReport(ListedReport):
    participants: Count = Field(default=None, alias="totalParticipantCount")
    records: list[AttendanceRecord] | None = Field(default=None, alias="attendanceRecords")


class BatchItemAnswer(Answer):
    id: str
    status: int
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None


class BatchAnswer(Answer):
    responses: list[BatchItemAnswer]


M = TypeVar("M", bound=Answer)


def parse_json(model: type[M], content: bytes) -> M:
    """``content`` as ``model``.

    Raises:
        MalformedAnswerError: it is not JSON or not that; nothing of it is quoted.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise MalformedAnswerError(f"not a {model.__name__}") from None


def parse_data(model: type[M], data: object) -> M:
    """As :func:`parse_json`, from JSON that is data already."""
    try:
        return model.model_validate(data)
    except ValidationError:
        raise MalformedAnswerError(f"not a {model.__name__}") from None
