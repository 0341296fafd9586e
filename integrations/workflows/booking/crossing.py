"""Whether the hour a date is to be moved to is free of what is itself about to be moved away.

A plan for several pairs of one person may give one of them an hour that another one's series
holds at first and leaves with its own move. Whoever comes first waits for the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import Pair, PairState, Session, SessionState
from integrations.workflows.planning.plan import is_begun
from scheduling.timespan import TimeSpan

PATIENCE = timedelta(hours=6)
"""So long a date waits; two that wait for each other, or for a booking that is held up, go on."""
_LEAVING = frozenset({SessionState.PLANNED, SessionState.SKIPPED})


def shares_people(tx: Transaction, pair: Pair) -> bool:
    """Whether one of the two is in another pair as well."""
    return len(tx.pairs.of_people([pair.mentor_id, pair.mentee_id])) > 1


def is_clear(tx: Transaction, pair: Pair, target: TimeSpan, now: datetime, since: datetime) -> bool:
    """Whether no other series of the two people still stands where a date is to go.

    ``since``: when the date's own series was made, from when on it waits.
    """
    if now - since >= PATIENCE:
        return True
    people = [pair.mentor_id, pair.mentee_id]
    others = [p for p in tx.pairs.of_people(people) if p.id != pair.id and _may_stand(tx, p)]
    sessions = tx.sessions.of_pairs([other.id for other in others])
    return not any(
        place.overlaps(target)
        for other in others
        for place in _places_left(other, sessions[other.id])
    )


def _may_stand(tx: Transaction, pair: Pair) -> bool:
    """Whether a pair is being booked: its series stands, or may, the answer being lost."""
    if pair.state is PairState.PLANNED:
        return is_begun(tx, pair)
    return pair.state is PairState.BOOKING


def _places_left(pair: Pair, sessions: Iterable[Session]) -> Collection[TimeSpan]:
    """Where dates of a series stand until they are moved or taken out."""
    return [
        TimeSpan(s.series_start, s.series_start + (s.end - s.start))
        for s in sessions
        if s.generation == pair.generation and not s.single and s.state in _LEAVING
    ]
