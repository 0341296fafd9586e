"""How people behave in meetings: on time or late, for a while, by phone, in person, or not at all.

As in :mod:`simulator.behaviour_of_people`, what somebody does about the meetings of a day depends
on the seed, on her and on the day alone. What comes of two people's conduct is seen when
:mod:`simulator.people_in_meetings` brings them together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from random import Random
from typing import Literal

from simulator.attendance import Way

# What somebody says when asked whether she met the other; None: nothing, ever.
Candour = Literal["truthful", "contrary"] | None
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Manners:
    """Of a hundred meetings or questions of one person, how many go which way.

    ``attends`` is how many she does not forget; those after it are shares of these. ``tries_link``
    opens the link again the day before the next date. ``answers_question`` says something when
    asked whether they met, of which ``contradicts`` is the contrary of what was, or how it was, of
    which ``unhappy`` is that it gave her little. No member can be less than 0 or more than 100.
    """

    attends: float = 94.0
    late: float = 12.0
    leaves_early: float = 7.0
    overruns: float = 10.0
    goes_and_comes_back: float = 6.0
    by_phone: float = 4.0
    anonymously: float = 2.0
    on_two_devices: float = 4.0
    in_person: float = 4.0
    tries_link: float = 2.0
    answers_question: float = 75.0
    contradicts: float = 1.0
    unhappy: float = 8.0

    def __post_init__(self) -> None:
        for one in fields(self):
            if not 0 <= getattr(self, one.name) <= 100:
                raise ValueError(f"{one.name} is a share of a hundred: {getattr(self, one.name)}")

    @classmethod
    def none(cls) -> Manners:
        """Nobody comes to anything, and nobody says so."""
        return cls(**{one.name: 0.0 for one in fields(cls)})


BELIEVABLE = Manners()


@dataclass(frozen=True, slots=True)
class Conduct:
    """What somebody does about the meetings of one day.

    ``joins`` counts from the start of a meeting and ``leaves`` from its end; ``away`` is when she
    goes for a while, counted from the start, and for how long. ``calls_on`` is that she goes to
    see the other instead, ``second_device`` that she has a second one running. ``tries_link`` is
    how long before the next date she opens the link again. ``answers_after`` counts from a mail.
    ``score`` is how she finds a meeting, from 1 to 5.
    """

    comes: bool
    joins: timedelta
    leaves: timedelta
    away: tuple[timedelta, timedelta] | None
    way: Way
    second_device: bool
    calls_on: bool
    tries_link: timedelta | None
    candour: Candour
    answers_after: timedelta
    score: int


def conduct_of(person_id: str, day: date, seed: int, manners: Manners = BELIEVABLE) -> Conduct:
    """What one person does about her meetings of a day; the same arguments give the same.

    Another share changes only what it is about.
    """
    chance = Random(f"{seed}/{person_id}/{day.isoformat()}/meetings")
    # Always the same draws in the same order: whether it happens, and how much.
    drawn = {one.name: (chance.random() * 100, chance.random()) for one in fields(Manners)}

    def happens(name: str) -> bool:
        return drawn[name][0] < float(getattr(manners, name))

    def between(name: str, least: float, most: float) -> timedelta:
        return _MINUTE * round(least + (most - least) * drawn[name][1])

    joins = between("late", 6, 20) if happens("late") else between("attends", -3, 4)
    leaves = between("leaves_early", -3, 3)
    if happens("leaves_early"):
        leaves = between("leaves_early", -30, -10)
    elif happens("overruns"):
        leaves = between("overruns", 5, 25)
    goes = between("goes_and_comes_back", 12, 35)
    way: Way = "account"
    if happens("by_phone"):
        way = "phone"
    elif happens("anonymously"):
        way = "anonymous"
    scores = (1, 2) if happens("unhappy") else (3, 4, 5)
    candour: Candour = None
    if happens("answers_question"):
        candour = "contrary" if happens("contradicts") else "truthful"
    return Conduct(
        comes=happens("attends"),
        joins=joins,
        leaves=leaves,
        away=(goes, between("by_phone", 2, 9)) if happens("goes_and_comes_back") else None,
        way=way,
        second_device=happens("on_two_devices"),
        calls_on=happens("in_person"),
        tries_link=between("tries_link", 20 * 60, 28 * 60) if happens("tries_link") else None,
        candour=candour,
        answers_after=between("answers_question", 10, 30 * 60),
        score=scores[int(len(scores) * drawn["unhappy"][1])],
    )
