"""The demonstration as somebody starts it: killed at several moments it ends as if it had not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.telling import (
    PAIRS,
    Left,
    comparison_in,
    credit_of,
    killed_at,
    lived_until,
    said,
    told_to_the_end,
    written,
)


@pytest.mark.slow
def test_killed_while_booking_and_while_living_it_ends_as_if_it_had_not(tmp_path: Path) -> None:
    """SIGKILL after the second write, on the third day and in the third week, each time begun
    again with the same command; a telling that nobody disturbed is what it has to come to."""
    undisturbed = told_to_the_end(tmp_path / "undisturbed")
    folder = tmp_path / "killed"
    killed_at(folder, written(2))
    killed_at(folder, lived_until(datetime(2027, 1, 7, 15, 20, tzinfo=UTC)))
    killed_at(folder, lived_until(datetime(2027, 1, 21, 9, tzinfo=UTC)))
    killed = told_to_the_end(folder)
    assert said(folder).count("goes on where it was broken off") == 3
    assert killed.dates == undisturbed.dates
    assert killed.mails == undisturbed.mails
    assert undisturbed.dates.total() > 8 * PAIRS
    assert killed.complaints == undisturbed.complaints == []
    alike, other = comparison_in(tmp_path / "undisturbed"), comparison_in(folder)
    compared, right, wrong = map(int, alike.groups())
    assert compared >= right >= PAIRS
    assert wrong == 0
    assert other[0] == alike[0]
    exported = [(tmp_path / name / "credit.csv").read_bytes() for name in ("undisturbed", "killed")]
    assert exported[0].count(b"\n") > PAIRS
    assert exported[0] == exported[1] == credit_of(folder)


@pytest.mark.slow
def test_in_a_dozen_pairs_one_has_half_hours_and_one_meets_already(tmp_path: Path) -> None:
    """Killed while booking: begun again it neither fills the diary nor makes the series twice."""
    dozen = ("--pairs", "12", "--months", "0")
    undisturbed = told_to_the_end(tmp_path / "undisturbed", *dozen)
    folder = tmp_path / "killed"
    killed_at(folder, written(2), *dozen)
    killed = told_to_the_end(folder, *dozen)
    assert "goes on where it was broken off" in said(folder)
    for told in (said(tmp_path / "undisturbed"), said(folder)):
        assert "of them for half an hour, twice as often" in told
        assert told.count("nobody is invited twice") == 1
    assert _minutes(undisturbed) == {30, 60}
    assert _dates_of(undisturbed, "Mentoring, as before") >= 8
    assert (killed.dates, killed.mails) == (undisturbed.dates, undisturbed.mails)
    assert killed.complaints == undisturbed.complaints == []


def _minutes(left: Left) -> set[float]:
    spans = [
        (datetime.fromisoformat(start), datetime.fromisoformat(end))
        for *_, start, end in left.dates
    ]
    return {(end - start).total_seconds() / 60 for start, end in spans}


def _dates_of(left: Left, subject: str) -> int:
    return sum(count for date, count in left.dates.items() if subject in date)
