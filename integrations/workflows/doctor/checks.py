"""What a check is, and how an error of a call becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from integrations.errors import (
    IntegrationError,
    MailboxGoneError,
    OperationNotPermittedError,
    ReadOnlyModeError,
    RefusedError,
)

MOVE_AWAY = (
    "Give the mailbox its Exchange Online licence back, or move its pairs with"
    " `tandem mailbox move`."
)


class Finding(StrEnum):
    """What a check comes to."""

    WELL = "well"
    WIDER = "wider_than_needed"
    """A right reaches further than Tandem needs: it works, and IT should narrow it."""
    MISSING = "missing"
    """A right is not granted."""
    WRONG = "wrong"
    UNTRIED = "not_tried"
    """Nothing can be said: it is switched off, or what it rests on is not well."""


RED = frozenset({Finding.MISSING, Finding.WRONG})
WORDS: Mapping[Finding, str] = MappingProxyType(
    {
        Finding.WELL: "well",
        Finding.WIDER: "wider than needed",
        Finding.MISSING: "missing",
        Finding.WRONG: "wrong",
        Finding.UNTRIED: "not tried",
    }
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    ``code`` names it for good and ``about`` which one of several it is (a program mailbox's
    address). ``calls`` is what was asked. ``remedy`` is empty where all is well. Neither secret
    nor anybody's name stands in any of it.
    """

    code: str
    finding: Finding
    words: str
    remedy: str = ""
    about: str = ""

    @property
    def name(self) -> str:
        """What was looked at, in words."""
        name = NAMES[self.code][0]
        return f"{self.about}: {name}" if self.about else name

    @property
    def calls(self) -> str:
        """How it was looked at."""
        return NAMES[self.code][1]

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.finding in (Finding.WELL, Finding.UNTRIED)

    @property
    def finding_words(self) -> str:
        """The finding in words."""
        return WORDS[self.finding]

    def to_json(self) -> dict[str, Any]:
        """All of it as data."""
        return {**asdict(self), "name": self.name, "calls": self.calls, "is_well": self.is_well}


NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "settings": ("settings", "reads the environment"),
        "store": ("program store", "opens it, compares its migrations, writes and takes it back"),
        "token": ("sign-in of the app", "asks Entra ID for a new token"),
        "credential": ("end of the credential", "reads the certificate's last day"),
        "clock": ("clock", "compares Graph's `Date` with this machine's time"),
        "roles": ("rights in the whole tenant", "reads the permissions in the new token"),
        "directory": ("directory: User.Read.All", "looks the program mailboxes up"),
        "mailbox": ("account and mailbox", "asks the directory, and Exchange for a day's dates"),
        "events": ("events: Calendars.Read", "looks a tag up, and a day's dates"),
        "teams": ("Teams meetings", "asks whether the calendar offers Teams"),
        "trial": (
            "trial event: Calendars.ReadWrite",
            "makes an event nobody is invited to, looks at link and lobby, deletes it",
        ),
        "meetings": (
            "online meetings: OnlineMeetings.Read.All and Teams policy",
            "looks for a meeting that does not exist",
        ),
        "reports": (
            "attendance: OnlineMeetingArtifact.Read.All",
            "asks for reports of a meeting that does not exist",
        ),
        "mail": ("mail: Mail.Send", "sends a mail to nobody, which Exchange has to refuse"),
        "settings_of_people": (
            "zones and working hours: MailboxSettings.Read",
            "reads the mailbox settings of up to twenty people",
        ),
        "free_busy": ("free/busy", "reads a day of up to twenty people"),
        "gate": ("Tandem's own gate", "tries to ask for events outside the program mailboxes"),
        "outside_events": (
            "events outside the program mailboxes",
            "asks an unrelated mailbox for an event that does not exist",
        ),
        "outside_reports": (
            "attendance of other organizers",
            "asks an unrelated organizer for a meeting that does not exist",
        ),
        "webhook": ("webhook", "shakes hands with its address as Graph does"),
        "subscriptions": ("subscriptions", "compares Graph's list with the store"),
        "teams_news": ("news in Teams", "counts which of the last were told there"),
        "work": ("due work", "counts what is late or put aside"),
        "sign_in": ("sign-in of people", "begins one"),
    }
)
"""Each check's name, and what it does."""


def untried(code: str, why: str, about: str = "") -> Check:
    """A check of which nothing can be said."""
    return Check(code, Finding.UNTRIED, f"not tried: {why}", about=about)


def failed(code: str, error: IntegrationError, about: str = "") -> Check:
    """What an error says, where nothing more exact is known."""
    if isinstance(error, ReadOnlyModeError):
        return Check(
            code, Finding.UNTRIED, "not tried: writing is switched off", error.remedy, about
        )
    if isinstance(error, MailboxGoneError):
        return Check(code, Finding.WRONG, "there is no Exchange Online mailbox", MOVE_AWAY, about)
    forbidden = isinstance(error, RefusedError) and error.status in (401, 403)
    finding = Finding.MISSING if forbidden else Finding.WRONG
    if isinstance(error, OperationNotPermittedError):
        finding = Finding.WRONG
    remedy = error.remedy or "See docs/how-to/troubleshoot.md."
    return Check(code, finding, str(error), remedy, about)
