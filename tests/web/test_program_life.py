"""From draft to closed on the pages: hours asked for, begun by itself on its day, and closed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import Need, PairState, ProgramState
from integrations.workflows.booking import beginning
from tests.acceptance.oracle import remembered
from tests.support.world import Empty, quietly
from tests.web.support import signed_in
from tests.web.test_launch import HOUR, Desk, at_the_desk, mails_asked

PAIRS = 3
DAY = timedelta(days=1)


async def announced(desk: Desk, *, begins: bool) -> date:
    """Announce the program for the soonest day; that day."""
    page = await desk.visitor.get(f"{desk.path}/settings")
    day = re.search(r'type="hidden" name="books_on" value="([\d-]+)"', page.text)
    assert day is not None
    said = {"books_on": day[1], "mails": str(mails_asked(page.text))}
    if begins:
        said["begins"] = "yes"
    told = await desk.visitor.send(f"{desk.path}/settings/announce", said)
    assert "Announced:" in told.text
    return date.fromisoformat(day[1])


async def lived(desk: Desk, until: datetime) -> None:
    """Let time pass to ``until``, with what begins programs and books done as it comes due."""
    kinds = (beginning.KIND, "book_pair", "check_mailbox")
    worker = build_worker(desk.app)
    await worker.run(until_quiet=False, progress=quietly, kinds=kinds, until=until)
    await desk.app.clock.sleep(until - desk.app.clock.now())
    desk.visitor = await signed_in(desk.app, desk.world.firm.people[-1].id)


async def morning(desk: Desk, day: date) -> datetime:
    """Eight o'clock of that day where the program lives."""
    program = await desk.world.read(lambda tx: tx.programs.require(desk.program))
    return datetime(day.year, day.month, day.day, 8, tzinfo=ZoneInfo(program.zone))


async def state(desk: Desk) -> ProgramState:
    return (await desk.world.read(lambda tx: tx.programs.require(desk.program))).state


def test_an_announced_program_begins_by_itself_on_its_day_if_somebody_said_so(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        opens = await morning(desk, await announced(desk, begins=True))
        assert "it begins by itself" in (await desk.visitor.get(f"{desk.path}/settings")).text
        await lived(desk, opens - timedelta(minutes=1))
        assert await state(desk) is ProgramState.ANNOUNCED
        assert await desk.world.read(lambda tx: tx.waves.all()) == []
        assert "waits to be launched" not in (await desk.visitor.get("/needs")).text
        await lived(desk, opens + 2 * HOUR)
        assert await state(desk) is ProgramState.RUNNING
        memory = await remembered(desk.world)
        assert len(memory.in_state(PairState.BOOKED)) == PAIRS
        (wave,) = await desk.world.read(lambda tx: tx.waves.all())
        begun = [entry for entry in memory.journal if entry.code == "wave_started"]
        assert [entry.data["by"] for entry in begun] == [desk.world.firm.people[-1].id]
        assert wave.mails_confirmed == begun[0].data["mails"] > 0
        page = await desk.visitor.get(f"{desk.path}/waves/{wave.id}")
        assert "Undo this wave" in page.text

    at_the_desk(empty, play, PAIRS)


def test_without_that_word_it_waits_and_needs_you_says_that_its_day_has_come(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        opens = await morning(desk, await announced(desk, begins=True))
        await desk.visitor.send(f"{desk.path}/settings/begin", {"begins": "no"})
        await lived(desk, opens - DAY)
        assert "waits to be launched" not in (await desk.visitor.get("/needs")).text
        await lived(desk, opens + HOUR)
        assert await state(desk) is ProgramState.ANNOUNCED
        assert (await remembered(desk.world)).in_state(PairState.BOOKED) == set()
        assert "waits to be launched" in (await desk.visitor.get("/needs")).text
        await desk.visitor.send(f"{desk.path}/settings/begin", {"begins": "yes"})
        await lived(desk, desk.app.clock.now() + HOUR)
        assert await state(desk) is ProgramState.RUNNING, "its day has come already"
        assert "waits to be launched" not in (await desk.visitor.get("/needs")).text

    at_the_desk(empty, play, PAIRS)


def test_a_program_without_any_plan_tries_again_the_next_morning(empty: Empty) -> None:
    def unplan(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, state=PairState.ENROLLED))

    def plan(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, state=PairState.PLANNED))

    async def play(desk: Desk) -> None:
        opens = await morning(desk, await announced(desk, begins=True))
        await desk.app.store.run(unplan)
        await lived(desk, opens + HOUR)
        assert await state(desk) is ProgramState.ANNOUNCED
        await desk.app.store.run(plan)
        await lived(desk, opens + DAY - timedelta(minutes=1))
        assert await state(desk) is ProgramState.ANNOUNCED
        await lived(desk, opens + DAY + timedelta(minutes=1))
        assert await state(desk) is ProgramState.RUNNING

    at_the_desk(empty, play, PAIRS)


def test_a_program_is_closed_once_its_pairs_are_over_and_taken_up_again(empty: Empty) -> None:
    def end(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, state=PairState.COMPLETED))

    async def play(desk: Desk) -> None:
        at = f"{desk.path}/settings"
        refused = await desk.visitor.post(f"{at}/close")
        assert refused.status_code == 409
        assert f"{PAIRS} pairs go on" in refused.text
        await desk.app.store.run(end)
        dates = await desk.world.read(lambda tx: [s.end for s in tx.sessions.all()])
        await desk.app.clock.sleep(max(dates) + 6 * DAY - desk.app.clock.now())
        desk.visitor = await signed_in(desk.app, desk.world.firm.people[-1].id)
        early = await desk.visitor.post(f"{at}/close")
        assert early.status_code == 409
        assert "reports about its last dates may come" in early.text
        await desk.app.clock.sleep(DAY)
        desk.visitor = await signed_in(desk.app, desk.world.firm.people[-1].id)
        closed = await desk.visitor.send(f"{at}/close")
        assert "This program is closed" in closed.text
        assert await state(desk) is ProgramState.CLOSED
        again = await desk.visitor.send(f"{at}/close", {"closed": "no"})
        assert "Close this program" in again.text
        assert await state(desk) is ProgramState.RUNNING
        codes = [entry.code for entry in (await remembered(desk.world)).journal]
        assert codes.count("program_closed") == codes.count("program_opened") == 1

    at_the_desk(empty, play, PAIRS)


def test_a_program_closes_by_itself_four_weeks_after_its_last_date(empty: Empty) -> None:
    def end(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, state=PairState.COMPLETED))
        tx.programs.put(replace(tx.programs.all()[0], state=ProgramState.RUNNING))

    async def after(desk: Desk, length: timedelta) -> ProgramState:
        await desk.app.clock.sleep(length)
        now = desk.app.clock.now()
        await desk.app.store.run(lambda tx: beginning.close_those_over(tx, now))
        return await state(desk)

    async def play(desk: Desk) -> None:
        await desk.app.store.run(end)
        assert await after(desk, DAY) is ProgramState.RUNNING, "its dates are still to come"
        last = max(await desk.world.read(lambda tx: [s.end for s in tx.sessions.all()]))
        await after(desk, last + 28 * DAY - HOUR - desk.app.clock.now())
        assert await state(desk) is ProgramState.RUNNING
        row = Need(
            id="open",
            key="open",
            pair_id=(await desk.world.read(lambda tx: tx.pairs.all()))[0].id,
            code="gap",
            raised_at=desk.app.clock.now(),
        )
        await desk.app.store.run(lambda tx: tx.needs.add(row))
        assert await after(desk, HOUR) is ProgramState.RUNNING, "somebody is still asked"
        done = replace(row, closed_at=desk.app.clock.now())
        await desk.app.store.run(lambda tx: tx.needs.put(done))
        assert await after(desk, HOUR) is ProgramState.CLOSED
        [entry] = [e for e in (await remembered(desk.world)).journal if e.code == "program_closed"]
        assert entry.data["by"] == "tandem"
        desk.visitor = await signed_in(desk.app, desk.world.firm.people[-1].id)
        await desk.visitor.send(f"{desk.path}/settings/close", {"closed": "no"})
        assert await after(desk, 27 * DAY) is ProgramState.RUNNING, "somebody wants it open"

    at_the_desk(empty, play, PAIRS)


def test_people_are_asked_for_their_hours_once_by_the_number_of_mails(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/hours")
        asked = mails_asked(page.text)
        assert asked > 0
        wrong = await desk.visitor.post(f"{desk.path}/hours/ask", {"mails": str(asked + 1)})
        assert wrong.status_code == 400
        assert f"Expected exactly {asked}" in wrong.text
        done = await desk.visitor.send(f"{desk.path}/hours/ask", {"mails": str(asked)})
        assert f"{asked} people are asked" in done.text
        assert "Nobody is to be asked" in done.text
        await desk.worked(3 * HOUR)
        assert len(desk.world.tenant.mail_log) == asked

    at_the_desk(empty, play, PAIRS)
