"""The texts of messages: kept as files, replaced per program, checked when they are set.

A mail's text begins with a line ``Subject: …`` and an empty line; the rest is HTML. Comments and
rows are plain text without a subject. A program's own texts stand in ``program.links["texts"]``
by the name of their message, so that they change at once for pairs under any version of the rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from integrations.errors import Fault, FaultsError
from integrations.language import N_, Language, gettext, ngettext, speaking, spoken_language
from integrations.ports import Transaction
from integrations.records import Program
from integrations.workflows.messages.catalogue import FIELDS, MESSAGES, MessageKind
from integrations.workflows.messages.words import count_word

OWN_TEXTS = "texts"
_LONGEST = 10_000
_NO_WORDS = re.compile(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}|<[^>]*>|^Subject:")
_LINK = re.compile(r"""<a\s|(?<!["'>])https?://""")


class TextError(FaultsError):
    """A text of a message that cannot be used; every fault, and nothing was kept."""

    remedy = N_(
        "Correct the text and set it again; docs/reference/messages.md lists the named fields."
    )


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words. Comments and rows have no subject."""

    subject: str
    body: str


def letter(name: str, program: Program, fields: Mapping[str, Any]) -> Letter:
    """The message in the program's own words, or else in the usual ones."""
    return _rendered(name, _source(name, program, spoken_language().code), fields)


def set_text(tx: Transaction, program_id: str, name: str, text: str | None) -> Program:
    """Give a program its own text of a message; None goes back to the usual one.

    Raises:
        TextError: the text cannot be used.
    """
    require_message(name)
    if text is not None:
        check_text(name, text)
    program = tx.programs.require(program_id)
    own = {key: value for key, value in own_texts(program).items() if key != name}
    if text is not None:
        own[name] = text
    changed = replace(program, links={**program.links, OWN_TEXTS: own})
    tx.programs.put(changed)
    return changed


def require_message(name: str) -> None:
    """Return if a message is called that. Raises TextError."""
    if name not in MESSAGES:
        raise TextError([Fault(name, f"one of {', '.join(MESSAGES)}")])


def own_texts(program: Program) -> Mapping[str, str]:
    """The texts that a program has replaced, by the name of their message."""
    own = program.links.get(OWN_TEXTS, {})
    return own if isinstance(own, dict) else {}


def usual_text(name: str) -> str:
    """The text that stands for a message unless a program has its own, in the language spoken.

    Each of its lines is a message of the catalogue, fields and all.
    """
    text = (files("integrations") / "texts" / file_of(name)).read_text("utf-8")
    return "\n".join(gettext(line) if has_words(line) else line for line in text.split("\n"))


def has_words(line: str) -> bool:
    """Whether a line of a text says anything beside fields, tags and comments."""
    return any(letter.isalpha() for letter in _NO_WORDS.sub("", line))


def file_of(name: str) -> str:
    """The file of a message's usual text."""
    return f"{name}.{'html' if MESSAGES[name].channel.is_html else 'txt'}"


def check_text(name: str, text: str) -> None:
    """Return if ``text`` can stand for the message, whatever its optional fields hold.

    Raises:
        TextError: it cannot; every fault.
    """
    faults = [Fault(name, expected) for expected in _faults(name, text)]
    if faults:
        raise TextError(faults)


def _faults(name: str, text: str) -> list[str]:
    kind = MESSAGES[name]
    if len(text) > _LONGEST:
        return [gettext("at most %(most)s characters", most=f"{_LONGEST:,}")]
    try:
        used = find_undeclared_variables(_ENVIRONMENT[kind.channel.is_html].parse(text))
    except TemplateError as error:
        return [gettext("a template that can be read (%(why)s)", why=error)]
    unknown = sorted(used - set(kind.fields))
    if unknown:
        return [
            gettext(
                "only the fields %(known)s; not %(unknown)s",
                known=", ".join(kind.fields),
                unknown=", ".join(unknown),
            )
        ]
    missing = sorted(set(kind.must) - used)
    faults = [gettext("the field %(field)s somewhere", field=field) for field in missing]
    for fields in examples(kind):
        try:
            made = _rendered(name, text, fields)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            return [*faults, gettext("a text that can be filled in (%(why)s)", why=error)]
        faults += _faults_in(kind, made)
    return list(dict.fromkeys(faults))


def _faults_in(kind: MessageKind, made: Letter) -> list[str]:
    faults = []
    if not made.body.strip():
        faults.append(gettext("some words"))
    if kind.channel.has_subject and not made.subject:
        faults.append(gettext("a first line 'Subject: …' and an empty line"))
    if len(_LINK.findall(made.body)) > kind.links:
        faults.append(ngettext("at most %(num)s link", "at most %(num)s links", kind.links))
    return faults


def examples(kind: MessageKind) -> tuple[dict[str, Any], ...]:
    """Fields to try a text with: all of them known, and all that may be unknown left out."""
    known = {name: FIELDS[name].example for name in kind.fields}
    spare = {name: FIELDS[name].empty for name in kind.fields if FIELDS[name].optional}
    return (known, {**known, **spare}) if spare else (known,)


def preview_of(name: str, text: str) -> Letter:
    """A text as somebody would read it, its fields filled with examples. It must be checked."""
    return _rendered(name, text, examples(MESSAGES[name])[0])


def _source(name: str, program: Program, language: str) -> str:
    return own_texts(program).get(name) or _usual(name, language)


@cache
def _usual(name: str, language: str) -> str:
    with speaking(Language(language)):
        return usual_text(name)


def _rendered(name: str, text: str, fields: Mapping[str, Any]) -> Letter:
    channel = MESSAGES[name].channel
    if not channel.has_subject:
        return Letter("", _one_line_each(_template(text, channel.is_html).render(fields)))
    head, _, body = text.lstrip().partition("\n\n")
    # A subject is plain text, whatever the body is.
    said = _template(head, False).render(fields)
    subject = said.removeprefix("Subject:") if said.startswith("Subject:") else ""
    return Letter(
        " ".join(subject.split()), _template(body, channel.is_html).render(fields).strip()
    )


def _one_line_each(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


@cache
def _template(text: str, html: bool) -> Template:
    return _ENVIRONMENT[html].from_string(text)


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    texts = ImmutableSandboxedEnvironment(
        autoescape=html, undefined=StrictUndefined, trim_blocks=True
    )
    texts.filters["count_word"] = count_word
    return texts


_ENVIRONMENT: Mapping[bool, ImmutableSandboxedEnvironment] = {
    html: _environment(html=html) for html in (False, True)
}
