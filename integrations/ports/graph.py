"""Microsoft Graph: what is read of a tenant, in our words, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol

from integrations.ports.sign_in import SignIn
from scheduling.cadence import Recurrence
from scheduling.timespan import TimeSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A user as the directory knows it. ``office`` is Graph's ``officeLocation``."""

    id: str
    mail: str
    name: str
    enabled: bool
    guest: bool
    office: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be read, and why: a reason code, never free text. Nobody takes it for free."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSettings:
    """Zone (IANA, None if empty or not mappable) and the one range of working hours.

    ``language`` is a tag such as ``de-AT``, ``time_format`` in Windows' letters; None if empty.
    """

    zone: str | None
    weekdays: tuple[str, ...] = ()
    start: time | None = None
    end: time | None = None
    language: str | None = None
    time_format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleItem:
    """One entry of somebody's free/busy: when, and Graph's status in lower case; no title."""

    start: datetime
    end: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One person's free/busy in one reading window, unsorted and unclipped as Graph gives it.

    ``digits`` is Graph's availabilityView, one per ``digit_minutes`` from ``span.start``.
    """

    span: TimeSpan
    items: tuple[ScheduleItem, ...]
    digits: str
    digit_minutes: int
    hours: MailboxSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """A recurring meeting to be created, in the wall clock of ``zone`` (IANA).

    ``transaction_id`` and ``tag`` are made from pair, series and generation: the first keeps a
    repeated POST from making a second event, by the second an event is found again.
    ``attendees`` are (address, name); ``weekday`` is an English day name or how it begins.
    """

    subject: str
    body_html: str
    zone: str
    start: datetime
    duration: timedelta
    weekday: str
    interval_weeks: int
    occurrences: int
    attendees: tuple[tuple[str, str], ...]
    location: str | None
    transaction_id: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """A single meeting to be created; members as in :class:`SeriesDraft`.

    ``own_link``: it is a Teams meeting of its own, not an entry beside another one.
    """

    subject: str
    body_html: str
    zone: str
    span: TimeSpan
    attendees: tuple[tuple[str, str], ...]
    location: str | None
    transaction_id: str
    tag: str
    own_link: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeAnswer:
    """What an attendee answered, when (None if Graph does not know), and the time proposed.

    ``response`` is ``none``, ``accepted``, ``tentativelyaccepted``, ``declined``, ``organizer`` or
    ``unknown``.
    """

    response: str = "none"
    at: datetime | None = None
    proposed: TimeSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSnapshot:
    """An event of a program mailbox as Graph has it now.

    ``kind`` is Graph's ``type``; ``answers`` are keyed by lower-case address. ``recurrence`` is
    that of a series master, None where it is none Tandem could have made; ``endless`` says that it
    has no last date. ``organized``: the mailbox it was read in organizes it; ``rooms`` are those of
    ``answers`` that are no people. ``tag`` is only read where the event was asked for with it
    (``view``, ``find_tagged``).
    """

    id: str
    etag: str
    ical_uid: str
    kind: str
    span: TimeSpan
    cancelled: bool
    join_url: str | None
    zone: str | None = None
    original_start: datetime | None = None
    master_id: str | None = None
    recurrence: Recurrence | None = None
    endless: bool = False
    organized: bool = True
    rooms: frozenset[str] = frozenset()
    tag: str | None = None
    answers: Mapping[str, AttendeeAnswer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSubscription:
    """A subscription as Graph lists it. ``mailbox_id`` is None where it is none of events."""

    id: str
    mailbox_id: str | None
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineMeeting:
    """The online meeting of a series; ``lobby_scope`` says who is let in without the organizer."""

    id: str
    lobby_scope: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReport:
    """A report in the list of an online meeting: that it is there, and from when to when.

    Teams makes one each time the last person leaves, so a date can have none, one or several, and
    somebody who tries the link the day before makes one as well. ``started_at`` and ``ended_at``
    are UTC, as told: the end can lie before the start, and what is no time is None.
    """

    id: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stay:
    """From joining to leaving, UTC, as told: possibly backwards; what is no time is None."""

    joined_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceRecord:
    """One presence in a report; two devices of one person may be one record or two.

    ``kind`` says how somebody came in: ``member`` (an account of this tenant), ``guest`` (an
    account of another), ``phone`` or ``anonymous`` (no account, or nothing that tells). An account
    is known by ``user_id``, the directory's object id, whatever its kind; only where that matches
    nobody may ``mail`` tell, and of a member alone. Both can be missing, and of a
    caller or visitor ``user_id`` is missing always. Both in lower case, as ``role`` is. Names are
    not read.
    """

    kind: str
    user_id: str | None
    mail: str | None
    role: str
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceReport:
    """A whole report. Nothing promises that a stay lies within it.

    ``participants`` is how many Teams counted, None if it does not say: more than there are
    records where somebody is hidden by a setting of her own.
    """

    id: str
    started_at: datetime | None
    ended_at: datetime | None
    participants: int | None
    records: tuple[AttendanceRecord, ...]


class Directory(Protocol):
    """The firm's directory."""

    async def find(self, mails: Sequence[str]) -> dict[str, DirectoryUser | None]:
        """Who is behind these addresses, keyed as given; None = nobody. Asked in batches.

        Raises:
            ThrottledError, UnreachableError, TokenError, RefusedError: nothing is known.
        """
        ...

    async def standing(self, user_ids: Sequence[str]) -> dict[str, DirectoryUser | None]:
        """Who these accounts are now, keyed by object id; None = gone. Asked in batches.

        Raises:
            As ``find``.
        """
        ...


class MailboxSettingsSource(Protocol):
    """Zone and working hours of participants."""

    async def read(self, user_ids: Sequence[str]) -> dict[str, MailboxSettings | Unreadable]:
        """Settings by user id, asked in batches; one unreadable mailbox does not spoil others."""
        ...


class FreeBusySource(Protocol):
    """Free/busy of participants, and nothing else of their calendars."""

    async def read(
        self, reader_id: str, mails: Sequence[str], spans: Sequence[TimeSpan]
    ) -> dict[str, tuple[Schedule, ...] | Unreadable]:
        """What is known of each person's time within ``spans``, keyed by the addresses given.

        ``spans`` are reading windows of under 62 days that touch each other. One call reads at
        most 20 people over one window: ceil(P / 20) x W calls, more only where an answer is too
        large and its window is halved. An entry is Unreadable as soon as one of its windows is.

        Raises:
            ThrottledError, TokenError: nothing is known. UnreachableError: no call at all was
            answered. Other failures of one call make the people of that call Unreadable; the
            others proceed.
        """
        ...


class OrganizerCalendar(Protocol):
    """The calendars of program mailboxes: the only ones Tandem writes to.

    Every write raises ``OutcomeUnknownError`` where it may have happened, ``ChangedMeanwhileError``
    where the etag is stale, ``ThrottledError``, ``RefusedError`` or ``UnreachableError`` where it
    certainly did not happen.
    """

    async def teams_offered(self, mailbox_id: str) -> bool:
        """Whether the mailbox may create Teams meetings."""
        ...

    async def create_series(self, mailbox_id: str, draft: SeriesDraft) -> EventSnapshot:
        """Create the series and invite its attendees.

        Raises:
            DuplicateError: an event with this transaction id exists; ``existing_id`` if told.
        """
        ...

    async def create_event(self, mailbox_id: str, draft: EventDraft) -> EventSnapshot:
        """Create a single meeting and invite its attendees.

        Raises:
            DuplicateError: an event with this transaction id exists; ``existing_id`` if told.
        """
        ...

    async def create_trial(
        self, mailbox_id: str, span: TimeSpan, zone: str, transaction_id: str, tag: str
    ) -> EventSnapshot:
        """Create a Teams meeting that nobody is invited to; it mails nobody."""
        ...

    async def find_tagged(self, mailbox_id: str, tag: str) -> list[EventSnapshot]:
        """Masters and single events that carry ``tag``, oldest first."""
        ...

    async def read(self, mailbox_id: str, event_id: str) -> EventSnapshot:
        """The event as it stands. Raises NotFoundError."""
        ...

    async def instances(
        self, mailbox_id: str, event_id: str, span: TimeSpan
    ) -> list[EventSnapshot]:
        """Occurrences and exceptions of a series in ``span``, by start; cancelled ones are gone."""
        ...

    async def view(self, mailbox_id: str, span: TimeSpan) -> list[EventSnapshot]:
        """Every single event, occurrence and exception that touches ``span``, by start.

        With attendees and tags; cancelled occurrences are gone. One call per 250 events.
        """
        ...

    async def truncate(
        self, mailbox_id: str, event_id: str, recurrence: Recurrence, etag: str | None
    ) -> EventSnapshot:
        """End a series earlier: its pattern stays, its range ends with ``recurrence``.

        Exchange drops every exception of the series at that.
        """
        ...

    async def move(
        self, mailbox_id: str, event_id: str, to: TimeSpan, zone: str, etag: str | None
    ) -> EventSnapshot:
        """Move one event or occurrence: ``start`` and ``end`` only, nothing else is written."""
        ...

    async def cancel(self, mailbox_id: str, event_id: str, comment: str) -> bool:
        """Cancel an event, a series or one occurrence, with a comment.

        Gone already is done, too: False then, because nobody is mailed by it.
        """
        ...

    async def delete(self, mailbox_id: str, event_id: str) -> None:
        """Delete an event that nobody was invited to. Gone already is done."""
        ...


class OnlineMeetings(Protocol):
    """Teams meetings behind the events of program mailboxes."""

    async def find(self, organizer_id: str, join_url: str) -> OnlineMeeting | None:
        """The meeting with this join link; None if Teams knows none."""
        ...


class AttendanceReports(Protocol):
    """Teams' reports of who was in a meeting of a program mailbox.

    All dates of a series share one meeting, hence one list. Both methods raise RefusedError with
    a remedy where a permission or policy is missing (403), and ThrottledError, UnreachableError
    or TokenError where nothing is known; no refusal ever means that nobody came.
    """

    async def listed(self, organizer_id: str, meeting_id: str) -> list[ListedReport]:
        """The reports of a meeting, newest first: at most the newest fifty. One call.

        A report comes some minutes after the last person has left. Where the organizer's policy
        switches reports off the list stays empty, so an empty one does not say that nobody came.

        Raises:
            NotFoundError: the mailbox is not the organizer of such a meeting (any more).
        """
        ...

    async def read(
        self, organizer_id: str, meeting_id: str, report_ids: Sequence[str]
    ) -> dict[str, AttendanceReport | Unreadable]:
        """These reports with everybody in them, keyed as given. One call for each twenty.

        One that cannot be read does not spoil the others: ``gone``, ``malformed_answer`` or
        ``unavailable``.
        """
        ...


class SubscriptionService(Protocol):
    """Change notifications of program mailboxes' events. Every method raises as writes do."""

    async def create(
        self, mailbox_id: str, url: str, client_state: str, expires_at: datetime
    ) -> LiveSubscription:
        """Subscribe to created, updated and deleted events and to lifecycle events, at ``url``.

        The answer comes after Graph has shaken hands with ``url``.

        Raises:
            DuplicateError: Graph has one for this mailbox already.
            RefusedError: also when the handshake failed.
        """
        ...

    async def all(self) -> list[LiveSubscription]:
        """Every subscription of this app."""
        ...

    async def renew(self, subscription_id: str, expires_at: datetime) -> LiveSubscription:
        """Let it live until ``expires_at`` and authorize it anew. Raises NotFoundError."""
        ...

    async def delete(self, subscription_id: str) -> None:
        """End it. Gone already is done."""
        ...


class MailSender(Protocol):
    """Mail from program mailboxes."""

    async def send(
        self, mailbox_id: str, to: tuple[str, str], subject: str, body_html: str
    ) -> None:
        """Send one mail to (address, name); accepted is not delivered, and there is no undo.

        Raises:
            OutcomeUnknownError: it may have gone. Others: it certainly did not.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A line for an activity feed: what it says, two lines of more, what about, where it leads.

    ``chain`` is the same however often it is told: Teams shows a later one in an earlier one's
    place.
    """

    title: str
    preview: str
    about: str
    link: str
    chain: int


class Feed(Protocol):
    """People's activity feeds in Teams."""

    async def tell(self, directory_id: str, news: News) -> None:
        """Show somebody a line.

        Raises:
            RefusedError: it is not shown, for example to somebody who has not the app.
            OutcomeUnknownError: it may be shown. Others: it certainly is not.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How the app registration proves itself, and what was consented to it for the whole tenant.

    ``proof`` is ``certificate``, ``federated`` or ``secret``; ``proof_ends_on`` its last day, None
    where only Entra knows it, and ``proof_made_for`` how long a certificate holds in all.
    ``roles`` is None where the token cannot be read; what Exchange grants for single mailboxes
    stands in none. ``too_wide`` are those of them that Exchange could narrow to mailboxes,
    ``surplus`` those that no operation of Tandem needs.
    """

    proof: str
    proof_ends_on: date | None = None
    proof_made_for: timedelta | None = None
    roles: frozenset[str] | None = None
    too_wide: frozenset[str] = frozenset()
    surplus: frozenset[str] = frozenset()


class Rights(Protocol):
    """What Graph lets this app do, found out by calls that leave no trace and bring nothing back.

    Each answers whether a call would be let; what is asked for does not exist, so none succeeds.

    Raises:
        MailboxGoneError: there is no such mailbox. Others as for any read: nothing is known.
    """

    @property
    def clock_off_by(self) -> timedelta | None:
        """How far Graph's clock is ahead of ours, as its newest answer said; None: it did not."""
        ...

    async def access(self) -> Access:
        """What a token made just now says. Raises TokenError, UnreachableError."""
        ...

    async def reads_events_of(self, user_id: str) -> bool:
        """Whether events of a mailbox that is none of the program's could be read."""
        ...

    async def reads_reports_of(self, user_id: str, *, of_program: bool) -> bool:
        """Whether attendance of this organizer's meetings could be read."""
        ...

    async def sends_mail_from(self, mailbox_id: str) -> bool:
        """Whether mail could be sent from a program mailbox."""
        ...


class Graph(Protocol):
    """All of Microsoft Graph that Tandem uses."""

    @property
    def rights(self) -> Rights: ...

    @property
    def directory(self) -> Directory: ...
    @property
    def settings(self) -> MailboxSettingsSource: ...
    @property
    def free_busy(self) -> FreeBusySource: ...
    @property
    def calendar(self) -> OrganizerCalendar: ...
    @property
    def meetings(self) -> OnlineMeetings: ...
    @property
    def attendance(self) -> AttendanceReports: ...
    @property
    def subscriptions(self) -> SubscriptionService: ...
    @property
    def mail(self) -> MailSender: ...

    @property
    def feed(self) -> Feed: ...
    @property
    def sign_in(self) -> SignIn: ...

    async def anchor_zones(self, zones: Iterable[str], days: Iterable[date]) -> frozenset[str]:
        """Those IANA ``zones`` whose Windows name maps back to the same offsets on all ``days``."""
        ...

    def person_waiting(self) -> AbstractContextManager[None]:
        """Calls made inside may take the permit that is kept for people waiting at a page."""
        ...

    def calls_by_kind(self) -> dict[str, int]:
        """How many calls left, by operation name; items of a batch count singly."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
