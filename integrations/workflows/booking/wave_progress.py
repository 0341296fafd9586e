"""How far a wave is, and what is in the way of its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.blockers import STOPPING
from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import BlockerScope, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.booking.wave_choice import WAITING, Counts, finishes_at
from integrations.workflows.showing.report import PairLine, lines_of_pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a wave is. ``waiting`` have not begun, ``begun`` are being booked.

    ``blocked`` wait for somebody, with what is in their way. ``finishes_at`` is when the last mail
    leaves at the pace of the mailboxes; None where nothing is left or nothing goes on.
    """

    wave: Wave
    booked: int
    begun: int
    waiting: int
    ended: int
    blocked: tuple[PairLine, ...]
    finishes_at: datetime | None

    @property
    def pairs(self) -> int:
        """How many pairs the wave has."""
        return len(self.wave.pair_ids)


def progress(tx: Transaction, app: App, wave_id: str) -> Progress:
    """How far a wave is."""
    wave, now = tx.waves.require(wave_id), app.clock.now()
    pairs = list(tx.pairs.many(wave.pair_ids).values())
    states = Counter(pair.state for pair in pairs)
    open_pairs = [pair for pair in pairs if pair.state in {*WAITING, PairState.BOOKING}]
    blocked = blocked_of(tx, open_pairs)
    goes_on = wave.state is WaveState.RUNNING
    waiting = [pair for pair in open_pairs if pair.state is PairState.PLANNED and goes_on]
    mails = Counts.of(tx, waiting).mails
    return Progress(
        wave=wave,
        booked=states[PairState.BOOKED] + states[PairState.PAUSED],
        begun=states[PairState.BOOKING],
        waiting=states[PairState.ENROLLED] + states[PairState.PLANNED],
        ended=states[PairState.WITHDRAWN] + states[PairState.COMPLETED],
        blocked=tuple(lines_of_pairs(tx, blocked)),
        finishes_at=finishes_at(tx, app, mails, now) if waiting else None,
    )


def blocked_of(tx: Transaction, pairs: Sequence[Pair]) -> list[Pair]:
    """Those whose own blockers, or those of their people, wait for somebody."""
    people = {person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)}
    stopped = {
        blocker.subject_id
        for scope, ids in (
            (BlockerScope.PAIR, [pair.id for pair in pairs]),
            (BlockerScope.PERSON, sorted(people)),
        )
        for blocker in tx.blockers.open(scope, ids)
        if blocker.code in STOPPING
    }
    return [p for p in pairs if {p.id, p.mentor_id, p.mentee_id} & stopped]
