"""What Hypothesis makes up for doors that anybody may knock at.

A run takes some of each kind, the same ones every time. With ``HOSTILE_EXAMPLES`` it takes that
many, and others each time.
"""

from __future__ import annotations

import os
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

T = TypeVar("T")

ASKED = os.environ.get("HOSTILE_EXAMPLES")
EXAMPLES = int(ASKED or 60)
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=ASKED is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def made_up(strategy: st.SearchStrategy[T]) -> list[T]:
    """Examples, where a test has one world for all of them."""
    found: list[T] = []

    @settings(BOUNDED, phases=[Phase.generate])
    @given(strategy)
    def collect(one: T) -> None:
        found.append(one)

    collect()
    return found


def texts(longest: int = 300) -> st.SearchStrategy[str]:
    """Whatever can stand in a field: any characters, numbers, instants, and parts of ours."""
    known = st.sampled_from(["held", "2027-03-21", "2027-03-21T10:00", "10:00", "1", "on", "yes"])
    return (
        st.text(max_size=longest)
        | st.integers().map(str)
        | st.floats().map(str)
        | st.dates().map(str)
        | st.datetimes().map(str)
        | st.tuples(known, st.text(max_size=3)).map("".join)
    )
