"""What all shapes of the JSON API have in common, and what every answer may be: a problem."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_MAILS = 1_000_000
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
"""Words that somebody typed."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
"""An id or a code."""
Mails = Annotated[
    int, Field(ge=0, le=MOST_MAILS, description="Number of mails, to one person each.")
]


class Shape(BaseModel):
    """A JSON object with known members only, none of them converted."""

    # Built when first used: most processes of a host answer no program.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class Answer(Shape):
    """What is answered. Members may be added in a later release of this version."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)


class ProblemFault(Answer):
    """One thing wrong with what was sent: where, and what is expected there."""

    where: str = Field(description="Member of the body or query, row and column of a roster.")
    expected: str


class Problem(Answer):
    """Why something was not answered or not done (RFC 9457), and what would help."""

    type: str = Field(description="`urn:tandem:problem:` and the code.")
    title: str = Field(description="What it is, the same words each time.")
    status: int = Field(ge=400, le=599)
    code: str = Field(description="The word to tell problems apart by.")
    detail: str = Field(description="What it was this time.")
    remedy: str = Field(description="What would help.")
    faults: list[ProblemFault] = Field(default=[], description="Everything wrong, at once.")
    mails: int | None = Field(
        default=None, description="How many mails it would cause now, where that is the problem."
    )
