"""*Needs you*: a row for each thing handed over, its acts with their mails, and whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.page_records import StaffRole
from integrations.records import Need, PairState
from scheduling.changes.acts import ReadyAct
from scheduling.changes.reasons import ChangeCode
from tests.support.world import Empty
from tests.web.support import coordinator, staff
from tests.web.test_coordinators_pair import Desk, at_the_desk, last_form, words
from tests.workflows.changes.reconciling import mails, now


async def raised(desk: Desk, *, code: ChangeCode = ChangeCode.NOTHING_ON_RECORD) -> Need:
    """A row about the pair."""
    need = Need(
        id="row-1",
        key=f"{code}::",
        pair_id=desk.path.split("/")[-1],
        code=code.value,
        raised_at=now() - timedelta(days=1),
        ready=(ReadyAct.PAUSE.value, ReadyAct.END.value, ReadyAct.TALK.value),
        data={"days": 45},
    )
    await desk.app.store.run(lambda tx: tx.needs.add(need))
    return need


async def row(desk: Desk) -> Need:
    """The row as the store has it."""
    return await desk.stage.read(lambda tx: tx.needs.require("row-1"))


def test_with_nothing_to_do_the_page_says_so(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        answer = await desk.cora.get("/needs")
        assert "Nothing needs you" in words(answer.text)

    at_the_desk(empty, play)


def test_a_row_shows_its_reason_and_each_act_with_whom_it_mails(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await raised(desk)
        said = words((await desk.cora.get("/needs")).text)
        assert "No meeting is on record for 45 days." in said
        assert "Pause until … mails both a note, and a cancellation for each date inside" in said
        assert "I will talk to them mails nobody" in said
        assert "Waiting (1)" in said

    at_the_desk(empty, play)


def test_an_act_is_looked_at_then_done_and_its_row_is_gone(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await raised(desk)
        began = now()
        asked = await desk.cora.get("/needs/row-1/act?act=pause")
        assert "Last day of the pause" in words(asked.text)
        assert "would go out" not in words(asked.text)
        looked = await desk.cora.get("/needs/row-1/act?act=pause&until=2027-03-21")
        form = last_form(looked.text)
        assert f"{form['mails']} mails would go out" in words(looked.text)
        assert mails(desk.stage, began) == []
        assert (await row(desk)).outcome is None
        page = await desk.cora.send("/needs/row-1/act", form)
        assert "Nothing needs you" in words(page.text)
        assert (await desk.stage.case()).pair.state is PairState.PAUSED
        (line,) = await desk.stage.read(lambda tx: tx.journal.read(code="need_done"))
        assert (line.data["outcome"], line.data["by"]) == ("pause", "cora")
        sent = len(mails(desk.stage, began))
        pair_id = desk.path.split("/")[-1]
        rows = await desk.stage.read(lambda tx: tx.outbox.of_pair(pair_id))
        assert sent + sum(r.state == "waiting" for r in rows) == int(form["mails"])
        told = await desk.stage.read(lambda tx: tx.journal.read(code="pause_ordered"))
        assert [line.data["by"] for line in told] == ["cora"]

    at_the_desk(empty, play)


def test_a_day_that_cannot_be_meant_is_said_beside_its_field(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await raised(desk)
        answer = await desk.cora.get("/needs/row-1/act?act=pause&until=2027-01-01")
        assert answer.status_code == 400
        assert "Expected a date from 22 Feb 2027 on (not 1 Jan 2027)." in words(answer.text)
        assert (await row(desk)).outcome is None

    at_the_desk(empty, play)


def test_a_row_is_taken_noted_put_off_and_done_by_whoever_does_it(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await raised(desk)
        program = desk.path.split("/")[2]
        other = await coordinator(desk.app, program, "omar")
        await desk.cora.send("/needs/row-1/take")
        assert (await row(desk)).owner == "cora"
        assert "yours" in words((await desk.cora.get("/needs?show=mine")).text)
        assert "Somebody looks after it" in words((await other.get("/needs")).text)
        assert "You look after no row" in words((await other.get("/needs?show=mine")).text)
        page = await other.send("/needs/row-1/note", {"note": "Ana is in court all week."})
        assert "Ana is in court all week." in words(page.text)
        page = await other.send("/needs/row-1/snooze", {"until": "2027-03-01"})
        assert "Nothing needs you" in words(page.text)
        assert "Put off until Mon 1 Mar 2027" in words(
            (await desk.cora.get("/needs?show=put_off")).text
        )
        await desk.cora.send("/needs/row-1/done")
        assert (await row(desk)).outcome == "done"
        lines = await desk.stage.read(lambda tx: tx.journal.read())
        by = {e.code: e.data["by"] for e in lines if e.code.startswith("need_")}
        assert by == {
            "need_taken": "cora",
            "need_noted": "omar",
            "need_snoozed": "omar",
            "need_done": "cora",
        }
        assert not any("court" in str(e.data) for e in lines)

    at_the_desk(empty, play)


def test_nothing_is_put_off_into_the_past(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await raised(desk)
        answer = await desk.cora.post("/needs/row-1/snooze", {"until": "2027-02-22"})
        assert answer.status_code == 400
        assert (await row(desk)).snoozed_until is None

    at_the_desk(empty, play)


def test_rows_of_other_programs_are_neither_shown_nor_done(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await raised(desk)
        elsewhere = await coordinator(desk.app, desk.path.split("/")[2], "eve")
        await desk.app.store.run(
            lambda tx: tx.staff.remove(f"{desk.path.split('/')[2]}/eve/{StaffRole.COORDINATOR}")
        )
        first = await desk.stage.read(lambda tx: tx.programs.all()[0])
        await desk.app.store.run(lambda tx: tx.programs.add(replace(first, id="other", name="O")))
        await staff(desk.app, "other", "eve")
        assert "Nothing needs you" in words((await elsewhere.get("/needs")).text)
        assert (await elsewhere.post("/needs/row-1/done")).status_code == 404
        assert (await row(desk)).outcome is None

    at_the_desk(empty, play)


@pytest.mark.parametrize("code", [ChangeCode.NO_OTHER_HOUR, ChangeCode.DATE_DECLINED_TWICE])
def test_a_date_that_stays_until_a_moment_is_said_to_have_stayed_once_that_is_past(
    empty: Empty, code: ChangeCode
) -> None:
    async def play(desk: Desk) -> None:
        need = await raised(desk, code=code)
        for days, said in ((1, "it stays until"), (-1, "it stayed until")):
            until = f"{now() + timedelta(days=days):%Y-%m-%d %H:%MZ}"
            data = {"until": until}
            await desk.app.store.run(lambda tx, data=data: tx.needs.put(replace(need, data=data)))  # type: ignore[misc]
            page = words((await desk.cora.get("/needs")).text)
            assert said in page
            assert ("Nothing more goes out by itself" in page) is (days > 0)

    at_the_desk(empty, play)
