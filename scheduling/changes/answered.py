"""What was answered to a date, in words that figures can be made of and that name nobody.

No answer counts as yes, so nothing is decided by them. Words are joined by blanks, in no order of
persons; none at all stand where nobody was invited.
"""

from collections.abc import Iterable
from enum import StrEnum

from scheduling.freebusy import Answer

NOBODY_INVITED = ""
_ONCE_DECLINED = "once_declined"
_NOT_TOLD = "not_told"


class Acceptance(StrEnum):
    """What a date counts as: each invitation is one of these, and nobody is guessed from."""

    ACCEPTED = "accepted"
    """Everybody invited had accepted when it was last looked at, and nobody ever declined."""
    DECLINED = "declined"
    """Somebody declined it at least once, whatever came after."""
    OPEN = "open"
    """Somebody had answered nothing, or perhaps, and nobody ever declined."""
    UNKNOWN = "unknown"
    """Nobody has looked, or what was found could not be read: neither a yes nor a no."""


def words_of(answers: Iterable[Answer | None], *, once_declined: bool = False) -> str | None:
    """The words to keep of one look; None where it showed nobody.

    ``None`` is the answer of somebody whose answer the calendar does not tell.
    """
    words = sorted(answer.value if answer else _NOT_TOLD for answer in answers)
    if once_declined:
        words.append(_ONCE_DECLINED)
    return " ".join(words) or None


def was_declined(words: str | None) -> bool:
    """Whether somebody declined the date, at the last look or before it."""
    return words is not None and Answer.DECLINED.value in words


def acceptance_of(words: str | None) -> Acceptance | None:
    """What a date counts as by its words; None where nobody was invited."""
    if words == NOBODY_INVITED:
        return None
    if was_declined(words):
        return Acceptance.DECLINED
    said = set((words or _NOT_TOLD).split())
    if _NOT_TOLD in said:
        return Acceptance.UNKNOWN
    return Acceptance.ACCEPTED if said == {Answer.ACCEPTED.value} else Acceptance.OPEN
