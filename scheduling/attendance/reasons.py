"""Why a verdict is what it is: a code with facts, and the plain sentence made of them.

Facts hold participant ids, numbers, and ISO dates and times; never names, titles or free text.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from scheduling.attendance.evidence import VerdictKind
from scheduling.reasons import Facts


class VerdictCode(StrEnum):
    """The situations a verdict's reason can name."""

    NOT_ENDED = "not_ended"
    TOGETHER = "together"
    LATE_START = "late_start"
    LEFT_EARLY = "left_early"
    RESTARTED = "restarted"
    SEVERAL_DEVICES = "several_devices"
    SOMEBODY_ELSE = "somebody_else"
    UNIDENTIFIED_PRESENCE = "unidentified_presence"
    UNIDENTIFIED_CONFIRMED = "unidentified_confirmed"
    UNIDENTIFIED_DENIED = "unidentified_denied"
    ABSURD_TIMES = "absurd_times"
    MISSING_IDENTITY = "missing_identity"
    UNKNOWN_ROLE = "unknown_role"
    FOREIGN_TENANT = "foreign_tenant"
    HIDDEN_PRESENCE = "hidden_presence"
    ONLY_ONE_CAME = "only_one_came"
    NEVER_TOGETHER = "never_together"
    NOBODY_CAME = "nobody_came"
    NO_REPORT = "no_report"
    REPORTS_REFUSED = "reports_refused"
    MAY_GO_ON = "may_go_on"
    NOT_ASKED_YET = "not_asked_yet"
    ASKED = "asked"
    NOBODY_SAID = "nobody_said"
    EVIDENCE_OFF = "evidence_off"
    BOTH_SAY_MET = "both_say_met"
    ONE_SAYS_MET = "one_says_met"
    UNOPPOSED = "unopposed"
    BOTH_SAY_NOT = "both_say_not"
    ONE_SAYS_NOT = "one_says_not"
    NOT_MET_UNOPPOSED = "not_met_unopposed"
    SIDES_DISAGREE = "sides_disagree"
    TEAMS_CONTRADICTED = "teams_contradicted"
    IN_PERSON = "in_person"
    ELSEWHERE = "elsewhere"
    CORRECTED = "corrected"


WORDS: Mapping[VerdictCode, str] = MappingProxyType(
    {
        VerdictCode.NOT_ENDED: "it has not ended yet",
        VerdictCode.TOGETHER: "the two were in the meeting together for {minutes} minutes",
        VerdictCode.LATE_START: "they were together from {minutes} minutes after the start",
        VerdictCode.LEFT_EARLY: "they parted {minutes} minutes before the end",
        VerdictCode.RESTARTED: "the meeting ran {times} times",
        VerdictCode.SEVERAL_DEVICES: "somebody was there on more than one device",
        VerdictCode.SOMEBODY_ELSE: "somebody else was there, who counts for nothing",
        VerdictCode.UNIDENTIFIED_PRESENCE: (
            "somebody who cannot be told (by phone, as a guest or without an identity) was there"
        ),
        VerdictCode.UNIDENTIFIED_CONFIRMED: "{person} says that it was they who was there",
        VerdictCode.UNIDENTIFIED_DENIED: "{person} says that it was not they who was there",
        VerdictCode.ABSURD_TIMES: "some times are absurd; they are kept and not counted",
        VerdictCode.MISSING_IDENTITY: "Teams gives no identity for somebody who was there",
        VerdictCode.UNKNOWN_ROLE: "Teams gives somebody a role that is not known",
        VerdictCode.FOREIGN_TENANT: "somebody was signed in at another organisation",
        VerdictCode.HIDDEN_PRESENCE: "somebody was there who keeps out of reports",
        VerdictCode.ONLY_ONE_CAME: "only {person} was in the meeting",
        VerdictCode.NEVER_TOGETHER: "both were in the meeting, but never at the same time",
        VerdictCode.NOBODY_CAME: "neither of the two was in the meeting",
        VerdictCode.NO_REPORT: "Teams has no report of it",
        VerdictCode.REPORTS_REFUSED: "Microsoft Graph refuses the mailbox's reports",
        VerdictCode.MAY_GO_ON: "the meeting may still go on or begin again",
        VerdictCode.NOT_ASKED_YET: "nobody was asked yet",
        VerdictCode.ASKED: "it is asked whether they met; answers are waited for until {until}",
        VerdictCode.NOBODY_SAID: "nobody said whether they met",
        VerdictCode.EVIDENCE_OFF: "the program asks for no evidence",
        VerdictCode.BOTH_SAY_MET: "both say that they met",
        VerdictCode.ONE_SAYS_MET: (
            "{person} says that they met; the other may object until {until}"
        ),
        VerdictCode.UNOPPOSED: "{person} says that they met, and the other did not object",
        VerdictCode.BOTH_SAY_NOT: "both say that they did not meet",
        VerdictCode.ONE_SAYS_NOT: (
            "{person} says that they did not meet; the other may object until {until}"
        ),
        VerdictCode.NOT_MET_UNOPPOSED: (
            "{person} says that they did not meet, and the other did not object"
        ),
        VerdictCode.SIDES_DISAGREE: "one says that they met, the other that they did not",
        VerdictCode.TEAMS_CONTRADICTED: "Teams saw them together, which is contradicted",
        VerdictCode.IN_PERSON: "they met in person",
        VerdictCode.ELSEWHERE: "they met at another time",
        VerdictCode.CORRECTED: "a coordinator corrected it",
    }
)


VERDICT_WORDS: Mapping[VerdictKind, str] = MappingProxyType(
    {
        VerdictKind.HELD: "held",
        VerdictKind.SHORT: "too short",
        VerdictKind.NOT_HELD: "not held",
        VerdictKind.TO_CONFIRM: "to be confirmed",
        VerdictKind.PENDING: "not known yet",
        VerdictKind.UNKNOWN: "unknown",
        VerdictKind.DISPUTED: "disputed",
    }
)


_NO_FACTS: Facts = MappingProxyType({})


class VerdictReason(NamedTuple):
    """One situation and its facts by name."""

    code: VerdictCode
    facts: Facts = _NO_FACTS

    @property
    def words(self) -> str:
        """The reason as a plain sentence without a full stop; people appear as ids."""
        return WORDS[self.code].format_map(self.facts)


def because(code: VerdictCode, **facts: str | int) -> VerdictReason:
    """A reason with its facts."""
    return VerdictReason(code, facts)
