"""Two hosts at work on two pairs of one person at the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.ports import Transaction
from integrations.records import PairState
from integrations.workflows.acting import Claim, NotYet, OutdatedError
from integrations.workflows.app import App
from integrations.workflows.changes.carry_out import carry_out
from integrations.workflows.changes.case import Case, load_case
from integrations.workflows.planning.freshness import still_holds
from scheduling.changes.acts import MoveDate, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.timespan import TimeSpan
from simulator.faults import Fault
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.reconciling import answers, junior, now, once, reconciled
from tests.workflows.changes.stage import HOUR, Stage, on_stage, span_from
from tests.workflows.changes.test_later_series import lost_its_series, planned

_LONG = timedelta(seconds=10)


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


def test_what_another_host_mails_between_two_writes_of_a_decision_counts_for_the_second(
    empty: Empty,
) -> None:
    """Two dates were declined: the second was moved as if the week stood as it had stood before."""

    async def play(stage: Stage) -> None:
        pair, other = await stage.read(share_a_mentor)
        hosts = [await stage.world.begin(), await stage.world.begin()]
        mentor = await junior(stage)
        for date in (await stage.dates())[1:3]:
            await answers(stage, mentor, date)
        began = now()

        async def mails_her_too() -> None:
            await asyncio.sleep(_LONG.total_seconds() / 2)
            seen = await decided_by(hosts[1], other)
            theirs = next(s for s in seen[1].sessions if s.start > virtual_now())
            await move_next(hosts[1], *seen, span_from(theirs.start + 3 * HOUR))

        # The answer to the first move is long in coming.
        stage.world.tenant.faults.plan(Fault("slow", method="PATCH", latency=_LONG))
        meddling = asyncio.ensure_future(mails_her_too())
        again_at = await once(hosts[0], pair)
        await meddling
        assert again_at is not None
        await hosts[0].clock.sleep(again_at - virtual_now())
        await reconciled(stage, hosts[0])
        told = await stage.read(lambda tx: tx.journal.of_person_since([mentor.id], "mail", began))
        assert sorted(str(line.pair_id) for line in told) == sorted((pair, other))
        for host in hosts:
            await host.close()

    on_stage(empty, play)


def test_a_series_is_not_booked_over_an_hour_that_another_host_gave_away_meanwhile(
    empty: Empty,
) -> None:
    """The other was decided before this plan was kept, and written before it was booked."""

    async def play(stage: Stage) -> None:
        host = await stage.world.begin()
        assert host.clock.now() == virtual_now()
        _, other = await stage.read(share_a_mentor)
        claim, case = await decided_by(host, other)
        await lost_its_series(stage)
        plan = await planned(stage)
        dates = [s for s in case.sessions if s.start > virtual_now()]
        near = min(dates, key=lambda s: min(abs(s.start - p.start) for p in plan))
        hour = min(plan, key=lambda p: abs(near.start - p.start))
        to = TimeSpan(hour.start, hour.end)
        move = decision(ChangeCode.DATE_DECLINED, MoveDate(near.id, to), session=near.id)
        await carry_out(host, claim, case, move)

        with pytest.raises(OutdatedError) as refused:
            await stage.book()
        assert (await stage.case()).booking is None
        await host.clock.sleep(refused.value.due_at - virtual_now())
        await stage.book()
        assert (await stage.case()).pair.state is PairState.BOOKED
        assert to.start not in [date.start for date in await stage.dates()]
        assert len(await stage.dates()) == len(plan)
        await host.close()

    on_stage(empty, play)


def test_a_plan_made_anew_by_another_host_is_not_booked_as_it_was(empty: Empty) -> None:
    """The series would stand at hours that are not those of the store."""

    async def play(stage: Stage) -> None:
        await lost_its_series(stage)
        pair = (await stage.case()).pair

        def plan_again(tx: Transaction) -> None:
            tx.pairs.put(replace(pair, planned_at=virtual_now() + HOUR))

        assert await stage.read(lambda tx: still_holds(pair, virtual_now(), tx, False))
        await stage.read(plan_again)
        assert not await stage.read(lambda tx: still_holds(pair, virtual_now(), tx, False))

    on_stage(empty, play)
