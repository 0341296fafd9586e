"""Planning problems of several families, written in the format of problem files.

Everything follows from a seed. Calendars are made of standing meetings, single
entries, leave and tentative holds, in the local time of each person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Document = dict[str, Any]
WEEK = ("mon", "tue", "wed", "thu", "fri")
OFFICES = {
    "london": "Europe/London",
    "new-york": "America/New_York",
    "munich": "Europe/Berlin",
    "sydney": "Australia/Sydney",
    "mumbai": "Asia/Kolkata",
}


@dataclass(frozen=True, slots=True)
class Diary:
    """How full somebody's calendar is: entries a day, standing ones a week, weeks of leave."""

    per_day: float = 3.0
    standing: int = 3
    leave_weeks: int = 1
    lengths: tuple[int, ...] = (30, 60, 60, 90)
    tentative_share: float = 0.12
    start_grid: int = 30


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of instance: rule members that differ, offices, diaries and who meets whom."""

    name: str
    rule: Mapping[str, Any] = field(default_factory=dict)
    offices: tuple[str, ...] = ("london",)
    junior: Diary = Diary()
    senior: Diary = Diary(per_day=4.5, standing=5, leave_weeks=2)
    pairing: str = "firm"
    hours: tuple[str, str] = ("09:00", "17:30")
    part_time_share: float = 0.15


BUSY_DIARY = Diary(per_day=7.5, standing=8, leave_weeks=2)
FRAGMENTED = Diary(per_day=11, standing=4, leave_weeks=1, lengths=(15, 15, 30, 30), start_grid=15)

FAMILIES: tuple[Family, ...] = (
    Family("ordinary firm", offices=("london", "munich")),
    Family("tight calendars", junior=BUSY_DIARY, senior=Diary(9, 9, 3)),
    Family(
        "tight, with limits",
        rule={"min_gap_days": 6, "tolerance_working_days": 4, "buffer_minutes": 10},
        junior=BUSY_DIARY,
        senior=Diary(8, 9, 3),
    ),
    Family(
        "one partner in many",
        pairing="star",
        rule={"max_per_person_per_week": 4},
    ),
    Family("webs", pairing="web", rule={"max_per_person_per_week": 3}),
    Family(
        "New York and London",
        offices=("new-york", "london"),
        rule={"start_date": "2027-01-18", "occurrences": 21, "latest_local": "19:00"},
        hours=("08:00", "18:30"),
    ),
    Family("15-minute grid", rule={"step_minutes": 15, "buffer_minutes": 5}, offices=("munich",)),
    Family(
        "weekly cadence",
        rule={"interval_weeks": 1, "occurrences": 18, "min_gap_days": 4},
        junior=Diary(5, 6, 1),
    ),
    Family(
        "fragmented days",
        junior=FRAGMENTED,
        senior=FRAGMENTED,
        rule={"step_minutes": 15, "tolerance_working_days": 4, "min_gap_days": 6},
    ),
    Family(
        "no common slot",
        offices=("london", "sydney", "new-york"),
        rule={"start_date": "2027-08-30", "min_gap_days": 6, "tolerance_working_days": 4},
        hours=("08:00", "18:00"),
    ),
)


def problem(family: Family, pairs: int, seed: int) -> Document:
    """A problem of a family with about ``pairs`` pairs."""
    chance = Random(f"{family.name}/{seed}")
    rule = _rule(family)
    named = _PAIRINGS[family.pairing](pairs, chance)
    names = dict.fromkeys(person for pair in named for person in pair)
    people = [_person(name, family, rule, chance) for name in names]
    return {
        "format": "tandem-problem/1",
        "family": family.name,
        "seed": seed,
        "rule": rule,
        "people": people,
        "pairs": [
            {"id": f"p{n:05}", "mentor": mentor, "mentee": mentee}
            for n, (mentor, mentee) in enumerate(named)
        ],
    }


def _rule(family: Family) -> Document:
    rule: Document = {
        "start_date": "2027-01-11",
        "interval_weeks": 2,
        "occurrences": 9,
        "duration_minutes": 60,
        "step_minutes": 30,
        "weekdays": list(WEEK),
        "earliest_local": "08:00",
        "latest_local": "18:00",
        "blackout_dates": ["2027-03-26", "2027-03-29"],
        "buffer_minutes": 0,
        "min_notice_hours": 24,
        "max_per_person_per_day": 1,
        "max_per_person_per_week": 2,
        "tentative_is_soft": True,
        "soft": {"lunch": ["12:00", "13:00"], "edge_minutes": 30},
    }
    rule.update(family.rule)
    rule["now"] = f"{date.fromisoformat(rule['start_date']) - timedelta(days=4)}T09:00Z"
    return rule


def _firm(pairs: int, chance: Random) -> list[tuple[str, str]]:
    """Mostly pairs of their own; one senior in four has two or three juniors."""
    named: list[tuple[str, str]] = []
    senior = 0
    while len(named) < pairs:
        juniors = chance.choice((1, 1, 1, 1, 1, 1, 2, 3))
        named += [(f"j{len(named) + n:05}", f"s{senior:05}") for n in range(juniors)]
        senior += 1
    if pairs >= 10:  # Some juniors have two seniors, so groups grow beyond a star.
        for n in range(0, pairs - 4, 17):
            named[n] = (named[n + 3][0], named[n][1])
    return list(dict.fromkeys(named))[:pairs]


def _star(pairs: int, chance: Random) -> list[tuple[str, str]]:
    """Every partner in a dozen pairs."""
    del chance
    return [(f"j{n:05}", f"s{n // 12:05}") for n in range(pairs)]


def _web(pairs: int, chance: Random) -> list[tuple[str, str]]:
    """Webs of twenty people, ten juniors and ten seniors, fifteen pairs each."""
    named: list[tuple[str, str]] = []
    web = 0
    while len(named) < pairs:
        edges = [(j, j) for j in range(10)]
        while len(edges) < 15:
            edge = (chance.randrange(10), chance.randrange(10))
            if edge not in edges:
                edges.append(edge)
        named += [(f"j{web * 10 + j:05}", f"s{web * 10 + s:05}") for j, s in edges]
        web += 1
    return named[:pairs]


_PAIRINGS: Mapping[str, Callable[[int, Random], list[tuple[str, str]]]] = {
    "firm": _firm,
    "star": _star,
    "web": _web,
}


def _person(name: str, family: Family, rule: Document, chance: Random) -> Document:
    senior = name.startswith("s")
    office = family.offices[0] if senior else chance.choice(family.offices)
    if len(family.offices) > 1 and senior:
        office = chance.choice(family.offices[1:])
    zone = OFFICES[office]
    hours = {day: list(family.hours) for day in WEEK}
    if chance.random() < family.part_time_share:
        for day in chance.sample(WEEK, 1 + (chance.random() < 0.3)):
            del hours[day]
    diary = family.senior if senior else family.junior
    return {
        "id": name,
        "role": "mentee" if senior else "mentor",
        "office": office,
        "tz": zone,
        "working_hours": hours,
        "busy": _busy(diary, zone, rule, chance),
    }


def _busy(diary: Diary, zone: str, rule: Document, chance: Random) -> list[list[str]]:
    start = date.fromisoformat(rule["start_date"])
    days = rule["interval_weeks"] * rule["occurrences"] * 7
    starts = range(8 * 60, 18 * 60, diary.start_grid)
    entries: list[tuple[datetime, datetime, str]] = []

    def add(day: int, minute: int, length: int, status: str) -> None:
        local = datetime.combine(
            start + timedelta(days=day), time(minute // 60, minute % 60), ZoneInfo(zone)
        )
        begin = local.astimezone(UTC)
        entries.append((begin, begin + timedelta(minutes=length), status))

    for _ in range(diary.standing):
        weekday, minute = chance.randrange(5), chance.choice(starts)
        length, every = chance.choice(diary.lengths), chance.choice((1, 1, 2))
        for day in range(weekday, days, 7 * every):
            if chance.random() > 0.08:
                add(day, minute, length, "busy")
    leave = {chance.randrange(days // 7) for _ in range(diary.leave_weeks)}
    for week in leave:
        add(week * 7, 0, 5 * 1440, "oof")
    for day in range(days):
        if day % 7 > 4 or day // 7 in leave:
            continue
        for _ in range(int(chance.expovariate(1) * 0.5 + diary.per_day * chance.uniform(0.6, 1.3))):
            add(day, chance.choice(starts), chance.choice(diary.lengths), _status(diary, chance))
    entries.sort()
    return [[f"{b:%Y-%m-%dT%H:%MZ}", f"{e:%Y-%m-%dT%H:%MZ}", s] for b, e, s in entries]


def _status(diary: Diary, chance: Random) -> str:
    if chance.random() < diary.tentative_share:
        return "tentative"
    return chance.choices(("busy", "oof", "free", "workingElsewhere", "unknown"), (90, 2, 4, 3, 1))[
        0
    ]
