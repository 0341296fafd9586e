"""Keeping a claim while something long is done that writes nothing to Graph."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from integrations.errors import StoreError
from integrations.workflows.acting import Claim
from integrations.workflows.app import App


@asynccontextmanager
async def held(app: App, claim: Claim) -> AsyncIterator[None]:
    """Prolong the claim again and again until the block ends, so that nobody begins it anew."""
    beating = asyncio.create_task(_beat(app, claim))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(app: App, claim: Claim) -> None:
    is_ours = True
    while is_ours:
        await app.clock.sleep(app.options.claim_length / 3)
        until = app.clock.now() + app.options.claim_length
        with suppress(StoreError):
            is_ours = await app.store.run(
                lambda tx, until=until: tx.work.extend(claim.work_id, claim.holder, until)  # type: ignore[misc]
            )
