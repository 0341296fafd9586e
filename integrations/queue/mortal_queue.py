"""A queue within one life: a dead incarnation sends nothing."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.ports import Life, Queue, WakeUp


class MortalQueue:
    """``integrations.ports.Queue`` that asks whether it still lives, before and after."""

    def __init__(self, queue: Queue, life: Life) -> None:
        self._queue, self._life = queue, life

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Send the wake-ups of the living."""
        if not wake_ups:
            return
        self._life.check("before wake-up")
        await self._queue.send(wake_ups)
        self._life.check("after wake-up")

    async def close(self) -> None:
        """Let go of what the queue holds open."""
        await self._queue.close()
