"""A series the two have already: found in a program mailbox, adopted by order, kept as one's own.

The pair's own series stands for one that was made by hand: the store forgets that it made it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.errors import FaultsError
from integrations.ports import SeriesDraft, Transaction
from integrations.records import PairState
from integrations.runtime import Death
from integrations.workflows.app import App
from integrations.workflows.ordering import at_once
from integrations.workflows.ordering.adopting import (
    ExistingShown,
    SeriesNamed,
    series_named,
    series_to_adopt,
)
from integrations.workflows.ordering.mails_caused import mails_caused
from integrations.workflows.ordering.orders import WrongStateError
from integrations.workflows.ordering.pair_acts import PairAct, telling_of
from integrations.workflows.pair_page.another_time import CannotBeReadError
from scheduling.cadence import zone_info
from tests.support.world import START, Empty
from tests.workflows.changes.reconciling import answers, lines, live, now, reconciled
from tests.workflows.changes.stage import DAY, Stage, on_stage

EARLY = START + 4 * DAY
BY = "dir-1"


async def found(stage: Stage, app: App) -> list[ExistingShown]:
    """What a coordinator is shown."""
    return await series_to_adopt(app, await stage.pair_id())


async def adopts(stage: Stage, app: App, key: str) -> at_once.Outcome:
    """Say yes to one of them."""
    telling = telling_of(PairAct.ADOPT, {"series": key}, BY)
    return await at_once.tell_pair(app, await stage.pair_id(), telling)


async def by_hand(stage: Stage) -> str:
    """The pair's series, as if a coordinator had made it herself; its key."""
    booking = (await stage.case()).booking
    assert booking is not None
    await stage.forget_booking()
    return SeriesNamed(booking.mailbox_id, booking.event_id).key


async def another(stage: Stage, app: App, *extra: str, **facts: Any) -> str:
    """One more series of the two in the program mailbox, with ``extra`` people; its key."""
    case = await stage.case()
    zone, cadence = case.zone, case.rule.cadence
    start = datetime(2027, 1, 12, 7, tzinfo=zone_info(zone))
    draft = SeriesDraft(
        subject="Coffee",
        body_html="<p>Coffee</p>",
        zone=zone,
        start=start.replace(tzinfo=None),
        duration=cadence.duration,
        weekday="tue",
        interval_weeks=cadence.interval_weeks,
        occurrences=cadence.occurrences,
        attendees=tuple((mail, "") for mail in (*(p.mail for p in case.people), *extra)),
        location=None,
        transaction_id="by hand",
        tag="by hand",
    )
    made = await app.graph.calendar.create_series(case.mailbox_id, replace(draft, **facts))
    return SeriesNamed(case.mailbox_id, made.id).key


def test_it_is_found_shown_in_words_and_adopted_without_a_mail(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        before = {s.series_start: (s.start, s.end) for s in await live(stage)}
        key = await by_hand(stage)
        app = await stage.world.begin()
        (one,) = await found(stage, app)
        assert (one.key, one.refusal) == (key, None)
        assert f"every other week: {len(before)} dates from" in one.words
        telling = telling_of(PairAct.ADOPT, {"series": key}, BY)
        assert (await mails_caused(app, await stage.pair_id(), telling)).mails == ()
        mails = len(stage.world.tenant.mail_log)
        outcome = await adopts(stage, app, key)
        assert {"adopted", "series_adopted"} <= {line.code for line in outcome.lines}
        assert len(stage.world.tenant.mail_log) == mails
        case = await stage.case()
        assert (case.pair.state, case.booking is not None) == (PairState.BOOKED, True)
        assert {s.series_start: (s.start, s.end) for s in case.sessions} == before
        await reconciled(stage, app)
        assert {s.series_start: (s.start, s.end) for s in (await stage.case()).sessions} == before
        await app.close()
        await stage.book()
        booking = (await stage.case()).booking
        assert booking is not None
        assert booking.meeting_id is not None
        await stage.assert_store_is_calendar()

    on_stage(empty, play, at=EARLY)


def test_adopting_twice_is_adopting_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        key = await by_hand(stage)
        app = await stage.world.begin()
        await adopts(stage, app, key)
        first = await stage.case()
        with pytest.raises(WrongStateError):
            await adopts(stage, app, key)
        await reconciled(stage, app)
        assert (await stage.case()).bookings[0].event_id == first.bookings[0].event_id
        assert len(await lines(stage, "series_adopted")) == 1
        await app.close()

    on_stage(empty, play, at=EARLY)


def test_after_it_a_declined_date_moves_as_in_a_series_of_ones_own(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        key = await by_hand(stage)
        app = await stage.world.begin()
        await adopts(stage, app, key)
        date = (await stage.dates())[2]
        await answers(stage, (await stage.case()).mentee, date)
        due = await reconciled(stage, app)
        for _ in range(3):
            moved = next(s for s in (await stage.case()).sessions if s.id == date.id)
            if moved.start != date.start or due is None:
                break
            await app.clock.sleep(due - now())
            due = await reconciled(stage, app)
        assert moved.start != date.start
        await app.close()
        await stage.assert_store_is_calendar()

    on_stage(empty, play, at=EARLY)


def test_what_does_not_fit_is_shown_with_its_reason(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pairs = await stage.read(lambda tx: tx.pairs.all())
        third = await stage.read(lambda tx: tx.participants.require(pairs[1].mentee_id))
        await by_hand(stage)
        await another(stage, app, third.mail)
        await another(stage, app, interval_weeks=1, transaction_id="2", tag="2")
        await another(stage, app, occurrences=1, transaction_id="3", tag="3")
        length = timedelta(minutes=5)
        await another(stage, app, duration=length, transaction_id="4", tag="4")
        refusals = {one.refusal for one in await found(stage, app)}
        assert refusals == {
            None,
            "the series invites others, too",
            "the series keeps another rhythm than the rule",
            "the series has dates to come in fewer than half of the rule's windows",
            "dates of the series are shorter than the rule says",
        }
        await app.close()

    on_stage(empty, play, at=EARLY)


def test_nothing_is_shown_while_others_hold_every_permit_of_the_mailbox(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        key = await by_hand(stage)
        app = await stage.world.begin()
        mailbox_id, at = series_named(key).mailbox_id, app.clock.now()

        def hold(tx: Transaction) -> None:
            for slot in range(4):
                tx.permits.acquire(
                    mailbox_id, f"other/{slot}", at, timedelta(minutes=5), range(slot, slot + 1)
                )

        await app.store.run(hold)
        with pytest.raises(CannotBeReadError):
            await found(stage, app)
        await app.clock.sleep(timedelta(minutes=5))
        assert [one.key for one in await found(stage, app)] == [key]
        await app.close()

    on_stage(empty, play, at=EARLY)


def test_the_series_of_another_pair_is_not_taken_from_it(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        booking = (await stage.case()).booking
        assert booking is not None
        key = await by_hand(stage)
        pairs = await stage.read(lambda tx: tx.pairs.all())
        taken = replace(booking, pair_id=pairs[1].id, generation=7)
        await stage.eyes.run(lambda tx: tx.bookings.put(taken))
        app = await stage.world.begin()
        (one,) = await found(stage, app)
        assert one.refusal is not None
        outcome = await adopts(stage, app, key)
        assert "adoption_not_ours" in {line.code for line in outcome.lines}
        assert (await stage.case()).pair.state is PairState.ENROLLED
        await app.close()

    on_stage(empty, play, at=EARLY)


@pytest.mark.parametrize("dies_at", range(3, 40, 4))
def test_a_death_while_it_is_adopted_leaves_it_adopted_whole_or_not_at_all(
    empty: Empty, dies_at: int
) -> None:
    async def play(stage: Stage) -> None:
        before = {s.series_start for s in await live(stage)}
        key = await by_hand(stage)
        mails = len(stage.world.tenant.mail_log)
        dying = await stage.world.begin(dies_at=dies_at)
        with suppress(Death):
            await adopts(stage, dying, key)
        half = await stage.case()
        assert (half.booking is None) == (half.pair.state is PairState.ENROLLED)
        app = await stage.world.begin()
        await app.clock.sleep(timedelta(minutes=30))
        if not half.orders and half.booking is None:
            await adopts(stage, app, key)
        await reconciled(stage, app)
        assert {s.series_start for s in await live(stage)} == before
        assert len(await lines(stage, "series_adopted")) == 1
        assert len(stage.world.tenant.mail_log) == mails
        await app.close()

    on_stage(empty, play, at=EARLY)


@pytest.mark.parametrize("change", ["gone", "joined"])
def test_what_changed_between_the_look_and_the_yes_is_decided_anew(
    empty: Empty, change: str
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pairs = await stage.read(lambda tx: tx.pairs.all())
        third = await stage.read(lambda tx: tx.participants.require(pairs[1].mentee_id))
        key = await by_hand(stage)
        assert [one.refusal for one in await found(stage, app)] == [None]
        if change == "gone":
            stage.world.tenant.cancel_event(series_named(key).event_id)
        else:
            # Whoever looked saw the one without the third person.
            key = await another(stage, app, third.mail)
        mails = len(stage.world.tenant.mail_log)
        outcome = await adopts(stage, app, key)
        wanted = {"gone": "adoption_gone", "joined": "adoption_others"}[change]
        assert wanted in {line.code for line in outcome.lines}
        case = await stage.case()
        assert (case.pair.state, list(case.orders)) == (PairState.ENROLLED, [])
        assert len(stage.world.tenant.mail_log) == mails
        await app.close()

    on_stage(empty, play, at=EARLY)


@pytest.mark.parametrize("key", ["", "x", "~event", "box~"])
def test_a_series_that_was_not_shown_is_none(key: str) -> None:
    with pytest.raises(FaultsError):
        telling_of(PairAct.ADOPT, {"series": key}, BY)
