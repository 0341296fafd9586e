"""Who of a pair mentors on a day, and who leads a date: roles may be swapped from a date on.

``Pair.mentor_id`` stays who it was at enrolment, so that ids, zones and what is counted of earlier
dates do not change with a swap.
"""

from __future__ import annotations

from datetime import date

from integrations.records import Pair


def mentor_on(pair: Pair, day: date) -> str:
    """Who mentors on that day of the pair's zone, by id."""
    if not pair.swaps:
        return pair.mentor_id
    swapped = sum(date.fromisoformat(at) <= day for at in pair.swaps) % 2
    return pair.mentee_id if swapped else pair.mentor_id


def mentee_on(pair: Pair, day: date) -> str:
    """Who is mentored on that day of the pair's zone, by id."""
    return pair.mentor_id if mentor_on(pair, day) == pair.mentee_id else pair.mentee_id


def leader_on(pair: Pair, day: date, window: int, *, mixed: bool) -> str:
    """Who leads the date of a window on that day: in mixed programs the two take turns."""
    by_turn = mixed and window % 2 == 1
    return mentee_on(pair, day) if by_turn else mentor_on(pair, day)
