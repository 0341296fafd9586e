"""What is said of an act's mails beforehand is what the tenant sends after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import Pair
from integrations.workflows.app import App
from integrations.workflows.attendance import telling
from integrations.workflows.changes.case import rule_of
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.mails_caused import Caused, Telling, mails_caused
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import Correction, VerdictKind
from scheduling.cadence import SeriesSlot
from simulator.faults import Fault
from tests.acceptance.oracle import writes
from tests.support.world import Empty, work_until
from tests.workflows.changes.reconciling import answers, lines, mails, now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

FIRST, LAST = date(2027, 3, 3), date(2027, 3, 21)
KINDS = ("reconcile_pair", "book_pair", "send_mails")
# A Monday morning in New York and London: whatever is mailed may go at once.
MONDAY = datetime(2027, 2, 22, 15, tzinfo=UTC)
NIGHT = datetime(2027, 2, 23, 3, tzinfo=UTC)


async def acted(stage: Stage, app: App, telling: Telling) -> None:
    """Do it, and let Tandem's loop work for as long as mails may have to wait."""
    pair_id = await stage.pair_id()
    await app.store.run(lambda tx: telling(app, tx, tx.pairs.require(pair_id), now()))
    until = now() + 3 * DAY
    await work_until(app, until, KINDS)


async def said(stage: Stage, caused: Caused) -> list[tuple[str, str]]:
    """What was said, as the tenant's mail log spells it: kind and address, sorted."""
    people = {person.id: person.mail.lower() for person in (await stage.case()).people}
    kinds = (
        ("message" if mail.is_own else mail.kind, people[mail.person_id]) for mail in caused.mails
    )
    return sorted(kinds)


def _second(tx: Transaction, pair: Pair) -> str:
    dates = [s for s in tx.sessions.of_pair(pair.id) if s.start > now()]
    return sorted(dates, key=lambda s: s.start)[1].id


def _skip(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    return orders.skip(app, tx, tx.sessions.require(_second(tx, pair)))


def _skip_and_make_up(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    return orders.skip(app, tx, tx.sessions.require(_second(tx, pair)), make_up=True)


def _move(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    session = tx.sessions.require(_second(tx, pair))
    return orders.move(app, tx, session, session.start + 2 * HOUR)


def _move_past_a_neighbour(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    session = tx.sessions.require(_second(tx, pair))
    return orders.move(app, tx, session, session.start + 16 * DAY)


def _offer_dates(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    return orders.offer_dates(app, tx, tx.sessions.require(_second(tx, pair)))


def _offer_hours(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    return orders.offer_hours(app, tx, pair)


def _another_hour(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    series = pair.series or {}
    weekday = (series["weekday"] + 1) % 5
    hour = SeriesSlot(series["zone"], weekday, time(14), 0, date(2024, 1, 1 + weekday))
    return orders.change_hour(app, tx, pair, hour)


def _pause(app: App, tx: Transaction, pair: Pair, at: datetime) -> None:
    orders.pause(tx, pair, FIRST, LAST, at)


def _end(app: App, tx: Transaction, pair: Pair, at: datetime) -> None:
    orders.withdraw(tx, pair, at)


def _every_three_weeks(app: App, tx: Transaction, pair: Pair, _: datetime) -> object:
    rule = rule_of(tx, pair).cadence
    slower = ProgramRule(cadence=replace(rule, interval_weeks=3, min_gap_days=6))
    return orders.apply_rule(app, tx, pair, slower.to_body()["cadence"])


def _not_held(app: App, tx: Transaction, pair: Pair, at: datetime) -> object:
    past = [s for s in tx.sessions.of_pair(pair.id) if s.end <= at]
    session = max(past, key=lambda s: s.start)
    return telling.correct(tx, app, session, Correction(VerdictKind.NOT_HELD, None, at))


ACTS: Mapping[str, Telling] = {
    "skip": _skip,
    "skip_and_make_up": _skip_and_make_up,
    "move": _move,
    "move_past_a_neighbour": _move_past_a_neighbour,
    "offer_dates": _offer_dates,
    "offer_hours": _offer_hours,
    "another_hour": _another_hour,
    "pause": _pause,
    "end": _end,
    "every_three_weeks": _every_three_weeks,
    "not_held": _not_held,
}


@pytest.mark.parametrize("act", ACTS)
def test_what_is_said_of_an_act_is_what_the_tenant_sends(empty: Empty, act: str) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pair_id, began = await stage.pair_id(), now()
        caused = await mails_caused(app, pair_id, ACTS[act])
        assert caused.is_certain
        assert caused.waits_until is None
        await acted(stage, app, ACTS[act])
        assert await said(stage, caused) == mails(stage, began) != []
        assert {line.code for line in caused.lines} <= {line.code for line in await lines(stage)}
        await app.close()

    on_stage(empty, play, at=MONDAY)


@pytest.mark.parametrize("act", ["move", "pause", "end", "offer_dates"])
def test_at_night_it_says_until_when_the_mails_wait_and_which_they_are(
    empty: Empty, act: str
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pair_id, began = await stage.pair_id(), now()
        caused = await mails_caused(app, pair_id, ACTS[act])
        assert caused.waits_until is not None
        assert NIGHT < caused.waits_until < NIGHT + DAY
        await acted(stage, app, ACTS[act])
        assert await said(stage, caused) == mails(stage, began) != []
        first = min(m.at for m in stage.world.tenant.mail_log if m.at >= began)
        assert caused.waits_until <= first < caused.waits_until + HOUR
        await app.close()

    on_stage(empty, play, at=NIGHT)


def test_saying_it_leaves_nothing_in_store_calendars_or_inboxes(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pair_id, began = await stage.pair_id(), now()
        before, written = await _everything(stage), len(writes(stage.world))
        for act in ACTS.values():
            await mails_caused(app, pair_id, act)
        assert await _everything(stage) == before
        assert len(writes(stage.world)) == written
        assert mails(stage, began) == []
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_what_is_to_happen_anyway_is_not_put_down_to_the_act(empty: Empty) -> None:
    """A declined date would move whether or not another one is left out."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        third = (await stage.dates())[2]
        await answers(stage, (await stage.case()).mentor, third)
        caused = await mails_caused(app, await stage.pair_id(), _skip)
        second = (await stage.dates())[1]
        assert {(mail.kind, mail.start) for mail in caused.mails} == {
            ("cancellation", second.start)
        }
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_where_calendars_cannot_be_read_it_says_so_and_what_it_knows(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        stage.world.tenant.faults.plan(Fault("cut_before", times=0))
        caused = await mails_caused(app, await stage.pair_id(), _pause)
        assert not caused.is_certain
        assert {mail.kind for mail in caused.mails} == {"cancellation", "paused"}
        await app.close()

    on_stage(empty, play, at=MONDAY)


def test_an_act_without_sense_is_refused_as_it_would_be(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()

        def backwards(app: App, tx: Transaction, pair: Pair, at: datetime) -> None:
            orders.pause(tx, pair, LAST, FIRST, at)

        with pytest.raises(FaultsError, match="a date from"):
            await mails_caused(app, await stage.pair_id(), backwards)
        await app.close()

    on_stage(empty, play, at=MONDAY)


async def _everything(stage: Stage) -> object:
    def read(tx: Transaction) -> object:
        pair = tx.pairs.all()[0]
        return (
            tx.pairs.all(),
            tx.sessions.all(),
            tx.orders.open(pair.id),
            tx.outbox.of_pair(pair.id),
            tx.journal.last_seq(),
            tx.work.count(),
            tx.verdicts.of_session(tx.sessions.all()[0].id),
        )

    return await stage.read(read)
