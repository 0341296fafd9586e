"""Errors of the scheduling core.

SchedulingError              the request cannot be met; nothing was changed
├── SkippedLocalTimeError    .local .zone     clocks go forward over it
├── RepeatedLocalTimeError   .local .zone     clocks go back over it
├── UnknownZoneError         .zone            no such IANA zone
├── InvalidRuleError         .field .value    a cadence rule that cannot be meant
├── UnknownPersonError       .pair_id .person_id   a pair names somebody nobody described
└── TimeNotReadError         .until           people's time was read until then, not far enough
"""

from datetime import datetime


class SchedulingError(Exception):
    """The request cannot be met; nothing was changed."""


class SkippedLocalTimeError(SchedulingError):
    """A wall-clock time that the zone's clocks jump over."""

    def __init__(self, local: datetime, zone: str) -> None:
        self.local, self.zone = local, zone
        super().__init__(f"{local:%Y-%m-%d %H:%M} does not exist in {zone}")


class RepeatedLocalTimeError(SchedulingError):
    """A wall-clock time that the zone's clocks show twice."""

    def __init__(self, local: datetime, zone: str) -> None:
        self.local, self.zone = local, zone
        super().__init__(f"{local:%Y-%m-%d %H:%M} happens twice in {zone}")


class TimeNotReadError(SchedulingError):
    """A decision concerns people's time after what was read of it: read more, and ask again."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"people's time was read until {until:%Y-%m-%dT%H:%M:%SZ} only")


class UnknownZoneError(SchedulingError):
    """A zone name the IANA database does not have."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        super().__init__(f"{zone!r} is not an IANA time zone")


class InvalidRuleError(SchedulingError, ValueError):
    """A member of a cadence rule that contradicts itself or another member."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"{field}: expected {expected}, got {value!r}")


class UnknownPersonError(SchedulingError):
    """A pair names a person the problem does not describe."""

    def __init__(self, pair_id: str, person_id: str) -> None:
        self.pair_id, self.person_id = pair_id, person_id
        super().__init__(f"pair {pair_id} names {person_id}, who is not among the people")
