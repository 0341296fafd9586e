"""One list of reports for all dates of a series: each report is its own date's, and nobody else's.

Singles have a meeting of their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.workflows.ordering import orders
from tests.acceptance.attending import MINUTE, attending
from tests.acceptance.keeping import hint, live_unseen_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(37)


def test_three_reports_of_one_date_are_merged_and_the_date_before_keeps_its_own(
    empty: Empty,
) -> None:
    """Given three reports for one occurrence (10, 25 and 15 min together) and the previous
    occurrence's report on the same series, the three make 50 minutes, and none is credited to
    the wrong date; nor is a try of the link the day before credited to any."""

    async def play(stage: Stage) -> None:
        first = await attending(stage)
        second = replace(first, date=(await stage.dates())[1])
        people = first.junior.mail, first.senior.mail
        for person in people:
            await first.attends(person, 0, 55)
            await second.attends(person, -18 * 60, -18 * 60 + 20)
            await second.attends(person, 0, 10)
            await second.attends(person, 14, 39)
            await second.attends(person, 43, 58)
        await live_unseen_until(first.app, second.end + 2 * DAY)
        assert (await first.said())[-1] == ("held", 55, "teams")
        assert (await second.said())[-1] == ("held", 50, "teams")
        kept = await stage.read(lambda tx: tx.reports.of_pairs([first.date.pair_id]))
        own = sorted(kept[first.date.pair_id], key=lambda report: report.start or first.end)
        assert [report.session_id for report in own] == [
            first.date.id,
            None,
            *[second.date.id] * 3,
        ]
        assert len({report.meeting_id for report in own}) == 1
        codes = [reason["code"] for reason in (await second.verdicts())[-1].reasons]
        assert {"together", "restarted"} <= set(codes)
        calls = first.calls_in_looks()
        assert max(calls.values()) == 2
        assert set(first.looks()) == set(calls)
        assert first.reads() == len(own), "a report that is kept is not read again"
        await first.app.close()

    on_stage(empty, play)


def test_a_single_date_has_a_meeting_of_its_own_which_is_found_and_kept(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        day = (await stage.dates())[1]
        await there.app.store.run(
            lambda tx: orders.skip(there.app, tx, tx.sessions.require(day.id), make_up=True)
        )
        await hint(stage, there.app)
        await live_unseen_until(there.app, now() + 2 * HOUR)
        (single,) = [session for session in await stage.dates() if session.single]
        case = await stage.case()
        event = await there.app.graph.calendar.read(await stage.box_id(), str(single.event_id))
        assert case.booking is not None
        assert event.join_url not in (None, case.booking.join_url)
        for person in (there.junior, there.senior):
            stage.world.tenant.attend(
                person.mail, str(event.join_url), single.start, single.start + 50 * MINUTE
            )
        await live_unseen_until(there.app, single.end + timedelta(days=2))
        told = replace(there, date=single)
        assert (await told.said())[-1] == ("held", 50, "teams")
        found = (await told.session()).meeting_id
        assert found is not None
        booking = (await stage.case()).booking
        assert booking is not None
        assert found != booking.meeting_id
        (report,) = [
            r for r in await stage.read(lambda tx: tx.reports.all()) if r.meeting_id == found
        ]
        assert report.session_id == single.id
        await there.app.close()

    on_stage(empty, play)


def test_a_date_restarted_many_times_is_read_over_several_looks(empty: Empty) -> None:
    """One envelope of Graph holds twenty reads: the others wait for the next look."""

    async def play(stage: Stage) -> None:
        there = await attending(stage)
        for person in (there.junior.mail, there.senior.mail):
            for restart in range(25):
                await there.attends(person, 2 * restart, 2 * restart + 1)
        await live_unseen_until(there.app, there.end + 10 * MINUTE)
        assert len(await stage.read(lambda tx: tx.reports.all())) == 20
        await live_unseen_until(there.app, there.end + HOUR)
        assert len(await stage.read(lambda tx: tx.reports.all())) == 25
        assert [minutes for _, minutes, _ in await there.said()][-2:] == [20, 25]
        assert max(there.calls_in_looks().values()) == 2
        await there.app.close()

    on_stage(empty, play)


def test_what_was_read_stays_though_the_list_of_reports_slides_on(empty: Empty) -> None:
    """Graph lists the newest fifty of a series; a date a month ago is not among them any more."""

    async def play(stage: Stage) -> None:
        first = await attending(stage)
        people = first.junior.mail, first.senior.mail
        for person in people:
            await first.attends(person, 0, 55)
        await live_unseen_until(first.app, first.end + HOUR)
        assert (await first.said())[-1] == ("held", 55, "teams")
        for visit in range(55):
            late = 24 * 60 + 5 * visit
            await first.attends(people[0], late, late + 1)
        second = replace(first, date=(await stage.dates())[0])
        for person in people:
            await second.attends(person, 0, 50)
        await live_unseen_until(first.app, second.end + 2 * DAY)
        assert (await second.said())[-1] == ("held", 50, "teams")
        assert (await first.said())[-1] == ("held", 55, "teams")
        kept = await stage.read(lambda tx: tx.reports.all())
        assert first.date.id in {report.session_id for report in kept}
        await first.app.close()

    on_stage(empty, play)
