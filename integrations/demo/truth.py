"""Whether every verdict says what people really did, as their own tenant remembers it.

A verdict may rest on no more than what could be known: who is not asked or does not answer leaves
it open, and somebody's word knows no minutes. Such differences have a name here; any other is a
fault of Tandem's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduling.attendance.evidence import EvidenceKind, EvidenceMode, VerdictKind

_A_MINUTE = 1
"""Both sides round down."""
_ANSWERS_COME_WITHIN = timedelta(days=14)
"""The next working morning, a day for the answer, and five working days for an objection."""
_WORD_FOR = {VerdictKind.HELD: "met", VerdictKind.SHORT: "met", VerdictKind.NOT_HELD: "not_met"}


class Finding(StrEnum):
    """How a verdict stands to what was: it says it, cannot (why, in words), or ought to."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_EARLY = "too early to say"
    NOBODY_ANSWERED = "nobody answered"
    NOT_TOLD_APART = "Teams could not tell who came, and nobody answered"
    NOT_MEASURED = "met, by their word, which knows no minutes"
    CONTRADICTED = "one said the contrary of what was"
    OTHER_DATE = "the question was taken to mean another date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one person pressed about a session: ``met`` or ``not_met``.

    ``astray``: she had another date in mind.
    """

    said: str
    astray: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Was:
    """What people really did about a date: who came, for how many minutes together.

    ``words`` are those of the two who answered a question about it.
    """

    came: int
    minutes: int
    in_person: bool
    words: tuple[Word, ...] = ()

    def verdict(self, held_minutes: int) -> VerdictKind:
        """What a verdict would be if everything were known."""
        if self.minutes == 0:
            return VerdictKind.NOT_HELD
        return VerdictKind.HELD if self.minutes >= held_minutes else VerdictKind.SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the store says of a session; ``verdict`` is None if it was never judged."""

    name: str
    end: datetime
    mode: EvidenceMode
    held_minutes: int
    verdict: VerdictKind | None
    minutes: int = 0
    evidence: EvidenceKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many verdicts stand how to what was; ``faults`` has a line for each that is wrong.

    It has one, too, for whatever people did that no verdict tells of.
    """

    found: Counter[Finding]
    faults: tuple[str, ...]

    @property
    def words(self) -> str:
        """The comparison as one sentence."""
        right, wrong = self.found[Finding.RIGHT], self.found[Finding.WRONG]
        excused = [
            f"{count} {finding.value}"
            for finding, count in self.found.most_common()
            if finding not in (Finding.RIGHT, Finding.WRONG)
        ]
        reasons = f" ({'; '.join(excused)})" if excused else ""
        cannot = self.found.total() - right - wrong
        return (
            f"{self.found.total()} verdicts compared with what people really did: {right} say it, "
            f"{cannot} cannot{reasons}, {wrong} are wrong."
        )


def compare(
    judged: Iterable[Judged], was: Mapping[str, Was], now: datetime, *, unkept: Iterable[str] = ()
) -> Comparison:
    """Hold every verdict against what was, by the session's name.

    ``unkept`` are faults found elsewhere: what people did and no session tells of.
    """
    found = [(one, _finding(one, was.get(one.name), now)) for one in judged]
    wrong = [
        f"{one.name}: {_told(one)}; in truth {_truth(was.get(one.name))}"
        for one, finding in found
        if finding is Finding.WRONG
    ]
    return Comparison(found=Counter(finding for _, finding in found), faults=(*wrong, *unkept))


def _finding(one: Judged, was: Was | None, now: datetime) -> Finding:
    if was is None or one.verdict is None:
        return Finding.WRONG
    match one.verdict:
        case VerdictKind.PENDING:
            return _if(now < one.end + _ANSWERS_COME_WITHIN, Finding.TOO_EARLY)
        case VerdictKind.UNKNOWN:
            return _if(not was.words and not _was_seen(one, was), Finding.NOBODY_ANSWERED)
        case VerdictKind.TO_CONFIRM:
            return _if(not was.words and _was_seen(one, was), Finding.NOT_TOLD_APART)
        case VerdictKind.DISPUTED:
            return _if(len({word.said for word in was.words}) > 1, Finding.CONTRADICTED)
    if one.evidence is EvidenceKind.TEAMS:
        is_so = one.verdict is was.verdict(one.held_minutes)
        return _if(is_so and abs(one.minutes - was.minutes) <= _A_MINUTE, Finding.RIGHT)
    return _by_word(one.verdict, one, was)


def _by_word(verdict: VerdictKind, one: Judged, was: Was) -> Finding:
    """How a verdict that rests on somebody's word stands to what was."""
    fitting = [word for word in was.words if word.said == _WORD_FOR[verdict]]
    truth = was.verdict(one.held_minutes)
    if not fitting:
        return Finding.WRONG
    if verdict is truth:
        return Finding.RIGHT
    if VerdictKind.NOT_HELD not in (truth, verdict):
        return Finding.NOT_MEASURED
    return Finding.OTHER_DATE if all(word.astray for word in fitting) else Finding.CONTRADICTED


def _was_seen(one: Judged, was: Was) -> bool:
    """Whether Teams must have a report: somebody came online, and reports are read."""
    return one.mode is EvidenceMode.TEAMS and was.came > 0 and not was.in_person


def _if(holds: bool, finding: Finding) -> Finding:
    return finding if holds else Finding.WRONG


def _told(one: Judged) -> str:
    if one.verdict is None:
        return "never judged"
    by = f" by {one.evidence.value}" if one.evidence else ""
    return f"{one.verdict.value}{by}, {one.minutes} minutes"


def _truth(was: Was | None) -> str:
    if was is None:
        return "there was no such date"
    where = "in person" if was.in_person else "online"
    said = ", ".join(word.said for word in was.words) or "nothing"
    return f"{was.came} came, {was.minutes} minutes together {where}; asked, they said {said}"
