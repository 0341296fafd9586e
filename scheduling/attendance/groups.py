"""Figures of groups for people who may not see single ones: small groups are not shown.

Nor can they be told by taking what is shown from a total, or shown groups from each other. Where
two breakdowns are of the same people (office and practice group, say), each may be harmless and
the two together not: two offices and two practice groups may differ by one pair.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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

    A group of fewer than ``least`` members is withheld. Further ones are, the smallest first, as
    long as some but fewer than ``least`` members can be singled out: by any shown groups of one
    breakdown taken together, less any groups of another that lie inside. Groups that are withheld
    count as one group, the rest. A whole that is too small shows nothing at all. Groups without
    members are left in: there is nothing to be told of them.

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
    while (telling := _telling(places, hidden, len(tables), least)) is not None:
        hidden.add(telling)
    return hidden


def _telling(
    places: Mapping[_Place, Group], hidden: set[_Place], tables: int, least: int
) -> _Place | None:
    """A group to withhold because, with what else is shown, it tells of too few; None if safe."""
    blocks = [_blocks(places, hidden, table) for table in range(tables)]
    for one in range(tables):
        for other in range(tables):
            if one == other:
                tells = any(len(block) < least for block in blocks[one])
            else:
                tells = _differ_by_few(blocks[one], blocks[other], least)
            if tells:
                shown_ones = [p for p in places if p not in hidden and p[0] in (one, other)]
                return _smallest(places, shown_ones)
    return None


def _differ_by_few(
    some: Sequence[frozenset[str]], others: Sequence[frozenset[str]], least: int
) -> bool:
    """Whether blocks of one breakdown, less blocks of another that lie inside, leave a few.

    Who is left has a block that is taken of the one and none of the other. For each block of the
    one and of the other that share a few, the fewest that any choice with the one taken and the
    other not leaves is a smallest cut between the two.

    Cost: a few searches for each pair of blocks that share fewer than ``least``.
    """
    shared = _Shared(some, others)
    return any(
        count < least and shared.smallest_cut(i, j, least) < least
        for (i, j), count in shared.counts.items()
    )


class _Shared:
    """How many members the blocks of two breakdowns share.

    Which blocks can be reached from one are the bits of a number: they are looked up often.
    """

    def __init__(self, some: Sequence[frozenset[str]], others: Sequence[frozenset[str]]) -> None:
        self.counts = {
            (i, j): len(block & other)
            for i, block in enumerate(some)
            for j, other in enumerate(others)
            if block & other
        }
        self._forward = [sum(1 << j for at, j in self.counts if at == i) for i in range(len(some))]
        self._back = [sum(1 << i for i, at in self.counts if at == j) for j in range(len(others))]

    def smallest_cut(self, i: int, j: int, enough: int) -> int:
        """How many are left at least where block ``i`` is taken and ``j`` not; at most ``enough``.

        The largest flow from the one to the other (Ford and Fulkerson, 1956): as much as two
        blocks share may flow from one that is taken to one that is not. What flows back costs
        nothing: whoever is in a block taken of the others lies inside what is taken of the first.
        """
        flow: Counter[tuple[int, int]] = Counter()
        forward = list(self._forward)
        for total in range(enough):
            path = self._path(forward, i, j)
            if not path:
                return total
            for step, cell in enumerate(path):
                flow[cell] += 1 if step % 2 == 0 else -1
                bit = 1 << cell[1]
                is_full = flow[cell] >= self.counts[cell]
                forward[cell[0]] = forward[cell[0]] & ~bit if is_full else forward[cell[0]] | bit
        return enough

    def _path(self, forward: Sequence[int], i: int, j: int) -> list[tuple[int, int]]:
        """Cells by which one more can flow, every second one backwards; empty if none do."""
        from_first: dict[int, int] = {}
        from_second: dict[int, int] = {}
        firsts, seconds, queue = 1 << i, 0, deque([i])
        while queue and j not in from_first:
            here = queue.popleft()
            for there in _bits(forward[here] & ~seconds):
                from_first[there] = here
                for further in _bits(self._back[there] & ~firsts):
                    from_second[further] = there
                    queue.append(further)
                firsts |= self._back[there]
            seconds |= forward[here]
        if j not in from_first:
            return []
        path = [(from_first[j], j)]
        while path[-1][0] != i:
            first = path[-1][0]
            second = from_second[first]
            path += [(first, second), (from_first[second], second)]
        return path[::-1]


def _bits(number: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


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
