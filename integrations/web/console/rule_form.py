"""The rule as a form: which fields there are, how each reads its member and writes it back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import TypeAdapter

from integrations.errors import Fault, FaultsError
from integrations.records import Json
from integrations.web.forms import Form
from integrations.workflows.rules import ProgramRule

_LENGTH = TypeAdapter(timedelta)
_DAYS = (
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
)
_MINUTES, _HOURS, _FULL_DAYS = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Item:
    """One field. ``path`` is its member's in the rule's body.

    ``kind``: ``number``, ``percent``, ``time``, ``date``, ``tick``, ``one`` and ``some`` of
    ``options``, ``dates`` and ``offices`` one a line, ``span`` of two times, or ``length`` counted
    in ``unit`` seconds. What may be left empty is ``optional``: no limit then.
    """

    path: tuple[str, ...]
    label: str
    kind: str = "number"
    hint: str = ""
    unit: int = 1
    options: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    most: int = 1_000

    @property
    def name(self) -> str:
        """The field's name in the form."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together."""

    key: str
    title: str
    items: tuple[Item, ...]


def _cadence(name: str, label: str, kind: str = "number", **more: Any) -> Item:
    return Item(("cadence", name), label, kind, **more)


def _limits(name: str, label: str, kind: str = "number", **more: Any) -> Item:
    return Item(("limits", name), label, kind, **more)


def _counts(name: str, label: str, kind: str = "number", **more: Any) -> Item:
    return Item(("attendance", name), label, kind, **more)


SECTIONS: tuple[Section, ...] = (
    Section(
        "rhythm",
        "How often",
        (
            _cadence("interval_weeks", "Weeks from one meeting to the next", most=26),
            _cadence("occurrences", "Number of dates", most=104),
            Item(("ends_on",), "Last day of the program", "date", optional=True),
            _cadence("duration", "Length in minutes", "length", unit=_MINUTES, most=600),
            _cadence(
                "minimum_held",
                "Meetings asked for",
                optional=True,
                hint="Empty: no number is asked for.",
                most=104,
            ),
            _cadence(
                "shorter_than_four_months",
                "Allow fewer than four months",
                "tick",
                hint="Without this a rule that covers less than four months is refused.",
            ),
            _cadence(
                "kind",
                "Kind of session",
                "one",
                options=(
                    ("meeting", "Meeting"),
                    ("preparation", "Preparation"),
                    ("training", "Training (not counted)"),
                    ("shadowing", "Shadowing"),
                    ("check_in", "Check-in"),
                ),
            ),
        ),
    ),
    Section(
        "hours",
        "When at all",
        (
            _cadence("weekdays", "Weekdays", "some", options=_DAYS),
            _cadence("earliest_local", "Not before", "time", hint="On each person’s own clock."),
            _cadence("latest_local", "Over by", "time", hint="On each person’s own clock."),
            _cadence("lunch", "Lunch", "span", optional=True, hint="Avoided where no date moves."),
            _cadence(
                "edge",
                "Minutes at either end of a day that are avoided",
                "length",
                unit=_MINUTES,
                most=240,
            ),
            _cadence(
                "slot_step_minutes",
                "Meetings begin every … minutes",
                "one",
                options=tuple((str(n), str(n)) for n in (5, 10, 15, 30, 60)),
            ),
            Item(
                ("holidays",),
                "Public holidays by office",
                "offices",
                optional=True,
                hint="One a line: office: country or country-region, as in “Munich: DE-BY”.",
            ),
            _cadence(
                "blackout_dates",
                "Dates without any meeting",
                "dates",
                optional=True,
                hint="One a line, as 2027-12-24.",
            ),
        ),
    ),
    Section(
        "room",
        "Room to move",
        (
            _cadence(
                "tolerance_working_days",
                "Working days a moved date may lie from its place",
                optional=True,
                hint="Empty: anywhere in its window.",
                most=130,
            ),
            _cadence(
                "min_gap_days",
                "Least days between two meetings where one was moved",
                optional=True,
                most=180,
            ),
            _cadence("max_per_person_per_day", "Meetings of a person a day at most", optional=True),
            _cadence(
                "max_per_person_per_week", "Meetings of a person a week at most", optional=True
            ),
            _cadence(
                "buffer",
                "Minutes kept clear before and after",
                "length",
                unit=_MINUTES,
                most=240,
            ),
            _cadence("min_notice", "Least notice in hours", "length", unit=_HOURS, most=720),
            _cadence(
                "tentative",
                "Tentative entries",
                "one",
                options=(
                    ("blocks", "are never used"),
                    ("soft", "are avoided where that moves no date"),
                    ("unless_nothing_else", "are used where no other hour is left"),
                ),
            ),
            Item(
                ("least_share",),
                "Share of dates a pair needs to be booked at all, in percent",
                "percent",
                most=100,
            ),
        ),
    ),
    Section(
        "changes",
        "When something changes",
        (
            _limits(
                "freeze",
                "Hours before a date in which nothing is moved unasked",
                "length",
                unit=_HOURS,
                most=336,
            ),
            _limits("moves_per_date", "Moves of one date before it needs you", most=20),
            _limits("conflict_days", "Working days ahead in which new conflicts count", most=60),
            _limits(
                "conflict_stands",
                "Working hours a new conflict stands before a date moves",
                "length",
                unit=_HOURS,
                most=120,
            ),
            _limits("conflict_looks", "Looks at which it must be seen", most=20),
            _limits("mails_per_week", "Mails a person gets a week at most", most=100),
            _limits("patience_days", "Working days after a declined series", most=60),
            _limits("grace_days", "Working days declines wait in the first month", most=60),
            _limits("make_up_weeks", "Weeks after the last date for make-ups", most=26),
            _limits("gap_days", "Days without a meeting before you are told", most=366),
        ),
    ),
    Section(
        "finding",
        "Who finds the hour",
        (
            Item(
                ("mode",),
                "Mode",
                "one",
                options=(
                    ("managed", "Managed: Tandem books"),
                    ("light", "Light: five hours are offered and the pair picks"),
                ),
            ),
            Item(
                ("senior_first_days",),
                "Senior first: working days the senior has to pick",
                optional=True,
                hint="Empty: nobody is asked first.",
                most=60,
            ),
            _limits("pick_days", "Working days an offer waits", most=60),
        ),
    ),
    Section(
        "counts",
        "What counts as a meeting",
        (
            _counts("held_minutes", "Minutes together for “held”", most=1_440),
            _counts("grace_minutes", "Minutes of grace at the beginning", most=240),
            _counts("ask_after", "Hours until both are asked", "length", unit=_HOURS, most=168),
            _counts("objection_days", "Working days to object to “we met”", most=30),
            _counts("retention_days", "Days joining and leaving times are kept", most=366),
        ),
    ),
)

ITEMS: tuple[Item, ...] = tuple(item for section in SECTIONS for item in section.items)
_BY_PATH: Mapping[str, str] = {"$." + ".".join(item.path): item.name for item in ITEMS}


def values_of(rule: ProgramRule) -> dict[str, Any]:
    """What stands in each field for this rule, by the field's name."""
    body = rule.to_body()
    return {item.name: _shown(item, _member(body, item.path)) for item in ITEMS}


def values_in(form: Form) -> dict[str, Any]:
    """What somebody typed, to be shown again as it is."""
    return {item.name: _typed(item, form) for item in ITEMS}


def rule_in(form: Form, before: ProgramRule) -> ProgramRule:
    """The rule that the form says; members it has no field for stay as they were.

    Raises:
        FaultsError: what cannot be read or meant; ``where`` is a field's name.
    """
    body = before.to_body()
    faults: list[Fault] = []
    for item in ITEMS:
        try:
            _set(body, item.path, _read(item, form))
        except ValueError as error:
            faults.append(Fault(item.name, str(error)))
    if faults:
        raise FaultsError(faults)
    return rule_of(body)


def rule_of(body: Json) -> ProgramRule:
    """The rule of a body. Raises FaultsError with the names of fields, as far as it has them."""
    try:
        return ProgramRule.from_body(body)
    except FaultsError as error:
        raise FaultsError([_at_field(fault) for fault in error.faults]) from None


def _at_field(fault: Fault) -> Fault:
    where = fault.where
    while where and where not in _BY_PATH:
        where = where.rpartition(".")[0]
    expected = fault.expected.removeprefix("Value error, ").removeprefix("Input should be ")
    if where.endswith(".occurrences") and "four months" in expected:
        expected = "dates that cover four months, or the tick below that allows fewer"
    return Fault(_BY_PATH.get(where, "rule"), expected)


def _member(body: Json, path: Sequence[str]) -> Any:
    for name in path:
        body = body[name]
    return body


def _set(body: Json, path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        body = body[name]
    body[path[-1]] = value


# --- from a member to a field --------------------------------------------------------------


def _shown(item: Item, value: Any) -> Any:
    match item.kind:
        case "tick":
            return bool(value)
        case "some":
            return tuple(str(each) for each in sorted(value))
        case "span":
            return tuple(each[:5] for each in value) if value else ("", "")
        case "dates":
            return "\n".join(sorted(value))
        case "offices":
            return "\n".join(f"{office}: {_where(kept)}" for office, kept in sorted(value.items()))
        case _:
            return "" if value is None else _plain(item, value)


def _plain(item: Item, value: Any) -> str:
    if item.kind == "length":
        return _number(_LENGTH.validate_python(value) / timedelta(seconds=item.unit))
    if item.kind == "percent":
        return _number(value * 100)
    return str(value)[:5] if item.kind == "time" else str(value)


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _where(kept: Mapping[str, str | None]) -> str:
    return f"{kept['country']}-{kept['region']}" if kept["region"] else str(kept["country"])


# --- from a field to a member --------------------------------------------------------------


def _typed(item: Item, form: Form) -> Any:
    match item.kind:
        case "tick":
            return bool(form.get(item.name))
        case "some":
            return tuple(form.all(item.name))
        case "span":
            both = (*form.all(item.name), "", "")
            return both[0].strip(), both[1].strip()
        case _:
            return form.get(item.name)


def _read(item: Item, form: Form) -> Any:
    typed = _typed(item, form)
    match item.kind:
        case "tick":
            return typed
        case "some":
            return [int(each) for each in typed if each.isdigit()]
        case "span":
            return _span(typed)
        case "dates":
            return [_date(line) for line in typed.split()]
        case "offices":
            return dict(_office(line) for line in typed.splitlines() if line.strip())
        case _:
            return _one(item, typed)


def _one(item: Item, typed: str) -> Any:
    if not typed:
        if item.optional:
            return None
        raise ValueError("a value")
    match item.kind:
        case "number":
            return int(_decimal(item, typed, whole=True))
        case "percent":
            return _decimal(item, typed) / 100
        case "length":
            return _decimal(item, typed) * item.unit
        case "date":
            return _date(typed)
        case "one":
            return int(typed) if typed.isdigit() else typed
        case _:
            return typed


def _decimal(item: Item, typed: str, *, whole: bool = False) -> float:
    shape = r"\d{1,6}" if whole else r"\d{1,6}(?:[.,]\d{1,4})?"
    wanted = f"a {'whole ' if whole else ''}number up to {item.most}"
    if not re.fullmatch(shape, typed):
        raise ValueError(wanted)
    value = float(typed.replace(",", "."))
    if value > item.most:
        raise ValueError(wanted)
    return value


def _span(both: tuple[str, str]) -> list[str] | None:
    if not any(both):
        return None
    if not all(both):
        raise ValueError("both times, or none")
    return list(both)


def _date(line: str) -> str:
    try:
        return date.fromisoformat(line.strip()).isoformat()
    except ValueError:
        raise ValueError(f"dates as 2027-12-24, not {line[:20]!r}") from None


def _office(line: str) -> tuple[str, dict[str, str | None]]:
    office, colon, kept = (part.strip() for part in line.rpartition(":"))
    if not (office and colon and re.fullmatch(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?", kept)):
        raise ValueError(f"office: country or country-region, not {line[:40]!r}")
    country, _, region = kept.upper().partition("-")
    return office, {"country": country, "region": region or None}


def packed(rule: ProgramRule) -> str:
    """The rule as one hidden field."""
    return json.dumps(rule.to_body(), sort_keys=True)


def unpacked(text: str) -> ProgramRule:
    """What ``packed`` made; checked anew, because it was in somebody's hands. Raises FaultsError"""
    try:
        body = json.loads(text)
    except ValueError:
        raise FaultsError([Fault("rule", "the rule that was looked at")]) from None
    if not isinstance(body, dict):
        raise FaultsError([Fault("rule", "the rule that was looked at")])
    return rule_of(body)
