"""Two mails per person and week, mail hours, and what neither holds back."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from scheduling.changes.acts import CancelDate, MoveDate, Tell
from scheduling.changes.decide import decide
from scheduling.changes.limits import Limits, next_week
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import Member, Pause
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    SYDNEY,
    acts,
    answered,
    calendar,
    codes,
    decided,
    pair,
    situation,
    tuesday,
)

DATE = tuesday(1)
FRIDAY = at(LONDON, DATE - 4 * DAY, "12:00")
DECLINED = answered(calendar(pair()), 1, "jo")


@pytest.mark.parametrize(
    ("sent", "moves"),
    [
        pytest.param({}, True, id="no mails yet"),
        pytest.param({"jo": 1, "sam": 1}, True, id="one each leaves one"),
        pytest.param({"jo": 2}, False, id="the mentor had two"),
        pytest.param({"sam": 2}, False, id="the mentee had two"),
    ],
)
def test_nobody_gets_more_than_two_mails_a_week(sent: dict[str, int], moves: bool) -> None:
    found = decided(FRIDAY, pair(), DECLINED, None, sent)
    assert codes(found) == [ChangeCode.DATE_DECLINED if moves else ChangeCode.MAIL_CAP]
    if not moves:
        assert found[0].acts == ()
        assert found[0].again_at == at(LONDON, DATE - DAY, "08:00")


def test_mails_decided_together_share_the_room_of_the_week() -> None:
    shown = answered(answered(calendar(pair()), 1, "jo"), 2, "jo")
    found = decided(FRIDAY, pair(), shown, None, {"sam": 1})
    assert codes(found) == [ChangeCode.DATE_DECLINED, ChangeCode.MAIL_CAP]


def test_a_change_decided_at_night_waits_for_the_morning_in_its_place() -> None:
    night = at(LONDON, DATE - 5 * DAY, "22:00")
    (found,) = decided(night, pair(), DECLINED)
    assert (found.reason.code, found.acts) == (ChangeCode.MAIL_HOURS, ())
    assert found.again_at == at(LONDON, DATE - 4 * DAY, "08:00")
    assert found.reason.facts["wanted"] == ChangeCode.DATE_DECLINED


def test_a_change_waits_for_the_mail_hours_of_its_program() -> None:
    here = situation(at(LONDON, DATE - 4 * DAY, "08:30"), pair(), DECLINED)
    (found,) = decide(replace(here, limits=Limits(mail_opens=time(9, 30))))
    assert found.reason.code is ChangeCode.MAIL_HOURS
    assert found.again_at == at(LONDON, DATE - 4 * DAY, "09:30")


def test_it_waits_until_it_is_morning_for_both() -> None:
    view = replace(pair(), mentee=Member("sam", SYDNEY))
    (found,) = decided(FRIDAY, view, DECLINED)
    assert found.reason.code is ChangeCode.MAIL_HOURS
    assert found.again_at == at(LONDON, DATE - DAY, "07:30")


def test_cancellations_at_short_notice_are_held_back_by_nothing() -> None:
    night = at(LONDON, DATE - DAY, "23:30")
    shown = answered(calendar(pair()), 1, "jo", at=night)
    found = decided(night, pair(), shown, None, {"jo": 9, "sam": 9})
    assert len(acts(found, CancelDate)) == 1
    assert len(acts(found, Tell)) == 1


def test_other_cancellations_are_free_of_the_cap_and_wait_for_the_morning() -> None:
    view = replace(pair(), pause=Pause(DATE, DATE))
    at_noon = decided(FRIDAY, view, None, None, {"jo": 9, "sam": 9})
    assert len(acts(at_noon, CancelDate)) == 1
    at_night = decided(at(LONDON, DATE - 5 * DAY, "22:00"), view)
    assert acts(at_night, CancelDate) == []
    assert ChangeCode.MAIL_HOURS in codes(at_night)


def test_weeks_are_counted_from_monday_in_the_persons_own_zone() -> None:
    sunday_noon = datetime(2027, 3, 7, 12, tzinfo=UTC)
    assert next_week(sunday_noon, LONDON) == datetime(2027, 3, 8, tzinfo=UTC)
    assert next_week(datetime(2027, 3, 7, 14, tzinfo=UTC), SYDNEY) == at(
        SYDNEY, date(2027, 3, 15), "00:00"
    )


@pytest.mark.parametrize(
    "facts", [{"moves_per_date": 0}, {"mails_per_week": 0}, {"conflict_looks": 0}]
)
def test_limits_of_nothing_are_refused(facts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Limits(**facts)  # type: ignore[arg-type]


def test_a_move_is_one_mail_to_each() -> None:
    found = decided(FRIDAY, pair(), DECLINED)
    assert [type(a) for a in acts(found)] == [MoveDate]
