"""The journal in words: none of its codes is without, and no id is shown to people."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from integrations.bootstrap import build_worker
from integrations.records import JournalEntry
from integrations.workflows.changes.steps import StepKind
from integrations.workflows.messages.catalogue import MESSAGES, Channel
from integrations.workflows.ordering import orders
from integrations.workflows.showing.fact_words import fact_in_words
from integrations.workflows.showing.journal_words import (
    DEEDS,
    Known,
    journal_lines,
    lines_of,
    words_of,
)
from scheduling.changes.reasons import WORDS, ChangeCode
from tests.support.sources import tree_of
from tests.support.world import Empty
from tests.workflows.changes.reconciling import answers, now, reconciled, until
from tests.workflows.changes.stage import DAY, Stage, on_stage

ROOT = Path(__file__).resolve().parents[2] / "integrations"


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path, tree_of(path)


def _constants(tree: ast.AST) -> set[str]:
    """Strings that look like a code."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z]+(_[a-z]+)*", node.value)
    }


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _written() -> set[str]:
    """Every code that the sources write into the journal, as far as they spell it."""
    codes: set[str] = set()
    for _, tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            keywords = {k.arg: k.value for k in node.keywords}
            if _called(node) in ("JournalEntry", "replace") and "code" in keywords:
                codes |= _constants(keywords["code"])
            elif _called(node) in ("_journal", "_changed"):
                codes |= {c for argument in node.args for c in _constants(argument)}
    return codes


def _kinds_of_writes() -> set[str]:
    """What an intent is of; each is journalled under this name when it is settled."""
    kinds = {kind.value for kind in StepKind}
    for _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == "Act":
                kinds |= {c for k in node.keywords if k.arg == "kind" for c in _constants(k.value)}
    return kinds


def test_every_code_that_is_written_has_words() -> None:
    written = _written() | _kinds_of_writes()
    assert {"planned", "order_given", "mail", "need_done", "mailbox_stopped"} <= written
    assert written - set(DEEDS) - set(ChangeCode) == set()


def test_no_words_are_kept_for_codes_that_nobody_writes() -> None:
    sources = "\n".join(
        path.read_text("utf-8") for path, _ in _trees() if path.stem != "journal_words"
    )
    assert [code for code in DEEDS if f'"{code}"' not in sources] == []


def test_a_deed_has_no_code_of_a_decision() -> None:
    assert set(DEEDS) & set(ChangeCode) == set()


@pytest.mark.parametrize("code", [*DEEDS, *ChangeCode])
def test_words_are_filled_in_and_an_older_entry_without_facts_still_reads(code: str) -> None:
    entry = JournalEntry(at=datetime(2027, 2, 1, tzinfo=UTC), code=code)
    text = {**DEEDS, **{c.value: words for c, words in WORDS.items()}}[code]
    fields = {name for _, name, _, _ in Formatter().parse(text) if name}
    said = words_of(entry, {name: f"<{name}>" for name in fields})
    assert all(f"<{name}>" in said for name in fields)
    bare = words_of(entry, {})
    assert "{" not in bare
    assert bare.count("…") == text.count("{")
    assert not bare.endswith(".")


def test_a_code_of_another_version_stands_for_itself() -> None:
    entry = JournalEntry(at=datetime(2027, 2, 1, tzinfo=UTC), code="from_the_future")
    assert words_of(entry, {}) == "from_the_future"


@pytest.mark.parametrize(
    ("code", "data", "said"),
    [
        ("verdict", {"verdict": "held", "minutes": 52}, "held: 52 minutes together"),
        ("verdict", {"verdict": "short", "minutes": 1}, "too short: 1 minute together"),
        ("verdict", {"verdict": "not_held", "minutes": 0}, "not held: 0 minutes together"),
        ("verdict", {"verdict": "pending", "minutes": 0}, "not known yet"),
        (
            "verdict",
            {"verdict": "to_confirm", "minutes": 20},
            "to be confirmed: 20 minutes together",
        ),
        (
            "verdict_corrected",
            {"verdict": "not_held", "minutes": None, "by": "coordinator"},
            "corrected to not held (coordinator)",
        ),
        ("mail_sent", {"message": "did_you_meet"}, "Tandem sent the question whether they met"),
        ("evidence_mode_set", {"mode": "teams"}, "evidence comes from Teams' reports from now on"),
        (
            "order_given",
            {"kind": "skip", "by": "coordinator"},
            "told to: leave a date out (coordinator)",
        ),
        (
            "pause_ordered",
            {"first": "2027-03-03", "last": "2027-03-21", "by": "coordinator"},
            "told to pause from 3 March 2027 to 21 March 2027 (coordinator)",
        ),
        (
            "shortfall",
            {"missing": 1, "until": "2027-06-03"},
            "one date cannot be made up before 3 June 2027",
        ),
        (
            "rule_changed",
            {"changed": 3, "kept": 1, "mails": 2},
            "the rule changed: 3 dates to change, 1 to stay, 2 mails to each",
        ),
    ],
)
def test_facts_are_said_in_plain_words(code: str, data: dict[str, object], said: str) -> None:
    entry = JournalEntry(at=datetime(2027, 2, 1, tzinfo=UTC), code=code, data=data)
    assert Known({}, {}, {}).line(entry).words == said


@pytest.mark.parametrize("name", ["about", "error", "kind", "message", "mode", "outcome", "why"])
def test_no_fact_is_said_with_underscores(name: str) -> None:
    codes = [*ChangeCode, *MESSAGES, *_kinds_of_writes(), *DEEDS]
    assert [code for code in codes if "_" in fact_in_words(name, code)] == []


def test_every_mail_of_tandems_own_has_a_name() -> None:
    mails = [name for name, kind in MESSAGES.items() if kind.channel is Channel.MAIL]
    assert "did_you_meet" in mails
    named = [name for name in mails if fact_in_words("message", name).startswith("the ")]
    others = {"offered_dates": "other hours for a date", "offered_hours": "hours to choose from"}
    assert {*named, *others} == {*mails}
    assert {name: fact_in_words("message", name) for name in others} == others


def test_people_read_names_and_wall_clocks_and_never_ids(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        dates = await stage.dates()
        await until(dates[1].start - 3 * DAY, app)
        case = await stage.case()
        await answers(stage, case.mentor, dates[1])
        await reconciled(stage, app)
        last = dates[-1]
        await app.store.run(lambda tx: orders.skip(app, tx, tx.sessions.require(last.id)))
        await reconciled(stage, app)

        lines = await stage.read(lambda tx: journal_lines(tx, pair_id=case.pair.id))
        codes = [line.code for line in lines]
        assert {"enrolled", "booked", "date_declined", "order_given", "left_out", "mail"} <= {
            *codes
        }
        assert [line.seq for line in lines] == sorted(line.seq for line in lines)
        said = " ".join(line.words for line in lines)
        for person in case.people:
            assert person.id not in said
            assert person.mail not in said
        declined = next(line for line in lines if line.code == "date_declined")
        assert case.mentor.name in declined.words
        assert declined.date is not None
        assert not re.search(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", said), "an instant nobody can read"
        assert not re.search(r"[{}…]", said)
        told = next(line for line in lines if line.code == "order_given")
        assert told.date is not None
        await app.close()

    on_stage(empty, play)


def test_a_changed_account_is_told_in_full(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        mentee = (await stage.case()).mentee
        stage.world.tenant.change_person(mentee.mail, enabled=False)
        work = await app.store.run(lambda tx: tx.work.schedule("check_people", "firm", now()))
        assert await build_worker(app).do(work.id)
        (line,) = await stage.read(lambda tx: journal_lines(tx, code="account_changed"))
        assert line.words == (
            f"the account of {mentee.name} changed (enabled: no, guest: no, gone: no)"
        )
        await app.close()

    on_stage(empty, play)


def test_a_mail_to_the_programs_contact_is_told_as_such(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        letter = JournalEntry(at=now(), code="mail", data={"kind": "message"})
        check_in = JournalEntry(
            at=now(), code="mail", person_id="contact:prog-1", data={"kind": "invitation"}
        )
        told = await stage.read(lambda tx: lines_of(tx, [letter, check_in]))
        assert [line.words for line in told] == [
            "the program's contact was mailed: a message of Tandem's own",
            "the program's contact was mailed: an invitation",
        ]

    on_stage(empty, play)


def test_lines_may_be_asked_for_by_code_and_from_a_number_on(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        everything = await stage.read(journal_lines)
        mails = await stage.read(lambda tx: journal_lines(tx, code="mail"))
        assert [line for line in everything if line.code == "mail"] == mails != []
        half = everything[len(everything) // 2].seq
        after = await stage.read(lambda tx: journal_lines(tx, after=half))
        assert after == [line for line in everything if line.seq > half]

    on_stage(empty, play)


def test_an_entry_whose_pair_is_gone_is_shown_without_a_name(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        entry = JournalEntry(at=now(), code="booked", pair_id="pair-of-last-year")
        (line,) = await stage.read(lambda tx: lines_of(tx, [entry]))
        assert (line.names, line.words, line.date) == (None, "booked", None)

    on_stage(empty, play)
