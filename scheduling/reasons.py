"""Why the planner chose, moved, skipped or refused: data first, plain words from it.

Facts hold ids of people, numbers, and ISO dates and times; never names, titles or
anything else out of a calendar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from scheduling.wording import counted

Facts = Mapping[str, str | int]


def _no_facts() -> Facts:
    return MappingProxyType({})


class ReasonCode(StrEnum):
    """The situations a reason can name."""

    SERIES_CHOSEN = "series_chosen"
    CLOSE_CALL = "close_call"
    NOTICE = "notice"
    WEEKDAY = "weekday"
    BLACKOUT = "blackout"
    ABSENT = "absent"
    OUTSIDE_HOURS = "outside_hours"
    OUTSIDE_BOOKABLE_HOURS = "outside_bookable_hours"
    NO_GO = "no_go"
    BUSY = "busy"
    TENTATIVE = "tentative"
    TENTATIVE_USED = "tentative_used"
    OWN_SESSION = "own_session"
    DAY_CAP = "day_cap"
    WEEK_CAP = "week_cap"
    GAP = "gap"
    TOLERANCE = "tolerance"
    CLOCK_CHANGE = "clock_change"
    OTHER_WINDOW = "other_window"
    OFF_GRID = "off_grid"
    NO_COMMON_SLOT = "no_common_slot"
    NO_ANCHOR = "no_anchor"
    CROWDED_OUT = "crowded_out"
    BETTER_TOGETHER = "better_together"


_WORDS: Mapping[ReasonCode, str] = {
    ReasonCode.SERIES_CHOSEN: (
        "{weekday} {start} ({zone}) holds {kept} of {windows} dates, more than any other hour, "
        "with {moved} moved"
    ),
    ReasonCode.CLOSE_CALL: (
        "{weekday} {start} ({zone}) would have held {placed} dates, {moved} of them moved"
    ),
    ReasonCode.NOTICE: "too soon: nothing starts before {earliest}",
    ReasonCode.WEEKDAY: "{date} is not a bookable weekday for {person}",
    ReasonCode.BLACKOUT: "{date} is closed for the program",
    ReasonCode.ABSENT: "{date} is a holiday or absence of {person}",
    ReasonCode.OUTSIDE_HOURS: "{local} is outside the working hours of {person}",
    ReasonCode.OUTSIDE_BOOKABLE_HOURS: "{local} for {person} is outside the bookable hours",
    ReasonCode.NO_GO: "{person} keeps {local} free of sessions",
    ReasonCode.BUSY: "{person} is busy at {local}",
    ReasonCode.TENTATIVE: "{person} holds {local} tentatively",
    ReasonCode.TENTATIVE_USED: (
        "{person} holds {local} tentatively; no other hour was free for both"
    ),
    ReasonCode.OWN_SESSION: "{person} has another session of the program at {local}",
    ReasonCode.DAY_CAP: "{person} has {cap} session(s) of the program on {date} already",
    ReasonCode.WEEK_CAP: (
        "{person} has {cap} session(s) of the program in the week of {date} already"
    ),
    ReasonCode.GAP: "less than {days} days from the neighbouring session",
    ReasonCode.TOLERANCE: "more than {days} working days from the usual day",
    ReasonCode.CLOCK_CHANGE: "clocks in {zone} change over {start} on {date}",
    ReasonCode.OTHER_WINDOW: "the date falls into another window for {person}",
    ReasonCode.OFF_GRID: "{start} ({zone}) is off the grid of {minutes} minutes",
    ReasonCode.NO_COMMON_SLOT: "no common hour in {windows} window(s)",
    ReasonCode.CROWDED_OUT: "every common hour is taken by other sessions of the two",
    ReasonCode.NO_ANCHOR: "neither zone of the pair can carry a series",
    ReasonCode.BETTER_TOGETHER: (
        "the hour is free, but gives way so that more dates fit for everybody involved"
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One situation and its facts by name."""

    code: ReasonCode
    facts: Facts = field(default_factory=_no_facts)

    @property
    def words(self) -> str:
        """The reason as a plain sentence without a full stop; people appear as ids."""
        return counted(_WORDS[self.code].format_map(_Shown(self.facts)))


class _Shown(dict[str, str | int]):
    """Facts for a sentence; one that was not recorded is left as a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change that would help, and how many more dates it alone would bring."""

    code: str
    gain: int
    facts: Facts = field(default_factory=_no_facts)

    @property
    def words(self) -> str:
        """The remedy in plain words with its gain."""
        sentence = REMEDIES[self.code].format_map(_Shown(self.facts))
        return f"{sentence}: +{self.gain} date{'s' if self.gain != 1 else ''}"


REMEDIES: Mapping[str, str] = {
    "earlier": "open {weekday}s from {start} (now {now})",
    "later": "open {weekday}s until {end} (now {now})",
    "weekday": "allow {weekday}s",
    "working_hours": "ask {person} for hours outside the usual ones",
    "tentative": "use tentative time",
    "shorter": "meet for {minutes} minutes at a time",
    "buffer": "drop the {minutes} minutes kept clear around sessions",
    "tolerance": "let moved dates lie further from the usual day (now {days} working days)",
    "gap": "let sessions lie closer together (now {days} days)",
    "caps": "allow more sessions per person and week",
    "notice": "start sooner than {hours} hours from now",
    "calendar": "ask {person} to free some hours",
    "offer_hours": "offer hours and let the pair pick",
}
