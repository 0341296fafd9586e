"""Figures of groups for people who may not see single ones: small groups are not shown.

Nor can they be told by taking what is shown from a total, or shown groups from each other. Where
two breakdowns are of the same people (office and practice group, say), each may be harmless and
the two together not: two offices and two practice groups may differ by one pair.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_

LEAST = 5
_TOGETHER = 3
"""So many groups of one breakdown are taken together, at most, to work out a difference."""


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

    A group of fewer than ``least`` members is withheld. Further ones are, the smallest first, as
    long as some but fewer than ``least`` members can be singled out: of one breakdown up to three
    shown groups are taken together, or the whole without them, and less all groups of another
    breakdown that lie inside. Groups that are withheld count as one group, the rest. A whole
    that is too small shows nothing at all. Groups without members are left in: there is
    nothing to be told of them.

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
    while (telling := _telling(whole, places, hidden, len(tables), least)) is not None:
        hidden.add(telling)
    return hidden


def _telling(
    whole: Group, places: Mapping[_Place, Group], hidden: set[_Place], tables: int, least: int
) -> _Place | None:
    """A group to withhold because, with what else is shown, it tells of too few; None if safe."""
    number = {member: 1 << at for at, member in enumerate(sorted(whole.members))}
    everybody = sum(number.values())
    blocks = [
        [_set_of(block, number) for block in _blocks(places, hidden, table)]
        for table in range(tables)
    ]
    for one, mine in enumerate(blocks):
        for known in _known(mine, everybody):
            for other, theirs in enumerate(blocks):
                inside = reduce(or_, (block for block in theirs if not block & ~known), 0)
                left = (known & ~inside).bit_count()
                # What is left of a breakdown's own groups is its rest, a block of its own.
                if 0 < left < least or (one == other and 0 < known.bit_count() < least):
                    return _smallest(
                        places, [p for p in places if p not in hidden and p[0] in (one, other)]
                    )
    return None


def _set_of(members: Iterable[str], number: Mapping[str, int]) -> int:
    """A set as the bits of a number: thousands of them are compared."""
    return sum(number[member] for member in members)


def _known(blocks: Sequence[int], everybody: int) -> Iterator[int]:
    """Whom the figures are known of: some blocks taken together, and all but those."""
    for count in range(1, min(_TOGETHER, len(blocks)) + 1):
        for some in combinations(blocks, count):
            together = reduce(or_, some)
            yield together
            yield everybody & ~together


def _blocks(
    places: Mapping[_Place, Group], hidden: set[_Place], table: int
) -> list[frozenset[str]]:
    """What anybody knows the figures of: groups that are shown, and the rest taken together."""
    mine = [place for place in places if place[0] == table]
    rest = frozenset[str]().union(*(places[p].members for p in mine if p in hidden))
    seen = [places[place].members for place in mine if place not in hidden]
    return [*seen, rest] if rest else seen


def _smallest(places: Mapping[_Place, Group], among: Iterable[_Place]) -> _Place | None:
    return min(among, key=lambda place: (len(places[place].members), place), default=None)


def _shown(group: Group, *, hide: bool) -> Shown:
    if hide:
        return Shown(group.name, None, None)
    return Shown(group.name, len(group.members), dict(group.figures))
