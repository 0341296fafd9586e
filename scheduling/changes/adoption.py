"""Adopting a series that the two have already, instead of booking a second one."""

from dataclasses import dataclass
from datetime import datetime

from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import AdoptSeries, Decision, RaiseNeed, ReadyAct, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.search import window_of
from scheduling.changes.situation import Situation
from scheduling.changes.views import PairState
from scheduling.timespan import TimeSpan

_READY = (ReadyAct.TALK, ReadyAct.BOOK_AGAIN, ReadyAct.END)


@dataclass(frozen=True, slots=True)
class ExistingSeries:
    """A recurring event that may be a pair's: who is invited, and where its dates stand.

    ``ours`` tells whether a program mailbox organizes it and no other booking has it;
    ``dates`` are (recurrence id, span) of each date to come.
    """

    event_id: str
    ours: bool
    people: frozenset[str]
    series: SeriesSlot
    interval_weeks: int
    dates: tuple[tuple[datetime, TimeSpan], ...]


def adopted(situation: Situation, existing: ExistingSeries) -> Decision:
    """Whether an existing series becomes this pair's, or why not.

    It has to be in a program mailbox, invite both, keep the rule's rhythm and be long
    enough; of several dates in one cadence window the first counts. The windows left
    empty are made up later like lost dates.
    """
    pair = situation.pair
    if not existing.ours:
        need = RaiseNeed(ChangeCode.ADOPTION_NOT_OURS, ready=_READY)
        return decision(ChangeCode.ADOPTION_NOT_OURS, need)
    by_window: dict[int, tuple[datetime, TimeSpan]] = {}
    for recurrence_id, span in sorted(existing.dates, key=lambda d: d[1]):
        window = window_of(pair.start_date, pair.rule, pair.day_of(span.start))
        coming = span.start > situation.now and span.length >= pair.rule.duration
        if coming and 0 <= window < pair.rule.occurrences:
            by_window.setdefault(window, (recurrence_id, span))
    members = {member.id for member in pair.members}
    fits = (
        pair.state in (PairState.ENROLLED, PairState.PLANNED)
        and members <= existing.people
        and existing.interval_weeks == pair.rule.interval_weeks
        and len(by_window) * 2 >= pair.rule.occurrences
    )
    if not fits:
        need = RaiseNeed(ChangeCode.ADOPTION_UNFIT, ready=_READY)
        return decision(ChangeCode.ADOPTION_UNFIT, need)
    dates = tuple((k, *by_window[k]) for k in sorted(by_window))
    act = AdoptSeries(existing.event_id, existing.series, dates)
    return decision(ChangeCode.ADOPTED, act, dates=len(dates))
