"""What a look has noticed: the pairs concerned are due, and nothing else is done about it here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from integrations.ports import Transaction
from integrations.records import PairState
from integrations.workflows.changes.reconcile import KIND

LIVE = frozenset({PairState.BOOKED, PairState.PAUSED})
"""Pairs with dates in the calendars."""


def due_pairs(
    tx: Transaction,
    pair_ids: Iterable[str],
    at: datetime,
    *,
    states: Collection[PairState] = LIVE,
    kind: str = KIND,
) -> int:
    """Have those of the pairs that are in one of ``states`` reconciled; return how many.

    ``kind`` is another piece of work to be done about them instead.
    """
    known = tx.pairs.many(sorted(set(pair_ids)))
    concerned = [pair.id for pair in known.values() if pair.state in states]
    tx.work.schedule_all(kind, concerned, at)
    return len(concerned)
