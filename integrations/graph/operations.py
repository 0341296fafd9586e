"""The one table of Graph operations Tandem is permitted to use.

The guard enforces it where calls leave, and the permission page, the doctor and the tests read
it. What is not a row here cannot be sent, whatever the code above asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

IMMUTABLE_IDS = 'IdType="ImmutableId"'
UTC_TIMES = 'outlook.timezone="UTC"'


class Whose(StrEnum):
    """Whose mailbox a call's path names."""

    PROGRAM = "program"
    PARTICIPANT = "participant"
    DIRECTORY = "directory"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row: a method and path, in whose mailbox, and what it takes.

    Attributes:
        path: template under the version root; ``{user}`` and ``{event}`` stand for one segment.
        options: query options that may be sent; any other is refused.
        permission: least application permission, as Entra or Exchange RBAC names it.
        scope: how far that permission has to reach, for the permission page.
        outlook: served by Exchange, hence asked for immutable ids.
        reads_times: answers with local times, hence asked for UTC.
        by_setting: permitted only where the settings say so.
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


_PROGRAM_SCOPE = "program mailboxes only (Exchange RBAC for Applications scope)"

FIND_USER = Operation(
    name="find_user",
    method="GET",
    path="/users",
    whose=Whose.DIRECTORY,
    permission="User.Read.All",
    scope="tenant; Entra has no narrower one that shows guests and disabled accounts",
    purpose="Find people by address: id, name, address, guest or member, enabled or not",
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
    purpose="Book a series and invite the pair",
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
    options=frozenset({"$filter", "$select", "$top", "$skip", "$skiptoken"}),
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
    scope="program mailboxes, by a Teams application access policy",
    purpose="The Teams meeting of a series and who passes its lobby",
    options=frozenset({"$filter"}),
    outlook=False,
)
BATCH = Operation(
    name="batch",
    method="POST",
    path="/$batch",
    whose=Whose.NONE,
    permission="none of its own",
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
    MOVE_EVENT,
    CANCEL_EVENT,
    DELETE_EVENT,
    FIND_MEETING,
    BATCH,
)


def _pattern(path: str) -> re.Pattern[str]:
    # A segment of dots would be resolved on the way, so it never stands for a user or event;
    # an escaped slash inside a segment stays one segment here and at the server.
    segment = r"(?P<\1>(?!\.{1,2}(?:/|$))[^/?#]+)"
    return re.compile(re.sub(r"\\\{(\w+)\\\}", segment, re.escape(path)))
