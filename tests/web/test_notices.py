"""Whatever is posted is either a collection with entries of which some are notices, or refused."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.web.notices import read_notices

MEMBERS = st.sampled_from(
    ["subscriptionId", "clientState", "lifecycleEvent", "resourceData", "id", "value", "x"]
)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | st.text(max_size=9)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=5),
    max_leaves=25,
)


@given(st.lists(ANYTHING, max_size=6))
def test_every_entry_is_a_notice_or_counted(entries: list[Any]) -> None:
    # Json may hold halves of surrogates that no text of ours does.
    body = json.dumps({"value": entries}).encode()
    try:
        notices, others = read_notices(body)
    except ValueError:
        assert b"\\ud" in body
        return
    assert len(notices) + others == len(entries)


@given(st.binary(max_size=200) | ANYTHING.map(lambda one: json.dumps(one).encode()))
def test_whatever_is_posted_is_taken_or_refused_and_never_quoted(body: bytes) -> None:
    refusals = []
    try:
        read_notices(body)
    except ValueError as refusal:
        refusals.append(str(refusal))
    assert set(refusals) <= {"not JSON", "not a collection of notifications"}
