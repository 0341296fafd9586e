"""What a cut costs, what it brings back, and how a replaced date comes to stand again."""

from scheduling.changes.acts import CancelDate, EndSeries, ReplaceDate
from scheduling.changes.endings import truncation
from scheduling.changes.limits import all_mails
from scheduling.changes.remembered import remembered
from scheduling.changes.views import CancelCause, SessionState
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import DAY, LONDON, hour, pair, tuesday, with_session

NOW = at(LONDON, tuesday(1) + 3 * DAY, "12:00")


def test_the_occurrence_behind_a_single_event_is_kept_away_when_a_cut_brings_it_back() -> None:
    view = with_session(pair(), 0, event_id="apart", span=hour(tuesday(0) + DAY))
    cut = truncation(view, {"s2", "s3", "s4", "s5"})
    assert cut.cancel_again == (view.session("s0").recurrence_id,)
    assert cut.reapply == ()


def test_a_cut_mails_for_itself_and_for_everything_it_makes_necessary() -> None:
    view = with_session(pair(), 0, span=hour(tuesday(0) + 2 * DAY))
    view = with_session(view, 1, state=SessionState.CANCELLED)
    cut = truncation(view, {"s3", "s4", "s5"})
    assert cut.cut_mails == 3
    assert all_mails(EndSeries(cut), view) == 3


def test_an_ending_never_mails_oftener_than_one_cancellation_for_each_date() -> None:
    view = with_session(pair(), 0, span=hour(tuesday(0) + 2 * DAY))
    cut = truncation(view, {"s5"})
    assert cut.cut_mails == 2
    assert all_mails(EndSeries(cut), view) == 1


def test_a_series_of_which_nothing_is_kept_ends_with_one_mail() -> None:
    view = pair()
    cut = truncation(view, {session.id for session in view.sessions})
    assert all_mails(EndSeries(cut), view) == 1


def test_a_series_stays_whose_past_date_somebody_else_seems_to_have_cancelled() -> None:
    """Cancelled as a whole it took the past date with it where that stood all the same."""
    ends = {f"s{k}" for k in range(1, 6)}
    gone = {"state": SessionState.CANCELLED}
    seen_missing = with_session(pair(), 0, cause=CancelCause.IN_CALENDAR, **gone)
    assert truncation(seen_missing, ends).one_by_one
    assert all_mails(EndSeries(truncation(seen_missing, ends)), seen_missing) == 5
    taken_out = with_session(pair(), 0, cause=CancelCause.DECLINED, **gone)
    assert not truncation(taken_out, ends).one_by_one
    not_the_first = with_session(pair(), 5, cause=CancelCause.IN_CALENDAR, **gone)
    assert not truncation(not_the_first, {f"s{k}" for k in range(5)}).one_by_one


def test_a_date_cancelled_for_its_single_event_stands_again_once_that_is_booked() -> None:
    view = remembered(pair(), CancelDate("s2", CancelCause.DECLINED, replaced=True), NOW)
    to = hour(tuesday(2) + DAY)
    replaced = remembered(view, ReplaceDate("s2", to), NOW).session("s2")
    assert (replaced.state, replaced.cause, replaced.span) == (SessionState.SCHEDULED, None, to)
    assert (replaced.moves, replaced.event_id) == (1, "s2")
