"""The catalogue of words is held to the code, and both languages to each other."""

from __future__ import annotations

import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog

from integrations.language import (
    LANGUAGES,
    Language,
    accepted_code,
    gettext,
    language_of,
    sentence,
    speaking,
)
from integrations.words import words_kept, words_of_code
from integrations.workflows.messages.catalogue import MESSAGES
from integrations.workflows.messages.texts import check_text, usual_text
from scheduling.changes.reasons import WORDS, ChangeCode

OTHERS = [code for code in LANGUAGES if code != "en"]
_FIELD = re.compile(r"%\((\w+)\)s|\{\{-?\s*(\w+)|(?<!\{)\{(\w+)\}")


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
        if message.id and not _names_the_same(message.id, message.string)
    ]
    assert differ == []


def _strings(said: object) -> tuple[str, ...]:
    return said if isinstance(said, tuple) else (str(said),)


def _names_the_same(message: object, translation: object) -> bool:
    # Of a message with a plural the longer form names all of them; "once" may do without.
    *shorter, longest = (_fields(each) for each in _strings(translation))
    wanted = _fields(_strings(message)[-1])
    return longest == wanted and all(fields <= wanted for fields in shorter)


def _fields(said: str) -> set[str]:
    return {"".join(found) for found in _FIELD.findall(said)}


def test_words_are_said_in_the_language_spoken_and_in_english_otherwise() -> None:
    assert gettext("Thank you") == "Thank you"
    with speaking(Language("de")):
        assert gettext("Thank you") == "Vielen Dank"
    assert gettext("Thank you") == "Thank you"


@pytest.mark.parametrize(
    ("missing", "english", "german"),
    [
        (1, "one date cannot be made up before May", "1 Termin lässt sich nicht nachholen bis Mai"),
        (3, "three dates cannot be made up before May", "3 Termine lassen sich nicht nachholen"),
        (12, "12 dates cannot be made up before May", "12 Termine lassen sich nicht nachholen"),
    ],
)
def test_a_number_among_facts_chooses_the_form_in_every_language(
    missing: int, english: str, german: str
) -> None:
    text = WORDS[ChangeCode.SHORTFALL]
    assert sentence(text, {"missing": missing, "until": "May"}) == english
    with speaking(Language("de")):
        assert sentence(text, {"missing": missing, "until": "Mai"}).startswith(german)


def test_what_stands_in_brackets_in_a_fact_is_nobodys_form() -> None:
    with speaking(Language("de")):
        said = sentence(WORDS[ChangeCode.SERIES_DECLINED], {"person": "Ana [a|b]"})
    assert said == "Ana [a|b] hat die ganze Serie abgelehnt"


@pytest.mark.parametrize("code", OTHERS)
def test_forms_in_brackets_follow_the_number_that_chooses(code: str) -> None:
    said = (str(message.string) for message in words_kept(code) if message.id)
    chosen = [each for each in said if re.search(r"\[[^][]*\|", each)]
    assert len(chosen) > 10
    for each in chosen:
        assert each.index("{") < each.index("["), each
        assert each.count("[") == each.count("|") == each.count("]"), each


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
