"""Launching in waves: shown first, confirmed by the number of mails, stopped, undone, once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import FaultsError
from integrations.page_records import StaffMember, StaffRole, Wave, WaveState
from integrations.ports import Transaction
from integrations.records import PairState, ProgramState
from integrations.runtime import Death
from integrations.workflows.app import App
from integrations.workflows.booking import (
    launching,
    wave_choice,
    wave_progress,
    wave_trial,
    wave_undoing,
    waves,
)
from integrations.workflows.booking.announce import AnnouncedLaterError, announce
from integrations.workflows.booking.wave_choice import Choice, ClosedProgramError, WavePreview
from integrations.workflows.booking.waves import WaveStateError
from integrations.workflows.planning.plan import plan_enrolled
from tests.acceptance.oracle import assert_booked_once, planned_world, remembered, writes
from tests.support.world import Empty, World, virtually, work_until

ALL = Choice()
BY = "coordinator-1"
HOUR = timedelta(hours=1)
PAIRS = 10


async def _program(world: World) -> str:
    (program,) = await world.read(lambda tx: tx.programs.all())
    return program.id


async def _shown(app: App, world: World, choice: Choice = ALL) -> WavePreview:
    program = await _program(world)
    return await app.store.run(lambda tx: wave_choice.preview(tx, app, program, choice))


async def _started(app: App, world: World, choice: Choice = ALL) -> Wave:
    found = await _shown(app, world, choice)
    return await waves.start(app, found.program.id, choice, name="First", mails=found.mails, by=BY)


async def _worked(app: App, length: timedelta = HOUR) -> None:
    kinds = ("book_pair", "check_mailbox", "reconcile_pair", "send_mails", "plan")
    ends = app.clock.now() + length
    await work_until(app, ends, kinds)


def _everything(tx: Transaction) -> object:
    return (
        tx.programs.all(),
        tx.pairs.all(),
        tx.sessions.all(),
        tx.waves.all(),
        tx.journal.read(),
        tx.work.all(),
        tx.mailboxes.all(),
    )


def _halves(world_pairs: list[str]) -> tuple[Choice, set[str]]:
    some = sorted(world_pairs)[: len(world_pairs) // 2]
    return Choice(names=tuple(some)), set(some)


@virtually
async def test_the_preview_counts_what_the_start_then_causes_and_changes_nothing(
    empty: Empty,
) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin(mails_per_minute="29")
    before = await world.read(_everything)
    found = await _shown(app, world)
    assert await world.read(_everything) == before
    assert writes(world) == []
    memory = await remembered(world)
    assert {line.id for line in found.placed} == memory.in_state(PairState.PLANNED)
    assert {line.id for line in found.blocked} == memory.without_slot()
    assert all(line.blockers for line in found.blocked), "each says what is in its way"
    assert all(line.blockers[0].remedies for line in found.blocked)

    await _started(app, world)
    await _worked(app, timedelta(hours=3))
    memory = await assert_booked_once(world, {line.id for line in found.placed})
    sent = memory.announced()
    assert sum(sent.values()) == found.mails == len(world.tenant.mail_log)
    assert sent["update"] == 2 * found.moved
    assert sent["cancellation"] == 2 * found.taken_out
    last = max(mail.at for mail in world.tenant.mail_log)
    assert abs(last - found.finishes_at) < timedelta(minutes=2)
    await app.close()


@virtually
async def test_nothing_starts_unless_the_mails_are_named_exactly(empty: Empty) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    found, before = await _shown(app, world), await world.read(_everything)
    for mails in (0, found.mails - 1, found.mails + 1):
        with pytest.raises(FaultsError, match=f"exactly {found.mails}"):
            await waves.start(app, found.program.id, ALL, name="", mails=mails, by=BY)
    assert await world.read(_everything) == before
    await app.close()


@virtually
async def test_a_wave_books_its_own_pairs_and_the_others_wait_for_theirs(empty: Empty) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    placed = [line.id for line in (await _shown(app, world)).placed]
    choice, mine = _halves(placed)
    await _started(app, world, choice)
    await _worked(app)
    await assert_booked_once(world, mine)
    # Neither the nightly planning nor `tandem book` takes up who is in no wave.
    await _worked(app, timedelta(hours=30))
    assert await launching.launch(app) == 0
    await _worked(app)
    await assert_booked_once(world, mine)
    rest = await _shown(app, world)
    assert {line.id for line in rest.placed} == set(placed) - mine
    await _started(app, world)
    await _worked(app, timedelta(hours=3))
    await assert_booked_once(world, set(placed))
    await app.close()


@virtually
async def test_pairs_are_chosen_by_office_practice_group_or_list(empty: Empty) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    pairs = await world.read(lambda tx: tx.pairs.all())
    offices = {pair.office for pair in pairs}
    assert len(offices) > 1
    for office in offices:
        found = await _shown(app, world, Choice(office=office))
        shown = {line.id for line in (*found.placed, *found.blocked)}
        assert shown == {pair.id for pair in pairs if pair.office == office}
    group = pairs[0].practice_group
    found = await _shown(app, world, Choice(practice_group=group))
    shown = {line.id for line in (*found.placed, *found.blocked)}
    assert shown == {pair.id for pair in pairs if pair.practice_group == group}
    named = pairs[2].roster_id or ""
    found = await _shown(app, world, Choice(names=(named,)))
    assert [line.id for line in (*found.placed, *found.blocked)] == [pairs[2].id]
    with pytest.raises(FaultsError, match="'nobody'"):
        await _shown(app, world, Choice(names=("nobody",)))
    await app.close()


@virtually
async def test_starting_twice_starts_one_wave(empty: Empty) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin()
    found = await _shown(app, world)
    first = await _started(app, world)
    again = await waves.start(app, found.program.id, ALL, name="First", mails=found.mails, by=BY)
    assert again == first
    assert await world.read(lambda tx: tx.waves.all()) == [first]
    await _worked(app)
    with pytest.raises(FaultsError, match="at least one pair"):
        await waves.start(app, found.program.id, ALL, name="", mails=found.mails + 1, by=BY)
    await assert_booked_once(world, {line.id for line in found.placed})
    await app.close()


@virtually
async def test_stopped_half_way_the_rest_waits_and_goes_on_without_losing_any(
    empty: Empty,
) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin(mails_per_minute="6")
    wave = await _started(app, world)
    await _worked(app, timedelta(minutes=3))
    await waves.stop(app, wave.id, by=BY)
    assert (await waves.stop(app, wave.id, by=BY)).state is WaveState.STOPPED
    await _worked(app, timedelta(minutes=10))
    stood = await remembered(world)
    booked = stood.in_state(PairState.BOOKED)
    assert 0 < len(booked) < len(wave.pair_ids)
    assert not stood.in_state(PairState.BOOKING), "what had begun was ended"
    mails = len(world.tenant.mail_log)
    await _worked(app, timedelta(hours=30))
    assert len(world.tenant.mail_log) == mails, "nothing begins by itself, over night neither"
    await app.close()

    second = await world.begin(mails_per_minute="29")
    going = await waves.go_on(second, wave.id, by=BY)
    assert going.state is WaveState.RUNNING
    await _worked(second, timedelta(hours=2))
    await assert_booked_once(world, set(wave.pair_ids))
    codes = [e for e in (await remembered(world)).journal if e.code.startswith("wave_")]
    assert [e.code for e in codes] == ["wave_started", "wave_stopped", "wave_resumed"]
    assert {e.data["by"] for e in codes} == {BY}, "it is on record who did it"
    await second.close()


@virtually
async def test_undone_each_booked_pair_ends_with_one_cancellation_and_the_others_wait(
    empty: Empty,
) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin(mails_per_minute="6")
    wave = await _started(app, world)
    await _worked(app, timedelta(minutes=3))
    await waves.stop(app, wave.id, by=BY)
    await _worked(app, timedelta(minutes=10))
    booked = (await remembered(world)).in_state(PairState.BOOKED)
    shown = await app.store.run(lambda tx: wave_undoing.undoing(tx, app, wave.id))
    assert shown.ends == len(booked)
    assert shown.mails == 2 * len(booked)
    assert shown.unbooked == len(wave.pair_ids) - len(booked)
    with pytest.raises(FaultsError, match=f"exactly {shown.mails}"):
        await wave_undoing.undo(app, wave.id, mails=shown.mails - 1, by=BY)
    before = len(world.tenant.mail_log)
    for _ in range(2):
        undone = await wave_undoing.undo(app, wave.id, mails=shown.mails, by=BY)
        assert undone.state is WaveState.UNDONE
        await _worked(app, timedelta(hours=30))
    new = world.tenant.mail_log[before:]
    assert {mail.kind for mail in new} == {"cancellation"}
    memory = await remembered(world)
    people = Counter(m.lower() for i in booked for m in memory.mails(memory.pairs[i]))
    assert Counter(mail.recipient.lower() for mail in new) == people, "one mail each"
    assert all("No reason" not in mail.body for mail in new)
    assert memory.in_state(PairState.WITHDRAWN) == booked
    assert memory.in_state(PairState.PLANNED) == set(wave.pair_ids) - booked
    assert memory.open_intents == []
    for box in world.firm.program_mailboxes:
        assert world.tenant.events_of(box.mail) == []
    await app.close()


@virtually
async def test_past_dates_stay_when_a_wave_is_undone_late(empty: Empty) -> None:
    world = await planned_world(empty, 2)
    app = await world.begin()
    wave = await _started(app, world)
    await _worked(app)
    await app.clock.sleep(timedelta(weeks=5))
    now = app.clock.now()
    sessions = await world.read(lambda tx: tx.sessions.of_pairs(wave.pair_ids))
    past = {s.id: s for some in sessions.values() for s in some if s.end < now}
    assert past
    shown = await app.store.run(lambda tx: wave_undoing.undoing(tx, app, wave.id))
    before = len(world.tenant.mail_log)
    await wave_undoing.undo(app, wave.id, mails=shown.mails, by=BY)
    await _worked(app, timedelta(hours=30))
    assert len(world.tenant.mail_log) - before <= shown.mails
    left = await world.read(lambda tx: tx.sessions.of_pairs(wave.pair_ids))
    for session in (s for some in left.values() for s in some):
        if session.id in past:
            assert session.start == past[session.id].start
            assert session.state == past[session.id].state
    memory = await remembered(world)
    for pair in memory.pairs.values():
        mail = memory.people[pair.mentee_id].mail
        stand = world.tenant.occurrences_of(mail, now - timedelta(weeks=6), now)
        starts = {one.start for one in stand if "busy" not in one.responses}
        assert {s.start for s in past.values() if s.pair_id == pair.id} <= starts
        later = world.tenant.occurrences_of(mail, now, now + timedelta(weeks=30))
        both = {address.lower() for address in memory.mails(pair)}
        assert [one for one in later if both <= {a.lower() for a in one.responses}] == []
    await app.close()


@virtually
async def test_pairs_of_an_undone_wave_can_be_enrolled_and_launched_again(empty: Empty) -> None:
    world = await planned_world(empty, 3)
    app = await world.begin()
    wave = await _started(app, world)
    await _worked(app)
    with pytest.raises(WaveStateError):
        await wave_undoing.take_up_again(app, wave.id, by=BY)
    shown = await app.store.run(lambda tx: wave_undoing.undoing(tx, app, wave.id))
    await wave_undoing.undo(app, wave.id, mails=shown.mails, by=BY)
    await _worked(app, timedelta(hours=20))
    assert await wave_undoing.take_up_again(app, wave.id, by=BY) == len(wave.pair_ids)
    assert await wave_undoing.take_up_again(app, wave.id, by=BY) == 0
    await plan_enrolled(app)
    found = await _shown(app, world)
    assert {line.id for line in found.placed} == set(wave.pair_ids)
    again = await _started(app, world)
    await _worked(app)
    memory = await remembered(world)
    assert memory.in_state(PairState.BOOKED) == set(again.pair_ids)
    assert memory.open_intents == []
    events = [e for box in world.firm.program_mailboxes for e in world.tenant.events_of(box.mail)]
    assert len(events) == len(again.pair_ids)
    await app.close()


async def _undone(app: App, wave: Wave) -> None:
    shown = await app.store.run(lambda tx: wave_undoing.undoing(tx, app, wave.id))
    await wave_undoing.undo(app, wave.id, mails=shown.mails, by=BY)
    await _worked(app, timedelta(hours=30))


async def _whole_story(world: World, dies_at: int) -> None:
    """A wave started, booked and undone by somebody who dies at that point."""
    try:
        app = await world.begin(dies_at=dies_at)
        wave = await _started(app, world)
        await _worked(app)
        await _undone(app, wave)
    except Death:
        return
    pytest.fail("the story is over before that point")


@pytest.mark.parametrize("dies_at", [3, 5, 8, 13, 21, 34, 55, 89, 144, 190])
@virtually
async def test_killed_at_any_point_of_start_booking_and_undoing_the_next_one_ends_alike(
    empty: Empty, dies_at: int
) -> None:
    world = await planned_world(empty, 2)
    await _whole_story(world, dies_at)
    app = await world.begin()
    known = await world.read(lambda tx: tx.waves.all())
    wave = known[0] if known else await _started(app, world)
    await _worked(app, timedelta(hours=20))
    if wave.state is not WaveState.UNDONE:
        await assert_booked_once(world, set(wave.pair_ids))
    await _undone(app, wave)
    memory = await remembered(world)
    assert memory.open_intents == []
    assert memory.in_state(PairState.WITHDRAWN, PairState.PLANNED) == set(wave.pair_ids)
    kinds = Counter(mail.kind for mail in world.tenant.mail_log)
    assert kinds == memory.announced()
    assert kinds["cancellation"] == kinds["invitation"]
    await app.close()


@virtually
async def test_an_announced_program_neither_starts_by_itself_nor_before_its_day(
    empty: Empty,
) -> None:
    world = await planned_world(empty, 3)
    app = await world.begin()
    program = await _program(world)
    now = app.clock.now()
    await app.store.run(lambda tx: announce(tx, program, now))
    with pytest.raises(AnnouncedLaterError):
        await _shown(app, world)
    await _worked(app, timedelta(days=9))
    assert (await remembered(world)).in_state(PairState.BOOKED) == set(), "not by itself"
    assert {mail.kind for mail in world.tenant.mail_log} <= {"message"}
    await _started(app, world)
    state = await world.read(lambda tx: tx.programs.require(program).state)
    assert state is ProgramState.RUNNING
    await app.store.run(
        lambda tx: tx.programs.put(replace(tx.programs.require(program), state=ProgramState.CLOSED))
    )
    with pytest.raises(ClosedProgramError):
        await _shown(app, world)
    await app.close()


@virtually
async def test_the_test_invitation_reaches_the_coordinator_alone_and_is_marked(
    empty: Empty,
) -> None:
    world = await planned_world(empty, 3)
    app = await world.begin()
    program, me = await _program(world), world.firm.people[-1]
    member = StaffMember(
        program_id=program,
        directory_id=me.id,
        role=StaffRole.COORDINATOR,
        mail=me.mail,
        name=me.name,
        added_at=app.clock.now(),
        added_by="test",
    )
    found = await _shown(app, world)
    ids = [line.id for line in found.placed]
    with pytest.raises(FaultsError, match="a coordinator of the program"):
        await wave_trial.ask(app, program, ids, me.id)
    await app.store.run(lambda tx: tx.staff.put(member))
    before = await world.read(lambda tx: (tx.pairs.all(), tx.sessions.all()))
    for sent in (1, 2):
        work = await wave_trial.ask(app, program, ids, me.id)
        assert await build_worker(app).do(work.id)
        assert not await build_worker(app).do(work.id), "asked once, sent once"
        assert len(world.tenant.mail_log) == sent
    mail = world.tenant.mail_log[0]
    assert mail.recipient.lower() == me.mail.lower()
    assert mail.subject.startswith("[Test] ")
    assert "This is a test" in mail.body
    assert "Propose New Time" in mail.body, "the rest is what the pair would get"
    assert await world.read(lambda tx: (tx.pairs.all(), tx.sessions.all())) == before
    for box in world.firm.program_mailboxes:
        assert world.tenant.events_of(box.mail) == []
    await app.close()


@virtually
async def test_progress_says_how_many_are_booked_wait_and_are_held_up(empty: Empty) -> None:
    world = await planned_world(empty, PAIRS)
    app = await world.begin(mails_per_minute="6")
    wave = await _started(app, world)

    async def look() -> wave_progress.Progress:
        return await app.store.run(lambda tx: wave_progress.progress(tx, app, wave.id))

    at_first = await look()
    assert (at_first.booked, at_first.waiting) == (0, len(wave.pair_ids))
    assert at_first.finishes_at is not None
    await _worked(app, timedelta(minutes=3))
    later = await look()
    assert 0 < later.booked < later.pairs
    assert later.booked + later.begun + later.waiting == later.pairs
    await _worked(app, timedelta(hours=30))
    done = await look()
    assert (done.booked, done.finishes_at) == (done.pairs, None)
    assert done.wave.state is WaveState.DONE, "seen to be through by the nightly planning"
    await app.close()
