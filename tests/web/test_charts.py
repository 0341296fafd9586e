"""Charts: where marks lie, and what they say to those who do not see them."""

from __future__ import annotations

import pytest

from integrations.web.charts import HEIGHT, Columns, bars


def chart(*rows: tuple[str, tuple[int, ...]], parts: tuple[str, ...] = ("held", "not")) -> Columns:
    return Columns(label="Meetings", head="Week", parts=parts, rows=rows)


def test_parts_of_a_column_stand_upon_each_other_and_nothing_has_no_mark() -> None:
    held, missed, alone = chart(("1 Mar", (2, 2)), ("8 Mar", (0, 1))).marks
    assert held.y + held.height == HEIGHT
    assert missed.y + missed.height == pytest.approx(held.y)
    assert held.height == pytest.approx(49)
    assert alone.height == pytest.approx(24.5)
    assert alone.x > held.x + held.width
    assert (alone.kind, alone.says) == ("second", "8 Mar: 1 not")


def test_the_highest_column_stays_within_the_drawing() -> None:
    tall = chart(("a", (3, 4)), ("b", (70, 1)))
    assert tall.top == 71
    assert min(mark.y for mark in tall.marks) >= 0


def test_a_chart_is_told_in_a_sentence() -> None:
    assert chart(("1 Mar", (2, 1)), ("8 Mar", (0, 1))).says == (
        "Meetings, 1 Mar to 8 Mar: 2 held, 2 not."
    )
    assert chart().says == "Meetings: nothing yet."


@pytest.mark.parametrize("rows", [(("a", (1,)),), (("a", (1, -1)),)])
def test_counts_that_do_not_fit_the_parts_are_refused(
    rows: tuple[tuple[str, tuple[int, ...]], ...],
) -> None:
    with pytest.raises(ValueError, match="a: expected 2 counts"):
        chart(*rows)


def test_bars_are_shares_of_the_longest_or_of_a_whole() -> None:
    rows = [("a", 5), ("b", 10), ("c", 0)]
    assert [bar.share for bar in bars(rows)] == [50, 100, 0]
    assert [bar.share for bar in bars(rows, of=40)] == [12.5, 25, 0]
    assert [bar.share for bar in bars([("a", 0)])] == [0]
