"""Between Tandem's events and Graph's: what is sent, and what is kept of the answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
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
from integrations.ports import AttendeeAnswer, EventDraft, EventSnapshot, SeriesDraft
from scheduling.cadence import Recurrence
from scheduling.timespan import TimeSpan

TAG_PROPERTY = "String {5d2b6f0a-3c3e-4e2b-9d0c-7a1f4b8c6e21} Name tandem-session"
"""The one extended property Tandem uses: its name is fixed, since every new name takes one of a
mailbox's finite named properties; its value is the tag."""

REMINDER_MINUTES = 15
_TRIAL_SUBJECT = "Tandem calendar check"

_WEEKDAYS: dict[str, DayOfWeek] = {str(day.value)[:3]: day for day in DayOfWeek}


def series_to_graph(draft: SeriesDraft) -> Event:
    """The series as Graph is asked to create it.

    Raises:
        UnmappableZoneError: the zone has no Windows name.
    """
    start = _wall_clock(draft.start, draft.zone)
    event = _meeting(draft)
    event.start = _zoned(start, draft.zone)
    event.end = _zoned(start + draft.duration, draft.zone)
    event.recurrence = _weekly(
        draft.weekday, draft.interval_weeks, start.date(), draft.occurrences, draft.zone
    )
    return event


def single_to_graph(draft: EventDraft) -> Event:
    """The single meeting as Graph is asked to create it; raises as :func:`series_to_graph`."""
    event = _meeting(draft)
    event.start, event.end = _ends(draft.span, draft.zone)
    return event


def trial_to_graph(span: TimeSpan, zone: str, transaction_id: str, tag: str) -> Event:
    """A Teams meeting nobody is invited to, so nobody is mailed."""
    event = _on_teams(_bare_event(transaction_id, tag))
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


def range_to_graph(recurrence: Recurrence) -> Event:
    """``recurrence`` alone: anything more could mail more or cost the join link."""
    weekday = recurrence.first_date.strftime("%a")
    return Event(
        recurrence=_weekly(
            weekday,
            recurrence.interval_weeks,
            recurrence.first_date,
            recurrence.count,
            recurrence.zone,
        )
    )


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
        master_id=event.master_id or None,
        recurrence=_recurrence(event),
        endless=event.recurrence is not None and event.recurrence.range.type == "noend",
        organized=event.organized is not False,
        rooms=frozenset(
            attendee.email.address.casefold()
            for attendee in event.attendees or ()
            if attendee.type == "resource" and attendee.email and attendee.email.address
        ),
        tag=next((held.value for held in event.properties or () if _same_property(held.id)), None),
        answers={
            attendee.email.address.casefold(): _answer(attendee)
            for attendee in event.attendees or ()
            if attendee.email and attendee.email.address
        },
    )


def _answer(attendee: models.Attendee) -> AttendeeAnswer:
    proposed, status = attendee.proposed, attendee.status
    # A proposal without length would be refused by every later step: it is none.
    has_length = proposed is not None and proposed.start < proposed.end
    return AttendeeAnswer(
        response=status.response if status else "none",
        at=status.time if status else None,
        proposed=TimeSpan(proposed.start, proposed.end) if proposed and has_length else None,
    )


def _recurrence(event: models.Event) -> Recurrence | None:
    """The series as Tandem would have written it, None where it could not have.

    Meaning is compared, not text: Outlook turns a number of dates into a last date, and fills in
    members that a weekly pattern does not use.
    """
    if event.recurrence is None:
        return None
    pattern, span = event.recurrence.pattern, event.recurrence.range
    zone = iana_name(span.zone) or iana_name(event.zone)
    if pattern.type != "weekly" or len(pattern.days) != 1 or pattern.interval < 1 or zone is None:
        return None
    start = event.start.astimezone(ZoneInfo(zone))
    count = _count(span, pattern.interval)
    begins = span.first == start.date() and f"{span.first:%A}".casefold() == pattern.days[0]
    if count < 1 or not begins:
        return None
    return Recurrence(
        first_date=span.first,
        start=start.time(),
        zone=zone,
        interval_weeks=pattern.interval,
        count=count,
    )


def _count(span: models.RecurrenceRange, interval_weeks: int) -> int:
    """How many dates the range holds; 0 where it has no end."""
    if span.type == "numbered":
        return span.count
    if span.type == "enddate" and span.last is not None:
        return (span.last - span.first) // timedelta(weeks=interval_weeks) + 1
    return 0


def _same_property(property_id: str) -> bool:
    """Whether it is Tandem's: of such an id only the name's case counts."""
    ours, theirs = TAG_PROPERTY.split(" ", 3), property_id.split(" ", 3)
    return ours[3:] == theirs[3:] and [part.lower() for part in ours[:3]] == [
        part.lower() for part in theirs[:3]
    ]


def _meeting(draft: SeriesDraft | EventDraft) -> Event:
    """A private meeting that takes answers and proposals, without its times."""
    event = _bare_event(draft.transaction_id, draft.tag)
    if isinstance(draft, SeriesDraft) or draft.own_link:
        event = _on_teams(event)
    event.subject = draft.subject
    event.body = ItemBody(content_type=BodyType.Html, content=draft.body_html)
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


def _bare_event(transaction_id: str, tag: str) -> Event:
    return Event(
        transaction_id=transaction_id,
        sensitivity=Sensitivity.Private,
        single_value_extended_properties=[
            SingleValueLegacyExtendedProperty(id=TAG_PROPERTY, value=tag)
        ],
    )


def _on_teams(event: Event) -> Event:
    event.is_online_meeting = True
    event.online_meeting_provider = OnlineMeetingProviderType.TeamsForBusiness
    return event


def _weekly(
    weekday: str, interval_weeks: int, first: date, count: int, zone: str
) -> PatternedRecurrence:
    # Graph wants the range to begin on the date of the start. Windows of several weeks are
    # counted from Monday, as Tandem counts its cadence windows.
    return PatternedRecurrence(
        pattern=RecurrencePattern(
            type=RecurrencePatternType.Weekly,
            interval=interval_weeks,
            days_of_week=[_WEEKDAYS[weekday[:3].casefold()]],
            first_day_of_week=DayOfWeek.Monday,
        ),
        range=RecurrenceRange(
            type=RecurrenceRangeType.Numbered,
            start_date=first,
            number_of_occurrences=count,
            recurrence_time_zone=windows_name(zone),
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
