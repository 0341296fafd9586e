"""The catalogue of words is held to the code, and both languages to each other."""

from __future__ import annotations

import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog

from integrations.language import LANGUAGES, Language, accepted_code, gettext, language_of, speaking
from integrations.words import words_kept, words_of_code
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.texts import check_text, usual_text

OTHERS = [code for code in LANGUAGES if code != "en"]
_FIELD = re.compile(r"%\((\w+)\)s|\{\{-?\s*(\w+)")


@cache
def _in_code() -> Catalog:
    return words_of_code()


def _messages(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_the_messages_of_the_code_and_no_others(code: str) -> None:
    kept = _messages(words_kept(code))
    assert kept == _messages(_in_code()), "run `make words` and translate what is new"


@pytest.mark.parametrize("code", OTHERS)
def test_no_message_is_left_without_a_translation(code: str) -> None:
    empty = [m.id for m in words_kept(code) if m.id and (m.fuzzy or not all(_strings(m.string)))]
    assert empty == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_names_the_fields_of_its_message_and_no_others(code: str) -> None:
    differ = [
        message.id
        for message in words_kept(code)
        if message.id and any(_fields(s) != _fields(message.id) for s in _strings(message.string))
    ]
    assert differ == []


def _strings(said: object) -> tuple[str, ...]:
    return said if isinstance(said, tuple) else (str(said),)


def _fields(said: object) -> set[str]:
    # Of a message with a plural the longer form names all of them.
    return {a or b for each in _strings(said)[-1:] for a, b in _FIELD.findall(each)}


def test_words_are_said_in_the_language_spoken_and_in_english_otherwise() -> None:
    assert gettext("Thank you") == "Thank you"
    with speaking(Language("de")):
        assert gettext("Thank you") == "Vielen Dank"
    assert gettext("Thank you") == "Thank you"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr, de;q=0.4, en;q=0.5", "en"),
        ("de;q=0, fr", None),
        ("de;q=much", None),
        ("", None),
    ],
)
def test_a_browser_is_answered_in_the_first_language_that_is_spoken(
    header: str, code: str | None
) -> None:
    assert accepted_code(header) == code


def test_a_mailbox_names_language_and_hours_of_the_day() -> None:
    assert language_of("de-AT", "HH:mm", "en") == Language("de")
    assert language_of("en-US", "h:mm tt", "de") == Language("en", twelve_hours=True)
    assert language_of("fr-FR", None, "de") == Language("de")


@pytest.mark.parametrize("name", sorted(MESSAGES))
@pytest.mark.parametrize("code", OTHERS)
def test_the_usual_text_of_a_message_can_stand_for_it_in_every_language(
    code: str, name: str
) -> None:
    with speaking(Language(code)):
        said = usual_text(name)
    check_text(name, said)
    assert said != usual_text(name)
