"""Make-ups for lost dates, shortfalls, and long stretches without a meeting on record."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from scheduling.changes.acts import BookDate, CloseNeed, Complete, RaiseNeed
from scheduling.changes.gaps import alert_due
from scheduling.changes.makeups import last_chance, missing_dates
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import (
    CancelCause,
    PairState,
    PairView,
    Pause,
    SessionState,
    UnreadableTime,
)
from tests.scheduling.builders import at, busy_daily
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    START,
    acts,
    codes,
    decided,
    known,
    pair,
    situation,
    tuesday,
    with_session,
)

NOW = at(LONDON, tuesday(1) + 3 * DAY, "12:00")
LOST = {"state": SessionState.CANCELLED, "cause": CancelCause.DECLINED}


def lost(window: int, **facts: object) -> PairView:
    return with_session(pair(), window, **{**LOST, **facts})


@pytest.mark.parametrize(
    ("window", "facts", "booked_in"),
    [
        pytest.param(1, {}, 1, id="its own window has a week left"),
        pytest.param(0, {}, 6, id="its own window has passed: after the last date"),
        pytest.param(4, {}, 4, id="a window to come"),
        pytest.param(4, {"state": SessionState.SKIPPED, "cause": None}, 4, id="never had an hour"),
    ],
)
def test_a_lost_date_is_made_up_in_its_window_or_after_the_last(
    window: int, facts: dict[str, object], booked_in: int
) -> None:
    found = decided(NOW, lost(window, **facts))
    (booked,) = acts(found)
    assert isinstance(booked, BookDate)
    assert booked.window == booked_in
    assert codes(found) == [ChangeCode.MAKE_UP]
    after = remembered(lost(window, **facts), booked, NOW)
    assert decided(NOW, after) == ()


def test_a_meeting_that_was_not_held_is_made_up_after_the_last_date() -> None:
    (booked,) = acts(decided(NOW, with_session(pair(), 0, held=False)))
    assert isinstance(booked, BookDate)
    assert booked.window == 6


@pytest.mark.parametrize(
    ("cause", "owed"),
    [
        (CancelCause.DECLINED, True),
        (CancelCause.SHORT_NOTICE, True),
        (CancelCause.ENDED, True),
        (CancelCause.PAUSED, False),
        (CancelCause.IN_CALENDAR, False),
        (CancelCause.LEFT_OUT, False),
    ],
)
def test_what_a_person_took_out_on_purpose_is_not_made_up(cause: CancelCause, owed: bool) -> None:
    assert missing_dates(lost(2, cause=cause), NOW) == int(owed)


@pytest.mark.parametrize(("minimum", "missing"), [(5, 0), (6, 1)])
def test_the_minimum_is_owed_even_for_excused_dates(minimum: int, missing: int) -> None:
    view = lost(2, cause=CancelCause.PAUSED)
    assert (
        missing_dates(replace(view, rule=replace(view.rule, minimum_held=minimum)), NOW) == missing
    )


def test_make_ups_end_four_weeks_after_the_last_planned_date() -> None:
    """The last date is Tuesday 11 May 2027; the clocks changed on 28 March in between."""
    assert tuesday(5) == date(2027, 5, 11)
    assert last_chance(situation(NOW)) == at(LONDON, date(2027, 6, 9), "00:00")


def test_no_make_up_is_waited_for_beyond_the_end_of_the_program() -> None:
    """The closing note came four weeks late wherever a date was missing at the program's end."""
    view = replace(with_session(pair(), 0, held=False), program_end=tuesday(5) + 3 * DAY)
    assert last_chance(situation(NOW, view)) == at(LONDON, tuesday(5) + 4 * DAY, "00:00")
    (need,) = acts(decided(NOW, view))
    assert isinstance(need, RaiseNeed)
    told = remembered(view, need, NOW)
    assert Complete() not in acts(decided(at(LONDON, tuesday(5) + 3 * DAY, "12:00"), told))
    assert Complete() in acts(decided(at(LONDON, tuesday(5) + 6 * DAY, "09:00"), told))


@pytest.mark.acceptance(30)
def test_what_cannot_be_made_up_is_reported_once_and_closes_itself() -> None:
    view = with_session(pair(), 0, held=False)
    away = busy_daily(LONDON, tuesday(5) + DAY, 40, "00:00", "23:59")
    (need,) = acts(decided(NOW, view, None, known(sam=away)))
    assert isinstance(need, RaiseNeed)
    assert need.code is ChangeCode.SHORTFALL
    told = remembered(view, need, NOW)
    assert decided(NOW, told, None, known(sam=away)) == ()
    found = acts(decided(NOW, told))
    assert [type(a) for a in found] == [BookDate, CloseNeed]


def test_nothing_is_made_up_while_a_calendar_is_unreadable() -> None:
    found = decided(NOW, lost(1), None, UnreadableTime(("jo",)))
    assert (codes(found), acts(found)) == ([ChangeCode.UNREADABLE], [])


def test_a_make_up_comes_before_other_changes_to_the_weeks_mails() -> None:
    found = decided(NOW, lost(1), None, None, {"jo": 1})
    assert ChangeCode.MAKE_UP in codes(found)


LONG_AGO = START + 8 * DAY


def at_noon(day: date) -> datetime:
    return at(LONDON, day, "12:00")


@pytest.mark.acceptance(33)
@pytest.mark.parametrize(
    ("days", "facts", "alert"),
    [
        pytest.param(44, {}, False, id="44 days"),
        pytest.param(45, {}, True, id="45 days"),
        pytest.param(
            45,
            {"past_pauses": (Pause(START + 20 * DAY, START + 24 * DAY),)},
            False,
            id="five of them paused",
        ),
        pytest.param(45, {"closed_dates": frozenset({START + 20 * DAY})}, False, id="a holiday"),
        pytest.param(60, {"evidence_readable": False}, False, id="evidence could not be read"),
    ],
)
def test_the_coordinator_gets_an_alert_after_45_days_without_a_meeting(
    days: int, facts: dict[str, object], alert: bool
) -> None:
    view = replace(pair(), last_on_record=LONG_AGO, **facts)  # type: ignore[arg-type]
    found = decided(at_noon(LONG_AGO + days * DAY), view)
    raised = [n.code for n in acts(found, RaiseNeed)]  # type: ignore[union-attr]
    assert (ChangeCode.NOTHING_ON_RECORD in raised) is alert


@pytest.mark.acceptance(33)
@pytest.mark.parametrize(
    ("facts", "days"),
    [
        pytest.param({}, 45, id="every day counts"),
        pytest.param({"closed_dates": frozenset({START + 20 * DAY})}, 46, id="a holiday"),
        pytest.param(
            {"past_pauses": (Pause(START + 20 * DAY, START + 24 * DAY),)}, 50, id="five days paused"
        ),
    ],
)
def test_the_day_of_the_alert_is_known_from_the_last_meeting_on(
    facts: dict[str, object], days: int
) -> None:
    """British clocks go forward on 28 March 2027, so a midnight before and one after are both
    told by the wall clock."""
    view = replace(pair(), last_on_record=LONG_AGO, **facts)  # type: ignore[arg-type]
    due = alert_due(situation(at_noon(LONG_AGO + DAY), view))
    assert due == at(LONDON, LONG_AGO + days * DAY, "00:00")
    for now, alert in ((due - timedelta(seconds=1), False), (due, True)):
        raised = [n.code for n in acts(decided(now, view), RaiseNeed)]  # type: ignore[union-attr]
        assert (ChangeCode.NOTHING_ON_RECORD in raised) is alert


def test_the_day_of_the_alert_is_known_before_the_first_date() -> None:
    """Else a first date of which nobody has a word would have nobody look on that day."""
    view = pair()
    first = min(view.sessions, key=lambda s: s.planned).planned.start
    known = alert_due(situation(first - timedelta(days=3), view))
    assert known == alert_due(situation(first + timedelta(days=3), view))
    assert known is not None


def test_no_alert_is_due_where_nobody_could_know_or_nothing_was_to_be_held() -> None:
    view = replace(pair(), last_on_record=LONG_AGO)
    for other in (
        replace(view, evidence_readable=False),
        replace(view, state=PairState.PAUSED, pause=Pause(START, START + 90 * DAY)),
    ):
        assert alert_due(situation(at_noon(LONG_AGO + 60 * DAY), other)) is None


@pytest.mark.acceptance(33)
def test_the_alert_names_its_causes_comes_once_and_closes_itself() -> None:
    view = with_session(replace(pair(), last_on_record=LONG_AGO), 1, moves=2, declines=1)
    view = with_session(view, 2, **LOST)
    now = at_noon(LONG_AGO + 50 * DAY)
    found = decided(now, view)
    alert = next(d for d in found if d.reason.code is ChangeCode.NOTHING_ON_RECORD)
    assert {k: alert.reason.facts[k] for k in ("declines", "moves", "lost", "unknown")} == {
        "declines": 1,
        "moves": 2,
        "lost": 1,
        "unknown": 3,
    }
    order = codes(found)
    assert order.index(ChangeCode.MAKE_UP) < order.index(ChangeCode.NOTHING_ON_RECORD)
    for act in acts(found):
        view = remembered(view, act, now)
    assert decided(now, view) == ()
    met = replace(view, last_on_record=LONG_AGO + 49 * DAY)
    assert codes(decided(now, met)) == [ChangeCode.CAUSE_GONE]


def test_a_second_make_up_takes_the_next_window_after_the_last() -> None:
    view = with_session(pair(), 0, held=False)
    first = acts(decided(NOW, view))[0]
    view = with_session(remembered(view, first, NOW), 1, held=False)
    (second,) = acts(decided(NOW, view))
    assert isinstance(first, BookDate)
    assert isinstance(second, BookDate)
    assert (first.window, second.window) == (6, 7)
