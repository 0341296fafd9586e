"""Answers to how it was, held against what the demonstration's people said: only that passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from integrations.attendance_records import KeptPulse
from integrations.demo.opted_in import held_against

AT = datetime(2027, 3, 1, tzinfo=UTC)
KEPT = KeptPulse(id="8c1f", pair_id="p", session_id="s", person_id="mia", score=4, at=AT)


@pytest.mark.parametrize(
    ("says", "is_fault"), [("4", False), ("5", True), ("nothing", True), (None, False)]
)
def test_an_answer_kept_otherwise_than_it_was_given_is_a_fault(
    says: str | None, is_fault: bool
) -> None:
    said = held_against([KEPT], [{"link": "https://tandem.example/pulse/8c1f.k2Jd", "says": says}])
    assert said.answers == 1
    assert bool(said.faults) == is_fault


def test_an_answer_that_nobody_gave_is_a_fault() -> None:
    other = [{"link": "https://tandem.example/pulse/ffff.k2Jd", "says": "4"}]
    assert held_against([KEPT, replace(KEPT, id="ffff")], other).faults
