"""Measuring how the installation is, for whoever is alerted. Reads the store, names nobody."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from integrations import telemetry
from integrations.blockers import BLOCKERS
from integrations.logs import log_event
from integrations.ports import Transaction
from integrations.records import BlockerScope, Need, WorkState
from integrations.telemetry import Metric
from integrations.workflows.app import App, Options
from integrations.workflows.booking.lost_mailbox import missed_mailboxes
from integrations.workflows.looking import sweep
from integrations.workflows.looking.subscriptions import mailboxes_wanted
from integrations.workflows.operating.checkup import NOT_WELL

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
_EVER = timedelta(days=36500)
_MANY = 10_000


async def measure(app: App) -> None:
    """Log and record how the installation is at this moment."""
    now, options = app.clock.now(), app.options
    measured = await app.store.run(lambda tx: installation(tx, options, now))
    for metric, value in measured.items():
        telemetry.gauge(metric, value)
    fields: dict[str, Any] = {metric.name: round(value, 1) for metric, value in measured.items()}
    log_event(logger, telemetry.MEASURED, **fields)


def installation(tx: Transaction, options: Options, now: datetime) -> Mapping[Metric, float]:
    """What store and options know; a value that cannot be known is left out."""
    mailboxes = [box.id for box in tx.mailboxes.all()]
    live = {sub.mailbox_id for sub in tx.subscriptions.all() if sub.expires_at > now}
    measured: dict[Metric, float] = {
        telemetry.SUBSCRIPTIONS_LIVE: len(live.intersection(mailboxes)),
        telemetry.SUBSCRIPTIONS_MISSING: len(mailboxes_wanted(tx, options) - live),
        telemetry.WORK_POISONED: sum(
            count for (_, state), count in tx.work.count().items() if state == WorkState.POISON
        ),
        telemetry.WORK_LAG: _seconds(_work_lag(tx, now)),
        telemetry.THROTTLED: _seconds(_longest_wait(tx, now)),
        telemetry.NEEDS_UNATTENDED: _seconds(_unattended(tx, now)),
        telemetry.BLOCKERS_STOPPING: _stopping(tx),
        telemetry.CHECKS_NOT_WELL: _not_well(tx),
    }
    if options.credential_ends_at is not None:
        left = options.credential_ends_at - now
        measured[telemetry.CREDENTIAL_EXPIRES] = left / timedelta(days=1)
    age = _sweep_age(tx, missed_mailboxes(tx), now)
    if age is not None:
        measured[telemetry.SWEEP_AGE] = _seconds(age)
    return measured


def _work_lag(tx: Transaction, now: datetime) -> timedelta:
    oldest = tx.work.due(now, limit=1)
    return now - oldest[0].due_at if oldest else timedelta(0)


def _longest_wait(tx: Transaction, now: datetime) -> timedelta:
    ends = (box.not_before for box in tx.mailboxes.all() if box.not_before is not None)
    return max([end - now for end in ends], default=timedelta(0))


def _unattended(tx: Transaction, now: datetime) -> timedelta:
    return max((now - _since(need) for need in tx.needs.open() if _waits(need)), default=_NONE)


def _waits(need: Need) -> bool:
    return need.owner is None and need.outcome is None


def _since(need: Need) -> datetime:
    """Since when nobody has looked at it: put off is looked at."""
    return max(need.raised_at, need.snoozed_until or need.raised_at)


def _stopping(tx: Transaction) -> int:
    wide = (BlockerScope.MAILBOX, BlockerScope.FIRM)
    return sum(BLOCKERS[b.code].stops for scope in wide for b in tx.blockers.open(scope))


def _not_well(tx: Transaction) -> int:
    firm = tx.blockers.open(BlockerScope.FIRM)
    return sum(blocker.data["count"] for blocker in firm if blocker.code == NOT_WELL)


def _sweep_age(tx: Transaction, mailboxes: Collection[str], now: datetime) -> timedelta | None:
    """Of the mailbox that has waited longest; None if there is none to sweep."""
    due = {w.subject: w.due_at for w in tx.work.due(now + _EVER, kinds=(sweep.KIND,), limit=_MANY)}
    last = (sweep.swept_at(tx, mailbox) or due.get(mailbox) for mailbox in mailboxes)
    return max((now - at for at in last if at is not None), default=None)


_NONE = timedelta(0)


def _seconds(length: timedelta) -> float:
    return max(length, _NONE).total_seconds()
