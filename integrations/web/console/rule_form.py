"""The rule as a form: how each field reads its member and writes it back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from integrations.days import day_in
from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.records import Json
from integrations.web.console.rule_items import ITEMS, Item
from integrations.web.forms import Form
from integrations.workflows.messages.words import KIND_WORDS
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.rule import SessionKind

_LENGTH = TypeAdapter(timedelta)
_BY_PATH: Mapping[str, str] = {"$." + ".".join(item.path): item.name for item in ITEMS}


def values_of(rule: ProgramRule) -> dict[str, Any]:
    """What stands in each field for this rule, by the field's name."""
    body = rule.to_body()
    return {item.name: _shown(item, _member(body, item.path)) for item in ITEMS}


@dataclass(frozen=True, slots=True)
class Altered:
    """A field that a changed rule has otherwise, as somebody reads it; empty is ``none``."""

    label: str
    before: str
    after: str


def altered(before: ProgramRule, after: ProgramRule) -> list[Altered]:
    """Every field that the two rules have otherwise, in the form's order."""
    first, then = values_of(before), values_of(after)
    return [
        Altered(
            gettext(item.label),
            _read_aloud(item, first[item.name]),
            _read_aloud(item, then[item.name]),
        )
        for item in ITEMS
        if first[item.name] != then[item.name]
    ]


def _read_aloud(item: Item, value: Any) -> str:
    words = dict(item.options)
    match item.kind:
        case "tick":
            return gettext("yes") if value else gettext("no")
        case "some":
            return ", ".join(gettext(words[each]) for each in value) or gettext("none")
        case "span":
            if not all(value):
                return gettext("none")
            return gettext("%(start)s to %(end)s", start=value[0], end=value[1])
        case "one":
            return gettext(words[value])
        case _:
            return ", ".join(_lines(value)) or gettext("none")


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
        expected = gettext("dates that cover four months, or the tick below that allows fewer")
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
        case "kinds":
            numbers = sorted(value, key=int)
            return "\n".join(f"{n}: {KIND_WORDS[SessionKind(value[n])]}" for n in numbers)
        case "lines":
            return "\n".join(value)
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
            return dict(_office(line) for line in _lines(typed))
        case "kinds":
            return _kinds(typed)
        case "lines":
            return _lines(typed)
        case _:
            return _one(item, typed)


def _one(item: Item, typed: str) -> Any:
    if not typed:
        if item.optional:
            return None
        raise ValueError(gettext("a value"))
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
    wanted = (
        gettext("a whole number up to %(most)s", most=item.most)
        if whole
        else gettext("a number up to %(most)s", most=item.most)
    )
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
        raise ValueError(gettext("both times, or none"))
    return list(both)


def _date(line: str) -> str:
    try:
        return day_in(line.strip()).isoformat()
    except ValueError:
        raise ValueError(
            gettext("dates as 2027-12-24, not %(typed)s", typed=repr(line[:20]))
        ) from None


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _kinds(typed: str) -> dict[str, str]:
    named = {words: kind.value for kind, words in KIND_WORDS.items()}
    found: dict[str, str] = {}
    for line in _lines(typed):
        number, _, words = (part.strip() for part in line.partition(":"))
        if not re.fullmatch(r"[1-9]\d{0,2}", number) or words.lower() not in named:
            raise ValueError(
                gettext(
                    "a number and one of %(kinds)s, not %(typed)s",
                    kinds=", ".join(named),
                    typed=repr(line[:40]),
                )
            )
        if number in found:
            raise ValueError(gettext("date %(number)s once", number=number))
        found[number] = named[words.lower()]
    return found


def _office(line: str) -> tuple[str, dict[str, str | None]]:
    office, colon, kept = (part.strip() for part in line.rpartition(":"))
    if not (office and colon and re.fullmatch(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?", kept)):
        raise ValueError(
            gettext("office: country or country-region, not %(typed)s", typed=repr(line[:40]))
        )
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
        raise FaultsError([Fault("rule", N_("the rule that was looked at"))]) from None
    if not isinstance(body, dict):
        raise FaultsError([Fault("rule", N_("the rule that was looked at"))])
    return rule_of(body)
