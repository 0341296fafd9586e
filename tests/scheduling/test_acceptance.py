"""Acceptance behaviours 1 to 11 as far as they are decisions of the core."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.cadence import SeriesSlot
from scheduling.people import BusyItem, FreeBusyStatus, LocalRange, WorkingHours
from scheduling.plan import PairPlan, Plan, Unplaced
from scheduling.planner import plan
from scheduling.problem import Commitment, Problem
from scheduling.reasons import ReasonCode
from scheduling.rule import CadenceRule, TentativePolicy
from scheduling.timespan import TimeSpan
from tests.scheduling.builders import MONDAY, at, busy, busy_daily, person, problem
from tests.scheduling.checker import conflicts

LONDON = "Europe/London"
NEW_YORK = "America/New_York"
SYDNEY = "Australia/Sydney"


def one_pair(asked: Problem) -> PairPlan:
    """The plan of the only pair, known to be clean."""
    found = plan(asked)
    assert conflicts(asked, found) == []
    result = found.pairs[asked.pairs[0].id]
    assert isinstance(result, PairPlan)
    return result


def local_starts(result: PairPlan, zone: str) -> list[datetime]:
    return [s.start.astimezone(ZoneInfo(zone)) for s in result.sessions]


def only_hour(days: Iterable[date], clock: str, zone: str = LONDON) -> list[BusyItem]:
    """Everything blocked on some days but one hour."""
    hour = int(clock[:2])
    items = []
    for day in days:
        items.append(busy(zone, day, "00:00", clock))
        items.append(busy(zone, day, f"{hour + 1:02}{clock[2:]}", "23:59"))
    return items


@pytest.mark.acceptance(1)
def test_every_date_is_planned_and_single_clashes_are_moved_with_a_reason() -> None:
    """Given a pair with a one-off clash in weeks 5 and 11 at the habitual hour, all nine dates
    are conflict-free for both, seven share the same weekday and hour, and the two others lie
    within tolerance and carry a reason."""
    free = one_pair(problem([person("jo"), person("sam")], [("jo", "sam")]))
    habit = [TimeSpan(s.start, s.end) for s in free.sessions]
    # Whatever the slot, only this hour is open in most weeks, and it is taken in two of them.
    series = free.series
    tuesdays = [habit[k].start.astimezone(ZoneInfo(LONDON)).date() for k in range(9)]
    rest = [
        MONDAY + timedelta(days=n)
        for n in range(126)
        if MONDAY + timedelta(days=n) not in tuesdays and n // 14 not in (2, 5)
    ]
    blocked = [busy(LONDON, day, "00:00", "23:59") for day in rest]
    blocked += only_hour(
        [tuesdays[k] for k in range(9) if k not in (2, 5)], f"{series.start:%H:%M}"
    )
    clashes = [BusyItem(habit[k].start, habit[k].end) for k in (2, 5)]
    asked = problem([person("jo", items=blocked), person("sam", items=clashes)], [("jo", "sam")])
    result = one_pair(asked)
    assert result.series == series
    assert len(result.sessions) == 9
    assert [s.window for s in result.moved] == [2, 5]
    on_slot = [s.start.astimezone(ZoneInfo(LONDON)) for s in result.sessions if not s.moved]
    assert len(on_slot) == 7
    assert {(t.weekday(), t.time()) for t in on_slot} == {(series.weekday, series.start)}
    for session in result.moved:
        assert session.reason is not None
        assert session.reason.code is ReasonCode.BUSY
        assert session.reason.facts["person"] == "sam"
        assert "sam is busy at" in session.reason.words


@pytest.mark.acceptance(2)
def test_a_new_york_series_keeps_its_hour_while_only_one_side_has_changed_clocks() -> None:
    """Every occurrence stays at 09:00 in New York, the London hour is shown per date, and any
    date that would leave London's window is re-placed."""
    start = date(2027, 2, 22)
    # Until 15:00 in London only: 09:00 in New York is 14:00, and 13:00 from 14 to 27 March.
    hours = WorkingHours.every(range(5), 14 * 60, 15 * 60)
    asked = problem(
        [person("jo", NEW_YORK), person("sam", hours=hours)],
        [("jo", "sam")],
        CadenceRule(interval_weeks=1, occurrences=18, min_gap_days=5),
        start=start,
    )
    nine = SeriesSlot(NEW_YORK, 1, time(9), 0, date(2027, 2, 23))
    result = one_pair(replace(asked, pairs=(replace(asked.pairs[0], series=nine),)))
    on_slot = [s for s in result.sessions if not s.moved]
    assert {s.start.astimezone(ZoneInfo(NEW_YORK)).hour for s in on_slot} == {9}
    assert {s.start.astimezone(ZoneInfo(LONDON)).hour for s in on_slot} == {14}
    moved = [s.start.astimezone(ZoneInfo(LONDON)) for s in result.moved]
    assert [t.date() for t in moved] == [date(2027, 3, 16), date(2027, 3, 23)]
    assert {t.hour for t in moved} == {14}
    for session in result.moved:
        assert session.reason is not None
        assert session.reason.code is ReasonCode.OUTSIDE_HOURS
        assert session.reason.facts["local"] in ("2027-03-16 13:00", "2027-03-23 13:00")


@pytest.mark.acceptance(2)
def test_a_series_of_the_other_zone_is_taken_where_it_needs_no_move() -> None:
    """Every date is tested in both zones, so a series anchored in London is found where the one
    in New York would leave London's window."""
    hours = WorkingHours.every(range(5), 14 * 60, 15 * 60)
    asked = problem(
        [person("jo", NEW_YORK), person("sam", hours=hours)],
        [("jo", "sam")],
        start=date(2027, 2, 22),
    )
    found = one_pair(asked)
    assert found.series.zone == LONDON
    assert found.score.moved == 0
    assert {t.hour for t in local_starts(found, NEW_YORK)} == {9, 10}
    only_there = one_pair(replace(asked, anchor_zones=frozenset([NEW_YORK])))
    assert only_there.series.zone == NEW_YORK


@pytest.mark.acceptance(3)
def test_sydney_and_london_never_meet_outside_their_hours() -> None:
    """When the overlap shrinks below 60 min on some dates, those dates get another hour or the
    state "no common slot", never an hour outside a window."""
    # Sydney is 9 hours ahead until 2 October, 10 and then 11 hours from 31 October.
    asked = problem(
        [
            person("jo", SYDNEY, hours=WorkingHours.every(range(5), 9 * 60, 18 * 60)),
            person("sam", hours=WorkingHours.every(range(5), 8 * 60, 17 * 60)),
        ],
        [("jo", "sam")],
        CadenceRule(earliest_local=time(8), latest_local=time(18)),
        start=date(2027, 9, 6),
    )
    result = one_pair(asked)
    assert result.sessions
    assert all(s.start.date() < date(2027, 10, 3) for s in result.sessions)
    assert {s.reason.code for s in result.skipped} == {ReasonCode.NO_COMMON_SLOT}
    assert len(result.sessions) + len(result.skipped) == 9


@pytest.mark.acceptance(4)
def test_an_all_day_absence_blocks_that_local_day_for_a_partner_elsewhere() -> None:
    """No minute of that local day is used for either person's booking, also if the other lives
    in another zone."""
    day = date(2027, 1, 12)
    away = BusyItem(
        at(NEW_YORK, day, "00:00"),
        at(NEW_YORK, day + timedelta(days=1), "00:00"),
        FreeBusyStatus.OOF,
    )
    # In London only the Tuesdays are open.
    closed = [
        busy(LONDON, MONDAY + timedelta(days=n), "00:00", "23:59") for n in range(126) if n % 7 != 1
    ]
    asked = problem([person("sam", NEW_YORK, [away]), person("jo", items=closed)], [("jo", "sam")])
    result = one_pair(asked)
    assert len(result.sessions) == 9
    assert all(s.start.astimezone(ZoneInfo(NEW_YORK)).date() != day for s in result.sessions)


@pytest.mark.acceptance(5)
def test_tentative_time_is_used_only_when_nothing_else_is_left_and_says_so() -> None:
    """With policy "tentative blocks unless nothing else", it is used only after all firm-free
    candidates within tolerance are exhausted and the invite reason says so; with policy
    "blocks" it is never used."""
    held = busy_daily(LONDON, MONDAY + timedelta(days=28), 14, "00:00", "23:59")
    tentative = [replace(item, status=FreeBusyStatus.TENTATIVE) for item in held]
    partly = [
        replace(item, status=FreeBusyStatus.TENTATIVE)
        for item in busy_daily(LONDON, MONDAY + timedelta(days=56), 9, "00:00", "23:59")
    ]

    def planned(policy: TentativePolicy) -> PairPlan:
        people = [person("jo", items=[*tentative, *partly]), person("sam")]
        rule = CadenceRule(tentative=policy, tolerance_working_days=None, min_gap_days=None)
        return one_pair(problem(people, [("jo", "sam")], rule))

    last_resort = planned(TentativePolicy.UNLESS_NOTHING_ELSE)
    used = [
        s for s in last_resort.sessions if s.reason and s.reason.code is ReasonCode.TENTATIVE_USED
    ]
    assert [s.window for s in used] == [2]
    assert len(last_resort.sessions) == 9
    assert used[0].reason is not None
    assert "no other hour was free" in used[0].reason.words
    assert [s.window for s in planned(TentativePolicy.BLOCKS).skipped] == [2]


@pytest.mark.acceptance(7)
def test_hours_by_weekday_are_kept_and_a_wide_range_is_only_an_outer_bound() -> None:
    """When day-wise hours are known, nothing is placed Thursday morning or Friday; when they are
    not known, the wide range is used only as an outer bound."""
    early, late = LocalRange(8 * 60, 14 * 60), LocalRange(12 * 60, 18 * 60)
    known = WorkingHours(((early,), (early,), (early,), (late,), (), (), ()))
    result = one_pair(problem([person("jo", hours=known), person("sam")], [("jo", "sam")]))
    for start in local_starts(result, LONDON):
        assert start.weekday() < 4
        assert start.hour >= 12 if start.weekday() == 3 else start.hour < 14
    wide = WorkingHours.every(range(4), 8 * 60, 18 * 60, outer_bound_only=True)
    guessed = one_pair(problem([person("jo", hours=wide), person("sam")], [("jo", "sam")]))
    assert wide.outer_bound_only
    assert all(t.weekday() < 4 and 8 <= t.hour < 18 for t in local_starts(guessed, LONDON))


@pytest.mark.acceptance(8)
@pytest.mark.parametrize("step", [30, 60])
def test_hours_that_begin_on_different_marks_meet_on_a_common_raster(step: int) -> None:
    """Given hours 08:30-17:00 and 09:00-17:30 and free afternoons, a common slot is found (no
    dependence on either start of day)."""
    mornings = busy_daily(LONDON, MONDAY, 126, "08:00", "13:00")
    asked = problem(
        [
            person("jo", items=mornings, hours=WorkingHours.every(range(5), 510, 1020)),
            person("sam", hours=WorkingHours.every(range(5), 540, 1050)),
        ],
        [("jo", "sam")],
        CadenceRule(slot_step_minutes=step),
    )
    assert one_pair(asked).score == (9, 0, 0)


def seniors_week(found: Plan, zone: str = LONDON) -> list[date]:
    days = [
        s.start.astimezone(ZoneInfo(zone)).date()
        for pair in found.placed_pairs
        for s in pair.sessions
    ]
    return sorted(day - timedelta(days=day.weekday()) for day in days)


@pytest.mark.acceptance(9)
def test_a_senior_in_three_pairs_has_one_session_a_week_also_after_replanning() -> None:
    """Given one senior in three pairs with a cap of one mentoring hour per week, no week has two,
    no two are adjacent, and re-planning one pair does not break the others; the same input gives
    the same plan."""
    people = [person(name) for name in ("ann", "bob", "cy", "sam")]
    pairs = [("ann", "sam"), ("bob", "sam"), ("cy", "sam")]
    rule = CadenceRule(interval_weeks=3, occurrences=6, minimum_held=5, max_per_person_per_week=1)
    asked = problem(people, pairs, rule)
    found = plan(asked)
    assert conflicts(asked, found) == []
    assert found.score.placed == 18
    weeks = seniors_week(found)
    assert len(weeks) == len(set(weeks)) == 18
    assert plan(asked).pairs == found.pairs

    others = [found.pairs["ann+sam"], found.pairs["bob+sam"]]
    stands = tuple(
        Commitment(frozenset([*pair.pair_id.split("+")]), TimeSpan(s.start, s.end))
        for pair in others
        if isinstance(pair, PairPlan)
        for s in pair.sessions
    )
    alone = replace(asked, pairs=(asked.pairs[2],), commitments=stands)
    again = plan(alone)
    assert conflicts(alone, again) == []
    assert again.score.placed == 6


@pytest.mark.acceptance(10)
def test_a_holiday_of_one_office_is_kept_by_both_and_skipped_in_the_spacing() -> None:
    """Given offices Munich and London and a Bavarian holiday not in any mailbox, no booking falls
    on it for either and the spacing check skips it."""
    epiphany = date(2027, 1, 6)
    wednesdays = frozenset([2])
    asked = problem(
        [person("jo", "Europe/Berlin", absent=[epiphany]), person("sam")],
        [("jo", "sam")],
        CadenceRule(weekdays=wednesdays, tolerance_working_days=4),
    )
    result = one_pair(asked)
    assert len(result.sessions) == 9
    assert all(s.start.date() != epiphany for s in result.sessions)
    # Monday to the next Monday is five working days, and four with the holiday in between.
    closed = [
        busy(LONDON, MONDAY + timedelta(days=n), "00:00", "23:59")
        for n in range(126)
        if n not in (0, 7) and not (n % 14 == 0 and n)
    ]
    shut = [busy(LONDON, MONDAY, "00:00", "23:59")]
    spaced = problem(
        [person("jo", items=[*closed, *shut], absent=[epiphany]), person("sam")],
        [("jo", "sam")],
        CadenceRule(tolerance_working_days=4),
    )
    mondays = replace(spaced.pairs[0], series=SeriesSlot(LONDON, 0, time(10), 0, MONDAY))
    spaced = replace(spaced, pairs=(mondays,))
    moved = one_pair(spaced).moved
    assert [s.start.date() for s in moved] == [date(2027, 1, 11)]
    no_holiday = {"jo": person("jo", items=[*closed, *shut]), "sam": person("sam")}
    assert [s.window for s in one_pair(replace(spaced, people=no_holiday)).skipped] == [0]


@pytest.mark.acceptance(11)
def test_a_pair_without_a_common_hour_gets_ranked_remedies_with_what_each_gains() -> None:
    """Given no common hour within tolerance, nothing is booked and the coordinator sees the pair
    with ranked suggestions (wider window, 2 x 30, other mode)."""
    mornings = busy_daily(LONDON, MONDAY, 126, "09:00", "13:00")
    afternoons = busy_daily(LONDON, MONDAY, 126, "13:30", "17:30")
    asked = problem(
        [person("jo", items=mornings), person("sam", items=afternoons)], [("jo", "sam")]
    )
    result = plan(asked).pairs["jo+sam"]
    assert isinstance(result, Unplaced)
    assert result.reason.code is ReasonCode.NO_COMMON_SLOT
    gains = [remedy.gain for remedy in result.remedies]
    assert gains == sorted(gains, reverse=True)
    by_code = {(r.code, r.facts.get("weekday")): r for r in result.remedies}
    assert by_code["shorter", None].gain == 9
    assert by_code["later", "tue"].gain == 9
    assert by_code["later", "tue"].words == "open tues until 18:30 (now 17:30): +9 dates"
    assert result.remedies[-1].code == "offer_hours"
    assert plan(asked).pairs["jo+sam"] == result
