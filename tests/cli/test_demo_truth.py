"""The comparison of verdicts with what people did: what it lets pass, and what not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.demo.attended import unknown_meetings
from integrations.demo.truth import Finding, Judged, Was, Word, compare
from scheduling.attendance.evidence import EvidenceKind, EvidenceMode, VerdictKind

END = datetime(2027, 3, 16, 15, tzinfo=UTC)
LATER = END + timedelta(days=30)
TEAMS, WORD = EvidenceKind.TEAMS, EvidenceKind.SELF_REPORTED
MET, NOT_MET = Word(said="met"), Word(said="not_met")
SEEN = Judged(
    name="one",
    end=END,
    mode=EvidenceMode.TEAMS,
    held_minutes=45,
    verdict=VerdictKind.HELD,
    minutes=55,
    evidence=TEAMS,
)
ASKED = replace(SEEN, mode=EvidenceMode.SELF_REPORT, minutes=60, evidence=WORD)
TOGETHER = Was(came=2, minutes=55, in_person=False)
BRIEFLY, APART = replace(TOGETHER, minutes=20), replace(TOGETHER, came=1, minutes=0)
IN_A_ROOM = replace(TOGETHER, in_person=True)


def finding(judged: Judged, was: Was, now: datetime = LATER) -> Finding:
    """How the verdict stands to what was; only a wrong one is a fault."""
    comparison = compare([judged], {judged.name: was}, now)
    (found,) = comparison.found
    assert bool(comparison.faults) == (found is Finding.WRONG)
    return found


def left(verdict: VerdictKind, judged: Judged = ASKED) -> Judged:
    """A verdict that rests on nothing."""
    return replace(judged, verdict=verdict, minutes=0, evidence=None)


@pytest.mark.parametrize(
    ("judged", "was", "expected"),
    [
        (SEEN, TOGETHER, Finding.RIGHT),
        (replace(SEEN, minutes=54), TOGETHER, Finding.RIGHT),
        (replace(SEEN, minutes=50), TOGETHER, Finding.WRONG),
        (SEEN, BRIEFLY, Finding.WRONG),
        (SEEN, replace(APART, words=(MET,)), Finding.WRONG),
        (replace(SEEN, verdict=VerdictKind.SHORT, minutes=20), BRIEFLY, Finding.RIGHT),
        (replace(SEEN, verdict=VerdictKind.NOT_HELD, minutes=0), APART, Finding.RIGHT),
        (replace(SEEN, verdict=VerdictKind.NOT_HELD, minutes=0), TOGETHER, Finding.WRONG),
        (ASKED, replace(TOGETHER, words=(MET,)), Finding.RIGHT),
        (ASKED, TOGETHER, Finding.WRONG),
        (ASKED, replace(BRIEFLY, words=(MET, MET)), Finding.NOT_MEASURED),
        (ASKED, replace(APART, words=(MET,)), Finding.CONTRADICTED),
        (ASKED, replace(APART, words=(Word(said="met", astray=True),)), Finding.OTHER_DATE),
        (ASKED, replace(APART, words=(NOT_MET,)), Finding.WRONG),
        (left(VerdictKind.UNKNOWN), TOGETHER, Finding.NOBODY_ANSWERED),
        (left(VerdictKind.UNKNOWN), replace(TOGETHER, words=(MET,)), Finding.WRONG),
        (left(VerdictKind.UNKNOWN, SEEN), TOGETHER, Finding.WRONG),
        (left(VerdictKind.UNKNOWN, SEEN), IN_A_ROOM, Finding.NOBODY_ANSWERED),
        (left(VerdictKind.TO_CONFIRM, SEEN), TOGETHER, Finding.NOT_TOLD_APART),
        (left(VerdictKind.TO_CONFIRM, SEEN), replace(TOGETHER, words=(MET,)), Finding.WRONG),
        (left(VerdictKind.TO_CONFIRM, SEEN), IN_A_ROOM, Finding.WRONG),
        (left(VerdictKind.DISPUTED), replace(TOGETHER, words=(MET, NOT_MET)), Finding.CONTRADICTED),
        (left(VerdictKind.DISPUTED), replace(TOGETHER, words=(MET, MET)), Finding.WRONG),
        (left(VerdictKind.PENDING), TOGETHER, Finding.WRONG),
        (replace(ASKED, verdict=None), TOGETHER, Finding.WRONG),
    ],
)
def test_a_verdict_is_held_against_what_people_did(
    judged: Judged, was: Was, expected: Finding
) -> None:
    assert finding(judged, was) is expected


def test_a_fresh_date_may_be_pending() -> None:
    soon = END + timedelta(days=3)
    assert finding(left(VerdictKind.PENDING), TOGETHER, soon) is Finding.TOO_EARLY


def test_a_verdict_on_a_date_that_never_was_is_wrong() -> None:
    comparison = compare([SEEN], {}, LATER)
    assert comparison.found == {Finding.WRONG: 1}
    assert comparison.faults == ("one: held by teams, 55 minutes; in truth there was no such date",)


def test_a_meeting_that_the_store_does_not_know_is_a_fault_once_it_is_over() -> None:
    start = END - timedelta(hours=1)
    held = {"invited": ["Mia@firm", "sam@firm"], "start": f"{start}", "end": f"{END}", "minutes": 9}
    of_two = frozenset({"mia@firm", "sam@firm"})
    assert list(unknown_meetings([(of_two, start)], [held], END)) == []
    assert len(list(unknown_meetings([(of_two, END)], [held], END))) == 1
    assert list(unknown_meetings([], [held], END - timedelta(minutes=1))) == []
    assert list(unknown_meetings([], [{**held, "minutes": 0}], END)) == []


def test_the_sentence_counts_what_is_right_what_cannot_be_and_what_is_wrong() -> None:
    judged = [SEEN, replace(left(VerdictKind.UNKNOWN), name="two"), replace(SEEN, name="three")]
    was = {"one": TOGETHER, "two": TOGETHER, "three": APART}
    comparison = compare(judged, was, LATER, unkept=["a meeting nobody knows of"])
    assert comparison.words == (
        "3 verdicts compared with what people really did: 1 say it, 1 cannot (1 nobody answered), "
        "1 are wrong."
    )
    assert comparison.faults[-1] == "a meeting nobody knows of"
    assert len(comparison.faults) == 2
