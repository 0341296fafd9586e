"""Rosters as spreadsheets write them, right and wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import RosterError
from integrations.workflows.enrolment.roster import (
    COLUMNS,
    MOST_BYTES,
    MOST_ROWS,
    REQUIRED,
    read_roster,
    template,
)

HEADER = "mentor_mail,mentee_mail,program,start_date"
ROW = "ada@firm.example,ben@firm.example,Spring,2027-01-11"


def faults(content: bytes | str) -> list[tuple[str, str]]:
    """Where a roster is wrong and what was expected there."""
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(RosterError) as caught:
        read_roster(data)
    return [(fault.where, fault.expected) for fault in caught.value.faults]


def places(content: bytes | str) -> list[str]:
    return [where for where, _ in faults(content)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_form_a_spreadsheet_saves_is_read_alike(
    encoding: str, delimiter: str, end: str
) -> None:
    text = f"{HEADER},office{end}{ROW},Zürich – Süd{end}".replace(",", delimiter)
    [row] = read_roster(text.encode(encoding))
    assert (row.mentor_mail, row.office, row.number) == ("ada@firm.example", "Zürich – Süd", 2)


def test_columns_may_stand_in_any_order_and_be_written_with_spaces_and_capitals() -> None:
    text = "Start Date,PROGRAM,Mentee Mail,mentor_mail\n2027-01-11,Spring,B@f.example,a@f.example"
    [row] = read_roster(text.encode())
    assert (row.mentor_mail, row.mentee_mail, row.program) == (
        "a@f.example",
        "b@f.example",
        "Spring",
    )


def test_blank_rows_are_skipped_and_do_not_shift_the_numbers() -> None:
    [row] = read_roster(f"{HEADER}\n,,,\n\n{ROW}\n".encode())
    assert row.number == 4


def test_what_the_template_shows_can_be_read() -> None:
    [row] = read_roster(template().encode())
    assert template().splitlines()[0].split(",") == list(COLUMNS)
    assert row.assistants == ("pat.lee@firm.example",)
    assert row.note is None


@pytest.mark.parametrize("column", REQUIRED)
def test_a_required_column_that_is_missing_is_named(column: str) -> None:
    left = ",".join(name for name in REQUIRED if name != column)
    assert faults(f"{left}\n") == [("row 1", f"the column {column}, which is required")]


def test_unknown_and_repeated_columns_are_named_by_place() -> None:
    assert places(f"{HEADER},color,program\n{ROW},x,y") == ["row 1, column 5", "row 1, column 6"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("mentor_mail", ""),
        ("mentor_mail", "ada"),
        ("mentor_mail", "ada@firm"),
        ("mentor_mail", "Ada <ada@firm.example>"),
        ("mentor_mail", "a b@firm.example"),
        ("mentor_mail", "a" * 200 + "@firm.example"),
        ("mentee_mail", ""),
        ("mentee_mail", "ADA@firm.example"),
        ("mentee_mail", "ben@"),
        ("program", ""),
        ("program", "x" * 201),
        ("program", "Spring\x07"),
        ("start_date", ""),
        ("start_date", "11.01.2027"),
        ("start_date", "01/11/2027"),
        ("start_date", "2027-02-30"),
        ("start_date", "2027-1-1"),
        ("start_date", "1999-01-01"),
        ("assistants", "pat@firm.example; nobody"),
        ("assistants", "x@f.example;" * 100),
        ("note", "x" * 2001),
        ("office", "\ufffd"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(column: str, value: str) -> None:
    cells = {
        "mentor_mail": "ada@firm.example",
        "mentee_mail": "ben@firm.example",
        "program": "Spring",
        "start_date": "2027-01-11",
        column: value,
    }
    text = f"{','.join(cells)}\n" + ",".join(f'"{cell}"' for cell in cells.values())
    assert places(text) == [f"row 2, column {column}"]


def test_all_faults_of_all_rows_are_told_at_once() -> None:
    text = f"{HEADER}\n{ROW}\nada,ada,,soon\n{ROW.replace('ada', 'eve')}\n,,,x\n"
    assert places(text) == [
        *(f"row 3, column {name}" for name in REQUIRED),
        *(f"row 5, column {name}" for name in REQUIRED),
    ]


def test_a_row_with_too_many_cells_is_named() -> None:
    assert faults(f"{HEADER}\n{ROW},more,cells") == [("row 2", "4 cells")]


def test_the_same_pair_and_the_same_id_twice_name_the_first_row() -> None:
    same, other = ROW.upper().replace("SPRING", "Spring"), ROW.replace("ada", "eve")
    text = f"{HEADER},pair_id\n{ROW},1\n{same},2\n{other},1"
    assert faults(text) == [
        ("row 3, column mentor_mail", "each pair once (it is in row 2)"),
        ("row 4, column pair_id", "each id once in a program (it is in row 2)"),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the column"),
        (HEADER.encode(), "at least one pair"),
        (b"PK\x03\x04\x00\x00workbook", "not a workbook"),
        (HEADER.encode("utf-16"), "not a workbook"),
        (b"x" * (MOST_BYTES + 1), "at most 8 MB"),
        (f'{HEADER}\n"ada@firm.example'.encode(), "well-formed CSV"),
    ],
)
def test_what_is_no_roster_at_all_is_said_to_be_none(content: bytes, expected: str) -> None:
    assert expected in " ".join(what for _, what in faults(content))


def test_more_rows_than_a_firm_has_are_refused() -> None:
    text = HEADER + "".join(
        f"\na{n}@f.example,b{n}@f.example,Spring,2027-01-11" for n in range(MOST_ROWS + 1)
    )
    assert ("roster", f"at most {MOST_ROWS} rows") in faults(text)


def test_a_fault_never_quotes_a_long_cell() -> None:
    with pytest.raises(RosterError) as caught:
        read_roster(f"{HEADER},note\n{ROW},{'secret ' * 400}".encode())
    assert "secret" not in str(caught.value)


def _rows_or_faults(content: bytes) -> int:
    """How many rows or faults came of it."""
    try:
        return len(read_roster(content))
    except RosterError as error:
        return len(error.faults)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_read_or_refused_never_more(content: bytes) -> None:
    assert _rows_or_faults(content) > 0


@given(st.text(max_size=200), st.sampled_from(("office", "note", "assistants", "pair_id")))
def test_an_arbitrary_cell_is_read_or_refused_never_more(value: str, column: str) -> None:
    quoted = value.replace('"', '""')
    text = f'{HEADER},{column}\n{ROW},"{quoted}"'
    assert _rows_or_faults(text.encode("utf-8", "replace")) > 0
