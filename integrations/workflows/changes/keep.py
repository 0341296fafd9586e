"""The one place where an act is remembered: what the core says it leaves behind, as records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from integrations.ports import EventSnapshot, Transaction
from integrations.workflows.app import App
from scheduling.changes.acts import Act

NO_EVENTS: Mapping[str, EventSnapshot] = MappingProxyType({})


def remember(
    tx: Transaction,
    app: App,
    pair_id: str,
    act: Act,
    now: datetime,
    *,
    events: Mapping[str, EventSnapshot] = NO_EVENTS,
) -> None:
    """Write down what ``act`` leaves in the store, from the pair as it is in this transaction.

    ``events`` by session id are what the calendar answered: they fill in event ids and etags of
    what was made or moved. The decision's own journal line is not written here.
    """
    raise NotImplementedError
