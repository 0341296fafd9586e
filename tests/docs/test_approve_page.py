"""What IT, data protection and works council are told: each claim has a test, and it is short."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT
from tests.docs.test_threats import names_of_tests

PAGE = (ROOT / "docs/how-to/approve.md").read_text("utf-8")
TWO_PAGES = 900
"""Words that two printed pages hold at 9.5 points, as measured with these tables."""
NOT_OURS_TO_TEST = {"Purpose", "Processors, transfers"}
"""Rows that say what for and under which contract; no code could break them."""


def _claims() -> list[list[str]]:
    """The rows of every table whose last column is the test."""
    rows, inside = [], False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and cells[-1] == "test":
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            rows.append(cells)
    return rows


def test_every_claim_names_its_test() -> None:
    rows = _claims()
    assert len(rows) >= 25
    untested = {cells[0] for cells in rows if not re.search(r"`tests/|the same test", cells[-1])}
    assert untested == NOT_OURS_TO_TEST


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) >= 25
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or (name and name not in names_of_tests(path))
    ]
    assert missing == []


def test_it_is_two_pages_long() -> None:
    assert len(PAGE.split()) <= TWO_PAGES
