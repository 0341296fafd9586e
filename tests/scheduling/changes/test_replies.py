"""Declines of a date, at short notice, again, and of the whole series."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduling.changes.acts import (
    CancelDate,
    Message,
    MoveDate,
    OfferHours,
    RaiseNeed,
    ReadyAct,
    Tell,
)
from scheduling.changes.decide import decide
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import Response, SeriesDecline, UnreadableTime
from scheduling.freebusy import Answer
from tests.scheduling.builders import at, busy_daily
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    START,
    acts,
    answered,
    calendar,
    codes,
    decided,
    hour,
    known,
    pair,
    situation,
    tuesday,
    with_session,
)

WINDOW = 1
DATE = tuesday(WINDOW)
BEFORE = at(LONDON, DATE - 4 * DAY, "12:00")
"""The Friday before the Tuesday of window 1, within mail hours and outside the freeze."""
AFTER_FREEZE_BEGAN = at(LONDON, DATE - DAY, "15:00")


@pytest.mark.acceptance(22)
@pytest.mark.parametrize("who", ["jo", "sam"])
def test_a_declined_date_moves_within_its_window_by_the_same_event(who: str) -> None:
    found = decided(BEFORE, pair(), answered(calendar(pair()), WINDOW, who))
    (move,) = acts(found)
    assert isinstance(move, MoveDate)
    assert (move.session_id, move.decline) == ("s1", True)
    assert START + 14 * DAY <= move.to.start.date() < START + 28 * DAY
    assert not move.to.overlaps(hour(DATE))
    assert codes(found) == [ChangeCode.DATE_DECLINED]


@pytest.mark.acceptance(22)
def test_a_second_decline_of_a_date_goes_to_the_coordinator_and_the_date_stands() -> None:
    view = with_session(pair(), WINDOW, declines=1)
    found = decided(BEFORE, view, answered(calendar(view), WINDOW, "jo"))
    (need,) = acts(found)
    assert isinstance(need, RaiseNeed)
    assert need.code is ChangeCode.DATE_DECLINED_TWICE
    assert found[0].again_at == hour(DATE).start - DAY


def test_a_date_declined_twice_is_taken_out_when_the_freeze_begins() -> None:
    view = with_session(pair(), WINDOW, declines=1)
    shown = answered(calendar(view), WINDOW, "jo")
    raised = remembered(view, acts(decided(BEFORE, view, shown))[0], BEFORE)
    found = decided(AFTER_FREEZE_BEGAN, raised, shown)
    assert ChangeCode.DECLINED_DATE_TAKEN_OUT in codes(found)
    assert [a.session_id for a in acts(found, CancelDate)] == ["s1"]  # type: ignore[union-attr]
    assert acts(found, Tell) == []


@pytest.mark.parametrize(("who", "told"), [("jo", "sam"), ("sam", "jo")])
def test_a_decline_inside_the_freeze_tells_the_other_at_once_and_takes_the_date_out(
    who: str, told: str
) -> None:
    night = at(LONDON, DATE - DAY, "23:00")
    found = decided(night, pair(), answered(calendar(pair()), WINDOW, who, at=night))
    tell, cancel = acts(found, Tell, CancelDate)
    assert tell == Tell(told, Message.HOUR_IS_OFF, "s1", at_once=True)
    assert isinstance(cancel, CancelDate)
    assert (cancel.session_id, cancel.at_once, cancel.replaced) == ("s1", True, True)


def test_nobody_is_told_when_both_declined_inside_the_freeze() -> None:
    shown = answered(answered(calendar(pair()), WINDOW, "jo"), WINDOW, "sam")
    found = decided(AFTER_FREEZE_BEGAN, pair(), shown)
    assert acts(found, Tell) == []
    assert len(acts(found, CancelDate)) == 1


def test_a_decline_inside_the_freeze_goes_ahead_while_calendars_are_unreadable() -> None:
    shown = answered(calendar(pair()), WINDOW, "jo")
    found = decided(AFTER_FREEZE_BEGAN, pair(), shown, UnreadableTime(("sam",)))
    assert len(acts(found, CancelDate)) == 1


def test_a_decline_outside_the_freeze_waits_while_calendars_are_unreadable() -> None:
    shown = answered(calendar(pair()), WINDOW, "jo")
    found = decided(BEFORE, pair(), shown, UnreadableTime(("sam",)))
    assert acts(found) == []
    assert set(codes(found)) == {ChangeCode.UNREADABLE}


def test_without_another_hour_the_date_stands_and_the_coordinator_is_asked() -> None:
    away = busy_daily(LONDON, START + 14 * DAY, 14, "00:00", "23:59")
    found = decided(BEFORE, pair(), answered(calendar(pair()), WINDOW, "jo"), known(sam=away))
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.NO_OTHER_HOUR]  # type: ignore[union-attr]


def test_a_date_moved_twice_already_is_not_moved_for_a_decline() -> None:
    view = with_session(pair(), WINDOW, moves=2)
    found = decided(BEFORE, view, answered(calendar(view), WINDOW, "jo"))
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.MOVES_USED_UP]  # type: ignore[union-attr]


def test_an_answer_that_stays_on_the_event_after_its_move_is_not_a_second_decline() -> None:
    view, shown = pair(), answered(calendar(pair()), WINDOW, "jo")
    (move,) = acts(decided(BEFORE, view, shown))
    assert isinstance(move, MoveDate)
    moved = remembered(view, move, BEFORE)
    still = answered(calendar(moved), WINDOW, "jo")
    assert decided(BEFORE + timedelta(hours=1), moved, still) == ()


@pytest.mark.parametrize(
    ("answer", "changes"),
    [
        pytest.param(Answer.NONE, False, id="no answer counts as yes"),
        pytest.param(Answer.ACCEPTED, False, id="accepted needs nothing"),
        pytest.param(Answer.TENTATIVE, False, id="tentative needs nothing"),
        pytest.param(Answer.DECLINED, True, id="declined needs another time"),
    ],
)
def test_only_a_decline_moves_a_date(answer: Answer, changes: bool) -> None:
    found = decided(BEFORE, pair(), answered(calendar(pair()), WINDOW, "jo", answer))
    assert bool(acts(found)) is changes


def test_in_the_first_month_a_second_decline_waits_before_it_escalates() -> None:
    view = replace(with_session(pair(), 2, declines=1), booked_at=BEFORE - 7 * DAY)
    shown = answered(calendar(view), 2, "jo", at=BEFORE)
    assert codes(decided(BEFORE, view, shown)) == [ChangeCode.DECLINE_WAITS]
    tuesday_after = BEFORE + 4 * DAY
    assert ChangeCode.DATE_DECLINED_TWICE in codes(decided(tuesday_after, view, shown))


def test_extra_attendees_are_noted_and_their_answers_ignored() -> None:
    found = decided(BEFORE, pair(), answered(calendar(pair()), WINDOW, "assistant"))
    assert codes(found) == [ChangeCode.EXTRA_ATTENDEES]
    assert acts(found) == []


FRIDAY = datetime(2027, 3, 5, 12, tzinfo=UTC)


def series_declined_by(who: str) -> tuple[Response, ...]:
    return (Response(who, Answer.DECLINED, FRIDAY),)


def test_a_declined_series_is_shown_to_the_coordinator_and_nothing_is_sent() -> None:
    shown = calendar(pair(), responses=series_declined_by("sam"))
    found = decided(FRIDAY, pair(), shown)
    (need,) = acts(found, RaiseNeed)
    assert isinstance(need, RaiseNeed)
    assert need.ready == (ReadyAct.OFFER_HOURS, ReadyAct.PAUSE, ReadyAct.END)
    assert acts(found, Tell, OfferHours, MoveDate, CancelDate) == []
    waits = found[-1]
    assert waits.reason.code is ChangeCode.SERIES_DECLINE_WAITS
    assert waits.again_at == datetime(2027, 3, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "offered"),
    [
        pytest.param(datetime(2027, 3, 9, 11, tzinfo=UTC), False, id="two working days not over"),
        pytest.param(datetime(2027, 3, 9, 12, tzinfo=UTC), True, id="two working days over"),
    ],
)
def test_without_an_act_five_hours_go_to_who_declined_the_series(
    now: datetime, offered: bool
) -> None:
    view = replace(pair(), series_declines=(SeriesDecline("sam", FRIDAY),))
    found = decided(now, view, calendar(view, responses=series_declined_by("sam")))
    offers = acts(found, OfferHours)
    assert bool(offers) is offered
    for offer in offers:
        assert isinstance(offer, OfferHours)
        assert offer.people == ("sam",)
        assert len(offer.hours) == 5
        near = [h for h in offer.hours if h.weekday == 1 and 9 <= h.start.hour <= 11]
        assert near == []


@pytest.mark.parametrize("fact", ["offered", "handled"])
def test_a_declined_series_that_was_dealt_with_sends_nothing_more(fact: str) -> None:
    decline = SeriesDecline("sam", FRIDAY, offered=fact == "offered", handled=fact == "handled")
    view = replace(pair(), series_declines=(decline,))
    shown = calendar(view, responses=series_declined_by("sam"))
    assert acts(decided(FRIDAY + 7 * DAY, view, shown), OfferHours) == []


def test_in_the_first_month_a_declined_series_reaches_the_coordinator_later() -> None:
    view = replace(pair(), booked_at=FRIDAY - 3 * DAY)
    shown = calendar(view, responses=series_declined_by("sam"))
    assert acts(decided(FRIDAY, view, shown), RaiseNeed) == []
    noted = replace(view, series_declines=(SeriesDecline("sam", FRIDAY),))
    later = decided(FRIDAY + 4 * DAY, noted, shown)
    assert len(acts(later, RaiseNeed)) == 1
    assert acts(later, OfferHours) == []


def test_a_series_accepted_after_all_closes_its_row() -> None:
    shown = calendar(pair(), responses=series_declined_by("sam"))
    view = pair()
    for act in acts(decided(FRIDAY, view, shown)):
        view = remembered(view, act, FRIDAY)
    assert view.needs
    found = decide(situation(FRIDAY + timedelta(hours=1), view, calendar(view)))
    assert codes(found) == [ChangeCode.SERIES_DECLINE_WITHDRAWN, ChangeCode.CAUSE_GONE]
    for act in acts(found):
        view = remembered(view, act, FRIDAY)
    assert view.needs == frozenset()
    assert view.series_declines == ()


def test_who_declined_the_series_is_not_asked_about_its_single_dates() -> None:
    view = replace(pair(), series_declines=(SeriesDecline("sam", FRIDAY, handled=True),))
    shown = calendar(view, responses=series_declined_by("sam"))
    assert acts(decided(FRIDAY, view, answered(shown, WINDOW, "sam")), MoveDate) == []


def test_who_declined_the_series_is_asked_about_an_event_apart_from_it() -> None:
    """A make-up has an invitation of its own, and its decline was left standing."""
    declined = replace(pair(), series_declines=(SeriesDecline("sam", FRIDAY, handled=True),))
    view = with_session(declined, WINDOW, event_id=f"s{WINDOW}")
    shown = calendar(view, responses=series_declined_by("sam"))
    (move,) = acts(decided(FRIDAY, view, answered(shown, WINDOW, "sam")), MoveDate)
    assert isinstance(move, MoveDate)
    assert (move.session_id, move.decline) == ("s1", True)


def test_a_declined_date_never_moves_to_an_hour_within_the_freeze() -> None:
    """Only the afternoon of the same day is free, which is less than 24 hours away."""
    rule = replace(pair().rule, min_notice=timedelta(0))
    view = replace(pair(), rule=rule)
    now = at(LONDON, DATE - DAY, "09:00")
    others = busy_daily(LONDON, DATE, 13, "00:00", "23:59")
    found = decided(now, view, answered(calendar(view), WINDOW, "jo"), known(sam=others))
    assert acts(found, MoveDate) == []
    assert ChangeCode.NO_OTHER_HOUR in codes(found)


def test_a_decline_inside_the_freeze_with_a_proposal_takes_the_date_out() -> None:
    to = hour(DATE + 2 * DAY, "14:00")
    shown = answered(calendar(pair()), WINDOW, "jo", proposed=to)
    found = decided(AFTER_FREEZE_BEGAN, pair(), shown)
    assert len(acts(found, CancelDate)) == 1
