"""Standing work: once a night, whatever is kept no longer is deleted, a batch at a time.

Each batch is a transaction of its own that holds on to the claim, so whoever stops in the middle
has lost nothing and the next one goes on with what is left. How long is what kept stands in
:class:`Keeping` and, for times of joining and leaving, in the program's rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.errors import ClaimLostError
from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.changes.case import rule_of
from integrations.workflows.look_times import next_night, zones_of_work
from integrations.workflows.standing_work import DueAgain

KIND = "reduce_evidence"
"""Named after what it began with; rows of this kind stand in stores."""
_ROWS_OF_A_PAIR = 10
"""Roughly; pairs are taken so many fewer at a time than rows."""

Removed = Mapping[str, int]


@dataclass(slots=True)
class _Round:
    """One night's deleting. ``removed`` counts rows by table; ``batches`` may still be done."""

    app: App
    claim: Claim
    now: datetime
    removed: Counter[str]
    batches: int

    async def batch(self, step: Callable[[Transaction], tuple[Removed, str]]) -> str:
        """Do one batch; what ``step`` says about how far it came, "" at the end."""
        if not self.batches:
            raise _OutOfBatches
        self.batches -= 1
        removed, came_to = await self.app.store.run(lambda tx: self._held(tx, step))
        self.removed.update({table: rows for table, rows in removed.items() if rows})
        return came_to

    def _held(
        self, tx: Transaction, step: Callable[[Transaction], tuple[Removed, str]]
    ) -> tuple[Removed, str]:
        until = self.app.clock.now() + self.app.options.claim_length
        if not tx.work.extend(self.claim.work_id, self.claim.holder, until):
            raise ClaimLostError(f"claim on work {self.claim.work_id} was lost")
        return step(tx)

    async def all_of(self, remove: Callable[[Transaction, int], Removed]) -> None:
        """Batch after batch until a table has no full one left."""

        rows = self.app.options.keeping.rows

        def step(tx: Transaction) -> tuple[Removed, str]:
            removed = remove(tx, rows)
            return removed, "on" if max(removed.values()) >= rows else ""

        while await self.batch(step):
            pass

    async def each_after(self, step: Callable[[Transaction, str], tuple[Removed, str]]) -> None:
        """Batch after batch along a key, until ``step`` comes to no further one."""
        last = ""
        while last := await self.batch(lambda tx, last=last: step(tx, last)):  # type: ignore[misc]
            pass

    async def of_resting(
        self, since: datetime, limit: int, remove: Callable[[Transaction, list[str]], Removed]
    ) -> None:
        """Batch after batch of so many pairs that are over and at rest since then."""

        def step(tx: Transaction, last: str) -> tuple[Removed, str]:
            resting = tx.retention.resting(since, after=last, limit=limit)
            return remove(tx, resting), resting[-1] if resting else ""

        await self.each_after(step)


class _OutOfBatches(Exception):  # noqa: N818 - an end, not an error
    """Enough was done for now."""


async def let_go(app: App, claim: Claim, subject: str) -> None:
    """Delete what is kept no longer; minutes, verdicts and what was exported stay with the pair.

    Raises:
        NotYet: always; the next round is at night, or at once where this one was not the end.
    """
    now = app.clock.now()
    tonight = _Round(app, claim, now, Counter(), app.options.keeping.batches)
    try:
        await _everything(tonight)
        zone = (await app.store.run(lambda tx: zones_of_work(tx, app)))[0]
        again_at, why = next_night(now, zone), "the next night"
    except _OutOfBatches:
        again_at, why = app.clock.now(), "more is left to be deleted"
    removed = dict(sorted(tonight.removed.items()))
    entry = JournalEntry(at=app.clock.now(), code="let_go", data=removed)
    raise DueAgain(again_at, why, lambda tx: tx.journal.write(entry) if removed else None)


async def _everything(tonight: _Round) -> None:
    now, keeping = tonight.now, tonight.app.options.keeping
    pairs = max(keeping.rows // _ROWS_OF_A_PAIR, 1)
    await tonight.each_after(lambda tx, last: _reduce_some(tx, last, now, keeping.rows))
    await tonight.all_of(lambda tx, n: tx.retention.remove_passing(now - keeping.passing, n))
    await tonight.all_of(lambda tx, n: tx.retention.remove_closed(now - keeping.settled, n))
    rested = now - keeping.settled
    await tonight.of_resting(rested, pairs, lambda tx, ids: tx.retention.remove_settled(ids))
    await tonight.all_of(lambda tx, n: tx.retention.remove_journal(now - keeping.journal, n))
    if keeping.pairs is not None:
        old = now - keeping.pairs
        await tonight.of_resting(old, pairs, lambda tx, ids: tx.retention.remove_pairs(ids))
        await tonight.all_of(lambda tx, n: tx.retention.remove_of_closed(old, n))


def _reduce_some(tx: Transaction, last: str, now: datetime, limit: int) -> tuple[Removed, str]:
    """Let go of the intervals of reports beyond ``last`` whose time is over."""
    old = tx.reports.whole(now, after=last, limit=limit)
    kept_for: dict[str, timedelta] = {}
    reduced = []
    for report in old:
        if report.pair_id not in kept_for:
            rule = rule_of(tx, tx.pairs.require(report.pair_id))
            kept_for[report.pair_id] = timedelta(days=rule.attendance.retention_days)
        ended = min(at for at in (report.end, report.fetched_at) if at is not None)
        if ended + kept_for[report.pair_id] <= now:
            reduced.append(replace(report, start=None, end=None, presences=(), reduced_at=now))
    tx.reports.put_many(reduced)
    for session_id in sorted({r.session_id for r in reduced if r.session_id is not None}):
        pair_id = next(r.pair_id for r in reduced if r.session_id == session_id)
        tx.journal.write(
            JournalEntry(at=now, code="evidence_reduced", pair_id=pair_id, session_id=session_id)
        )
    return {}, old[-1].id if old else ""
