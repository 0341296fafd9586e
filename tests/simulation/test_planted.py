"""The self-test is awake: faults can be planted, and short lives catch cheap ones."""

from __future__ import annotations

import logging

import pytest

from tests.simulation.driver import lived
from tests.simulation.planted import PLANTED
from tests.simulation.selftest import CAUGHT_BEFORE
from tests.simulation.weather import beginning_of

LOSING, PAIRS, WEEKS = 31, 3, 0
"""A life in which each fifth answer to a write gets lost; its first days are enough."""


def _broken() -> set[str]:
    return {one.invariant for one in lived(beginning_of(LOSING, PAIRS, WEEKS)).violations}


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_the_short_life_breaks_no_promise_without_a_fault() -> None:
    assert _broken() == set()


@pytest.mark.parametrize(
    ("name", "caught_by"),
    [
        ("no intent before a write", "mail_not_journalled"),
        ("expired permit used", "call_without_permit"),
        ("claim not checked", "written_without_claim"),
        ("duplicates not told", "two_series"),
    ],
)
def test_a_planted_fault_is_caught(name: str, caught_by: str) -> None:
    with PLANTED[name]():
        assert caught_by in _broken()


@pytest.mark.parametrize("name", PLANTED)
def test_the_seam_that_a_fault_is_planted_into_is_there(name: str) -> None:
    with PLANTED[name]():
        pass


def test_every_fault_that_was_caught_is_still_planted() -> None:
    assert CAUGHT_BEFORE.keys() <= PLANTED.keys()
