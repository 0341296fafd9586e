"""What a look has noticed: the pairs concerned are due, and nothing else is done about it here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from integrations.ports import Transaction
from integrations.records import PairState
from integrations.workflows.changes.reconcile import due

LIVE = frozenset({PairState.BOOKED, PairState.PAUSED})
"""Pairs with dates in the calendars."""


def due_pairs(
    tx: Transaction,
    pair_ids: Iterable[str],
    at: datetime,
    *,
    states: Collection[PairState] = LIVE,
) -> int:
    """Have those of the pairs that are in one of ``states`` reconciled; return how many."""
    known = [pair for pair_id in sorted(set(pair_ids)) if (pair := tx.pairs.get(pair_id))]
    concerned = [pair for pair in known if pair.state in states]
    for pair in concerned:
        due(tx, pair.id, at)
    return len(concerned)
