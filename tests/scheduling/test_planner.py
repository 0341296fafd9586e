"""The planner on small problems whose best plan is known by hand."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from scheduling.people import BusyItem, BusyTable
from scheduling.plan import PairPlan, Unplaced
from scheduling.planner import plan
from scheduling.problem import KeptSession
from scheduling.reasons import ReasonCode
from scheduling.rule import CadenceRule
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import MONDAY, busy, busy_daily, person, problem


def test_two_free_people_get_every_date_at_one_hour() -> None:
    found = plan(problem([person("jo"), person("sam")], [("jo", "sam")])).pairs["jo+sam"]
    assert isinstance(found, PairPlan)
    local = [s.start.astimezone(ZoneInfo("Europe/London")) for s in found.sessions]
    assert len(local) == 9
    assert len({(t.weekday(), t.time()) for t in local}) == 1
    assert found.score == (9, 0, 0)
    assert found.proven_optimal


def test_a_clash_on_every_hour_of_one_window_skips_that_window_only() -> None:
    away = [
        busy("Europe/London", MONDAY + timedelta(days=14 + n), "00:00", "23:59") for n in range(14)
    ]
    found = plan(problem([person("jo", items=away), person("sam")], [("jo", "sam")])).pairs[
        "jo+sam"
    ]
    assert isinstance(found, PairPlan)
    assert [s.window for s in found.skipped] == [1]
    assert found.score.placed == 8
    assert date(2027, 1, 18) not in {s.start.date() for s in found.sessions}


def test_one_open_date_is_planned_again_around_its_standing_neighbours() -> None:
    asked = problem([person("jo"), person("sam")], [("jo", "sam")])
    first = plan(asked).pairs["jo+sam"]
    assert isinstance(first, PairPlan)
    lost = first.sessions[4]
    kept = tuple(
        KeptSession(s.window, TimeSpan(s.start, s.end)) for s in first.sessions if s is not lost
    )
    clash = BusyTable.of([BusyItem(lost.start, lost.end)])
    people = {**asked.people, "sam": replace(asked.people["sam"], busy=clash)}
    pair = replace(asked.pairs[0], kept=kept, series=first.series)
    again = plan(replace(asked, people=people, pairs=(pair,))).pairs["jo+sam"]
    assert isinstance(again, PairPlan)
    (session,) = again.sessions
    assert (session.window, session.moved) == (4, True)
    assert session.reason is not None
    assert session.reason.code is ReasonCode.BUSY
    for neighbour in kept:
        assert abs((neighbour.span.start.date() - session.start.date()).days) >= 6


def test_a_pair_whose_zones_cannot_carry_a_series_is_unplaced_and_says_so() -> None:
    asked = problem([person("jo"), person("sam")], [("jo", "sam")])
    found = plan(replace(asked, anchor_zones=frozenset(["Europe/Paris"]))).pairs["jo+sam"]
    assert isinstance(found, Unplaced)
    assert found.reason.code is ReasonCode.NO_ANCHOR


def test_a_pair_below_the_minimum_is_planned_with_remedies() -> None:
    away = busy_daily("Europe/London", MONDAY, 42, "00:00", "23:59")
    asked = problem([person("jo", items=away), person("sam")], [("jo", "sam")])
    found = plan(asked).pairs["jo+sam"]
    assert isinstance(found, PairPlan)
    assert found.score.placed == 6
    assert [s.window for s in found.skipped] == [0, 1, 2]
    best = found.remedies[0]
    assert (best.code, best.gain, best.facts["person"]) == ("calendar", 3, "jo")


def test_two_programs_that_share_a_person_keep_the_stricter_cap() -> None:
    loose = CadenceRule(max_per_person_per_week=5, max_per_person_per_day=3)
    strict = CadenceRule(max_per_person_per_week=1, slot_step_minutes=30)
    asked = problem([person("a"), person("b"), person("x")], [("a", "x"), ("b", "x")], loose)
    asked = replace(asked, pairs=(asked.pairs[0], replace(asked.pairs[1], rule=strict)))
    found = plan(asked)
    weeks = [s.start.isocalendar()[:2] for p in found.placed_pairs for s in p.sessions]
    assert found.score.placed == 18
    assert len(weeks) == len(set(weeks))
