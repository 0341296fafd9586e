"""Light mode, senior first, and series the two have already."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduling.changes.acts import AdoptSeries, BookSeries, OfferHours, RaiseNeed, SettleOrder
from scheduling.changes.adoption import adopt, adopted
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import (
    ExistingSeries,
    Mode,
    Offer,
    Order,
    OrderKind,
    PairState,
    PairView,
    UnreadableTime,
)
from scheduling.timespan import TimeSpan
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
    slot,
    tuesday,
)

MONDAY = datetime(2027, 2, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


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
    usual = slot()
    plain = ExistingSeries(
        event_id="e",
        organizer="box",
        ours=True,
        people=frozenset({"jo", "sam"}),
        zone=usual.zone,
        weekday=usual.weekday,
        start=usual.start,
        interval_weeks=2,
        dates=dates,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def test_a_series_the_two_have_already_becomes_theirs_and_nobody_is_mailed() -> None:
    found = adopted(unbooked(), existing(), MONDAY)
    (act,) = found.acts
    assert isinstance(act, AdoptSeries)
    assert [k for k, _, _ in act.dates] == list(range(6))
    assert (act.series, act.organizer) == (slot(), "box")
    taken = remembered(unbooked(), act, MONDAY)
    assert decided(at(LONDON, START - 3 * DAY, "12:00"), taken) == ()


def _shorter() -> tuple[tuple[datetime, TimeSpan], ...]:
    dates = existing().dates
    start, span = dates[3]
    return (*dates[:3], (start, TimeSpan(span.start, span.end - 5 * MINUTE)), *dates[4:])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        pytest.param({"ours": False}, ChangeCode.ADOPTION_NOT_OURS, id="somebody else organizes"),
        pytest.param(
            {"people": frozenset({"jo", "kim"})}, ChangeCode.ADOPTION_UNFIT, id="not these two"
        ),
        pytest.param(
            {"people": frozenset({"jo", "sam", "kim@firm"})},
            ChangeCode.ADOPTION_OTHERS,
            id="a third person",
        ),
        pytest.param({"endless": True}, ChangeCode.ADOPTION_ENDLESS, id="no last date"),
        pytest.param({"interval_weeks": 1}, ChangeCode.ADOPTION_RHYTHM, id="every week"),
        pytest.param({"interval_weeks": None}, ChangeCode.ADOPTION_RHYTHM, id="monthly"),
        pytest.param({"dates": ()}, ChangeCode.ADOPTION_TOO_FEW, id="no dates to come"),
        pytest.param({"dates": existing().dates[:2]}, ChangeCode.ADOPTION_TOO_FEW, id="two of six"),
        pytest.param({"dates": _shorter()}, ChangeCode.ADOPTION_TOO_SHORT, id="one is cut short"),
        pytest.param({"has_link": False}, ChangeCode.ADOPTION_WITHOUT_LINK, id="no join link"),
    ],
)
def test_a_series_that_does_not_fit_changes_nothing_and_says_why(
    facts: dict[str, object], code: ChangeCode
) -> None:
    found = adopted(unbooked(), existing(**facts), MONDAY)
    assert (found.reason.code, found.acts) == (code, ())


def test_half_of_the_windows_are_enough_and_the_empty_ones_are_made_up_by_single_dates() -> None:
    found = adopted(unbooked(), existing(dates=existing().dates[:3]), MONDAY)
    assert found.reason.code is ChangeCode.ADOPTED
    dates = existing().dates[:5]
    found = adopted(unbooked(), existing(dates=dates), MONDAY)
    taken = remembered(unbooked(), found.acts[0], MONDAY)
    later = decided(at(LONDON, START - 3 * DAY, "12:00"), taken)
    assert codes(later) == [ChangeCode.EXTENDED]


def test_a_series_that_began_long_ago_counts_from_its_dates_to_come() -> None:
    before = tuple((hour(tuesday(k)).start, hour(tuesday(k))) for k in range(-3, 6))
    found = adopted(unbooked(), existing(dates=before), MONDAY)
    (act,) = found.acts
    assert isinstance(act, AdoptSeries)
    assert ([k for k, _, _ in act.dates], act.series) == (list(range(6)), slot())


ADOPT = Order(id="o", kind=OrderKind.ADOPT, organizer="box", event_id="e")


def test_an_order_is_settled_by_what_the_series_is_when_it_is_carried_out() -> None:
    fits = adopt(unbooked(), ADOPT, [existing()], MONDAY)
    assert fits.acts[1:] == (SettleOrder("o", ChangeCode.ADOPTED),)
    joined = existing(people=frozenset({"jo", "sam", "kim@firm"}))
    grown = adopt(unbooked(), ADOPT, [joined], MONDAY)
    assert grown.acts == (SettleOrder("o", ChangeCode.ADOPTION_OTHERS),)
    gone = adopt(unbooked(), ADOPT, [existing(event_id="another")], MONDAY)
    assert gone.acts == (SettleOrder("o", ChangeCode.ADOPTION_GONE),)


def test_a_pair_that_has_its_series_adopts_no_other() -> None:
    booked = remembered(unbooked(), adopted(unbooked(), existing(), MONDAY).acts[0], MONDAY)
    again = adopt(booked, ADOPT, [existing()], MONDAY)
    assert again.acts == (SettleOrder("o", ChangeCode.ORDER_DOUBLE_BOOKS),)
