"""Nobody is named without their own yes; who gave it has badges in plain words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.ports import Transaction
from integrations.records import Participant
from integrations.workflows.attendance.telling import correct
from integrations.workflows.pair_page.acting import Actor, NotTheirsError
from integrations.workflows.reporting.recognition import choose_recognition
from scheduling.attendance.evidence import Correction, VerdictKind
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.web.pair_pages import Room, at_the_page
from tests.web.support import Visitor, coordinator
from tests.workflows.changes.stage import HOUR


async def _two_held(room: Room) -> Visitor:
    """Two of the pair's dates are on record; a coordinator is at their console."""
    case, now = await room.stage.case(), virtual_now()

    def record(tx: Transaction) -> None:
        for session in sorted(case.sessions, key=lambda one: one.start)[:2]:
            assert session.end < now
            correct(tx, room.app, session, Correction(VerdictKind.HELD, 60, session.end + HOUR))

    await room.app.store.run(record)
    return await coordinator(room.app, room.pair.program_id)


def _german(tx: Transaction, person_id: str) -> Participant:
    return replace(tx.participants.require(person_id), language="de-DE")


async def _named(room: Room, console: Visitor) -> list[dict[str, Any]]:
    path = f"/programs/{room.pair.program_id}/exports/recognition.json"
    found = (await console.get(path)).json()["recognition"]
    assert isinstance(found, list)
    return found


async def _record(room: Room, console: Visitor) -> dict[str, Any]:
    form = {"person": room.mentor.mail, "form": "json"}
    sent = await console.post(f"/programs/{room.pair.program_id}/exports/hours", form)
    found: dict[str, Any] = sent.json()
    return found


def test_nobody_is_named_and_has_badges_before_their_own_yes_nor_after_taking_it_back(
    empty: Empty,
) -> None:
    async def play(room: Room) -> None:
        console = await _two_held(room)
        assert await _named(room, console) == []
        assert "badges" not in await _record(room, console)
        assert "Your badges" not in (await room.junior.get(room.path)).text
        said = await room.junior.send(f"{room.path}/recognition", {"wished": "yes"})
        assert "may name you" in said.text
        assert "Your badges" in said.text
        assert "First meeting" in said.text
        (row,) = await _named(room, console)
        assert (row["name"], row["held"], row["led"], str(row["hours"])) == (
            room.mentor.name, 2, 2, "2.0",
        )  # fmt: skip
        assert row["badges"] == "First meeting"
        assert room.mentee.name not in str(row)
        record = await _record(room, console)
        assert [each["badge"] for each in record["badges"]] == ["First meeting"]
        # The other one said nothing.
        assert "Your badges" not in (await room.senior.get(room.path)).text
        await room.app.store.run(lambda tx: tx.participants.put(_german(tx, room.mentor.id)))
        german = await room.junior.get(room.path)
        assert "Ihre Abzeichen" in german.text
        assert "Erstes Treffen, " in german.text
        await room.junior.send(f"{room.path}/recognition", {"wished": "no"})
        assert await _named(room, console) == []
        assert "Your badges" not in (await room.junior.get(room.path)).text

    at_the_page(empty, play)


def test_who_has_not_met_yet_is_not_named_with_a_nought(empty: Empty) -> None:
    async def play(room: Room) -> None:
        console = await coordinator(room.app, room.pair.program_id)
        await room.junior.send(f"{room.path}/recognition", {"wished": "yes"})
        assert await _named(room, console) == []
        console = await _two_held(room)
        assert [row["name"] for row in await _named(room, console)] == [room.mentor.name]

    at_the_page(empty, play)


def test_no_assistant_says_yes_and_other_preferences_leave_it_as_it_is(empty: Empty) -> None:
    async def play(room: Room) -> None:
        console = await _two_held(room)
        refused = await room.assistant.post(f"{room.path}/recognition", {"wished": "yes"})
        assert refused.status_code in (403, 404)
        for_her = Actor(person_id=room.mentee.id, is_assistant=True)
        with pytest.raises(NotTheirsError):
            await room.app.store.run(
                lambda tx: choose_recognition(tx, for_her, room.pair, virtual_now(), wished=True)
            )
        await room.senior.send(f"{room.path}/recognition", {"wished": "yes"})
        await room.senior.send(f"{room.path}/preferences", {"hours": "mailbox", "place": "teams"})
        assert [row["name"] for row in await _named(room, console)] == [room.mentee.name]
        shown = await room.assistant.get(f"{room.path}/preferences")
        assert "Recognition" not in shown.text
        codes = [line.code for line in await room.stage.read(lambda tx: tx.journal.read())]
        assert codes.count("recognition_wished") == 1

    at_the_page(empty, play)
