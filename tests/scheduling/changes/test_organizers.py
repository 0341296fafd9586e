"""Another organizer: the same hours in another calendar, and never two events for a window."""

from __future__ import annotations

from datetime import datetime

import pytest

from scheduling.changes.acts import (
    ChangeOrganizer,
    Decision,
    EndSeries,
    SettleOrder,
    StartGeneration,
)
from scheduling.changes.limits import all_mails
from scheduling.changes.organizers import change_organizer
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import Order, OrderKind, PairState, PairView
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    HOUR,
    LONDON,
    hour,
    pair,
    situation,
    tuesday,
    with_session,
)

ORDER = Order(id="o", kind=OrderKind.CHANGE_ORGANIZER, organizer="box-2")
LOST = Order(id="o", kind=OrderKind.CHANGE_ORGANIZER, organizer="box-2", out_of_reach=True)
MIDWAY: datetime = at(LONDON, tuesday(2) + DAY, "09:00")


def _of(view: PairView, order: Order = ORDER, now: datetime = MIDWAY) -> Decision:
    found = change_organizer(situation(now, view), order)
    assert found is not None
    return found


def test_dates_to_come_end_before_they_are_booked_anew_at_the_same_hours() -> None:
    later = hour(tuesday(4) + DAY, "15:00")
    view = with_session(pair(), 4, span=later)
    end, change, anew, settle = _of(view).acts
    assert isinstance(end, EndSeries)
    assert set(end.truncation.cancelled) == {"s3", "s4", "s5"}
    assert not end.closes
    assert change == ChangeOrganizer("box-2")
    assert isinstance(anew, StartGeneration)
    assert [span for _, span in anew.dates] == [hour(tuesday(3)), later, hour(tuesday(5))]
    assert [k for k, _ in anew.dates] == [0, 1, 2]
    assert anew.series.utc_start(0, 2) == hour(tuesday(3)).start
    assert anew.rule.occurrences == 3
    assert settle == SettleOrder("o", ChangeCode.ORGANIZER_CHANGED)


def test_a_date_within_the_freeze_stays_where_it_is() -> None:
    found = _of(pair(), now=hour(tuesday(3)).start - 20 * HOUR)
    assert (found.reason.facts["changed"], found.reason.facts["kept"]) == (2, 1)
    (end,) = (act for act in found.acts if isinstance(act, EndSeries))
    assert "s3" not in end.truncation.cancelled


def test_what_is_out_of_reach_is_not_written_to_and_mails_nobody() -> None:
    end, _, anew, _ = _of(pair(), LOST).acts
    assert isinstance(end, EndSeries)
    assert isinstance(anew, StartGeneration)
    assert (end.written, all_mails(end, pair())) == (False, 0)
    assert anew.stood, "the same hours stand in both calendars already"


def test_a_pair_without_dates_to_come_changes_its_organizer_alone() -> None:
    found = _of(pair(), now=hour(tuesday(5)).end + DAY)
    assert [type(act) for act in found.acts] == [ChangeOrganizer, SettleOrder]


@pytest.mark.parametrize("state", [PairState.BOOKING, PairState.PAUSED])
def test_a_pair_that_is_being_booked_or_pauses_follows_later(state: PairState) -> None:
    assert change_organizer(situation(MIDWAY, pair(state=state)), ORDER) is None


def test_an_organizer_is_named_where_it_is_to_be_changed_and_nowhere_else() -> None:
    with pytest.raises(ValueError, match="organizer"):
        Order(id="o", kind=OrderKind.CHANGE_ORGANIZER)
    with pytest.raises(ValueError, match="organizer"):
        Order(id="o", kind=OrderKind.BOOK_AGAIN, organizer="box-2")
