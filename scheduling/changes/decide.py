"""All decisions about one pair, in one order.

1. Ends: withdrawn, leaver, external, the program's end. Nothing else is asked after one.
2. The pause: start, dates inside, resumption.
3. What the organizer's calendar shows: the store follows it. Then what Tandem was told to do.
4. A declined series; then, date by date: a decline at short notice, proposals, declines.
5. Spacing after a coordinator's move; make-ups; added dates; the changed rule; conflicts.
6. Offers before a first booking and for externals; the alert after a long gap; completion.

1 and 2 need no calendar at all and go ahead while any is unreadable. 3, and what answers
alone tell of 4, need the organizer's. Everything else needs both people's time. A session
about which something was decided is left alone by what comes later, and each decision
sees the ones before it as done. What may not be mailed now waits in its place.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from scheduling.changes.acts import (
    AdoptSeries,
    CloseNeed,
    Decision,
    EndSeries,
    RaiseNeed,
    decision,
    needs,
)
from scheduling.changes.conflicts import new_conflict
from scheduling.changes.endings import OVER, completed, ended
from scheduling.changes.gaps import nothing_on_record
from scheduling.changes.limits import held_back
from scheduling.changes.makeups import last_chance, made_up, missing_dates
from scheduling.changes.offers import external_offered, offered
from scheduling.changes.orders import ordered
from scheduling.changes.organizer import followed, respaced
from scheduling.changes.pauses import paused
from scheduling.changes.proposals import time_proposed
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.replies import (
    date_declined,
    declined_at_short_notice,
    series_declined,
    unreadable_people,
)
from scheduling.changes.rule_changes import added, outside_rule
from scheduling.changes.situation import Situation
from scheduling.changes.views import PairState, SessionView

PairRule = Callable[[Situation], Iterable[Decision]]
SessionRule = Callable[[Situation, SessionView], Decision | None]

FIRST: tuple[PairRule, ...] = (ended, paused, followed, ordered, series_declined)
BY_DATE: tuple[SessionRule, ...] = (
    declined_at_short_notice,
    time_proposed,
    date_declined,
    respaced,
)
THEN: tuple[PairRule, ...] = (made_up, added)
BY_DATE_LAST: tuple[SessionRule, ...] = (outside_rule, new_conflict)
LAST: tuple[PairRule, ...] = (offered, external_offered, nothing_on_record)


CLOSE_THEMSELVES = frozenset(
    {
        ChangeCode.DATE_DECLINED_TWICE,
        ChangeCode.NO_OTHER_HOUR,
        ChangeCode.MOVES_USED_UP,
        ChangeCode.SERIES_DECLINED,
        ChangeCode.NO_OTHER_SERIES,
        ChangeCode.SERIES_DELETED,
        ChangeCode.TOO_CLOSE,
        ChangeCode.EXTERNAL,
        ChangeCode.SHORTFALL,
        ChangeCode.NOTHING_ON_RECORD,
        ChangeCode.NOBODY_PICKED,
    }
)
"""Rows that hold while a decision still raises them; the others wait for somebody's act."""


HOLD_NOTHING = frozenset({ChangeCode.TOO_CLOSE})
"""Rows about dates that stand and may well be met: what comes up over them is answered, too."""


def decide(situation: Situation) -> tuple[Decision, ...]:
    """Everything to be done or deliberately left about a pair now, one journal line each.

    Pure: the same situation gives the same decisions, and what was carried out (see
    ``remembered``) is not decided again. What was said before (``said``) and *Needs you*
    rows already raised are left out.
    """
    if situation.pair.state in OVER:
        return ()
    course = _Course(situation)
    course.ask(ended)
    if course.now.pair.state in OVER:
        return course.decided
    for rule in FIRST[1:]:
        course.ask(rule)
    if any(isinstance(act, AdoptSeries) for one in course.decided for act in one.acts):
        # What was read knows nothing yet of its dates, and takes them for somebody else's.
        return course.decided
    course.ask(_unreadable)
    course.ask_by_date(BY_DATE)
    for rule in THEN:
        course.ask(rule)
    course.ask_by_date(BY_DATE_LAST)
    for rule in LAST:
        course.ask(rule)
    course.ask(_completed)
    course.close_needs()
    return course.decided


def _unreadable(situation: Situation) -> Iterable[Decision]:
    """One visible line for a pair about which nothing is decided from calendars."""
    if situation.pair.state is not PairState.BOOKED:
        return
    people = unreadable_people(situation)
    if people:
        yield decision(ChangeCode.UNREADABLE, person=", ".join(people))
    if situation.calendar is None:
        yield decision(ChangeCode.ORGANIZER_UNREADABLE)


def _completed(situation: Situation) -> Iterable[Decision]:
    missing = missing_dates(situation.pair, situation.now)
    found = completed(situation, last_chance(situation), missing)
    return (found,) if found is not None else ()


class _Course:
    """The decisions so far, and the situation as they leave it."""

    def __init__(self, situation: Situation) -> None:
        self.start = self.now = situation
        self.decided: tuple[Decision, ...] = ()
        self.standing: set[str] = set()

    def ask(self, rule: PairRule) -> None:
        for wanted in rule(self.now):
            self._take(wanted)

    def ask_by_date(self, rules: Iterable[SessionRule]) -> None:
        for rule in rules:
            for session_id in [session.id for session in self.now.future]:
                wanted = rule(self.now, self.now.pair.session(session_id))
                if wanted is not None:
                    self._take(wanted)

    def _take(self, wanted: Decision) -> None:
        self.standing.update(need.key for need in needs((wanted,)))
        news = tuple(
            act
            for act in wanted.acts
            if not (isinstance(act, RaiseNeed) and act.key in self.now.pair.needs)
        )
        is_old = bool(wanted.acts) and not news
        if wanted.session_id is not None and not (is_old and wanted.reason.code in HOLD_NOTHING):
            self.now = replace(self.now, claimed=self.now.claimed | {wanted.session_id})
        if is_old:
            return
        wanted = replace(wanted, acts=news)
        situation = self.now
        waits = held_back(wanted, situation.pair, situation.room, situation.limits, situation.now)
        taken = waits or wanted
        if taken.acts or taken.key not in self.start.pair.said:
            self.decided = (*self.decided, taken)
        ends = [act.truncation for act in taken.acts if isinstance(act, EndSeries)]
        self.now = replace(
            self.now.after(taken), claimed=self.now.claimed.union(*(cut.cancelled for cut in ends))
        )

    def close_needs(self) -> None:
        """Close rows whose cause is gone, unless something unread may still hold it."""
        if self.start.known is None or self.start.calendar is None:
            return
        for key in sorted(self.start.pair.needs - self.standing):
            if key.partition(":")[0] in CLOSE_THEMSELVES:
                self._take(decision(ChangeCode.CAUSE_GONE, CloseNeed(key), need=key))
