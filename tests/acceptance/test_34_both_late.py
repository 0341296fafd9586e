"""Acceptance 34: both late.

"Given both join 18 min late and stay 42 min together, Then minutes together = 42, verdict "short"
under the 45-min rule and "held" if the rule says 40; lateness alone never makes a no-show."
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest

from integrations.ports import Transaction
from tests.acceptance.attending import attending
from tests.acceptance.keeping import live_unseen_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import until
from tests.workflows.changes.stage import HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(34)


async def _enough(stage: Stage, minutes: int) -> None:
    """Let the rule of every pair say how many minutes together are enough."""

    def write(tx: Transaction) -> None:
        for rule in tx.rules.all():
            attendance = {**rule.body["attendance"], "held_minutes": minutes}
            tx.rules.put(replace(rule, body={**rule.body, "attendance": attendance}))

    await stage.eyes.run(write)


async def _coming(stage: Stage) -> list[tuple[str, datetime]]:
    """Which dates are to come, and when."""
    return [(date.id, date.start) for date in await stage.dates()]


@pytest.mark.parametrize(("enough", "verdict"), [(45, "short"), (40, "held")])
def test_eighteen_minutes_late_is_a_matter_of_the_minutes_together(
    empty: Empty, enough: int, verdict: str
) -> None:
    """In the store, without a question to anybody; in the calendars no date moves for it."""

    async def play(stage: Stage) -> None:
        await _enough(stage, enough)
        there = await attending(stage)
        await until(there.date.start, there.app)
        coming = await _coming(stage)
        for person in (there.junior, there.senior):
            await there.attends(person.mail, 18, 60)
        await live_unseen_until(there.app, there.end + 3 * HOUR)
        assert (await there.said())[-1] == (verdict, 42, "teams")
        codes = {str(reason["code"]) for reason in (await there.verdicts())[-1].reasons}
        assert {"together", "late_start"} <= codes
        assert (await there.session()).held is (verdict == "held")
        assert there.questions() == []
        # Too short a meeting is made up for by another date; none that stands is moved for it.
        made_up = set(await _coming(stage)) - set(coming)
        assert set(coming) <= set(await _coming(stage))
        assert len(made_up) == (verdict == "short")
        invited = Counter(kind for kind, _, _ in stage.mails().elements())
        assert invited == Counter({"invitation": 2 * len(made_up)} if made_up else ())
        await stage.assert_store_is_calendar()
        await there.app.close()

    on_stage(empty, play)


def test_who_comes_for_the_last_minute_alone_was_there(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await until(there.date.start, there.app)
        await there.attends(there.junior.mail, 0, 60)
        await there.attends(there.senior.mail, 59, 60)
        await live_unseen_until(there.app, there.end + 3 * HOUR)
        assert (await there.said())[-1] == ("short", 1, "teams")
        await there.app.close()

    on_stage(empty, play)
