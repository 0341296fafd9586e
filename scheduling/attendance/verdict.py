"""The verdict on one session, by all of its evidence. Nothing else decides whether two people met.

In this order: a coordinator's correction; what Teams saw and what the two say; and where neither
shows a meeting, what is still to come. Only evidence or the clock changes a verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from scheduling.attendance.evidence import (
    Correction,
    Evidence,
    EvidenceKind,
    EvidenceMode,
    Flag,
    Occasion,
    VerdictKind,
)
from scheduling.attendance.presence import Seen, seen_in
from scheduling.attendance.reasons import VerdictCode, VerdictReason, because
from scheduling.attendance.remarks import remarks
from scheduling.attendance.statements import Word, words_of_the_two
from scheduling.attendance.thresholds import USUAL_DAYS, DaysOf, Thresholds, WorkingDays
from scheduling.changes.limits import shown

_MINUTE = timedelta(minutes=1)
_NOBODY: frozenset[str] = frozenset()
_LEAVES_OPEN = frozenset({Flag.ABSURD_TIMES, Flag.HIDDEN_PRESENCE})
_NO_DAYS: DaysOf = MappingProxyType({})
_DOES_NOT_COUNT = frozenset({VerdictKind.NOT_HELD, VerdictKind.SHORT})
# Up to Python 3.11 a member of an enumeration takes ten times as long to find as a name.
_HELD = VerdictKind.HELD
_MODE_OFF, _MODE_TEAMS = EvidenceMode.OFF, EvidenceMode.TEAMS
_SEEN_BY_TEAMS = EvidenceKind.TEAMS
_NOT_ENDED = (because(VerdictCode.NOT_ENDED),)

Reasons = tuple[VerdictReason, ...]


class Judgement(NamedTuple):
    """What is to be said of a session at one instant.

    ``minutes_together`` are whole minutes, 0 where nothing shows that they met. ``kind`` is what
    the verdict rests on, None where it rests on nothing. ``ask`` are the people to be asked now,
    who have not said anything. ``look_again_at`` is when the clock alone may change any of this,
    None if only evidence can.
    """

    verdict: VerdictKind
    minutes_together: int = 0
    kind: EvidenceKind | None = None
    reasons: Reasons = ()
    ask: frozenset[str] = _NOBODY
    look_again_at: datetime | None = None

    @property
    def counts(self) -> bool | None:
        """Whether it counts towards the minimum; None while that is open.

        Short does not count, and like not held it is to be made up. To be confirmed, unknown
        and disputed stay open: nothing is held against a pair that nobody can tell about.
        """
        if self.verdict is _HELD:
            return True
        return False if self.verdict in _DOES_NOT_COUNT else None


def judge(
    occasion: Occasion,
    evidence: Evidence,
    thresholds: Thresholds,
    now: datetime,
    days: DaysOf = _NO_DAYS,
) -> Judgement:
    """The verdict on a session as things stand at ``now``.

    Parameters:
        evidence: everything known; its members may come in any order.
        days: working days of the two by participant id: for the mornings on which they are asked
            and the days within which one may object to the other.

    Reports count in ``teams`` mode alone, statements of anybody but the two never. What is
    absurd is named in the reasons and not counted.
    """
    case = _Case(occasion, evidence, thresholds, now, days)
    if evidence.correction is not None:
        return case.corrected(evidence.correction)
    if now < occasion.span.end:
        return Judgement(VerdictKind.PENDING, reasons=_NOT_ENDED, look_again_at=occasion.span.end)
    seen = case.seen()
    if not evidence.statements:
        return case.unsaid(seen)
    words, absurd = words_of_the_two(occasion, evidence.statements)
    judgement = case.by_word(seen, words) if words else case.unsaid(seen)
    if absurd:
        reasons = (*judgement.reasons, because(VerdictCode.ABSURD_TIMES))
        return judgement._replace(reasons=reasons)
    return judgement


@dataclass(slots=True)
class _Case:
    # Not frozen: one is made for every verdict, and freezing takes longer than most of the rest.
    occasion: Occasion
    evidence: Evidence
    thresholds: Thresholds
    now: datetime
    days: DaysOf

    def seen(self) -> Seen | None:
        """What Teams saw; None where there is no report or it may not count."""
        evidence = self.evidence
        if evidence.mode is not _MODE_TEAMS:
            return None
        kept = evidence.minutes_kept
        if not evidence.reports and kept is None:
            return None
        seen = seen_in(self.occasion, evidence.reports, self.thresholds.slack)
        if kept is not None and kept > seen.minutes:
            return seen._replace(minutes=kept, possible=max(kept, seen.possible))
        return seen

    def kind_of(self, minutes: int) -> VerdictKind:
        """What that many minutes together are."""
        if minutes >= self.thresholds.held_minutes:
            return _HELD
        return VerdictKind.SHORT if minutes > 0 else VerdictKind.NOT_HELD

    def corrected(self, correction: Correction) -> Judgement:
        """The coordinator's word; minutes nobody told are those known, else the planned ones."""
        minutes = correction.minutes
        if minutes is None and correction.verdict is VerdictKind.NOT_HELD:
            minutes = 0
        if minutes is None:
            seen = self.seen()
            minutes = seen.minutes if seen is not None else 0
            if minutes == 0 and correction.verdict is _HELD:
                minutes = self.occasion.span.length // _MINUTE
        reasons = (because(VerdictCode.CORRECTED),)
        return Judgement(correction.verdict, minutes, EvidenceKind.CORRECTED, reasons)

    def unsaid(self, seen: Seen | None) -> Judgement:
        """The verdict where neither of the two has said anything."""
        if self.evidence.mode is _MODE_OFF:
            return Judgement(VerdictKind.UNKNOWN, reasons=(because(VerdictCode.EVIDENCE_OFF),))
        if seen is None:
            return self.open(())
        judgement = self.by_teams(seen)
        kind = judgement.verdict
        if kind is _HELD:
            return judgement
        may_go_on = self.occasion.span.end + self.thresholds.restart_within
        if self.now < may_go_on:
            reasons = (*judgement.reasons, because(VerdictCode.MAY_GO_ON))
            return self.pending(seen, reasons, may_go_on)
        if self.may_be_more(seen):
            return self.asking(judgement._replace(verdict=VerdictKind.TO_CONFIRM), seen)
        if kind is VerdictKind.SHORT:
            return judgement
        if not self.tells(seen):
            return self.open(judgement.reasons)
        ask_from = self.occasion.span.end + self.thresholds.ask_after
        if self.now < ask_from:
            return self.pending(seen, judgement.reasons, ask_from)
        return self.asking(judgement, seen)

    def by_word(self, seen: Seen | None, words: Mapping[str, Word]) -> Judgement:
        """The verdict where at least one of the two has said something."""
        yes = [word for word in words.values() if word.is_yes]
        no = [word for word in words.values() if not word.is_yes]
        if seen is not None and self.kind_of(seen.minutes) is _HELD:
            return self.held_whatever_is_said(seen, len(no))
        if yes and no:
            return self.told(VerdictKind.DISPUTED, seen, VerdictCode.SIDES_DISAGREE)
        if len(no) == 2:
            return self.told(VerdictKind.NOT_HELD, seen, VerdictCode.BOTH_SAY_NOT)
        if len(yes) == 2:
            return self.met(seen, yes, because(VerdictCode.BOTH_SAY_MET))
        return self.one_says_met(seen, yes[0]) if yes else self.one_says_not(seen, no[0])

    def held_whatever_is_said(self, seen: Seen, against: int) -> Judgement:
        """One who denies what Teams saw does not undo it; both do, for a coordinator to settle."""
        judgement = self.by_teams(seen)
        if not against:
            return judgement
        reasons = (*judgement.reasons, because(VerdictCode.TEAMS_CONTRADICTED))
        verdict = VerdictKind.DISPUTED if against == 2 else VerdictKind.HELD
        return judgement._replace(verdict=verdict, reasons=reasons)

    def one_says_met(self, seen: Seen | None, word: Word) -> Judgement:
        """Held at once where Teams saw somebody who may have been them; else unless opposed."""
        person = word.person
        if seen is not None and self.may_be_more(seen) and person in self.lacking(seen):
            confirmed = because(VerdictCode.UNIDENTIFIED_CONFIRMED, person=person)
            reasons = (*self.remarks(seen), confirmed)
            kind = self.kind_of(seen.possible)
            return Judgement(kind, seen.possible, EvidenceKind.SELF_REPORTED, reasons)
        until = self.objection_ends(word)
        if self.now >= until:
            return self.met(seen, [word], because(VerdictCode.UNOPPOSED, person=person))
        met = self.met(
            seen, [word], because(VerdictCode.ONE_SAYS_MET, person=person, until=shown(until))
        )
        if met.verdict is VerdictKind.SHORT and seen is not None and seen.minutes:
            return self.by_teams(seen)
        return met._replace(
            verdict=VerdictKind.PENDING,
            minutes_together=seen.minutes if seen is not None else 0,
            ask=frozenset({self.occasion.other(person)}),
            look_again_at=until,
        )

    def one_says_not(self, seen: Seen | None, word: Word) -> Judgement:
        """What Teams saw without the unidentified; else not held unless opposed."""
        person, until = word.person, self.objection_ends(word)
        open_to = frozenset({self.occasion.other(person)}) if self.now < until else _NOBODY
        look = until if open_to else None
        if seen is not None and (seen.minutes or self.tells(seen)):
            judgement = self.by_teams(seen)
            if seen.unidentified and person in self.lacking(seen):
                denied = because(VerdictCode.UNIDENTIFIED_DENIED, person=person)
                judgement = judgement._replace(reasons=(*judgement.reasons, denied))
            return judgement._replace(ask=open_to, look_again_at=look)
        if open_to:
            reason = because(VerdictCode.ONE_SAYS_NOT, person=person, until=shown(until))
            kind = EvidenceKind.SELF_REPORTED
            reasons = (*self.remarks(seen), reason)
            return Judgement(VerdictKind.PENDING, 0, kind, reasons, open_to, look)
        return self.told(VerdictKind.NOT_HELD, seen, VerdictCode.NOT_MET_UNOPPOSED, person=person)

    def met(self, seen: Seen | None, words: list[Word], reason: VerdictReason) -> Judgement:
        """A meeting by what people say, as long as they say it was, or longer if Teams saw more."""
        minutes = min(word.minutes for word in words)
        if seen is not None:
            minutes = max(minutes, seen.minutes)
        reasons = [*self.remarks(seen), reason]
        if any(word.in_person for word in words):
            reasons.append(because(VerdictCode.IN_PERSON))
        if any(word.elsewhere for word in words):
            reasons.append(because(VerdictCode.ELSEWHERE))
        kind = self.kind_of(minutes)
        return Judgement(kind, minutes, EvidenceKind.SELF_REPORTED, tuple(reasons))

    def told(
        self, verdict: VerdictKind, seen: Seen | None, code: VerdictCode, **facts: str
    ) -> Judgement:
        """A verdict without minutes that rests on what people say."""
        reasons = (*self.remarks(seen), because(code, **facts))
        return Judgement(verdict, 0, EvidenceKind.SELF_REPORTED, reasons)

    def by_teams(self, seen: Seen) -> Judgement:
        """The verdict of what Teams saw, taken by itself."""
        minutes = seen.minutes
        reasons = remarks(self.occasion, seen, self.thresholds.grace_minutes)
        return Judgement(self.kind_of(minutes), minutes, _SEEN_BY_TEAMS, reasons)

    def pending(self, seen: Seen, reasons: Reasons, until: datetime) -> Judgement:
        """Not judged yet, for all that a report is there."""
        kind = _SEEN_BY_TEAMS
        return Judgement(VerdictKind.PENDING, seen.minutes, kind, reasons, _NOBODY, until)

    def asking(self, judgement: Judgement, seen: Seen) -> Judgement:
        """The same, with those asked who can tell, for as long as an answer is waited for."""
        to_confirm = judgement.verdict is VerdictKind.TO_CONFIRM
        until = self.occasion.span.end + self.thresholds.answer_within
        if not to_confirm:
            until += self.thresholds.ask_after
        if self.now >= until:
            return judgement
        people = self.lacking(seen) if to_confirm else self.occasion.people
        return judgement._replace(ask=frozenset(people), look_again_at=until)

    def open(self, remarks: Reasons) -> Judgement:
        """Nothing tells whether they met: wait, then ask, then leave it unknown."""
        begins = {person: self.asked_from(person) for person in self.occasion.people}
        ends = {p: begin + self.thresholds.answer_within for p, begin in begins.items()}
        last = max(ends.values())
        if self.now >= last:
            reasons = (*remarks, *self.missing(), because(VerdictCode.NOBODY_SAID))
            return Judgement(VerdictKind.UNKNOWN, reasons=reasons)
        asked = frozenset(p for p in begins if begins[p] <= self.now < ends[p])
        changes = (*begins.values(), *ends.values())
        if self.now < min(begins.values()):
            state = because(VerdictCode.NOT_ASKED_YET)
        else:
            state = because(VerdictCode.ASKED, until=shown(last))
        return Judgement(
            VerdictKind.PENDING,
            reasons=(*remarks, *self.missing(), state),
            ask=asked,
            look_again_at=min(at for at in changes if at > self.now),
        )

    def missing(self) -> Reasons:
        """Why Teams tells nothing."""
        if self.evidence.mode is not _MODE_TEAMS or self.occasion.in_person:
            return ()
        if self.evidence.blocked:
            return (because(VerdictCode.REPORTS_REFUSED),)
        return () if self.evidence.reports else (because(VerdictCode.NO_REPORT),)

    def asked_from(self, person: str) -> datetime:
        """When a person may be asked whether they met, where Teams does not tell."""
        end = self.occasion.span.end
        if self.evidence.mode is not _MODE_TEAMS or self.occasion.in_person:
            return self.days_of(person).morning_after(end)
        blocked = self.evidence.blocked
        return end + (self.thresholds.blocked_for if blocked else self.thresholds.ask_after)

    def objection_ends(self, word: Word) -> datetime:
        """When the other one has had their working days to object."""
        since = max(word.at, self.occasion.span.end)
        days = self.days_of(self.occasion.other(word.person))
        return days.after(since, self.thresholds.objection_days)

    def days_of(self, person: str) -> WorkingDays:
        return self.days.get(person, USUAL_DAYS)

    def may_be_more(self, seen: Seen) -> bool:
        """Whether somebody unidentified may make more of it than Teams saw."""
        return self.kind_of(seen.possible) is not self.kind_of(seen.minutes)

    def lacking(self, seen: Seen) -> tuple[str, ...]:
        """Whom the unidentified may have been: who was not there for long enough, else either."""
        enough = self.thresholds.held_minutes
        people = zip(self.occasion.people, seen.alone, strict=True)
        return tuple(p for p, minutes in people if minutes < enough) or self.occasion.people

    def tells(self, seen: Seen) -> bool:
        """Whether reports without a meeting are evidence that there was none."""
        return not (self.occasion.in_person or self.evidence.blocked or seen.flags & _LEAVES_OPEN)

    def remarks(self, seen: Seen | None) -> Reasons:
        """What is worth knowing of what Teams saw, in a fixed order."""
        if seen is None:
            return ()
        return remarks(self.occasion, seen, self.thresholds.grace_minutes)
