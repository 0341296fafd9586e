"""A new generation of a series: planned here, booked by ``book_pair`` as at first.

Booking has a claim of its own and its own intents. So nothing is written to a calendar here: the
pair is left in the store as one that is being booked, with the work for it, in one transaction
with whatever ended the series before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from integrations.ports import Transaction
from integrations.records import PairState, Session, SessionState
from integrations.workflows.booking import book
from scheduling.changes.acts import StartGeneration
from scheduling.changes.views import session_id_of


def plan_generation(tx: Transaction, pair_id: str, act: StartGeneration, now: datetime) -> None:
    """Leave the generation just remembered to be booked: its dates are planned, not scheduled."""
    pair = tx.pairs.require(pair_id)
    new = [s for s in tx.sessions.of_pair(pair_id) if s.generation == pair.generation]
    planned = [replace(session, state=SessionState.PLANNED) for session in new]
    tx.sessions.put_many([*planned, *_skipped(pair_id, pair.generation, act)])
    tx.pairs.put(replace(pair, state=PairState.BOOKING, calendars_read_at=now, planned_at=now))
    tx.work.schedule(book.KIND, pair_id, now)


def _skipped(pair_id: str, generation: int, act: StartGeneration) -> list[Session]:
    """Windows between the dates without one: the series has an occurrence in each of them."""
    placed = {window for window, _ in act.dates}
    weeks, length = act.rule.interval_weeks, act.rule.duration
    gaps = sorted(set(range(min(placed), max(placed) + 1)) - placed) if placed else []
    return [
        Session(
            id=session_id_of(pair_id, generation, window),
            pair_id=pair_id,
            window=window,
            generation=generation,
            state=SessionState.SKIPPED,
            series_start=act.series.utc_start(window, weeks),
            start=act.series.utc_start(window, weeks),
            end=act.series.utc_start(window, weeks) + length,
        )
        for window in gaps
    ]
