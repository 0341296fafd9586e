"""Roles are swapped from a date on: who leads what before stays on record, and both are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import Pair
from integrations.workflows.app import App
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.mails_caused import mails_caused
from integrations.workflows.ordering.orders import WrongStateError
from integrations.workflows.ordering.role_swaps import swap_roles
from integrations.workflows.reporting.history import History, histories
from integrations.workflows.rulebook.roles import leader_on, mentee_on, mentor_on
from tests.support.world import Empty, quietly
from tests.workflows.changes.reconciling import lines, mails, now, reconciled, to_both
from tests.workflows.changes.stage import DAY, Stage, on_stage

MONDAY = datetime(2027, 2, 22, 15, tzinfo=UTC)
FROM = date(2027, 3, 1)


def _swap(first: date = FROM) -> Callable[[App, Transaction, Pair, datetime], object]:
    return lambda app, tx, pair, at: swap_roles(app, tx, pair, first, by="dir-1")


async def _swapped(stage: Stage, app: App, first: date = FROM) -> None:
    pair_id = await stage.pair_id()
    await app.store.run(
        lambda tx: swap_roles(app, tx, tx.pairs.require(pair_id), first, by="dir-1")
    )


async def _history(stage: Stage) -> History:
    pair_id = await stage.pair_id()
    return await stage.read(
        lambda tx: next(h for h in histories(tx, now(), None, "UTC") if h.pair.id == pair_id)
    )


async def _mailed(app: App) -> None:
    until = now() + DAY
    await build_worker(app).run(
        until_quiet=False, progress=quietly, kinds=("send_mails",), until=until
    )


def test_from_the_date_on_the_other_one_mentors_and_what_was_led_stays(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        before = await _history(stage)
        await _swapped(stage, app)
        after = await _history(stage)
        pair = after.pair
        led = {one.session.id: one.outcome.led_by for one in before.sessions}
        assert {one.outcome.day < FROM for one in after.sessions} == {True, False}
        for one in after.sessions:
            was = led[one.session.id]
            other = pair.mentee_id if was == pair.mentor_id else pair.mentor_id
            assert one.outcome.led_by == (was if one.outcome.day < FROM else other)
        (line,) = await lines(stage, "roles_swapped")
        assert line.data == {"by": "dir-1", "from": "2027-03-01", "mentor": pair.mentee_id}
        await reconciled(stage, app)
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_both_are_told_once_and_nothing_is_written_to_a_calendar(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        began, case = now(), await stage.case()
        caused = await mails_caused(app, case.pair.id, _swap())
        assert [(m.kind, m.person_id) for m in caused.mails] == sorted(
            ("roles_swapped", person.id) for person in case.people
        )
        await _swapped(stage, app)
        await _mailed(app)
        assert mails(stage, began) == await to_both(stage, "message")
        bodies = {m.body for m in stage.world.tenant.mail_log if m.at >= began}
        assert all(f"{case.mentee.name} leads" in body for body in bodies)
        assert all("1 March 2027" in body for body in bodies)
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_the_same_date_again_takes_the_swap_back_and_nobody_hears_of_it(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        began = now()
        await _swapped(stage, app)
        await _swapped(stage, app)
        pair = (await stage.case()).pair
        assert pair.swaps == ()
        assert mentor_on(pair, FROM) == pair.mentor_id
        await _mailed(app)
        told = [m.body for m in stage.world.tenant.mail_log if m.at >= began]
        assert told == []
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_no_roles_are_swapped_after_the_fact_or_in_a_pair_that_is_over(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        with pytest.raises(FaultsError, match="from: expected a date from 2027-02-22 on"):
            await _swapped(stage, app, date(2027, 2, 21))
        pair_id = await stage.pair_id()
        await app.store.run(lambda tx: orders.withdraw(tx, tx.pairs.require(pair_id), now()))
        await reconciled(stage, app)
        with pytest.raises(WrongStateError):
            await _swapped(stage, app)
        await app.close()

    on_stage(empty, play, at=MONDAY)


@pytest.mark.parametrize("swaps", [(), ("2027-03-01",), ("2027-03-01", "2027-04-01")])
def test_somebody_always_mentors_and_in_mixed_programs_the_two_take_turns(
    swaps: tuple[str, ...],
) -> None:
    pair = Pair(
        id="p",
        program_id="g",
        mentor_id="ana",
        mentee_id="james",
        start_date=date(2027, 1, 11),
        swaps=swaps,
    )
    for day in (FROM - timedelta(days=1), FROM, date(2027, 4, 1)):
        flips = sum(swap <= day.isoformat() for swap in swaps)
        assert mentor_on(pair, day) == ("ana", "james")[flips % 2]
        assert {mentor_on(pair, day), mentee_on(pair, day)} == {"ana", "james"}
        turns = [leader_on(pair, day, window, mixed=True) for window in range(4)]
        assert turns == [mentor_on(pair, day), mentee_on(pair, day)] * 2
        assert leader_on(pair, day, 1, mixed=False) == mentor_on(pair, day)
