"""Between Tandem's events and Graph's: what is sent, and what is kept of the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.attendee_type import AttendeeType
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.day_of_week import DayOfWeek
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.location import Location
from msgraph.generated.models.online_meeting_provider_type import OnlineMeetingProviderType
from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
from msgraph.generated.models.recurrence_pattern import RecurrencePattern
from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
from msgraph.generated.models.recurrence_range import RecurrenceRange
from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
from msgraph.generated.models.sensitivity import Sensitivity
from msgraph.generated.models.single_value_legacy_extended_property import (
    SingleValueLegacyExtendedProperty,
)

from integrations.graph import models
from integrations.graph.zones import iana_name, windows_name
from integrations.ports import EventSnapshot, SeriesDraft
from scheduling.timespan import TimeSpan

TAG_PROPERTY = "String {5d2b6f0a-3c3e-4e2b-9d0c-7a1f4b8c6e21} Name tandem-session"
"""The one extended property Tandem uses: its name is fixed, since every new name takes one of a
mailbox's finite named properties; its value is the tag."""

REMINDER_MINUTES = 15
_TRIAL_SUBJECT = "Tandem calendar check"

_WEEKDAYS: dict[str, DayOfWeek] = {str(day.value)[:3]: day for day in DayOfWeek}


def to_graph(draft: SeriesDraft) -> Event:
    """The series as Graph is asked to create it.

    Raises:
        UnmappableZoneError: the zone has no Windows name.
    """
    start = _wall_clock(draft.start, draft.zone)
    event = _bare_event(draft.transaction_id, draft.tag)
    event.subject = draft.subject
    event.body = ItemBody(content_type=BodyType.Html, content=draft.body_html)
    event.start = _zoned(start, draft.zone)
    event.end = _zoned(start + draft.duration, draft.zone)
    event.recurrence = _recurrence(draft, start)
    event.attendees = [_attendee(address, name) for address, name in draft.attendees]
    if draft.location is not None:
        event.location = Location(display_name=draft.location)
    event.allow_new_time_proposals = True
    event.response_requested = True
    event.hide_attendees = False
    event.show_as = FreeBusyStatus.Busy
    event.is_reminder_on = True
    event.reminder_minutes_before_start = REMINDER_MINUTES
    return event


def trial_to_graph(span: TimeSpan, zone: str, transaction_id: str, tag: str) -> Event:
    """A Teams meeting nobody is invited to, so nobody is mailed."""
    event = _bare_event(transaction_id, tag)
    event.subject = _TRIAL_SUBJECT
    event.start, event.end = _ends(span, zone)
    event.show_as = FreeBusyStatus.Free
    event.is_reminder_on = False
    return event


def move_to_graph(to: TimeSpan, zone: str) -> Event:
    """``start`` and ``end`` alone: anything more could mail more or cost the join link."""
    event = Event()
    event.start, event.end = _ends(to, zone)
    return event


def from_graph(event: models.Event) -> EventSnapshot:
    """What Tandem keeps of an event.

    Raises:
        MalformedAnswerError: its times make no span.
    """
    try:
        span = TimeSpan(event.start, event.end)
    except ValueError:
        raise models.MalformedAnswerError("an event without a length") from None
    return EventSnapshot(
        id=event.id,
        etag=event.etag,
        ical_uid=event.ical_uid,
        kind=event.type,
        span=span,
        cancelled=bool(event.cancelled),
        join_url=(event.online.join_url or None) if event.online else None,
        zone=iana_name(event.zone),
        original_start=event.original_start,
        responses={
            attendee.email.address.casefold(): attendee.status.response
            if attendee.status
            else "none"
            for attendee in event.attendees or ()
            if attendee.email and attendee.email.address
        },
    )


def _bare_event(transaction_id: str, tag: str) -> Event:
    return Event(
        transaction_id=transaction_id,
        sensitivity=Sensitivity.Private,
        is_online_meeting=True,
        online_meeting_provider=OnlineMeetingProviderType.TeamsForBusiness,
        single_value_extended_properties=[
            SingleValueLegacyExtendedProperty(id=TAG_PROPERTY, value=tag)
        ],
    )


def _recurrence(draft: SeriesDraft, start: datetime) -> PatternedRecurrence:
    # Graph wants the range to begin on the date of the start. Windows of several weeks are
    # counted from Monday, as Tandem counts its cadence windows.
    return PatternedRecurrence(
        pattern=RecurrencePattern(
            type=RecurrencePatternType.Weekly,
            interval=draft.interval_weeks,
            days_of_week=[_WEEKDAYS[draft.weekday[:3].casefold()]],
            first_day_of_week=DayOfWeek.Monday,
        ),
        range=RecurrenceRange(
            type=RecurrenceRangeType.Numbered,
            start_date=start.date(),
            number_of_occurrences=draft.occurrences,
            recurrence_time_zone=windows_name(draft.zone),
        ),
    )


def _attendee(address: str, name: str) -> Attendee:
    return Attendee(
        type=AttendeeType.Required,
        email_address=EmailAddress(address=address, name=name or None),
    )


def _ends(span: TimeSpan, zone: str) -> tuple[DateTimeTimeZone, DateTimeTimeZone]:
    return (
        _zoned(_wall_clock(span.start, zone), zone),
        _zoned(_wall_clock(span.end, zone), zone),
    )


def _wall_clock(moment: datetime, zone: str) -> datetime:
    """What the clock of ``zone`` shows; a moment without a zone is in that clock already."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _zoned(local: datetime, zone: str) -> DateTimeTimeZone:
    return DateTimeTimeZone(date_time=f"{local:%Y-%m-%dT%H:%M:%S}", time_zone=windows_name(zone))


def wire_time(moment: datetime) -> DateTimeTimeZone:
    """A moment in UTC, as Graph takes it: without offset or ``Z``."""
    return DateTimeTimeZone(
        date_time=f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", time_zone="UTC"
    )
