"""What surveys found is told of the same people where that is possible, and never of a few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.surveys import Answered, Moment, compared

BOTH = (Moment.BEFORE, Moment.AFTER)


def answered(person: int, before: int | None, after: int | None, office: str = "x") -> Answered:
    return Answered(str(person), before, after, {"office": office})


def test_both_means_are_of_those_who_answered_both_times_alone() -> None:
    answers = [answered(each, 200, 300) for each in range(5)]
    # The sixth gave one answer: with a mean of six anybody could take the five away.
    [found] = compared([*answers, answered(5, 500, None)])
    assert found.moments == BOTH
    whole = found.breakdowns[0].whole
    assert (whole.members, whole.figures) == (5, {"before": 1000, "after": 1500})


def test_each_moment_is_told_by_itself_where_fewer_than_five_answered_both_times() -> None:
    answers = [answered(each, 200, 300) for each in range(4)]
    answers += [answered(each, 400, None) for each in range(4, 6)]
    before, after = compared(answers)
    assert (before.moments, after.moments) == ((Moment.BEFORE,), (Moment.AFTER,))
    assert before.breakdowns[0].whole.figures == {"before": 1600}
    assert after.breakdowns[0].whole.figures is None


def test_a_group_of_a_few_is_withheld_and_so_is_what_would_tell_it() -> None:
    answers = [answered(each, 200, 300, "small" if each < 2 else "large") for each in range(9)]
    [found] = compared(answers)
    assert found.breakdowns[0].whole.figures is not None
    assert [group.figures for group in found.breakdowns[0].groups] == [None, None]


scores = st.none() | st.integers(0, 1000)


@given(st.lists(st.tuples(scores, scores, st.sampled_from("xyz")), max_size=14))
def test_nothing_shown_is_of_fewer_than_five_nor_mixes_people_of_one_moment(
    given_: list[tuple[int | None, int | None, str]],
) -> None:
    answers = [answered(at, *each) for at, each in enumerate(given_)]
    answers = [a for a in answers if a.before is not None or a.after is not None]
    found = compared(answers)
    told = [moment for each in found for moment in each.moments]
    assert len(told) == len(set(told))
    for each in found:
        for breakdown in each.breakdowns:
            for group in (breakdown.whole, *breakdown.groups):
                assert group.members is None or group.members >= 5
