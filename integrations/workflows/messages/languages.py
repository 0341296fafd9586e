"""Whose language a message is said in."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.language import Language, language_of
from integrations.records import Participant


def language_for(person: Participant, default: str) -> Language:
    """The language and times of somebody's mailbox; ``default`` where Tandem speaks another."""
    return language_of(person.language, person.time_format, default)


def common_language(people: Sequence[Participant], default: str) -> Language:
    """What two people read in one text: the language of both, or else ``default``.

    A time of day has twelve hours only where both write it so.
    """
    each = [language_for(person, default) for person in people]
    codes = {language.code for language in each}
    code = codes.pop() if len(codes) == 1 else default
    return Language(code, all(language.twelve_hours for language in each))
