"""Standing work: doctor's checks once a night, kept, and what has become worse made known.

What is found once may be a bad minute of somebody else's; it is looked at again after an hour, and
what is not well then either is shown in one blocker, which alerts whoever looks after Tandem.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, JournalEntry
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.doctor import Check, Finding, examine
from integrations.workflows.holding import held
from integrations.workflows.look_times import next_night, zones_of_work
from integrations.workflows.standing_work import FIRM, DueAgain
from integrations.workflows.work import Worker

KIND = "check_installation"
CHECKED = "health_checked"
"""The switch that holds what the last look found."""
NOT_WELL = "checks_not_well"
LOOK_AGAIN = timedelta(hours=1)

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the last look found, and when."""

    at: datetime
    checks: tuple[Check, ...]

    @property
    def not_well(self) -> frozenset[Name]:
        """Code and subject of each check that somebody has to do something about."""
        return frozenset((check.code, check.about) for check in self.checks if not check.is_well)


async def check_permissions(app: App, worker: Worker) -> Checked:
    """Look at everything now, for somebody who asked, and keep what was found."""
    found = await _look(app, worker)
    await app.store.run(lambda tx: _keep(tx, found, found.not_well))
    return found


async def check_installation(app: App, worker: Worker, claim: Claim) -> None:
    """Look at everything, as every night, and keep what was found.

    Raises:
        NotYet: always; the next look is due then.
    """
    zone = (await app.store.run(lambda tx: zones_of_work(tx, app)))[0]
    if not app.options.nightly_doctor:
        raise NotYet(next_night(app.clock.now(), zone), "doctor looks when asked alone")
    async with held(app, claim):
        found = await _look(app, worker)
    before = await app.store.run(last_check)
    lasting = found.not_well & (before.not_well if before is not None else frozenset())
    again_at, why = next_night(found.at, zone), "the next night"
    if lasting != found.not_well:
        again_at, why = min(again_at, found.at + LOOK_AGAIN), "whether it was a bad minute"
    raise DueAgain(again_at, why, lambda tx: _keep(tx, found, lasting))


def last_check(tx: Transaction) -> Checked | None:
    """What the last look found; None if there was none."""
    kept = tx.switches.get(CHECKED)
    if kept is None:
        return None
    data = json.loads(kept)
    try:
        checks = tuple(Check(**{**c, "finding": Finding(c["finding"])}) for c in data["checks"])
    except (KeyError, TypeError, ValueError):
        # An older version of Tandem kept it.
        return None
    return Checked(datetime.fromisoformat(data["at"]), checks)


async def _look(app: App, worker: Worker) -> Checked:
    return Checked(app.clock.now(), tuple(await examine(app, worker)))


def _keep(tx: Transaction, found: Checked, lasting: Collection[Name]) -> None:
    """Keep what was found; what is not well and lasts stands in one blocker."""
    kept = {"at": found.at.isoformat(), "checks": [asdict(check) for check in found.checks]}
    tx.switches.set(CHECKED, json.dumps(kept))
    if not lasting:
        if tx.blockers.clear(BlockerScope.FIRM, FIRM, found.at, NOT_WELL):
            tx.journal.write(JournalEntry(at=found.at, code="checks_well"))
        return
    facts = {"checks": sorted({code for code, _ in lasting}), "count": len(lasting)}
    blocker = Blocker(
        scope=BlockerScope.FIRM, subject_id=FIRM, code=NOT_WELL, since=found.at, data=facts
    )
    known = [b.data for b in tx.blockers.open(BlockerScope.FIRM, [FIRM]) if b.code == NOT_WELL]
    tx.blockers.set(blocker)
    if [facts] != known:
        tx.journal.write(JournalEntry(at=found.at, code=NOT_WELL, data=facts))
