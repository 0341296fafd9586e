"""Group sessions: one meeting of several pairs, on record for each, where the rule counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.attendance.telling import record_meeting
from integrations.workflows.changes.keep import Change
from integrations.workflows.changes.views import pair_view
from integrations.workflows.ordering.bulk_acts import (
    BulkAct,
    BulkPreview,
    carry_out_bulk,
    preview_bulk,
)
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.credit import export_credit
from integrations.workflows.reporting.history import History, histories
from integrations.workflows.showing.pair_overview import overview_of_pair
from scheduling.attendance.evidence import EvidenceKind
from scheduling.timespan import TimeSpan
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import DAY, MIDWAY, Stage, on_stage

BY = "ada"
LUNCH = {
    "title": "Practice  group lunch",
    "day": f"{MIDWAY - DAY:%Y-%m-%d}",
    "start": "12:15",
    "minutes": "75",
}


async def _counting(stage: Stage, number: int, **more: Any) -> App:
    """A process of Tandem under a rule that counts so many group sessions."""

    def change(tx: Transaction) -> None:
        for rule in tx.rules.all():
            tx.rules.put(replace(rule, body={**rule.body, "group_sessions": number, **more}))

    app = await stage.world.begin()
    await app.store.run(change)
    return app


async def _recorded(stage: Stage, app: App, **given: str) -> BulkPreview:
    pairs = await stage.read(lambda tx: tx.pairs.all())
    ids = [pair.id for pair in pairs]
    wanted: Mapping[str, str] = {**LUNCH, **given}
    act = BulkAct.GROUP_SESSION
    return await carry_out_bulk(app, pairs[0].program_id, ids, act, wanted, mails=0, by=BY)


async def _histories(stage: Stage) -> list[History]:
    return await stage.read(lambda tx: list(histories(tx, virtual_now(), None, "UTC")))


def test_it_counts_for_each_pair_and_mails_nobody(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await _counting(stage, 1)
        before, mails = await _histories(stage), len(stage.world.tenant.mail_log)
        calls = len(stage.world.tenant.calls)
        done = await _recorded(stage, app)
        assert ([row.refused for row in done.rows], done.mails) == ([None, None], 0)
        after = await _histories(stage)
        assert [h.progress.held for h in after] == [h.progress.held + 1 for h in before]
        # The program's clock is London's.
        starts = datetime.combine(MIDWAY.date() - DAY, time(12, 15), UTC)
        for history in after:
            (held,) = [one for one in history.sessions if one.session.group_title is not None]
            assert held.session.start == starts
            assert held.session.end == starts + timedelta(minutes=75)
            assert held.session.group_title == "Practice group lunch"
            assert (held.outcome.minutes, held.outcome.evidence) == (75, EvidenceKind.CORRECTED)
        assert len(stage.world.tenant.mail_log) == mails
        assert len(stage.world.tenant.calls) == calls
        await app.close()

    on_stage(empty, play)


def test_its_name_outlives_a_change_of_the_session(empty: Empty) -> None:
    """A session that is written anew from what was decided keeps what only the store knows."""

    async def play(stage: Stage) -> None:
        app = await _counting(stage, 1)
        await _recorded(stage, app)
        pair_id = await stage.pair_id()
        case = await stage.case()
        (group,) = [one for one in case.sessions if one.group_title]
        view = pair_view(case)
        moved = view.with_session(replace(view.session(group.id), moves=1))
        await app.store.run(lambda tx: Change(case, view, moved).write(tx, {}, new_rule=False))
        kept = {one.id: one for one in await stage.read(lambda tx: tx.sessions.of_pair(pair_id))}
        assert (kept[group.id].moves, kept[group.id].group_title) == (1, group.group_title)
        assert kept[group.id].ad_hoc
        await app.close()

    on_stage(empty, play)


def test_recorded_again_it_counts_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await _counting(stage, 3)
        await _recorded(stage, app)
        once = await _histories(stage)
        again = await _recorded(stage, app, title="Lunch of the group", start="12:30")
        assert {row.refused for row in again.rows} == {
            "a meeting of that time is on record already"
        }
        assert await _histories(stage) == once
        await app.close()

    on_stage(empty, play)


@pytest.mark.parametrize(
    ("number", "given", "why"),
    [
        (0, {}, "the program's rule counts no group session"),
        (1, {"minutes": "20"}, "a meeting takes 45 minutes at least"),
        (1, {"day": "2026-01-12"}, "the pair began later"),
        (1, {"day": f"{MIDWAY + DAY:%Y-%m-%d}"}, "no meeting that took place"),
        (1, {"minutes": "6000"}, "no meeting that took place"),
    ],
)
def test_what_does_not_count_is_not_recorded(
    empty: Empty, number: int, given: dict[str, str], why: str
) -> None:
    async def play(stage: Stage) -> None:
        app = await _counting(stage, number)
        before = await stage.read(lambda tx: tx.sessions.all())
        done = await _recorded(stage, app, **given)
        assert [why in (row.refused or "") for row in done.rows] == [True, True]
        assert await stage.read(lambda tx: tx.sessions.all()) == before
        await app.close()

    on_stage(empty, play)


def test_more_than_the_rule_counts_are_not_recorded(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await _counting(stage, 1)
        await _recorded(stage, app)
        second = await _recorded(stage, app, day=f"{MIDWAY - 2 * DAY:%Y-%m-%d}")
        words = "one group session counts, and is on record"
        assert [row.refused for row in second.rows] == [words, words]
        await app.close()

    on_stage(empty, play)


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", " "), ("title", "x" * 81), ("day", "soon"), ("start", ""), ("minutes", "an hour")],
)
def test_a_field_that_cannot_be_meant_is_named(empty: Empty, field: str, value: str) -> None:
    async def play(stage: Stage) -> None:
        app = await _counting(stage, 1)
        (pair, *_) = await stage.read(lambda tx: tx.pairs.all())
        given, act = {**LUNCH, field: value}, BulkAct.GROUP_SESSION
        with pytest.raises(FaultsError) as refused:
            await preview_bulk(app, pair.program_id, [pair.id], act, given, by=BY)
        assert [fault.where for fault in refused.value.faults] == [field]
        await app.close()

    on_stage(empty, play)


def test_no_time_is_credited_for_it_and_all_else_names_it(empty: Empty) -> None:
    """Somebody in three pairs was there once, and would be credited three times."""

    async def play(stage: Stage) -> None:
        app = await _counting(stage, 1, credit=[{"purpose": "development", "code": "D"}])
        program = (await stage.case()).program.id

        def numbered(tx: Transaction) -> None:
            for person in tx.participants.all():
                tx.participants.put(replace(person, timekeeper=person.id))

        await app.store.run(numbered)
        await _recorded(stage, app)
        credit = await app.store.run(lambda tx: export_credit(tx, program, virtual_now(), "UTC"))
        assert credit.lines.rows == ()
        found = await _histories(stage)
        sessions = Adherence.of(found, virtual_now()).tables[1].records()
        assert [row["group_session"] for row in sessions] == ["Practice group lunch"] * 2
        pair_id = await stage.pair_id()
        overview = await app.store.run(lambda tx: overview_of_pair(tx, app, pair_id, virtual_now()))
        remarks = [remark for date in overview.dates for remark in date.remarks]
        assert "group session: Practice group lunch" in remarks
        (line,) = await stage.read(
            lambda tx: tx.journal.read(code="group_session_recorded", pair_id=pair_id)
        )
        assert "lunch" not in str(line.data)
        await app.close()

    on_stage(empty, play)


def test_a_meeting_outside_all_plans_counts_in_a_window_of_another_kind(empty: Empty) -> None:
    """Recorded in the weeks of a training it was a training, and did not count."""

    async def play(stage: Stage) -> None:
        kinds = {str(number): "training" for number in range(1, 10)}
        body = (await stage.read(lambda tx: tx.rules.all()))[0].body["cadence"]
        cadence = {**body, "minimum_held": None}
        app = await _counting(stage, 0, kinds=kinds, cadence=cadence)
        pair = (await stage.case()).pair
        span = TimeSpan(MIDWAY - DAY, MIDWAY - DAY + timedelta(hours=1))
        await app.store.run(lambda tx: record_meeting(tx, app, pair, span, virtual_now()))
        assert [h.progress.held for h in await _histories(stage) if h.pair.id == pair.id] == [1]
        await app.close()

    on_stage(empty, play)
