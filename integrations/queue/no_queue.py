"""No queue: whoever looks at the due rows finds the work."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.ports import WakeUp


class NoQueue:
    """Sends nothing; the loop without Azure reads the rows themselves."""

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Nothing to send to."""

    async def close(self) -> None:
        """Nothing is held open."""
