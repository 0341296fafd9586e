"""A program's rule as data: every member comes back, and wrong ones are named by their path."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from integrations.workflows.rulebook.rules import ProgramLimits, ProgramRule, RuleError
from scheduling.changes.limits import DEFAULT_LIMITS, Limits
from scheduling.changes.views import Mode
from scheduling.rule import SessionKind


def test_a_rule_comes_back_from_its_body_with_every_member() -> None:
    rule = ProgramRule(
        mode=Mode.LIGHT,
        senior_first_days=3,
        ends_on=date(2027, 6, 30),
        limits=ProgramLimits(freeze=timedelta(hours=30), moves_per_date=5, gap_days=60),
    )
    assert ProgramRule.from_body(rule.to_body()) == rule


def test_the_limits_of_a_rule_have_the_members_and_defaults_of_the_core() -> None:
    shown = ProgramRule().limits
    assert isinstance(shown, Limits)
    assert {f.name: getattr(shown, f.name) for f in fields(Limits)} == {
        f.name: getattr(DEFAULT_LIMITS, f.name) for f in fields(Limits)
    }
    assert [f.name for f in fields(ProgramLimits)] == [f.name for f in fields(Limits)]


def test_a_body_from_before_the_limits_has_their_defaults() -> None:
    body = {name: ProgramRule().to_body()[name] for name in ("cadence", "holidays", "least_share")}
    assert ProgramRule.from_body(body) == ProgramRule()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"limits": {"moves_per_date": 0}}, "$.limits.moves_per_date"),
        ({"limits": {"freeze": "PT-1H"}}, "$.limits.freeze"),
        ({"limits": {"gap_days": "soon"}}, "$.limits.gap_days"),
        ({"limits": {"patience": 1}}, "$.limits.patience"),
        ({"mode": "heavy"}, "$.mode"),
        ({"senior_first_days": 0}, "$.senior_first_days"),
        ({"ends_on": "2027-02-30"}, "$.ends_on"),
    ],
)
def test_a_wrong_member_is_named_by_its_path(body: dict[str, Any], path: str) -> None:
    with pytest.raises(RuleError) as wrong:
        ProgramRule.from_body(body)
    assert [fault.where for fault in wrong.value.faults] == [path]


def test_all_wrong_members_are_named_at_once() -> None:
    with pytest.raises(RuleError) as wrong:
        ProgramRule.from_body({"limits": {"moves_per_date": 0, "conflict_looks": 0}, "mode": 1})
    assert len(wrong.value.faults) == 3


def test_dates_of_another_kind_are_counted_over_all_series_of_a_pair() -> None:
    rule = ProgramRule.from_body({"kinds": {"2": "training", "7": "check_in"}, **_FEW})
    assert rule.kind_of(1, 1) is SessionKind.TRAINING
    later = rule.with_own(replace(rule.cadence, occurrences=5, shorter_than_four_months=True))
    kinds = [later.kind_of(2, window) for window in range(6)]
    assert kinds == [SessionKind.MEETING] * 2 + [SessionKind.CHECK_IN] + [SessionKind.MEETING] * 3
    assert later.kind_of(1, 1) is SessionKind.TRAINING, "what the first series was for stays"


def test_a_pairs_own_place_goes_before_the_rules() -> None:
    rule = ProgramRule.from_body({"place": "Library"})
    assert (rule.place_of("Room 1"), rule.place_of(None)) == ("Room 1", "Library")
    assert rule.place_of("Teams") == "Teams"
    assert ProgramRule().place_of(None) == "Teams"


_FEW = {"cadence": {"minimum_held": 5}}
