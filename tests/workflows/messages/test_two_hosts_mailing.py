"""Two hosts with one mail each for the same person, and a week that has room for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.ports import Transaction
from integrations.workflows.acting import Claim, OutdatedError, perform
from integrations.workflows.app import App
from integrations.workflows.changes.case import load_case
from integrations.workflows.messages import Notice, enqueue
from integrations.workflows.telling import outbox
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage
from tests.workflows.messages.post import Post


def _a_mail_of_each_pair(tx: Transaction) -> str:
    """For the mentor that the two share from now on; her id. One capped mail a week."""
    one, other = tx.pairs.all()
    tx.pairs.put(replace(other, mentor_id=one.mentor_id))
    rule = tx.rules.current(one.program_id)
    limits = {**rule.body.get("limits", {}), "mails_per_week": 1}
    tx.rules.add(replace(rule, id="one-a-week", version=99, body={**rule.body, "limits": limits}))
    for pair in (one, other):
        tx.pairs.put(replace(tx.pairs.require(pair.id), rule_id="one-a-week"))
        case = load_case(tx, pair.id, virtual_now(), default_zone="UTC")
        assert enqueue(tx, case, Notice("resumed", one.mentor_id, f"of {pair.id}"), virtual_now())
    return one.mentor_id


async def _claimed(app: App, mailbox_id: str) -> Claim:
    def take(tx: Transaction) -> Claim:
        work = tx.work.schedule(f"{outbox.KIND}", f"{mailbox_id}/{app.holder}", virtual_now())
        assert tx.work.claim(work.id, app.holder, virtual_now(), app.options.claim_length)
        return Claim(work.id, app.holder)

    return await app.store.run(take)


def test_two_hosts_do_not_send_one_mail_each_into_a_week_with_room_for_one(empty: Empty) -> None:
    """Each had counted the week before the other sent."""

    async def play(stage: Stage) -> None:
        post = await Post.of(stage)
        reader = await stage.read(_a_mail_of_each_pair)
        hosts = [await stage.world.begin(), await stage.world.begin()]
        now = virtual_now()
        assert [host.clock.now() for host in hosts] == [now, now]
        rows = await stage.read(lambda tx: tx.outbox.due(now, limit=10))
        mails = [row for row in rows if row.person_id == reader and row.purpose == "resumed"]
        ready = []
        for host, mail in zip(hosts, mails, strict=True):
            found = await host.store.run(lambda tx, h=host, m=mail: outbox._ready(h, tx, m, now))  # type: ignore[misc]
            assert found is not None, "each believes that the week has room"
            ready.append(found)
        claims = [await _claimed(host, mails[0].mailbox_id or "") for host in hosts]
        await perform(hosts[0], claims[0], outbox._act(hosts[0], ready[0]))
        with pytest.raises(OutdatedError):
            await perform(hosts[1], claims[1], outbox._act(hosts[1], ready[1]))
        assert len(post.sent()) == 1
        assert await stage.read(lambda tx: tx.intents.open()) == []
        for host in hosts:
            await host.close()

    on_stage(empty, play, at=MIDWAY)
