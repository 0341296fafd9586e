"""A program at a glance: how its pairs stand, week by week, and where it is thin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.page_records import Risk
from integrations.ports import Transaction
from integrations.records import PairState, Program
from integrations.standing_records import PairRow, PairSearch, ProgramWeek, StandingCount
from integrations.workflows.reporting.adherence import FORECASTS

WEEKS = 26
"""So many weeks of the past are shown."""
GAPS = 5
_LIVE = frozenset({PairState.BOOKED, PairState.PAUSED, PairState.COMPLETED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How a program stands.

    ``forecasts`` counts living pairs by the words of ``FORECASTS``; ``weeks`` are those with dates
    up to this one. ``begun``, ``half`` and ``whole`` count, of the ``live`` pairs, those that held
    a first meeting, half of what is required and all of it.
    """

    pairs: int
    by_risk: Mapping[Risk, int]
    forecasts: Sequence[tuple[str, str, int]]
    held: int
    required: int
    needs: int
    live: int
    begun: int
    half: int
    whole: int
    weeks: Sequence[ProgramWeek]
    longest_gaps: Sequence[PairRow]


def overview_of(tx: Transaction, program: Program, now: datetime) -> Overview:
    """The overview of a program, from what was worked out before."""
    counts = tx.standings.counts(program.id)
    live = [count for count in counts if count.state in _LIVE]
    gaps, _ = tx.standings.page(
        PairSearch(program_id=program.id, running=True, sort="-gap"), limit=GAPS
    )
    return Overview(
        pairs=sum(count.pairs for count in counts),
        by_risk=_by_risk(counts),
        forecasts=_forecasts(counts),
        held=sum(count.held for count in counts),
        required=sum(count.required for count in live),
        needs=sum(count.needs for count in counts),
        live=sum(count.pairs for count in live),
        begun=sum(count.begun for count in live),
        half=sum(count.half for count in live),
        whole=sum(count.whole for count in live),
        weeks=_weeks_until(tx.standings.weeks(program.id), _monday(now, program.zone)),
        longest_gaps=[row for row in gaps if row.standing.longest_gap_days > 0],
    )


def _by_risk(counts: Sequence[StandingCount]) -> Counter[Risk]:
    found: Counter[Risk] = Counter()
    for count in counts:
        found[count.risk] += count.pairs
    return found


def _forecasts(counts: Sequence[StandingCount]) -> list[tuple[str, str, int]]:
    """Code, words and number of pairs, best first; what is over or not booked yet is left out."""
    found: Counter[str | None] = Counter()
    for count in counts:
        if count.risk is not Risk.OVER:
            found[count.forecast] += count.pairs
    return [(code, words, found[code]) for code, words in FORECASTS.items()]


def _monday(now: datetime, zone: str) -> date:
    today = now.astimezone(ZoneInfo(zone)).date()
    return today - timedelta(days=today.weekday())


def _weeks_until(weeks: Sequence[ProgramWeek], last: date) -> list[ProgramWeek]:
    """The weeks up to ``last``, one after the other: those without dates are empty, not missing."""
    known = {week.monday: week for week in weeks if week.monday <= last}
    if not known:
        return []
    first = max(min(known), last - timedelta(weeks=WEEKS - 1))
    mondays = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
    program_id = weeks[0].program_id
    return [known.get(monday, ProgramWeek(program_id, monday)) for monday in mondays]
