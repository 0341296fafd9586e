"""What somebody did, for whoever wishes it to be seen: counts, and marks reached, as plain words.

Marks are of one person and never of two compared; there is no first and no last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from scheduling.attendance.progress import (
    SessionOutcome,
    held_meetings,
    milestones_reached,
    usual_milestones,
)


class Badge(StrEnum):
    """A mark that somebody reached."""

    FIRST_MEETING = "first_meeting"
    HALF_WAY = "half_way"
    ALL_MEETINGS = "all_meetings"
    FIVE_LED = "five_led"
    TEN_LED = "ten_led"
    TEN_HOURS = "ten_hours"


_LED: Mapping[Badge, int] = MappingProxyType({Badge.FIVE_LED: 5, Badge.TEN_LED: 10})
_HOURS: Mapping[Badge, int] = MappingProxyType({Badge.TEN_HOURS: 10})
_MILESTONES = (Badge.FIRST_MEETING, Badge.HALF_WAY, Badge.ALL_MEETINGS)


@dataclass(frozen=True, slots=True)
class Deeds:
    """What one person did: meetings held, those they led, minutes, and marks with their day."""

    held: int
    led: int
    minutes: int
    badges: Mapping[Badge, date]


def deeds_of(
    person: str, pairs: Sequence[tuple[int, Sequence[SessionOutcome]]], today: date
) -> Deeds:
    """What somebody did in pairs, each with what is required of it and its sessions.

    Marks of meetings are of the pair that came first to them; the others are of all pairs together.
    """
    held = sorted(
        (o for _, outcomes in pairs for o in held_meetings(outcomes)), key=lambda o: o.day
    )
    led = [outcome for outcome in held if outcome.led_by == person]
    found: dict[Badge, date] = {}
    for required, outcomes in pairs:
        for badge, day in _of_pair(required, outcomes, today):
            found[badge] = min(day, found.get(badge, day))
    for badge, number in _LED.items():
        if len(led) >= number:
            found[badge] = led[number - 1].day
    for badge, hours in _HOURS.items():
        reached = _reached(held, 60 * hours)
        if reached is not None:
            found[badge] = reached
    in_order = {badge: found[badge] for badge in Badge if badge in found}
    return Deeds(len(held), len(led), sum(o.minutes for o in held), in_order)


def _of_pair(
    required: int, outcomes: Sequence[SessionOutcome], today: date
) -> Iterable[tuple[Badge, date]]:
    usual = usual_milestones(required)
    # Of one or two meetings the half is the first or the whole: not a mark of its own.
    names = {usual[0].held: _MILESTONES[0]}
    if required > 1:
        names[required] = _MILESTONES[-1]
    for milestone in usual:
        names.setdefault(milestone.held, _MILESTONES[1])
    for each in milestones_reached(outcomes, usual, today):
        yield names[each.milestone.held], each.on


def _reached(held: Iterable[SessionOutcome], minutes: int) -> date | None:
    """The day on which so many minutes together were full; None if they are not."""
    total = 0
    for outcome in held:
        total += outcome.minutes
        if total >= minutes:
            return outcome.day
    return None
