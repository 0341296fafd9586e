"""Marks are reached on the day of the meeting that reached them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import SessionOutcome
from scheduling.attendance.recognition import Badge, deeds_of

FIRST = date(2027, 1, 12)
TODAY = FIRST + timedelta(days=365)


def held(
    number: int, led_by: str = "mia", verdict: VerdictKind = VerdictKind.HELD, minutes: int = 60
) -> SessionOutcome:
    day = FIRST + timedelta(weeks=number)
    return SessionOutcome(f"s{number}", day, verdict, minutes, led_by=led_by)


def test_each_mark_has_the_day_of_the_meeting_that_reached_it() -> None:
    deeds = deeds_of("mia", [(8, [held(number) for number in range(10)])], TODAY)
    assert (deeds.held, deeds.led, deeds.minutes) == (10, 10, 600)
    assert {badge: (day - FIRST).days // 7 for badge, day in deeds.badges.items()} == {
        Badge.FIRST_MEETING: 0,
        Badge.HALF_WAY: 3,
        Badge.ALL_MEETINGS: 7,
        Badge.FIVE_LED: 4,
        Badge.TEN_LED: 9,
        Badge.TEN_HOURS: 9,
    }


def test_what_was_not_held_or_led_by_the_other_counts_for_nothing() -> None:
    outcomes = [
        *(held(number, led_by="sam") for number in range(4)),
        *(held(number, verdict=VerdictKind.SHORT) for number in range(4, 12)),
    ]
    deeds = deeds_of("mia", [(8, outcomes)], TODAY)
    assert (deeds.held, deeds.led, set(deeds.badges)) == (
        4, 0, {Badge.FIRST_MEETING, Badge.HALF_WAY},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("required", "badges"),
    [
        (0, {Badge.FIRST_MEETING}),
        (1, {Badge.FIRST_MEETING}),
        (2, {Badge.FIRST_MEETING, Badge.ALL_MEETINGS}),
        (3, {Badge.FIRST_MEETING, Badge.HALF_WAY, Badge.ALL_MEETINGS}),
    ],
)
def test_few_meetings_have_few_marks(required: int, badges: set[Badge]) -> None:
    outcomes = [held(number) for number in range(max(1, required))]
    assert set(deeds_of("mia", [(required, outcomes)], TODAY).badges) == badges


def test_pairs_are_counted_together_and_a_milestone_is_that_of_the_earlier_pair() -> None:
    early, late = [held(0), held(1)], [held(2), held(3), held(4)]
    deeds = deeds_of("mia", [(4, late), (4, early)], TODAY)
    assert deeds.badges[Badge.FIRST_MEETING] == FIRST
    assert deeds.badges[Badge.FIVE_LED] == FIRST + timedelta(weeks=4)
    assert deeds_of("mia", [], TODAY).badges == {}
