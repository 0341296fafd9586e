"""When somebody is asked how a meeting was, and what their numbers tell."""

import pytest

from scheduling.attendance.pulse import SCALE, Trend, is_asked_after, is_early_sign, trend_of


def test_nobody_is_asked_unless_the_program_says_after_how_many_meetings() -> None:
    assert not any(is_asked_after(held, None) for held in range(20))


@pytest.mark.parametrize(("every", "asked"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4]), (4, [4])])
def test_people_are_asked_after_each_so_many_meetings_held(every: int, asked: list[int]) -> None:
    assert [held for held in range(6) if is_asked_after(held, every)] == asked


@pytest.mark.parametrize(
    ("scores", "is_sign"),
    [((), False), ((1,), False), ((5, 2, 1), True), ((2, 2, 3), False), ((1, 3, 1), False)],
)
def test_two_low_answers_in_a_row_are_an_early_sign(scores: tuple[int, ...], is_sign: bool) -> None:
    assert is_early_sign(scores) is is_sign


@pytest.mark.parametrize(
    ("scores", "trend"),
    [
        ((5, 4, 5), None),
        ((2, 4, 4, 5), Trend.RISING),
        ((5, 5, 3, 3, 2), Trend.FALLING),
        ((4, 4, 4, 5), Trend.STEADY),
    ],
)
def test_a_trend_sets_the_three_latest_answers_against_those_before(
    scores: tuple[int, ...], trend: Trend | None
) -> None:
    assert trend_of(scores) is trend


def test_answers_of_one_kind_have_no_direction() -> None:
    assert {trend_of((score,) * 6) for score in SCALE} == {Trend.STEADY}
