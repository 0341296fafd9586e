"""The senior is asked first: a pick is the series, and silence does not keep the pair waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.ports import Transaction
from integrations.records import Pair, PairState, SessionState
from integrations.workflows import book
from integrations.workflows.app import App
from integrations.workflows.changes.reconcile import due
from integrations.workflows.enrol import enrol, set_rule
from integrations.workflows.journal_words import journal_lines
from integrations.workflows.plan import plan_enrolled
from integrations.workflows.rules import ProgramRule
from tests.acceptance.keeping import live_until
from tests.acceptance.oracle import assert_booked_once, invitations, remembered, writes
from tests.support.world import START, Empty, World, firm_of, virtually

pytestmark = pytest.mark.acceptance(19)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENIOR_FIRST = ProgramRule(senior_first_days=3)


async def _asked(empty: Empty) -> tuple[World, App, Sequence[Pair]]:
    """Two pairs launched on a Monday, each of whose seniors has three working days to pick."""
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrol(app, world.roster)

    def ask_first(tx: Transaction) -> None:
        for program in tx.programs.all():
            set_rule(app, tx, program.id, SENIOR_FIRST)

    await app.store.run(ask_first)
    await plan_enrolled(app)
    await book.launch(app)
    await live_until(app, START + HOUR)
    return world, app, await world.read(lambda tx: tx.pairs.all())


async def _pick(app: App, pair: Pair, number: int) -> None:
    """The senior takes one of the hours offered."""
    assert pair.offer is not None
    picked = {**pair.offer, "picked": pair.offer["hours"][number]}
    now = app.clock.now()

    def keep(tx: Transaction) -> None:
        tx.pairs.put(replace(tx.pairs.require(pair.id), offer=picked))
        due(tx, pair.id, now)

    await app.store.run(keep)


@virtually
async def test_the_series_is_built_from_the_hour_that_the_senior_picks_of_five(
    empty: Empty,
) -> None:
    """The senior alone is offered five starts; until one is picked nobody is invited."""
    world, app, pairs = await _asked(empty)
    memory = await remembered(world)
    for pair in pairs:
        assert pair.offer is not None
        assert (pair.offer["to"], len(pair.offer["hours"])) == ([pair.mentee_id], 5)
    offers = sorted((mail.kind, mail.recipient.lower()) for mail in world.tenant.mail_log)
    seniors = sorted(memory.people[pair.mentee_id].mail.lower() for pair in pairs)
    assert offers == [("message", mail) for mail in seniors]
    assert memory.in_state(PairState.BOOKED) == set()

    for pair in pairs:
        await _pick(app, pair, 3)
    await live_until(app, app.clock.now() + HOUR)

    memory = await assert_booked_once(world)
    for pair in pairs:
        picked = (pair.offer or {})["hours"][3]
        series = memory.pairs[pair.id].series
        assert series is not None
        assert {name: series[name] for name in picked} == picked
        live = [s for s in memory.sessions[pair.id] if s.state is SessionState.SCHEDULED]
        usual = [s.start.astimezone(ZoneInfo(picked["zone"])) for s in live if not s.moved]
        assert len(usual) > len(live) / 2
        assert {at.weekday() for at in usual} == {picked["weekday"]}
        assert {at.time() for at in usual} == {time.fromisoformat(picked["start"])}
        assert (
            len([e for e in memory.journal if e.pair_id == pair.id and e.code == "offer_picked"])
            == 1
        )
    await app.close()


@virtually
async def test_where_nobody_picks_the_series_is_booked_on_day_four_and_says_why(
    empty: Empty,
) -> None:
    """Nothing before Thursday at the hour of the offer; nobody is reminded meanwhile."""
    world, app, pairs = await _asked(empty)
    sent = list(world.tenant.mail_log)
    await live_until(app, START + 3 * DAY - HOUR)
    assert list(world.tenant.mail_log) == sent
    # The mailbox's own trial invites nobody; a series would.
    assert [call for call in writes(world) if call.status == 201] == []
    assert (await remembered(world)).in_state(PairState.BOOKED) == set()

    await live_until(app, START + 3 * DAY + 3 * HOUR)
    await assert_booked_once(world)
    assert min(mail.at for mail in invitations(world)) >= START + 3 * DAY
    for pair in pairs:
        said = await world.read(
            lambda tx, pair=pair: journal_lines(tx, pair_id=pair.id, code="senior_did_not_pick")  # type: ignore[misc]
        )
        senior = (await remembered(world)).people[pair.mentee_id].name
        assert [line.words for line in said] == [
            f"{senior} had 3 working days to pick an hour; Tandem books now"
        ]
    await app.close()
