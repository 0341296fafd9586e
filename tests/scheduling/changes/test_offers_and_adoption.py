"""Light mode, senior first, and series the two have already."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduling.changes.acts import AdoptSeries, BookSeries, OfferHours, RaiseNeed
from scheduling.changes.adoption import ExistingSeries, adopted
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import Mode, Offer, PairState, PairView, UnreadableTime
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    START,
    acts,
    codes,
    decided,
    hour,
    pair,
    situation,
    slot,
    tuesday,
)

MONDAY = datetime(2027, 2, 15, 10, tzinfo=UTC)


def unbooked(**facts: object) -> PairView:
    plain = pair(state=PairState.PLANNED, sessions=(), series=None, booked_at=None)
    return replace(plain, **facts)  # type: ignore[arg-type]


@pytest.mark.acceptance(19)
@pytest.mark.parametrize(
    ("facts", "to"),
    [
        pytest.param({"mode": Mode.LIGHT}, ("jo", "sam"), id="light mode asks both"),
        pytest.param({"senior_first_days": 3}, ("sam",), id="senior first asks the mentee"),
    ],
)
def test_five_hours_are_offered_before_the_first_booking(
    facts: dict[str, object], to: tuple[str, ...]
) -> None:
    view = unbooked(**facts)
    (offer,) = acts(decided(MONDAY, view))
    assert isinstance(offer, OfferHours)
    assert (offer.people, len(offer.hours)) == (to, 5)
    waiting = remembered(view, offer, MONDAY)
    assert codes(decided(MONDAY, waiting)) == [ChangeCode.OFFER_WAITS]


def test_a_managed_pair_is_offered_nothing() -> None:
    assert decided(MONDAY, unbooked()) == ()


@pytest.mark.acceptance(19)
def test_the_picked_hour_is_booked() -> None:
    offer = Offer(("sam",), MONDAY, (slot(),), picked=slot())
    found = decided(MONDAY + DAY, unbooked(senior_first_days=3, offer=offer))
    assert acts(found) == [BookSeries(slot())]
    assert codes(found) == [ChangeCode.OFFER_PICKED]


@pytest.mark.acceptance(19)
@pytest.mark.parametrize(
    ("days", "books"),
    [
        pytest.param(2, False, id="Wednesday is within the three days"),
        pytest.param(3, True, id="Thursday is day four"),
    ],
)
def test_when_the_senior_does_not_pick_tandem_books_on_day_four_and_says_why(
    days: int, books: bool
) -> None:
    view = unbooked(senior_first_days=3, offer=Offer(("sam",), MONDAY, (slot(),)))
    found = decided(MONDAY + days * DAY, view)
    assert (acts(found) == [BookSeries()]) is books
    if books:
        assert "had 3 working days to pick" in found[0].reason.words


def test_in_light_mode_nothing_is_booked_unpicked() -> None:
    view = unbooked(mode=Mode.LIGHT, offer=Offer(("jo", "sam"), MONDAY, (slot(),)))
    found = decided(MONDAY + 14 * DAY, view)
    assert [n.code for n in acts(found, RaiseNeed)] == [ChangeCode.NOBODY_PICKED]  # type: ignore[union-attr]


@pytest.mark.parametrize("picked", [None, slot()])
def test_nothing_is_offered_or_booked_while_a_calendar_is_unreadable(picked: object) -> None:
    offer = Offer(("sam",), MONDAY, (slot(),), picked) if picked else None  # type: ignore[arg-type]
    view = unbooked(senior_first_days=3, offer=offer)
    found = decided(MONDAY + 7 * DAY, view, None, UnreadableTime(("jo",)))
    assert (codes(found), acts(found)) == ([ChangeCode.UNREADABLE], [])


def existing(**facts: object) -> ExistingSeries:
    dates = tuple((hour(tuesday(k)).start, hour(tuesday(k))) for k in range(6))
    plain = ExistingSeries("e", True, frozenset({"jo", "sam", "assistant"}), slot(), 2, dates)
    return replace(plain, **facts)  # type: ignore[arg-type]


def test_a_series_the_two_have_already_becomes_theirs_and_nobody_is_mailed() -> None:
    found = adopted(situation(MONDAY, unbooked()), existing())
    (act,) = found.acts
    assert isinstance(act, AdoptSeries)
    assert [k for k, _, _ in act.dates] == list(range(6))
    taken = remembered(unbooked(), act, MONDAY)
    assert decided(at(LONDON, START - 3 * DAY, "12:00"), taken) == ()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        pytest.param({"ours": False}, ChangeCode.ADOPTION_NOT_OURS, id="in somebody's calendar"),
        pytest.param(
            {"people": frozenset({"jo", "kim"})}, ChangeCode.ADOPTION_UNFIT, id="not these two"
        ),
        pytest.param({"interval_weeks": 1}, ChangeCode.ADOPTION_UNFIT, id="another rhythm"),
        pytest.param({"dates": ()}, ChangeCode.ADOPTION_UNFIT, id="no dates to come"),
    ],
)
def test_a_series_that_does_not_fit_goes_to_the_coordinator(
    facts: dict[str, object], code: ChangeCode
) -> None:
    found = adopted(situation(MONDAY, unbooked()), existing(**facts))
    assert found.reason.code is code
    assert [type(a) for a in found.acts] == [RaiseNeed]


def test_windows_an_adopted_series_leaves_empty_are_filled_with_single_dates() -> None:
    dates = existing().dates[:5]
    found = adopted(situation(MONDAY, unbooked()), existing(dates=dates))
    taken = remembered(unbooked(), found.acts[0], MONDAY)
    later = decided(at(LONDON, START - 3 * DAY, "12:00"), taken)
    assert codes(later) == [ChangeCode.EXTENDED]
