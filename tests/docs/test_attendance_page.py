"""The page on attendance says what the code does: every rule on it is tried."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from scheduling.attendance.evidence import (
    Correction,
    EvidenceMode,
    Flag,
    Said,
    VerdictKind,
)
from scheduling.attendance.reasons import WORDS, VerdictCode
from scheduling.attendance.thresholds import Thresholds
from scheduling.attendance.verdict import Judgement
from tests.docs.markdown import tables
from tests.docs.pages import ROOT
from tests.scheduling.attendance.builders import (
    ANA,
    DAY,
    END,
    HOUR,
    JAMES,
    LATER,
    judged,
    minutes,
    occasion,
    report,
    says,
    there,
    together,
)

PAGE = ROOT / "docs/explanation/attendance.md"
SELF = EvidenceMode.SELF_REPORT
NOT = Said.NOT_MET
MET = says(ANA)
BOTH_NOT = (says(ANA, NOT), says(JAMES, NOT))
CALLER = report(there(ANA, (0, 60)), there(None, (0, 60), kind="phone"))
WEEK_ON = LATER + 7 * DAY
RULES: dict[str, Judgement] = {
    "it has not ended": judged(now=END - HOUR / 2),
    "no report after an hour": judged(now=END + HOUR),
    "no report after a day": judged(now=END + DAY),
    "no report, and nobody said anything for a week": judged(now=END + 8 * DAY),
    "Teams saw both for 50 minutes": judged(together(0, 50)),
    "Teams saw both for 42 minutes, both late": judged(together(18, 60)),
    "Teams saw both for 20 minutes, and the date ended half an hour ago": judged(
        together(0, 20), now=END + HOUR / 2
    ),
    "Teams saw 10, 25 and 15 minutes in three reports": judged(
        together(0, 10), together(12, 37), together(40, 55)
    ),
    "Teams saw one alone, a day ago": judged(report(there(ANA, (0, 15))), now=END + DAY),
    "Teams saw one and a caller": judged(CALLER),
    'Teams saw one and a caller; the other says "we met"': judged(CALLER, said=[says(JAMES)]),
    'Teams saw one and a caller; the other says "we did not"': judged(
        CALLER, said=[says(JAMES, NOT)]
    ),
    'Teams saw both for 50 minutes; one says "we did not"': judged(
        together(0, 50), said=BOTH_NOT[1:]
    ),
    'Teams saw both for 50 minutes; both say "we did not"': judged(together(0, 50), said=BOTH_NOT),
    'Teams saw both for 20 minutes; both say "we met"': judged(
        together(0, 20), said=[MET, says(JAMES)]
    ),
    "reports are refused for six days": judged(blocked=True, now=END + 6 * DAY),
    "reports are refused for seven days": judged(blocked=True, now=END + 7 * DAY),
    "times are absurd, a day ago": judged(
        report(there(ANA, (0, 60)), flags=[Flag.ABSURD_TIMES]), now=END + DAY
    ),
    'both say "we met"': judged(said=[MET, says(JAMES)], mode=SELF),
    'both say "we did not"': judged(said=BOTH_NOT, mode=SELF),
    'one says "we met"': judged(said=[MET], mode=SELF),
    'one says "we met", and five working days of the other have passed': judged(
        said=[MET], mode=SELF, now=WEEK_ON
    ),
    'one says "we did not", and five working days of the other have passed': judged(
        said=BOTH_NOT[:1], mode=SELF, now=WEEK_ON
    ),
    'one says "we met", the other objects': judged(
        said=[MET, says(JAMES, Said.OBJECTS)], mode=SELF
    ),
    "both say that they met elsewhere, for 30 minutes": judged(
        said=[says(who, at=LATER, span=minutes(90, 120)) for who in (ANA, JAMES)], mode=SELF
    ),
    "the date is in person, and it is the next working morning": judged(
        about=occasion(in_person=True), now=END + DAY
    ),
    "mode `off`": judged(mode=EvidenceMode.OFF),
    "a coordinator corrects it to held, whatever else is known": judged(
        said=BOTH_NOT, correction=Correction(VerdictKind.HELD, None, LATER)
    ),
}
ASKED = {
    frozenset[str](): "nobody",
    frozenset({ANA}): "the one",
    frozenset({JAMES}): "the other",
    frozenset({ANA, JAMES}): "both",
}


def _rows(below: str) -> list[list[str]]:
    return [[cell.strip("| ") for cell in row] for row in tables(PAGE, below)]


def test_the_page_has_every_verdict_and_no_other() -> None:
    rows = _rows("From evidence to verdict")
    assert [row[0].strip("`") for row in rows] == list(VerdictKind)


def test_the_page_has_every_rule_that_is_tried_here_and_no_other() -> None:
    assert [row[0] for row in _rows("Rules")] == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_on_the_page_is_what_the_code_does(rule: str) -> None:
    (row,) = [row for row in _rows("Rules") if row[0] == rule]
    found = RULES[rule]
    assert row[1:3] == [f"`{found.verdict}`", ASKED[found.ask]]


def test_the_page_has_every_threshold_with_its_default() -> None:
    rows = _rows("Thresholds")
    usual = Thresholds()
    assert {row[0].strip("`"): row[1] for row in rows} == {
        field.name: _shown(getattr(usual, field.name)) for field in fields(Thresholds)
    }


def _shown(value: int | timedelta) -> str:
    return str(value) if isinstance(value, int) else f"{value // HOUR} h"


def test_the_page_has_every_reason_in_its_words() -> None:
    rows = _rows("Reasons")
    assert {row[0].strip("`"): row[1] for row in rows} == WORDS
    assert set(WORDS) == set(VerdictCode)
