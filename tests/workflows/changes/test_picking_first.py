"""Where the pair picks its hour, launching offers hours and books nothing."""

from __future__ import annotations

import pytest

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.workflows.booking import launching
from integrations.workflows.changes.reconcile import KIND
from integrations.workflows.enrolment.enrol import enrol, set_rule
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.views import Mode
from tests.support.world import Empty, firm_of, virtually


@pytest.mark.parametrize(
    ("rule", "asked"),
    [(ProgramRule(mode=Mode.LIGHT), 2), (ProgramRule(senior_first_days=3), 1)],
)
@virtually
async def test_hours_are_offered_before_anything_is_booked(
    empty: Empty, rule: ProgramRule, asked: int
) -> None:
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrol(app, world.roster)

    def pick(tx: Transaction) -> None:
        for program in tx.programs.all():
            set_rule(app, tx, program.id, rule)

    await app.store.run(pick)
    await plan_enrolled(app)
    await launching.launch(app)
    due = await app.store.run(lambda tx: tx.work.due(app.clock.now(), kinds=(KIND,)))
    for work in due:
        assert await build_worker(app).do(work.id)
    pairs = await world.read(lambda tx: tx.pairs.all())
    assert len(due) == len(pairs)
    for pair in pairs:
        offers = await world.read(lambda tx, pair=pair: tx.outbox.of_pair(pair.id))  # type: ignore[misc]
        assert len([o for o in offers if o.purpose == "offered_hours"]) == asked
        assert pair.offer is not None
    assert world.tenant.mail_log == []
    await app.close()
