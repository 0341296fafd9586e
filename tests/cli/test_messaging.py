"""What a coordinator at a terminal does about messages: announce, and say it in other words."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.cli import opening
from integrations.records import ProgramState
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.texts import own_texts, usual_text
from tests.support.terminal import Office, assert_told

OWN = "Subject: {{ names }}\n\n<p>Danke, {{ you }}! {{ contact }}</p>"


@pytest.fixture
def program(office: Office) -> str:
    """The name of the one program on the roster, whose pairs are enrolled."""
    assert office.data("import", str(office.roster))["added"] == 6
    (found,) = opening.with_store(lambda tx: tx.programs.all())
    return found.name


def _state() -> ProgramState:
    (found,) = opening.with_store(lambda tx: tx.programs.all())
    return found.state


def test_announcing_shows_its_mails_and_is_done_with_that_number_alone(
    office: Office, program: str
) -> None:
    shown = office.data("program", "announce", program)
    assert (shown["pairs"], shown["mails"], shown["announced"]) == (6, 12, False)
    said = office.read("program", "announce", program)
    assert "12 mails about 6 pairs; booking begins on 2027-01-11. Nothing was changed." in said
    assert _state() is ProgramState.DRAFT
    spoken = office.terminal("program", "announce", program, "--mails", "11")
    assert_told(spoken, 3, "--mails: expected at least 12", "program announce")
    assert _state() is ProgramState.DRAFT

    done = office.data("program", "announce", program, "--mails", "12")
    assert (done["mails"], done["announced"]) == (12, True)
    assert _state() is ProgramState.ANNOUNCED
    assert office.data("program", "announce", program)["mails"] == 0
    spoken = office.terminal("book")
    assert_told(spoken, 3, "announced to be booked from 11 January 2027", "Book from that day on")
    early = office.terminal("program", "announce", program, "--books-on", "2027-01-08")
    assert_told(early, 3, "a date from 2027-01-11 on", "working days")


def test_a_sponsor_is_named_who_was_set(office: Office, program: str) -> None:
    code, out, _ = office.terminal("program", "set", program, "--sponsor", "Elena Marsh")
    assert code == 0
    assert "Elena Marsh" in out
    (found,) = opening.with_store(lambda tx: tx.programs.all())
    assert found.contact["sponsor"] == "Elena Marsh"


def test_a_program_takes_its_own_text_and_the_usual_one_back(
    office: Office, program: str, tmp_path: Path
) -> None:
    file = tmp_path / "closing.html"
    file.write_text(OWN)
    assert office.terminal("program", "text", program, "closing")[1] == usual_text("closing")
    assert "own text from now on" in office.read(
        "program", "text", program, "closing", "--from", str(file)
    )
    assert office.terminal("program", "text", program, "closing")[1] == OWN
    listed = office.data("program", "text", program)
    assert [name for name, which in listed.items() if which == "own"] == ["closing"]
    assert set(listed) == set(MESSAGES)
    assert "closing: own (the last date is over)" in office.read("program", "text", program)
    office.read("program", "text", program, "closing", "--usual")
    assert office.terminal("program", "text", program, "closing")[1] == usual_text("closing")


def test_a_text_that_cannot_be_used_is_refused_and_the_one_before_stands(
    office: Office, program: str, tmp_path: Path
) -> None:
    file = tmp_path / "closing.html"
    file.write_text(OWN)
    office.read("program", "text", program, "closing", "--from", str(file))
    file.write_text("Subject: x\n\n<p>{{ goals }}</p>")
    spoken = office.terminal("program", "text", program, "closing", "--from", str(file))
    assert_told(spoken, 3, "not goals", "messages.md")
    spoken = office.terminal("program", "text", program, "closing", "--from", "/nowhere.html")
    assert_told(spoken, 3, "readable UTF-8 file")
    (found,) = opening.with_store(lambda tx: tx.programs.all())
    assert own_texts(found) == {"closing": OWN}


def test_messages_and_programs_that_are_not_there_are_refused(
    office: Office, program: str, tmp_path: Path
) -> None:
    assert_told(office.terminal("program", "text", program, "gossip"), 3, "expected one of")
    for more in (("announce", "Atlantis"), ("text", "Atlantis"), ("text", "Atlantis", "closing")):
        assert_told(office.terminal("program", *more), 3, "the name of a program", "Atlantis")
    usage = office.terminal("program", "text", program, "--usual")
    assert usage[0] == 2


def test_asking_for_hours_shows_its_mails_and_is_done_with_that_number_alone(
    office: Office, program: str
) -> None:
    shown = office.data("program", "ask-hours", program)
    # One of the twelve places is taken by somebody who is in two pairs.
    assert (shown["mails"], shown["asked"]) == (11, False)
    said = office.read("program", "ask-hours", program)
    assert "11 people have not said their working hours. Nobody was asked." in said
    spoken = office.terminal("program", "ask-hours", program, "--mails", "10")
    assert_told(spoken, 3, "--mails: expected at least 11", "program ask-hours")
    assert office.data("program", "ask-hours", program, "--mails", "11")["asked"] is True
    assert office.data("program", "ask-hours", program)["mails"] == 0
