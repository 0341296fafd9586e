"""What happened to each pair, told from the journal: decisions and their reasons, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from integrations.workflows.journal_words import DEEDS, Line
from scheduling.changes.reasons import ChangeCode

_WAITS = frozenset(
    {
        ChangeCode.CONFLICT_WAITS,
        ChangeCode.CONFLICT_SEEN,
        ChangeCode.DECLINE_WAITS,
        ChangeCode.SERIES_DECLINE_WAITS,
        ChangeCode.OFFER_WAITS,
        ChangeCode.MAIL_CAP,
        ChangeCode.MAIL_HOURS,
    }
)
"""Decisions to wait: what came of them stands in a later line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One pair's life: what was decided, oldest first, and how many writes and mails it took."""

    pair_id: str
    names: str
    decided: tuple[Line, ...]
    deeds: Mapping[str, int]


def lives_of(lines: Iterable[Line]) -> list[Life]:
    """The lives of all pairs that the journal's lines speak of, in the order of their names."""
    by_pair: dict[str, list[Line]] = {}
    for line in lines:
        if line.pair_id is not None and line.names is not None:
            by_pair.setdefault(line.pair_id, []).append(line)
    lives = [_life(pair_id, found) for pair_id, found in by_pair.items()]
    return sorted(lives, key=lambda life: (life.names, life.pair_id))


def _life(pair_id: str, lines: list[Line]) -> Life:
    codes = set(ChangeCode)
    return Life(
        pair_id=pair_id,
        names=lines[-1].names or pair_id,
        decided=tuple(x for x in lines if x.code in codes and x.code not in _WAITS),
        deeds=Counter(line.code for line in lines if line.code in DEEDS),
    )
