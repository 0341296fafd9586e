"""What the served tenant does when many requests arrive together."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from starlette.types import Receive, Scope, Send

from simulator.turns import InTurn

_REQUESTS = 50


async def _nothing() -> Any:
    raise AssertionError("nobody reads here")


async def _nowhere(message: Any) -> None:
    raise AssertionError("nobody writes here")


def test_the_loop_comes_round_between_two_answers_and_the_first_come_is_the_first_served() -> None:
    rounds = 0
    answered: list[tuple[int, int]] = []

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        answered.append((scope["number"], rounds))

    async def count() -> None:
        nonlocal rounds
        while len(answered) < _REQUESTS:
            rounds += 1
            await asyncio.sleep(0)

    async def arrive_together() -> None:
        app = InTurn(work)
        requests = (app({"number": n}, _nothing, _nowhere) for n in range(_REQUESTS))
        await asyncio.wait_for(asyncio.gather(count(), *requests), timeout=30)

    asyncio.run(arrive_together())

    assert [number for number, _ in answered] == list(range(_REQUESTS))
    assert all(later > earlier for (_, earlier), (_, later) in pairwise(answered))


def test_an_answer_that_waits_holds_nobody_up() -> None:
    answered: list[int] = []

    async def arrive() -> None:
        first_may_end = asyncio.Event()

        async def work(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["number"] == 0:
                await first_may_end.wait()
            else:
                first_may_end.set()
            answered.append(scope["number"])

        app = InTurn(work)
        requests = (app({"number": n}, _nothing, _nowhere) for n in range(2))
        await asyncio.wait_for(asyncio.gather(*requests), timeout=30)

    asyncio.run(arrive())

    assert answered == [1, 0]
