"""Who shares pairs with whom: the shape of a roster before anybody has a name.

A roster falls apart into small groups, as real programs do: most are one junior and one senior,
some seniors have two or three juniors, some juniors mentor two seniors, and no group has more
than five people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Literal

from simulator.firm_offices import LONDON, NEW_YORK, SYDNEY
from simulator.people import Office

Trouble = Literal["missing", "onPremises", "disabled", "guest", "noTeams"]
TROUBLES: tuple[Trouble, ...] = ("missing", "disabled", "onPremises", "guest", "noTeams")

_ONE_PAIR = ((0, 0),)
# Links are (junior, senior), counted within the group; the weight is how common the shape is.
_SHAPES = (
    (_ONE_PAIR, 700),
    (((0, 0), (1, 0)), 130),
    (((0, 0), (0, 1)), 80),
    (((0, 0), (1, 0), (2, 0)), 45),
    (((0, 0), (1, 0), (1, 1)), 25),
    (((0, 0), (1, 0), (2, 0), (2, 1)), 20),
)
_CROSSINGS = ((NEW_YORK, LONDON, 0.07), (LONDON, SYDNEY, 0.02))
_TRIAL_SHARE = 0.02
_TROUBLE_SHARE = 0.08
_EVERY_KIND_FROM = 12


@dataclass(frozen=True, slots=True)
class Group:
    """People who share pairs. ``links`` are (junior, senior), both counted from 0 in the group."""

    juniors_at: Office
    seniors_at: Office
    links: tuple[tuple[int, int], ...] = _ONE_PAIR
    on_trial: bool = False
    trouble: Trouble | None = None

    @property
    def juniors(self) -> int:
        """How many mentors the group has."""
        return 1 + max(junior for junior, _ in self.links)

    @property
    def seniors(self) -> int:
        """How many mentees the group has."""
        return 1 + max(senior for _, senior in self.links)


def make_groups(
    pairs: int, rng: Random, offices: Sequence[Office], *, troubles: bool
) -> list[Group]:
    """Groups with ``pairs`` links in all, in random order."""
    next_office = _in_proportion(offices)
    groups = list(_special_groups(pairs, next_office, offices, troubles=troubles))
    shapes, weights = zip(*_SHAPES, strict=True)
    missing = pairs - len(groups)
    while missing:
        shape = rng.choices(shapes, weights)[0][:missing]
        office = next(next_office)
        groups.append(Group(office, office, shape))
        missing -= len(shape)
    rng.shuffle(groups)
    return groups


def _special_groups(
    pairs: int, next_office: Iterator[Office], offices: Sequence[Office], *, troubles: bool
) -> Iterator[Group]:
    """Pairs across offices, pairs whose senior is on trial, and pairs in trouble."""
    for one, other, share in _CROSSINGS:
        if one in offices and other in offices:
            for number in range(_share_of(pairs, share)):
                yield Group(one, other) if number % 2 else Group(other, one)
    for _ in range(_share_of(pairs, _TRIAL_SHARE)):
        office = next(next_office)
        yield Group(office, office, on_trial=True)
    for number in range(_share_of(pairs, _TROUBLE_SHARE) if troubles else 0):
        office = next(next_office)
        yield Group(office, office, trouble=TROUBLES[number % len(TROUBLES)])


def _share_of(pairs: int, share: float) -> int:
    """So many of ``pairs``: from a dozen on at least one of each kind, below that none."""
    return max(round(pairs * share), 1) if pairs >= _EVERY_KIND_FROM else 0


def _in_proportion(offices: Sequence[Office]) -> Iterator[Office]:
    """Offices without end; each has six tenths of its predecessor's share in any long stretch."""
    shares = [0.6**rank for rank in range(len(offices))]
    served = [0] * len(offices)
    for number in count(1):
        owed = [
            number * share / sum(shares) - had for share, had in zip(shares, served, strict=True)
        ]
        chosen = owed.index(max(owed))
        served[chosen] += 1
        yield offices[chosen]
