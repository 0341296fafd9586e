"""Facts of the journal in plain words: what a mail was about, what was told, how it ended.

The journal keeps codes, ids, numbers and ISO dates. A code that has no words of its own here is
said without its underscores; what is not listed as plain either is then English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from integrations.language import N_, gettext, ngettext
from integrations.workflows.messages.words import WEEKDAYS as DAY_NAMES
from integrations.workflows.messages.words import long_date
from scheduling.attendance.evidence import EvidenceMode, Said, VerdictKind
from scheduling.attendance.reasons import VERDICT_WORDS
from scheduling.changes.views import OrderKind
from scheduling.rule import WEEKDAYS

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_MAILS: Mapping[str, str] = MappingProxyType(
    {
        "announcement": N_("the announcement of the program"),
        "closing": N_("the closing note"),
        "did_you_meet": N_("the question whether they met"),
        "pulse": N_("the question how it was"),
        "thanks": N_("the reminder to say thanks"),
        "hour_is_off": N_("the note that an hour is off"),
        "hours_question": N_("the question for working hours"),
        "monthly_report": N_("the monthly report"),
        "needs_you": N_("the list of what needs the coordinator"),
        "offered_dates": N_("other hours for a date"),
        "offered_hours": N_("hours to choose from"),
        "paused": N_("the note of a pause"),
        "proposal": N_("the partner's proposal of another hour"),
        "resumed": N_("the note that a pause is over"),
        "roles_swapped": N_("the note that roles were swapped"),
        "weekly_report": N_("the weekly report"),
        "wish_approved": N_("the word that a wish for a pairing was approved"),
        "wish_declined": N_("the word that no pairing can be made at present"),
        "withdrawn": N_("the note that the pair has ended"),
        "your_appointment": N_("the note of an appointment over a date"),
    }
)
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        # What somebody finds in their mailbox.
        "invitation": N_("an invitation"),
        "update": N_("an update of the invitation"),
        "cancellation": N_("a cancellation"),
        "message": N_("a message of Tandem's own"),
        # What a pair's work was told to do.
        OrderKind.SKIP: N_("leave a date out"),
        OrderKind.MOVE: N_("move a date"),
        OrderKind.OFFER_DATES: N_("offer other hours for a date"),
        OrderKind.OFFER_HOURS: N_("offer regular hours"),
        OrderKind.BOOK_AGAIN: N_("book again"),
        OrderKind.APPLY_RULE: N_("apply the changed rule"),
        OrderKind.CHANGE_HOUR: N_("change the regular hour"),
        OrderKind.CHANGE_ORGANIZER: N_("change the organizer"),
        OrderKind.ADOPT: N_("adopt a series"),
    }
)
_SAID: Mapping[str, str] = MappingProxyType(
    {
        Said.MET: N_("we met"),
        Said.NOT_MET: N_("we did not meet"),
        Said.OBJECTS: N_("we did not meet, though the other one says so"),
    }
)
_MODES: Mapping[str, str] = MappingProxyType(
    {
        EvidenceMode.TEAMS: N_("Teams' reports"),
        EvidenceMode.SELF_REPORT: N_("what the two say"),
        EvidenceMode.OFF: N_("nowhere"),
    }
)
_DAYS: Mapping[str, str] = MappingProxyType(dict(zip(WEEKDAYS, DAY_NAMES, strict=True)))
_BY_FACT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        # A mail of a write that may have gone out is named by its kind.
        "message": {**_KINDS, **_MAILS},
        "kind": _KINDS,
        "order": _KINDS,
        "said": _SAID,
        "mode": _MODES,
        "weekday": _DAYS,
    }
)
_PLAIN = frozenset(
    {
        # who did it, and what somebody is in a program
        *(N_("coordinator"), N_("administrator"), N_("sponsor"), N_("assistant"), N_("somebody")),
        # how a row or a write ended
        *(N_("done"), N_("set aside"), N_("refused"), N_("gone"), N_("offer hours")),
        *(N_("leave out"), N_("pause"), N_("end"), N_("talk"), N_("record meeting")),
        *(N_("lower minimum"), N_("pair again"), N_("confirm identity")),
        # what a row is about
        *(N_("date declined twice"), N_("series declined"), N_("no other hour")),
        *(N_("no other series"), N_("moves used up"), N_("nothing on record"), N_("shortfall")),
        *(N_("leaver"), N_("external"), N_("series deleted"), N_("nobody picked")),
        *(N_("rule change does not fit")),
        *(N_("mailbox gone"), N_("wishes to stop"), N_("order too late")),
        *(N_("order double books"), N_("order finds no hour"), N_("organizer unreadable")),
        # what is against an hour
        *(N_("notice"), N_("weekday"), N_("blackout"), N_("absent"), N_("outside hours")),
        *(N_("outside bookable hours"), N_("no go"), N_("busy"), N_("tentative")),
        *(N_("own session"), N_("day cap"), N_("week cap"), N_("gap"), N_("tolerance")),
        *(N_("clock change"), N_("other window"), N_("off grid"), N_("within the freeze")),
        # why a mail was given up, or a pair is held up
        *(N_("reader left"), N_("pair over"), N_("date changed"), N_("date passed")),
        *(N_("appointment gone"), N_("hours passed"), N_("offer settled"), N_("pause changed")),
        *(N_("booked already"), N_("hours known"), N_("link ended"), N_("told already")),
        *(N_("swapped back"), N_("nothing new"), N_("no contact"), N_("no common slot")),
        *(N_("account disabled"), N_("guest"), N_("no mailbox"), N_("calendar unreadable")),
    }
)
"""Codes whose words are their own letters."""
_WITH_MINUTES = frozenset({VerdictKind.HELD, VerdictKind.SHORT, VerdictKind.NOT_HELD})


def fact_in_words(name: str, value: str) -> str:
    """A fact that is no id and no instant, as a coordinator reads it."""
    if _DAY.fullmatch(value):
        return long_date(date.fromisoformat(value))
    found = _BY_FACT.get(name, {}).get(value)
    if found is not None:
        return gettext(found)
    words = value.replace("_", " ")
    if words in _PLAIN:
        return gettext(words)
    return words if _CODE.fullmatch(value) else value


def verdict_in_words(verdict: str, minutes: Any) -> str:
    """A verdict with the minutes together, where they say anything.

    ``not held: 0 minutes together``; a verdict that is still open stands alone, unless some
    minutes are known.
    """
    kind = VerdictKind(verdict)
    said = gettext(VERDICT_WORDS[kind])
    if not isinstance(minutes, int) or (kind not in _WITH_MINUTES and not minutes):
        return said
    return ngettext(
        "%(verdict)s: %(num)s minute together",
        "%(verdict)s: %(num)s minutes together",
        minutes,
        verdict=said,
    )
