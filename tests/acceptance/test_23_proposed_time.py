"""A proposed time that suits the other is taken; one that does not is answered with the nearest."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.acceptance.keeping import hint, live_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    answers,
    junior,
    lines,
    mails,
    now,
    reconciled,
    senior,
    session,
    takes,
    to_both,
    until,
)
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(23)


def test_a_proposal_that_is_free_for_the_other_is_accepted_within_a_quarter_of_an_hour(
    empty: Empty,
) -> None:
    """The hour that Tandem itself would choose for a declined date suits both."""

    async def free_hour(stage: Stage) -> timedelta:
        date = (await stage.dates())[1]
        app = await stage.world.begin()
        await until(date.start - 3 * DAY, app)
        await answers(stage, await junior(stage), date)
        await reconciled(stage, app)
        return (await session(stage, date.id)).start - date.start

    away = on_stage(empty, free_hour)

    async def play(stage: Stage) -> None:
        dates = await stage.dates()
        date, to = dates[1], dates[1].start + away
        app = await stage.world.begin()
        await until(date.start - 3 * DAY, app)
        began, mentee = now(), await senior(stage)
        await answers(stage, mentee, date, "tentativelyAccepted", proposed=(to, to + HOUR))
        await hint(stage, app)
        await live_until(app, now() + timedelta(minutes=15))

        moved = await session(stage, date.id)
        assert (moved.start, moved.moved_by_person) == (to, True)
        assert mails(stage, began) == await to_both(stage, "update")
        others = [s.start for s in dates if s.id != date.id and s.start > now()]
        assert [s.start for s in await stage.dates() if s.id != date.id] == others
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_a_proposal_over_the_others_appointment_is_answered_with_the_nearest_hour(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        dates = await stage.dates()
        date, to = dates[1], dates[1].start + HOUR
        app = await stage.world.begin()
        await until(date.start - 3 * DAY, app)
        began, mentee = now(), await senior(stage)
        await takes(stage, await junior(stage), to, to + HOUR)
        await answers(stage, mentee, date, "tentativelyAccepted", proposed=(to, to + HOUR))
        await reconciled(stage, app)

        assert (await session(stage, date.id)).start == date.start
        assert len(await lines(stage, "proposal_not_possible")) == 1
        pair_id = await stage.pair_id()
        offers = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
        assert [(o.person_id, o.purpose) for o in offers] == [(mentee.id, "offered_dates")]
        assert mails(stage, began) == []
        assert [s.start for s in await stage.dates()] == [s.start for s in dates if s.start > now()]
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_no_acceptable_hour_is_nearer_to_the_proposal_than_the_one_that_is_offered(
    empty: Empty,
) -> None:
    """Each hour offered is taken away from the junior in another life, where the next nearest
    is offered: never one that lies nearer than those before it."""
    taken: list[timedelta] = []

    async def play(stage: Stage) -> timedelta:
        date = (await stage.dates())[1]
        to = date.start + HOUR
        app = await stage.world.begin()
        await until(date.start - 3 * DAY, app)
        other = await junior(stage)
        for away in (timedelta(0), *taken):
            await takes(stage, other, to + away, to + away + HOUR)
        proposed = (to, to + HOUR)
        await answers(stage, await senior(stage), date, "tentativelyAccepted", proposed=proposed)
        await reconciled(stage, app)
        pair_id = await stage.pair_id()
        (offer,) = await stage.read(lambda tx: tx.outbox.of_pair(pair_id))
        ((start, end),) = offer.data["to"]
        assert datetime.fromisoformat(end) - datetime.fromisoformat(start) == HOUR
        await app.close()
        return datetime.fromisoformat(start) - to

    for _ in range(3):
        taken += [on_stage(empty, play)]
    assert len(set(taken)) == len(taken)
    assert [abs(away) for away in taken] == sorted(abs(away) for away in taken)
