"""Graph's limits per app and mailbox, and whether callers keep away as long as told."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.behaviour import Behaviour
from simulator.errors import GraphError

_TEN_MINUTES = timedelta(minutes=10)
Key = tuple[str, str]


@dataclass(slots=True)
class _Lane:
    """Calls of one app to one mailbox."""

    running: int = 0
    arrivals: deque[datetime] = field(default_factory=deque)
    told_at: datetime | None = None
    not_before: datetime | None = None


def throttled(retry_after: int, code: str, message: str) -> GraphError:
    """A 429 that names how many seconds to keep away."""
    return GraphError(429, code, message, headers={"Retry-After": str(retry_after)})


class Throttle:
    """Counts calls and tells callers to keep away."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._lanes: dict[Key, _Lane] = {}

    def arrive(self, key: Key, arrived: datetime) -> str | None:
        """Count a call; what is to be complained of, if it came too early.

        Raises:
            GraphError: 429, it came too early, or there were too many in ten minutes.
        """
        lane = self._lanes.setdefault(key, _Lane())
        lane.arrivals.append(arrived)
        while lane.arrivals[0] <= arrived - _TEN_MINUTES:
            lane.arrivals.popleft()
        return self._too_early(lane, arrived)

    def check(self, key: Key, arrived: datetime, *, mailbox: bool) -> None:
        """Refuse what is too much; only calls to a ``mailbox`` are limited in number.

        Raises:
            GraphError: 429, the caller was told to keep away, there were too many
                calls in ten minutes, or too many are running.
        """
        lane = self._lanes.setdefault(key, _Lane())
        if self._too_early(lane, arrived) is not None and lane.not_before is not None:
            seconds = math.ceil((lane.not_before - arrived).total_seconds())
            raise throttled(seconds, "TooManyRequests", "Please retry again later.")
        if not mailbox:
            return
        if len(lane.arrivals) > self._behaviour.calls_in_ten_minutes:
            over = lane.arrivals[-self._behaviour.calls_in_ten_minutes]
            seconds = math.ceil((over + _TEN_MINUTES - arrived).total_seconds())
            raise throttled(
                max(seconds, 1),
                "ApplicationThrottled",
                "Application is over its request limit for this mailbox.",
            )
        if lane.running >= self._behaviour.concurrent_calls:
            raise throttled(
                self._behaviour.concurrency_retry_after,
                "ApplicationThrottled",
                "Application is over its MailboxConcurrency limit.",
            )

    def begin(self, key: Key) -> None:
        """A call is being worked off."""
        self._lanes.setdefault(key, _Lane()).running += 1

    def end(self, key: Key) -> None:
        """It is done with."""
        self._lanes[key].running -= 1

    def told(self, key: Key, seconds: int, now: datetime) -> None:
        """The caller was told to keep away so long."""
        lane = self._lanes.setdefault(key, _Lane())
        until = now + timedelta(seconds=seconds)
        if lane.not_before is None or until > lane.not_before:
            lane.told_at, lane.not_before = now, until

    def _too_early(self, lane: _Lane, arrived: datetime) -> str | None:
        # A call of the very moment may have been under way when the answer went out.
        if lane.told_at is None or lane.not_before is None or arrived <= lane.told_at:
            return None
        if arrived >= lane.not_before:
            return None
        return f"called at {arrived:%H:%M:%S}, told to wait until {lane.not_before:%H:%M:%S}"
