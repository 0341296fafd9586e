"""What a coordinator does in the organizer's calendar: the store follows and mails nobody."""

from dataclasses import replace

import pytest

from scheduling.changes.acts import FollowCancel, FollowMove, MoveDate, RaiseNeed
from scheduling.changes.limits import all_mails
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import OccurrenceView, PairView, SeriesView, UnreadableTime
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    acts,
    calendar,
    codes,
    decided,
    hour,
    pair,
    tuesday,
    with_session,
)

NOW = at(LONDON, tuesday(1) - 4 * DAY, "12:00")


def shown_at(view: PairView, window: int, span: TimeSpan | None) -> SeriesView:
    """The calendar with one occurrence elsewhere, or gone."""
    full = calendar(view)
    usual = hour(tuesday(window)).start
    moved = (
        replace(o, span=span) if o.recurrence_id == usual and span else o
        for o in full.occurrences
        if span or o.recurrence_id != usual
    )
    return replace(full, occurrences=tuple(moved))


@pytest.mark.acceptance(21)
@pytest.mark.parametrize(
    ("days", "code"),
    [
        pytest.param(2, ChangeCode.MOVED_IN_CALENDAR, id="two days later"),
        pytest.param(4, ChangeCode.MOVED_IN_CALENDAR, id="over the weekend"),
        pytest.param(-1, ChangeCode.MOVED_IN_CALENDAR, id="the day before"),
        pytest.param(7, ChangeCode.MOVED_OUTSIDE_TOLERANCE, id="a week later"),
    ],
)
def test_the_store_follows_a_date_moved_in_the_calendar_and_nobody_is_mailed(
    days: int, code: ChangeCode
) -> None:
    to = hour(tuesday(1) + days * DAY, "15:00")
    found = decided(NOW, pair(), shown_at(pair(), 1, to))
    follow = acts(found)[0]
    assert follow == FollowMove("s1", to)
    assert found[0].reason.code is code
    assert all_mails(follow, pair()) == 0


@pytest.mark.acceptance(21)
def test_a_date_moved_beyond_tolerance_stays_and_the_following_one_is_respaced() -> None:
    to = hour(tuesday(2) - 4 * DAY)
    found = decided(NOW, pair(), shown_at(pair(), 1, to))
    assert codes(found) == [ChangeCode.MOVED_OUTSIDE_TOLERANCE, ChangeCode.RESPACED]
    _, move = acts(found)
    assert isinstance(move, MoveDate)
    assert move.session_id == "s2"
    assert (move.to.start.date() - to.start.date()).days >= 6


@pytest.mark.acceptance(21)
@pytest.mark.parametrize("reason", ["unreadable", "moved often", "moved to before"])
def test_where_the_neighbour_cannot_be_respaced_the_coordinator_is_told(reason: str) -> None:
    view, window, to = pair(), 1, hour(tuesday(2) - 4 * DAY)
    if reason == "moved often":
        view = with_session(view, 2, moves=2)
    if reason == "moved to before":
        window, to = 2, hour(tuesday(1) + 4 * DAY)
    time = UnreadableTime(("jo",)) if reason == "unreadable" else None
    found = decided(NOW, view, shown_at(view, window, to), time)
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.TOO_CLOSE]  # type: ignore[union-attr]
    assert acts(found, MoveDate) == []


@pytest.mark.parametrize("listed", [True, False], ids=["listed as cancelled", "not listed"])
def test_the_store_follows_a_date_cancelled_in_the_calendar(listed: bool) -> None:
    shown = shown_at(pair(), 1, None)
    if listed:
        gone = OccurrenceView("e", hour(tuesday(1)).start, hour(tuesday(1)), cancelled=True)
        shown = replace(shown, occurrences=(*shown.occurrences, gone))
    found = decided(NOW, pair(), shown)
    assert acts(found) == [FollowCancel("s1")]
    after = remembered(pair(), FollowCancel("s1"), NOW)
    assert decided(NOW, after, shown) == ()


def test_what_lies_outside_the_stretch_that_was_read_is_left_alone() -> None:
    shown = shown_at(pair(), 4, None)
    narrow = replace(shown, read=TimeSpan(NOW, NOW + 14 * DAY))
    assert decided(NOW, pair(), narrow) == ()


def test_a_past_date_that_is_missing_stays_on_record() -> None:
    assert decided(NOW, pair(), shown_at(pair(), 0, None)) == ()


def test_a_deleted_series_ends_its_dates_in_the_store_and_asks_the_coordinator_once() -> None:
    view = pair()
    shown = SeriesView(alive=False, read=calendar(view).read)
    found = decided(NOW, view, shown)
    assert {a.session_id for a in acts(found, FollowCancel)} == {"s1", "s2", "s3", "s4", "s5"}  # type: ignore[union-attr]
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.SERIES_DELETED]  # type: ignore[union-attr]
    for act in acts(found):
        view = remembered(view, act, NOW)
    assert view.session("s0").is_live
    assert decided(NOW, view, shown) == ()


def test_a_date_the_store_does_not_know_is_noted_and_stays() -> None:
    extra = OccurrenceView("x", None, hour(tuesday(1) + DAY))
    shown = calendar(pair())
    found = decided(NOW, pair(), replace(shown, occurrences=(*shown.occurrences, extra)))
    assert codes(found) == [ChangeCode.UNEXPECTED_DATE]
    assert acts(found) == []


def test_the_store_follows_while_both_peoples_calendars_are_unreadable() -> None:
    to = hour(tuesday(1) + DAY)
    found = decided(NOW, pair(), shown_at(pair(), 1, to), UnreadableTime(("jo", "sam")))
    assert acts(found) == [FollowMove("s1", to)]
