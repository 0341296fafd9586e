"""What a date counts as by what was answered to it: nobody is guessed from."""

from __future__ import annotations

import pytest

from scheduling.changes.answered import (
    NOBODY_INVITED,
    Acceptance,
    acceptance_of,
    was_declined,
    words_of,
)
from scheduling.freebusy import Answer

YES, NO, PERHAPS, NOTHING = Answer.ACCEPTED, Answer.DECLINED, Answer.TENTATIVE, Answer.NONE


@pytest.mark.parametrize(
    ("answers", "counts_as"),
    [
        ((YES, YES), Acceptance.ACCEPTED),
        ((YES, NOTHING), Acceptance.OPEN),
        ((YES, PERHAPS), Acceptance.OPEN),
        ((NOTHING, NOTHING), Acceptance.OPEN),
        ((YES, NO), Acceptance.DECLINED),
        ((None, NO), Acceptance.DECLINED),
        ((YES, None), Acceptance.UNKNOWN),
        ((), Acceptance.UNKNOWN),
    ],
)
def test_a_date_is_accepted_only_by_everybody_and_unknown_is_neither_yes_nor_no(
    answers: tuple[Answer | None, ...], counts_as: Acceptance
) -> None:
    assert acceptance_of(words_of(answers)) is counts_as


def test_a_decline_of_before_is_not_undone_by_what_comes_after() -> None:
    words = words_of((YES, YES), once_declined=True)
    assert was_declined(words)
    assert acceptance_of(words) is Acceptance.DECLINED
    assert acceptance_of(words_of((), once_declined=True)) is Acceptance.DECLINED


def test_whose_answer_it_was_cannot_be_told() -> None:
    assert words_of((YES, NO)) == words_of((NO, YES))


def test_what_nobody_was_invited_to_counts_as_nothing() -> None:
    assert acceptance_of(NOBODY_INVITED) is None
