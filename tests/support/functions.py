"""What the Functions host does with our triggers, over queues in memory."""

from __future__ import annotations

import functools
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from azure.functions import QueueMessage
from azure.functions.timer import TimerRequest

import function_app
from integrations.ports import WakeUp
from integrations.queue.messages import to_message

WORK = "%TANDEM_WORK_QUEUE%"
POISON = "%TANDEM_WORK_QUEUE%-poison"
MOST_DELIVERIES = 5


@dataclass(frozen=True, slots=True)
class Function:
    """A function as the host has indexed it."""

    name: str
    bindings: tuple[dict[str, Any], ...]
    call: Callable[..., Awaitable[None]]


@functools.cache
def indexed() -> dict[str, Function]:
    """Every function of the app by name."""
    functions = {}
    for function in function_app.app.get_functions():
        name = str(function.get_function_name())
        bindings = tuple(json.loads(binding) for binding in function.get_raw_bindings())
        functions[name] = Function(name, bindings, function.get_user_function())
    return functions


async def tick(name: str) -> None:
    """Call a timer trigger."""
    await indexed()[name].call(timer=TimerRequest(past_due=False))


@dataclass(slots=True)
class Waiting:
    """A message in a queue and how often it was handed out."""

    id: str
    body: str | bytes
    deliveries: int = 0


class MemoryQueues:
    """The work queue and its poison queue; also the ``Queue`` that wake-ups are sent to."""

    def __init__(self) -> None:
        self.queues: dict[str, deque[Waiting]] = {WORK: deque(), POISON: deque()}
        self.failures: list[Exception] = []
        self._numbers = count(1)

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Put one message for each."""
        for wake_up in wake_ups:
            self.put(to_message(wake_up))

    async def close(self) -> None:
        """Nothing is held open."""

    def put(self, body: str | bytes, queue: str = WORK) -> str:
        """Put a message and return its id."""
        message = Waiting(f"message-{next(self._numbers)}", body)
        self.queues[queue].append(message)
        return message.id

    async def deliver(self) -> int:
        """Hand out messages until none is left to; return how often a function was called.

        One that fails comes again, and after five times moves to the poison queue. One that fails
        there stays there, as with Azure, and comes again with the next delivery only.
        """
        calls = 0
        while waiting := self.queues[WORK]:
            await self._hand_out(WORK, waiting.popleft())
            calls += 1
        for _ in range(len(poisoned := self.queues[POISON])):
            await self._hand_out(POISON, poisoned.popleft())
            calls += 1
        return calls

    async def _hand_out(self, queue: str, message: Waiting) -> None:
        message.deliveries += 1
        try:
            await triggered_by(queue).call(message=QueueMessage(id=message.id, body=message.body))
        except Exception as error:  # noqa: BLE001 - the host survives whatever a function raises
            self.failures.append(error)
            again = message.deliveries < MOST_DELIVERIES or queue == POISON
            self.queues[queue if again else POISON].append(
                message if again else Waiting(message.id, message.body)
            )


def triggered_by(queue: str) -> Function:
    """The function that this queue triggers."""
    (function,) = (
        f for f in indexed().values() if any(b.get("queueName") == queue for b in f.bindings)
    )
    return function
