"""Teams meetings: the link an event gets, who has to wait in the lobby, who came in when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from simulator.attendance import Way
from simulator.behaviour import TeamsPolicy
from simulator.directory import Directory, User
from simulator.events import Event
from simulator.ids import Mint
from simulator.storage import Storage

Admission = Literal["admitted", "waiting in the lobby"]


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody who opened a join link, and whether she came in."""

    person: str
    join_url: str
    at: datetime
    admission: Admission


class Meetings:
    """Every online meeting of the tenant, by its join link."""

    def __init__(self, storage: Storage, mint: Mint, directory: Directory, tenant_id: str) -> None:
        self._storage, self._mint, self._directory = storage, mint, directory
        self._tenant_id = tenant_id
        self.policy = TeamsPolicy(**(storage.get("policy", "teams") or {}))
        self._by_url: dict[str, dict[str, Any]] = {
            doc["joinWebUrl"]: doc for _, doc in storage.documents("meeting")
        }
        self._by_id = {meeting["id"]: meeting for meeting in self._by_url.values()}
        self.joins = [
            Join(**{**doc, "at": datetime.fromisoformat(doc["at"])})
            for doc in storage.entries("join")
        ]

    def adopt(self, policy: TeamsPolicy) -> None:
        """Let the policy hold for meetings made from now on."""
        self.policy = policy
        self._storage.put("policy", "teams", policy)

    def arrange(self, event: Event, organizer: User, now: datetime) -> dict[str, Any]:
        """Make the meeting of an event; what the event keeps of it."""
        thread = self._mint.base64url("thread", event.key, size=24)
        thread_id = f"19:meeting_{thread}@thread.v2"
        context = f'{{"Tid":"{self._tenant_id}","Oid":"{organizer.id}"}}'
        url = (
            "https://teams.microsoft.com/l/meetup-join/"
            f"{_lower_quoted(thread_id)}/0?context={_lower_quoted(context)}"
        )
        conference = self._mint.number(9, "conference", event.key)
        self.keep(
            {
                "id": self._mint.base64url("meeting", event.key, size=54),
                "creationDateTime": now.isoformat(),
                "joinWebUrl": url,
                "subject": event.fields.get("subject", ""),
                "organizer": organizer.id,
                "event": event.key,
                "thread": thread_id,
                "lobbyBypassSettings": {
                    "scope": self.policy.lobby,
                    "isDialInBypassEnabled": self.policy.dial_in_bypasses_lobby,
                },
                "joinMeetingId": self._mint.number(12, "join", event.key),
            }
        )
        return {"joinUrl": url, "conferenceId": conference, "tollNumber": "+1 323-555-0166"}

    def keep(self, meeting: dict[str, Any]) -> None:
        """Keep a meeting as it is now."""
        self._by_url[meeting["joinWebUrl"]] = meeting
        self._by_id[meeting["id"]] = meeting
        self._storage.put("meeting", meeting["id"], meeting)

    def of_url(self, url: str) -> dict[str, Any] | None:
        """The meeting of exactly that join link."""
        return self._by_url.get(url)

    def of_id(self, meeting_id: str) -> dict[str, Any] | None:
        """The meeting of an id."""
        return self._by_id.get(meeting_id)

    def join(self, person: str, url: str, at: datetime, invited: frozenset[str]) -> Admission:
        """Let somebody open the link; ``invited`` are addresses, lower case.

        The organizer, once in, lets everybody in.

        Raises:
            KeyError: no meeting has that link.
        """
        meeting = self._by_url[url]
        organizer = self._directory.user(meeting["organizer"])
        organizer_is_in = any(
            past.join_url == url and past.person == organizer.mail.lower() for past in self.joins
        )
        passes = organizer_is_in or self.passes_lobby(meeting, person, "account", invited)
        admission: Admission = "admitted" if passes else "waiting in the lobby"
        joined = Join(person.lower(), url, at, admission)
        self.joins.append(joined)
        self._storage.append("join", joined)
        return admission

    def passes_lobby(
        self, meeting: dict[str, Any], person: str, way: Way, invited: frozenset[str]
    ) -> bool:
        """Whether somebody comes in without being let in; ``invited`` as in :meth:`join`."""
        settings = meeting["lobbyBypassSettings"]
        if way == "phone":
            return bool(settings["isDialInBypassEnabled"]) or settings["scope"] == "everyone"
        user = self._directory.find(person) if way == "account" else None
        if user is not None and user.id == meeting["organizer"]:
            return True
        known_as = person if way == "account" else ""
        return _bypasses(settings["scope"], known_as, user, invited)

    def resource(self, meeting: dict[str, Any], start: str, end: str) -> dict[str, Any]:
        """The ``onlineMeeting`` Graph answers with."""
        organizer = self._directory.user(meeting["organizer"])
        return {
            "id": meeting["id"],
            "creationDateTime": meeting["creationDateTime"],
            "startDateTime": start,
            "endDateTime": end,
            "joinWebUrl": meeting["joinWebUrl"],
            "subject": meeting["subject"],
            "isEntryExitAnnounced": False,
            "allowedPresenters": "everyone",
            "participants": {
                "organizer": {
                    "upn": organizer.principal_name,
                    "role": "presenter",
                    "identity": {
                        "user": {
                            "id": organizer.id,
                            "displayName": None,
                            "tenantId": self._tenant_id,
                            "identityProvider": "AAD",
                        }
                    },
                },
                "attendees": [],
            },
            "lobbyBypassSettings": meeting["lobbyBypassSettings"],
            "joinMeetingIdSettings": {
                "isPasscodeRequired": False,
                "joinMeetingId": meeting["joinMeetingId"],
                "passcode": None,
            },
            "chatInfo": {
                "threadId": meeting["thread"],
                "messageId": "0",
                "replyChainMessageId": None,
            },
        }


def _bypasses(scope: str, person: str, user: User | None, invited: frozenset[str]) -> bool:
    known = user is not None and user.enabled
    guest = user is not None and user.guest
    return {
        "everyone": True,
        "organization": known,
        "organizationAndFederated": known,
        "organizationExcludingGuests": known and not guest,
        "invited": person.lower() in invited,
    }.get(scope, False)


def _lower_quoted(text: str) -> str:
    """Percent-encoded with small hexadecimal digits, as Teams writes its links."""
    head, *rest = quote(text, safe="").split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def join_block(meeting: dict[str, Any]) -> str:
    """What Exchange writes below the text of an invitation."""
    rule = '<div style="width:100%; height:20px"><span style="color:gray">' + "_" * 80
    return (
        f"{rule}</span>\r\n</div>\r\n"
        f'<div class="me-email-text"><a class="me-email-headline" href="{meeting["joinUrl"]}" '
        'target="_blank" rel="noreferrer noopener">Join Microsoft Teams Meeting</a></div>\r\n'
        f'<div class="me-email-text">{meeting["tollNumber"]} (Toll)<br>\r\n'
        f"Conference ID: {meeting['conferenceId']}#</div>\r\n"
        f"{rule}</span>\r\n</div>\r\n"
    )
