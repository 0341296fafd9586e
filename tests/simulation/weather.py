"""What a seed draws: the firm, how long it lives, and everything that goes wrong meanwhile.

All of it is drawn before the run begins and depends on the seed alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Literal

from simulator.behaviour_of_people import BELIEVABLE, Rates

BORN = datetime(2027, 1, 4, 14, tzinfo=UTC)
"""A Monday; rosters begin a week later."""
ROSTER_STARTS = date(2027, 1, 11)
FULL_EVERY = 20
_FIRMS = 7
_DAY = timedelta(days=1)
_BOOKING = timedelta(hours=3)
"""How long the host is awake at first; a third of the storms begin meanwhile."""
_SHORT = timedelta(minutes=10)
_BOTH_WORK, _ANY_HOUR = (14, 17), (6, 22)
"""Hours of UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A stretch in which calls fail; shares are of a hundred calls.

    ``slow`` calls outlast the client's patience, ``gateway`` ones are answered 504 by a page.
    """

    start: datetime
    end: datetime
    throttle: float
    error: float
    cut_before: float
    cut_after: float
    retry_after: int
    slow: int
    gateway: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGiven:
    """A coordinator's order; ``draw``, from 0 to 1, chooses the pair and the date."""

    at: datetime
    kind: Literal["pause", "resume", "withdraw", "skip"]
    draw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """An appointment at the very hour of a date of the next days, which looks just like it.

    ``draw``, from 0 to 1, chooses the date and which of its people has it.
    """

    at: datetime
    draw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Awake:
    """A stretch in which the host runs; outside of them only a notification wakes it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """A stretch without faults, at the end of which everything must have converged.

    It lies on a weekend, when nobody acts, and holds one sweep of everything (a night).
    """

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Everything one run is made of.

    ``deadly`` is the chance of dying at each point an incarnation passes, ``meddled`` that of a
    person acting on the very event that a write of ours is on its way to, and ``lost`` that of an
    answer to a write getting lost, whatever the weather.
    """

    seed: int
    pairs: int
    weeks: int
    firm: int
    troubles: bool
    rates: Rates
    consumers: int
    deadly: float
    meddled: float
    lost: float
    webhooks: bool
    behaviour: Mapping[str, Any]
    storms: tuple[Storm, ...]
    orders: tuple[OrderGiven, ...]
    twins: tuple[Twin, ...]
    awake: tuple[Awake, ...]
    calms: tuple[Calm, ...]

    @property
    def is_full(self) -> bool:
        """Whether this is one of the few runs at full size."""
        return self.seed % FULL_EVERY == FULL_EVERY - 1

    @property
    def end(self) -> datetime:
        """When the last calm is over."""
        return self.calms[-1].end

    def is_calm(self, at: datetime) -> bool:
        """Whether no fault may strike at ``at``."""
        return any(calm.start <= at < calm.end for calm in self.calms)


def weather_of(seed: int) -> Weather:
    """What this seed draws."""
    chance = Random(f"weather {seed}")
    full = seed % FULL_EVERY == FULL_EVERY - 1
    weeks = 18 if full else 8
    calms = _calms(chance, weeks)
    stale = chance.choice((0, 0, 2, 20))
    return Weather(
        seed=seed,
        pairs=60 if full else chance.choice((6, 6, 6, 7, 8, 10, 12)),
        weeks=weeks,
        firm=1 + seed % _FIRMS,
        troubles=chance.random() < 0.3,
        rates=_rates(chance),
        consumers=2 if chance.random() < 0.35 else 1,
        deadly=chance.choice((0.0, 1 / 2000, 1 / 600, 1 / 200)),
        meddled=chance.choice((0.0, 0.03, 0.1)),
        lost=Random(f"lost {seed}").choice((0.0, 0.0, 0.05, 0.2)),
        webhooks=chance.random() < 0.6,
        behaviour=_behaviour(chance, timedelta(seconds=stale)),
        storms=tuple(_storms(chance, weeks)),
        orders=tuple(sorted(_orders(chance, weeks), key=lambda one: one.at)),
        twins=tuple(sorted(_twins(Random(f"twins {seed}"), weeks), key=lambda one: one.at)),
        awake=tuple(sorted(_awake(chance, weeks, calms), key=lambda one: one.start)),
        calms=calms,
    )


def beginning_of(seed: int, pairs: int, weeks: int) -> Weather:
    """The first weeks of a life, with few pairs: for tests that want it short, not eventful."""
    weather = weather_of(seed)
    saturday = _first_saturday() + weeks * 7 * _DAY
    calm = _calm_from(saturday)
    calms = (*(one for one in weather.calms if one.start < saturday), calm)
    until = [one for one in weather.awake if one.start < saturday]
    awake = tuple(until + _awake_in(calm))
    return replace(weather, pairs=pairs, weeks=weeks, calms=calms, awake=awake)


def fair_weather(pairs: int, weeks: int) -> Weather:
    """Believable people, a tenant and one host without faults that is never asleep."""
    calm = _calm_from(_first_saturday() + weeks * 7 * _DAY)
    return Weather(
        seed=0,
        pairs=pairs,
        weeks=weeks,
        firm=1,
        troubles=False,
        rates=BELIEVABLE,
        consumers=1,
        deadly=0.0,
        meddled=0.0,
        lost=0.0,
        webhooks=True,
        behaviour={"free_busy_lag": timedelta(0)},
        storms=(),
        orders=(),
        twins=(),
        awake=(Awake(start=BORN, end=calm.end),),
        calms=(calm,),
    )


def _rates(chance: Random) -> Rates:
    """Lives more eventful than believable ones, in one way or another."""
    busy = chance.choice((1.0, 2.0, 5.0))
    shares = ("never_answering", "slowly_answering", "answering_silently")
    drawn = {
        one.name: min(getattr(BELIEVABLE, one.name) * busy * chance.choice((0.3, 1, 3)), 60.0)
        for one in fields(Rates)
        if one.name not in shares
    }
    return replace(BELIEVABLE, **drawn)


def _behaviour(chance: Random, stale: timedelta) -> dict[str, Any]:
    """The tenant's switches; see docs/reference/simulator.md."""
    lossy = chance.random() < 0.6
    return {
        "latency": timedelta(milliseconds=chance.choice((0, 200, 1500))),
        "stale_reads": stale,
        "free_busy_lag": chance.choice((timedelta(0), stale)),
        "duplicate_transaction_status": chance.choice((400, 409)),
        "duplicate_names_existing_event": chance.random() < 0.5,
        "answer_makes_exception": chance.random() < 0.5,
        "answers_to_dates": chance.choice(("occurrence", "occurrence", "master")),
        "change_key_rotates_each_time": chance.random() < 0.5,
        "dates_told_on_master_only": chance.random() < 0.5,
        "empty_error_codes": chance.random() < 0.2,
        "notifications_dropped": 30.0 if lossy else 0.0,
        "notifications_doubled": 20.0 if lossy else 0.0,
        "notifications_forged": 5.0 if lossy else 0.0,
        "notification_latency": timedelta(seconds=chance.choice((5, 20, 300))),
        "notification_latency_most": timedelta(minutes=chance.choice((3, 60))),
    }


def _storms(chance: Random, weeks: int) -> list[Storm]:
    """Some of them strike while everything is booked, the others at any hour."""
    storms = []
    for number in range(chance.choice((0, 2, 4, 8)) * weeks // 8):
        within = _BOOKING if number % 3 == 0 else weeks * 7 * _DAY
        start = BORN + within * chance.random()
        length = timedelta(minutes=chance.choice((5, 20, 90, 600)))
        heavy = chance.choice((0.2, 1.0))
        storms.append(
            Storm(
                start=start,
                end=start + length,
                throttle=chance.uniform(0, 30) * heavy,
                error=chance.uniform(0, 30) * heavy,
                cut_before=chance.uniform(0, 15) * heavy,
                cut_after=chance.uniform(0, 25) * heavy,
                retry_after=chance.choice((1, 5, 60, 600)),
                slow=chance.choice((0, 0, 2)),
                gateway=chance.choice((0, 3)),
            )
        )
    return storms


def _twins(chance: Random, weeks: int) -> list[Twin]:
    """In every fourth life two a week, on working days."""
    number = chance.choice((0, 0, 0, 2)) * weeks
    return [Twin(at=_on_a_working_day(chance, weeks), draw=chance.random()) for _ in range(number)]


def _on_a_working_day(chance: Random, weeks: int) -> datetime:
    """From the second week on, at an hour at which somebody works."""
    day = BORN.date() + timedelta(weeks=chance.randrange(1, weeks), days=chance.randrange(5))
    return datetime.combine(day, time(chance.randrange(8, 18), chance.randrange(60)), UTC)


def _orders(chance: Random, weeks: int) -> list[OrderGiven]:
    """Given on working days, from the second week on."""
    kinds: tuple[Literal["pause", "resume", "withdraw", "skip"], ...]
    kinds = ("pause", "resume", "withdraw", "skip", "skip")
    given = []
    for _ in range(chance.choice((0, 2, 4)) * weeks // 8):
        at = _on_a_working_day(chance, weeks)
        given.append(OrderGiven(at=at, kind=chance.choice(kinds), draw=chance.random()))
    return given


def _calms(chance: Random, weeks: int) -> tuple[Calm, ...]:
    """One weekend on the way and the last one, from Saturday 04:00 to Sunday 12:00 UTC."""
    numbers = (chance.randint(1, weeks - 2), weeks)
    return tuple(_calm_from(_first_saturday() + number * 7 * _DAY) for number in numbers)


def _first_saturday() -> datetime:
    return datetime.combine(BORN.date() + 5 * _DAY, time(4), UTC)


def _calm_from(start: datetime) -> Calm:
    return Calm(start=start, end=start + timedelta(hours=32))


def _awake(chance: Random, weeks: int, calms: tuple[Calm, ...]) -> list[Awake]:
    """Booking, some minutes once a week or twice, now and then half a day; all calms.

    Mostly while somebody in London and New York works, and always so on the Friday before a calm:
    out of mail hours much has to wait, and a real host would not sleep through them.
    """
    stretches = [Awake(start=BORN, end=BORN + _BOOKING)]
    for week in range(weeks + 1):
        monday = datetime.combine(BORN.date() + 7 * week * _DAY, time(0), UTC)
        for _ in range(chance.choice((1, 1, 1, 2))):
            earliest, latest = chance.choice((_BOTH_WORK, _BOTH_WORK, _BOTH_WORK, _ANY_HOUR))
            minutes = chance.randrange(earliest * 60, latest * 60)
            start = monday + timedelta(days=chance.randrange(5), minutes=minutes)
            if start > BORN:
                stretches.append(Awake(start=start, end=start + _SHORT))
        if week and chance.random() < 0.05:
            begin = monday + timedelta(days=chance.randrange(5), hours=chance.choice((7, 13)))
            stretches.append(Awake(start=begin, end=begin + timedelta(hours=6)))
    before = [Awake(start=at, end=at + _SHORT) for at in (_friday_before(calm) for calm in calms)]
    return stretches + before + [stretch for calm in calms for stretch in _awake_in(calm)]


def _friday_before(calm: Calm) -> datetime:
    return datetime.combine(calm.start.date() - _DAY, time(_BOTH_WORK[0], 30), UTC)


def _awake_in(calm: Calm) -> list[Awake]:
    starts = [calm.start + timedelta(hours=hours) for hours in (0.1, 5.0, 29.0, 30.5)]
    return [Awake(start=start, end=start + timedelta(minutes=50)) for start in starts]
