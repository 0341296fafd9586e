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

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from integrations.workflows.messages.words import place_of

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
    words = f"{local:%a} {local.day} {local:%b %Y, %H:%M} ({place_of(zone)})"
    return _timed(local.isoformat(), words)


def clock(at: datetime, zone: str) -> Markup:
    """The time of day alone, on the clocks of ``zone``, which is named."""
    local = at.astimezone(ZoneInfo(zone))
    return _timed(local.isoformat(), f"{local:%H:%M} ({place_of(zone)})")


def day(at: datetime | date, zone: str | None = None) -> Markup:
    """The day; of an instant in ``zone``."""
    local = at.astimezone(ZoneInfo(zone or "UTC")) if isinstance(at, datetime) else at
    on = local.date() if isinstance(local, datetime) else local
    return _timed(on.isoformat(), f"{on:%a} {on.day} {on:%b %Y}")


def times(count: int, word: str, plural: str | None = None) -> str:
    """A count with its word: 1 date, 3 dates."""
    return f"{count} {word if count == 1 else plural or word + 's'}"


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
    )
    made.filters |= {"moment": moment, "clock": clock, "day": day, "times": times}
    made.globals |= {"static": static}
    return made


def render(template: str, context: Mapping[str, Any], part: str | None = None) -> str:
    """A page, or one block of it."""
    page = environment().get_template(template)
    if part is None or part not in page.blocks:
        return page.render(context)
    return "".join(page.blocks[part](page.new_context(dict(context))))
