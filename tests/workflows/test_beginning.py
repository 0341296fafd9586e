"""The page before the first booking: what two people confirm, adjust, and what stays theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.changes.case import rule_of
from integrations.workflows.pair_page.acting import Actor, NotTheirsError
from integrations.workflows.pair_page.beginning import (
    Beginning,
    Confirming,
    beginning_of,
    confirm,
    rhythms,
    unconfirmed,
)
from scheduling.rule import CadenceRule
from tests.acceptance.keeping import live_until
from tests.support.world import START, Empty, World, enrolled, firm_of, virtually

HOUR = timedelta(hours=1)


async def _planned(empty: Empty) -> tuple[World, App, Pair]:
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrolled(world, app)
    pairs = await world.read(lambda tx: tx.pairs.all())
    return world, app, next(p for p in pairs if p.state is PairState.PLANNED)


async def _shown(app: App, pair: Pair) -> Beginning:
    now = app.clock.now()
    return await app.store.run(lambda tx: beginning_of(tx, app, pair.id, now))


@virtually
async def test_confirming_keeps_dates_as_they_are_and_says_who_has_not(empty: Empty) -> None:
    world, app, pair = await _planned(empty)
    before = await _shown(app, pair)
    assert before.dates
    told = Confirming(goal=" To ask better \n", focus="Data and doubt")
    after = await confirm(app, Actor(person_id=pair.mentor_id), pair.id, told)
    assert [s.start for s in after.dates] == [s.start for s in before.dates]
    assert after.confirmed == {pair.mentor_id}
    assert after.goals == {pair.mentor_id: "To ask better"}
    kept = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert (kept.focus, kept.state) == ("Data and doubt", PairState.PLANNED)
    missing = await world.read(lambda tx: unconfirmed(tx, [kept]))
    assert missing == {pair.id: frozenset({pair.mentee_id})}
    await confirm(app, Actor(person_id=pair.mentee_id), pair.id, Confirming())
    assert await world.read(lambda tx: unconfirmed(tx, [kept])) == {}
    await app.close()


@virtually
async def test_whoever_confirms_nothing_is_booked_and_flagged(empty: Empty) -> None:
    world, app, pair = await _planned(empty)
    await launching.launch(app)
    await live_until(app, START + HOUR)
    booked = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert booked.state is PairState.BOOKED
    people = frozenset({pair.mentor_id, pair.mentee_id})
    assert await world.read(lambda tx: unconfirmed(tx, [booked])) == {pair.id: people}
    await app.close()


@virtually
async def test_a_later_start_holds_for_both_and_asks_the_other_again(empty: Empty) -> None:
    world, app, pair = await _planned(empty)
    await confirm(app, Actor(person_id=pair.mentee_id), pair.id, Confirming())
    shown = await _shown(app, pair)
    later = shown.starts[-1]
    assert later > shown.start
    after = await confirm(app, Actor(person_id=pair.mentor_id), pair.id, Confirming(start=later))
    assert after.start == later
    assert all(session.start.date() >= later for session in after.dates)
    assert after.confirmed == {pair.mentor_id}
    kept = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert (kept.start_date, kept.state) == (later, PairState.PLANNED)
    await app.close()


@virtually
async def test_another_rhythm_is_planned_and_stays_the_pairs_own_until_it_is_booked(
    empty: Empty,
) -> None:
    world, app, pair = await _planned(empty)
    shown = await _shown(app, pair)
    weeks = next(weeks for weeks in shown.rhythms if weeks != shown.interval_weeks)
    after = await confirm(
        app, Actor(person_id=pair.mentor_id), pair.id, Confirming(interval_weeks=weeks)
    )
    assert after.interval_weeks == weeks
    assert len(after.dates) > len(shown.dates)
    await launching.launch(app)
    await live_until(app, START + HOUR)
    booked = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert booked.state is PairState.BOOKED
    own = await world.read(lambda tx: rule_of(tx, booked))
    assert own.cadence.interval_weeks == weeks
    assert not (await _shown(app, pair)).is_open
    await app.close()


@virtually
async def test_one_who_goes_back_to_the_programs_rhythm_lives_under_its_rule_again(
    empty: Empty,
) -> None:
    world, app, pair = await _planned(empty)
    first = await _shown(app, pair)
    weeks = next(weeks for weeks in first.rhythms if weeks != first.interval_weeks)
    actor = Actor(person_id=pair.mentor_id)
    await confirm(app, actor, pair.id, Confirming(interval_weeks=weeks))
    back = await confirm(app, actor, pair.id, Confirming(interval_weeks=first.interval_weeks))
    assert back.interval_weeks == first.interval_weeks
    kept = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert (kept.series or {}).get("cadence") is None
    await app.close()


@pytest.mark.parametrize("told", ["start", "interval_weeks", "focus", "goal"])
def test_what_is_out_of_bounds_keeps_nothing(empty: Empty, told: str) -> None:
    @virtually
    async def play(empty: Empty) -> None:
        world, app, pair = await _planned(empty)
        shown = await _shown(app, pair)
        wrong = {
            "start": Confirming(start=shown.start + timedelta(weeks=40)),
            "interval_weeks": Confirming(interval_weeks=9),
            "focus": Confirming(focus="f" * 201),
            "goal": Confirming(goal="g" * 501),
        }[told]
        with pytest.raises(FaultsError) as caught:
            await confirm(app, Actor(person_id=pair.mentor_id), pair.id, wrong)
        assert [fault.where for fault in caught.value.faults] == [told]
        assert (await _shown(app, pair)) == shown
        assert await world.read(lambda tx: tx.confirmations.all()) == []
        await app.close()

    play(empty)


@virtually
async def test_nothing_changes_any_more_once_hours_are_offered_or_dates_stand(
    empty: Empty,
) -> None:
    world, app, pair = await _planned(empty)
    shown = await _shown(app, pair)

    def offer(tx: Transaction) -> None:
        asked = {"to": [pair.mentee_id], "at": START.isoformat(), "hours": [], "picked": None}
        tx.pairs.put(replace(tx.pairs.require(pair.id), offer=asked))

    await app.store.run(offer)
    told = Confirming(start=shown.starts[-1], focus="other")
    after = await confirm(app, Actor(person_id=pair.mentor_id), pair.id, told)
    assert (after.start, set(after.confirmed)) == (shown.start, {pair.mentor_id})
    kept = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert kept.focus == pair.focus
    await app.close()


@virtually
async def test_an_assistant_confirms_nothing(empty: Empty) -> None:
    world, app, pair = await _planned(empty)
    assistant = Actor(person_id=pair.mentee_id, is_assistant=True)
    with pytest.raises(NotTheirsError):
        await confirm(app, assistant, pair.id, Confirming(goal="hers"))
    assert await world.read(lambda tx: tx.goals.all()) == []
    await app.close()


def test_a_rhythm_keeps_the_minimum_and_the_time_together() -> None:
    assert rhythms(CadenceRule()) == (1, 2)
    assert rhythms(CadenceRule(minimum_held=6)) == (1, 2, 3)
    assert rhythms(CadenceRule(interval_weeks=1, occurrences=18, minimum_held=9)) == (1, 2)
