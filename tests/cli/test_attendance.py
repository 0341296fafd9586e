"""What a coordinator at a terminal tells of who met, and how Tandem may find out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from integrations.cli import opening
from integrations.ports import Transaction
from integrations.records import Pair, Session, SessionState
from integrations.workflows.attendance import harvest
from tests.support.terminal import Office, Terminal, assert_told

A_WEDNESDAY = datetime(2027, 2, 17, 15, tzinfo=UTC)
PAST, FUTURE = "2027-01-13", "2027-04-14"
T = TypeVar("T")


@pytest.fixture
def desk(
    store: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Office:
    """An office whose pairs are booked, in the sixth week of their program."""
    found = Office.open(terminal, monkeypatch, tmp_path, pairs=2)
    for command in (("import", str(found.roster)), ("plan",), ("book",)):
        assert terminal(*command)[0] == 0
    found.clock.set(A_WEDNESDAY)
    return found


def _read(look: Callable[[Transaction], T]) -> T:
    return opening.with_store(look)


def _pair() -> Pair:
    return min(_read(lambda tx: tx.pairs.all()), key=lambda pair: pair.roster_id or "")


def _name() -> str:
    return str(_pair().roster_id)


def _program() -> str:
    return _read(lambda tx: tx.programs.all())[0].name


def _past(pair: Pair) -> Session:
    """The pair's last date that is over."""
    sessions = _read(lambda tx: tx.sessions.of_pair(pair.id))
    over = [s for s in sessions if s.end <= A_WEDNESDAY and s.state is SessionState.SCHEDULED]
    return max(over, key=lambda session: session.start)


def _day(pair: Pair) -> str:
    assert pair.series is not None
    return str(_past(pair).start.astimezone(ZoneInfo(pair.series["zone"])).date())


def _verdict(session_id: str) -> tuple[str, int, str | None]:
    last = _read(lambda tx: tx.verdicts.of_session(session_id))[-1]
    return last.verdict, last.minutes, last.kind


def _of_verdicts(lines: list[dict[str, Any]]) -> list[str]:
    return [line["code"] for line in lines if "verdict" in line["code"]]


# --- evidence -----------------------------------------------------------------------------


def test_teams_is_evidence_only_once_people_were_told(desk: Office) -> None:
    spoken = desk.terminal("evidence", _program(), "teams")
    assert_told(spoken, 3, "nobody confirmed that people were told", "--people-were-told")
    assert _read(lambda tx: tx.programs.all())[0].evidence == {}
    assert _read(lambda tx: tx.journal.read(code="evidence_mode_set")) == []
    assert desk.terminal("evidence", _program(), "teams", "--people-were-told")[0] == 0
    shown = desk.terminal("evidence", _program())[1]
    assert '"mode": "teams"' in shown
    assert '"told_by": "coordinator"' in shown
    (line,) = _read(lambda tx: tx.journal.read(code="evidence_mode_set"))
    assert line.data["people_told"] is True


def test_a_program_of_which_nothing_was_said_asks_people(desk: Office) -> None:
    assert '"mode": "self_report"' in desk.terminal("evidence", _program())[1]


def test_an_office_has_a_mode_of_its_own_and_has_to_be_one(desk: Office) -> None:
    office = _pair().office
    assert office is not None
    assert desk.terminal("evidence", _program(), "off", "--office", office)[0] == 0
    evidence = _read(lambda tx: tx.programs.all())[0].evidence
    assert (evidence["mode"], evidence["offices"]) == ("self_report", {office: "off"})
    spoken = desk.terminal("evidence", _program(), "off", "--office", "Atlantis")
    assert_told(spoken, 3, "--office: expected one of", office, "Atlantis")
    assert _read(lambda tx: tx.programs.all())[0].evidence == evidence


def test_an_unknown_program_or_mode_is_refused(desk: Office) -> None:
    assert_told(desk.terminal("evidence", "Nobody's", "off"), 3, "Nobody's")
    assert desk.terminal("evidence", _program(), "spying")[0] == 2


# --- met ----------------------------------------------------------------------------------


def test_a_date_that_was_held_is_recorded_with_a_note_of_its_own(desk: Office) -> None:
    pair = _pair()
    session = _past(pair)
    lines = desk.data("met", _name(), _day(pair), "--note", "as Ana told over lunch")
    assert _of_verdicts(lines) == ["verdict_corrected", "verdict"]
    assert _verdict(session.id) == ("held", 60, "corrected")
    assert _read(lambda tx: tx.sessions.require(session.id)).held is True
    assert "lunch" not in str(lines)
    (note,) = _read(lambda tx: tx.correction_notes.all())
    assert note.text == "as Ana told over lunch"


def test_a_meeting_on_another_day_has_an_hour_and_a_session_of_its_own(desk: Office) -> None:
    before = {s.id for s in _read(lambda tx: tx.sessions.all())}
    spoken = desk.terminal("met", _name(), PAST)
    assert_told(spoken, 3, f"no session on {PAST}", "`tandem met` records a meeting of any time")
    said = desk.read("met", _name(), PAST, "--at", "18:30", "--minutes", "50")
    assert "held" in said
    (new,) = [s for s in _read(lambda tx: tx.sessions.all()) if s.id not in before]
    assert (new.ad_hoc, new.held, new.end - new.start) == (True, True, timedelta(minutes=50))
    assert _verdict(new.id) == ("held", 50, "corrected")


def test_a_short_meeting_is_recorded_as_short(desk: Office) -> None:
    pair = _pair()
    desk.read("met", _name(), _day(pair), "--minutes", "20")
    assert _verdict(_past(pair).id)[:2] == ("short", 20)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((FUTURE, "--at", "10:00"), 3, ("no meeting that took place",)),
        ((PAST, "--at", "25:00"), 2, ()),
        (("yesterday",), 2, ()),
        ((PAST, "--at", "10:00", "--minutes", "-1"), 2, ()),
        ((PAST, "--at", "10:00", "--minutes", "481"), 2, ()),
    ],
)
def test_what_cannot_have_been_a_meeting_is_refused(
    desk: Office, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    spoken = desk.terminal("met", _name(), *arguments)
    assert spoken[0] == code
    if words:
        assert_told(spoken, code, *words)
    assert _read(lambda tx: tx.corrections.all()) == []


def test_an_unknown_pair_is_refused_by_each_command(desk: Office) -> None:
    for command in (("met", "nobody", PAST), ("correct", "nobody", PAST, "held")):
        assert_told(desk.terminal(*command), 3, "nobody")


# --- correct ------------------------------------------------------------------------------


def test_a_correction_outranks_the_word_before_and_both_stay(desk: Office) -> None:
    pair = _pair()
    desk.read("correct", _name(), _day(pair), "held", "--minutes", "55")
    lines = desk.data("correct", _name(), _day(pair), "not_held")
    assert _of_verdicts(lines) == ["verdict_corrected", "verdict"]
    session = _past(pair)
    versions = _read(lambda tx: tx.verdicts.of_session(session.id))
    assert [(v.version, v.verdict, v.minutes) for v in versions] == [
        (1, "held", 55),
        (2, "not_held", 0),
    ]
    assert "not_held" in desk.read("status", _name())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("not_held", "--minutes", "30"), 3, ("--minutes", "not held, yet 30 minutes")),
        (("unknown",), 2, ()),
        (("held", "--minutes", "many"), 2, ()),
    ],
)
def test_a_correction_that_says_nothing_is_refused(
    desk: Office, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    spoken = desk.terminal("correct", _name(), _day(_pair()), *arguments)
    assert spoken[0] == code
    if words:
        assert_told(spoken, code, *words)
    assert _read(lambda tx: tx.corrections.all()) == []


def test_a_date_to_come_cannot_be_corrected(desk: Office) -> None:
    pair = _pair()
    sessions = _read(lambda tx: tx.sessions.of_pair(pair.id))
    coming = min(s.start for s in sessions if s.start > A_WEDNESDAY + timedelta(days=1))
    spoken = desk.terminal("correct", _name(), str(coming.date()), "held")
    assert_told(spoken, 3, f"no session on {coming.date()}", "status PAIR")


# --- known-as -----------------------------------------------------------------------------


def test_another_account_is_confirmed_and_reports_are_read_again(desk: Office) -> None:
    mentee_id = _pair().mentee_id
    person = _read(lambda tx: tx.participants.require(mentee_id))
    said = desk.read("known-as", person.mail, "--mail", "James@Client.Example")
    assert "reports of 0 dates are read again" in said
    (link,) = _read(lambda tx: tx.participants.require(person.id)).known_as
    assert (link["id"], link["mail"], link["confirmed_by"]) == (
        "",
        "james@client.example",
        "coordinator",
    )
    assert not [row for row in _read(lambda tx: tx.work.all()) if row.kind == harvest.KIND]


def test_nobodys_presence_can_be_made_somebody_elses(desk: Office) -> None:
    pair = _pair()
    people = _read(lambda tx: tx.participants.many([pair.mentor_id, pair.mentee_id]))
    mentor, mentee = people[pair.mentor_id], people[pair.mentee_id]
    for account in (("--mail", mentor.mail.upper()), ("--id", mentor.directory_id)):
        spoken = desk.terminal("known-as", mentee.mail, *account)
        assert_told(spoken, 3, "belongs to", mentor.id, "counts for somebody else")
    desk.read("known-as", mentor.mail, "--id", "guest-1")
    assert_told(desk.terminal("known-as", mentee.mail, "--id", "GUEST-1"), 3, mentor.id)
    assert _read(lambda tx: tx.participants.require(mentee.id)).known_as == ()


def test_an_unknown_person_or_no_account_is_refused(desk: Office) -> None:
    spoken = desk.terminal("known-as", "nobody@firm.example", "--mail", "x@client.example")
    assert_told(spoken, 3, "an address on a roster", "nobody@firm.example")
    mentee_id = _pair().mentee_id
    person = _read(lambda tx: tx.participants.require(mentee_id))
    assert desk.terminal("known-as", person.mail)[0] == 2
