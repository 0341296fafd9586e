"""Five other hours for one date, and for a whole series."""

import itertools
from dataclasses import replace
from datetime import timedelta

from scheduling.alternatives import alternatives, series_alternatives
from scheduling.fits import still_fits
from scheduling.plan import PairPlan
from scheduling.planner import plan
from scheduling.problem import KeptSession, Problem
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import LONG_AGO, MONDAY, busy, busy_daily, person, problem


def booked(asked: Problem, without: int) -> tuple[Problem, TimeSpan]:
    """The problem with its pair booked, one window open again, and the session taken out."""
    found = plan(asked).pairs["jo+sam"]
    assert isinstance(found, PairPlan)
    spans = {s.window: TimeSpan(s.start, s.end) for s in found.sessions}
    kept = tuple(KeptSession(w, span) for w, span in spans.items() if w != without)
    pair = replace(
        asked.pairs[0], kept=kept, series=found.series, windows=range(without, without + 1)
    )
    return replace(asked, pairs=(pair,)), spans[without]


def test_five_hours_are_offered_that_fit_and_do_not_overlap() -> None:
    asked, lost = booked(problem([person("jo"), person("sam")], [("jo", "sam")]), 3)
    offers = alternatives(asked, "jo+sam", 3, avoid=[lost])
    assert len(offers) == 5
    people = (asked.people["jo"], asked.people["sam"])
    for offer in offers:
        span = TimeSpan(offer.start, offer.end)
        assert still_fits(asked.pairs[0], people, span, now=LONG_AGO) is None
        assert abs(offer.start - lost.start) >= 2 * (lost.end - lost.start)
    spans = sorted(TimeSpan(o.start, o.end) for o in offers)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


def test_nearer_days_are_offered_before_farther_ones() -> None:
    asked, lost = booked(problem([person("jo"), person("sam")], [("jo", "sam")]), 3)
    days = [offer.days_away for offer in alternatives(asked, "jo+sam", 3, avoid=[lost])]
    assert days == sorted(days)


def test_a_full_window_has_no_alternatives() -> None:
    away = busy_daily("Europe/London", MONDAY + timedelta(days=42), 14, "00:00", "23:59")
    asked, _ = booked(problem([person("jo"), person("sam")], [("jo", "sam")]), 3)
    full = replace(asked, people={"jo": person("jo", items=away), "sam": person("sam")})
    assert alternatives(full, "jo+sam", 3) == ()


def test_an_alternative_keeps_its_distance_from_the_neighbouring_dates() -> None:
    asked, lost = booked(problem([person("jo"), person("sam")], [("jo", "sam")]), 3)
    for offer in alternatives(asked, "jo+sam", 3, avoid=[lost], count=20):
        for kept in asked.pairs[0].kept:
            assert abs((offer.start.date() - kept.span.start.date()).days) >= 6


def test_other_series_are_offered_away_from_the_declined_hour() -> None:
    asked = problem([person("jo"), person("sam")], [("jo", "sam")])
    found = plan(asked).pairs["jo+sam"]
    assert isinstance(found, PairPlan)
    offers = series_alternatives(asked, "jo+sam", avoid=[found.series])
    assert len(offers) == 5
    assert all(o.score.placed == 9 for o in offers)
    for offer in offers:
        near = offer.series.weekday == found.series.weekday
        assert not (near and abs(offer.series.start.hour - found.series.start.hour) < 1)


def test_a_series_with_fewer_clashes_is_offered_first() -> None:
    lost_mondays = [
        busy("Europe/London", MONDAY + timedelta(weeks=n), "00:00", "23:00") for n in range(6)
    ]
    asked = problem([person("jo", items=lost_mondays), person("sam")], [("jo", "sam")])
    scores = [offer.score for offer in series_alternatives(asked, "jo+sam")]
    assert scores == sorted(scores, key=lambda s: (-s.placed, s.moved, s.soft_hits))
    assert scores[0].moved == 0
