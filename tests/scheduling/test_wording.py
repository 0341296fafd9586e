"""Counts in sentences."""

from __future__ import annotations

import pytest

from scheduling.wording import counted


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("1 date(s) cannot be made up", "one date cannot be made up"),
        ("2 date(s) cannot be made up", "two dates cannot be made up"),
        ("0 date(s) left", "0 dates left"),
        ("11 window(s), 1 session(s)", "11 windows, 1 session"),
        ("1 further attendee(s) came", "one further attendee came"),
        ("21 further attendee(s) came", "21 further attendees came"),
        ("the next 3 date(s)", "the next 3 dates"),
        ("10 hours that suit both", "ten hours that suit both"),
        ("100 hours that suit both", "100 hours that suit both"),
        ("nothing is counted(s)", "nothing is counted(s)"),
    ],
)
def test_a_word_is_in_the_number_that_is_said_of_it(sentence: str, said: str) -> None:
    assert counted(sentence) == said
