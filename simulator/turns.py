"""Lets the served tenant attend to its connections between two answers."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class InTurn:
    """Passes requests on one after the other, at most one each time the loop comes round.

    The tenant works an answer out without a pause. A hundred large questions that arrive together
    would otherwise all be answered before the loop looks at a socket again; a client that is
    still shaking hands gives up meanwhile, comes back and has its old question answered, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._turn:
            await asyncio.sleep(0)
        await self._app(scope, receive, send)
