"""Facts of the journal in plain words: what a mail was about, what was told, how it ended.

The journal keeps codes, ids, numbers and ISO dates. A code that has no words of its own here is
said without its underscores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from integrations.workflows.messages.words import long_date
from scheduling.attendance.evidence import EvidenceMode, Said, VerdictKind
from scheduling.attendance.reasons import VERDICT_WORDS
from scheduling.changes.views import OrderKind

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_MAILS: Mapping[str, str] = MappingProxyType(
    {
        "announcement": "the announcement of the program",
        "closing": "the closing note",
        "did_you_meet": "the question whether they met",
        "thanks": "a reminder to say thanks",
        "pulse": "the question how it was",
        "hour_is_off": "the note that an hour is off",
        "hours_question": "the question for working hours",
        "monthly_report": "the monthly report",
        "needs_you": "the list of what needs the coordinator",
        "offered_dates": "other hours for a date",
        "offered_hours": "hours to choose from",
        "paused": "the note of a pause",
        "proposal": "the partner's proposal of another hour",
        "resumed": "the note that a pause is over",
        "roles_swapped": "the note that roles were swapped",
        "weekly_report": "the weekly report",
        "withdrawn": "the note that the pair has ended",
        "your_appointment": "the note of an appointment over a date",
    }
)
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        # What somebody finds in their mailbox.
        "invitation": "an invitation",
        "update": "an update of the invitation",
        "cancellation": "a cancellation",
        "message": "a message of Tandem's own",
        # What a pair's work was told to do.
        OrderKind.SKIP: "leave a date out",
        OrderKind.MOVE: "move a date",
        OrderKind.OFFER_DATES: "offer other hours for a date",
        OrderKind.OFFER_HOURS: "offer regular hours",
        OrderKind.BOOK_AGAIN: "book again",
        OrderKind.APPLY_RULE: "apply the changed rule",
        OrderKind.CHANGE_HOUR: "change the regular hour",
        OrderKind.CHANGE_ORGANIZER: "change the organizer",
    }
)
_SAID: Mapping[str, str] = MappingProxyType(
    {
        Said.MET: "we met",
        Said.NOT_MET: "we did not meet",
        Said.OBJECTS: "we did not meet, though the other one says so",
    }
)
_MODES: Mapping[str, str] = MappingProxyType(
    {
        EvidenceMode.TEAMS: "Teams' reports",
        EvidenceMode.SELF_REPORT: "what the two say",
        EvidenceMode.OFF: "nowhere",
    }
)
_BY_FACT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"message": _MAILS, "kind": _KINDS, "order": _KINDS, "said": _SAID, "mode": _MODES}
)
_WITH_MINUTES = frozenset({VerdictKind.HELD, VerdictKind.SHORT, VerdictKind.NOT_HELD})


def fact_in_words(name: str, value: str) -> str:
    """A fact that is no id and no instant, as a coordinator reads it."""
    if _DAY.fullmatch(value):
        return long_date(date.fromisoformat(value))
    found = _BY_FACT.get(name, {}).get(value)
    if found is not None:
        return found
    return value.replace("_", " ") if _CODE.fullmatch(value) else value


def verdict_in_words(verdict: str, minutes: Any) -> str:
    """A verdict with the minutes together, where they say anything.

    ``not held: 0 minutes together``; a verdict that is still open stands alone, unless some
    minutes are known.
    """
    kind = VerdictKind(verdict)
    said = VERDICT_WORDS[kind]
    if not isinstance(minutes, int) or (kind not in _WITH_MINUTES and not minutes):
        return said
    return f"{said}: {minutes} minute{'' if minutes == 1 else 's'} together"
