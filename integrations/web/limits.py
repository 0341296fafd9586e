"""How many requests somebody may make: a bucket that fills again, for each session and address.

In each process by itself: it keeps one browser or script from taking a process for itself, it does
not stand in for the firewall in front of it.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

_MOST_KEYS = 10_000


class Limit:
    """At most ``burst`` at once, and ``per_minute`` in the long run, for each key."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self._per_second, self._burst = per_minute / 60, burst
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, now: datetime) -> timedelta | None:
        """None if one more is all right now, otherwise how long to wait."""
        left, at = self._left.pop(key, (float(self._burst), now))
        left = min(self._burst, left + max(0.0, (now - at).total_seconds()) * self._per_second)
        waits = None if left >= 1 else timedelta(seconds=(1 - left) / self._per_second)
        self._left[key] = (left - 1 if waits is None else left, now)
        while len(self._left) > _MOST_KEYS:
            self._left.popitem(last=False)
        return waits
