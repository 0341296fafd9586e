"""A program's rule as data: every member comes back, and wrong ones are named by their path."""

from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest

from integrations.workflows.rules import ProgramLimits, ProgramRule, RuleError
from scheduling.changes.limits import DEFAULT_LIMITS, Limits
from scheduling.changes.views import Mode


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
