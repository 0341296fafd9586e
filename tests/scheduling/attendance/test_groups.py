"""Groups under five are not shown, and cannot be worked out from what is."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.groups import LEAST, Breakdown, Group, all_shown, shown


def group(name: str, first: int, count: int) -> Group:
    """Members numbered from ``first``; each held once."""
    return Group(name, frozenset(f"p{n}" for n in range(first, first + count)), {"held": count})


def names(found: Breakdown) -> list[str]:
    return [g.name for g in found.groups if g.figures is not None]


@pytest.mark.acceptance(40)
def test_a_group_under_five_is_withheld_and_not_told_by_the_total() -> None:
    whole = group("all", 0, 20)
    found = shown(whole, [group("a", 0, 4), group("b", 4, 6), group("c", 10, 10)])
    # Twenty less b and c would tell of the four of a: b goes with it.
    assert names(found) == ["c"]
    assert found.whole.figures == {"held": 20}
    assert [g.members for g in found.groups] == [None, None, 10]


def test_several_small_groups_hide_each_other() -> None:
    found = shown(group("all", 0, 12), [group("a", 0, 3), group("b", 3, 3), group("c", 6, 6)])
    assert names(found) == ["c"]


def test_a_whole_under_five_shows_nothing() -> None:
    found = shown(group("all", 0, 4), [group("a", 0, 4)])
    assert (found.whole.figures, names(found)) == (None, [])


def test_large_groups_are_shown() -> None:
    found = shown(group("all", 0, 10), [group("a", 0, 5), group("b", 5, 5)])
    assert names(found) == ["a", "b"]


def test_one_breakdown_does_not_tell_of_another() -> None:
    """Office London has 8 pairs, practice Tax 6 of them and no other: two would be told."""
    whole = group("all", 0, 20)
    offices = [group("London", 0, 8), group("Paris", 8, 12)]
    practices = [group("Tax", 0, 6), group("Rest", 6, 14)]
    by_office, by_practice = all_shown(whole, [offices, practices])
    # Twenty less the rest are those of Tax, and London less those would be two pairs.
    assert not {"London", "Paris"} & set(names(by_office)) or not names(by_practice)


def test_two_groups_of_one_breakdown_do_not_tell_of_two_of_another() -> None:
    """Offices A and B are practices X and Y but for one pair; no group alone differs by so few."""
    whole = group("all", 0, 80)
    offices = [group(name, 20 * at, 20) for at, name in enumerate("ABCD")]
    practices = [
        Group("X", frozenset(f"p{n}" for n in range(0, 39, 2)), {"held": 20}),
        Group("Y", frozenset(f"p{n}" for n in range(1, 39, 2)), {"held": 19}),
        Group("Z", frozenset(f"p{n}" for n in (39, *range(40, 80, 2))), {"held": 21}),
        Group("W", frozenset(f"p{n}" for n in range(41, 80, 2)), {"held": 20}),
    ]
    by_office, by_practice = all_shown(whole, [offices, practices])
    told = {*names(by_office), *names(by_practice)}
    assert not {"A", "B", "X", "Y"} <= told
    assert not {"C", "D", "Z", "W"} <= told


def dealt(name: str, first: int, count: int) -> list[Group]:
    """The members of so many groups of ten, dealt to as many others one by one."""
    members = [f"p{n}" for n in range(10 * first, 10 * (first + count))]
    return [Group(f"{name} {first + n}", frozenset(members[n::count]), {}) for n in range(count)]


@pytest.mark.parametrize("count", [4, 7])
def test_however_many_groups_together_do_not_tell_of_one(count: int) -> None:
    """So many offices are as many practice groups but for one pair; fewer differ by more."""
    offices = [group(f"office {n}", 10 * n, 10) for n in range(2 * count)]
    practices = [*dealt("practice", 0, count), *dealt("practice", count, count)]
    whole = group("all", 0, 20 * count)
    by_office, by_practice = all_shown(whole, [offices, practices])
    assert len(names(by_office)) == len(names(by_practice)) == 2 * count
    less, more = practices[0], practices[-1]
    practices[0] = Group(less.name, less.members - {"p0"}, {})
    practices[-1] = Group(more.name, more.members | {"p0"}, {})
    told = {n for found in all_shown(whole, [offices, practices]) for n in names(found)}
    for half in (range(count), range(count, 2 * count)):
        assert not {f"{word} {n}" for n in half for word in ("office", "practice")} <= told


@given(
    of=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=5, max_size=60),
)
def test_no_groups_of_one_breakdown_less_those_of_another_leave_a_few(
    of: list[tuple[int, int]],
) -> None:
    """Tried with every set of groups there is."""
    whole = group("all", 0, len(of))
    tables = [
        [
            Group(str(name), frozenset(f"p{n}" for n, at in enumerate(of) if at[side] == name), {})
            for name in sorted({at[side] for at in of})
        ]
        for side in (0, 1)
    ]
    known = []
    for table, found in zip(tables, all_shown(whole, tables), strict=True):
        shown_ones = [g.members for g, s in zip(table, found.groups, strict=True) if s.members]
        rest = whole.members.difference(*shown_ones)
        known.append([block for block in (*shown_ones, rest) if block])
    for some, others in (known, known[::-1]):
        for length in range(1, len(some) + 1):
            for together in combinations(some, length):
                taken = frozenset().union(*together)
                left = taken.difference(*(block for block in others if block <= taken))
                assert not left or len(left) >= LEAST


def test_groups_that_do_not_make_up_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="do not make up"):
        shown(group("all", 0, 6), [group("a", 0, 5)])


@given(
    cuts=st.lists(st.lists(st.integers(0, 30), max_size=5), min_size=1, max_size=2),
    size=st.integers(0, 30),
)
def test_nobody_can_take_away_what_is_shown_and_be_left_with_a_few(
    cuts: list[list[int]], size: int
) -> None:
    """Every difference of the whole and shown groups of a breakdown is nobody or many."""
    whole = group("all", 0, size)
    tables = []
    for cut in cuts:
        edges = sorted({0, size, *(c for c in cut if c < size)})
        tables.append([group(f"g{a}", a, b - a) for a, b in pairwise(edges)])
        tables[-1] = tables[-1] or [group("none", 0, 0)]
    found = all_shown(whole, tables)
    known = [frozenset(whole.members)]
    for table, breakdown in zip(tables, found, strict=True):
        places = list(zip(table, breakdown.groups, strict=True))
        rest = [g.members for g, s in places if s.figures is None]
        mine = [g.members for g, s in places if s.figures is not None]
        mine.append(frozenset().union(*rest))
        known += [*mine, *(whole.members - members for members in mine)]
    if found[0].whole.figures is None:
        assert size < LEAST
        assert not any(names(breakdown) for breakdown in found if size)
        return
    for members in known:
        assert not members or len(members) >= LEAST
    for a, b in combinations(known, 2):
        if a < b or b < a:
            assert len(a ^ b) >= LEAST or not (a and b)
