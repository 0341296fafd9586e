"""Tables as bytes: what a reader of CSV, a workbook and JSON finds in them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.workflows.reporting import writers
from integrations.workflows.reporting.tables import Table, table
from integrations.workflows.reporting.writers import Format, is_formula, to_csv, to_xlsx, written

FORMULAS = [
    "=1+1",
    '=HYPERLINK("https://evil.example","click")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    " =1",
    "'=1",
    '"=1',
]
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _of(*cells: str | int | Decimal | date | None) -> Table:
    titled = [(f"c{at}", f"Column {at}") for at in range(len(cells))]
    return table("t", "T", titled, [cells])


def _rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_in_csv_begins_like_a_formula(text: str) -> None:
    assert _rows(to_csv(_of(text)))[1] == [f"'{text}"]


@given(text=st.text())
def test_whatever_somebody_is_called_the_cell_is_no_formula_and_says_the_same(text: str) -> None:
    (cell,) = _rows(to_csv(_of(text, "end")))[1][:1]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell in (text, f"'{text}")


def test_negative_numbers_stay_numbers() -> None:
    assert _rows(to_csv(_of(-3, Decimal("-0.5"))))[1] == ["-3", "-0.5"]


def test_commas_quotes_and_line_breaks_come_back_as_they_were() -> None:
    cells = ("Stone, James", 'the "library"', "two\r\nlines", "Zoë Müller", None, date(2027, 3, 9))
    assert _rows(to_csv(_of(*cells)))[1] == [*cells[:4], "", "2027-03-09"]


def _sheet(content: bytes, number: int = 1) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        # Written by ourselves a line above.
        return ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314


def _shared_strings(book: zipfile.ZipFile) -> list[str]:
    """What text cells refer to by their number."""
    # Written by ourselves a line above.
    strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314
    return ["".join(each.itertext()) for each in strings]


@pytest.mark.parametrize("text", [f for f in FORMULAS if f.isprintable()])
def test_a_formula_in_a_workbook_is_a_string_marked_as_one(text: str) -> None:
    content = to_xlsx([_of(text)])
    sheet = _sheet(content)
    assert list(sheet.iter(f"{SPREADSHEET}f")) == []
    cell = next(c for c in sheet.iter(f"{SPREADSHEET}c") if c.get("r") == "A2")
    assert cell.get("t") == "s"
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert text in _shared_strings(book)
        formats = re.findall(r"<xf [^>]*>", book.read("xl/styles.xml").decode())
    # The first formats of the file are those of cell styles: the marked one is among the last.
    assert any('quotePrefix="1"' in form for form in formats)
    assert cell.get("s") is not None


def test_numbers_and_days_in_a_workbook_are_numbers() -> None:
    sheet = _sheet(to_xlsx([_of(3, Decimal("0.8"), date(2027, 3, 9), "x")]))
    cells = {c.get("r"): c for c in sheet.iter(f"{SPREADSHEET}c")}
    assert ["".join(cells[at].itertext()) for at in ("A2", "B2", "C2")] == ["3", "0.8", "46455"]
    assert [cells[at].get("t") for at in ("A2", "B2", "C2")] == [None, None, None]


def test_a_workbook_has_a_sheet_for_each_table() -> None:
    content = to_xlsx([_of("first"), replace(_of("second"), name="u")])
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        (*_, cell) = _sheet(content, 2).iter(f"{SPREADSHEET}c")
        assert _shared_strings(book)[int("".join(cell.itertext()))] == "second"


def test_a_very_large_workbook_is_written_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its texts stand in their cells, so that none of it is kept in memory."""
    monkeypatch.setattr(writers, "_MANY_CELLS", 1)
    (*_, cell) = _sheet(to_xlsx([_of("=1+1", "Ana")])).iter(f"{SPREADSHEET}c")
    assert (cell.get("t"), "".join(cell.itertext())) == ("inlineStr", "Ana")


@pytest.mark.parametrize("form", Format)
def test_the_same_table_gives_the_same_bytes(form: Format) -> None:
    first, again = (written([_of("Ana", 3, Decimal("0.8"))], form) for _ in range(2))
    assert first == again


def test_json_is_records_under_the_names_of_tables() -> None:
    found = json.loads(written([_of("=1", 3, Decimal("0.8"), date(2027, 3, 9), None)], Format.JSON))
    # No spreadsheet reads this, so nothing is put before the text.
    assert found == {"t": [{"c0": "=1", "c1": 3, "c2": 0.8, "c3": "2027-03-09", "c4": None}]}


def test_a_csv_file_refuses_two_tables() -> None:
    with pytest.raises(ValueError, match="one table, not 2"):
        written([_of(1), _of(2)], Format.CSV)


def test_a_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 of t has 1 cells for 2 columns"):
        table("t", "T", [("a", "A"), ("b", "B")], [(1, 2), (1,)])


def test_a_dash_within_a_text_makes_no_formula() -> None:
    assert not is_formula("Rivera - Stone")
