"""Why the planner chose, moved, skipped or refused: data first, plain words from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ReasonCode(StrEnum):
    """The situations a reason can name."""

    SERIES_CHOSEN = "series_chosen"
    BUSY = "busy"
    TENTATIVE = "tentative"
    ABSENT = "absent"
    BLACKOUT = "blackout"
    OUTSIDE_HOURS = "outside_hours"
    OUTSIDE_BOOKABLE_HOURS = "outside_bookable_hours"
    WEEKDAY = "weekday"
    NO_GO = "no_go"
    NOTICE = "notice"
    CLOCK_CHANGE = "clock_change"
    OTHER_WINDOW = "other_window"
    OFF_GRID = "off_grid"
    OWN_SESSION = "own_session"
    DAY_CAP = "day_cap"
    WEEK_CAP = "week_cap"
    GAP = "gap"
    TOLERANCE = "tolerance"
    NO_COMMON_SLOT = "no_common_slot"
    CLOSE_CALL = "close_call"


@dataclass(frozen=True, slots=True)
class Reason:
    """One situation and its facts by name: ids, numbers or ISO times, never names of people."""

    code: ReasonCode
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change that would help, and how many more dates it would bring."""

    code: str
    gain: int
    facts: Mapping[str, str | int] = field(default_factory=dict)
