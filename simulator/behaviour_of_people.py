"""What the people of a firm do on a day: answer, decline, fall ill, get hearings, leave.

What somebody does depends on the seed, on her and on the day alone, never on
what anybody else (or a client) did. An act therefore names no meeting: which
one it strikes is seen when :mod:`simulator.people_acts` carries it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from simulator.people import Firm
from simulator.recurrence import DAYS
from simulator.zones import to_utc

# What a person does, and what somebody with rights on a program mailbox does there.
PersonKind = Literal[
    "answers_invitations",
    "declines_date",
    "declines_series",
    "proposes_new_time",
    "deletes_date",
    "takes_leave",
    "falls_ill",
    "gets_hearing",
    "loses_hearing",
    "leaves_firm",
]
CoordinatorKind = Literal["moves_date", "cancels_date", "cancels_series"]
Kind = Literal[PersonKind, CoordinatorKind]
_OF_PEOPLE: tuple[Kind, ...] = get_args(PersonKind)
_OF_COORDINATORS: tuple[Kind, ...] = get_args(CoordinatorKind)


@dataclass(frozen=True, slots=True)
class PersonAct:
    """One act of one person, to be carried out at ``at`` (UTC).

    ``person`` is a mail address; of a coordinator's act it is the program
    mailbox in which it happens. ``draw``, from 0 to 1, chooses among what there
    is when it happens; ``silently`` means without a reply.
    """

    at: datetime
    person: str
    kind: Kind
    draw: float
    silently: bool = False

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> PersonAct:
        """The act as the control API takes it.

        Raises:
            ValueError: there is no such kind of act.
        """
        if doc["kind"] not in get_args(Kind):
            raise ValueError(f"no such act: {doc['kind']}")
        return cls(**{**doc, "at": datetime.fromisoformat(doc["at"])})


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things happen: of a hundred working days of one person.

    The defaults give a pair over four months (170 working days of its two
    people) about one declined date and one hearing over a date; they give one
    proposal for two pairs and one leaver among sixty people. The acts of
    coordinators count by program mailbox. The first three members are shares of
    a hundred people. No member can be less than 0 or more than 100.
    """

    never_answering: float = 30.0
    slowly_answering: float = 30.0
    answering_silently: float = 15.0
    declines_date: float = 0.6
    declines_series: float = 0.02
    proposes_new_time: float = 0.3
    deletes_date: float = 0.1
    takes_leave: float = 0.3
    falls_ill: float = 0.4
    gets_hearing: float = 0.6
    loses_hearing: float = 0.3
    leaves_firm: float = 0.02
    moves_date: float = 4.0
    cancels_date: float = 2.0
    cancels_series: float = 0.3

    def __post_init__(self) -> None:
        for one in fields(self):
            if not 0 <= getattr(self, one.name) <= 100:
                raise ValueError(f"{one.name} is a share of a hundred: {getattr(self, one.name)}")

    @classmethod
    def none(cls) -> Rates:
        """Nobody does anything, not even answer."""
        quiet: dict[str, float] = {one.name: 0.0 for one in fields(cls)}
        return cls(**{**quiet, "never_answering": 100.0})


BELIEVABLE = Rates()
# Of a hundred working days, those on which somebody goes through her invitations.
_PROMPT, _SLOW = 70.0, 12.0


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who acts: a member of a pair, or the coordinator at a program mailbox."""

    id: str
    mail: str
    zone: str
    workdays: tuple[str, ...]
    hours: tuple[time, time]
    coordinates: bool = False

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Player:
        """The player that storage kept."""
        begin, finish = map(time.fromisoformat, doc["hours"])
        return cls(**{**doc, "hours": (begin, finish), "workdays": tuple(doc["workdays"])})


def players_of(firm: Firm) -> list[Player]:
    """The members of the firm's pairs and its coordinators, each once."""
    paired = {member for pair in firm.pairs for member in (pair.mentor, pair.mentee)}
    acting = [(person, False) for person in firm.people if person.id in paired]
    acting += [(mailbox, True) for mailbox in firm.program_mailboxes]
    return [
        Player(
            person.id,
            person.mail,
            person.office.zone,
            tuple(person.workdays),
            person.hours,
            coordinates,
        )
        for person, coordinates in acting
    ]


def acts_on(day: date, firm: Firm, seed: int, rates: Rates = BELIEVABLE) -> list[PersonAct]:
    """Everything the firm's people do on one day of their own zones, by time.

    The same day, firm and seed give the same acts, in whatever order days are asked for; other
    rates change only the acts they are about.
    """
    return acts_of(players_of(firm), day, seed, rates)


def acts_of(
    players: list[Player], day: date, seed: int, rates: Rates = BELIEVABLE
) -> list[PersonAct]:
    """As :func:`acts_on`, of those players."""
    weekday = DAYS[day.weekday()]
    acts = [
        act
        for player in players
        if weekday in player.workdays
        for act in _acts(player, day, seed, rates)
    ]
    return sorted(acts, key=lambda act: (act.at, act.person, act.kind))


def _acts(player: Player, day: date, seed: int, rates: Rates) -> Iterator[PersonAct]:
    """One player's acts of one of her working days, in no order."""
    chance = Random(f"{seed}/{player.id}/{day.isoformat()}")
    manner = _manner(player.id, seed, rates)
    for kind in _OF_COORDINATORS if player.coordinates else _OF_PEOPLE:
        # Always as many draws, so that one rate does not move the acts of another kind.
        strikes, moment, draw = chance.random() * 100, chance.random(), chance.random()
        answers = kind == "answers_invitations"
        if strikes < (manner.reads if answers else getattr(rates, kind)):
            at = _moment(player, day, moment)
            yield PersonAct(at, player.mail, kind, draw, silently=answers and manner.silently)


@dataclass(frozen=True, slots=True)
class _Manner:
    """How somebody deals with invitations, all her life: days of a hundred, and whether mutely."""

    reads: float
    silently: bool


@lru_cache(maxsize=5_000)
def _manner(player_id: str, seed: int, rates: Rates) -> _Manner:
    chance = Random(f"{seed}/{player_id}/manner")
    share, silent = chance.random() * 100, chance.random() * 100
    reads = _PROMPT
    if share < rates.never_answering:
        reads = 0.0
    elif share < rates.never_answering + rates.slowly_answering:
        reads = _SLOW
    return _Manner(reads, silent < rates.answering_silently)


def _moment(player: Player, day: date, part: float) -> datetime:
    """A whole minute of the working day, ``part`` of the way through it."""
    begin, finish = (datetime.combine(day, hour) for hour in player.hours)
    minutes = int((finish - begin).total_seconds() // 60 * part)
    return to_utc(begin + timedelta(minutes=minutes), ZoneInfo(player.zone))
