"""What is worth knowing of what Teams saw, in a fixed order whatever the order of its records."""

from collections.abc import Iterator
from functools import lru_cache

from scheduling.attendance.evidence import Flag, Occasion
from scheduling.attendance.presence import Seen, whole_minutes
from scheduling.attendance.reasons import VerdictCode, VerdictReason, because

_FLAGS = frozenset(Flag)
_SEVERAL_DEVICES = because(VerdictCode.SEVERAL_DEVICES)
_SOMEBODY_ELSE = because(VerdictCode.SOMEBODY_ELSE)
_UNIDENTIFIED = because(VerdictCode.UNIDENTIFIED_PRESENCE)


def remarks(occasion: Occasion, seen: Seen, grace_minutes: int) -> tuple[VerdictReason, ...]:
    """Whether and when the two were together, then what is odd about it."""
    together = _together(occasion, seen, grace_minutes)
    return (*together, *_odd(seen)) if seen.is_odd else together


def _together(occasion: Occasion, seen: Seen, grace: int) -> tuple[VerdictReason, ...]:
    if seen.first is None or seen.last is None:
        return (_apart(occasion, seen),)
    late = whole_minutes(seen.first - occasion.span.start)
    early = whole_minutes(occasion.span.end - seen.last)
    return _minutes_together(
        seen.minutes, late if late > grace else None, early if early > grace else None
    )


@lru_cache(maxsize=1024)
def _minutes_together(
    minutes: int, late: int | None = None, early: int | None = None
) -> tuple[VerdictReason, ...]:
    # Nearly every verdict gives these reasons, and mostly with the same few numbers.
    found = [because(VerdictCode.TOGETHER, minutes=minutes)]
    if late is not None:
        found.append(because(VerdictCode.LATE_START, minutes=late))
    if early is not None:
        found.append(because(VerdictCode.LEFT_EARLY, minutes=early))
    return tuple(found)


def _apart(occasion: Occasion, seen: Seen) -> VerdictReason:
    if seen.minutes:
        # All that is left of intervals that were deleted.
        return because(VerdictCode.TOGETHER, minutes=seen.minutes)
    if all(seen.came):
        return because(VerdictCode.NEVER_TOGETHER)
    if any(seen.came):
        person = occasion.people[0 if seen.came[0] else 1]
        return because(VerdictCode.ONLY_ONE_CAME, person=person)
    return because(VerdictCode.NOBODY_CAME)


def _odd(seen: Seen) -> Iterator[VerdictReason]:
    if seen.runs > 1:
        yield because(VerdictCode.RESTARTED, times=seen.runs)
    if seen.several_devices:
        yield _SEVERAL_DEVICES
    if seen.somebody_else:
        yield _SOMEBODY_ELSE
    if seen.unidentified:
        yield _UNIDENTIFIED
    if seen.flags:
        yield from (because(VerdictCode(flag)) for flag in sorted(seen.flags & _FLAGS))
