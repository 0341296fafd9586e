"""Picking the regular hour among those that were offered: the first pick is the series."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from integrations.errors import NotPossibleError
from integrations.ports import Transaction
from integrations.records import JournalEntry, Json, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes import reconcile
from integrations.workflows.pair_page.acting import Actor, Outcome, Told, tell
from scheduling.changes.reasons import ChangeCode

_FIRST = frozenset({PairState.ENROLLED, PairState.PLANNED})


class NothingToPickError(NotPossibleError):
    """No hours are offered to this person any more: one was picked, or the time is over."""

    remedy = "Your page shows what is arranged now."

    def __init__(self, pair_id: str) -> None:
        self.pair_id = pair_id
        super().__init__(f"{pair_id} has no hours to pick from")


def offered_to(pair: Pair, person_id: str) -> tuple[Json, ...]:
    """The regular hours this person may pick now, as stored; possibly none."""
    offer = pair.offer
    if offer is None or offer.get("picked") is not None or person_id not in offer["to"]:
        return ()
    return tuple(offer["hours"])


async def pick(app: App, actor: Actor, pair_id: str, hour: int) -> Told:
    """Take one of the offered hours, counted from 0; the pair's dates are built from it.

    Where it does not suit both any more, the outcome is a refusal and other hours are offered.

    Raises:
        NotTheirsError: an assistant asks. NothingToPickError: nothing is offered (any more).
    """
    actor.alone("pick the regular hour")

    def telling(tx: Transaction, pair: Pair, now: datetime) -> None:
        hours = offered_to(pair, actor.person_id)
        if not 0 <= hour < len(hours):
            raise NothingToPickError(pair_id)
        if pair.state not in _FIRST:
            raise NothingToPickError(pair_id)
        offer = {**(pair.offer or {}), "picked": hours[hour]}
        tx.pairs.put(replace(pair, offer=offer))
        tx.journal.write(
            JournalEntry(
                at=now,
                code="hour_picked",
                program_id=pair.program_id,
                pair_id=pair_id,
                data={"by": actor.word, "number": hour + 1},
            )
        )
        reconcile.due(tx, pair_id, now)

    told = await tell(app, pair_id, telling)
    pair = await app.store.run(lambda tx: tx.pairs.require(pair_id))
    is_planned = pair.state is not PairState.ENROLLED or (pair.offer or {}).get("picked")
    if told.outcome is Outcome.DONE and not is_planned:
        return Told(outcome=Outcome.REFUSED, why=ChangeCode.ORDER_HOUR_TAKEN)
    return told
