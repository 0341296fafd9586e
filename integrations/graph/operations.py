"""The one table of Graph operations Tandem is permitted to use.

The guard enforces it where calls leave, and the permission page, the doctor and the tests read
it. What is not a row here cannot be sent, whatever the code above asks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

IMMUTABLE_IDS = 'IdType="ImmutableId"'
UTC_TIMES = 'outlook.timezone="UTC"'


class Whose(StrEnum):
    """Whose mailbox a call names; ``APP`` are the app's own subscriptions.

    ``FEED`` is a person's activity feed in Teams, which is no mailbox.
    ``OUTSIDER`` is anybody but a program mailbox, asked for what does not exist, so that nothing
    of theirs can come back: doctor proves by it that Graph says no.
    """

    PROGRAM = "program"
    APP = "app"
    PARTICIPANT = "participant"
    FEED = "feed"
    OUTSIDER = "outsider"
    DIRECTORY = "directory"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row: a method and path, in whose mailbox, and what it takes.

    Attributes:
        path: template under the version root; ``{user}`` and the like each stand for one segment.
        options: query options that may be sent; any other is refused.
        permission: least application permission, as Entra or Exchange RBAC names it.
        scope: how far that permission has to reach, for the permission page.
        outlook: served by Exchange, hence asked for immutable ids.
        reads_times: answers with local times, hence asked for UTC.
        by_setting: permitted only where the settings say so.
        members: the members its body has to have, exactly; empty leaves the body unread.
        resource: template of the body's ``resource``, which names the user where no path does.
    """

    name: str
    method: str
    path: str
    whose: Whose
    writes: bool = False
    permission: str
    scope: str
    purpose: str
    options: frozenset[str] = frozenset()
    outlook: bool = True
    reads_times: bool = False
    by_setting: bool = False
    members: frozenset[str] = frozenset()
    resource: str = ""

    @property
    def prefer(self) -> str | None:
        """The ``Prefer`` header this call carries, None if it needs none."""
        wishes = [IMMUTABLE_IDS] if self.outlook else []
        if self.reads_times:
            wishes.append(UTC_TIMES)
        return ", ".join(wishes) or None

    def user_in(self, method: str, path: str) -> str | None:
        """The user segment if ``method`` and ``path`` are this operation's, else None.

        ``path`` is still percent-encoded; an operation that names no user answers ``""``.
        """
        if method != self.method:
            return None
        match = _pattern(self.path).fullmatch(path)
        if match is None:
            return None
        return match.groupdict().get("user", "")

    def takes(self, body: Mapping[str, Any]) -> bool:
        """Whether a body has the members that this operation's has."""
        return not self.members or set(body) - {"@odata.type"} == self.members

    def user_in_body(self, body: Mapping[str, Any]) -> str:
        """The user whom the body's ``resource`` names; ``""`` if it names none."""
        match = _pattern(self.resource).fullmatch(str(body.get("resource", "")))
        return match["user"] if match else ""


_PROGRAM_SCOPE = "program mailboxes only (Exchange RBAC for Applications scope)"
_TEAMS_SCOPE = "program mailboxes, by a Teams application access policy"
# Calendars.ReadWrite includes Calendars.Read everywhere but here.
_SUBSCRIPTION_SCOPE = f"{_PROGRAM_SCOPE}; by its own name, no wider permission stands in for it"

FIND_USER = Operation(
    name="find_user",
    method="GET",
    path="/users",
    whose=Whose.DIRECTORY,
    permission="User.Read.All",
    scope="tenant; Entra has no narrower one that shows guests and disabled accounts",
    purpose="Find people by address or id: id, name, address, office, guest or member, enabled"
    " or not",
    options=frozenset({"$filter", "$select"}),
    outlook=False,
)
READ_MAILBOX_SETTINGS = Operation(
    name="read_mailbox_settings",
    method="GET",
    path="/users/{user}/mailboxSettings",
    whose=Whose.PARTICIPANT,
    permission="MailboxSettings.Read",
    scope="participants' group (Exchange RBAC for Applications scope)",
    purpose="Zone and working hours; may be left ungranted, then hours come from free/busy",
    options=frozenset({"$select"}),
)
GET_SCHEDULE = Operation(
    name="get_schedule",
    method="POST",
    path="/users/{user}/calendar/getSchedule",
    whose=Whose.PROGRAM,
    permission="Calendars.ReadBasic",
    scope="program mailboxes, as reader; Exchange RBAC has no ReadBasic role: Calendars.Read there",
    purpose="Free/busy of participants, without titles, read in the name of a program mailbox",
    reads_times=True,
)
GET_SCHEDULE_OWN = Operation(
    name="get_schedule_own",
    method="POST",
    path="/users/{user}/calendar/getSchedule",
    whose=Whose.PARTICIPANT,
    permission="Calendars.ReadBasic",
    scope="participants' group; only where the reader is set to each person's own mailbox",
    purpose="Free/busy of one participant, without titles, through the own mailbox",
    reads_times=True,
    by_setting=True,
)
READ_CALENDAR = Operation(
    name="read_calendar",
    method="GET",
    path="/users/{user}/calendar",
    whose=Whose.PROGRAM,
    permission="Calendars.Read",
    scope=_PROGRAM_SCOPE,
    purpose="Whether the mailbox may create Teams meetings",
    options=frozenset({"$select"}),
)
CREATE_EVENT = Operation(
    name="create_event",
    method="POST",
    path="/users/{user}/events",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Calendars.ReadWrite",
    scope=_PROGRAM_SCOPE,
    purpose="Book a series or a single date and invite the pair",
    reads_times=True,
)
FIND_EVENTS = Operation(
    name="find_events",
    method="GET",
    path="/users/{user}/events",
    whose=Whose.PROGRAM,
    permission="Calendars.Read",
    scope=_PROGRAM_SCOPE,
    purpose="Find an own event again by its tag after a lost answer",
    options=frozenset({"$filter", "$select", "$expand", "$top", "$skip", "$skiptoken"}),
    reads_times=True,
)
READ_EVENT = Operation(
    name="read_event",
    method="GET",
    path="/users/{user}/events/{event}",
    whose=Whose.PROGRAM,
    permission="Calendars.Read",
    scope=_PROGRAM_SCOPE,
    purpose="Read an own event back",
    options=frozenset({"$select"}),
    reads_times=True,
)
LIST_INSTANCES = Operation(
    name="list_instances",
    method="GET",
    path="/users/{user}/events/{event}/instances",
    whose=Whose.PROGRAM,
    permission="Calendars.Read",
    scope=_PROGRAM_SCOPE,
    purpose="Read the dates of an own series",
    options=frozenset(
        {"startDateTime", "endDateTime", "$select", "$top", "$orderby", "$skip", "$skiptoken"}
    ),
    reads_times=True,
)
VIEW_CALENDAR = Operation(
    name="view_calendar",
    method="GET",
    path="/users/{user}/calendarView",
    whose=Whose.PROGRAM,
    permission="Calendars.Read",
    scope=_PROGRAM_SCOPE,
    purpose="See every date of a stretch of time at once: moved, cancelled, answered",
    options=frozenset(
        {"startDateTime", "endDateTime", "$select", "$expand", "$orderby", "$top"}
        | {"$skip", "$skiptoken"}
    ),
    reads_times=True,
)
MOVE_EVENT = Operation(
    name="move_event",
    method="PATCH",
    path="/users/{user}/events/{event}",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Calendars.ReadWrite",
    scope=_PROGRAM_SCOPE,
    purpose="Move one date: start and end, nothing else",
    reads_times=True,
    members=frozenset({"start", "end"}),
)
TRUNCATE_SERIES = Operation(
    name="truncate_series",
    method="PATCH",
    path="/users/{user}/events/{event}",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Calendars.ReadWrite",
    scope=_PROGRAM_SCOPE,
    purpose="End a series earlier: recurrence, nothing else",
    reads_times=True,
    members=frozenset({"recurrence"}),
)
CANCEL_EVENT = Operation(
    name="cancel_event",
    method="POST",
    path="/users/{user}/events/{event}/cancel",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Calendars.ReadWrite",
    scope=_PROGRAM_SCOPE,
    purpose="Cancel a series or one date with a word of explanation",
)
DELETE_EVENT = Operation(
    name="delete_event",
    method="DELETE",
    path="/users/{user}/events/{event}",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Calendars.ReadWrite",
    scope=_PROGRAM_SCOPE,
    purpose="Remove the daily trial event, to which nobody is invited",
)
FIND_MEETING = Operation(
    name="find_meeting",
    method="GET",
    path="/users/{user}/onlineMeetings",
    whose=Whose.PROGRAM,
    permission="OnlineMeetings.Read.All",
    scope=_TEAMS_SCOPE,
    purpose="The Teams meeting of a series and who passes its lobby",
    options=frozenset({"$filter"}),
    outlook=False,
)
LIST_REPORTS = Operation(
    name="list_attendance_reports",
    method="GET",
    path="/users/{user}/onlineMeetings/{meeting}/attendanceReports",
    whose=Whose.PROGRAM,
    permission="OnlineMeetingArtifact.Read.All",
    scope=_TEAMS_SCOPE,
    purpose="Which reports Teams made of an own meeting; only in programs with evidence from Teams",
    outlook=False,
)
READ_REPORT = Operation(
    name="read_attendance_report",
    method="GET",
    path="/users/{user}/onlineMeetings/{meeting}/attendanceReports/{report}",
    whose=Whose.PROGRAM,
    permission="OnlineMeetingArtifact.Read.All",
    scope=_TEAMS_SCOPE,
    purpose="When somebody joined and left an own meeting; names are not read",
    options=frozenset({"$expand"}),
    outlook=False,
)
SEND_MAIL = Operation(
    name="send_mail",
    method="POST",
    path="/users/{user}/sendMail",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Mail.Send",
    scope=_PROGRAM_SCOPE,
    purpose="Notes to the people of a pair and to coordinators; kept in no folder",
)
TELL_IN_TEAMS = Operation(
    name="send_activity_notification",
    method="POST",
    path="/users/{user}/teamwork/sendActivityNotification",
    whose=Whose.FEED,
    writes=True,
    permission="TeamsActivity.Send.User",
    scope="whoever has Tandem's Teams app: installing it grants this, for that person alone",
    purpose="A line in somebody's activity feed in Teams, in the place of a mail",
    outlook=False,
    by_setting=True,
    members=frozenset({"topic", "activityType", "previewText", "templateParameters", "chainId"}),
)
CREATE_SUBSCRIPTION = Operation(
    name="create_subscription",
    method="POST",
    path="/subscriptions",
    whose=Whose.PROGRAM,
    writes=True,
    permission="Calendars.Read",
    scope=_SUBSCRIPTION_SCOPE,
    purpose="Be told that a program mailbox's events changed; no content is sent along",
    members=frozenset(
        {"changeType", "resource", "notificationUrl", "lifecycleNotificationUrl", "clientState"}
        | {"expirationDateTime", "latestSupportedTlsVersion"}
    ),
    resource="users/{user}/events",
)
LIST_SUBSCRIPTIONS = Operation(
    name="list_subscriptions",
    method="GET",
    path="/subscriptions",
    whose=Whose.APP,
    permission="Calendars.Read",
    scope=_SUBSCRIPTION_SCOPE,
    purpose="Compare the subscriptions of this app with those it remembers",
    options=frozenset({"$skiptoken"}),
)
RENEW_SUBSCRIPTION = Operation(
    name="renew_subscription",
    method="PATCH",
    path="/subscriptions/{subscription}",
    whose=Whose.APP,
    writes=True,
    permission="Calendars.Read",
    scope=_SUBSCRIPTION_SCOPE,
    purpose="Let a subscription of this app live longer",
    members=frozenset({"expirationDateTime"}),
)
DELETE_SUBSCRIPTION = Operation(
    name="delete_subscription",
    method="DELETE",
    path="/subscriptions/{subscription}",
    whose=Whose.APP,
    writes=True,
    permission="Calendars.Read",
    scope=_SUBSCRIPTION_SCOPE,
    purpose="End a subscription of this app",
)
NOWHERE = "no-such-item-of-tandem"
"""An id that no event and no meeting has."""
_NO_RIGHT = "none of its own"
_TO_BE_REFUSED = "nobody's: `tandem doctor` asks for what does not exist and wants a refusal"
PROVE_EVENTS = Operation(
    name="prove_events_refused",
    method="GET",
    path=f"/users/{{user}}/events/{NOWHERE}/instances",
    whose=Whose.OUTSIDER,
    permission=_NO_RIGHT,
    scope=_TO_BE_REFUSED,
    purpose="Show that events outside the program mailboxes are refused; no such event exists",
    options=frozenset({"startDateTime", "endDateTime"}),
    reads_times=True,
)
PROVE_REPORTS = Operation(
    name="prove_reports_refused",
    method="GET",
    path=f"/users/{{user}}/onlineMeetings/{NOWHERE}/attendanceReports",
    whose=Whose.OUTSIDER,
    permission=_NO_RIGHT,
    scope=_TO_BE_REFUSED,
    purpose="Show that attendance of other organizers is refused; no such meeting exists",
    outlook=False,
)
BATCH = Operation(
    name="batch",
    method="POST",
    path="/$batch",
    whose=Whose.NONE,
    permission=_NO_RIGHT,
    scope="each item inside is checked against this table by itself",
    purpose="Up to 20 of the reads above in one envelope",
    outlook=False,
)

OPERATIONS: tuple[Operation, ...] = (
    FIND_USER,
    READ_MAILBOX_SETTINGS,
    GET_SCHEDULE,
    GET_SCHEDULE_OWN,
    READ_CALENDAR,
    CREATE_EVENT,
    FIND_EVENTS,
    READ_EVENT,
    LIST_INSTANCES,
    VIEW_CALENDAR,
    MOVE_EVENT,
    TRUNCATE_SERIES,
    CANCEL_EVENT,
    DELETE_EVENT,
    FIND_MEETING,
    LIST_REPORTS,
    READ_REPORT,
    SEND_MAIL,
    TELL_IN_TEAMS,
    CREATE_SUBSCRIPTION,
    LIST_SUBSCRIPTIONS,
    RENEW_SUBSCRIPTION,
    DELETE_SUBSCRIPTION,
    PROVE_EVENTS,
    PROVE_REPORTS,
    BATCH,
)


def _pattern(path: str) -> re.Pattern[str]:
    # A segment of dots would be resolved on the way, so it never stands for a user or event;
    # an escaped slash inside a segment stays one segment here and at the server.
    segment = r"(?P<\1>(?!\.{1,2}(?:/|$))[^/?#]+)"
    return re.compile(re.sub(r"\\\{(\w+)\\\}", segment, re.escape(path)))
