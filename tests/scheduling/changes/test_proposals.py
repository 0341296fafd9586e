"""Proposed new times: accepted, asked about, answered with the nearest, once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from scheduling.changes.acts import (
    Message,
    MoveDate,
    NoteReply,
    OfferDates,
    RaiseNeed,
    ReplaceDate,
    Tell,
)
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import Member, UnreadableTime
from scheduling.freebusy import Answer
from scheduling.people import WorkingHours
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    NEW_YORK,
    acts,
    answered,
    blocked,
    calendar,
    codes,
    decided,
    hour,
    known,
    pair,
    tuesday,
    with_session,
)

DATE = tuesday(1)
BEFORE = at(LONDON, DATE - 4 * DAY, "12:00")
THURSDAY = DATE + 2 * DAY


@pytest.mark.acceptance(23)
@pytest.mark.parametrize("answer", [Answer.TENTATIVE, Answer.DECLINED])
def test_a_proposal_that_suits_the_other_is_accepted_and_the_rest_is_untouched(
    answer: Answer,
) -> None:
    to = hour(THURSDAY, "14:00")
    shown = answered(calendar(pair()), 1, "sam", answer, proposed=to)
    (move,) = acts(decided(BEFORE, pair(), shown))
    assert isinstance(move, MoveDate)
    assert (move.session_id, move.to) == ("s1", to)


def test_a_proposal_waives_the_hours_and_calendar_of_who_made_it() -> None:
    to = hour(THURSDAY, "16:00")
    time = known(sam=[blocked(THURSDAY, "15:00", "18:00")])
    early = replace(time, mentee=replace(time.mentee, hours=WorkingHours.every((0,), 540, 720)))
    shown = answered(calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=to)
    assert codes(decided(BEFORE, pair(), shown, early)) == [ChangeCode.PROPOSAL_ACCEPTED]


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        pytest.param(THURSDAY, "18:00", id="after the other's hours"),
        pytest.param(THURSDAY, "07:30", id="before the other's hours"),
        pytest.param(DATE + 4 * DAY, "11:00", id="on the other's Saturday"),
    ],
)
def test_a_proposal_outside_the_others_hours_is_put_to_the_other(day: date, clock: str) -> None:
    to = hour(day, clock)
    shown = answered(calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=to)
    found = decided(BEFORE, pair(), shown)
    tell, noted = acts(found)
    assert tell == Tell("jo", Message.PROPOSAL, "s1", to)
    assert isinstance(noted, NoteReply)
    assert codes(found) == [ChangeCode.PROPOSAL_ASKED]


@pytest.mark.acceptance(23)
@pytest.mark.parametrize(
    ("to", "jo_busy"),
    [
        pytest.param(hour(THURSDAY, "14:00"), (THURSDAY, "13:30", "15:30"), id="other is busy"),
        pytest.param(hour(tuesday(2) - DAY), None, id="in another window"),
        pytest.param(hour(tuesday(2) - 4 * DAY), None, id="too close to the next date"),
    ],
)
def test_a_proposal_that_cannot_be_is_answered_with_the_nearest_hour(
    to: object, jo_busy: tuple[date, str, str] | None
) -> None:
    shown = answered(calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=to)  # type: ignore[arg-type]
    found = decided(BEFORE, pair(), shown, known(jo=[blocked(*jo_busy)] if jo_busy else []))
    offer, noted = acts(found)
    assert isinstance(offer, OfferDates)
    assert (offer.person, offer.session_id, len(offer.spans)) == ("sam", "s1", 1)
    assert isinstance(noted, NoteReply)


def test_the_nearest_hour_is_nearest_to_the_proposal() -> None:
    to = hour(THURSDAY, "14:00")
    shown = answered(calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=to)
    time = known(jo=[blocked(THURSDAY, "14:00", "14:30")])
    (offer,) = acts(decided(BEFORE, pair(), shown, time), OfferDates)
    assert isinstance(offer, OfferDates)
    assert abs(offer.spans[0].start - to.start) <= timedelta(hours=1)


def test_a_decline_with_an_impossible_proposal_moves_to_the_nearest_hour() -> None:
    to = hour(THURSDAY, "14:00")
    shown = answered(calendar(pair()), 1, "sam", Answer.DECLINED, proposed=to)
    time = known(jo=[blocked(THURSDAY, "14:00", "14:30")])
    (move,) = acts(decided(BEFORE, pair(), shown, time))
    assert isinstance(move, MoveDate)
    assert abs(move.to.start - to.start) <= timedelta(hours=1)


def test_a_proposal_is_acted_on_once() -> None:
    to = hour(THURSDAY, "18:00")
    view = pair()
    shown = answered(calendar(view), 1, "sam", Answer.TENTATIVE, proposed=to)
    for act in acts(decided(BEFORE, view, shown)):
        view = remembered(view, act, BEFORE)
    assert decided(BEFORE, view, shown) == ()
    anew = answered(calendar(view), 1, "sam", Answer.TENTATIVE, BEFORE, to)
    assert codes(decided(BEFORE, view, anew)) == [ChangeCode.PROPOSAL_ASKED]


def test_a_proposal_inside_the_freeze_is_put_to_the_other_and_moves_nothing() -> None:
    now = at(LONDON, DATE - DAY, "14:00")
    shown = answered(calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=hour(THURSDAY))
    found = decided(now, pair(), shown)
    assert codes(found) == [ChangeCode.PROPOSAL_ASKED]
    assert acts(found, MoveDate) == []


def test_a_proposed_time_that_has_passed_is_noted_and_nothing_else() -> None:
    shown = answered(
        calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=hour(DATE - 5 * DAY, "09:00")
    )
    found = decided(BEFORE, pair(), shown)
    assert [type(a) for a in acts(found)] == [NoteReply]


def test_no_proposal_is_accepted_while_calendars_are_unreadable() -> None:
    shown = answered(calendar(pair()), 1, "sam", Answer.TENTATIVE, proposed=hour(THURSDAY))
    assert acts(decided(BEFORE, pair(), shown, UnreadableTime(("jo",)))) == []


def test_a_third_move_is_not_made_for_a_proposal() -> None:
    view = with_session(pair(), 1, moves=2)
    shown = answered(calendar(view), 1, "sam", Answer.TENTATIVE, proposed=hour(THURSDAY))
    assert [n.code for n in acts(decided(BEFORE, view, shown), RaiseNeed)] == [  # type: ignore[union-attr]
        ChangeCode.MOVES_USED_UP
    ]


def test_a_date_that_would_pass_its_neighbours_day_becomes_a_single_event() -> None:
    """The neighbour of window 0 was moved by its people to the day before the proposal."""
    rule = replace(pair().rule, min_gap_days=None)
    view = with_session(replace(pair(), rule=rule), 0, span=hour(DATE - DAY, "09:00"))
    to = hour(DATE - DAY, "15:00")
    shown = answered(calendar(view), 1, "sam", Answer.TENTATIVE, proposed=to)
    view = replace(view, rule=replace(rule, max_per_person_per_day=2))
    found = decided(at(LONDON, DATE - 5 * DAY, "12:00"), view, shown)
    (replaced,) = acts(found)
    assert isinstance(replaced, ReplaceDate)
    assert replaced.to == to
    after = remembered(view, replaced, BEFORE)
    assert after.session("s1").is_single


@pytest.mark.parametrize(
    ("day", "accepted"),
    [
        pytest.param(date(2027, 3, 18), True, id="New York has changed clocks, London not"),
        pytest.param(date(2027, 4, 1), False, id="both have: 14:00 in London is 09:00 again"),
    ],
)
def test_the_others_hours_are_read_in_their_own_zone_on_that_date(
    day: date, accepted: bool
) -> None:
    """13:00 London is 09:00 in New York from 14 to 27 March 2027 and 08:00 afterwards."""
    window = 1 if accepted else 2
    now = at(LONDON, tuesday(window) - 4 * DAY, "14:00")
    view = replace(pair(), mentee=Member("sam", NEW_YORK))
    shown = answered(calendar(view), window, "jo", Answer.TENTATIVE, proposed=hour(day, "13:00"))
    found = decided(now, view, shown, known(zones=(LONDON, NEW_YORK)))
    expected = ChangeCode.PROPOSAL_ACCEPTED if accepted else ChangeCode.PROPOSAL_ASKED
    assert expected in codes(found)
