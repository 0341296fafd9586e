"""Improves a crowded group by tearing a few pairs out and planning them again in another order.

Where one pair's gain is another's loss, most of what is wrong is who came first. A pair
and some that share a person with it give up all their time and choose again, one
after another; the outcome stays if it is no worse.

Source: ruin and recreate (Schrimpf, Schneider, Stamm-Wilbrandt, Dueck, Journal of
Computational Physics 159, 2000).
"""

from random import Random

from scheduling.ejection import neighbours
from scheduling.group import Choices, Group, total_goals
from scheduling.single import best_choice

TORN_OUT = 4
"""Most pairs that are planned again at a time."""


def rebuilt(group: Group, choices: Choices, tries: int, chance: Random) -> Choices:
    """Choices at least as good, after so many tries; ``chance`` picks pairs and their order."""
    near = {board.request.id: neighbours(group, board) for board in group.boards}
    goals = total_goals(group.boards, choices)
    for _ in range(tries):
        first = chance.choice(group.boards)
        beside = near[first.request.id]
        others = chance.randint(1, min(TORN_OUT - 1, len(beside)))
        torn_out = [first, *chance.sample(beside, others)]
        chance.shuffle(torn_out)
        trial: Choices = {**choices, **dict.fromkeys(board.request.id for board in torn_out)}
        for board in torn_out:
            trial[board.request.id] = best_choice(board, group.costs_among(board, trial))
        found = total_goals(group.boards, trial)
        if found <= goals:
            choices, goals = trial, found
    return choices
