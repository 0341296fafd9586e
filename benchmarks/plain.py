"""The planning rules once more, in plain integers and loops, straight from the format page.

Shares nothing with the planner, so one misreading cannot hide another. Used by the
reference solver and the baseline.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Document = dict[str, Any]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute(clock: str) -> int:
    """Minutes from midnight."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def instant(text: str) -> int:
    """Epoch minutes of an instant of a problem file."""
    return int((datetime.fromisoformat(text) - EPOCH).total_seconds() // 60)


@dataclass(frozen=True)
class Start:
    """One start that suits a person: epoch minute, local date, soft hits."""

    at: int
    day: date
    soft: int


class PlainPerson:
    """One person's starts, found by trying each step of the horizon."""

    def __init__(self, person: Document, rule: Document) -> None:
        self.zone = ZoneInfo(person["tz"])
        self.hours = person["working_hours"]
        self.rule = rule
        self.first = date.fromisoformat(rule["start_date"])
        self.last = self.first + timedelta(
            weeks=rule["interval_weeks"] * rule["occurrences"], days=-1
        )
        blocking = {"busy", "oof", "unknown"}
        if not rule["tentative_is_soft"]:
            blocking.add("tentative")
        self.firm = [
            (instant(s), instant(e)) for s, e, status in person["busy"] if status in blocking
        ]
        self.held = [
            (instant(s), instant(e))
            for s, e, status in person["busy"]
            if status == "tentative" and rule["tentative_is_soft"]
        ]

    def starts(self) -> dict[int, Start]:
        """Every start that suits this person, keyed by epoch minute."""
        rule, step = self.rule, self.rule["step_minutes"]
        earliest = instant(rule["now"]) + rule["min_notice_hours"] * 60
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        origin = int((begin - EPOCH).total_seconds() // 60) - 1440
        length, gap = rule["duration_minutes"], rule["buffer_minutes"]
        firm = self._blocked(self.firm, origin, length + gap, gap)
        held = self._blocked(self.held, origin, length, 0)
        span = ((self.last - self.first).days + 3) * 1440
        found = {}
        for at in range(origin, origin + span, step):
            if at < earliest or at in firm:
                continue
            here = self._local(at)
            if here is not None:
                found[at] = Start(at, here[0], here[1] + (at in held))
        return found

    def _blocked(
        self, entries: list[tuple[int, int]], origin: int, before: int, after: int
    ) -> set[int]:
        step = self.rule["step_minutes"]
        hit: set[int] = set()
        for start, end in entries:
            if start == end:
                continue
            first = start - before + 1
            first += (origin - first) % step
            hit.update(range(first, end + after, step))
        return hit

    def _local(self, at: int) -> tuple[date, int] | None:
        rule = self.rule
        begin = (EPOCH + timedelta(minutes=at)).astimezone(self.zone)
        finish = (EPOCH + timedelta(minutes=at + rule["duration_minutes"])).astimezone(self.zone)
        day = begin.date()
        weekday = DAYS[day.weekday()]
        if weekday not in rule["weekdays"] or weekday not in self.hours:
            return None
        if not self.first <= day <= self.last or day.isoformat() in rule["blackout_dates"]:
            return None
        start = begin.hour * 60 + begin.minute
        end = finish.hour * 60 + finish.minute + 1440 * (finish.date() - day).days
        opens, closes = map(minute, self.hours[weekday])
        if start < max(opens, minute(rule["earliest_local"])):
            return None
        if end > min(closes, minute(rule["latest_local"])):
            return None
        lunch, edge = rule["soft"]["lunch"], rule["soft"]["edge_minutes"]
        soft = int(start < minute(lunch[1]) and minute(lunch[0]) < end)
        soft += int(start < opens + edge or end > closes - edge)
        return day, soft


def pair_starts(
    mentor: dict[int, Start], mentee: dict[int, Start]
) -> dict[int, tuple[Start, Start]]:
    """Starts that suit both, keyed by epoch minute."""
    return {at: (mentor[at], mentee[at]) for at in sorted(mentor.keys() & mentee.keys())}


@dataclass(frozen=True)
class Slot:
    """A series slot: zone, week of the window, weekday, local minute."""

    zone: str
    phase: int
    weekday: int
    start: int


def series_slots(rule: Document, zones: tuple[str, str]) -> list[Slot]:
    """Every series slot the rule's hours allow in either zone."""
    step = rule["step_minutes"]
    first = -(-minute(rule["earliest_local"]) // step) * step
    last = minute(rule["latest_local"]) - rule["duration_minutes"]
    return [
        Slot(zone, phase, DAYS.index(day), start)
        for zone in dict.fromkeys(zones)
        for phase in range(rule["interval_weeks"])
        for day in rule["weekdays"]
        for start in range(first, last + 1, step)
    ]


def occurrence(rule: Document, slot: Slot, window: int) -> int:
    """Epoch minute of an occurrence of a series slot."""
    weeks = window * rule["interval_weeks"] + slot.phase
    day = date.fromisoformat(rule["start_date"]) + timedelta(weeks=weeks, days=slot.weekday)
    local = datetime(
        day.year, day.month, day.day, slot.start // 60, slot.start % 60, tzinfo=ZoneInfo(slot.zone)
    )
    return int((local - EPOCH).total_seconds() // 60)


def working_days_between(rule: Document, a: date, b: date) -> int:
    """Working days from one date to another, blackout dates not counted."""
    low, high = sorted((a, b))
    days = (low + timedelta(days=n) for n in range((high - low).days))
    return sum(d.weekday() < 5 and d.isoformat() not in rule["blackout_dates"] for d in days)
