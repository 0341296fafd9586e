"""Lists by the page: what lies before and after, and that addresses keep what was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.web.paging import Listed, offset_in


def listed(**facts: Any) -> Listed:
    given: dict[str, Any] = {"path": "/pairs", "query": {}, "offset": 0, "shown": 50, "total": 120}
    return Listed(**(given | facts))


def test_the_first_page_has_nothing_earlier_and_the_last_nothing_further() -> None:
    first, last = listed(), listed(offset=100, shown=20)
    assert (first.first, first.last, first.earlier, first.later) == (1, 50, None, "/pairs?from=50")
    assert (last.first, last.last, last.earlier, last.later) == (101, 120, "/pairs?from=50", None)
    assert (listed(offset=50).earlier) == "/pairs"


def test_an_empty_list_begins_nowhere() -> None:
    nothing = listed(shown=0, total=0)
    assert (nothing.first, nothing.last, nothing.earlier, nothing.later) == (0, 0, None, None)


def test_addresses_keep_what_was_asked_for_and_drop_what_was_left_open() -> None:
    asked = {"q": "ana & bo", "risk": "", "sort": "held", "from": "50"}
    page = listed(query=asked, offset=50, sort="held")
    assert page.later == "/pairs?q=ana+%26+bo&sort=held&from=100"
    assert page.sorted_by("name") == "/pairs?q=ana+%26+bo&sort=name"
    assert page.sorted_by("held") == "/pairs?q=ana+%26+bo&sort=-held"


@pytest.mark.parametrize(
    ("asked", "begins"), [("100", 100), ("73", 50), ("-50", 0), ("x", 0), ("²", 0), ("9" * 20, 0)]
)
def test_a_list_begins_at_a_page_whatever_was_asked(asked: str, begins: int) -> None:
    assert offset_in({"from": asked}) == begins
