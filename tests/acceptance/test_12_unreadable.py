"""What cannot be read is not free: nothing is decided from it, and the others proceed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.records import PairState
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.rounds import planning_round
from simulator.faults import Fault
from simulator.firm_staff import program_mailbox
from tests.acceptance.oracle import (
    GET_SCHEDULE,
    assert_booked_once,
    assert_untouched,
    calls,
    planned_world,
    remembered,
)
from tests.support.world import Empty, World, book_all, enrolled, firm_of, virtually

pytestmark = pytest.mark.acceptance(12)


def _somebody(world: World) -> str:
    """The address of the first pair's mentor."""
    mentor = world.firm.pairs[0].mentor
    return next(person.mail for person in world.firm.people if person.id == mentor)


def _unreadable(mail: str) -> Fault:
    return Fault("unreadable", mailbox=mail, times=0)


@virtually
async def test_a_person_who_cannot_be_read_keeps_nobody_but_their_own_pairs_unbooked(
    empty: Empty,
) -> None:
    """Free/busy of one person fails: their pair is unreadable, nothing is booked on that basis,
    and the other pairs of the same call proceed."""
    world = empty.world(firm_of(8))
    mail = _somebody(world)
    world.tenant.faults.plan(_unreadable(mail))
    app = await world.begin()
    await enrolled(world, app)
    await book_all(app)

    theirs = (await remembered(world)).pairs_of(mail)
    memory = await assert_booked_once(world, set((await remembered(world)).pairs) - theirs)
    assert memory.in_state(PairState.ENROLLED) == theirs
    assert all(memory.sessions[pair_id] == [] for pair_id in theirs)
    assert_untouched(world, mail)
    shown = {line.id: [b.code for b in line.blockers] for line in memory.lines if line.blockers}
    assert {pair for pair, codes in shown.items() if "calendar_unreadable" in codes} == theirs

    world.tenant.faults.clear()
    await planning_round(app)
    await book_all(app)
    memory = await assert_booked_once(world)
    assert not [b for b in memory.blockers if b.code == "calendar_unreadable"]
    await app.close()


@virtually
async def test_a_call_that_answers_5xx_spoils_only_the_people_it_asked_for(empty: Empty) -> None:
    """One of two calls is answered with 503 however often it is asked: its people are unreadable,
    those of the other call are planned and booked."""
    firm = firm_of(14)
    second = program_mailbox(2, 1, firm.offices[0])
    world = empty.world(replace(firm, program_mailboxes=(*firm.program_mailboxes, second)))
    world.tenant.faults.plan(Fault("error", path=GET_SCHEDULE, mailbox=second.mail, times=0))
    app = await world.begin()
    await enrolled(world, app)
    await book_all(app)

    memory = await remembered(world)
    unread = {b.subject_id for b in memory.blockers if b.code == "calendar_unreadable"}
    spoiled = {p.id for p in memory.pairs.values() if {p.mentor_id, p.mentee_id} & unread}
    assert unread
    assert spoiled
    assert memory.in_state(PairState.ENROLLED) == spoiled | memory.without_slot()
    await assert_booked_once(world, set(memory.pairs) - spoiled - memory.without_slot())
    assert {call.status for call in calls(world, "POST", GET_SCHEDULE)} == {200, 503}

    world.tenant.faults.clear()
    await plan_enrolled(app)
    await book_all(app)
    memory = await remembered(world)
    assert not [b for b in memory.blockers if b.code == "calendar_unreadable"]
    await assert_booked_once(world, set(memory.pairs) - memory.without_slot())
    await app.close()


@virtually
async def test_who_cannot_be_read_again_before_booking_is_not_booked(empty: Empty) -> None:
    """The plan is old when its turn comes and one of its people is unreadable by then: the old
    answer is not taken for today's."""
    world = await planned_world(empty, 6)
    mail = _somebody(world)
    app = await world.begin()
    await app.clock.sleep(timedelta(hours=2))
    world.tenant.faults.plan(_unreadable(mail))
    await book_all(app)

    memory = await remembered(world)
    theirs = memory.pairs_of(mail)
    await assert_booked_once(world, set(memory.pairs) - theirs)
    assert memory.in_state(PairState.ENROLLED) == theirs
    assert_untouched(world, mail)

    world.tenant.faults.clear()
    await planning_round(app)
    await book_all(app)
    await assert_booked_once(world)
    await app.close()


@virtually
async def test_nothing_that_stands_is_moved_or_cancelled_while_somebody_is_unreadable(
    empty: Empty,
) -> None:
    """Whoever is booked stays booked as they are, whatever cannot be read afterwards."""
    world = await planned_world(empty, 6)
    app = await world.begin()
    await book_all(app)
    before = await assert_booked_once(world)
    sent = len(world.tenant.mail_log)

    for person in world.firm.people:
        world.tenant.faults.plan(_unreadable(person.mail))
    for _ in range(3):
        await app.clock.sleep(timedelta(hours=1))
        await planning_round(app)
        await book_all(app)

    after = await assert_booked_once(world)
    assert after.sessions == before.sessions
    assert len(world.tenant.mail_log) == sent
    await app.close()
