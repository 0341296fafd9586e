"""A program mailbox is tried before anybody is invited from it, once a day."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

from integrations.ports import Transaction
from integrations.records import BlockerScope, PairState, SessionState
from integrations.workflows.app import App
from integrations.workflows.planning.plan import plan_enrolled
from simulator.behaviour import TeamsPolicy
from tests.acceptance.oracle import (
    EVENT,
    EVENTS,
    Memory,
    assert_booked_once,
    calls,
    planned_world,
    remembered,
)
from tests.support.world import Empty, World, book_all, virtually

CLOSED = TeamsPolicy(lobby="organizer")


@virtually
async def test_both_pass_the_lobby_without_the_organizer(empty: Empty) -> None:
    """The program mailbox never joins; with the tenant's policy both people come in alone."""
    world = await planned_world(empty, 6)
    app = await world.begin()
    await book_all(app)
    memory = await assert_booked_once(world)
    for pair in memory.pairs.values():
        url = memory.bookings[pair.id].join_url
        assert url
        assert {world.tenant.join(mail, url) for mail in memory.mails(pair)} == {"admitted"}
    await app.close()


async def _stopped(world: World, app: App, code: str) -> None:
    """Nobody was invited, the trial event is gone and the mailbox says why."""
    [box] = world.firm.program_mailboxes
    memory = await remembered(world)
    assert memory.in_state(PairState.PLANNED) == set(memory.pairs)
    assert world.tenant.mail_log == []
    assert world.tenant.events_of(box.mail) == []
    assert _mailbox_blockers(memory) == [(box.id, code)]
    assert all(code in [b.code for b in line.blockers] for line in memory.lines)
    await app.close()


def _mailbox_blockers(memory: Memory) -> list[tuple[str, str]]:
    return [(b.subject_id, b.code) for b in memory.blockers if b.scope is BlockerScope.MAILBOX]


@virtually
async def test_a_closed_lobby_stops_the_mailbox_before_anybody_is_invited(empty: Empty) -> None:
    """Without the policy both would wait for an organizer who never comes."""
    world = await planned_world(empty, 6)
    world.tenant.teams_policy = CLOSED
    app = await world.begin()
    await book_all(app)
    assert len(calls(world, "POST", EVENTS)) == 1, "the trial alone"
    assert len(calls(world, "DELETE", EVENT)) == 1
    await _stopped(world, app, "lobby_closed")


@virtually
async def test_people_wait_in_a_lobby_whose_policy_was_closed_after_the_trial(
    empty: Empty,
) -> None:
    """What the trial is for: the same people, the same series, and nobody comes in."""
    world = await planned_world(empty, 6)
    app = await world.begin()
    await book_all(app)
    memory = await remembered(world)
    pair = next(iter(memory.pairs.values()))
    booking = memory.bookings[pair.id]
    assert booking.join_url
    meeting = world.tenant.meetings.of_url(booking.join_url)
    assert meeting is not None
    shut = {**meeting, "lobbyBypassSettings": {"scope": "organizer"}}
    world.tenant.meetings.keep(shut)
    assert {world.tenant.join(mail, booking.join_url) for mail in memory.mails(pair)} == {
        "waiting in the lobby"
    }
    await app.close()


@virtually
async def test_a_mailbox_without_teams_is_stopped_and_nobody_is_invited(empty: Empty) -> None:
    """It still answers 201 to creates; the providers say what is missing."""
    world = await planned_world(empty, 6)
    world.tenant.change_person(world.firm.program_mailboxes[0].mail, mailbox="noTeams")
    app = await world.begin()
    await book_all(app)
    await _stopped(world, app, "no_teams")


@virtually
async def test_a_stopped_mailbox_books_within_two_hours_of_being_mended(empty: Empty) -> None:
    world = await planned_world(empty, 6)
    world.tenant.teams_policy = CLOSED
    app = await world.begin()
    await book_all(app)
    world.tenant.teams_policy = replace(CLOSED, lobby="organization")
    await app.clock.sleep(timedelta(hours=2))
    await book_all(app)
    assert _mailbox_blockers(await assert_booked_once(world)) == []
    await app.close()


@virtually
async def test_the_trial_happens_once_a_day_per_mailbox(empty: Empty) -> None:
    """Thousands of pairs of one day stand on one trial; the next day has one of its own."""
    world = await planned_world(empty, 6)
    app = await world.begin()
    await book_all(app)
    assert len(calls(world, "DELETE", EVENT)) == 1
    await _book_one_more(world, app, app.clock.sleep(timedelta(hours=1)))
    assert len(calls(world, "DELETE", EVENT)) == 1, "the same day"
    await _book_one_more(world, app, app.clock.sleep(timedelta(hours=24)))
    assert len(calls(world, "DELETE", EVENT)) == 2, "another day"
    [box] = world.firm.program_mailboxes
    assert len([e for e in world.tenant.events_of(box.mail) if not e.is_series]) == 0
    await app.close()


async def _book_one_more(world: World, app: App, wait: Awaitable[None]) -> None:
    """Let a pair begin anew as its next generation."""
    await wait
    memory = await remembered(world)
    pair = memory.pairs[min(memory.pairs)]
    again = replace(pair, state=PairState.ENROLLED, generation=pair.generation + 1)

    def record(tx: Transaction) -> None:
        tx.pairs.put(again)
        for session in memory.sessions[pair.id]:
            tx.sessions.put(replace(session, state=SessionState.PLANNED))

    await app.store.run(record)
    await plan_enrolled(app)
    await book_all(app)
