"""Somebody is quicker than a write of ours, and does the very same or something else."""

from __future__ import annotations

from integrations.workflows.changes.case import Case
from scheduling.changes.acts import Decision, MoveDate, decision
from scheduling.changes.reasons import ChangeCode
from tests.support.world import Empty
from tests.workflows.changes.reconciling import moved_by_coordinator
from tests.workflows.changes.stage import HOUR, Stage, on_stage, span_from


def test_a_date_that_a_person_put_where_we_meant_it_is_not_said_to_be_mailed_by_us(
    empty: Empty,
) -> None:
    """Our move was refused, the date found where it was meant to be, and our mail journalled."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        to = span_from(date.start + 2 * HOUR)

        def decide(case: Case) -> Decision | None:
            if case.session(date.id).start == to.start:
                return None
            return decision(ChangeCode.DATE_DECLINED, MoveDate(date.id, to), session=date.id)

        await moved_by_coordinator(stage, date, to.start)
        theirs = len(stage.world.tenant.mail_log)
        announced = await stage.read(lambda tx: tx.journal.read(code="mail"))
        await stage.live(decide)
        assert (await stage.case()).session(date.id).start == to.start
        assert len(stage.world.tenant.mail_log) == theirs
        assert await stage.read(lambda tx: tx.journal.read(code="mail")) == announced
        await stage.assert_store_is_calendar()

    on_stage(empty, play)
