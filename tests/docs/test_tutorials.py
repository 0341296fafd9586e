"""The tutorials name what is clicked as the pages do, and have every picture they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from integrations.words import words_of_code
from tests.browser.screenshots import SHOTS

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial"
_NAMED = re.compile(r"(?<![*\w])\*([^*\n]+(?:\n[^*\n]+)?)\*(?![*\w])")
_OF_THE_FIRM = frozenset({"Reverse Mentoring 2027"})
"""What the made-up firm calls its own."""
_SAID_OTHERWISE = frozenset({"that"})
"""Stressed, and nothing to click."""


def named_in(text: str) -> set[str]:
    """Everything a tutorial names in italics."""
    return {" ".join(name.split()) for name in _NAMED.findall(text)}


@pytest.mark.parametrize("name", ["coordinator.md", "pair.md"])
def test_what_a_tutorial_names_stands_on_the_pages_in_these_words(name: str) -> None:
    """A reader looks for the very word: a button that is called otherwise is not found."""
    # What follows a tag is read to those who cannot see which row a button belongs to.
    said = {str(message.id).partition("<")[0].casefold() for message in words_of_code()}
    named = named_in((TUTORIAL / name).read_text("utf-8")) - _OF_THE_FIRM - _SAID_OTHERWISE
    assert len(named) > 5
    assert {word for word in named if word.casefold() not in said} == set()


def test_every_picture_is_taken_and_shown() -> None:
    shown = {
        picture
        for page in TUTORIAL.glob("*.md")
        for picture in re.findall(r"\(images/([\w-]+)\.png\)", page.read_text("utf-8"))
    }
    taken = {shot.name for shot in SHOTS} | {"sign-in"}
    assert shown == taken == {file.stem for file in (TUTORIAL / "images").glob("*.png")}
