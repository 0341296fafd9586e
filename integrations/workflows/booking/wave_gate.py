"""Whether a pair may be booked yet: a program that was begun in waves is booked by waves alone."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import Pair, PairState

_LETTING = frozenset({WaveState.RUNNING, WaveState.DONE})
_NOT_BEGUN = frozenset({PairState.ENROLLED, PairState.PLANNED})


def latest_waves(tx: Transaction, program_id: str) -> dict[str, Wave]:
    """By pair id the newest wave that the pair is in; pairs in none are left out."""
    return {
        pair_id: wave
        for wave in reversed(tx.waves.of_program(program_id))
        for pair_id in wave.pair_ids
    }


def latest_wave(tx: Transaction, pair: Pair) -> Wave | None:
    """The newest wave that the pair is in, None if it is in none."""
    waves = tx.waves.of_program(pair.program_id)
    return next((wave for wave in waves if pair.id in wave.pair_ids), None)


def is_let(tx: Transaction, pair: Pair) -> bool:
    """Whether the booking of this pair may begin, as far as waves go; one that has begun may."""
    return bool(those_let(tx, [pair]))


def those_let(tx: Transaction, pairs: Iterable[Pair]) -> list[Pair]:
    """Those of the pairs whose booking may begin, or has begun."""
    waves: dict[str, dict[str, Wave] | None] = {}
    let = []
    for pair in pairs:
        if pair.program_id not in waves:
            waves[pair.program_id] = latest_waves(tx, pair.program_id) or None
        of_program = waves[pair.program_id]
        wave = of_program.get(pair.id) if of_program is not None else None
        has_begun = pair.state not in _NOT_BEGUN
        if has_begun or of_program is None or (wave is not None and wave.state in _LETTING):
            let.append(pair)
    return let


def was_undone(tx: Transaction, pair: Pair) -> bool:
    """Whether the wave that the pair was launched in last was undone."""
    wave = latest_wave(tx, pair)
    return wave is not None and wave.state is WaveState.UNDONE
