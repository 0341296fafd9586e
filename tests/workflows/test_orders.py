"""What coordinators tell Tandem, from the order to store, three calendars and mail log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import Need, Order, Pair, PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.ordering import orders, ready_acts
from integrations.workflows.ordering.orders import (
    UnknownDateError,
    UnknownPairError,
    WrongStateError,
    find_pair,
    find_session,
)
from integrations.workflows.ordering.ready_acts import lower_minimum
from integrations.workflows.telling import needs
from scheduling.changes.acts import ReadyAct
from scheduling.changes.reasons import ChangeCode
from tests.support.world import Empty, book_all, enrolled, firm_of, virtually, work_until
from tests.workflows.changes.reconciling import (
    lines,
    live,
    mails,
    now,
    reconciled,
    session,
    takes,
    to_both,
    until,
)
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

FIRST, LAST = date(2027, 3, 3), date(2027, 3, 21)


async def told(stage: Stage, app: App, tell: Callable[[Transaction, Pair], object]) -> None:
    """Give an order and let it be carried out as far as it can be now."""
    pair_id = await stage.pair_id()
    await app.store.run(lambda tx: tell(tx, tx.pairs.require(pair_id)))
    await reconciled(stage, app)


async def outcomes(stage: Stage) -> list[str | None]:
    """What came of the pair's orders, in the order of the journal's lines."""
    given = [str(line.data["order"]) for line in await lines(stage, "order_given")]

    def read(tx: Transaction) -> list[str | None]:
        found = [tx.orders.get(order) for order in given]
        return [order.outcome for order in found if order is not None]

    return await stage.read(read)


# --- leaving a date out ------------------------------------------------------------------


@pytest.mark.parametrize(("make_up", "cause"), [(False, "left_out"), (True, "skipped")])
def test_a_skipped_date_leaves_every_calendar_and_is_made_up_if_asked(
    empty: Empty, make_up: bool, cause: str
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        before = await live(stage)
        day = (await stage.dates())[1]
        began = now()
        await told(
            stage,
            app,
            lambda tx, pair: orders.skip(app, tx, tx.sessions.require(day.id), make_up=make_up),
        )
        skipped = await session(stage, day.id)
        assert (skipped.state, skipped.cause) == (SessionState.CANCELLED, cause)
        assert await outcomes(stage) == ["left_out"]
        made_up = {s.id for s in await live(stage)} - {s.id for s in before}
        assert len(made_up) == int(make_up)
        assert len(await live(stage)) == len(before) - 1 + len(made_up)
        sent = mails(stage, began)
        cancelled = [mail for mail in sent if mail[0] == "cancellation"]
        assert cancelled == await to_both(stage, "cancellation")
        assert len(sent) == 2 + 2 * len(made_up)
        await stage.assert_store_is_calendar()
        await stage.assert_told_the_truth()
        await app.close()

    on_stage(empty, play)


def test_a_date_that_is_skipped_twice_is_cancelled_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day, began = (await stage.dates())[1], now()
        for _ in range(2):
            await told(
                stage, app, lambda tx, pair: orders.skip(app, tx, tx.sessions.require(day.id))
            )
        assert await outcomes(stage) == ["left_out", "order_too_late"]
        assert mails(stage, began) == await to_both(stage, "cancellation")
        await app.close()

    on_stage(empty, play)


# --- moving a date -----------------------------------------------------------------------


def test_a_moved_date_stands_at_the_new_hour_and_is_its_persons_own(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day, began = (await stage.dates())[1], now()
        to = day.start + 2 * HOUR
        await told(
            stage, app, lambda tx, pair: orders.move(app, tx, tx.sessions.require(day.id), to)
        )
        moved = await session(stage, day.id)
        assert (moved.start, moved.end - moved.start) == (to, day.end - day.start)
        assert moved.moved_by_person
        assert mails(stage, began) == await to_both(stage, "update")
        assert await outcomes(stage) == ["moved_by_order"]
        await stage.assert_store_is_calendar()
        await stage.assert_told_the_truth()
        await app.close()

    on_stage(empty, play)


def test_a_busy_hour_is_taken_if_a_coordinator_says_so(empty: Empty) -> None:
    """An order is somebody's act: people's own appointments do not stand against it."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day = (await stage.dates())[1]
        to = day.start + 2 * HOUR
        await takes(stage, (await stage.case()).mentor, to, to + HOUR)
        await told(
            stage, app, lambda tx, pair: orders.move(app, tx, tx.sessions.require(day.id), to)
        )
        assert (await session(stage, day.id)).start == to
        await app.close()

    on_stage(empty, play)


@pytest.mark.parametrize(
    ("which", "code"), [("onto_another", "order_double_books"), ("past", "order_too_late")]
)
def test_a_move_that_cannot_be_changes_nothing_and_says_why(
    empty: Empty, which: str, code: str
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        dates, began = await stage.dates(), now()
        to = dates[2].start + HOUR / 2 if which == "onto_another" else now() - HOUR
        await told(
            stage, app, lambda tx, pair: orders.move(app, tx, tx.sessions.require(dates[1].id), to)
        )
        assert await outcomes(stage) == [code]
        (line,) = await lines(stage, code)
        assert line.data["order"] == "move"
        assert [s.start for s in await stage.dates()] == [s.start for s in dates]
        assert mails(stage, began) == []
        await app.close()

    on_stage(empty, play)


def test_a_move_at_night_waits_for_mail_hours_and_is_done_by_the_loop(empty: Empty) -> None:
    night = datetime(2027, 2, 23, 3, tzinfo=UTC)

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day = (await stage.dates())[1]
        assert day.start > now() + 3 * DAY
        to = day.start + 2 * HOUR
        await app.store.run(lambda tx: orders.move(app, tx, tx.sessions.require(day.id), to))
        await _work_until(app, now() + timedelta(minutes=10))
        (wait,) = await lines(stage, "mail_hours")
        morning = datetime.strptime(wait.data["until"], "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC)
        assert now() < morning < now() + DAY
        assert (await session(stage, day.id)).start == day.start
        assert mails(stage, night) == []
        assert await outcomes(stage) == [None]

        await _work_until(app, morning + HOUR)
        assert (await session(stage, day.id)).start == to
        assert mails(stage, night) == await to_both(stage, "update")
        assert min(m.at for m in stage.world.tenant.mail_log if m.at > night) >= morning
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play, at=night)


async def _work_until(app: App, at: datetime) -> None:
    """Let Tandem's loop deal with the pair until an instant."""
    kinds = ("reconcile_pair", "book_pair")
    await work_until(app, at, kinds)


# --- pauses ------------------------------------------------------------------------------


def _pause(first: date = FIRST, last: date = LAST) -> Callable[[Transaction, Pair], None]:
    return lambda tx, pair: orders.pause(tx, pair, first, last, now())


def test_a_pause_told_twice_is_told_once_and_another_replaces_it(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        began = now()
        dates = await stage.dates()
        inside = [s for s in dates if FIRST <= s.start.date() <= LAST]
        for _ in range(2):
            await told(stage, app, _pause())
        assert len(await lines(stage, "pause_ordered")) == 1
        assert await lines(stage, "unexpected_date") == [], "the dates cancelled were known"
        assert len(mails(stage, began)) == 2 * len(inside) > 0
        longer = LAST + timedelta(days=14)
        await told(stage, app, _pause(last=longer))
        assert len(await lines(stage, "pause_ordered")) == 2
        case = await stage.case()
        assert case.pair.pause == {"first": str(FIRST), "last": str(longer)}
        rest = [s for s in await live(stage) if s.start > now()]
        assert not any(FIRST <= s.start.date() <= longer for s in rest)
        await stage.assert_store_is_calendar()
        await stage.assert_told_the_truth()
        await app.close()

    on_stage(empty, play)


def test_resuming_before_a_pause_has_begun_forgets_it(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day = (await stage.dates())[0]
        first = day.start.date() + timedelta(days=1)
        await app.store.run(
            lambda tx: orders.pause(tx, tx.pairs.all()[0], first, first + 30 * DAY, now())
        )
        dates = await stage.dates()
        await told(stage, app, lambda tx, pair: orders.resume(tx, pair, now()))
        pair = (await stage.case()).pair
        assert (pair.state, pair.pause, pair.past_pauses) == (PairState.BOOKED, None, ())
        assert [s.id for s in await stage.dates()] == [s.id for s in dates], "nothing was cancelled"
        assert await _notes(stage, app, now() - HOUR) == [], "nobody had heard of it"
        await app.close()

    on_stage(empty, play)


def test_resuming_a_pause_that_has_begun_ends_it_yesterday(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        today = now().date()
        await told(stage, app, _pause(today, today + timedelta(days=60)))
        assert (await stage.case()).pair.state is PairState.PAUSED
        await until(now() + 7 * DAY, app)
        began = now()
        await told(stage, app, lambda tx, pair: orders.resume(tx, pair, now()))
        pair = (await stage.case()).pair
        assert (pair.state, pair.pause) == (PairState.BOOKED, None)
        (past,) = pair.past_pauses
        assert past["last"] == str(now().date() - timedelta(days=1))
        assert len(await lines(stage, "resumed")) == 1
        assert not [mail for mail in mails(stage, began) if mail[0] == "cancellation"]
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


async def _notes(stage: Stage, app: App, began: datetime) -> list[tuple[str, str]]:
    """What Tandem itself wrote to the two since an instant, once all of it has left: sorted."""
    at = now() + HOUR / 2
    await work_until(app, at, ("send_mails",))
    await until(at, app)
    pair_id = await stage.pair_id()
    rows = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
    sent = [row for row in rows if row.sent_at is not None and row.sent_at >= began]
    messages = [mail for mail in mails(stage, began) if mail[0] == "message"]
    assert len(messages) == len(sent), "what the outbox calls sent was sent"
    return sorted((row.purpose, row.person_id) for row in sent)


async def _told_both(stage: Stage, message: str) -> list[tuple[str, str]]:
    return sorted((message, person.id) for person in (await stage.case()).people)


def test_of_a_pause_that_changes_both_are_told_anew(empty: Empty) -> None:
    """Prolonging one left both with the old date on which the hour was to go on."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        for last in (LAST, LAST + 14 * DAY):
            began = now()
            await told(stage, app, _pause(last=last))
            assert (await stage.case()).pair.state is PairState.PAUSED
            assert await _notes(stage, app, began) == await _told_both(stage, "paused")
            await until(now() + 7 * DAY, app)
        said = [m.body for m in stage.world.tenant.mail_log if m.kind == "message"][-2:]
        assert all("4 April 2027" in body for body in said)
        await app.close()

    on_stage(empty, play)


def test_a_pause_that_ends_on_its_first_day_is_remembered_and_both_hear_of_it(
    empty: Empty,
) -> None:
    """It left no trace: the day counted as one without a pause, and both waited for its end."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        today = now().date()
        await told(stage, app, _pause(today, today + timedelta(days=30)))
        assert await _notes(stage, app, now() - HOUR) == await _told_both(stage, "paused")
        began = now()
        await told(stage, app, lambda tx, pair: orders.resume(tx, pair, now()))
        pair = (await stage.case()).pair
        assert (pair.state, pair.pause) == (PairState.BOOKED, None)
        assert pair.past_pauses == ({"first": str(today), "last": str(today)},)
        assert await _notes(stage, app, began) == await _told_both(stage, "resumed")
        await app.close()

    on_stage(empty, play)


def test_a_pause_called_off_before_it_begins_is_told_to_those_who_knew_of_it(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await told(stage, app, _pause())
        assert await _notes(stage, app, now() - HOUR) == await _told_both(stage, "paused")
        began = now()
        await told(stage, app, lambda tx, pair: orders.resume(tx, pair, now()))
        pair = (await stage.case()).pair
        assert (pair.state, pair.pause, pair.past_pauses) == (PairState.BOOKED, None, ())
        assert await _notes(stage, app, began) == await _told_both(stage, "resumed")
        await app.close()

    on_stage(empty, play)


def test_a_pause_without_sense_is_refused(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        today, pair = now().date(), (await stage.case()).pair
        for first, last in (
            (today, today - timedelta(days=1)),
            (today + timedelta(days=9), today + timedelta(days=3)),
        ):
            with pytest.raises(FaultsError, match="until: expected a date from"):
                await stage.read(lambda tx, f=first, n=last: orders.pause(tx, pair, f, n, now()))  # type: ignore[misc]
        late = today + orders.LONGEST_PAUSE + timedelta(days=1)
        for last in (late, date.max):
            with pytest.raises(FaultsError, match="until: expected a date until"):
                await stage.read(lambda tx, n=last: orders.pause(tx, pair, today, n, now()))  # type: ignore[misc]
        with pytest.raises(WrongStateError, match="told to resume"):
            await stage.read(lambda tx: orders.resume(tx, pair, now()))
        assert (await stage.case()).pair == pair

    on_stage(empty, play)


# --- ending a pair -----------------------------------------------------------------------


def test_withdrawing_takes_out_what_is_to_come_and_leaves_what_was(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        before = await stage.shown(await stage.box())
        past = [span for span in before if span[0] < now()]
        assert 0 < len(past) < len(before)
        for _ in range(2):
            await told(stage, app, lambda tx, pair: orders.withdraw(tx, pair, now()))
        assert (await stage.case()).pair.state is PairState.WITHDRAWN
        assert await stage.shown(await stage.box()) == past
        assert len(await lines(stage, "withdrawal_ordered")) == 1
        assert len(await lines(stage, "withdrawn")) == 1
        await stage.assert_told_the_truth()
        with pytest.raises(WrongStateError):
            await app.store.run(lambda tx: orders.offer_hours(app, tx, tx.pairs.all()[0]))
        await app.close()

    on_stage(empty, play)


@virtually
async def test_a_planned_pair_ends_at_once_and_is_never_booked(empty: Empty) -> None:
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrolled(world, app)
    pair = (await world.read(lambda tx: tx.pairs.all()))[0]
    await app.store.run(lambda tx: orders.withdraw(tx, tx.pairs.require(pair.id), app.clock.now()))
    await book_all(app)
    ended = await world.read(lambda tx: tx.pairs.require(pair.id))
    assert (ended.state, ended.withdrawn) == (PairState.WITHDRAWN, True)
    assert await world.read(lambda tx: tx.sessions.of_pair(pair.id)) == []
    assert len({mail.event_id for mail in world.tenant.mail_log}) == 1, "the other pair's series"
    with pytest.raises(WrongStateError, match="told to pause"):
        await world.read(lambda tx: orders.pause(tx, ended, FIRST, LAST, app.clock.now()))
    await app.close()


def test_withdrawing_closes_what_needed_somebody_about_the_pair(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await _row(stage, ChangeCode.SHORTFALL, (), "")
        await told(stage, app, lambda tx, pair: orders.withdraw(tx, pair, now()))
        row = await stage.read(lambda tx: tx.needs.get("row-1"))
        assert row is not None
        assert row.closed_at is not None
        assert await stage.read(lambda tx: needs.open_needs(tx, now())) == []
        await app.close()

    on_stage(empty, play)


# --- acts that a row offers ----------------------------------------------------------------


async def _row(stage: Stage, code: ChangeCode, acts: tuple[ReadyAct, ...], about: str) -> str:
    need = Need(
        id="row-1",
        key=f"{code}:row",
        pair_id=await stage.pair_id(),
        code=code.value,
        raised_at=now(),
        session_id=about or None,
        ready=tuple(act.value for act in acts),
        data={},
    )
    await stage.eyes.run(lambda tx: tx.needs.raise_once(need))
    return need.id


async def _act(stage: Stage, app: App, act: ReadyAct, until: date | None = None) -> None:
    """As the command line does it."""

    def carry_out(tx: Transaction, need: Need, order: str) -> None:
        ready_acts.carry_out(app, tx, need, order, until=until, by="coordinator")

    await app.store.run(
        lambda tx: needs.act(tx, "row-1", act, now(), by="coordinator", carry_out=carry_out)
    )
    await reconciled(stage, app)


async def _acted(
    empty_stage: Stage, act: ReadyAct, *, of_date: bool = False, until: date | None = None
) -> tuple[Session, App]:
    day = (await empty_stage.dates())[1]
    app = await empty_stage.world.begin()
    code = ChangeCode.NO_OTHER_HOUR if of_date else ChangeCode.SERIES_DECLINED
    await _row(empty_stage, code, (act,), day.id if of_date else "")
    await _act(empty_stage, app, act, until)
    return day, app


@pytest.mark.parametrize(
    ("of_date", "purpose"), [(True, "offered_dates"), (False, "offered_hours")]
)
def test_offering_hours_leaves_an_offer_for_each_of_the_two(
    empty: Empty, of_date: bool, purpose: str
) -> None:
    async def play(stage: Stage) -> None:
        _, app = await _acted(stage, ReadyAct.OFFER_HOURS, of_date=of_date)
        pair_id = await stage.pair_id()
        offers = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
        people = {person.id for person in (await stage.case()).people}
        assert {(o.person_id, o.purpose) for o in offers} == {(p, purpose) for p in people}
        assert await outcomes(stage) == ["offered_by_order"]
        await app.close()

    on_stage(empty, play)


def test_leaving_a_date_out_from_its_row_cancels_it_without_a_make_up(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        day, app = await _acted(stage, ReadyAct.LEAVE_OUT, of_date=True)
        assert (await session(stage, day.id)).cause == "left_out"
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_pausing_from_a_row_begins_today_and_needs_a_last_date(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        last = now().date() + timedelta(days=20)
        with pytest.raises(FaultsError, match="the last date of the pause"):
            await _acted(stage, ReadyAct.PAUSE)
        app = await stage.world.begin()
        await _act(stage, app, ReadyAct.PAUSE, last)
        pair = (await stage.case()).pair
        assert (pair.state, pair.pause) == (
            PairState.PAUSED,
            {"first": str(now().date()), "last": str(last)},
        )
        await app.close()

    on_stage(empty, play)


def test_ending_from_a_row_ends_the_pair_and_closes_the_row(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        _, app = await _acted(stage, ReadyAct.END)
        case = await stage.case()
        assert case.pair.state is PairState.WITHDRAWN
        assert [need.id for need in case.needs] == []
        assert await stage.dates() == []
        await app.close()

    on_stage(empty, play)


def test_booking_again_replaces_a_series_that_was_deleted(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        had = [s for s in await live(stage) if s.start < now()]
        booking = (await stage.case()).booking
        occurrences = (await stage.case()).rule.cadence.occurrences
        assert booking is not None
        stage.world.tenant.cancel_event(booking.event_id)
        await reconciled(stage, app)
        (need,) = (await stage.case()).needs
        assert (need.code, ReadyAct.BOOK_AGAIN in need.ready) == ("series_deleted", True)

        def carry_out(tx: Transaction, row: Need, order: str) -> None:
            ready_acts.carry_out(app, tx, row, order, by="coordinator")

        await app.store.run(
            lambda tx: needs.act(
                tx, need.id, ReadyAct.BOOK_AGAIN, now(), by="coordinator", carry_out=carry_out
            )
        )
        await _work_until(app, now() + HOUR)
        case = await stage.case()
        assert case.pair.state is PairState.BOOKED
        assert await outcomes(stage) == ["order_carried_out"]
        assert 0 < len(await stage.dates()) <= occurrences - len(had)
        assert {s.generation for s in await stage.dates()} == {2}
        await app.close()

    on_stage(empty, play)


def test_who_talks_to_them_keeps_the_row_as_its_owner(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await _row(stage, ChangeCode.NO_OTHER_HOUR, (ReadyAct.TALK,), "")
        await app.store.run(
            lambda tx: needs.act(
                tx, "row-1", ReadyAct.TALK, now(), by="coordinator", carry_out=_nothing
            )
        )
        need = await stage.read(lambda tx: tx.needs.get("row-1"))
        assert need is not None
        assert (need.owner, need.closed_at, need.outcome) == ("coordinator", None, None)
        await app.close()

    on_stage(empty, play)


def _nothing(_tx: Transaction, _need: Need, order: str) -> None:
    raise AssertionError(f"nothing is ordered by talking: {order}")


def test_what_is_done_elsewhere_closes_its_row(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await _row(stage, ChangeCode.LEAVER, (ReadyAct.PAIR_AGAIN,), "")
        await _act(stage, app, ReadyAct.PAIR_AGAIN)
        done = await stage.read(lambda tx: tx.needs.get("row-1"))
        assert done is not None
        assert done.outcome == "pair_again"
        assert await lines(stage, "order_given") == []
        await app.close()

    on_stage(empty, play)


def test_a_pair_is_asked_for_no_more_meetings_than_it_can_reach(empty: Empty) -> None:
    """Nothing is held so far, so its dates to come are all it can reach; once is enough."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        await _row(stage, ChangeCode.LEAVER, (ReadyAct.LOWER_MINIMUM,), "")
        before = (await stage.case()).rule.cadence.minimum_held
        await _act(stage, app, ReadyAct.LOWER_MINIMUM)
        lowered = (await stage.case()).rule.cadence.minimum_held
        assert before is not None
        assert lowered == len(await stage.dates()) < before
        assert [e.data["minimum"] for e in await lines(stage, "minimum_lowered")] == [lowered]
        pair = (await stage.case()).pair
        with pytest.raises(orders.WrongStateError, match="fewer meetings"):
            await app.store.run(lambda tx: lower_minimum(app, tx, pair, None, "coordinator"))
        await app.close()

    on_stage(empty, play)


# --- names -------------------------------------------------------------------------------


def test_pairs_go_by_their_id_or_the_one_of_their_roster(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        pair = (await stage.case()).pair
        assert pair.roster_id
        for name in (pair.id, pair.roster_id):
            assert (await stage.read(lambda tx, name=name: find_pair(tx, name))).id == pair.id  # type: ignore[misc]
        for name in ("nobody", "", "'; drop table pairs"):
            with pytest.raises(UnknownPairError):
                await stage.read(lambda tx, name=name: find_pair(tx, name))  # type: ignore[misc]

        def same_name(tx: Transaction) -> None:
            for one in tx.pairs.all():
                tx.pairs.put(replace(one, roster_id="P1"))

        await stage.eyes.run(same_name)
        with pytest.raises(UnknownPairError, match="2 pairs go by 'P1'"):
            await stage.read(lambda tx: find_pair(tx, "P1"))

    on_stage(empty, play)


def test_dates_go_by_their_day_in_the_series_zone_and_past_ones_by_none(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        case, day = await stage.case(), (await stage.dates())[1]
        local = day.start.astimezone(ZoneInfo(case.zone)).date()

        def find(at: date) -> Callable[[Transaction], Session]:
            return lambda tx: find_session(tx, case.pair, at, now())

        assert (await stage.read(find(local))).id == day.id
        gone = next(s for s in case.sessions if s.start < now())
        for nothing in (
            local + timedelta(days=1),
            gone.start.astimezone(ZoneInfo(case.zone)).date(),
        ):
            with pytest.raises(UnknownDateError):
                await stage.read(find(nothing))

    on_stage(empty, play)


def test_orders_are_journalled_with_their_date_and_who_gave_them(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        day = (await stage.dates())[1]

        def give(tx: Transaction) -> Order:
            return orders.skip(app, tx, tx.sessions.require(day.id), by="coordinator")

        order = await app.store.run(give)
        (line,) = await lines(stage, "order_given")
        assert line.session_id == day.id
        assert line.data == {"by": "coordinator", "order": order.id, "kind": "skip"}
        await app.close()

    on_stage(empty, play)
