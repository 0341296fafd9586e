"""Templates and what they may use: filters for times and counts, addresses of static files."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from integrations.language import N_, counted, gettext, locale, ngettext, spoken_language
from integrations.workflows.messages.words import clock as clock_words
from integrations.workflows.messages.words import is_english, place_of
from integrations.workflows.rulebook.rule_whatif import why_in_words

_ROOT = files("integrations.web")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of ours; ``digest`` changes with it."""

    data: bytes
    media_type: str
    digest: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every static file by its name."""
    found = {}
    for entry in (_ROOT / "static").iterdir():
        data = entry.read_bytes()
        kind = mimetypes.guess_type(entry.name)[0] or "text/plain"
        found[entry.name] = StaticFile(data, kind, sha256(data).hexdigest()[:12])
    return found


def static(name: str) -> str:
    """The address of a static file, which changes when the file does."""
    return f"/static/{name}?v={static_files()[name].digest}"


def moment(at: datetime, zone: str) -> Markup:
    """Day and time on the clocks of ``zone``, which is named."""
    local = at.astimezone(ZoneInfo(zone))
    words = f"{_day_words(local.date())}, {clock_words(local.time())} ({place_of(zone)})"
    return _timed(local.isoformat(), words)


def clock(at: datetime, zone: str) -> Markup:
    """The time of day alone, on the clocks of ``zone``, which is named."""
    local = at.astimezone(ZoneInfo(zone))
    return _timed(local.isoformat(), f"{clock_words(local.time())} ({place_of(zone)})")


def day(at: datetime | date, zone: str | None = None) -> Markup:
    """The day; of an instant in ``zone``."""
    local = at.astimezone(ZoneInfo(zone or "UTC")) if isinstance(at, datetime) else at
    on = local.date() if isinstance(local, datetime) else local
    return _timed(on.isoformat(), _day_words(on))


def _day_words(on: date) -> str:
    if is_english():
        return f"{on:%a} {on.day} {on:%b %Y}"
    return format_date(on, "EEE, d. MMM y", locale=locale())


def day_in_full(on: date) -> str:
    """The day with its month in full, as somebody writes it in a sentence."""
    return format_date(on, "d MMMM y" if is_english() else "d. MMMM y", locale=locale())


def number(value: int) -> str:
    """A count with its thousands apart as the language writes them."""
    return str(format_decimal(value, locale=locale()))


def times(count: int, word: str, plural: str | None = None) -> str:
    """A count with its word: 1 date, 3 dates. ``words.py`` finds the words where they stand."""
    return ngettext(f"%(num)s {word}", f"%(num)s {plural or word + 's'}", count)


def _timed(machine: str, words: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, words)


@cache
def environment() -> Environment:
    """The templates; a name that nothing was given for is a mistake, not an empty text."""
    made = Environment(
        loader=PackageLoader("integrations.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.filters |= {"moment": moment, "clock": clock, "day": day, "times": times, "number": number}
    made.filters["why_in_words"] = why_in_words
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(gettext, counted, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"static": static, "N_": N_, "spoken": spoken_language}
    return made


def render(template: str, context: Mapping[str, Any], part: str | None = None) -> str:
    """A page, or one block of it."""
    page = environment().get_template(template)
    if part is None or part not in page.blocks:
        return page.render(context)
    return "".join(page.blocks[part](page.new_context(dict(context))))
