"""Minutes together: what the reports of one session add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from scheduling.attendance.evidence import Flag, Occasion, Report

Stay = tuple[datetime, datetime]

_NONE = timedelta(0)
_MINUTE = timedelta(minutes=1)
_LONGEST_STAY = timedelta(hours=24)
"""Whoever was in a meeting for longer was not: a join without its leave, or the other way round."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the reports of a session show within its slack.

    ``minutes`` the two were together, rounded down; ``possible`` is what it would be at most if
    unidentified people were those of the two who are missing. ``alone`` are minutes of each
    person, mentor first, ``came`` whether they were there at all. ``first`` and ``last`` bound
    their time together. ``runs`` counts how often the meeting ran.
    """

    minutes: int
    possible: int
    alone: tuple[int, int]
    came: tuple[bool, bool]
    first: datetime | None
    last: datetime | None
    runs: int
    several_devices: bool
    somebody_else: bool
    unidentified: bool
    flags: frozenset[str]


def seen_in(occasion: Occasion, reports: Iterable[Report], slack: timedelta) -> Seen:
    """What these reports show of the two.

    Intervals are united over reports, records and devices, so their order and how they are
    spread over reports does not matter, and another one never lowers the minutes.
    Stays of more than a day, and those outside the session's slack, count for nothing.
    """
    window = (occasion.span.start - slack, occasion.span.end + slack)
    stays: tuple[list[Stay], list[Stay], list[Stay], list[Stay]] = ([], [], [], [])
    flags: set[str] = set()
    for report in reports:
        flags.update(report.flags)
        for presence in report.presences:
            if presence.person is None:
                into = stays[2] if presence.is_unidentified else stays[3]
            elif presence.person == occasion.mentor:
                into = stays[0]
            elif presence.person == occasion.mentee:
                into = stays[1]
            else:
                into = stays[3]
            for span in presence.spans:
                start, end = span.start, span.end
                if end - start > _LONGEST_STAY:
                    flags.add(Flag.ABSURD_TIMES)
                    continue
                if start < window[1] and end > window[0]:
                    into.append((max(start, window[0]), min(end, window[1])))
                elif not span.overlaps(report.span):
                    flags.add(Flag.ABSURD_TIMES)
    mentor, mentee = united(stays[0]), united(stays[1])
    common = _shared(mentor, mentee)
    minutes = _minutes(common)
    everybody = [*mentor, *mentee, *stays[2], *stays[3]]
    return Seen(
        minutes=minutes,
        possible=_minutes(_where_two(mentor, mentee, stays[2])) if stays[2] else minutes,
        alone=(_minutes(mentor), _minutes(mentee)),
        came=(bool(mentor), bool(mentee)),
        first=common[0][0] if common else None,
        last=common[-1][1] if common else None,
        runs=len(united(everybody)),
        several_devices=_overlap(stays[0]) or _overlap(stays[1]),
        somebody_else=bool(stays[3]),
        unidentified=bool(stays[2]),
        flags=frozenset(flags),
    )


def united(stays: Iterable[Stay]) -> list[Stay]:
    """The union of stays as disjoint stays in order; those that touch become one."""
    result: list[Stay] = []
    for stay in sorted(stays):
        if result and stay[0] <= result[-1][1]:
            if stay[1] > result[-1][1]:
                result[-1] = (result[-1][0], stay[1])
        else:
            result.append(stay)
    return result


def _shared(first: Sequence[Stay], second: Sequence[Stay]) -> list[Stay]:
    """Where both of two disjoint, ordered lists hold."""
    found: list[Stay] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if start < end:
            found.append((start, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return found


def _where_two(
    mentor: Sequence[Stay], mentee: Sequence[Stay], unidentified: Sequence[Stay]
) -> list[Stay]:
    """Where at least two were there who are or may be the two."""
    turns = sorted(
        turn
        for start, end in (*mentor, *mentee, *unidentified)
        # An end before a start at the same moment: who leaves and who comes do not meet.
        for turn in ((start, 1), (end, -1))
    )
    found: list[Stay] = []
    there, since = 0, None
    for at, change in turns:
        there += change
        if there >= 2 and since is None:
            since = at
        elif there < 2 and since is not None:
            found.append((since, at))
            since = None
    return found


def _overlap(stays: Sequence[Stay]) -> bool:
    in_order = sorted(stays)
    return any(b[0] < a[1] for a, b in pairwise(in_order))


def _minutes(stays: Iterable[Stay]) -> int:
    return sum((end - start for start, end in stays), _NONE) // _MINUTE
