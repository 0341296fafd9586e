"""What is wrong with what was handed in, as pages say it: days as people read them."""

from __future__ import annotations

from datetime import date

from integrations.errors import Fault
from integrations.language import gettext
from integrations.workflows.messages.words import short_date


def expected_in(fault: Fault) -> str:
    """What is expected, in the language spoken just now; the day it names, in words."""
    words = gettext(fault.expected)
    if fault.day is None:
        return words
    return words.replace(fault.day.isoformat(), short_date(fault.day))


def given_in(fault: Fault) -> str | None:
    """What was handed in: a date in words, all else as it was typed, between quotes."""
    if fault.value is None:
        return None
    try:
        return short_date(date.fromisoformat(fault.value))
    except ValueError:
        return repr(fault.value)
