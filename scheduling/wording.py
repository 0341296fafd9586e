"""Sentences with counts in them."""

from __future__ import annotations

import re

_COUNTED = re.compile(r"\b(\d+) ((?:\w+ )?\w+)\(s\)")


def counted(sentence: str) -> str:
    """The sentence with each ``date(s)`` that follows a number as the number asks for it.

    One word may stand between the two: ``1 further attendee(s)`` becomes ``1 further attendee``.
    """
    return _COUNTED.sub(lambda m: f"{m[1]} {m[2]}{'' if m[1] == '1' else 's'}", sentence)
