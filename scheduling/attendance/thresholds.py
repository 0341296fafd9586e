"""How long together counts, how long is waited, and when people are asked; whose days count."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduling.cadence import utc_of_local, zone_info
from scheduling.changes.working_time import working_days_after

_MORNING = time(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a program counts as a meeting; the defaults are those people are told about.

    ``held_minutes`` together are enough. ``grace_minutes``: later or earlier than that is
    worth a remark. ``slack``: how far beyond both ends of a date its meeting may lie.
    ``restart_within``: for how long after the end a meeting that was too short may go on.
    ``ask_after``: without a report, or with one that saw no meeting; ``blocked_for``: while
    reports are refused. ``answer_within``: how long an answer is waited for, as long as a
    link works. ``objection_days``: working days of the other person.
    """

    held_minutes: int = 45
    grace_minutes: int = 10
    slack: timedelta = timedelta(hours=2)
    restart_within: timedelta = timedelta(hours=1)
    ask_after: timedelta = timedelta(hours=24)
    blocked_for: timedelta = timedelta(days=7)
    answer_within: timedelta = timedelta(days=7)
    objection_days: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.held_minutes <= 24 * 60:
            raise ValueError(f"held_minutes: expected 1 to 1440, got {self.held_minutes}")
        if self.grace_minutes < 0 or self.objection_days < 1:
            raise ValueError("grace_minutes cannot be negative, nor objection_days below 1")
        for name in ("slack", "restart_within", "ask_after", "blocked_for", "answer_within"):
            if getattr(self, name) < timedelta(0):
                raise ValueError(f"{name}: expected zero or more, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days a person works, in their own zone. ``weekdays`` count from Monday = 0."""

    zone: str = "UTC"
    weekdays: Collection[int] = frozenset(range(5))
    closed: Collection[date] = frozenset()

    def __post_init__(self) -> None:
        zone_info(self.zone)

    def after(self, start: datetime, days: int) -> datetime:
        """The same wall-clock time that many of the person's working days later."""
        return working_days_after(start, days, self.zone, self.weekdays, self.closed)

    def morning_after(self, at: datetime) -> datetime:
        """08:00 of the person's next working day after the day of ``at``."""
        day = self.after(at, 1).astimezone(zone_info(self.zone)).date()
        return utc_of_local(day, _MORNING, self.zone)


DaysOf = Mapping[str, WorkingDays]
"""Working days by participant id; who is missing works Monday to Friday, counted in UTC."""

USUAL_DAYS = WorkingDays()
