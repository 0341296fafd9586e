"""The goals as one number: a cheaper plan is better in the first goal in which two differ.

A session that is skipped costs ``SKIP``, one on last-resort tentative time
``TENTATIVE``, a moved one ``MOVE``, each soft hit ``SOFT``; what is left below
``SOFT`` orders plans that are equal in every goal (evenness, preferences,
nearness to the habit). Each rank outweighs all lower ones together for up to
4 096 sessions. Sums over many pairs are Python integers, which do not overflow.
"""

import numpy as np
from numpy.typing import NDArray

from scheduling.availability import BLOCKED, LAST_RESORT, NOT_PREFERRED, SOFT_BITS
from scheduling.plan import Score

SOFT = 1 << 16
MOVE = 1 << 31
TENTATIVE = 1 << 43
SKIP = 1 << 55

LEAST_MATTER = SOFT - 1
"""Bits below every goal: two plans that differ only here are equally good."""

Costs = NDArray[np.int64]


def _person_costs() -> Costs:
    table = np.empty(256, dtype=np.int64)
    for state in range(256):
        if state & BLOCKED:
            table[state] = SKIP
            continue
        held = TENTATIVE if state & LAST_RESORT else 0
        table[state] = held + (state & SOFT_BITS) * SOFT + (2 if state & NOT_PREFERRED else 0)
    return table


PERSON_COSTS = _person_costs()
"""Cost to one person of each availability byte."""


def pair_costs(mentor: NDArray[np.uint8], mentee: NDArray[np.uint8]) -> Costs:
    """Cost of each start to a pair; ``SKIP`` where either cannot."""
    costs = PERSON_COSTS[mentor] + PERSON_COSTS[mentee]
    np.minimum(costs, SKIP, out=costs)
    return costs


def goals_of(cost: int) -> int:
    """The part of a cost that the goals speak of."""
    return cost & ~LEAST_MATTER


def score_of(cost: int, sessions: int) -> Score:
    """The score a cost stands for when ``sessions`` windows were to be filled."""
    skipped, rest = divmod(cost, SKIP)
    moved = rest % TENTATIVE // MOVE
    return Score(sessions - skipped, moved, rest % MOVE // SOFT)
