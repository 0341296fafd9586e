"""A changed rule: the preview says what moves and how many mails; only then is it done."""

import itertools
from dataclasses import replace
from datetime import time, timedelta

import pytest

from scheduling.changes.acts import ChangeRule, EndSeries, StartGeneration
from scheduling.changes.limits import all_mails
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.rule_changes import (
    KeptBecause,
    RuleChangePreview,
    preview_rule_change,
)
from scheduling.changes.views import PairView
from scheduling.people import BusyItem
from scheduling.rule import CadenceRule
from tests.scheduling.builders import at, busy_daily
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    START,
    codes,
    decided,
    hour,
    known,
    pair,
    situation,
    tuesday,
    with_session,
)

NOW = at(LONDON, tuesday(3) + 3 * DAY, "12:00")
"""After the fourth meeting."""
MET = pair(last_on_record=tuesday(3))
EVERY_21 = replace(MET.rule, interval_weeks=3)


def previewed(
    rule: CadenceRule, view: PairView | None = None, sam: tuple[BusyItem, ...] = ()
) -> RuleChangePreview:
    return preview_rule_change(situation(NOW, view or MET), known(sam=sam), rule)


@pytest.mark.acceptance(29)
def test_from_14_to_21_days_only_future_dates_change_and_the_preview_counts_mails() -> None:
    shown = previewed(EVERY_21)
    assert shown.kept == tuple((f"s{k}", KeptBecause.PAST) for k in range(4))
    end, start = shown.decision.acts
    assert isinstance(end, EndSeries)
    assert isinstance(start, StartGeneration)
    assert set(end.truncation.cancelled) == {"s4", "s5"}
    assert len(start.dates) == 2
    assert (start.dates[1][1].start.date() - start.dates[0][1].start.date()).days == 21
    assert shown.mails == all_mails(end, MET) + all_mails(start, MET) == 2


@pytest.mark.acceptance(29)
def test_people_keep_the_hour_they_are_used_to() -> None:
    start = previewed(EVERY_21).decision.acts[1]
    assert isinstance(start, StartGeneration)
    assert (start.series.weekday, start.series.start) == (1, time(10))


@pytest.mark.acceptance(29)
def test_a_date_that_a_person_moved_stays() -> None:
    view = with_session(MET, 5, span=hour(tuesday(5) + DAY), moved_by_person=True)
    shown = previewed(EVERY_21, view)
    assert ("s5", KeptBecause.MOVED_BY_PERSON) in shown.kept
    after = view
    for act in shown.decision.acts:
        after = remembered(after, act, NOW)
    assert after.session("s5").span == hour(tuesday(5) + DAY)
    live = sorted(s.span for s in after.sessions if s.is_live and s.span.start > NOW)
    assert all((b.start - a.start).days >= 6 for a, b in itertools.pairwise(live))


@pytest.mark.acceptance(29)
def test_a_date_within_the_freeze_stays() -> None:
    now = at(LONDON, tuesday(4) - DAY, "14:00")
    shown = preview_rule_change(situation(now, MET), known(), EVERY_21)
    assert ("s4", KeptBecause.IN_FREEZE) in shown.kept


@pytest.mark.acceptance(29)
def test_a_preview_that_is_not_applied_leaves_everything_untouched() -> None:
    before = situation(NOW, MET)
    preview_rule_change(before, known(), EVERY_21)
    assert before == situation(NOW, before.pair, before.calendar, before.time)
    assert decided(NOW, MET) == ()


@pytest.mark.acceptance(29)
def test_other_hours_move_only_the_dates_that_break_them_each_within_the_limits() -> None:
    afternoons = replace(MET.rule, earliest_local=time(13))
    shown = previewed(afternoons)
    assert [c.session_id for c in shown.changes] == ["s4", "s5"]
    assert shown.mails == 2
    assert shown.decision.acts == (ChangeRule(afternoons),)
    changed = remembered(MET, shown.decision.acts[0], NOW)
    found = decided(NOW, changed, None, None, {"jo": 1})
    assert codes(found) == [ChangeCode.RULE_CHANGED, ChangeCode.MAIL_CAP]


def test_a_rule_that_every_date_fits_changes_nothing() -> None:
    shown = previewed(replace(MET.rule, tolerance_working_days=6))
    assert shown.decision.reason.code is ChangeCode.RULE_CHANGE_NEEDS_NOTHING
    assert (shown.changes, shown.mails) == ((), 0)


def test_fewer_dates_end_the_later_ones() -> None:
    shown = previewed(replace(MET.rule, occurrences=5))
    assert [(c.session_id, c.after) for c in shown.changes] == [("s5", None)]
    assert any(isinstance(a, EndSeries) for a in shown.decision.acts)


@pytest.mark.acceptance(30)
def test_more_dates_are_added_without_touching_the_old_ones() -> None:
    shown = previewed(replace(MET.rule, occurrences=8))
    assert [c.session_id for c in shown.changes] == [None, None]
    assert shown.mails == 2


def test_a_rule_without_any_common_hour_takes_nothing_away() -> None:
    away = tuple(busy_daily(LONDON, START, 200, "00:00", "23:59"))
    shown = previewed(EVERY_21, sam=away)
    assert shown.decision.reason.code is ChangeCode.RULE_CHANGE_DOES_NOT_FIT
    assert shown.decision.acts == ()
    assert shown.without_hour == 2


def test_another_length_makes_a_new_generation() -> None:
    shown = previewed(replace(MET.rule, duration=timedelta(minutes=30)))
    start = shown.decision.acts[1]
    assert isinstance(start, StartGeneration)
    assert {span.length for _, span in start.dates} == {timedelta(minutes=30)}
    after = MET
    for act in shown.decision.acts:
        after = remembered(after, act, NOW)
    assert [s.id for s in after.sessions if s.is_live and s.generation == 1] == [
        f"s{k}" for k in range(4)
    ]
    assert codes(decided(NOW, after)) == []


def test_a_date_that_a_person_chose_outside_the_rules_hours_stays_there() -> None:
    view = with_session(MET, 5, span=hour(tuesday(5), "18:00"), moved_by_person=True)
    assert decided(NOW, view) == ()
