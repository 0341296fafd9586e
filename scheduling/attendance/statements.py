"""What the two say: the last word of each, with how long they say it was."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduling.attendance.evidence import Occasion, Statement

_MINUTE = timedelta(minutes=1)
LONGEST_MEETING = timedelta(hours=8)
FARTHEST = timedelta(days=60)
"""A meeting farther from a date than this is not meant instead of it."""


class Word(NamedTuple):
    """The last thing one of the two said. ``minutes`` are the planned ones unless told."""

    person: str
    is_yes: bool
    at: datetime
    minutes: int
    in_person: bool
    elsewhere: bool


def words_of_the_two(
    occasion: Occasion, statements: Iterable[Statement]
) -> tuple[dict[str, Word], bool]:
    """The last word of each of the two by person, and whether any was left out as absurd.

    Left out are a "we met" before its hour began, of more than eight hours, of a time to come
    or of one sixty days away from the date. What others say is no evidence.
    """
    last: dict[str, Statement] = {}
    absurd = False
    for statement in sorted(statements, key=_order):
        if statement.person not in occasion.people:
            continue
        if _is_absurd(occasion, statement):
            absurd = True
        else:
            last[statement.person] = statement
    words = {p: _word(occasion, last[p]) for p in occasion.people if p in last}
    return words, absurd


def _order(statement: Statement) -> tuple[datetime, str, str]:
    # Of two at one instant the one that denies counts: nothing is credited on a doubt.
    return (statement.at, statement.said, str(statement.span))


def _is_absurd(occasion: Occasion, statement: Statement) -> bool:
    span = statement.span
    if span is None:
        return statement.is_yes and statement.at < occasion.span.start
    distance = max(span.start - occasion.span.end, occasion.span.start - span.end)
    return span.length > LONGEST_MEETING or span.end > statement.at or distance > FARTHEST


def _word(occasion: Occasion, statement: Statement) -> Word:
    span = statement.span or occasion.span
    return Word(
        person=statement.person,
        is_yes=statement.is_yes,
        at=statement.at,
        minutes=span.length // _MINUTE,
        in_person=statement.in_person,
        elsewhere=statement.is_yes and statement.span is not None,
    )
