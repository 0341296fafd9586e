"""Scores of surveys come in by CSV; means go out, never a person's score nor that of a few."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import httpx

from integrations.page_records import StaffRole
from integrations.ports import Transaction
from integrations.records import Participant
from integrations.workflows.operating.privacy import data_of
from integrations.workflows.reporting import sheets
from integrations.workflows.reporting.sheets import keep_sheets, sheet_of
from tests.support.world import Empty
from tests.web.api_callers import Caller, token_of
from tests.web.console_firm import Console, at_the_console
from tests.web.support import signed_in, staff

HEADER = "question;moment;score;mail;answers"
OPEN = "I speak openly"


def _playing(play: Callable[[Console], Awaitable[None]]) -> Callable[[Empty], None]:
    def test(empty: Empty) -> None:
        at_the_console(empty, play, lived=False)

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test


async def _people(console: Console) -> list[Participant]:
    """The mentors, in the order of their pairs, then the mentees."""
    found = await console.app.store.run(lambda tx: {p.id: p for p in tx.participants.all()})
    ids = [p.mentor_id for p in console.pairs] + [p.mentee_id for p in console.pairs]
    return [found[person] for person in dict.fromkeys(ids)]


async def _bring(console: Console, rows: Sequence[str], header: str = HEADER) -> httpx.Response:
    path = f"/programs/{console.program.id}/surveys/import"
    content = "\n".join([header, *rows]).encode()
    return await console.visitor.post(path, files={"scores": ("scores.csv", content)})


async def _kept(console: Console) -> int:
    return len(await console.app.store.run(lambda tx: tx.survey_scores.all()))


def _both(person: Participant, before: str = "2,5", after: str = "4") -> list[str]:
    return [
        f"{OPEN};before;{before};{person.mail.upper()};",
        f"{OPEN};After;{after};{person.mail};",
    ]


@_playing
async def test_wrong_cells_are_named_and_nothing_of_their_file_is_kept(console: Console) -> None:
    (person, *_) = await _people(console)
    wrong = [
        *_both(person),
        f";before;2;{person.mail};",
        f"Trust;meanwhile;2;{person.mail};",
        f"Trust;before;a lot;{person.mail};",
        f"Trust;before;2;{person.mail};7",
        "Trust;before;2;;",
        "Trust;after;2;nobody@elsewhere.example;",
        f"{OPEN};after;3;{person.mail};",
        f"{OPEN};after;3;;12",
        f"Trust;before;1000.01;{person.mail};",
    ]
    answer = await _bring(console, wrong)
    assert answer.status_code == 400
    for row, column in (
        (4, "question"),
        (5, "moment"),
        (6, "score"),
        (7, "answers"),
        (8, "answers"),
        (10, "score"),
        (11, "mail"),
        (12, "score"),
    ):
        assert f"row {row}, column {column}" in answer.text
    stranger = await _bring(console, [*_both(person), wrong[7]])
    assert "somebody of this program" in stranger.text
    assert (await _bring(console, ["x"], "question;moment")).status_code == 400
    assert (await _bring(console, [])).status_code == 400
    assert await _kept(console) == 0


@_playing
async def test_means_are_shown_to_sponsors_from_five_people_on_and_scores_to_nobody(
    console: Console,
) -> None:
    people = await _people(console)
    await staff(console.app, console.program.id, "sponsor", StaffRole.SPONSOR)
    sponsor = await signed_in(console.app, "sponsor")
    shown = f"/programs/{console.program.id}/sponsor"
    four = [row for person in people[:4] for row in _both(person)]
    assert (await _bring(console, four)).status_code == 303
    page = (await sponsor.get(shown)).text
    assert OPEN in page
    assert "2.50" not in page
    assert f"Withheld of “{OPEN}”: " in page
    fifth = _both(people[4], "2.5", "1.55")
    assert (await _bring(console, fifth)).status_code == 303
    for page in ((await sponsor.get(shown)).text, await console.page("/surveys")):
        assert "2.50" in page
        assert "3.51" in page, "(4 * 4 + 1.55) / 5"
        assert "1.01" in page, "what changed"
        assert "1.55" not in page
        assert not any(person.mail in page for person in people)
    german = (await sponsor.get(shown, **{"Accept-Language": "de"})).text
    assert "Was Umfragen ergaben" in german
    again = await _bring(console, [*four, *fifth])
    told = await console.visitor.get(again.headers["location"])
    assert "0 scores imported, 0 replaced, 10 as they were" in told.text
    await _bring(console, _both(people[4], "2.5", "2"))
    assert "3.60" in await console.page("/surveys")
    assert await _kept(console) == 10


@_playing
async def test_means_of_many_come_as_they_are_and_not_of_fewer_than_five(console: Console) -> None:
    rows = ["Trust;before;3.1;;48", "Trust;after;3.8;;41", "Pride;after;4.4;;4"]
    assert (await _bring(console, rows)).status_code == 303
    page = await console.page("/sponsor")
    assert "3.10" in page
    assert "of 48" in page
    assert "4.40" not in page
    (person, *_) = await _people(console)
    mixed = await _bring(console, [f"TRUST;after;3.8;{person.mail};"])
    assert mixed.status_code == 400
    form = {"question": "Trust"}
    await console.visitor.send(f"/programs/{console.program.id}/surveys/remove", form)
    assert await _kept(console) == 1
    codes = await console.app.store.run(lambda tx: [line.code for line in tx.journal.read()])
    assert {"survey_imported", "survey_removed"} <= set(codes)


@_playing
async def test_pairs_across_two_practice_groups_are_counted_where_both_are_known(
    console: Console,
) -> None:
    await _name_groups(console, [(None, None)] * 6)
    assert "pairs across practice groups" not in await console.page("/sponsor")
    await _name_groups(console, [*[("Tax", "tax")] * 2, *[("Tax", "Shipping")] * 3, ("Tax", None)])
    page = await console.page("/sponsor")
    assert "pairs across practice groups" in page
    assert "of 5 whose groups are known" in page
    file = await console.visitor.get(f"/programs/{console.program.id}/exports/sponsor.json")
    whole = file.json()["sponsor"][0]
    assert (whole["groups_known"], whole["across_groups"], whole["across_groups_rate"]) == (
        5,
        3,
        60,
    )


async def _name_groups(console: Console, named: Sequence[tuple[str | None, str | None]]) -> None:
    def name(tx: Transaction) -> None:
        for pair, groups in zip(console.pairs, named, strict=True):
            for person_id, group in zip((pair.mentor_id, pair.mentee_id), groups, strict=True):
                person = tx.participants.require(person_id)
                tx.participants.put(replace(person, practice_group=group))

    await console.app.store.run(name)


@_playing
async def test_exports_of_a_program_and_kept_sheets_have_means_and_a_persons_file_their_scores(
    console: Console,
) -> None:
    people = await _people(console)
    await _bring(console, [row for person in people[:5] for row in _both(person)])
    exports = f"/programs/{console.program.id}/exports"
    for name in ("surveys", "sponsor"):
        found = (await console.visitor.get(f"{exports}/{name}.json")).json()
        whole = next(row for row in found["surveys"] if row["breakdown"] == "whole")
        assert (whole["people_before"], whole["people_after"]) == (5, 5)
        assert people[0].id not in json.dumps(found)
    before = await console.app.store.run(_sheet(console))
    with_few = sheets.COUNTED_AT_ONCE
    try:
        sheets.COUNTED_AT_ONCE = 1
        await console.app.store.run(lambda tx: keep_sheets(tx, console.app.clock.now(), "UTC"))
    finally:
        sheets.COUNTED_AT_ONCE = with_few
    assert (await console.app.store.run(_sheet(console))).surveys == before.surveys
    token = token_of(console.world, "coordinator", is_app=True)
    async with Caller(console.app, token).typed() as typed:
        answer = await typed.sponsor(console.program.id)
    assert [row["after"] for row in answer.surveys if row["breakdown"] == "whole"] == ["4.00"]
    mine = await console.app.store.run(lambda tx: data_of(tx, people[0].id))
    assert sorted(score["hundredths"] for score in mine["survey_scores"]) == [250, 400]


def _sheet(console: Console) -> Callable[[Transaction], sheets.Sheet]:
    return lambda tx: sheet_of(tx, console.program, console.app.clock.now(), "UTC")


@_playing
async def test_a_question_is_the_same_however_it_is_written_and_one_of_few_pairs_tells_nothing(
    console: Console,
) -> None:
    four = {person for pair in console.pairs[:4] for person in (pair.mentor_id, pair.mentee_id)}
    people = [person for person in await _people(console) if person.id in four]
    assert len(people) >= 5
    rows = [row for person in people for row in _both(person)]
    await _bring(console, rows)
    await _bring(console, [row.replace(OPEN, f"  {OPEN.upper()}  ") for row in rows])
    assert await _kept(console) == 2 * len(people)
    assert "2.50" in await console.page("/surveys")

    def only_four(tx: Transaction) -> None:
        tx.programs.add(replace(console.program, id="elsewhere"))
        for pair in console.pairs[4:]:
            tx.pairs.put(replace(tx.pairs.require(pair.id), program_id="elsewhere"))

    await console.app.store.run(only_four)
    page = await console.page("/surveys")
    assert OPEN in page
    assert "2.50" not in page
    assert f"Withheld of “{OPEN}”: " in page
