"""Whether one session still fits, and the obstacle it is refused for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from scheduling.fits import still_fits
from scheduling.people import FreeBusyStatus, LocalRange, Person, WorkingHours
from scheduling.problem import Commitment, KeptSession, PairRequest
from scheduling.reasons import ReasonCode
from scheduling.rule import CadenceRule, TentativePolicy
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import MONDAY, at, busy, person

TUESDAY = date(2027, 1, 12)
ZONE = "Europe/London"
SPAN = TimeSpan(at(ZONE, TUESDAY, "10:00"), at(ZONE, TUESDAY, "11:00"))
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def request(**changes: object) -> PairRequest:
    rule = replace(CadenceRule(), **changes)  # type: ignore[arg-type]
    return PairRequest(id="p", mentor="jo", mentee="sam", rule=rule, start_date=MONDAY)


def test_a_session_in_free_common_hours_fits() -> None:
    assert still_fits(request(), (person("jo"), person("sam")), SPAN, now=NOW) is None


def test_entries_that_touch_the_session_do_not_stand_against_it() -> None:
    around = [busy(ZONE, TUESDAY, "09:00", "10:00"), busy(ZONE, TUESDAY, "11:00", "12:00")]
    people = (person("jo", items=around), person("sam"))
    assert still_fits(request(), people, SPAN, now=NOW) is None
    refused = still_fits(request(buffer=timedelta(minutes=5)), people, SPAN, now=NOW)
    assert refused is not None
    assert refused.code is ReasonCode.BUSY


def _tentative(p: Person) -> Person:
    held = busy(ZONE, TUESDAY, "10:30", "10:45", FreeBusyStatus.TENTATIVE)
    return replace(p, busy=person("x", items=[held]).busy)


@pytest.mark.parametrize(
    ("change", "rule", "code"),
    [
        (lambda p: replace(p, absent_dates=frozenset([TUESDAY])), {}, ReasonCode.ABSENT),
        (lambda p: p, {"blackout_dates": frozenset([TUESDAY])}, ReasonCode.BLACKOUT),
        (lambda p: p, {"weekdays": frozenset([0])}, ReasonCode.WEEKDAY),
        (lambda p: p, {"min_notice": timedelta(days=9)}, ReasonCode.NOTICE),
        (_tentative, {"tentative": TentativePolicy.BLOCKS}, ReasonCode.TENTATIVE),
        (
            lambda p: replace(p, hours=WorkingHours.every([1], 660, 1000)),
            {},
            ReasonCode.OUTSIDE_HOURS,
        ),
        (lambda p: replace(p, zone="Europe/Athens"), {}, None),
        (lambda p: replace(p, zone="Asia/Tokyo"), {}, ReasonCode.OUTSIDE_BOOKABLE_HOURS),
        (lambda p: replace(p, no_go=((LocalRange(600, 630),),) * 7), {}, ReasonCode.NO_GO),
    ],
)
def test_the_first_obstacle_is_named(
    change: Callable[[Person], Person], rule: dict[str, object], code: ReasonCode | None
) -> None:
    found = still_fits(request(**rule), (person("jo"), change(person("sam"))), SPAN, now=NOW)
    assert (found.code if found else None) is code


def test_tentative_time_does_not_stand_against_a_session_unless_the_rule_says_so() -> None:
    people = (person("jo"), _tentative(person("sam")))
    assert still_fits(request(), people, SPAN, now=NOW) is None


def test_a_standing_session_of_another_pair_fills_the_day() -> None:
    other = Commitment(
        frozenset(["sam", "kim"]),
        TimeSpan(at(ZONE, TUESDAY, "15:00"), at(ZONE, TUESDAY, "16:00")),
    )
    found = still_fits(request(), (person("jo"), person("sam")), SPAN, now=NOW, commitments=[other])
    assert found is not None
    assert (found.code, found.facts["person"]) == (ReasonCode.DAY_CAP, "sam")


def test_a_kept_session_of_the_pair_counts_for_the_week() -> None:
    kept = KeptSession(0, TimeSpan(at(ZONE, TUESDAY, "15:00"), at(ZONE, TUESDAY, "16:00")))
    asked = replace(request(max_per_person_per_week=1), kept=(kept,))
    wednesday = TimeSpan(SPAN.start + timedelta(days=1), SPAN.end + timedelta(days=1))
    found = still_fits(asked, (person("jo"), person("sam")), wednesday, now=NOW)
    assert found is not None
    assert found.code is ReasonCode.WEEK_CAP
