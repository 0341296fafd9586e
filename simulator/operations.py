"""The Graph operations this tenant knows: path, permission, options, and who answers.

``Needs`` says how the right is checked: in the directory, in Exchange (where a
mailbox scope can narrow it), in Teams (where a policy names the organizer, or where
the person has the app, which alone grants the right) or,
for a subscription, by whoever answers, who alone knows the mailbox concerned.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator import (
    answers,
    attendance_answers,
    delta,
    feed_answers,
    mail_answers,
    subscription_answers,
)
from simulator.event_body import EVENT_MEMBERS
from simulator.feed_answers import FEED_MEMBERS
from simulator.mail_answers import SEND_MAIL_MEMBERS
from simulator.requests import Answer, Call
from simulator.services import Services
from simulator.subscription_answers import SUBSCRIPTION_MEMBERS

# One that has to wait for somebody gives an awaitable, and has written nothing until then.
Handler = Callable[[Services, Call], Answer | Awaitable[Answer]]
Needs = Literal["directory", "exchange", "teams", "teams_app", "subscription"]
_PAGE = ("$top", "$skip", "$count")
_SCHEDULE = {"schedules", "starttime", "endtime", "availabilityviewinterval"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path template; ``{user}`` is always the mailbox concerned.

    ``members`` are those of the body (None: not checked); ``outlook_item`` calls
    should carry the immutable-id preference.
    """

    method: str
    template: str
    handler: Handler
    role: str
    needs: Needs = "exchange"
    options: frozenset[str] = frozenset()
    members: Mapping[str, Any] | None = None
    outlook_item: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        object.__setattr__(self, "pattern", re.compile(f"^{parts}$", re.IGNORECASE))


def _options(*names: str) -> frozenset[str]:
    return frozenset(names)


_READ_EVENT = _options("$select", "$expand")
_LIST = _options("$select", "$expand", "$filter", "$orderby", *_PAGE)
_WITHIN = _options("startdatetime", "enddatetime", "$select", "$expand", "$orderby", *_PAGE)
_EVENT = "/users/{user}/events/{event}"
_REPORTS = "/users/{user}/onlineMeetings/{meeting}/attendanceReports"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_REPLY = {"comment": None, "sendresponse": None, "proposednewtime": None}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/users",
        answers.list_users,
        "User.ReadBasic.All",
        "directory",
        _options("$select", "$filter", *_PAGE),
    ),
    Operation(
        "GET",
        "/users/{user}",
        answers.get_user,
        "User.ReadBasic.All",
        "directory",
        _options("$select"),
    ),
    Operation(
        "GET",
        "/users/{user}/mailboxSettings",
        answers.mailbox_settings,
        "MailboxSettings.Read",
        options=_options("$select"),
    ),
    Operation(
        "GET",
        "/users/{user}/mailboxSettings/timeZone",
        answers.mailbox_time_zone,
        "MailboxSettings.Read",
    ),
    Operation(
        "GET",
        "/users/{user}/mailboxSettings/workingHours",
        answers.mailbox_working_hours,
        "MailboxSettings.Read",
    ),
    Operation(
        "GET",
        "/users/{user}/outlook/supportedTimeZones",
        answers.supported_zones,
        "User.Read.All",
        "directory",
    ),
    Operation(
        "GET",
        "/users/{user}/outlook/supportedTimeZones({standard})",
        answers.supported_zones,
        "User.Read.All",
        "directory",
    ),
    Operation(
        "GET",
        "/users/{user}/calendar",
        answers.get_calendar,
        "Calendars.ReadBasic",
        options=_options("$select"),
    ),
    Operation(
        "GET",
        "/users/{user}/calendars",
        answers.list_calendars,
        "Calendars.ReadBasic",
        options=_options("$select", "$filter", *_PAGE),
    ),
    Operation(
        "GET",
        "/users/{user}/calendars/{calendar}",
        answers.get_calendar,
        "Calendars.ReadBasic",
        options=_options("$select"),
    ),
    Operation(
        "POST",
        "/users/{user}/calendar/getSchedule",
        answers.get_schedule,
        "Calendars.ReadBasic",
        members=dict.fromkeys(_SCHEDULE),
    ),
    Operation(
        "POST",
        "/users/{user}/events",
        answers.create_event,
        "Calendars.ReadWrite",
        members=EVENT_MEMBERS,
        outlook_item=True,
    ),
    Operation(
        "GET",
        "/users/{user}/events",
        answers.list_events,
        "Calendars.ReadBasic",
        options=_LIST,
        outlook_item=True,
    ),
    Operation(
        "GET",
        _EVENT,
        answers.get_event,
        "Calendars.ReadBasic",
        options=_READ_EVENT,
        outlook_item=True,
    ),
    Operation(
        "PATCH",
        _EVENT,
        answers.change_event,
        "Calendars.ReadWrite",
        members=EVENT_MEMBERS,
        outlook_item=True,
    ),
    Operation("DELETE", _EVENT, answers.delete_event, "Calendars.ReadWrite", outlook_item=True),
    Operation(
        "POST",
        _EVENT + "/cancel",
        answers.cancel_event,
        "Calendars.ReadWrite",
        members={"comment": None},
        outlook_item=True,
    ),
    *(
        Operation(
            "POST",
            f"{_EVENT}/{reply}",
            answers.reply_to_event,
            "Calendars.ReadWrite",
            members=_REPLY,
            outlook_item=True,
        )
        for reply in ("accept", "tentativelyAccept", "decline")
    ),
    Operation(
        "GET",
        _EVENT + "/instances",
        answers.list_instances,
        "Calendars.Read",
        options=_WITHIN,
        outlook_item=True,
    ),
    Operation(
        "GET",
        "/users/{user}/calendarView",
        answers.calendar_view,
        "Calendars.Read",
        options=_WITHIN,
        outlook_item=True,
    ),
    Operation(
        "GET",
        "/users/{user}/calendarView/delta",
        delta.calendar_view_delta,
        "Calendars.Read",
        options=_options("startdatetime", "enddatetime", "$deltatoken", "$skiptoken"),
        outlook_item=True,
    ),
    Operation(
        "GET",
        "/users/{user}/onlineMeetings",
        answers.find_online_meeting,
        "OnlineMeetings.Read.All",
        "teams",
        _options("$filter", "$select"),
    ),
    Operation(
        "GET",
        "/users/{user}/onlineMeetings/{meeting}",
        answers.get_online_meeting,
        "OnlineMeetings.Read.All",
        "teams",
        _options("$select"),
    ),
    Operation(
        "PATCH",
        "/users/{user}/onlineMeetings/{meeting}",
        answers.change_online_meeting,
        "OnlineMeetings.ReadWrite.All",
        "teams",
        members={"lobbyBypassSettings": None},
    ),
    Operation(
        "GET",
        _REPORTS,
        attendance_answers.list_reports,
        "OnlineMeetingArtifact.Read.All",
        "teams",
    ),
    Operation(
        "GET",
        _REPORTS + "/{report}",
        attendance_answers.get_report,
        "OnlineMeetingArtifact.Read.All",
        "teams",
        _options("$expand"),
    ),
    Operation(
        "GET",
        _REPORTS + "/{report}/attendanceRecords",
        attendance_answers.list_records,
        "OnlineMeetingArtifact.Read.All",
        "teams",
    ),
    Operation(
        "POST",
        "/users/{user}/sendMail",
        mail_answers.send_mail,
        "Mail.Send",
        members=SEND_MAIL_MEMBERS,
    ),
    Operation(
        "POST",
        "/users/{user}/teamwork/sendActivityNotification",
        feed_answers.send_activity_notification,
        "TeamsActivity.Send.User",
        "teams_app",
        members=FEED_MEMBERS,
    ),
    Operation(
        "POST",
        "/subscriptions",
        subscription_answers.create_subscription,
        "Calendars.Read",
        "subscription",
        members=SUBSCRIPTION_MEMBERS,
        outlook_item=True,
    ),
    Operation(
        "GET",
        "/subscriptions",
        subscription_answers.list_subscriptions,
        "Calendars.Read",
        "subscription",
        _options("$skiptoken"),
    ),
    Operation(
        "GET",
        _SUBSCRIPTION,
        subscription_answers.get_subscription,
        "Calendars.Read",
        "subscription",
    ),
    Operation(
        "PATCH",
        _SUBSCRIPTION,
        subscription_answers.renew_subscription,
        "Calendars.Read",
        "subscription",
        members={"expirationDateTime": None},
    ),
    Operation(
        "DELETE",
        _SUBSCRIPTION,
        subscription_answers.delete_subscription,
        "Calendars.Read",
        "subscription",
    ),
    Operation(
        "POST",
        _SUBSCRIPTION + "/reauthorize",
        subscription_answers.reauthorize_subscription,
        "Calendars.Read",
        "subscription",
    ),
)

# The default calendar under its other names.
_ALIAS = re.compile(
    r"^(/users/[^/]+)/calendars?(?:/(?P<calendar>[^/]+))?/(?P<rest>(?:events|calendarView)(?:/.*)?)$",
    re.IGNORECASE,
)


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation of a request and the parts of its path."""
    plain = _ALIAS.sub(lambda match: f"{match[1]}/{match['rest']}", path)
    for operation in OPERATIONS:
        if operation.method == method:
            match = operation.pattern.match(plain)
            if match is not None:
                return operation, match.groupdict()
    return None


def knows_path(path: str) -> bool:
    """Whether some method is known on a path."""
    return any(find(method, path) for method in ("GET", "POST", "PATCH", "DELETE"))
