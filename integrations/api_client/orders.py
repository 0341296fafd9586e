"""What is sent to the JSON API: the orders of a coordinator, and how lists are asked for."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from integrations.api_client.shapes import Mails, Shape, Text, Word

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]
AT_ONCE = 50
MOST_AT_ONCE = 200
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day such as 14:30, in the pair's zone."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Minutes = Annotated[int, Field(ge=1, le=1_440)]


class Act(Shape):
    """An act on a pair that needs nothing more to be said."""

    def fields(self) -> dict[str, str]:
        """The act's fields as text, by name; those left out are not in it."""
        told = self.model_dump(mode="json", exclude={"mails"}, exclude_none=True)
        return {name: _as_text(value) for name, value in told.items()}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)


class Yes(Shape):
    """The yes to what a preview showed."""

    mails: Mails = Field(description="The number that the preview named; more are not caused.")


class ChangeHour(Act):
    """Another regular hour."""

    hour: Word = Field(description="Key of one of the hours that suit both now.")


class Adopt(Act):
    """A series the two have already, instead of one of our own."""

    series: Text = Field(description="Key of one of the series found.")


class OfDate(Act):
    """An act on one date."""

    session: Word = Field(description="Id of one of the pair's dates.")


class Skip(OfDate):
    """Leave a date out."""

    make_up: bool = Field(default=False, description="Whether another one is looked for.")


class Move(OfDate):
    """Move a date to an hour, whatever the calendars hold there."""

    day: Day
    at: Clock
    minutes: Minutes | None = Field(default=None, description="As long as it is if left out.")


class Pause(Act):
    """Pause until a day, which is included."""

    until: Day
    first: Day | None = Field(default=None, description="Today if left out.")


class SwapRoles(Act):
    """Have the two change roles."""

    from_: Day = Field(alias="from")

    def fields(self) -> dict[str, str]:
        """As the order knows it."""
        return {"from": self.from_.isoformat()}


class Cadence(Act):
    """Another rhythm for this pair, within the program's rule. What is left out stays."""

    interval_weeks: int | None = Field(default=None, ge=1, le=52)
    occurrences: int | None = Field(default=None, ge=1, le=200)
    minutes: Minutes | None = None
    earliest: Clock | None = None
    latest: Clock | None = None
    weekdays: list[Weekday] | None = Field(default=None, min_length=1, max_length=7)


class Correct(OfDate):
    """Correct what became of a date that is past."""

    verdict: Literal["held", "short", "not_held"]
    minutes: Minutes | None = None
    note: Text = ""


class Record(Act):
    """Record a meeting that was in no calendar of Tandem's."""

    day: Day
    at: Clock
    minutes: Minutes | None = None
    note: Text = ""


class Snooze(Shape):
    """Put a row off until the morning of a day to come."""

    until: Day


class Note(Shape):
    """Words to keep with a row; none take those away that are there."""

    note: Text


class NeedAct(Shape):
    """What a row offers; some acts ask for a day."""

    act: Word
    until: Day | None = None


class NeedActYes(NeedAct, Yes):
    """The yes to what a row offers."""


class RuleAsked(Shape):
    """A rule as a whole, with the members that `GET …/rule` shows."""

    rule: dict[str, Any]


class RuleYes(RuleAsked, Yes):
    """The yes to a changed rule; `mails` has to be the very number of its preview."""


class WishAsked(Shape):
    """A wish for a pairing."""

    program: Word
    role: Literal["mentor", "mentee"] = Field(description="What you would be.")
    partner: Word | None = Field(
        default=None, description="Address of whom you name; left out: the waiting list."
    )


class WishNamed(Shape):
    """A wish, by its id."""

    wish: Word


class WishApproval(WishNamed):
    """The yes to a wish."""

    partner: Word = Field(description="Address of the other one.")
    starts: Day | None = Field(default=None, description="First day; tomorrow if left out.")


# --- queries -------------------------------------------------------------------------------


class Query(Shape):
    """Nothing is asked."""


class Listed(Query):
    """A stretch of a list."""

    limit: int = Field(default=AT_ONCE, ge=1, le=MOST_AT_ONCE)
    cursor: Word | None = Field(default=None, description="`next` of the stretch before.")


class PairsAsked(Listed):
    """Which pairs, in which order."""

    q: str = Field(
        default="",
        max_length=80,
        pattern=r"^[^\x00]*$",
        description="Words that stand in a name, an address, an office, a group or a roster id.",
    )
    state: (
        Literal["enrolled", "planned", "booking", "booked", "paused", "completed", "withdrawn"]
        | None
    ) = None
    risk: Literal["on_track", "at_risk", "blocked", "over"] | None = None
    forecast: Word | None = None
    office: Word | None = None
    group: Word | None = None
    needs: bool = Field(default=False, description="Only pairs with open rows of *Needs you*.")
    unconfirmed: bool = Field(
        default=False, description="Only booked pairs that not both have confirmed."
    )
    sort: Annotated[
        str,
        StringConstraints(
            pattern=r"^-?(id|name|mentee|office|risk|state|held|gap|next|met|needs)$"
        ),
    ] = Field(
        default="id",
        description="By `id` every pair comes once, whatever changes meanwhile; in other orders a "
        "pair whose place changes between two stretches may come twice or not at all.",
    )


class JournalAsked(Listed):
    """Which lines of the journal."""

    pair: Word | None = None


class NeedsAsked(Listed):
    """Which rows."""

    program: Word | None = None
    show: Literal["waiting", "mine", "put_off"] = "waiting"
