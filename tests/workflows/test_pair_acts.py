"""Acts on a pair from the fields of a form; and one act on many pairs with one yes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.errors import FaultsError
from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import PairState
from integrations.workflows.app import App
from integrations.workflows.changes.case import rule_of
from integrations.workflows.ordering import at_once
from integrations.workflows.ordering.bulk_acts import BulkAct, carry_out_bulk, preview_bulk
from integrations.workflows.ordering.mails_caused import mails_caused
from integrations.workflows.ordering.pair_acts import PairAct, telling_of
from tests.support.world import Empty, enrolled, firm_of, virtually, work_until
from tests.workflows.changes.reconciling import lines, live, mails, now, reconciled
from tests.workflows.changes.stage import DAY, Stage, on_stage

MONDAY = datetime(2027, 2, 22, 15, tzinfo=UTC)
BY = "dir-1"
KINDS = ("reconcile_pair", "book_pair", "send_mails")


async def done(stage: Stage, app: App, act: PairAct, **given: str) -> at_once.Outcome:
    """Do it as a page does."""
    return await at_once.tell_pair(app, await stage.pair_id(), telling_of(act, given, BY))


@pytest.mark.parametrize(
    ("act", "given", "where"),
    [
        (PairAct.PAUSE, {}, "until"),
        (PairAct.PAUSE, {"until": "soon"}, "until"),
        (PairAct.SKIP, {}, "session"),
        (PairAct.MOVE, {"session": "s", "day": "2027-03-01"}, "at"),
        (PairAct.SWAP_ROLES, {"from": ""}, "from"),
        (PairAct.CADENCE, {"interval_weeks": "0"}, "interval_weeks"),
        (PairAct.CORRECT, {"session": "s"}, "verdict"),
        (PairAct.CORRECT, {"session": "s", "verdict": "pending"}, "verdict"),
        (PairAct.CORRECT, {"session": "s", "verdict": "held", "minutes": "-5"}, "minutes"),
        (PairAct.RECORD, {"day": "2027-02-01"}, "at"),
    ],
)
def test_a_field_that_cannot_be_meant_is_named(
    act: PairAct, given: Mapping[str, str], where: str
) -> None:
    with pytest.raises(FaultsError) as refused:
        telling_of(act, given, BY)
    assert [fault.where for fault in refused.value.faults] == [where]


def test_a_date_of_another_pair_is_none_of_this_ones(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        other = await stage.read(lambda tx: tx.sessions.of_pair(tx.pairs.all()[1].id)[-1])
        with pytest.raises(FaultsError, match="one of the pair's dates"):
            await done(stage, app, PairAct.SKIP, session=other.id)
        assert await stage.read(lambda tx: tx.sessions.require(other.id)) == other
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_a_move_is_given_in_the_wall_clock_of_the_pair_and_says_who_told_it(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        session = (await stage.dates())[1]
        zone = (await stage.case()).zone
        to = session.start.astimezone(ZoneInfo(zone)) + timedelta(hours=2)
        outcome = await done(
            stage, app, PairAct.MOVE, session=session.id, day=f"{to:%Y-%m-%d}", at=f"{to:%H:%M}"
        )
        assert "moved_by_order" in [line.code for line in outcome.lines]
        assert (await stage.read(lambda tx: tx.sessions.require(session.id))).start == to
        (given,) = await lines(stage, "order_given")
        assert given.data["by"] == BY
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_a_corrected_date_counts_and_its_note_stands_apart_from_the_journal(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        past = [s for s in await live(stage) if s.end < now()][-1]
        note = "Both say so; the line was bad."
        await done(
            stage,
            app,
            PairAct.CORRECT,
            session=past.id,
            verdict="held",
            minutes="50",
            note=note,
        )
        session = await stage.read(lambda tx: tx.sessions.require(past.id))
        assert (session.verdict, session.held) == ("held", True)
        notes = await stage.read(lambda tx: [kept.text for kept in tx.correction_notes.all()])
        assert notes == [note]
        (line,) = await lines(stage, "verdict_corrected")
        assert line.data == {"verdict": "held", "minutes": 50, "by": BY}
        await app.close()

    on_stage(empty, play, at=MONDAY)


# --- one pair's cadence --------------------------------------------------------------------


def test_one_pair_meets_every_three_weeks_and_the_program_stays_as_it_is(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pair_id, began = await stage.pair_id(), now()
        given = {"interval_weeks": "3", "occurrences": "9"}
        caused = await mails_caused(app, pair_id, telling_of(PairAct.CADENCE, given, BY))
        assert {mail.kind for mail in caused.mails} >= {"invitation"}
        assert mails(stage, began) == []
        await done(stage, app, PairAct.CADENCE, **given)

        def cadences(tx: Transaction) -> list[int]:
            return [rule_of(tx, pair).cadence.interval_weeks for pair in tx.pairs.all()]

        assert await stage.read(cadences) == [3, 2]
        await app.close()

    on_stage(empty, play, at=MONDAY)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"earliest": "07:00"}, "earliest"),
        ({"latest": "20:00"}, "latest"),
        ({"occurrences": "4"}, "occurrences"),
        ({"minutes": "600"}, "latest"),
    ],
)
def test_one_pair_may_not_leave_the_programs_bounds(
    empty: Empty, given: dict[str, str], where: str
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        with pytest.raises(FaultsError) as refused:
            await done(stage, app, PairAct.CADENCE, **given)
        assert where in [fault.where for fault in refused.value.faults]
        assert await lines(stage, "order_given") == []
        await app.close()

    on_stage(empty, play, at=MONDAY)


# --- many pairs at once --------------------------------------------------------------------


async def _all(stage: Stage) -> tuple[str, list[str]]:
    pairs = await stage.read(lambda tx: tx.pairs.all())
    return pairs[0].program_id, [pair.id for pair in pairs]


def test_many_pairs_pause_with_one_yes_and_as_many_mails_as_were_said(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        program, ids = await _all(stage)
        given = {"first": "2027-03-03", "until": "2027-03-21"}
        found = await preview_bulk(app, program, ids, BulkAct.PAUSE, given, by=BY)
        assert len(found.affected) == 2
        assert found.mails == sum(row.mails for row in found.rows) > 0
        calls = len(stage.world.tenant.calls)
        with pytest.raises(FaultsError, match="which it would cause"):
            await carry_out_bulk(
                app, program, ids, BulkAct.PAUSE, given, mails=found.mails - 1, by=BY
            )
        assert all(p.pause is None for p in await stage.read(lambda tx: tx.pairs.all()))
        await carry_out_bulk(app, program, ids, BulkAct.PAUSE, given, mails=found.mails, by=BY)
        assert len(stage.world.tenant.calls) == calls, "no calendar was asked"
        began = now()
        await work_until(app, now() + 3 * DAY, KINDS)
        assert len(mails(stage, began)) == found.mails
        states = {p.state for p in await stage.read(lambda tx: tx.pairs.all())}
        assert states == {PairState.PAUSED}
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_pairs_that_cannot_be_resumed_say_why_and_the_others_are(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        program, ids = await _all(stage)
        await done(stage, app, PairAct.PAUSE, until="2027-03-21")
        found = await carry_out_bulk(app, program, ids, BulkAct.RESUME, {}, mails=99, by=BY)
        refused = {row.pair_id: row.refused for row in found.rows}
        assert refused[ids[0]] is None
        assert "resume" in (refused[ids[1]] or "")
        await reconciled(stage, app)
        assert (await stage.case()).pair.pause is None
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_pairs_of_another_program_are_not_reached(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        _, ids = await _all(stage)
        with pytest.raises(FaultsError, match="pairs of this program"):
            await preview_bulk(app, "another", ids, BulkAct.END, {}, by=BY)
        await app.close()

    on_stage(empty, play, at=MONDAY)


@virtually
async def _move_between_waves(empty: Empty) -> None:
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrolled(world, app)
    pairs = await world.read(lambda tx: tx.pairs.all())
    first, second = (
        Wave(
            id=key,
            program_id=pairs[0].program_id,
            name=key,
            pair_ids=ids,
            state=WaveState.STOPPED,
            mails_confirmed=0,
            created_at=now() + timedelta(minutes=number),
            created_by=BY,
        )
        for number, (key, ids) in enumerate(
            {"one": tuple(pair.id for pair in pairs), "two": ()}.items()
        )
    )
    await app.store.run(lambda tx: tx.waves.put_many([first, second]))
    given, ids = {"wave": "two"}, [pairs[0].id]
    program = pairs[0].program_id
    found = await preview_bulk(app, program, ids, BulkAct.MOVE_TO_WAVE, given, by=BY)
    assert (found.mails, len(found.affected)) == (0, 1), "it waits until the wave goes on"
    assert await world.read(lambda tx: tx.waves.require("two").pair_ids) == ()
    await carry_out_bulk(app, program, ids, BulkAct.MOVE_TO_WAVE, given, mails=0, by=BY)
    waves = await world.read(lambda tx: {w.id: w.pair_ids for w in tx.waves.of_program(program)})
    assert waves == {"one": (pairs[1].id,), "two": (pairs[0].id,)}
    gone = await preview_bulk(app, program, ids, BulkAct.MOVE_TO_WAVE, {"wave": "three"}, by=BY)
    assert "no open wave" in (gone.rows[0].refused or "")
    await app.close()


def test_a_pair_that_waits_goes_with_another_wave(empty: Empty) -> None:
    _move_between_waves(empty)
