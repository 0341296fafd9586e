"""Figures of groups for people who may not see single ones: small groups are not shown.

Nor can they be told by taking what is shown from a total, or one shown group from another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

LEAST = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of some members of a whole.

    ``members`` are the ids of what the figures are about (pairs, where they are of pairs).
    ``figures`` are counts that add up over groups; a rate is two of them.
    """

    name: str
    members: frozenset[str]
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A group as it may be shown: ``figures`` is None where they are withheld."""

    name: str
    members: int | None
    figures: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A whole and its groups, in the order given, as far as they may be shown."""

    whole: Shown
    groups: tuple[Shown, ...]


def shown(whole: Group, groups: Sequence[Group], least: int = LEAST) -> Breakdown:
    """What may be shown of one breakdown of a whole."""
    return all_shown(whole, [groups], least)[0]


def all_shown(
    whole: Group, breakdowns: Iterable[Sequence[Group]], least: int = LEAST
) -> tuple[Breakdown, ...]:
    """What may be shown of several breakdowns of one whole, side by side.

    A group of fewer than ``least`` members is withheld. So is the smallest further group as
    long as the withheld ones of a breakdown, taken together, or what lies between two shown
    groups of any breakdowns, are some but fewer than that. A whole that is too small shows
    nothing at all. Groups without members are left in: there is nothing to be told of them.

    Raises:
        ValueError: a breakdown has members the whole has not, or lacks some.
    """
    tables = [tuple(groups) for groups in breakdowns]
    for groups in tables:
        if frozenset().union(*(g.members for g in groups)) != whole.members:
            raise ValueError(f"the groups do not make up {whole.name}")
    withheld = _withheld(whole, tables, least)
    return tuple(
        Breakdown(
            whole=_shown(whole, hide=len(whole.members) < least),
            groups=tuple(_shown(g, hide=(i, j) in withheld) for j, g in enumerate(groups)),
        )
        for i, groups in enumerate(tables)
    )


_Place = tuple[int, int]


def _withheld(whole: Group, tables: Sequence[Sequence[Group]], least: int) -> set[_Place]:
    places = {(i, j): g for i, table in enumerate(tables) for j, g in enumerate(table) if g.members}
    if len(whole.members) < least:
        return set(places)
    hidden = {place for place, group in places.items() if len(group.members) < least}
    while True:
        more = _told_by_the_whole(tables, places, hidden, least)
        more = more or _told_by_each_other(places, hidden, least)
        if more is None:
            return hidden
        hidden.add(more)


def _told_by_the_whole(
    tables: Sequence[Sequence[Group]],
    places: Mapping[_Place, Group],
    hidden: set[_Place],
    least: int,
) -> _Place | None:
    """A group to withhold because the rest of its breakdown would tell of too few."""
    for i in range(len(tables)):
        mine = [place for place in places if place[0] == i]
        away = [places[place].members for place in mine if place in hidden]
        if away and len(frozenset().union(*away)) < least:
            left = [place for place in mine if place not in hidden]
            return _smallest(places, left)
    return None


def _told_by_each_other(
    places: Mapping[_Place, Group], hidden: set[_Place], least: int
) -> _Place | None:
    """A group to withhold because another one less this one would tell of too few."""
    left = sorted(place for place in places if place not in hidden)
    for one, other in combinations(left, 2):
        a, b = places[one].members, places[other].members
        if (a < b or b < a) and len(a ^ b) < least:
            return _smallest(places, [one, other])
    return None


def _smallest(places: Mapping[_Place, Group], among: Iterable[_Place]) -> _Place | None:
    return min(among, key=lambda place: (len(places[place].members), place), default=None)


def _shown(group: Group, *, hide: bool) -> Shown:
    if hide:
        return Shown(group.name, None, None)
    return Shown(group.name, len(group.members), dict(group.figures))
