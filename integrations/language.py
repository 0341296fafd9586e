"""The language words for people are said in: chosen in one place, looked up in one catalogue.

A message is its English sentence. ``gettext`` gives it in the language that is spoken where it is
called, which ``speaking`` sets for whatever runs inside it, threads of the store included. Nobody
who asks for nothing else is spoken to in English: the command line, logs, the API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Any

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from scheduling import wording

ENGLISH = "en"
LANGUAGES: Mapping[str, str] = MappingProxyType({ENGLISH: "English", "de": "Deutsch"})
"""What Tandem speaks, by the code of the language; the names are the languages' own."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language Tandem speaks, with how its reader writes a time of day."""

    code: str = ENGLISH
    twelve_hours: bool = False

    def __post_init__(self) -> None:
        if self.code not in LANGUAGES:
            raise ValueError(f"expected one of {', '.join(LANGUAGES)}, got {self.code!r}")


_NOBODY_SAID = Language()
_SPOKEN: ContextVar[Language] = ContextVar("spoken", default=_NOBODY_SAID)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Words said inside are said in this language."""
    before = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def spoken_language() -> Language:
    """The language that words are said in just now."""
    return _SPOKEN.get()


def locale() -> Locale:
    """Babel's rules for dates and numbers in the language spoken just now."""
    return Locale.parse(spoken_language().code)


def gettext(message: str, **fields: Any) -> str:
    """The message in the language spoken just now, its ``%(name)s`` filled in from ``fields``.

    Without fields it is taken as it stands, percent signs and all.
    """
    # Of an empty message a catalogue gives its own header.
    said = _catalogue(spoken_language().code).gettext(message) if message else ""
    return said % fields if fields else said


def ngettext(singular: str, plural: str, num: int, **fields: Any) -> str:
    """The message that goes with a number, which fills ``%(num)s``."""
    return counted(singular, plural, num) % {"num": num, **fields}


def counted(singular: str, plural: str, num: int) -> str:
    """The message that goes with a number, its fields still to be filled in: for templates."""
    return _catalogue(spoken_language().code).ngettext(singular, plural, num)


_FIELD_OR_FORMS = re.compile(r"\{(\w+)\}|\[([^][|{}]*)\|([^][|{}]*)\]")


def sentence(message: str, facts: Mapping[str, Any]) -> str:
    """A sentence whose ``{name}`` are filled in from ``facts``, in the language spoken just now.

    For the core's reasons and the journal, whose facts are stored. English has ``date(s)`` where a
    number decides; a translation has both forms, ``{dates} [Termin|Termine]``, of which the number
    before them chooses.
    """
    said = gettext(message)
    if spoken_language().code == ENGLISH:
        return wording.counted(said.format_map(facts))
    return _with_forms(said, facts).format_map(facts)


def _with_forms(said: str, facts: Mapping[str, Any]) -> str:
    number: Any = None

    def chosen(found: re.Match[str]) -> str:
        nonlocal number
        if found[1] is None:
            return found[2] if number == 1 else found[3]
        number = facts[found[1]]
        return found[0]

    return _FIELD_OR_FORMS.sub(chosen, said)


def N_(message: str) -> str:  # noqa: N802 - the name that tools know for it
    """The message as it stands: marks one that is looked up where it is said, not here."""
    return message


def language_of(tag: str | None, time_format: str | None, default: str) -> Language:
    """How somebody is spoken to whose mailbox names a language and a format of times.

    ``tag`` is as Graph gives it (``de-AT``), ``time_format`` in Windows' letters (``hh:mm tt``);
    either may be None. A language Tandem does not speak is answered in ``default``.
    """
    return Language(known_code(tag) or default, "t" in (time_format or ""))


def known_code(tag: str | None) -> str | None:
    """The language a tag such as ``de-AT`` stands for; None if Tandem does not speak it."""
    code = (tag or "").replace("_", "-").partition("-")[0].strip().lower()
    return code if code in LANGUAGES else None


def accepted_code(header: str) -> str | None:
    """The first language of an ``Accept-Language`` header that Tandem speaks, by weight."""
    weighed = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag))
        except ValueError:
            continue
    codes = (known_code(tag) for weight, _, tag in sorted(weighed) if weight < 0)
    return next((code for code in codes if code is not None), None)


@cache
def _catalogue(code: str) -> NullTranslations:
    """The messages of a language, read once from the file that people edit."""
    if code == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    with catalogue_file(code).open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


def catalogue_file(code: str) -> Any:
    """Where the catalogue of a language stands, as a resource that can be opened."""
    return files("integrations") / "locale" / code / "LC_MESSAGES" / "tandem.po"
