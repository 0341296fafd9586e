"""What really happened becomes a verdict: by Teams' reports, by people's word, late or never."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.workflows.attendance.harvest import LOOKS, next_look
from integrations.workflows.attendance.modes import mode_at, set_mode
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.history import histories
from scheduling.attendance.evidence import EvidenceMode
from simulator.attendance import Way
from tests.acceptance.attending import MINUTE, URL, Attending, attending
from tests.acceptance.keeping import live_unseen_until
from tests.support.world import START, Empty
from tests.workflows.changes.reconciling import lines, now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage


async def _reported(there: Attending) -> dict[str, Any]:
    """The date's row in what coordinators take out, now."""
    at = now()
    tables = await there.stage.read(
        lambda tx: Adherence.of(histories(tx, at, None, "UTC"), at).tables
    )
    rows = {str(row["session"]): dict(row) for row in tables[1].records()}
    return rows[there.date.id]


@pytest.mark.acceptance(38)
def test_two_who_were_together_for_the_hour_have_held_it_once_the_last_one_has_left(
    empty: Empty,
) -> None:
    """A meeting that still runs at its end is not judged: Teams has no report of it yet."""

    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await there.attends(there.junior.mail, -2, 75)
        await there.attends(there.senior.mail, 3, 60)
        await live_unseen_until(there.app, there.end + 12 * MINUTE)
        assert [at - there.end for at in there.looks()] != [], "it was looked for"
        assert await there.said() in ([], [("pending", 0, None)])
        await live_unseen_until(there.app, there.end + 2 * HOUR)
        assert (await there.said())[-1] == ("held", 57, "teams")
        assert (await there.session()).held is True
        assert there.questions() == []
        (report,) = await stage.read(lambda tx: tx.reports.all())
        assert report.session_id == there.date.id
        assert {p["person"] for p in report.presences} == {there.junior.id, there.senior.id}
        journal = await lines(stage, "verdict")
        assert [e.data["verdict"] for e in journal if e.session_id == there.date.id] == [
            verdict for verdict, _, _ in await there.said()
        ]
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(33)
@pytest.mark.parametrize("mode", [EvidenceMode.SELF_REPORT, EvidenceMode.OFF])
def test_without_teams_as_evidence_no_call_for_attendance_leaves(
    empty: Empty, mode: EvidenceMode
) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage, mode)
        await there.attends(there.junior.mail, 0, 60)
        await there.attends(there.senior.mail, 0, 60)
        await live_unseen_until(there.app, there.end + 9 * DAY)
        assert there.report_calls() == 0
        assert await stage.read(lambda tx: tx.reports.all()) == []
        said = await there.said()
        assert said[-1] == ("unknown", 0, None)
        assert bool(there.questions()) == (mode is EvidenceMode.SELF_REPORT)
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(33)
def test_an_office_s_own_mode_holds_for_its_pairs_and_for_no_others(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage, EvidenceMode.OFF)
        case, at = await stage.case(), now()
        told = await there.app.store.run(
            lambda tx: set_mode(
                tx,
                case.program.id,
                EvidenceMode.TEAMS,
                at,
                office=case.pair.office,
                people_told=True,
                by="coordinator",
            )
        )
        await live_unseen_until(there.app, there.end + 2 * HOUR)
        assert there.looks() != []
        assert mode_at(told, "Atlantis", now()) is EvidenceMode.OFF
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(33)
def test_looks_end_at_once_where_teams_is_no_longer_to_tell(empty: Empty) -> None:
    """Looks for a date that is over were due already, and none of them leaves."""

    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await live_unseen_until(there.app, there.end + 2 * HOUR)
        looks = there.looks()
        assert looks != []
        program, at = (await stage.case()).program.id, now()
        await there.app.store.run(
            lambda tx: set_mode(tx, program, EvidenceMode.SELF_REPORT, at, by="coordinator")
        )
        await live_unseen_until(there.app, there.end + 3 * DAY)
        assert there.looks() == looks
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(35)
@pytest.mark.parametrize(("who", "way"), [("+15550100", "phone"), ("Visitor 7", "anonymous")])
def test_a_senior_on_the_phone_or_without_an_account_is_asked_and_believed(
    empty: Empty, who: str, way: Way
) -> None:
    """The unidentified presence is kept, nobody's name is guessed, and one question goes to the
    one who can tell; the junior is not bothered."""

    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await there.attends(there.junior.mail, 0, 60)
        await there.attends(who, 1, 60, way=way)
        await live_unseen_until(there.app, there.end + 3 * HOUR)
        assert (await there.said())[-1][0] == "to_confirm"
        (report,) = await stage.read(lambda tx: tx.reports.all())
        assert {p["person"] for p in report.presences} == {there.junior.id, None}
        assert (await there.session()).held is None
        await live_unseen_until(there.app, there.end + 4 * DAY)
        assert [m.recipient.lower() for m in there.questions()] == [there.senior.mail.lower()]
        page = await there.answers(there.senior, said="met")
        assert page.status_code == 200
        assert "Thank you" in page.text
        verdict, minutes, kind = (await there.said())[-1]
        assert (verdict, kind) == ("held", "self_reported")
        assert minutes >= 58
        assert (await there.session()).held is True
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.parametrize(
    ("hides", "word", "reason"),
    [(True, "pending", "hidden_presence"), (False, "not_held", "only_one_came")],
)
def test_somebody_who_keeps_out_of_reports_is_not_taken_for_absent(
    empty: Empty, hides: bool, word: str, reason: str
) -> None:
    """Teams counts two and shows one: that proves nothing, so both are asked."""

    async def play(stage: Stage) -> None:
        there = await attending(stage)
        behaviour = stage.world.tenant.behaviour
        behaviour.hidden_from_reports = {there.senior.mail.lower()} if hides else set()
        await there.attends(there.junior.mail, 0, 60)
        if hides:
            await there.attends(there.senior.mail, 0, 60)
        await live_unseen_until(there.app, there.end + 5 * DAY)
        last = (await there.verdicts())[-1]
        assert last.verdict == word
        assert reason in {each["code"] for each in last.reasons}
        assert (await there.session()).held is (None if hides else False)
        assert {m.recipient.lower() for m in there.questions()} == {
            there.junior.mail.lower(),
            there.senior.mail.lower(),
        }
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(36)
def test_a_meeting_in_person_is_held_once_the_other_has_not_objected_for_five_days(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage, EvidenceMode.SELF_REPORT)
        await live_unseen_until(there.app, there.end + 4 * DAY)
        asked = {m.recipient.lower() for m in there.questions()}
        assert asked == {there.senior.mail.lower(), there.junior.mail.lower()}
        answered = now()
        await there.answers(there.junior, said="met", in_person="yes")
        assert (await there.said())[-1][0] == "pending"
        await live_unseen_until(there.app, answered + 4 * DAY)
        assert (await there.said())[-1][0] == "pending"
        await live_unseen_until(there.app, answered + 8 * DAY)
        assert (await there.said())[-1] == ("held", 60, "self_reported")
        codes = [reason["code"] for reason in (await there.verdicts())[-1].reasons]
        assert {"unopposed", "in_person"} <= set(codes)
        assert len(there.questions()) == 2
        assert (await _reported(there))["label"] == "held, self-reported"
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(36)
def test_one_says_they_met_and_the_other_that_they_did_not(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage, EvidenceMode.SELF_REPORT)
        await live_unseen_until(there.app, there.end + 4 * DAY)
        await there.answers(there.junior, said="met")
        await there.answers(there.senior, said="not_met")
        assert (await there.said())[-1][0] == "disputed"
        assert (await there.session()).held is None
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(38)
def test_a_missing_report_is_pending_and_both_are_asked_only_after_a_day(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        await live_unseen_until(there.app, there.end + 2 * HOUR)
        assert await there.said() == [("pending", 0, None)]
        await live_unseen_until(there.app, there.end + 23 * HOUR)
        assert there.questions() == []
        rows = await stage.read(lambda tx: tx.outbox.of_pair(there.date.pair_id))
        assert [row for row in rows if row.purpose == "did_you_meet"] == []
        await live_unseen_until(there.app, there.end + 9 * DAY)
        assert len(there.questions()) == 2
        due, looks = await there.looks_due(LOOKS), there.looks()
        assert len(due) >= len(LOOKS)
        assert len(looks) == len(due)
        assert all(timedelta(0) <= at - on <= MINUTE for at, on in zip(looks, due, strict=True))
        # Nothing was listed, so nothing was read.
        assert there.report_calls() == len(looks)
        await there.app.close()

    on_stage(empty, play)


@pytest.mark.acceptance(38)
def test_reports_are_looked_for_at_growing_pauses_for_seven_days() -> None:
    looks, at = [], START
    while (later := next_look(START, at)) is not None:
        looks.append(later - START)
        at = later
    minutes = [5, 15, 60, 6 * 60, *(24 * 60 * day for day in range(1, 8))]
    assert looks == [timedelta(minutes=each) for each in minutes]


@pytest.mark.acceptance(38)
def test_a_report_that_comes_on_the_third_day_corrects_the_verdict(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        tenant = stage.world.tenant
        tenant.behaviour.report_delay = timedelta(days=3)
        tenant.behaviour.report_delay_most = timedelta(days=3)
        await there.attends(there.junior.mail, 0, 60)
        await there.attends(there.senior.mail, 0, 60)
        await live_unseen_until(there.app, there.end + 2 * DAY)
        assert (await there.said())[-1][0] == "pending"
        before = await _reported(there)
        assert (before["verdict"], before["revised_on"]) == ("pending", None)
        await live_unseen_until(there.app, there.end + 5 * DAY)
        versions = await there.verdicts()
        assert [v.version for v in versions] == list(range(1, len(versions) + 1))
        assert (versions[0].verdict, versions[-1].verdict) == ("pending", "held")
        journal = await lines(stage, "verdict")
        own = [e.data for e in journal if e.session_id == there.date.id]
        assert (own[-1]["was"], own[-1]["verdict"]) == ("pending", "held")
        after = await _reported(there)
        assert (after["verdict"], after["revised_on"]) == (
            "held",
            f"{versions[-1].at:%Y-%m-%d %H:%M}",
        )
        await there.app.close()

    on_stage(empty, play)


def test_a_link_changes_nothing_when_opened_and_works_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage, EvidenceMode.SELF_REPORT)
        await live_unseen_until(there.app, there.end + 4 * DAY)
        with there.browser() as browser:
            before = await stage.read(lambda tx: (tx.statements.all(), tx.links.all()))
            link = there.link(there.junior)
            shown = await browser.get(link)
            assert there.senior.name in shown.text
            assert "unsafe" not in shown.headers["content-security-policy"]
            assert "no-referrer" in shown.headers["referrer-policy"]
            assert await stage.read(lambda tx: (tx.statements.all(), tx.links.all())) == before
            first = await browser.post(link, data={"said": "met"})
            assert first.status_code == 303
            again = await browser.post(link, data={"said": "not_met"})
            assert (again.status_code, "Thank you" in again.text) == (200, True)
            assert [s.said for s in await stage.read(lambda tx: tx.statements.all())] == ["met"]
            forged = await browser.post(link[:-2] + "zz", data={"said": "met"})
            assert forged.status_code == 404
            big = await browser.post(link, data={"said": "met", "pad": "x" * 9000})
            assert big.status_code == 413
            unclear = await browser.post(there.link(there.senior), data={"said": "elsewhere"})
            assert (unclear.status_code, 'role="alert"' in unclear.text) == (400, True)
            assert (await browser.get(f"{URL}/met/none")).status_code == 404
        await there.app.close()

    on_stage(empty, play)
