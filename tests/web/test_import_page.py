"""Importing by the console: checked and shown first, kept by one yes, within bounds."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date

import openpyxl  # type: ignore[import-untyped]
import pytest

from integrations.errors import RosterError
from integrations.records import PairState
from integrations.workflows.enrolment.roster import MOST_ROWS, read_roster
from integrations.workflows.enrolment.workbook import MOST_UNFOLDED, roster_of
from simulator.virtual_time import run_virtually
from tests.support.world import START, Empty, firm_of
from tests.web.support import KEYS, ORIGIN, coordinator
from tests.web.test_launch import Desk


def workbook_of(roster: bytes) -> bytes:
    """The same roster as a workbook, its dates as dates."""
    book = openpyxl.Workbook()
    sheet = book.active
    for number, row in enumerate(csv.reader(io.StringIO(roster.decode("utf-8-sig")))):
        cells = [
            date.fromisoformat(cell) if number and re.fullmatch(r"\d{4}-\d\d-\d\d", cell) else cell
            for cell in row
        ]
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def pieces_in(text: str) -> list[str]:
    """The roster that the page asks about."""
    return re.findall(r'name="piece" value="([^"]*)"', text)


async def _empty_desk(empty: Empty) -> Desk:
    """A coordinator of a program with one pair of the roster."""
    from integrations.workflows.enrolment.enrol import enrol

    world = empty.world(firm_of(4))
    app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
    await enrol(app, b"\n".join(world.roster.splitlines()[:2]))
    (program,) = await world.read(lambda tx: tx.programs.all())
    visitor = await coordinator(app, program.id, world.firm.people[-1].id)
    return Desk(world, app, visitor, program.id)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_roster_is_shown_before_anything_is_kept_and_importing_twice_is_once(
    empty: Empty, form: str
) -> None:
    async def play() -> None:
        desk = await _empty_desk(empty)
        roster = desk.world.roster
        content = roster if form == "csv" else workbook_of(roster)
        before = await desk.world.read(lambda tx: (tx.pairs.all(), tx.participants.all()))
        shown = await desk.visitor.post(
            f"{desk.path}/import/check", files={"roster": (f"roster.{form}", content)}
        )
        assert shown.status_code == 200, shown.text
        assert await desk.world.read(lambda tx: (tx.pairs.all(), tx.participants.all())) == before
        assert shown.text.count("enrols a pair") == 3
        assert shown.text.count("<td>known pair</td>") == 1
        pieces = pieces_in(shown.text)
        for said in ("3 pairs enrolled", "0 pairs enrolled"):
            kept = await desk.visitor.post(
                f"{desk.path}/import/keep", {"piece": pieces}, files={"none": ("", b"")}
            )
            assert kept.status_code == 303, kept.text
            page = await desk.visitor.get(kept.headers["location"])
            assert said in page.text
        pairs = await desk.world.read(lambda tx: tx.pairs.all())
        assert len(pairs) == 4
        assert {pair.state for pair in pairs} == {PairState.ENROLLED}
        assert list(desk.world.tenant.mail_log) == []
        await desk.app.close()

    run_virtually(START, play())


def test_every_fault_is_shown_by_row_and_column_and_nothing_is_kept(empty: Empty) -> None:
    async def play() -> None:
        desk = await _empty_desk(empty)
        lines = desk.world.roster.decode().splitlines()
        wrong = lines[2].replace("2027-01-11", "11.1.2027")
        unknown = lines[3].replace("@", "@nowhere.", 1)
        before = await desk.world.read(lambda tx: tx.pairs.all())

        async def checked(*rows: str) -> str:
            content = "\n".join((lines[0], *rows)).encode()
            for packed in (content, workbook_of(content)):
                answer = await desk.visitor.post(
                    f"{desk.path}/import/check", files={"roster": ("r", packed)}
                )
                assert answer.status_code == 400
            return answer.text

        text = await checked(lines[1], wrong)
        assert "row 3, column start_date" in text
        assert "a date as YYYY-MM-DD" in text
        assert "row 2, column mentor_mail" in await checked(unknown)
        assert "row 3, column mentor_mail" in await checked(lines[1], lines[1])
        other = lines[1].replace("2027", "2028").replace(",2028-01-11", ",2027-01-11")
        program = (await desk.world.read(lambda tx: tx.programs.all()))[0].name
        assert program in lines[1]
        elsewhere = lines[1].replace(program, "Another program")
        assert "row 2, column program" in await checked(elsewhere), other
        none = await desk.visitor.post(f"{desk.path}/import/check", files={"roster": ("", b"")})
        assert none.status_code == 400
        tampered = await desk.visitor.post(
            f"{desk.path}/import/keep", {"piece": ["%%%"]}, files={"none": ("", b"")}
        )
        assert tampered.status_code == 400
        assert await desk.world.read(lambda tx: tx.pairs.all()) == before
        await desk.app.close()

    run_virtually(START, play())


def test_the_template_can_be_imported_as_it_is_read(empty: Empty) -> None:
    async def play() -> None:
        desk = await _empty_desk(empty)
        file = await desk.visitor.get(f"{desk.path}/import/template")
        assert file.headers["content-disposition"].startswith("attachment")
        assert len(read_roster(file.content)) == 1
        assert len(read_roster(roster_of(workbook_of(file.content)))) == 1
        await desk.app.close()

    run_virtually(START, play())


def _zip(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_workbook_that_unfolds_too_far_is_refused_without_unfolding_it() -> None:
    bomb = _zip(**{"xl/worksheets/sheet1.xml": b"0" * (MOST_UNFOLDED + 1)})
    assert len(bomb) < 1_000_000
    with pytest.raises(RosterError, match="unfolded"):
        roster_of(bomb)
    with pytest.raises(RosterError, match="unfolded"):
        roster_of(_zip(**{f"e{n}": b"" for n in range(1_001)}))


def test_what_is_no_workbook_is_refused_in_words() -> None:
    for content in (b"PK\x03\x04 nonsense", _zip(a=b"b"), workbook_of(b"a,b")[:200]):
        with pytest.raises(RosterError, match="an Excel workbook"):
            roster_of(content)


def test_rows_beyond_the_bound_are_refused_however_the_sheet_counts_itself() -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["mentor_mail", "mentee_mail", "program", "start_date"])
    for n in range(MOST_ROWS + 5):
        sheet.append([f"a{n}@firm.example", f"b{n}@firm.example", "P", "2027-01-11"])
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(RosterError, match=f"at most {MOST_ROWS} rows"):
        read_roster(roster_of(out.getvalue()))
