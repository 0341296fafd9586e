"""What verdicts add up to: counts that reconcile, what can be reached, gaps, milestones."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.evidence import EvidenceKind, VerdictKind
from scheduling.attendance.progress import (
    Calm,
    Forecast,
    Led,
    Milestone,
    Reached,
    SessionOutcome,
    days_without,
    longest_gap,
    milestones_reached,
    progress_of,
    sessions_led,
    usual_milestones,
)
from scheduling.changes.views import Pause
from scheduling.rule import SessionKind

FIRST = date(2027, 1, 12)
HELD, SHORT, NOT_HELD = VerdictKind.HELD, VerdictKind.SHORT, VerdictKind.NOT_HELD
UNKNOWN, TO_CONFIRM = VerdictKind.UNKNOWN, VerdictKind.TO_CONFIRM


def outcomes(*verdicts: VerdictKind | None, **facts: object) -> list[SessionOutcome]:
    """Sessions every other week with these verdicts."""
    return [
        SessionOutcome(
            session_id=f"p.{n}",
            day=FIRST + timedelta(weeks=2 * n),
            verdict=verdict,
            minutes=60 if verdict is HELD else 0,
            **facts,  # type: ignore[arg-type]
        )
        for n, verdict in enumerate(verdicts)
    ]


def day(weeks: int) -> date:
    return FIRST + timedelta(weeks=weeks)


@pytest.mark.acceptance(40)
def test_every_session_is_counted_once_and_the_counts_add_up() -> None:
    found = progress_of(
        outcomes(HELD, SHORT, NOT_HELD, UNKNOWN, TO_CONFIRM, HELD, None, None, None),
        required=8,
        today=day(11),
        room=1,
    )
    assert (found.held, found.short, found.not_held, found.unknown, found.to_confirm) == (
        2,
        1,
        1,
        1,
        1,
    )
    assert (found.planned, found.to_come, found.open) == (9, 3, 2)
    assert (found.still_possible, found.missing) == (6, 0)


@pytest.mark.parametrize(
    ("verdicts", "room", "forecast"),
    [
        pytest.param([HELD, HELD, HELD, None], 0, Forecast.REACHED, id="reached"),
        pytest.param([HELD, HELD, None], 0, Forecast.ON_COURSE, id="dates are enough"),
        pytest.param([HELD, HELD, UNKNOWN], 0, Forecast.WITH_ANSWERS, id="an answer would do"),
        pytest.param([HELD, HELD, SHORT], 1, Forecast.WITH_MAKE_UPS, id="a make-up would do"),
        pytest.param([HELD, HELD, SHORT], 0, Forecast.OUT_OF_REACH, id="nothing would do"),
    ],
)
def test_the_forecast_says_what_it_takes(
    verdicts: list[VerdictKind | None], room: int, forecast: Forecast
) -> None:
    found = progress_of(outcomes(*verdicts), required=3, today=day(20), room=room)
    assert found.forecast is forecast
    assert (found.missing > 0) is (forecast is Forecast.OUT_OF_REACH)


def test_trainings_are_not_counted() -> None:
    trainings = outcomes(HELD, HELD, kind=SessionKind.TRAINING, led_by="ana")
    found = progress_of(trainings, required=1, today=day(20))
    assert (found.planned, found.held) == (0, 0)
    assert sessions_led(trainings) == ()


def test_what_people_say_is_labelled() -> None:
    told = outcomes(HELD, SHORT, evidence=EvidenceKind.SELF_REPORTED)
    assert progress_of(told, required=1, today=day(4)).self_reported == 1


@pytest.mark.parametrize(
    ("verdicts", "today", "days"),
    [
        pytest.param([HELD, HELD, HELD], day(4), 14, id="as planned"),
        pytest.param([HELD, NOT_HELD, HELD], day(4), 28, id="one was not held"),
        pytest.param([HELD, SHORT, TO_CONFIRM], day(4), 14, id="short or maybe is on record"),
        pytest.param([HELD, None], day(10), 70, id="up to today"),
        pytest.param([NOT_HELD, NOT_HELD], day(4), 28, id="from the first date on"),
        pytest.param([None], day(0), 0, id="nothing has passed"),
    ],
)
def test_the_longest_gap_runs_between_meetings_on_record(
    verdicts: list[VerdictKind | None], today: date, days: int
) -> None:
    assert longest_gap(outcomes(*verdicts), today) == days


def test_pauses_and_closed_dates_are_no_gap() -> None:
    pause = Pause(day(1), day(2))
    calm = Calm((pause,), {day(3)})
    assert longest_gap(outcomes(HELD), day(4), calm) == 28 - 8 - 1


@given(
    span=st.integers(-5, 60),
    closed=st.sets(st.integers(0, 60)),
    pauses=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=3),
)
def test_days_left_out_are_never_counted_twice(
    span: int, closed: set[int], pauses: list[tuple[int, int]]
) -> None:
    def at(n: int) -> date:
        return FIRST + timedelta(days=n)

    calm = Calm(tuple(Pause(at(a), at(a + n)) for a, n in pauses), frozenset(at(n) for n in closed))
    out = closed | {a + k for a, n in pauses for k in range(n + 1)}
    assert days_without(FIRST, at(span), calm) == len(set(range(1, span + 1)) - out)


def test_milestones_are_numbers_of_held_meetings_or_dates() -> None:
    found = outcomes(HELD, NOT_HELD, HELD, HELD)
    asked = (*usual_milestones(5), Milestone(on=day(5)), Milestone(on=day(50)))
    assert [m.held for m in asked[:3]] == [1, 3, 5]
    assert milestones_reached(found, asked, day(6)) == (
        Reached(asked[0], day(0)),
        Reached(asked[1], day(6)),
        Reached(asked[3], day(5)),
    )


def test_who_led_is_the_real_split() -> None:
    mixed = [
        *outcomes(HELD, HELD, led_by="ana"),
        *outcomes(HELD, NOT_HELD, led_by="james"),
        *outcomes(HELD),
    ]
    assert sessions_led(mixed) == (Led("ana", 2, 120), Led("james", 1, 60))
