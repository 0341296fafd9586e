"""Time credit: qualifying minutes, rounding and caps, and corrections as lines of their own."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.credit import (
    Attended,
    CapPeriod,
    CreditAccount,
    CreditLine,
    Purpose,
    Role,
    Rounding,
    ledger,
    period_of,
    tenths_of,
)
from scheduling.attendance.evidence import EvidenceKind, VerdictKind

DAY = date(2027, 1, 12)
CREDIT = CreditAccount(purpose=Purpose.BILLABLE_CREDIT, code="CR-77")
DEVELOPMENT = CreditAccount(
    purpose=Purpose.DEVELOPMENT, code="PD-01", roles=frozenset({Role.MENTOR})
)


def part(
    number: int = 0,
    minutes: int = 50,
    verdict: VerdictKind = VerdictKind.HELD,
    timekeeper: str = "ana",
    role: Role = Role.MENTOR,
) -> Attended:
    """Ana's part in a session of an hour."""
    return Attended(
        session_id=f"p.{number}",
        timekeeper=timekeeper,
        role=role,
        day=DAY + timedelta(weeks=2 * number),
        verdict=verdict,
        minutes=minutes,
        planned_minutes=60,
        evidence=EvidenceKind.TEAMS,
    )


def tenths(lines: tuple[CreditLine, ...]) -> list[int]:
    return [line.tenths for line in lines]


@pytest.mark.parametrize(
    ("minutes", "down", "nearest", "up"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (45, 7, 8, 8), (50, 8, 8, 9), (56, 9, 9, 10), (60, 10, 10, 10)],
)
def test_minutes_become_tenths_by_the_rounding(
    minutes: int, down: int, nearest: int, up: int
) -> None:
    assert [tenths_of(minutes, how) for how in Rounding] == [down, nearest, up]


@pytest.mark.acceptance(40)
@pytest.mark.parametrize("verdict", [v for v in VerdictKind if v is not VerdictKind.HELD])
def test_what_is_not_held_is_not_credited(verdict: VerdictKind) -> None:
    assert ledger([part(verdict=verdict)], [CREDIT, DEVELOPMENT]) == ()


def test_nobody_is_credited_for_more_than_was_planned() -> None:
    assert tenths(ledger([part(minutes=170)], [CREDIT])) == [10]


def test_each_purpose_has_a_code_of_its_own_and_its_roles() -> None:
    both = [part(), part(timekeeper="james", role=Role.MENTEE)]
    lines = ledger(both, [CREDIT, DEVELOPMENT])
    assert [(line.timekeeper, line.code) for line in lines] == [
        ("ana", "CR-77"),
        ("ana", "PD-01"),
        ("james", "CR-77"),
    ]


def test_evidence_that_is_not_good_enough_is_not_credited() -> None:
    strict = replace(CREDIT, evidence=frozenset({EvidenceKind.TEAMS}))
    told = replace(part(), evidence=EvidenceKind.SELF_REPORTED)
    assert ledger([told], [strict]) == ()
    assert tenths(ledger([told], [CREDIT])) == [8]


@pytest.mark.acceptance(40)
def test_a_cap_ends_the_credit_of_its_period_and_the_next_begins_anew() -> None:
    capped = replace(CREDIT, cap_tenths=20, period=CapPeriod.MONTH)
    lines = ledger([part(n, minutes=60) for n in range(6)], [capped])
    by_month = {(line.day.month, line.tenths) for line in lines}
    assert by_month == {(1, 10), (2, 10), (3, 10)}
    tight = replace(capped, cap_tenths=15, period=CapPeriod.YEAR)
    assert tenths(ledger([part(n, minutes=60) for n in range(6)], [tight])) == [10, 5]


def test_periods_are_stretches_of_the_calendar() -> None:
    assert [period_of(date(2027, 6, 30), period) for period in CapPeriod] == [
        (2027, 6),
        (2027, 2),
        (2027, 0),
        (0, 0),
    ]


@pytest.mark.acceptance(40)
def test_a_verdict_that_changed_is_a_line_that_says_what_it_corrects() -> None:
    first = ledger([part()], [CREDIT])
    taken_back = ledger([part(verdict=VerdictKind.NOT_HELD, minutes=0)], [CREDIT], first)
    assert taken_back[:1] == first
    assert tenths(taken_back) == [8, -8]
    assert taken_back[1].corrects == first[0].id
    again = ledger([part(minutes=60)], [CREDIT], taken_back)
    assert tenths(again) == [8, -8, 10]
    assert again[2].corrects == first[0].id
    assert len({line.id for line in again}) == 3


def test_a_line_under_an_old_code_is_corrected_under_that_code() -> None:
    first = ledger([part()], [CREDIT])
    renamed = replace(CREDIT, code="NEW")
    corrected = ledger([part(minutes=60)], [renamed], first)
    assert [line.code for line in corrected] == ["CR-77", "CR-77"]


def test_lines_of_sessions_not_named_stay_and_use_up_the_cap() -> None:
    capped = replace(CREDIT, cap_tenths=15)
    first = ledger([part(0, minutes=60)], [capped])
    assert tenths(ledger([part(1, minutes=60)], [capped], first)) == [10, 5]


verdicts = st.sampled_from([VerdictKind.HELD, VerdictKind.HELD, *VerdictKind])
parts = st.lists(st.tuples(verdicts, st.integers(0, 200)), max_size=8).map(
    lambda found: [part(n, minutes, verdict) for n, (verdict, minutes) in enumerate(found)]
)
accounts = st.builds(
    replace,
    st.just(CREDIT),
    rounding=st.sampled_from(Rounding),
    cap_tenths=st.none() | st.integers(0, 30),
    period=st.sampled_from(CapPeriod),
)


@pytest.mark.acceptance(40)
@given(before=parts, after=parts, account=accounts, chance=st.randoms(use_true_random=False))
def test_the_ledger_is_the_same_when_made_twice_and_nothing_written_changes(
    before: list[Attended], after: list[Attended], account: CreditAccount, chance: Random
) -> None:
    first = ledger(before, [account, DEVELOPMENT])
    second = ledger(after, [account, DEVELOPMENT], first)
    assert set(first) <= set(second)
    mixed = chance.sample(after, len(after))
    exported = chance.sample(second, len(second))
    assert ledger(mixed, [DEVELOPMENT, account], exported) == second
    originals = {line.id for line in second if line.corrects is None}
    assert all(line.corrects in originals for line in second if line.corrects is not None)
    assert all(line.tenths != 0 for line in second)


@given(before=parts, after=parts, account=accounts)
def test_the_sum_is_that_of_the_latest_verdicts_and_within_the_cap(
    before: list[Attended], after: list[Attended], account: CreditAccount
) -> None:
    changed = [*after, *before[len(after) :]]
    lines = ledger(changed, [account], ledger(before, [account]))
    assert sum(tenths(lines)) == sum(tenths(ledger(changed, [account])))
    if account.cap_tenths is not None:
        by_period: dict[tuple[int, int], int] = {}
        for line in lines:
            where = period_of(line.day, account.period)
            by_period[where] = by_period.get(where, 0) + line.tenths
        assert all(0 <= total <= account.cap_tenths for total in by_period.values())


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        part(minutes=-1)
    with pytest.raises(ValueError, match="no code"):
        replace(CREDIT, code=" ")
    with pytest.raises(ValueError, match="two accounts"):
        ledger([], [CREDIT, CREDIT])
    with pytest.raises(ValueError, match="twice"):
        ledger([part(), part()], [CREDIT])
