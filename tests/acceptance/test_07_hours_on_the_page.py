"""A mentor who works part of the week says so on the page; the next plan keeps to it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from integrations.records import PairState, SessionState
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.calendars import look_at
from integrations.workflows.planning.plan import horizon, load_roll, plan_enrolled
from scheduling.people import NO_HOURS, LocalRange
from tests.acceptance.keeping import live_until
from tests.acceptance.oracle import assert_booked_once
from tests.acceptance.test_19_senior_first import HOUR
from tests.support.world import START, Empty, World, firm_of, virtually
from tests.web.support import KEYS, ORIGIN, participant

pytestmark = pytest.mark.acceptance(7)

PART_TIME = {
    "hours": "own",
    **{f"{day}_from": "08:00" for day in ("mon", "tue", "wed")},
    **{f"{day}_to": "14:00" for day in ("mon", "tue", "wed")},
    "thu_from": "12:00",
    "thu_to": "18:00",
}


async def _enrolled(empty: Empty) -> tuple[World, App]:
    world = empty.world(firm_of(2))
    app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
    await enrol(app, world.roster)
    return world, app


@virtually
async def test_nothing_is_booked_on_thursday_morning_or_friday_once_it_was_said(
    empty: Empty,
) -> None:
    """Given a mentor who works Mon-Wed 08:00-14:00 and Thu 12:00-18:00 while free/busy reports one
    wide range, When day-wise hours are known, Then nothing is placed Thursday morning or Friday."""
    world, app = await _enrolled(empty)
    pair = (await world.read(lambda tx: tx.pairs.all()))[0]
    before = await world.read(lambda tx: tx.participants.require(pair.mentor_id))
    assert (before.hours_source, before.hours_are_bound) == ("mailbox", True)
    visitor = await participant(app, pair.mentor_id)
    await visitor.send(f"/pairs/{pair.id}/preferences", PART_TIME)

    await plan_enrolled(app)
    await launching.launch(app)
    await live_until(app, START + HOUR)

    memory = await assert_booked_once(world)
    person = memory.people[pair.mentor_id]
    assert person.hours_source == "person"
    live = [s for s in memory.sessions[pair.id] if s.state is SessionState.SCHEDULED]
    zone = ZoneInfo(person.zone or "")
    assert len(live) >= 5
    for session in live:
        begins, ends = (at.astimezone(zone) for at in (session.start, session.end))
        assert begins.weekday() < 4
        first, last = (12, 18) if begins.weekday() == 3 else (8, 14)
        assert first <= begins.hour
        assert (ends.hour, ends.minute) <= (last, 0)
    await app.close()


@virtually
async def test_a_plan_that_was_made_before_gives_way_to_the_hours_before_anybody_is_invited(
    empty: Empty,
) -> None:
    """The plan of a pair that was not sent yet is looked at again, and made anew."""
    world, app = await _enrolled(empty)
    await plan_enrolled(app)
    pair = next(p for p in await world.read(lambda tx: tx.pairs.all()) if p.series is not None)
    person = await world.read(lambda tx: tx.participants.require(pair.mentor_id))
    planned = await world.read(lambda tx: tx.sessions.of_pair(pair.id))
    taken = {s.start.astimezone(ZoneInfo(person.zone or "")).weekday() for s in planned}
    left = [day for at, day in enumerate(("mon", "tue", "wed", "thu", "fri")) if at not in taken]
    hours = {f"{d}_from": "09:00" for d in left} | {f"{d}_to": "18:00" for d in left}
    visitor = await participant(app, pair.mentor_id)
    await visitor.send(f"/pairs/{pair.id}/preferences", {"hours": "own", **hours})

    await launching.launch(app)
    await live_until(app, START + HOUR)

    now = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert now.state is PairState.BOOKED
    booked = await world.read(lambda tx: tx.sessions.of_pair(pair.id))
    days = {
        s.start.astimezone(ZoneInfo(person.zone or "")).weekday()
        for s in booked
        if s.state is SessionState.SCHEDULED
    }
    assert days
    assert not days & taken
    await app.close()


@virtually
async def test_days_in_the_office_are_liked_best_by_whoever_may_meet_in_person(
    empty: Empty,
) -> None:
    """Liked, not asked for: they are worth nothing to somebody who meets on Teams."""
    world, app = await _enrolled(empty)
    pair = (await world.read(lambda tx: tx.pairs.all()))[0]
    visitor = await participant(app, pair.mentor_id)
    liked = {}
    for place in ("in_person", "teams"):
        said = {"hours": "mailbox", "place": place, "office_days": ["tue"]}
        await visitor.send(f"/pairs/{pair.id}/preferences", said)
        roll = await app.store.run(lambda tx: load_roll(tx, [pair.id], app.clock.now()))
        span = horizon(roll, app.clock.now())
        look = await look_at(app, list(roll.people.values()), roll.rule_of_people(), span)
        liked[place] = look.people[pair.mentor_id].preferred
    whole_day = (LocalRange(0, 1440),)
    assert liked["in_person"] == ((), whole_day, (), (), (), (), ())
    assert liked["teams"] == NO_HOURS
    kept = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert kept.place == "Teams" or pair.place not in (None, "Teams", "In person")
    await app.close()
