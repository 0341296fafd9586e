"""Pauses, leavers, externals, the program's end, and truncations that lose no past date."""

from dataclasses import replace
from datetime import date

import pytest

from scheduling.changes.acts import (
    Act,
    BookDate,
    CancelDate,
    Complete,
    EndSeries,
    Message,
    OfferHours,
    RaiseNeed,
    Resume,
    StartPause,
    Tell,
)
from scheduling.changes.decide import decide
from scheduling.changes.endings import truncation
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.search import other_hours
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    CancelCause,
    Member,
    PairState,
    PairView,
    Pause,
    SessionState,
    Standing,
    UnreadableTime,
)
from tests.scheduling.builders import at, person
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    START,
    acts,
    calendar,
    codes,
    decided,
    hour,
    pair,
    session,
    situation,
    tuesday,
    with_session,
)

NOW = at(LONDON, tuesday(1) + 3 * DAY, "12:00")
"""A Friday; dates 0 and 1 have passed, 2 to 5 are to come."""
UNREADABLE = UnreadableTime(("jo", "sam"))


def after(view: PairView, found: list[Act]) -> PairView:
    for act in found:
        view = remembered(view, act, NOW)
    return view


PAUSE = Pause(date(2027, 3, 24), date(2027, 4, 15))
"""Holds dates 2 (30 March) and 3 (13 April)."""


@pytest.mark.acceptance(28)
@pytest.mark.parametrize("time", [None, UNREADABLE], ids=["readable", "unreadable"])
def test_dates_inside_a_pause_are_cancelled_once(time: UnreadableTime | None) -> None:
    view = replace(pair(), pause=PAUSE)
    found = acts(decided(NOW, view, None, time))
    assert found[0] == StartPause(PAUSE)
    assert [(a.session_id, a.cause, a.resumes_on) for a in found if isinstance(a, CancelDate)] == [
        ("s2", CancelCause.PAUSED, date(2027, 4, 16)),
        ("s3", CancelCause.PAUSED, date(2027, 4, 16)),
    ]
    assert acts(decided(NOW, after(view, found), None, time)) == []


@pytest.mark.acceptance(28)
def test_pausing_goes_ahead_without_the_organizers_calendar() -> None:
    view = replace(pair(), pause=PAUSE)
    blind = Situation.at(NOW, view, None, UNREADABLE)
    assert len([a for a in acts(decide(blind)) if isinstance(a, CancelDate)]) == 2


@pytest.mark.acceptance(28)
@pytest.mark.parametrize(
    ("day", "resumes"), [(date(2027, 4, 15), False), (date(2027, 4, 16), True)]
)
def test_planning_resumes_on_the_day_after_the_pause(day: date, resumes: bool) -> None:
    paused = after(replace(pair(), pause=PAUSE), acts(decided(NOW, replace(pair(), pause=PAUSE))))
    found = decided(at(LONDON, day, "09:00"), paused)
    assert (Resume() in acts(found)) is resumes
    assert acts(found, BookDate) == []


@pytest.mark.acceptance(28)
def test_nothing_is_moved_into_a_pause() -> None:
    pause = Pause(START + 14 * DAY, START + 26 * DAY)
    view = replace(pair(), pause=pause, state=PairState.PAUSED)
    view = with_session(view, 1, span=hour(START + 27 * DAY))
    here = situation(at(LONDON, START + 3 * DAY, "12:00"), view)
    assert here.known is not None
    assert other_hours(here, here.known, 1) == ()


@pytest.mark.acceptance(31)
@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.LEFT])
def test_a_leavers_future_dates_end_and_past_ones_stay(standing: Standing) -> None:
    view = replace(pair(), mentee=Member("sam", LONDON, standing))
    blind = Situation.at(NOW, view, None, UNREADABLE)
    end, need = acts(decide(blind))
    assert isinstance(end, EndSeries)
    assert set(end.truncation.cancelled) == {"s2", "s3", "s4", "s5"}
    assert end.truncation.range is not None
    assert end.truncation.range.dates() == [tuesday(0), tuesday(1)]
    assert isinstance(need, RaiseNeed)
    assert need.code is ChangeCode.LEAVER
    gone = after(view, [end, need])
    assert gone.state is PairState.WITHDRAWN
    assert [s.id for s in gone.sessions if s.is_live] == ["s0", "s1"]
    assert decided(NOW, gone) == ()


def test_a_withdrawn_pair_ends_with_neutral_words_and_without_a_row() -> None:
    found = decided(NOW, replace(pair(), withdrawn=True))
    assert codes(found) == [ChangeCode.WITHDRAWN]
    assert [type(a) for a in acts(found)] == [EndSeries]


@pytest.mark.acceptance(32)
def test_an_external_partner_ends_the_series_and_is_offered_hours_once() -> None:
    view = replace(pair(), mentee=Member("sam", LONDON, Standing.EXTERNAL))
    time = UnreadableTime(("sam",), readable=person("jo"))
    found = decided(NOW, view, None, time)
    offer = acts(found, OfferHours)[0]
    assert isinstance(offer, OfferHours)
    assert (offer.people, len(offer.hours)) == (("sam",), 5)
    assert len(acts(found, EndSeries)) == 1
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.EXTERNAL]  # type: ignore[union-attr]
    assert acts(decided(NOW, after(view, acts(found)), None, time)) == []


@pytest.mark.acceptance(30)
def test_dates_after_the_programs_end_are_taken_out_and_reported_as_shortfall() -> None:
    view = replace(pair(), program_end=date(2027, 4, 30))
    found = decided(NOW, view)
    (end,) = acts(found, EndSeries)
    assert isinstance(end, EndSeries)
    assert set(end.truncation.cancelled) == {"s5"}
    assert ChangeCode.UNEXPECTED_DATE not in codes(found), "what ends is still in the calendar"
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.SHORTFALL]  # type: ignore[union-attr]
    ended = after(view, acts(found))
    assert acts(decided(NOW, ended)) == []


@pytest.mark.acceptance(30)
def test_the_last_date_triggers_a_closing_note_to_both_once() -> None:
    view = replace(pair(), last_on_record=tuesday(4))
    now = at(LONDON, tuesday(5), "12:00")
    found = decided(now, view)
    assert codes(found) == [ChangeCode.COMPLETED]
    assert [a.person for a in acts(found, Tell)] == ["jo", "sam"]  # type: ignore[union-attr]
    assert all(a.message is Message.CLOSING for a in acts(found, Tell))  # type: ignore[union-attr]
    assert acts(found, Complete) == [Complete()]
    assert decided(now, after(view, acts(found))) == ()


@pytest.mark.acceptance(30)
def test_an_extension_adds_single_events_and_leaves_the_old_dates_alone() -> None:
    longer = replace(pair().rule, occurrences=8)
    found = decided(NOW, replace(pair(), rule=longer))
    booked = acts(found)
    assert [a.window for a in booked if isinstance(a, BookDate)] == [6, 7]
    assert len(booked) == 2


def test_a_date_in_progress_is_not_taken_out() -> None:
    now = at(LONDON, tuesday(2), "10:30")
    (end,) = acts(decided(now, replace(pair(), withdrawn=True)))
    assert isinstance(end, EndSeries)
    assert "s2" not in end.truncation.cancelled


def test_a_truncation_sets_moved_dates_again_and_keeps_cancelled_ones_away() -> None:
    view = with_session(pair(), 0, span=hour(tuesday(0) + 2 * DAY))
    view = with_session(view, 1, state=SessionState.CANCELLED)
    cut = truncation(view, {"s3", "s4", "s5"})
    assert cut.reapply == (("s0", hour(tuesday(0)).start, hour(tuesday(0) + 2 * DAY)),)
    assert cut.cancel_again == (hour(tuesday(1)).start,)
    assert cut.range is not None
    assert cut.range.dates() == [tuesday(0), tuesday(1), tuesday(2)]


def test_a_truncation_keeps_a_date_that_was_moved_to_before_its_usual_day() -> None:
    """Held on the Friday before; its place in the series lies in the future."""
    view = with_session(pair(), 2, span=hour(tuesday(2) - 11 * DAY, "09:00"))
    now = at(LONDON, tuesday(2) - 5 * DAY, "12:00")
    (end,) = acts(decided(now, replace(view, withdrawn=True), calendar(view)))
    assert isinstance(end, EndSeries)
    assert end.truncation.range is not None
    assert end.truncation.range.last_date == tuesday(2)


def test_a_kept_date_that_no_occurrence_can_hold_becomes_a_single_event() -> None:
    view = with_session(pair(), 0, span=hour(tuesday(1) + DAY))
    cut = truncation(view, {"s2", "s3", "s4", "s5"})
    assert cut.singles == (("s0", hour(tuesday(1) + DAY)),)
    assert cut.reapply == ()


def test_nothing_kept_cancels_the_whole_series() -> None:
    ends = {f"s{k}" for k in range(6)}
    assert truncation(pair(), ends).range is None


def test_single_events_end_beside_the_series() -> None:
    view = pair().with_session(session(6, event_id="single"))
    (end,) = acts(decided(NOW, replace(view, withdrawn=True)))
    assert isinstance(end, EndSeries)
    assert "s6" in end.truncation.cancelled


def test_dates_moved_later_are_set_again_from_the_last_one_on() -> None:
    """Otherwise the first would have to pass the second while that still lies at its usual day."""
    view = with_session(pair(), 0, span=hour(tuesday(1)))
    view = with_session(view, 1, span=hour(tuesday(1) + DAY))
    cut = truncation(view, {"s2", "s3", "s4", "s5"})
    assert [session_id for session_id, _, _ in cut.reapply] == ["s1", "s0"]
