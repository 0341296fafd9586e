"""Under what a pair is planned: which rule, from which Monday, and beside which dates of its own.

A first series is planned under its program's rule. A later one is planned for the dates that are
left, and keeps clear of dates of earlier series that stand; until it is booked its terms stay,
whatever becomes of the program's rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from integrations.ports import Transaction
from integrations.records import Pair, SessionState
from integrations.workflows.changes.case import rule_of
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.cadence import zone_info
from scheduling.problem import Commitment, KeptSession, PairRequest
from scheduling.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pair is planned under.

    ``is_in_halves``: no hour was found, and two dates stand for each.
    ``starts`` is the Monday from which its cadence windows count. ``standing`` are dates to come
    of its earlier series, which stay, and ``zone`` tells on which days. ``is_own`` says that the
    rule has another cadence than the version ``rule_id`` of its program's.
    """

    rule: ProgramRule
    rule_id: str
    starts: date
    standing: tuple[TimeSpan, ...] = ()
    zone: str = "UTC"
    is_own: bool = False
    is_in_halves: bool = False

    def request_of(self, pair: Pair) -> PairRequest:
        """What the planner is asked for the pair: each date that stands fills its window."""
        cadence = self.rule.cadence
        kept: dict[int, KeptSession] = {}
        for span in self.standing:
            day = span.start.astimezone(zone_info(self.zone)).date()
            window = (day - self.starts).days // cadence.window_days
            if 0 <= window < cadence.occurrences:
                kept.setdefault(window, KeptSession(window, span))
        return PairRequest(
            id=pair.id,
            mentor=pair.mentor_id,
            mentee=pair.mentee_id,
            rule=cadence,
            start_date=self.starts,
            kept=tuple(kept.values()),
        )

    def commitments_of(self, pair: Pair) -> list[Commitment]:
        """Dates of the pair that stand and fill no window of the series to be planned."""
        kept = {one.span for one in self.request_of(pair).kept}
        people = frozenset((pair.mentor_id, pair.mentee_id))
        return [Commitment(people, span) for span in self.standing if span not in kept]


def terms_of(tx: Transaction, pair: Pair, current: tuple[str, ProgramRule], now: datetime) -> Terms:
    """Under what the pair is planned at ``now``; ``current`` is its program's rule and its id."""
    rule_id, rule = current
    monday = first_monday(max(pair.start_date, now.date()))
    has_own = pair.series is not None and pair.series.get("cadence") is not None
    if pair.generation == 1 and not has_own:
        return Terms(rule, rule_id, monday)
    zone = tx.participants.require(pair.mentor_id).zone or "UTC"
    earlier = [
        TimeSpan(session.start, session.end)
        for session in tx.sessions.of_pair(pair.id)
        if session.generation != pair.generation and session.state is SessionState.SCHEDULED
    ]
    standing = tuple(sorted(span for span in earlier if span.start > now))
    if pair.series is None or pair.rule_id is None:
        before = (span.start.astimezone(zone_info(zone)).date() < monday for span in earlier)
        rest = for_the_rest(rule, rule.cadence.occurrences - sum(before), monday)
        return Terms(rest, rule_id, monday, standing, zone, rest is not rule)
    starts = max(monday, pair.windows_from or monday)
    planned = rule_of(tx, pair)
    rest = for_the_rest(planned, planned.cadence.occurrences, starts)
    return Terms(rest, pair.rule_id, starts, standing, zone, has_own or rest is not planned)


def for_the_rest(rule: ProgramRule, left: int, begins: date) -> ProgramRule:
    """The rule for ``left`` dates from a Monday on, as far as the program lasts; one at least."""
    cadence = rule.cadence
    if rule.ends_on is not None:
        left = min(left, -(-((rule.ends_on - begins).days + 1) // cadence.window_days))
    if left == cadence.occurrences:
        return rule
    left = max(left, 1)
    minimum = None if cadence.minimum_held is None else min(cadence.minimum_held, left)
    rest = replace(cadence, occurrences=left, minimum_held=minimum, shorter_than_four_months=True)
    return rule.model_copy(update={"cadence": rest})


def first_monday(day: date) -> date:
    """The first Monday that is not before ``day``."""
    return day + timedelta(days=-day.weekday() % 7)
