"""Two hosts at work on two pairs of one person at the same moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.ports import Transaction
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.changes.carry_out import carry_out
from integrations.workflows.changes.case import Case, load_case
from scheduling.changes.acts import MoveDate, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.timespan import TimeSpan
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import HOUR, Stage, on_stage, span_from


def share_a_mentor(tx: Transaction) -> tuple[str, str]:
    one, other = tx.pairs.all()
    tx.pairs.put(replace(other, mentor_id=one.mentor_id))
    return one.id, other.id


async def decided_by(app: App, pair_id: str) -> tuple[Claim, Case]:
    def read(tx: Transaction) -> tuple[Claim, Case]:
        now = virtual_now()
        work = tx.work.schedule("reconcile_pair", pair_id, now)
        assert tx.work.claim(work.id, app.holder, now, app.options.claim_length)
        return Claim(work.id, app.holder), load_case(tx, pair_id, now, default_zone="UTC")

    return await app.store.run(read)


async def move_next(app: App, claim: Claim, case: Case, to: TimeSpan) -> None:
    session = next(s for s in case.sessions if s.start > virtual_now())
    move = decision(ChangeCode.DATE_DECLINED, MoveDate(session.id, to), session=session.id)
    await carry_out(app, claim, case, move)


def test_one_hour_of_one_person_is_not_given_away_by_two_hosts(empty: Empty) -> None:
    """Each looked before the other wrote, and each was right about what it saw."""

    async def play(stage: Stage) -> None:
        hosts = [await stage.world.begin(), await stage.world.begin()]
        pairs = await stage.read(share_a_mentor)
        seen = [await decided_by(host, pair) for host, pair in zip(hosts, pairs, strict=True)]
        wanted = span_from((await stage.dates())[0].start + HOUR)
        await move_next(hosts[0], *seen[0], wanted)
        with pytest.raises(NotYet) as refused:
            await move_next(hosts[1], *seen[1], wanted)
        assert await stage.read(lambda tx: tx.intents.open(pairs[1])) == []

        await hosts[1].clock.sleep(refused.value.due_at - virtual_now())
        case = await hosts[1].store.run(
            lambda tx: load_case(tx, pairs[1], virtual_now(), default_zone="UTC")
        )
        assert wanted in [commitment.span for commitment in case.commitments]
        await move_next(hosts[1], seen[1][0], case, span_from(wanted.start + 3 * HOUR))
        for host in hosts:
            await host.close()

    on_stage(empty, play)
