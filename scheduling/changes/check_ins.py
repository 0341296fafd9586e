"""Check-ins: which invitations of a program's contact are to be made, moved or called off.

A check-in is a date of a pair at which the contact is to be, too. The pair's own event is never
touched for it: whoever keeps in touch gets an event of their own at the same hour, which follows
the pair's. What somebody did to that event in Outlook stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduling.timespan import TimeSpan

AHEAD = timedelta(days=14)
"""So long before a check-in its invitation goes out: dates farther off may move yet."""


class GuestState(StrEnum):
    """What became of an invitation to a check-in."""

    INVITED = "invited"
    CALLED_OFF = "called_off"
    LEFT = "left"
    """Somebody took it out, or moved it, in Outlook: it is left to people."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A date at which the contact is wanted.

    ``address`` is the contact's; ``event`` names the pair's event, whose join link the invitation
    holds.
    """

    session_id: str
    span: TimeSpan
    address: str
    event: str


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was made: for which check-in, as it was then, and what became of it."""

    check_in: CheckIn
    state: GuestState


@dataclass(frozen=True, slots=True)
class Invite:
    """Invite the contact to it."""

    check_in: CheckIn


@dataclass(frozen=True, slots=True)
class MoveInvitation:
    """Let the invitation follow the date."""

    invited: Invited
    to: TimeSpan


@dataclass(frozen=True, slots=True)
class CallOff:
    """Take the invitation out again."""

    invited: Invited


CheckInStep = Invite | MoveInvitation | CallOff


def check_in_steps(
    wanted: Iterable[CheckIn], invited: Iterable[Invited], now: datetime
) -> tuple[CheckInStep, ...]:
    """What is to be done now, at most one step for each date, soonest first.

    ``wanted`` are those to come, ``invited`` what is known of each date; no invitation to a date
    that has begun is changed. Somebody else, or another event of the pair, takes two steps: the old
    invitation is called off first.
    """
    known = {one.check_in.session_id: one for one in invited}
    by_session = {one.session_id: one for one in wanted if now < one.span.start}
    steps = [
        step
        for session_id in {**by_session, **known}
        for step in _steps(by_session.get(session_id), known.get(session_id), now)
    ]
    return tuple(sorted(steps, key=_order))


def _steps(wanted: CheckIn | None, known: Invited | None, now: datetime) -> Iterator[CheckInStep]:
    if known is None or known.state is GuestState.CALLED_OFF or _is_past(known, now):
        # A date that was put off after its time has passed gets an invitation of its own.
        if wanted is not None and wanted.span.start - now <= AHEAD:
            yield Invite(wanted)
        return
    if known.state is GuestState.LEFT:
        if wanted is not None and wanted.address != known.check_in.address:
            # What one person did to an invitation says nothing of the next one's.
            yield Invite(wanted)
        return
    if wanted is None or (wanted.address, wanted.event) != (
        known.check_in.address,
        known.check_in.event,
    ):
        yield CallOff(known)
    elif wanted.span != known.check_in.span:
        yield MoveInvitation(known, wanted.span)


def _is_past(known: Invited, now: datetime) -> bool:
    return known.state is GuestState.INVITED and known.check_in.span.start <= now


def _order(step: CheckInStep) -> tuple[datetime, str]:
    about = step.check_in if isinstance(step, Invite) else step.invited.check_in
    return about.span.start, about.session_id
