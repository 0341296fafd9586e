"""Recurrence as Graph writes it: checked, normalised, and expanded by dateutil.

Everything here is wall-clock time of the series' own zone, without that zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil import rrule

from simulator.errors import invalid_property

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = ("first", "second", "third", "fourth", "last")
PATTERNS = (
    "daily",
    "weekly",
    "absoluteMonthly",
    "relativeMonthly",
    "absoluteYearly",
    "relativeYearly",
)
RANGES = ("endDate", "noEnd", "numbered")
_MOST_OCCURRENCES = 999
_WEEKDAYS = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU)
_FREQUENCIES: dict[str, Any] = {
    "daily": rrule.DAILY,
    "weekly": rrule.WEEKLY,
    "absoluteMonthly": rrule.MONTHLY,
    "relativeMonthly": rrule.MONTHLY,
    "absoluteYearly": rrule.YEARLY,
    "relativeYearly": rrule.YEARLY,
}


def enum_value(value: object, allowed: tuple[str, ...], name: str) -> str:
    """The spelling Graph answers with, for a value written in any case.

    Raises:
        GraphError: 400, the value is none of those allowed.
    """
    for spelling in allowed:
        if isinstance(value, str) and value.lower() == spelling.lower():
            return spelling
    raise invalid_property(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


def normalised(recurrence: Mapping[str, Any], start: date, zone: str) -> dict[str, Any]:
    """The full object Graph answers with: every field filled in, every name in its own case.

    Parameters:
        start: the date of the event's own start; the range has to begin on it.
        zone: the event's zone, by which the range goes where it names none.

    Raises:
        GraphError: 400, a field is missing, out of its bounds or contradicts another.
    """
    pattern, span = recurrence.get("pattern"), recurrence.get("range")
    if not isinstance(pattern, Mapping) or not isinstance(span, Mapping):
        raise invalid_property("A recurrence needs a pattern and a range.")
    return {"pattern": _pattern(pattern), "range": _range(span, start, zone)}


def _pattern(pattern: Mapping[str, Any]) -> dict[str, Any]:
    kind = enum_value(pattern.get("type"), PATTERNS, "recurrence.pattern.type")
    days = [
        enum_value(day, DAYS, "recurrence.pattern.daysOfWeek")
        for day in pattern.get("daysOfWeek") or []
    ]
    filled = {
        "type": kind,
        "interval": _whole(pattern.get("interval"), "recurrence.pattern.interval", 1, 99),
        "month": _whole(pattern.get("month") or 0, "recurrence.pattern.month", 0, 12),
        "dayOfMonth": _whole(
            pattern.get("dayOfMonth") or 0, "recurrence.pattern.dayOfMonth", 0, 31
        ),
        "daysOfWeek": days,
        "firstDayOfWeek": enum_value(
            pattern.get("firstDayOfWeek") or "sunday", DAYS, "recurrence.pattern.firstDayOfWeek"
        ),
        "index": enum_value(pattern.get("index") or "first", INDEXES, "recurrence.pattern.index"),
    }
    needed = {
        "weekly": ("daysOfWeek",),
        "absoluteMonthly": ("dayOfMonth",),
        "relativeMonthly": ("daysOfWeek",),
        "absoluteYearly": ("dayOfMonth", "month"),
        "relativeYearly": ("daysOfWeek", "month"),
    }
    for name in needed.get(kind, ()):
        if not filled[name]:
            raise invalid_property(f"recurrence.pattern.{name} is needed when type is {kind}.")
    return filled


def _range(span: Mapping[str, Any], start: date, zone: str) -> dict[str, Any]:
    kind = enum_value(span.get("type"), RANGES, "recurrence.range.type")
    first = _day(span.get("startDate"), "recurrence.range.startDate")
    if first != start:
        raise invalid_property(
            f"recurrence.range.startDate {first} must be the date of start, {start}."
        )
    last, count = date.min, 0
    if kind == "endDate":
        last = _day(span.get("endDate"), "recurrence.range.endDate")
        if last < first:
            raise invalid_property(f"recurrence.range.endDate {last} lies before {first}.")
    if kind == "numbered":
        count = _whole(
            span.get("numberOfOccurrences"),
            "recurrence.range.numberOfOccurrences",
            1,
            _MOST_OCCURRENCES,
        )
    return {
        "type": kind,
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "recurrenceTimeZone": span.get("recurrenceTimeZone") or zone,
        "numberOfOccurrences": count,
    }


def _whole(value: object, name: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid_property(f"{name} must be a whole number from {low} to {high}.")
    return value


def _day(value: object, name: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise invalid_property(f"{name} must be a date like 2026-03-02, not {value!r}.") from None


def starts(recurrence: Mapping[str, Any], at: time, until: date) -> Iterator[datetime]:
    """Wall-clock starts of a normalised recurrence, in order, none on a day after ``until``.

    The first can be later than the range's start date, and each day bears one at most.
    """
    pattern, span = recurrence["pattern"], recurrence["range"]
    first = datetime.combine(date.fromisoformat(span["startDate"]), at)
    last = until
    if span["type"] == "endDate":
        last = min(last, date.fromisoformat(span["endDate"]))
    if last < first.date():
        return
    rule = rrule.rrule(
        _FREQUENCIES[pattern["type"]],
        dtstart=first,
        interval=pattern["interval"],
        wkst=_WEEKDAYS[DAYS.index(pattern["firstDayOfWeek"])],
        count=span["numberOfOccurrences"] or None,
        **_parts(pattern),
    )
    end = datetime.combine(last, time.min) + timedelta(days=1)
    for start in rule:
        if start >= end:
            return
        yield start


def _parts(pattern: Mapping[str, Any]) -> dict[str, Any]:
    kind = pattern["type"]
    days = [_WEEKDAYS[DAYS.index(day)] for day in pattern["daysOfWeek"]]
    parts: dict[str, Any] = {}
    if kind == "weekly":
        parts["byweekday"] = days
    elif kind.startswith("absolute"):
        day = pattern["dayOfMonth"]
        # A 31st falls on the last day of shorter months; dateutil would leave them out.
        parts["bymonthday"] = list(range(min(day, 28), day + 1))
        parts["bysetpos"] = -1
    elif kind.startswith("relative"):
        parts["byweekday"] = days
        parts["bysetpos"] = (
            -1 if pattern["index"] == "last" else INDEXES.index(pattern["index"]) + 1
        )
    if kind.endswith("Yearly"):
        parts["bymonth"] = pattern["month"]
    return parts
