"""The watch: an appointment over a date, or one that is gone, makes its pair due."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import BlockerScope, Json, Session
from integrations.workflows.app import App
from simulator.faults import Fault
from simulator.people import Appointment
from tests.acceptance.oracle import GET_SCHEDULE, calls
from tests.support.world import Empty, World, dies, later, virtually
from tests.workflows.looking import (
    appointment,
    booked,
    date_near,
    dates,
    look,
    mails_of,
    pair_of,
    taken,
    until,
)

PAIRS = 6
# 09:00 in New York, where the firm's program is, on the second Tuesday of the program.
TUESDAY = datetime(2027, 1, 12, 14, tzinfo=UTC)


async def watched(empty: Empty, *, pairs: int = PAIRS) -> tuple[World, App]:
    """Every pair booked, everything to come looked at once, on a Tuesday morning."""
    world, app = await booked(empty, pairs)
    await until(app, TUESDAY)
    assert await look(app, "watch") == set(), "our own sessions are no conflict"
    world.tenant.calls.clear()
    await app.clock.sleep(later(1))
    return world, app


async def hearing_over(world: World, app: App, date: Session) -> tuple[str, Appointment]:
    """Somebody's appointment over the second half of a date."""
    mentor, _ = await mails_of(app, await pair_of(app, date))
    hearing = appointment(date.start + timedelta(minutes=30), date.end + timedelta(hours=1))
    world.tenant.book_appointment(mentor, hearing)
    return mentor, hearing


async def note(app: App, date: Session, person: str) -> None:
    """Remember the appointment as the reconciliation of the pair does."""
    now = app.clock.now().isoformat()
    seen: Json = {"person": person, "since": now, "last_look": now, "looks": 1}
    await app.store.run(lambda tx: tx.sessions.put(replace(date, conflicts=(seen,))))


def looks(world: World) -> int:
    """Calls for free/busy since they were last counted."""
    return len(calls(world, "POST", GET_SCHEDULE))


@virtually
async def test_an_appointment_over_a_near_date_is_found_within_the_hour_and_once(
    empty: Empty,
) -> None:
    world, app = await watched(empty)
    date = await date_near(app, after=app.clock.now() + timedelta(hours=3))
    await hearing_over(world, app, date)
    assert await look(app, "watch") == {date.pair_id}
    await note(app, date, (await pair_of(app, date)).mentor_id)
    await app.clock.sleep(later(1))
    assert await look(app, "watch") == set(), "what is noted has its own next look"
    await app.close()


@virtually
async def test_a_noted_appointment_that_is_gone_makes_the_pair_due(empty: Empty) -> None:
    world, app = await watched(empty)
    date = await date_near(app, after=app.clock.now() + timedelta(hours=3))
    mentor, hearing = await hearing_over(world, app, date)
    await note(app, date, (await pair_of(app, date)).mentor_id)
    assert await look(app, "watch") == set()
    world.tenant.drop_appointment(mentor, hearing)
    await app.clock.sleep(later(1))
    assert await look(app, "watch") == {date.pair_id}
    await app.close()


@virtually
async def test_a_meeting_at_the_very_hour_of_ours_is_seen(empty: Empty) -> None:
    """Ours is taken out once, not twice."""
    world, app = await watched(empty)
    date = await date_near(app, after=app.clock.now() + timedelta(hours=3))
    _, mentee = await mails_of(app, await pair_of(app, date))
    world.tenant.book_appointment(mentee, appointment(date.start, date.end))
    assert await look(app, "watch") == {date.pair_id}
    await app.close()


@virtually
async def test_a_tentative_hold_is_no_appointment(empty: Empty) -> None:
    world, app = await watched(empty)
    date = await date_near(app, after=app.clock.now() + timedelta(hours=3))
    mentor, _ = await mails_of(app, await pair_of(app, date))
    world.tenant.book_appointment(mentor, appointment(date.start, date.end, "tentative"))
    assert await look(app, "watch") == set()
    await app.close()


@virtually
async def test_dates_are_looked_at_the_more_often_the_nearer_they_are(empty: Empty) -> None:
    """Within the hour, in the night, in the week: by the range a date is in."""
    world, app = await watched(empty)
    now = app.clock.now()
    in_the_month = await date_near(app, after=now + timedelta(days=8))
    later_on = next(
        s
        for s in await dates(app)
        if s.start > now + timedelta(days=50) and s.pair_id != in_the_month.pair_id
    )
    for date in (in_the_month, later_on):
        await hearing_over(world, app, date)
    assert await look(app, "watch") == set()

    await until(app, datetime(2027, 1, 13, 8, tzinfo=UTC))
    assert await look(app, "watch") == {in_the_month.pair_id}

    # The far one is found in the week's look, and is its pair's turn when it comes near enough.
    await until(app, datetime(2027, 1, 20, 8, tzinfo=UTC))
    await look(app, "watch")
    rows = await app.store.run(
        lambda tx: tx.work.due(later_on.start, kinds=("reconcile_pair",), limit=50)
    )
    (row,) = (row for row in rows if row.subject == later_on.pair_id)
    assert timedelta(days=12) < later_on.start - row.due_at <= timedelta(days=14)
    await app.close()


@virtually
async def test_a_look_costs_a_call_for_twenty_people_and_none_at_night(empty: Empty) -> None:
    world, app = await watched(empty, pairs=15)
    near = [s for s in await dates(app) if app.clock.now() < s.start < TUESDAY + later(72)]
    pairs = [await pair_of(app, session) for session in near]
    people = {person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)}
    assert len(people) > 1
    await look(app, "watch")
    assert looks(world) == math.ceil(len(people) / 20)
    await look(app, "watch")
    assert looks(world) == math.ceil(len(people) / 20), "asked twice within the hour"

    await until(app, datetime(2027, 1, 13, 8, tzinfo=UTC))
    await look(app, "watch")
    world.tenant.calls.clear()
    await until(app, datetime(2027, 1, 13, 10, tzinfo=UTC))
    await look(app, "watch")
    assert looks(world) == 0, "05:00 in New York is no hour of looks"
    await app.close()


@virtually
async def test_who_cannot_be_read_has_a_blocker_until_she_can_be(empty: Empty) -> None:
    world, app = await watched(empty)
    date = await date_near(app, after=app.clock.now() + timedelta(hours=3))
    pair = await pair_of(app, date)
    mentor, _ = await mails_of(app, pair)
    world.tenant.faults.plan(Fault("unreadable", mailbox=mentor, times=0))
    assert await look(app, "watch") == set()
    assert await _unreadable(app) == {pair.mentor_id}
    world.tenant.faults.clear()
    await app.clock.sleep(later(1))
    assert date.pair_id in await look(app, "watch"), "what was held up goes on"
    assert await _unreadable(app) == set()
    await app.close()


async def _unreadable(app: App) -> set[str]:
    def people(tx: Transaction) -> set[str]:
        blockers = tx.blockers.open(BlockerScope.PERSON)
        return {b.subject_id for b in blockers if b.code == "calendar_unreadable"}

    return await app.store.run(people)


@virtually
async def test_a_look_that_dies_anywhere_is_made_again_by_the_next(empty: Empty) -> None:
    world, app = await watched(empty, pairs=3)
    date = (await dates(app))[-1]
    await hearing_over(world, app, date)
    await app.store.run(lambda tx: tx.switches.set("watched", None))
    await app.close()
    died, deaths = True, 0
    for point in range(1, 90, 3):
        died = await dies(_one_look(await world.build(dies_at=point)))
        deaths += died
        survivor = await world.begin()
        await survivor.clock.sleep(survivor.options.claim_length)
        await look(survivor, "watch")
        rows = await survivor.store.run(
            lambda tx: tx.work.due(date.start, kinds=("reconcile_pair",))
        )
        assert {row.subject for row in rows} == {date.pair_id}, f"after death at point {point}"
        await survivor.store.run(lambda tx: tx.switches.set("watched", None))
        await survivor.close()
        if not died:
            break
    assert deaths > 3
    assert not died


async def _one_look(app: App) -> None:
    await app.open()
    now = app.clock.now()
    row = await app.store.run(lambda tx: tx.work.schedule("watch", "firm", now))
    await build_worker(app).do(row.id)
    await taken(app)
    await app.close()
