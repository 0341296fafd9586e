"""The honest baseline: mutual slots by a two-pointer merge of free intervals, in pure Python.

Written as one would write it with care and without arrays: times are parsed once,
working hours are laid out once for each zone and week, each person's free intervals
are found by one sweep, and a pair's by walking both lists together.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Document = dict[str, Any]
Interval = tuple[int, int]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def epoch_minute(text: str) -> int:
    """Epoch minutes of ``YYYY-MM-DDThh:mmZ``."""
    day = _day_minutes(text[:10])
    return day + int(text[11:13]) * 60 + int(text[14:16])


_DAYS_SEEN: dict[str, int] = {}


def _day_minutes(day: str) -> int:
    found = _DAYS_SEEN.get(day)
    if found is None:
        found = _DAYS_SEEN[day] = (date.fromisoformat(day).toordinal() - 719163) * 1440
    return found


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


class Merge:
    """People's free intervals first, then any pair's runs of starts."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.rule = document["rule"]
        self.blocking = {"busy", "oof", "unknown"}
        if not self.rule["tentative_is_soft"]:
            self.blocking.add("tentative")
        self.earliest = epoch_minute(self.rule["now"]) + self.rule["min_notice_hours"] * 60
        self.origin = _day_minutes(self.rule["start_date"]) - 1440
        self.worked: dict[str, list[Interval]] = {}
        self.free: dict[str, list[Interval]] = {}

    def prepare(self) -> None:
        """Find every person's free intervals."""
        self.free = {person["id"]: self._free(person) for person in self.document["people"]}

    def _free(self, person: Document) -> list[Interval]:
        blocking, buffer = self.blocking, self.rule["buffer_minutes"]
        busy = sorted(
            (epoch_minute(start) - buffer, epoch_minute(end) + buffer)
            for start, end, status in person["busy"]
            if status in blocking and start != end
        )
        found: list[Interval] = []
        length, number, count = self.rule["duration_minutes"], 0, len(busy)
        for start, end in self._worked(person):
            at = start
            # An entry that reaches into this stretch may have begun before earlier ones ended.
            while number < count and busy[number][1] <= at:
                number += 1
            ahead = number
            while ahead < count and busy[ahead][0] < end:
                begin, finish = busy[ahead]
                if begin - at >= length:
                    found.append((at, begin))
                at = max(at, finish)
                ahead += 1
            if end - at >= length:
                found.append((at, end))
        return found

    def _worked(self, person: Document) -> list[Interval]:
        key = person["tz"] + repr(person["working_hours"])
        if key not in self.worked:
            self.worked[key] = list(self._stretches(person["tz"], person["working_hours"]))
        return self.worked[key]

    def _stretches(self, zone: str, hours: Document) -> Iterable[Interval]:
        rule, tz = self.rule, ZoneInfo(zone)
        first = date.fromisoformat(rule["start_date"])
        for number in range(7 * rule["interval_weeks"] * rule["occurrences"]):
            day = first + timedelta(days=number)
            name = DAYS[day.weekday()]
            if name not in hours or name not in rule["weekdays"]:
                continue
            if day.isoformat() in rule["blackout_dates"]:
                continue
            opens = max(_minute(hours[name][0]), _minute(rule["earliest_local"]))
            closes = min(_minute(hours[name][1]), _minute(rule["latest_local"]))
            if opens < closes:
                start, end = (self._instant(day, minute, tz) for minute in (opens, closes))
                if end > self.earliest:
                    yield max(start, self.earliest), end

    @staticmethod
    def _instant(day: date, minute: int, tz: ZoneInfo) -> int:
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=tz)
        return int(local.astimezone(UTC).timestamp()) // 60

    def runs(self, mentor: str, mentee: str) -> list[list[int]]:
        """The pair's maximal runs of starts, in minutes from the day before the start date."""
        a, b = self.free[mentor], self.free[mentee]
        step, length = self.rule["step_minutes"], self.rule["duration_minutes"]
        origin = self.origin
        i = j = 0
        found: list[list[int]] = []
        while i < len(a) and j < len(b):
            a_start, a_end = a[i]
            b_start, b_end = b[j]
            start = max(b_start, a_start)
            end = min(b_end, a_end)
            if end - start >= length:
                first = -((origin - start) // step) * step
                last = (end - length - origin) // step * step
                if first <= last:
                    if found and first - found[-1][1] == step:
                        found[-1][1] = last
                    else:
                        found.append([first, last])
            if a_end < b_end:
                i += 1
            else:
                j += 1
        return found

    def all_runs(self) -> dict[str, list[list[int]]]:
        """The runs of every pair."""
        return {p["id"]: self.runs(p["mentor"], p["mentee"]) for p in self.document["pairs"]}

    def total(self, runs: dict[str, list[list[int]]]) -> int:
        """How many starts all runs hold."""
        step = self.rule["step_minutes"]
        return sum((b - a) // step + 1 for pair in runs.values() for a, b in pair)
