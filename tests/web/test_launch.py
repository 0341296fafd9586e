"""Launching from the console: looked at, confirmed by the number of mails, stopped and undone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from integrations.page_records import WaveState
from integrations.ports import Transaction
from integrations.records import PairState, ProgramState
from integrations.workflows.app import App
from integrations.workflows.booking.launching import schedule_bookings
from simulator.virtual_time import run_virtually
from tests.acceptance.oracle import planned_world, remembered, writes
from tests.support.world import START, Empty, World, work_until
from tests.web.support import KEYS, ORIGIN, Visitor, coordinator, signed_in

HOUR = timedelta(hours=1)
PAIRS = 10


@dataclass
class Desk:
    """A coordinator at the console of a planned program."""

    world: World
    app: App
    visitor: Visitor
    program: str

    @property
    def path(self) -> str:
        return f"/programs/{self.program}"

    async def worked(self, length: timedelta = HOUR) -> None:
        """Let due work be done for a while."""
        kinds = ("book_pair", "check_mailbox", "reconcile_pair", "send_mails", "plan")
        ends = self.app.clock.now() + length
        await work_until(self.app, ends, kinds)


def at_the_desk(
    empty: Empty, play: Callable[[Desk], Awaitable[None]], pairs: int = PAIRS, pace: str = "0"
) -> None:
    """Play with a coordinator signed in; ``pace`` is how many mails a minute may see."""

    async def run() -> None:
        world = await planned_world(empty, pairs)
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS, mails_per_minute=pace)
        (program,) = await world.read(lambda tx: tx.programs.all())
        me = world.firm.people[-1]
        visitor = await coordinator(app, program.id, me.id)
        await play(Desk(world, app, visitor, program.id))
        await app.close()

    run_virtually(START, run())


def mails_asked(text: str) -> int:
    """The number of mails that the page asks to be typed."""
    found = re.search(r"causes (\d+) mails", text)
    assert found is not None, text[-3000:]
    return int(found[1])


def test_looking_shows_the_figures_and_writes_nothing(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/launch")
        assert page.status_code == 200
        for figure in ("pairs placed", "pairs blocked", "dates moved", "mails", "Last mail leaves"):
            assert figure in page.text
        assert "was not announced" in page.text, "a draft is launched knowingly"
        assert writes(desk.world) == []
        assert await desk.world.read(lambda tx: tx.waves.all()) == []
        pairs = await desk.world.read(lambda tx: tx.pairs.all())
        office = pairs[0].office
        some = await desk.visitor.get(f"{desk.path}/launch?office={office}")
        assert mails_asked(some.text) < mails_asked(page.text)
        wrong = await desk.visitor.get(f"{desk.path}/launch?names=nobody")
        assert wrong.status_code == 400
        assert "Expected pairs of the program that wait to be launched" in wrong.text

    at_the_desk(empty, play)


def test_a_wave_starts_on_the_exact_number_stops_goes_on_and_is_undone(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/launch")
        mails = mails_asked(page.text)
        for typed in ("", "all", str(mails - 1)):
            refused = await desk.visitor.post(f"{desk.path}/launch/start", {"mails": typed})
            assert refused.status_code == 400
            assert 'aria-invalid="true"' in refused.text
        assert await desk.world.read(lambda tx: tx.waves.all()) == []
        said = {"mails": f"{mails:,}", "name": "Spring <b>"}
        wave_page = await desk.visitor.send(f"{desk.path}/launch/start", said)
        assert "Spring &lt;b&gt;" in wave_page.text
        (wave,) = await desk.world.read(lambda tx: tx.waves.all())
        at = f"{desk.path}/waves/{wave.id}"
        await desk.worked(timedelta(minutes=3))
        stopped = await desk.visitor.send(f"{at}/stop")
        assert "Let it go on" in stopped.text
        polled = await desk.visitor.get(f"{at}?part=progress", **{"HX-Request": "true"})
        assert polled.text.lstrip().startswith("<section")
        assert "<html" not in polled.text
        await desk.worked(timedelta(minutes=10))
        halfway = len((await remembered(desk.world)).in_state(PairState.BOOKED))
        assert 0 < halfway < len(wave.pair_ids)
        await desk.visitor.send(f"{at}/go-on")
        await desk.worked(2 * HOUR)
        booked = (await remembered(desk.world)).in_state(PairState.BOOKED)
        assert booked == set(wave.pair_ids)
        assert len(desk.world.tenant.mail_log) == mails
        asked = mails_asked((await desk.visitor.get(at)).text)
        assert asked == 2 * len(booked)
        assert (await desk.visitor.post(f"{at}/undo", {"mails": "1"})).status_code == 400
        await desk.visitor.send(f"{at}/undo", {"mails": str(asked)})
        await desk.worked(30 * HOUR)
        assert len(desk.world.tenant.mail_log) == mails + asked
        desk.visitor = await signed_in(desk.app, desk.world.firm.people[-1].id)
        again = await desk.visitor.send(f"{at}/again")
        assert f"{len(booked)} pairs are enrolled anew" in again.text
        state = (await desk.world.read(lambda tx: tx.waves.require(wave.id))).state
        assert state is WaveState.UNDONE

    at_the_desk(empty, play, pace="6")


def test_pairs_that_were_booked_since_the_page_was_opened_are_launched_no_second_time(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/launch")

        def run_without_waves(tx: Transaction) -> None:
            tx.programs.put(replace(tx.programs.require(desk.program), state=ProgramState.RUNNING))
            schedule_bookings(tx, desk.app.clock.now(), desk.program)

        await desk.app.store.run(run_without_waves)
        await desk.worked()
        mailed = len(desk.world.tenant.mail_log)
        said = {"mails": str(mails_asked(page.text))}
        late = await desk.visitor.post(f"{desk.path}/launch/start", said)
        assert late.status_code == 400
        assert "Expected at least one pair that waits" in late.text
        assert "No pair waits to be launched" in late.text
        await desk.worked()
        assert len(desk.world.tenant.mail_log) == mailed > 0
        assert await desk.world.read(lambda tx: tx.waves.all()) == []

    at_the_desk(empty, play, 3)


def test_a_test_invitation_comes_to_the_one_who_asks(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.send(f"{desk.path}/launch/test")
        assert "A test invitation is on its way" in page.text
        (mail,) = desk.world.tenant.mail_log
        assert mail.subject.startswith("[Test]")
        assert await desk.world.read(lambda tx: tx.waves.all()) == []

    at_the_desk(empty, play, 3)


def test_all_writing_is_stopped_and_let_go_on_from_any_page(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.send("/writing", {"writing": "stop"})
        assert "All writing is stopped" in page.text
        launch = await desk.visitor.get(f"{desk.path}/launch")
        assert "All writing is stopped" in launch.text, "it is said on every page"
        await desk.visitor.send(
            f"{desk.path}/launch/start", {"mails": str(mails_asked(launch.text))}
        )
        await desk.worked()
        assert writes(desk.world) == []
        shown = await desk.visitor.get("/writing")
        assert "Let it go on" in shown.text
        gone_on = await desk.visitor.send("/writing", {"writing": "go_on"})
        assert "All writing is stopped" not in gone_on.text
        await desk.worked()
        memory = await remembered(desk.world)
        assert memory.in_state(PairState.BOOKED) != set()

    at_the_desk(empty, play, 3)
