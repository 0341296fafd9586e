"""What a coordinator at a terminal tells pairs to do, and reads of what Tandem did."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.cli import opening
from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, Need, PairState, WorkState
from integrations.workflows.standing_work import STANDING
from scheduling.changes.reasons import ChangeCode
from simulator.faults import Fault
from tests.support.terminal import Office, Terminal, assert_told

A_WEDNESDAY = datetime(2027, 2, 17, 15, tzinfo=UTC)
A_NIGHT = datetime(2027, 2, 18, 3, tzinfo=UTC)


class Desk(Office):
    """An office whose pairs are booked, in the sixth week of their program."""

    def dates(self, pair: str) -> list[datetime]:
        """When the pair's dates to come begin."""
        live_ones = [s for s in self.data("status", pair) if s["state"] == "scheduled"]
        starts = [datetime.fromisoformat(s["start"]) for s in live_ones]
        return [at for at in starts if at > self.clock.now()]

    def codes(self, lines: list[dict[str, Any]]) -> list[str]:
        """The codes of journal lines, mails and what was written aside."""
        return [line["code"] for line in lines if not line["code"].startswith(("mail", "date_"))]


@pytest.fixture
def desk(store: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    found = Desk.open(terminal, monkeypatch, tmp_path, pairs=2)
    for command in (("import", str(found.roster)), ("plan",), ("book",)):
        assert terminal(*command)[0] == 0
    found.clock.set(A_WEDNESDAY)
    return found


def _change(desk: Desk, act: Callable[[Transaction], object]) -> None:
    """Put something into the store, as another process would."""
    opening.with_store(act)


def _pair(desk: Desk) -> tuple[str, ZoneInfo]:
    """The first pair by the id of its roster, and the zone of its series."""
    pair = min(opening.with_store(lambda tx: tx.pairs.all()), key=lambda p: p.roster_id or "")
    assert pair.roster_id
    assert pair.series
    return pair.roster_id, ZoneInfo(pair.series["zone"])


# --- orders ------------------------------------------------------------------------------


def test_skipping_shows_the_order_what_was_decided_and_whom_it_mailed(desk: Desk) -> None:
    pair, zone = _pair(desk)
    before = desk.dates(pair)
    day = str(before[1].astimezone(zone).date())
    said = desk.read("skip", pair, day)
    assert "told to: leave a date out" in said
    assert "the date was left out as somebody asked" in said
    assert said.count("was mailed: a cancellation") == 2
    assert desk.dates(pair) == [at for at in before if at != before[1]]
    assert_told(desk.terminal("skip", pair, day), 3, f"no session to come on {day}", "status PAIR")


def test_a_skipped_date_is_made_up_if_that_is_asked_for(desk: Desk) -> None:
    pair, zone = _pair(desk)
    before = desk.dates(pair)
    lines = desk.data("skip", pair, str(before[1].astimezone(zone).date()), "--make-up")
    assert desk.codes(lines) == ["order_given", "left_out", "make_up"]
    assert len(desk.dates(pair)) == len(before)


def test_moving_takes_wall_clock_times_of_the_series_zone(desk: Desk) -> None:
    pair, zone = _pair(desk)
    local = desk.dates(pair)[1].astimezone(zone)
    to = local + timedelta(hours=2)
    said = desk.read("move", pair, f"{local:%Y-%m-%d}", f"{to:%Y-%m-%dT%H:%M}")
    assert "the date was moved to" in said
    assert to.astimezone(UTC) in desk.dates(pair)
    again = f"{desk.dates(pair)[2].astimezone(zone):%Y-%m-%dT%H:%M}"
    lines = desk.data("move", pair, f"{local:%Y-%m-%d}", again)
    assert desk.codes(lines) == ["order_given", "order_double_books"]


def test_a_move_at_night_says_until_when_it_waits(desk: Desk) -> None:
    pair, zone = _pair(desk)
    desk.clock.set(A_NIGHT)
    local = desk.dates(pair)[1].astimezone(zone)
    to = local + timedelta(hours=2)
    said = desk.read("move", pair, f"{local:%Y-%m-%d}", f"{to:%Y-%m-%dT%H:%M}")
    assert "mails wait for working hours in both zones: until" in said
    assert local in desk.dates(pair)


def test_pausing_names_the_last_date_and_resuming_needs_a_pause(desk: Desk) -> None:
    pair, _ = _pair(desk)
    said = desk.read("pause", pair, "--from", "2027-03-03", "--until", "2027-03-21")
    assert "told to pause from 3 March 2027 to 21 March 2027" in said
    assert "the pair pauses until" in said
    assert not [
        at
        for at in desk.dates(pair)
        if datetime(2027, 3, 3, tzinfo=UTC) < at < datetime(2027, 3, 22, tzinfo=UTC)
    ]
    assert "Nothing changed." in desk.read(
        "pause", pair, "--from", "2027-03-03", "--until", "2027-03-21"
    )
    assert "told to resume" in desk.read("resume", pair)
    assert_told(desk.terminal("resume", pair), 3, "cannot be told to resume", "Only booked pairs")
    spoken = desk.terminal("pause", pair, "--until", "2027-02-01")
    assert_told(spoken, 3, "until: expected a date from 2027-02-17 on", "it is included")


def test_withdrawing_ends_the_pair_and_twice_is_harmless(desk: Desk) -> None:
    pair, _ = _pair(desk)
    assert "the pair was withdrawn; future dates end, past ones stay" in desk.read("withdraw", pair)
    assert desk.dates(pair) == []
    assert "Nothing changed." in desk.read("withdraw", pair)
    assert_told(
        desk.terminal("pause", pair, "--until", "2027-05-01"), 3, "withdrawn", "Only booked"
    )


def test_an_order_is_kept_when_microsoft_365_cannot_be_reached(desk: Desk) -> None:
    pair, zone = _pair(desk)
    day = str(desk.dates(pair)[1].astimezone(zone).date())
    desk.tenant.faults.plan(Fault("cut_before", times=0))
    code, out, err = desk.terminal("skip", pair, day)
    assert code == 0
    assert "told to: leave a date out" in out
    assert "kept, not done yet" in err
    desk.tenant.faults.clear()
    desk.clock.set(A_WEDNESDAY + timedelta(minutes=30))
    assert "the date was left out as somebody asked" in desk.read("reconcile", pair)


@pytest.mark.parametrize(
    "arguments",
    [
        ("pause", "Atlantis", "--until", "2027-05-01"),
        ("resume", "Atlantis"),
        ("skip", "Atlantis", "2027-03-11"),
        ("move", "Atlantis", "2027-03-11", "2027-03-11T14:00"),
        ("withdraw", "Atlantis"),
        ("reconcile", "Atlantis"),
        ("journal", "Atlantis"),
        ("status", "Atlantis"),
    ],
)
def test_a_pair_nobody_knows_is_told_as_such(
    store: Path,
    terminal: Terminal,
    arguments: tuple[str, ...],
) -> None:
    assert_told(
        terminal(*arguments), 3, "no pair goes by 'Atlantis'", "the pair's id in the roster"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("skip", "P1", "yesterday"),
        ("skip", "P1"),
        ("move", "P1", "2027-03-11", "2 o'clock"),
        ("move", "P1", "2027-03-11", "2027-03-11"),
        ("pause", "P1"),
        ("pause", "P1", "--until", "31/03/2027"),
        ("journal", "--last", "0"),
        ("needs-you", "row", "--done", "--note", "both"),
        ("needs-you", "row"),
        ("rule", "apply", "Spring", "rule.json"),
    ],
)
def test_nonsense_is_wrong_usage(
    store: Path,
    terminal: Terminal,
    arguments: tuple[str, ...],
) -> None:
    code, _, err = terminal(*arguments)
    assert code == 2
    assert "Traceback" not in err


# --- what is read --------------------------------------------------------------------------


def test_reconciling_says_when_nothing_changed_and_finds_what_people_did(desk: Desk) -> None:
    pair, _ = _pair(desk)
    desk.read("reconcile")
    assert "Nothing changed." in desk.read("reconcile", pair)
    date = next(s for s in desk.data("status", pair) if s["start"] > "2027-03")
    desk.tenant.cancel_event(date["event_id"])
    assert "the date was cancelled in the organizer's calendar" in desk.read("reconcile")


def test_the_journal_is_read_by_pair_by_code_and_from_its_end(desk: Desk) -> None:
    pair, _ = _pair(desk)
    lines = desk.data("journal", pair)
    assert {"enrolled", "planned", "booked", "mail"} <= {line["code"] for line in lines}
    assert desk.data("journal", pair, "--last", "2") == lines[-2:]
    mails = desk.data("journal", "--code", "mail")
    assert len(mails) == len([m for m in desk.tenant.mail_log if m.kind != "response"])
    assert "was mailed: an invitation" in desk.read("journal", pair, "--code", "mail")
    assert desk.data("journal", "--code", "nothing_of_the_kind") == []


def test_the_status_of_a_pair_shows_each_of_its_dates(desk: Desk) -> None:
    pair, zone = _pair(desk)
    sessions = desk.data("status", pair)
    said = desk.read("status", pair)
    for session in sessions:
        local = datetime.fromisoformat(session["start"]).astimezone(zone)
        assert f"{local:%a %d %b %Y %H:%M}" in said


def test_status_shows_what_is_in_the_way_of_the_firm_and_of_mailboxes_without_pairs(
    desk: Desk,
) -> None:
    assert desk.data("status")["blockers"] == []

    def block(tx: Transaction) -> None:
        mailbox = tx.mailboxes.all()[0]
        empty = replace(mailbox, id="another", address="mentoring-9@firm.example")
        tx.mailboxes.put(empty)
        for scope, subject, code in (
            (BlockerScope.FIRM, "firm", "watch_fails"),
            (BlockerScope.MAILBOX, "another", "sweep_fails"),
            (BlockerScope.MAILBOX, mailbox.id, "sweep_fails"),
        ):
            tx.blockers.set(
                Blocker(scope=scope, subject_id=subject, code=code, since=A_WEDNESDAY, data={})
            )

    _change(desk, block)
    shown = desk.data("status")
    assert {(b["code"], b["who"]) for b in shown["blockers"]} == {
        ("watch_fails", "firm"),
        ("sweep_fails", "mentoring-9@firm.example"),
    }
    assert all(b["words"] and b["remedies"] for b in shown["blockers"])
    assert "mentoring-9@firm.example" in desk.read("status")


def test_the_loop_without_azure_has_its_standing_work(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens the rows once at its start; what they do is tested where they are."""
    from integrations.workflows.work import Worker

    seen: list[set[tuple[str, str]]] = []

    async def look(worker: Worker, **_: object) -> None:
        def rows(tx: Transaction) -> set[tuple[str, str]]:
            return {kind for kind in tx.work.count() if kind[1] == WorkState.OPEN}

        seen.append(await worker._app.store.run(rows))

    monkeypatch.setattr(Worker, "run", look)
    assert desk.terminal("work")[0] == 0
    (open_rows,) = seen
    assert {(kind, WorkState.OPEN) for kind in STANDING} <= open_rows


# --- Needs you -------------------------------------------------------------------------------


def _row(desk: Desk) -> None:
    pair, _ = _pair(desk)

    def raise_one(tx: Transaction) -> None:
        found = next(p for p in tx.pairs.all() if p.roster_id == pair)
        dates = [s for s in tx.sessions.of_pair(found.id) if s.start > A_WEDNESDAY]
        tx.needs.raise_once(
            Need(
                id="abcdef0123456789",
                key="moves_used_up:row",
                pair_id=found.id,
                session_id=dates[1].id,
                code=ChangeCode.MOVES_USED_UP.value,
                raised_at=A_WEDNESDAY,
                ready=("offer_hours", "leave_out", "pause", "talk"),
                data={"moves": 2, "until": "2027-03-10 15:00Z", "spans": []},
            )
        )

    _change(desk, raise_one)


def test_rows_are_shown_with_their_acts_put_off_noted_and_closed(desk: Desk) -> None:
    assert "Nothing needs you." in desk.read("needs-you")
    _row(desk)
    said = desk.read("needs-you")
    assert "abcdef01" in said
    assert desk.data("needs-you")[0]["names"] in said
    for act in ("offer_hours", "leave_out", "pause", "talk"):
        assert act in said
    assert "Put off until 2027-03-01." in desk.read("needs-you", "abc", "--snooze", "2027-03-01")
    assert "Noted." in desk.read("needs-you", "abc", "--note", "on holiday")
    said = desk.read("needs-you")
    assert "put off until 01 Mar 2027" in said
    assert "note: on holiday" in said
    assert desk.data("needs-you")[0]["need"]["code"] == "moves_used_up"
    assert "Done." in desk.read("needs-you", "abc", "--done")
    assert "Nothing needs you." in desk.read("needs-you")


def test_an_act_of_a_row_is_carried_out_and_closes_it(desk: Desk) -> None:
    _row(desk)
    said = desk.read("needs-you", "abcdef01", "--act", "leave_out")
    assert "the date was left out as somebody asked" in said
    assert "Nothing needs you." in desk.read("needs-you")


def test_acts_and_rows_that_are_not_there_are_refused(desk: Desk) -> None:
    _row(desk)
    assert_told(desk.terminal("needs-you", "zz", "--done"), 3, "no open row zz", "needs-you")
    spoken = desk.terminal("needs-you", "abc", "--act", "dance")
    assert_told(spoken, 3, "expected one of offer_hours", "acts that are ready")
    spoken = desk.terminal("needs-you", "abc", "--act", "withdraw")
    assert spoken[0] == 3
    spoken = desk.terminal("needs-you", "abc", "--act", "end")
    assert_told(spoken, 3, "does not offer end", "acts that are ready")
    spoken = desk.terminal("needs-you", "abc", "--act", "pause")
    assert_told(spoken, 3, "until: expected the last date", "it is included")
    assert len(desk.data("needs-you")) == 1


# --- rules -----------------------------------------------------------------------------------


def _rule(desk: Desk, tmp_path: Path) -> tuple[str, str]:
    (program,) = opening.with_store(lambda tx: tx.programs.all())
    body = opening.with_store(lambda tx: tx.rules.current(program.id)).body
    file = tmp_path / "slower.json"
    file.write_text(json.dumps({**body, "cadence": {**body["cadence"], "interval_weeks": 3}}))
    return program.name, str(file)


def test_a_rule_is_previewed_then_applied_with_the_number_of_mails_that_was_shown(
    desk: Desk, tmp_path: Path
) -> None:
    program, file = _rule(desk, tmp_path)
    shown = desk.data("rule", "preview", program, file)
    assert {line["code"] for line in shown} == {"rule_changed"}
    mails = sum(line["mails"] for line in shown)
    assert f"{mails} mails would go out. Nothing was changed." in desk.read(
        "rule", "preview", program, file
    )
    before, sent = desk.dates(_pair(desk)[0]), len(desk.tenant.mail_log)
    spoken = desk.terminal("rule", "apply", program, file, "--mails", str(mails - 1))
    assert_told(spoken, 3, f"--mails: expected at least {mails}", "rule preview")
    assert (desk.dates(_pair(desk)[0]), len(desk.tenant.mail_log)) == (before, sent)

    lines = desk.data("rule", "apply", program, file, "--mails", str(mails))
    assert {"order_given", "rule_changed"} <= {line["code"] for line in lines}
    assert desk.terminal("book")[0] == 0
    assert len(desk.tenant.mail_log) - sent == mails
    assert desk.dates(_pair(desk)[0]) != before


def test_rules_and_programs_that_are_not_there_are_refused(desk: Desk, tmp_path: Path) -> None:
    program, file = _rule(desk, tmp_path)
    for command in (("preview",), ("apply",)):
        more = ("--mails", "0") if command == ("apply",) else ()
        spoken = desk.terminal("rule", *command, "Atlantis", file, *more)
        assert_told(spoken, 3, "expected the name of a program, got 'Atlantis'", "of the roster")
        assert desk.terminal("rule", *command, program, "/nowhere.json", *more)[0] == 3


def _by_hand(tx: Transaction) -> str:
    """Let the store know nothing of the first pair's series; who looks takes it for another's."""
    pair = min(tx.pairs.all(), key=lambda p: p.roster_id or "")
    for session in tx.sessions.of_pair(pair.id):
        tx.sessions.remove(session.id)
    tx.bookings.remove(f"{pair.id}/1")
    blank = replace(pair, state=PairState.ENROLLED, series=None, booked_at=None)
    tx.pairs.put(replace(blank, generation=3))
    return pair.roster_id or ""


def test_a_series_that_the_two_have_is_listed_and_adopted(desk: Desk) -> None:
    pair, _ = _pair(desk)
    _change(desk, _by_hand)
    desk.clock.set(datetime(2027, 1, 8, 15, tzinfo=UTC))
    (found,) = desk.data("adopt", pair)
    assert found["refusal"] is None
    assert "every other week" in found["words"]
    code, out, _ = desk.terminal("adopt", pair)
    assert code == 0
    assert found["id"] in out
    lines = desk.data("adopt", pair, found["id"][:4])
    assert {"adopted", "series_adopted"} <= {line["code"] for line in lines}
    assert len(desk.dates(pair)) >= 8


def test_a_series_that_was_not_listed_is_refused(desk: Desk) -> None:
    pair, _ = _pair(desk)
    _change(desk, _by_hand)
    assert_told(desk.terminal("adopt", pair, "nothing"), 3, "tandem adopt PAIR")
