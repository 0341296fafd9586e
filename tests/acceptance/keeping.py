"""A booked pair whose life goes on: Tandem's own loop notices, decides and writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from integrations.bootstrap import build_worker
from integrations.workflows.app import App
from integrations.workflows.changes.reconcile import due
from integrations.workflows.standing_work import ensure_standing
from tests.support.world import quietly
from tests.workflows.changes.stage import Stage


async def live_until(app: App, at: datetime) -> None:
    """Let Tandem's loop work until an instant, its own looks included."""
    now = app.clock.now()
    # Nobody else writes to this store: the loop need not ask it every half minute.
    app.options = replace(app.options, poll=timedelta(days=1))
    await app.store.run(lambda tx: ensure_standing(tx, app, now))
    await build_worker(app).run(until_quiet=False, progress=quietly, until=at)


async def hint(stage: Stage, app: App) -> None:
    """What a notification does: the pair is due at once."""
    pair_id, now = await stage.pair_id(), app.clock.now()
    await app.store.run(lambda tx: due(tx, pair_id, now))
