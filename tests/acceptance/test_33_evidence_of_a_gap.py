"""What Graph refuses, what is recorded by hand, and what follows for the pair."""

from __future__ import annotations

from datetime import date, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

import pytest

from integrations.records import BlockerScope
from integrations.workflows.attendance import telling
from integrations.workflows.ordering.ready_acts import record_meeting
from integrations.workflows.telling.needs import open_needs
from scheduling.attendance.evidence import Correction, EvidenceMode, VerdictKind
from scheduling.timespan import TimeSpan
from tests.acceptance.attending import attending
from tests.acceptance.keeping import hint, live_until
from tests.acceptance.oracle import writes
from tests.support.world import Empty, least_rights
from tests.workflows.changes.reconciling import lines, now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

_start = attrgetter("start")


def test_refused_reports_are_one_blocker_of_the_mailbox_and_never_not_held(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        stage.world.tenant.register_app(least_rights(stage.world.firm))
        await there.attends(there.junior.mail, 0, 60)
        await there.attends(there.senior.mail, 0, 60)
        await live_until(there.app, there.end + 2 * DAY)
        blockers = [b for b in (await stage.case()).blockers if b.code == "attendance_refused"]
        assert [(b.scope, b.subject_id) for b in blockers] == [
            (BlockerScope.MAILBOX, (await stage.case()).pair.mailbox_id)
        ]
        assert {word for word, _, _ in await there.said()} == {"pending"}
        assert not (await stage.case()).pair.evidence_readable
        await live_until(there.app, there.end + 6 * DAY)
        assert there.questions() == []
        await there.app.close()

    on_stage(empty, play)


def test_after_thirty_days_intervals_are_gone_and_minutes_stay(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await there.attends(there.junior.mail, 0, 50)
        await there.attends(there.senior.mail, 0, 50)
        await live_until(there.app, there.end + 29 * DAY)
        kept = await stage.read(lambda tx: tx.reports.all())
        own = [r for r in kept if r.session_id == there.date.id]
        assert [bool(r.presences) for r in own] == [True]
        said = await there.said()
        await live_until(there.app, there.end + 32 * DAY)
        kept = await stage.read(lambda tx: tx.reports.all())
        own = [r for r in kept if r.session_id == there.date.id]
        assert [(r.presences, r.start) for r in own] == [((), None)]
        assert await there.said() == said
        assert said[-1] == ("held", 50, "teams")
        # A word that comes after them is weighed with the minutes, for all that is left of Teams.
        held = Correction(VerdictKind.HELD, None, now())
        await there.app.store.run(lambda tx: telling.correct(tx, there.app, there.date, held))
        assert (await there.said())[-1] == ("held", 50, "corrected")
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(33)
def test_a_meeting_of_another_time_is_recorded_and_no_calendar_is_touched(empty: Empty) -> None:
    """It closes what waits for a meeting on record, and the next look leaves the dates alone."""

    async def play(stage: Stage) -> None:
        there = await attending(stage, EvidenceMode.SELF_REPORT)
        await live_until(there.app, there.date.start - 3 * DAY)
        pair = (await stage.case()).pair
        met_at = now() - DAY
        span = TimeSpan(met_at, met_at + timedelta(minutes=50))
        dates, written = await stage.dates(), len(writes(stage.world))
        met = await there.app.store.run(
            lambda tx: telling.record_meeting(
                tx, there.app, pair, span, now(), note="over lunch, as Ana tells"
            )
        )
        await hint(stage, there.app)
        await live_until(there.app, now() + 2 * HOUR)
        session = await stage.read(lambda tx: tx.sessions.require(met.id))
        assert (session.ad_hoc, session.held, session.verdict) == (True, True, "held")
        assert await stage.dates() == dates
        assert len(writes(stage.world)) == written
        (correction,) = await stage.read(lambda tx: tx.corrections.all())
        note = await stage.read(lambda tx: tx.correction_notes.require(correction.id))
        assert note.text.startswith("over lunch")
        journal = await lines(stage, "verdict_corrected", "verdict")
        assert all("lunch" not in str(entry.data) for entry in journal)
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(33)
def test_the_alert_after_45_days_closes_itself_once_they_say_that_they_met(empty: Empty) -> None:
    """It comes once, on its day, with its causes."""

    async def play(stage: Stage) -> None:
        there = await attending(stage, EvidenceMode.SELF_REPORT)
        gap = None
        while gap is None and now() < there.end + 60 * DAY:
            await live_until(there.app, now() + 5 * DAY)
            found = [n for n in (await stage.case()).needs if n.code == "nothing_on_record"]
            gap = found[0] if found else None
        assert gap is not None
        assert "record_meeting" in gap.ready
        # On its day: the midnight that begins the 45th day after the first date there was.
        (line,) = await lines(stage, "nothing_on_record")
        zone = ZoneInfo(str((await stage.case()).pair.series["zone"]))  # type: ignore[index]
        told = line.at.astimezone(zone)
        since = date.fromisoformat(str(line.data["since"]))
        assert (told.date() - since).days == 45
        assert told.hour == 0
        assert {"declines", "moves", "lost", "unknown"} <= line.data.keys()
        assert int(str(line.data["unknown"])) >= 2
        # What became of each date since; a coordinator reads it in the row.
        denied = Correction(VerdictKind.NOT_HELD, None, now())
        pair = (await stage.case()).pair
        first = await stage.read(lambda tx: min(tx.sessions.of_pair(pair.id), key=_start))
        await there.app.store.run(lambda tx: telling.correct(tx, there.app, first, denied))
        waiting = await there.app.store.run(lambda tx: open_needs(tx, now(), default_zone="UTC"))
        (said,) = [one.text for one in waiting if one.need.code == "nothing_on_record"]
        assert "14 January 2027: not held" in said
        assert said.count(": not known yet") >= 3
        await there.app.store.run(
            lambda tx: record_meeting(there.app, tx, pair, None, "coordinator")
        )
        await live_until(there.app, now() + DAY)
        assert "nothing_on_record" not in [n.code for n in (await stage.case()).needs]
        assert len(await lines(stage, "nothing_on_record")) == 1
        await there.app.close()

    on_stage(empty, play)
