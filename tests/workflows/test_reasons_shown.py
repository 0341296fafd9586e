"""What stands in the way of a planned hour, as the table of bookings tells it."""

from __future__ import annotations

import pytest

from integrations.workflows.showing.report import reason_words

_NAMES = {"pers-1": "Ada Lindqvist"}


@pytest.mark.parametrize(
    ("code", "facts", "told"),
    [
        ("busy", {"local": "2027-02-07 09:00"}, "Ada Lindqvist is busy at Sun 7 Feb 09:00"),
        ("absent", {"date": "2027-02-07"}, "Sun 7 Feb is a holiday or absence of Ada Lindqvist"),
        ("gap", {"days": 5}, "less than 5 days from the neighbouring session"),
    ],
)
def test_days_are_written_as_people_read_them(
    code: str, facts: dict[str, str | int], told: str
) -> None:
    """Beside "Sun 7 Feb 14:00" stood "is busy at 2027-02-07 09:00"."""
    stored = {"code": code, "facts": {"person": "pers-1", **facts}}
    assert reason_words(stored, _NAMES, {}) == told


def test_a_date_without_a_stored_reason_refers_to_the_journal() -> None:
    assert reason_words(None, _NAMES, {}) == "changed after booking; the journal says why"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("busy", "Ada Lindqvist is busy at Sun 7 Feb 09:00 New York"),
        ("absent", "Sun 7 Feb is a holiday or absence of Ada Lindqvist"),
    ],
)
def test_an_hour_on_another_clock_than_the_dates_beside_it_says_where(code: str, told: str) -> None:
    """Beside "14:00", in London, stood "is busy at Wed 17 Feb 09:00": the very same hour."""
    facts = {"person": "pers-1", "date": "2027-02-07", "local": "2027-02-07 09:00"}
    stored = {"code": code, "facts": facts}
    assert reason_words(stored, _NAMES, {"pers-1": "New York"}) == told
    assert reason_words(stored, _NAMES, {"pers-2": "Oslo"}) == told.removesuffix(" New York")
