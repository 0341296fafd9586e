"""Wake-ups for whoever does due work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WakeUp:
    """What a queue message carries: a kind of work and its id. The store has the rest."""

    kind: str
    work_id: str


class Queue(Protocol):
    """Wake-ups for consumers. Losing or repeating one changes nothing but the moment."""

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Send after the commit that made the work."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
