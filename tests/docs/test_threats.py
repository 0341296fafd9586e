"""Behind each threat stands a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.docs.pages import ROOT
from tests.support.sources import tree_of

PAGE = (ROOT / "docs/explanation/threats.md").read_text("utf-8")


def _rows() -> list[list[str]]:
    """The rows of every table with a column of tests."""
    rows, inside = [], False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| threat "):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            rows.append(cells)
    return rows


@cache
def names_of_tests(path: str) -> frozenset[str]:
    """The names of the tests at the top of a file."""
    tree = tree_of(ROOT / path)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 40
    assert [f"{path}::{name}" for path, name in named if name not in names_of_tests(path)] == []


def test_every_threat_has_a_test_but_the_one_that_needs_the_internet() -> None:
    rows = _rows()
    assert len(rows) > 30
    untested = [cells[0] for cells in rows if "`tests/" not in cells[2]]
    assert untested == ["a known hole in a dependency"]
