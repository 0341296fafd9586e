"""Faults planned for coming calls, and faults that come by chance from the seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Literal

Effect = Literal[
    "throttle", "error", "cut_before", "cut_after", "unreadable", "token_refused", "slow"
]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to calls that fit; a member left None (or empty) fits every call.

    Parameters:
        effect: ``throttle`` answers 429 with ``retry_after``; ``error`` answers
            ``status`` and ``code``, as a page of HTML where ``html`` is set;
            ``cut_before`` breaks the connection and nothing happened;
            ``cut_after`` breaks it when the write has taken place;
            ``unreadable`` lets free/busy of ``mailbox`` fail while planned;
            ``token_refused`` lets the sign-in refuse; ``slow`` adds ``latency``.
        path: a template as the call log gives it, such as ``/users/{user}/events``.
        mailbox: mail address, user id or principal name.
        nth: the first fitting call it meets, counted from when it was planned.
        times: how many fitting calls in a row it meets; 0: all that follow.
    """

    effect: Effect
    method: str | None = None
    path: str | None = None
    mailbox: str | None = None
    nth: int = 1
    times: int = 1
    status: int = 503
    code: str = "ErrorMailboxStoreUnavailable"
    retry_after: int | None = None
    html: bool = False
    latency: timedelta = timedelta(0)

    def fits(self, method: str, template: str, names: frozenset[str]) -> bool:
        """Whether a call is meant; ``names`` are all names of its mailbox, lower case."""
        return (
            self.method in (None, method)
            and self.path in (None, template)
            and (self.mailbox is None or self.mailbox.lower() in names)
        )


@dataclass(slots=True)
class _Planned:
    fault: Fault
    met: int = 0

    @property
    def is_over(self) -> bool:
        return bool(self.fault.times) and self.met >= self.fault.nth - 1 + self.fault.times


@dataclass(slots=True)
class Chance:
    """How many calls of a hundred meet which fault; the seed decides which."""

    throttle: float = 0.0
    error: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    retry_after: int = 5


@dataclass(slots=True)
class Faults:
    """Everything that is to go wrong."""

    seed: int = 1
    chance: Chance = field(default_factory=Chance)
    _planned: list[_Planned] = field(default_factory=list)
    _random: Random | None = None

    def plan(self, fault: Fault) -> None:
        """Let it happen from the next fitting call on."""
        self._planned.append(_Planned(fault))

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self._planned.clear()
        self.chance = Chance()

    @property
    def planned(self) -> list[Fault]:
        """What is still to come, as it was planned."""
        return [planned.fault for planned in self._planned]

    def unreadable(self) -> set[str]:
        """Mailboxes (as planned, lower case) whose free/busy cannot be read."""
        return {
            planned.fault.mailbox.lower()
            for planned in self._planned
            if planned.fault.effect == "unreadable" and planned.fault.mailbox is not None
        }

    def meeting(self, method: str, template: str, names: frozenset[str]) -> Fault | None:
        """The fault a call meets, the one planned first before others."""
        hit: Fault | None = None
        for planned in self._planned:
            fault = planned.fault
            if fault.effect == "unreadable" or not fault.fits(method, template, names):
                continue
            planned.met += 1
            if hit is None and planned.met >= fault.nth:
                hit = fault
        self._planned = [planned for planned in self._planned if not planned.is_over]
        return hit or self._by_chance()

    def _by_chance(self) -> Fault | None:
        chance = self.chance
        rates: tuple[tuple[Effect, float], ...] = (
            ("throttle", chance.throttle),
            ("error", chance.error),
            ("cut_before", chance.cut_before),
            ("cut_after", chance.cut_after),
        )
        if not any(rate for _, rate in rates):
            return None
        if self._random is None:
            self._random = Random(f"faults {self.seed}")
        drawn = self._random.random() * 100
        for effect, rate in rates:
            if drawn < rate:
                return Fault(
                    effect, retry_after=chance.retry_after if effect == "throttle" else None
                )
            drawn -= rate
        return None
