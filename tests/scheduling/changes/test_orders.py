"""What Tandem is told to do is done once, or settled with the reason why not."""

from dataclasses import replace
from datetime import date, time

import pytest

from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import (
    BookSeries,
    CancelDate,
    EndSeries,
    MoveDate,
    OfferDates,
    OfferHours,
    ReplaceDate,
    SettleOrder,
    StartGeneration,
)
from scheduling.changes.decide import decide
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import (
    CancelCause,
    Order,
    OrderKind,
    PairView,
    SessionState,
    UnreadableTime,
)
from scheduling.problem import Commitment
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    RULE,
    acts,
    blocked,
    codes,
    hour,
    known,
    pair,
    situation,
    tuesday,
    with_session,
)

NOW = at(LONDON, tuesday(1) + 3 * DAY, "12:00")
"""A Friday; dates 0 and 1 have passed, 2 to 5 are to come."""
UNREADABLE = UnreadableTime(("jo", "sam"))
SKIP = Order(id="o", kind=OrderKind.SKIP, session_id="s3")
MOVE = Order(id="o", kind=OrderKind.MOVE, session_id="s3", to=hour(tuesday(3) + 2 * DAY, "14:00"))


def told(*orders: Order, **facts: object) -> PairView:
    return pair(orders=orders, **facts)


def settled(view: PairView) -> PairView:
    """The pair once everything that is decided about it is done."""
    for decided in decide(situation(NOW, view)):
        for act in decided.acts:
            view = remembered(view, act, NOW)
    return view


def test_a_date_left_out_is_cancelled_and_owes_nothing() -> None:
    found = decide(situation(NOW, told(SKIP)))
    assert codes(found) == [ChangeCode.LEFT_OUT]
    assert acts(found) == [
        CancelDate("s3", CancelCause.LEFT_OUT),
        SettleOrder("o", ChangeCode.LEFT_OUT),
    ]
    after = settled(told(SKIP))
    assert after.session("s3").state is SessionState.CANCELLED
    assert after.orders == ()
    assert decide(situation(NOW, after)) == ()


def test_a_date_left_out_to_be_made_up_gets_its_make_up() -> None:
    found = decide(situation(NOW, told(replace(SKIP, make_up=True))))
    assert codes(found) == [ChangeCode.LEFT_OUT, ChangeCode.MAKE_UP]


def test_a_date_within_the_freeze_is_left_out_at_any_hour() -> None:
    night = at(LONDON, tuesday(3) - DAY, "22:00")
    (cancel, _) = acts(decide(situation(night, told(SKIP))))
    assert cancel == CancelDate("s3", CancelCause.LEFT_OUT, at_once=True)


def test_a_date_moves_where_it_was_told_to_and_stays_there() -> None:
    found = decide(situation(NOW, told(MOVE)))
    assert codes(found) == [ChangeCode.MOVED_BY_ORDER]
    assert acts(found)[0] == MoveDate("s3", hour(tuesday(3) + 2 * DAY, "14:00"), by_person=True)
    assert settled(told(MOVE)).session("s3").moved_by_person


def test_a_move_beyond_the_neighbour_becomes_a_single_event() -> None:
    far = replace(MOVE, to=hour(tuesday(4) + DAY, "14:00"))
    assert isinstance(acts(decide(situation(NOW, told(far))))[0], ReplaceDate)


@pytest.mark.parametrize("order", [SKIP, MOVE], ids=["skip", "move"])
def test_orders_go_ahead_while_nobody_can_be_read(order: Order) -> None:
    found = decide(situation(NOW, told(order), time=UNREADABLE))
    assert SettleOrder("o", found[0].reason.code) in found[0].acts
    assert found[0].reason.code in (ChangeCode.LEFT_OUT, ChangeCode.MOVED_BY_ORDER)


def test_a_move_waits_for_mail_hours_and_stays_ordered() -> None:
    night = at(LONDON, tuesday(2) - 4 * DAY, "22:00")
    (waits,) = decide(situation(night, told(MOVE)))
    assert (waits.reason.code, waits.acts) == (ChangeCode.MAIL_HOURS, ())
    assert waits.again_at is not None


def test_nobody_is_booked_twice_by_an_order() -> None:
    to = MOVE.to
    assert to is not None
    busy = replace(known(), commitments=(Commitment(frozenset({"jo", "x"}), to),))
    found = decide(situation(NOW, told(MOVE), time=busy))
    assert acts(found) == [SettleOrder("o", ChangeCode.ORDER_DOUBLE_BOOKS)]
    onto = replace(MOVE, to=hour(tuesday(4), "10:30"))
    assert codes(decide(situation(NOW, told(onto)))) == [ChangeCode.ORDER_DOUBLE_BOOKS]


@pytest.mark.parametrize(
    "order",
    [
        replace(SKIP, session_id="s0"),
        replace(SKIP, session_id="nobody's"),
        replace(MOVE, to=hour(tuesday(1))),
    ],
    ids=["past date", "no such date", "past time"],
)
def test_an_order_that_comes_too_late_is_settled_and_changes_nothing(order: Order) -> None:
    found = decide(situation(NOW, told(order)))
    assert acts(found) == [SettleOrder("o", ChangeCode.ORDER_TOO_LATE)]


def test_hours_for_a_date_are_offered_to_both() -> None:
    offer = Order(id="o", kind=OrderKind.OFFER_DATES, session_id="s3")
    offers = [
        act for act in acts(decide(situation(NOW, told(offer)))) if isinstance(act, OfferDates)
    ]
    assert [o.person for o in offers] == ["jo", "sam"]
    assert 1 <= len(offers[0].spans) <= 5
    assert all(not span.overlaps(hour(tuesday(3))) for span in offers[0].spans)


def test_hours_are_looked_for_once_both_can_be_read() -> None:
    for kind, session_id in ((OrderKind.OFFER_DATES, "s3"), (OrderKind.OFFER_HOURS, None)):
        order = Order(id="o", kind=kind, session_id=session_id)
        found = decide(situation(NOW, told(order), time=UNREADABLE))
        assert codes(found) == [ChangeCode.UNREADABLE]


def test_other_regular_hours_are_offered_and_the_present_one_is_not() -> None:
    order = Order(id="o", kind=OrderKind.OFFER_HOURS)
    (offer, _) = acts(decide(situation(NOW, told(order))))
    assert isinstance(offer, OfferHours)
    assert offer.people == ("jo", "sam")
    usual = pair().series
    assert usual is not None
    assert all(
        (hours.weekday, hours.start) != (usual.weekday, usual.start) for hours in offer.hours
    )


def test_a_series_is_booked_again_only_when_none_runs() -> None:
    order = Order(id="o", kind=OrderKind.BOOK_AGAIN)
    assert codes(decide(situation(NOW, told(order)))) == [ChangeCode.ORDER_DOUBLE_BOOKS]
    empty = told(order)
    for window in range(2, 6):
        empty = with_session(
            empty, window, state=SessionState.CANCELLED, cause=CancelCause.IN_CALENDAR
        )
    assert BookSeries() in acts(decide(situation(NOW, empty)))


def test_another_regular_hour_is_a_new_series_after_the_dates_that_stay() -> None:
    thursdays = SeriesSlot(LONDON, 3, time(14), 0, date(2024, 1, 4))
    order = Order(id="o", kind=OrderKind.CHANGE_HOUR, hour=thursdays)
    (found,) = decide(situation(NOW, told(order)))
    ended, started, settled = found.acts
    assert found.reason.code is ChangeCode.HOUR_CHANGED
    assert settled == SettleOrder("o", ChangeCode.HOUR_CHANGED)
    assert isinstance(ended, EndSeries)
    assert isinstance(started, StartGeneration)
    assert (started.series.weekday, started.series.start) == (3, time(14))
    before = {s.span for s in pair().sessions if s.span.start <= NOW}
    assert all(span.start > NOW for _, span in started.dates)
    assert len(before) + len(started.dates) == RULE.occurrences


def test_an_hour_that_no_date_suits_takes_nothing_away() -> None:
    sundays = SeriesSlot(LONDON, 6, time(14), 0, date(2024, 1, 7))
    order = Order(id="o", kind=OrderKind.CHANGE_HOUR, hour=sundays)
    assert codes(decide(situation(NOW, told(order)))) == [ChangeCode.ORDER_FINDS_NO_HOUR]


def test_a_rule_is_applied_as_it_was_previewed() -> None:
    later = replace(RULE, earliest_local=RULE.earliest_local.replace(hour=13))
    order = Order(id="o", kind=OrderKind.APPLY_RULE, rule=later)
    found = decide(situation(NOW, told(order)))
    assert found[0].acts[-1] == SettleOrder("o", found[0].reason.code)
    assert found[0].reason.code is ChangeCode.RULE_CHANGED


def test_an_order_is_whole_or_it_is_none() -> None:
    with pytest.raises(ValueError, match="about"):
        Order(id="o", kind=OrderKind.SKIP)
    with pytest.raises(ValueError, match="moves alone"):
        replace(SKIP, to=hour(tuesday(3)))
    with pytest.raises(ValueError, match="rule"):
        Order(id="o", kind=OrderKind.APPLY_RULE)


OFFERED = replace(MOVE, if_it_suits=True)


def test_an_offered_hour_that_still_suits_both_is_taken() -> None:
    (found,) = decide(situation(NOW, told(OFFERED)))
    assert found.reason.code is ChangeCode.MOVED_BY_ORDER
    assert found.acts[1:] == (SettleOrder("o", ChangeCode.MOVED_BY_ORDER),)


@pytest.mark.parametrize(
    "to",
    [
        hour(tuesday(3) + 2 * DAY, "07:00"),
        hour(tuesday(3) + 14 * DAY, "14:00"),
        hour(tuesday(3) - 3 * DAY, "14:00"),
        hour(tuesday(3) + 10 * DAY, "14:00"),
    ],
    ids=["outside their hours", "another window", "a Saturday", "too near to its neighbour"],
)
def test_an_hour_that_was_never_offered_is_not_taken_for_one(to: TimeSpan) -> None:
    found = decide(situation(NOW, told(replace(OFFERED, to=to))))
    assert acts(found) == [SettleOrder("o", ChangeCode.ORDER_HOUR_TAKEN)]


def test_an_offered_hour_that_was_taken_meanwhile_changes_nothing() -> None:
    busy = known(jo=[blocked(tuesday(3) + 2 * DAY, "14:30", "15:00")])
    found = decide(situation(NOW, told(OFFERED), time=busy))
    assert codes(found) == [ChangeCode.ORDER_HOUR_TAKEN]
    assert acts(found) == [SettleOrder("o", ChangeCode.ORDER_HOUR_TAKEN)]


def test_an_offered_hour_waits_until_both_can_be_read() -> None:
    found = decide(situation(NOW, told(OFFERED), time=UNREADABLE))
    assert codes(found) == [ChangeCode.UNREADABLE]
