"""Counts in sentences."""

from __future__ import annotations

import pytest

from scheduling.wording import counted


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("1 date(s) cannot be made up", "1 date cannot be made up"),
        ("2 date(s) cannot be made up", "2 dates cannot be made up"),
        ("0 date(s) left", "0 dates left"),
        ("11 window(s), 1 session(s)", "11 windows, 1 session"),
        ("1 further attendee(s) came", "1 further attendee came"),
        ("21 further attendee(s) came", "21 further attendees came"),
        ("nothing is counted(s)", "nothing is counted(s)"),
    ],
)
def test_a_word_is_in_the_number_that_is_said_of_it(sentence: str, said: str) -> None:
    assert counted(sentence) == said
