"""Sentences with counts in them."""

from __future__ import annotations

import re

_COUNTED = re.compile(r"\b(\d+) ((?:\w+ )?\w+)\(s\)")
_BEGINS = re.compile(r"^([1-9]|10) (?=\w)")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(sentence: str) -> str:
    """The sentence with each ``date(s)`` that follows a number as the number asks for it.

    One word may stand between the two: ``1 further attendee(s)`` becomes ``one further attendee``.
    A number up to ten that begins the sentence is written out.
    """
    said = _COUNTED.sub(lambda m: f"{m[1]} {m[2]}{'' if m[1] == '1' else 's'}", sentence)
    return _BEGINS.sub(lambda m: f"{_NUMBERS[int(m[1]) - 1]} ", said)
