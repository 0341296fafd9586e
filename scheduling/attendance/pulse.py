"""What people's own numbers tell: when somebody is asked, an early sign, and a pair's trend.

Each of the two is asked by themselves how a meeting was, on a scale from 1 to 5. Neither sees what
the other says.
"""

from collections.abc import Sequence
from enum import StrEnum

SCALE = range(1, 6)
"""From "it gave me little" to "it gave me a lot"."""
LOW = 2
"""From here down an answer is low."""
_IN_A_ROW = 2
_RECENT = 3
_STEP = 0.5


class Trend(StrEnum):
    """Whether somebody's latest answers are higher or lower than those before."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


def is_asked_after(held: int, every: int | None) -> bool:
    """Whether people are asked about the ``held``-th meeting that was held; ``every`` None: never.

    >>> [held for held in range(1, 7) if is_asked_after(held, 3)]
    [3, 6]
    """
    return every is not None and held > 0 and held % every == 0


def is_early_sign(scores: Sequence[int]) -> bool:
    """Whether one person's answers, oldest first, end with two low ones in a row."""
    last = scores[-_IN_A_ROW:]
    return len(last) == _IN_A_ROW and all(score <= LOW for score in last)


def trend_of(scores: Sequence[int]) -> Trend | None:
    """One person's three latest answers against all before; None with fewer than four answers."""
    before, recent = scores[:-_RECENT], scores[-_RECENT:]
    if not before:
        return None
    change = sum(recent) / len(recent) - sum(before) / len(before)
    if abs(change) < _STEP:
        return Trend.STEADY
    return Trend.RISING if change > 0 else Trend.FALLING
