"""Minutes together: what the reports of one session add up to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from scheduling.attendance.evidence import Flag, Occasion, Report

Stay = tuple[datetime, datetime]

_NOTHING: frozenset[str] = frozenset()
_NONE = timedelta(0)
_MINUTES_OF_A_DAY = 24 * 60
_LONGEST_STAY = timedelta(hours=24)
"""Whoever was in a meeting for longer was not: a join without its leave, or the other way round."""


class Seen(NamedTuple):
    """What the reports of a session show within its slack.

    ``minutes`` the two were together, rounded down; ``possible`` is what it would be at most if
    unidentified people were those of the two who are missing. ``mentor`` and ``mentee`` are the
    stays of each, disjoint and in order. ``first`` and ``last`` bound their time together.
    ``runs`` counts how often the meeting ran.
    """

    minutes: int
    possible: int
    mentor: tuple[Stay, ...]
    mentee: tuple[Stay, ...]
    first: datetime | None
    last: datetime | None
    runs: int
    several_devices: bool
    somebody_else: bool
    unidentified: bool
    flags: frozenset[str]

    @property
    def alone(self) -> tuple[int, int]:
        """Minutes that each was there, whoever else was; mentor first."""
        return minutes_of(self.mentor), minutes_of(self.mentee)

    @property
    def came(self) -> tuple[bool, bool]:
        """Whether each was there at all; mentor first."""
        return bool(self.mentor), bool(self.mentee)

    @property
    def is_odd(self) -> bool:
        """Whether anything but two people in one meeting was seen."""
        return bool(
            self.runs > 1
            or self.several_devices
            or self.somebody_else
            or self.unidentified
            or self.flags
        )


def seen_in(occasion: Occasion, reports: Sequence[Report], slack: timedelta) -> Seen:
    """What these reports show of the two.

    Intervals are united over reports, records and devices, so their order and how they are
    spread over reports does not matter, and another one never lowers the minutes.
    Stays of more than a day, and those outside the session's slack, are absurd: they count for
    nothing, and so does the absence of whoever they are of.
    """
    return _plainly(occasion, reports, slack) or _in_all(occasion, reports, slack)


def _plainly(occasion: Occasion, reports: Sequence[Report], slack: timedelta) -> Seen | None:
    """What most reports show, found without uniting: each of the two once, at the same time.

    None for any other evidence. It says nothing that ``_in_all`` would not say of the same.
    """
    if len(reports) != 1 or reports[0].flags or len(reports[0].presences) != 2:
        return None
    mentor, mentee = reports[0].presences
    if mentor.person == occasion.mentee:
        mentor, mentee = mentee, mentor
    if mentor.person != occasion.mentor or mentee.person != occasion.mentee:
        return None
    if len(mentor.spans) != 1 or len(mentee.spans) != 1:
        return None
    one, other = mentor.spans[0], mentee.spans[0]
    opened, first = one.start, other.start
    if first < opened:
        opened, first = first, opened
    last, closed = one.end, other.end
    if closed < last:
        last, closed = closed, last
    if first >= last or closed - opened > _LONGEST_STAY:
        return None
    if occasion.span.start - opened > slack or closed - occasion.span.end > slack:
        return None
    minutes = whole_minutes(last - first)
    stays = ((one.start, one.end),), ((other.start, other.end),)
    return Seen(minutes, minutes, *stays, first, last, 1, False, False, False, _NOTHING)


def _in_all(occasion: Occasion, reports: Sequence[Report], slack: timedelta) -> Seen:
    opens, closes = occasion.span.start - slack, occasion.span.end + slack
    mentors: list[Stay] = []
    mentees: list[Stay] = []
    unidentified: list[Stay] = []
    others: list[Stay] = []
    whose: dict[str | None, list[Stay]] = {occasion.mentor: mentors, occasion.mentee: mentees}
    flags: set[str] = set()
    for report in reports:
        if report.flags:
            flags.update(report.flags)
        for presence in report.presences:
            into = whose.get(presence.person)
            if into is None:
                into = unidentified if presence.is_unidentified else others
            for span in presence.spans:
                start, end = span.start, span.end
                if start >= closes or end <= opens or end - start > _LONGEST_STAY:
                    flags.add(Flag.ABSURD_TIMES)
                else:
                    into.append((max(opens, start), min(closes, end)))
    mentor, mentee = united(mentors), united(mentees)
    common = _shared(mentor, mentee)
    minutes = minutes_of(common)
    return Seen(
        minutes,
        minutes_of(_where_two(mentor, mentee, unidentified)) if unidentified else minutes,
        tuple(mentor),
        tuple(mentee),
        common[0][0] if common else None,
        common[-1][1] if common else None,
        runs=len(united([*mentor, *mentee, *unidentified, *others])),
        several_devices=_overlap(mentors) or _overlap(mentees),
        somebody_else=bool(others),
        unidentified=bool(unidentified),
        flags=frozenset(flags) if flags else _NOTHING,
    )


def united(stays: Sequence[Stay]) -> Sequence[Stay]:
    """The union of stays as disjoint stays in order; those that touch become one."""
    if len(stays) < 2:
        return stays
    result: list[Stay] = []
    in_order = iter(sorted(stays))
    since, until = next(in_order)
    for start, end in in_order:
        if start > until:
            result.append((since, until))
            since, until = start, end
        elif end > until:
            until = end
    result.append((since, until))
    return result


def _shared(first: Sequence[Stay], second: Sequence[Stay]) -> list[Stay]:
    """Where both of two disjoint, ordered lists hold."""
    found: list[Stay] = []
    i = j = 0
    while i < len(first) and j < len(second):
        (begin, leave), (other_begin, other_leave) = first[i], second[j]
        start = max(begin, other_begin)
        if leave < other_leave:
            end = leave
            i += 1
        else:
            end = other_leave
            j += 1
        if start < end:
            found.append((start, end))
    return found


def _where_two(
    mentor: Sequence[Stay], mentee: Sequence[Stay], unidentified: Sequence[Stay]
) -> list[Stay]:
    """Where at least two were there who are or may be the two."""
    turns: list[tuple[datetime, int]] = []
    for start, end in (*mentor, *mentee, *unidentified):
        # An end before a start at the same moment: who leaves and who comes do not meet.
        turns += ((start, 1), (end, -1))
    turns.sort()
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
    if len(stays) > 1:
        for before, after in pairwise(sorted(stays)):
            if after[0] < before[1]:
                return True
    return False


def minutes_of(stays: Sequence[Stay]) -> int:
    """How many whole minutes disjoint stays add up to."""
    total = _NONE
    for start, end in stays:
        total += end - start
    return whole_minutes(total)


def whole_minutes(length: timedelta) -> int:
    """A length in minutes, rounded down; twice as quick as dividing it by one."""
    return length.days * _MINUTES_OF_A_DAY + length.seconds // 60
