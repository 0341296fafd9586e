"""Endings: what is to come goes, what was stays, whatever happened to the series before."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from integrations.ports import Transaction
from integrations.records import PairState, SessionState
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.views import pair_view
from integrations.workflows.messages.texts import usual_text
from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import (
    Act,
    AdoptSeries,
    BookDate,
    BookSeries,
    CancelDate,
    Decision,
    EndSeries,
    FollowCancel,
    FollowMove,
    MoveDate,
    StartGeneration,
    decision,
)
from scheduling.changes.endings import truncation
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import CancelCause, SessionView
from scheduling.timespan import TimeSpan
from simulator.faults import Effect, Fault
from simulator.virtual_time import virtual_now
from tests.support.world import START, Empty
from tests.workflows.changes.reconciling import moved_by_coordinator
from tests.workflows.changes.stage import (
    DAY,
    HOUR,
    MIDWAY,
    Decide,
    Photo,
    Play,
    Stage,
    on_stage,
    once_played,
    photographed,
    span_from,
)

EARLY, MINUTE = START + 4 * DAY, timedelta(minutes=1)
PATCH, POST = "PATCH", "POST"
EVENT = "/users/{user}/events/{event}"


async def a_life(stage: Stage) -> Decide:
    """The first date is made up apart, the second left out, the third and fifth are moved."""
    first, second, third, _, fifth = (await stage.dates())[:5]
    acts: list[Act] = [
        CancelDate(first.id, CancelCause.DECLINED),
        BookDate(first.id, first.window, span_from(first.start + DAY)),
        CancelDate(second.id, CancelCause.LEFT_OUT),
        MoveDate(third.id, span_from(third.start - HOUR)),
        MoveDate(fifth.id, span_from(fifth.start + 3 * HOUR)),
    ]

    def decide(case: Case) -> Decision | None:
        return decision(ChangeCode.DATE_DECLINED, acts.pop(0)) if acts else None

    return decide


def lived(empty: Empty) -> Photo:
    return once_played(empty, "a life", a_life, at=EARLY)


def ending(which: Callable[[list[SessionView]], list[SessionView]], *, closes: bool) -> Decide:
    """End those of the dates to come."""

    def decide(case: Case) -> Decision | None:
        view = pair_view(case)
        ends = which(list(view.live_from(virtual_now())))
        if case.pair.state is PairState.WITHDRAWN or not ends:
            return None
        cut = truncation(view, {session.id for session in ends})
        return decision(ChangeCode.WITHDRAWN, EndSeries(cut, closes=closes))

    return decide


async def withdrawn(stage: Stage) -> Decide:
    return ending(lambda coming: coming, closes=True)


async def shortened(stage: Stage) -> Decide:
    """The last two end, as with an earlier end of the program."""
    late = {session.id for session in (await stage.dates())[-2:]}
    return ending(lambda coming: [s for s in coming if s.id in late], closes=False)


async def assert_all_agree(stage: Stage) -> None:
    await stage.assert_store_is_calendar()
    await stage.assert_told_the_truth()


async def past(stage: Stage) -> list[tuple[datetime, datetime]]:
    shown = await stage.shown(await stage.box())
    return [date for date in shown if date[0] < virtual_now()]


def lately(stage: Stage) -> Counter[str]:
    return Counter(m.kind for m in stage.world.tenant.mail_log if m.at >= MIDWAY)


def test_a_cut_leaves_every_past_date_where_it_was(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before = await past(stage)
        assert len(before) >= 2
        await stage.live(await withdrawn(stage))
        assert await past(stage) == before
        assert await stage.dates() == []
        assert (await stage.case()).pair.state is PairState.WITHDRAWN
        await assert_all_agree(stage)

    on_stage(empty, play, photo=lived(empty))


def test_a_cut_mails_once_for_the_series_and_once_for_each_thing_it_undid(empty: Empty) -> None:
    """The series, the moved date put back, and the two cancelled dates that came back with it."""

    async def play(stage: Stage) -> None:
        await stage.live(await withdrawn(stage))
        assert lately(stage) == {"update": 4, "cancellation": 4}

    on_stage(empty, play, photo=lived(empty))


def test_few_dates_are_cancelled_one_by_one_with_words(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        kept = len(await stage.dates()) - 2
        await stage.live(await shortened(stage))
        assert len(await stage.dates()) == kept
        assert lately(stage) == {"cancellation": 4}
        assert all(mail.comment for mail in stage.world.tenant.mail_log[-4:])
        assert (await stage.case()).pair.state is PairState.BOOKED
        await assert_all_agree(stage)

    on_stage(empty, play, photo=lived(empty))


def test_a_series_of_which_nothing_is_kept_is_cancelled_whole(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await stage.live(await withdrawn(stage))
        assert await stage.shown(await stage.box()) == []
        events = stage.world.tenant.mail_log[-2:]
        assert [(mail.kind, mail.occurrence) for mail in events] == [("cancellation", None)] * 2
        await assert_all_agree(stage)

    on_stage(empty, play, at=EARLY)


def test_an_ending_spares_a_past_date_that_only_seemed_to_be_cancelled(empty: Empty) -> None:
    """The store believed a read that lacked it; the series went as a whole, and it with it."""

    async def play(stage: Stage) -> None:
        before = await past(stage)
        assert before

        def believed(tx: Transaction) -> None:
            for session in tx.sessions.of_pair(tx.pairs.all()[0].id):
                if session.start < virtual_now():
                    gone = replace(session, state=SessionState.CANCELLED, cause="in_calendar")
                    tx.sessions.put_many([gone])

        await stage.read(believed)
        await stage.live(await withdrawn(stage))
        assert await past(stage) == before
        assert await stage.shown(await stage.box()) == before

    on_stage(empty, play)


def test_a_cut_spares_a_past_date_that_only_seemed_to_be_cancelled(empty: Empty) -> None:
    """It was cancelled again with those that the cut had really brought back."""

    async def play(stage: Stage) -> None:
        seemed, lost, *_ = sorted((await stage.case()).sessions, key=lambda s: s.start)
        await moved_by_coordinator(stage, seemed, seemed.start + HOUR)
        stage.world.tenant.cancel_event(lost.event_id or "")
        before = await past(stage)
        assert (seemed.start + HOUR, seemed.end + HOUR) in before
        assert (lost.start, lost.end) not in before
        assert len(before) >= 2

        def believed(tx: Transaction) -> None:
            state, cause = SessionState.CANCELLED, "in_calendar"
            tx.sessions.put_many([replace(s, state=state, cause=cause) for s in (seemed, lost)])

        await stage.read(believed)
        await stage.live(await withdrawn(stage))
        assert await past(stage) == before
        assert await stage.shown(await stage.box()) == before

    on_stage(empty, play)


@pytest.mark.parametrize("taken_out", [False, True])
@pytest.mark.parametrize("stale", [timedelta(0), timedelta(seconds=20)])
def test_a_cut_leaves_a_past_date_where_a_person_put_it_since(
    empty: Empty, stale: timedelta, taken_out: bool
) -> None:
    """An ending for a leaver reads no calendar first: the store's places were put back instead."""

    async def play(stage: Stage) -> None:
        stands = [s for s in (await stage.case()).sessions if s.state is SessionState.SCHEDULED]
        over = [s for s in stands if s.end < virtual_now()]
        for number, session in enumerate(over, 1):
            await moved_by_coordinator(stage, session, session.start + number * HOUR)
        before = await past(stage)
        assert len(before) >= 2
        assert not {start for start, _ in before} & {session.start for session in over}
        if taken_out:
            stage.world.tenant.cancel_event(over[-1].event_id or "")
            before = await past(stage)
        await asyncio.sleep(60)
        stage.world.tenant.behaviour.stale_reads = stale
        await stage.live(await withdrawn(stage))
        stage.world.tenant.behaviour.stale_reads = timedelta(0)
        assert await past(stage) == before
        assert await stage.shown(await stage.box()) == before

    on_stage(empty, play, photo=lived(empty))


def test_a_date_that_is_over_is_put_back_though_somebody_moves_it_from_where_it_fell(
    empty: Empty,
) -> None:
    """A cut lets a date that was held early fall to its day to come; moved there, it stayed."""

    async def play(stage: Stage) -> None:
        session = (await stage.dates())[0]
        early = span_from(virtual_now() - DAY)
        follows: list[Act] = [FollowMove(session.id, early)]

        def follow(case: Case) -> Decision | None:
            return decision(ChangeCode.MOVED_IN_CALENDAR, follows.pop()) if follows else None

        await moved_by_coordinator(stage, session, early.start)
        await stage.live(follow)
        before = await past(stage)
        assert (early.start, early.end) in before

        async def somebody_is_quick() -> None:
            await asyncio.sleep((3 * MINUTE + timedelta(seconds=10)).total_seconds())
            assert stage.world.tenant.calls[-1].status == 429
            await moved_by_coordinator(stage, session, session.start + HOUR)

        stage.world.tenant.faults.plan(
            Fault("throttle", method=PATCH, path=EVENT, nth=2, retry_after=30)
        )
        meddling = asyncio.ensure_future(somebody_is_quick())
        await stage.live(await withdrawn(stage))
        await meddling
        assert await past(stage) == before
        assert await stage.shown(await stage.box()) == before

    on_stage(empty, play, at=MIDWAY - 14 * DAY, photo=lived(empty))


def test_a_series_that_somebody_deleted_ends_without_a_mail(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        booking = (await stage.case()).booking
        assert booking is not None
        stage.world.tenant.cancel_event(booking.event_id)
        ours = len(stage.world.tenant.mail_log)
        await stage.live(await withdrawn(stage))
        assert (await stage.case()).pair.state is PairState.WITHDRAWN
        assert (await stage.case()).open_intents == []
        assert len(stage.world.tenant.mail_log) == ours

    on_stage(empty, play)


def test_a_stale_read_after_a_cut_does_not_pass_for_dates_put_back(empty: Empty) -> None:
    """Each date the cut undid was shown as before it, taken for right and left where it fell."""

    async def play(stage: Stage) -> None:
        before = await past(stage)
        stage.world.tenant.behaviour.stale_reads = timedelta(seconds=20)
        await stage.live(await withdrawn(stage))
        stage.world.tenant.behaviour.stale_reads = timedelta(0)
        assert await past(stage) == before
        assert lately(stage) == {"update": 4, "cancellation": 4}
        await assert_all_agree(stage)

    on_stage(empty, play, photo=lived(empty))


@pytest.mark.slow
@pytest.mark.parametrize("act", [withdrawn, shortened])
def test_a_death_at_any_point_of_an_ending_loses_and_doubles_nothing(
    empty: Empty, act: Play
) -> None:
    pictures, decide = photographed(empty, act, photo=lived(empty))

    async def undisturbed(stage: Stage) -> tuple[object, ...]:
        await stage.live(await act(stage))
        return await stage.outcome()

    expected = on_stage(empty, undisturbed, photo=lived(empty))

    async def recover(stage: Stage) -> None:
        await stage.live(decide)
        await assert_all_agree(stage)
        assert await stage.outcome() == expected

    assert len(pictures) > 5
    for picture in pictures:
        on_stage(empty, recover, at=picture.at, photo=picture)


@pytest.mark.parametrize("effect", ["cut_after", "cut_before", "error", "throttle"])
@pytest.mark.parametrize("nth", [1, 2])
def test_no_fault_of_an_answer_changes_what_a_cut_leaves(
    empty: Empty, effect: Effect, nth: int
) -> None:
    async def play(stage: Stage) -> None:
        before = await past(stage)
        for method, path in ((PATCH, EVENT), (POST, EVENT + "/cancel")):
            retry = 40 if effect == "throttle" else None
            fault = Fault(effect, method=method, path=path, nth=nth, retry_after=retry)
            stage.world.tenant.faults.plan(fault)
        await stage.live(await withdrawn(stage))
        assert await past(stage) == before
        await assert_all_agree(stage)

    on_stage(empty, play, photo=lived(empty))


# --- another series in its place ----------------------------------------------------------


async def renewed(stage: Stage) -> Decide:
    """The rest is replaced by four dates on another weekday, one of them moved."""
    case = await stage.case()
    old = pair_view(case).series
    assert old is not None
    weekday = (old.weekday + 1) % 5
    first = date(2027, 2, 22) + timedelta(days=weekday)
    slot = SeriesSlot(old.zone, weekday, time(11), 0, first)
    rule = replace(
        case.rule.cadence, occurrences=5, minimum_held=None, shorter_than_four_months=True
    )
    spans = [span_from(slot.utc_start(k, 2)) for k in range(5)]
    spans[3] = span_from(spans[3].start + HOUR)
    dates = tuple((k, spans[k]) for k in (0, 2, 3, 4))
    start = StartGeneration(rule, date(2027, 2, 22), slot, dates)

    def decide(case: Case) -> Decision | None:
        if case.pair.generation > 1:
            return None
        view = pair_view(case)
        cut = truncation(view, {session.id for session in view.live_from(virtual_now())})
        return decision(ChangeCode.RULE_CHANGED, EndSeries(cut, closes=False), start)

    return decide


def test_another_generation_takes_the_place_of_what_was_to_come(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before = await past(stage)
        await stage.live(await renewed(stage))
        assert (await stage.case()).pair.state is PairState.BOOKING
        await stage.book()
        case = await stage.case()
        assert (case.pair.state, case.pair.generation) == (PairState.BOOKED, 2)
        assert [s.start.hour - s.series_start.hour for s in await stage.dates()] == [0, 0, 1, 0]
        assert await past(stage) == before
        assert len(case.bookings) == 2
        await assert_all_agree(stage)
        assert lately(stage)["invitation"] == 2

    on_stage(empty, play, photo=lived(empty))


@pytest.mark.slow
def test_a_death_between_two_generations_never_leaves_dates_in_both(empty: Empty) -> None:
    pictures, decide = photographed(empty, renewed, photo=lived(empty))

    async def recover(stage: Stage) -> None:
        await stage.live(decide)
        await stage.book()
        assert {s.generation for s in await stage.dates()} == {2}
        await assert_all_agree(stage)

    for picture in pictures:
        on_stage(empty, recover, at=picture.at, photo=picture)


def test_the_words_of_a_replaced_series_say_that_another_follows(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await stage.live(await renewed(stage))
        [comment] = {m.comment for m in stage.world.tenant.mail_log if m.kind == "cancellation"}
        assert comment == usual_text("cancelled_series_replaced").strip()

    on_stage(empty, play, at=EARLY)


def test_a_series_of_the_two_is_taken_over_as_it_stands_and_mails_nobody(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        view = pair_view(await stage.case())
        booking = (await stage.case()).booking
        assert booking is not None
        assert view.series is not None
        await stage.forget_booking()
        dates = tuple((s.window, s.recurrence_id, s.span) for s in view.sessions)
        adopt = AdoptSeries(booking.event_id, view.series, dates)

        def decide(case: Case) -> Decision | None:
            waits = case.pair.state is not PairState.BOOKED
            return decision(ChangeCode.ADOPTED, adopt) if waits else None

        mails = len(stage.world.tenant.mail_log)
        await stage.live(decide)
        case = await stage.case()
        assert case.booking is not None
        assert case.booking.event_id == booking.event_id
        assert all(s.event_id and s.moved_by_person for s in case.sessions)
        assert len(stage.world.tenant.mail_log) == mails
        await stage.assert_store_is_calendar()

    on_stage(empty, play, at=EARLY)


def test_a_picked_hour_is_the_hour_that_is_booked(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        view = pair_view(await stage.case())
        assert view.series is not None
        booking = (await stage.case()).booking
        assert booking is not None
        stage.world.tenant.cancel_event(booking.event_id)
        await stage.forget_booking()
        slot = view.series

        def decide(case: Case) -> Decision | None:
            waits = case.pair.state is PairState.ENROLLED
            return decision(ChangeCode.OFFER_PICKED, BookSeries(slot)) if waits else None

        await stage.live(decide)
        await stage.book()
        case = await stage.case()
        assert case.pair.state is PairState.BOOKED
        booked = pair_view(case).series
        assert booked is not None
        assert (booked.weekday, booked.start) == (slot.weekday, slot.start)
        await stage.assert_store_is_calendar()

    on_stage(empty, play, at=EARLY)


def test_a_series_that_was_deleted_is_booked_again_for_the_dates_not_had(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        assert case.booking is not None
        had = len(await past(stage))
        stage.world.tenant.cancel_event(case.booking.event_id)
        lost = [FollowCancel(session.id) for session in await stage.dates()]
        acts: list[tuple[Act, ...]] = [tuple(lost), (BookSeries(),)]

        def decide(case: Case) -> Decision | None:
            return decision(ChangeCode.ORDER_CARRIED_OUT, *acts.pop(0)) if acts else None

        await stage.live(decide)
        await stage.book()
        case = await stage.case()
        assert (case.pair.state, case.pair.generation) == (PairState.BOOKED, 2)
        assert len(await stage.dates()) == case.rule.cadence.occurrences == 9 - had
        live = [s for s in case.sessions if s.generation == 2]
        assert {s.state for s in live} == {SessionState.SCHEDULED}

    on_stage(empty, play)


def test_a_kept_date_that_no_occurrence_can_hold_any_more_becomes_a_single_event(
    empty: Empty,
) -> None:
    """A past date beyond the next one that is kept: Exchange would refuse to put it back."""

    async def play(stage: Stage) -> None:
        before = await past(stage)
        case = await stage.case()
        first, second = sorted(
            (s for s in case.sessions if s.start < virtual_now()), key=lambda s: s.series_start
        )[:2]

        def decide(case: Case) -> Decision | None:
            if case.pair.state is PairState.WITHDRAWN:
                return None
            view = pair_view(case)
            cut = truncation(view, {session.id for session in view.live_from(virtual_now())})
            span = TimeSpan(first.start, first.end)
            unfit = replace(cut, reapply=(), singles=((first.id, span),))
            return decision(ChangeCode.WITHDRAWN, EndSeries(unfit))

        await stage.live(decide)
        assert await past(stage) == before
        after = (await stage.case()).session(first.id)
        assert (after.single, after.start) == (True, first.start)
        assert after.event_id not in (None, first.event_id)
        assert not (await stage.case()).session(second.id).single
        await stage.assert_told_the_truth()

    on_stage(empty, play, photo=once_played(empty, "moved", a_moved_first, at=EARLY))


async def a_moved_first(stage: Stage) -> Decide:
    """The plan's own moved date goes back to its slot, so that the first is the only exception."""
    first = (await stage.dates())[0]
    third = (await stage.dates())[2]
    acts: list[Act] = [
        MoveDate(first.id, span_from(first.start + DAY)),
        MoveDate(third.id, span_from(third.series_start)),
    ]

    def decide(case: Case) -> Decision | None:
        return decision(ChangeCode.DATE_DECLINED, acts.pop(0)) if acts else None

    return decide


def test_owed_writes_keep_the_pace_of_their_mailbox(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await stage.live(await withdrawn(stage), mails_per_minute="4")
        await assert_all_agree(stage)
        sent = sorted(m.at for m in stage.world.tenant.mail_log if m.at >= MIDWAY)
        for begun in sent:
            assert sum(begun <= at < begun + MINUTE for at in sent) <= 8

    on_stage(empty, play, photo=lived(empty))
