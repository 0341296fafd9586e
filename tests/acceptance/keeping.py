"""A booked pair whose life goes on: Tandem's own loop notices, decides and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.workflows.app import App
from integrations.workflows.changes.reconcile import due
from integrations.workflows.looking import sweep, watch
from integrations.workflows.registry import HANDLERS
from integrations.workflows.showing import standings
from integrations.workflows.standing_work import ensure_standing
from tests.support.world import work_until
from tests.workflows.changes.stage import Stage

_LOOKS = frozenset({watch.KIND, sweep.KIND, standings.KIND})


async def live_until(app: App, at: datetime) -> None:
    """Let Tandem's loop work until an instant, its own looks included."""
    await _live(app, at, tuple(HANDLERS))


async def live_unseen_until(app: App, at: datetime) -> None:
    """The same without the hourly looks at calendars, which are most of that work: for a claim
    about what follows from meetings, in a time in which nobody touches a calendar.
    """
    await _live(app, at, [kind for kind in HANDLERS if kind not in _LOOKS])


async def _live(app: App, at: datetime, kinds: Sequence[str]) -> None:
    now = app.clock.now()
    # Nobody else writes to this store: the loop need not ask it every half minute.
    app.options = replace(app.options, poll=timedelta(days=1))
    await app.store.run(lambda tx: ensure_standing(tx, app, now))
    await work_until(app, at, kinds)


async def hint(stage: Stage, app: App) -> None:
    """What a notification does: the pair is due at once."""
    pair_id, now = await stage.pair_id(), app.clock.now()
    await app.store.run(lambda tx: due(tx, pair_id, now))
