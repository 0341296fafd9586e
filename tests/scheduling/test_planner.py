"""The planner on small problems whose best plan is known by hand."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from scheduling.plan import PairPlan
from scheduling.planner import plan
from tests.scheduling.builders import MONDAY, busy, person, problem


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
