"""Picking the regular hour among those that were offered: the first pick is the series.

Before the first booking the pair's dates are built from it. Of a booked pair the dates to come are
moved to it: the series ends after the last date that stays, and another one is booked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Json, Order, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes import reconcile
from integrations.workflows.changes.views import slot_of
from integrations.workflows.ordering.orders import change_hour
from integrations.workflows.pair_page.acting import Actor, Outcome, Told, tell
from scheduling.changes.reasons import ChangeCode

_FIRST = frozenset({PairState.ENROLLED, PairState.PLANNED})
_BOOKED = frozenset({PairState.BOOKED, PairState.PAUSED})


class NothingToPickError(NotPossibleError):
    """No hours are offered to this person any more: one was picked, or the time is over."""

    remedy = N_("Your page shows what is arranged now.")

    def __init__(self, pair_id: str) -> None:
        self.pair_id = pair_id
        super().__init__(gettext("there are no hours to pick from any more"))


def offered_to(pair: Pair, person_id: str) -> tuple[Json, ...]:
    """The regular hours this person may pick now, as stored; possibly none."""
    offer = pair.offer
    if offer is None or offer.get("picked") is not None or person_id not in offer["to"]:
        return ()
    return tuple(offer["hours"])


def may_pick(tx: Transaction, pair: Pair) -> bool:
    """Whether a click takes an offered hour; of somebody outside the firm a coordinator does it.

    Their calendar cannot be read, so nothing could say that the dates to come suit them.
    """
    if pair.state in _FIRST:
        return True
    people = tx.participants.many([pair.mentor_id, pair.mentee_id]).values()
    return pair.state in _BOOKED and not any(person.guest for person in people)


async def pick(app: App, actor: Actor, pair_id: str, hour: int) -> Told:
    """Take one of the offered hours, counted from 0; the pair's dates are built from it.

    Where it does not suit both any more, the outcome is a refusal. Before the first booking other
    hours are offered then; of a booked pair the others of those offered are left.

    Raises:
        NotTheirsError: an assistant asks. NothingToPickError: nothing is offered (any more).
    """
    actor.alone(N_("pick the regular hour"))

    def telling(tx: Transaction, pair: Pair, now: datetime) -> Order | None:
        hours = offered_to(pair, actor.person_id)
        if not 0 <= hour < len(hours):
            raise NothingToPickError(pair_id)
        if not may_pick(tx, pair):
            raise NothingToPickError(pair_id)
        order = None
        if pair.state in _BOOKED and (slot := slot_of(hours[hour])) is not None:
            order = change_hour(app, tx, pair, slot, actor.word)
        tx.pairs.put(replace(pair, offer={**(pair.offer or {}), "picked": hours[hour]}))
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
        return order

    told = await tell(app, pair_id, telling)
    if told.outcome is Outcome.REFUSED:
        await app.store.run(lambda tx: _take_out(tx, pair_id))
    pair = await app.store.run(lambda tx: tx.pairs.require(pair_id))
    is_planned = pair.state is not PairState.ENROLLED or (pair.offer or {}).get("picked")
    if told.outcome is Outcome.DONE and not is_planned:
        return Told(outcome=Outcome.REFUSED, why=ChangeCode.ORDER_HOUR_TAKEN)
    return told


def _take_out(tx: Transaction, pair_id: str) -> None:
    """Leave the other hours to be picked from; the last one gone, the offer is over."""
    pair = tx.pairs.require(pair_id)
    offer = pair.offer
    if pair.state not in _BOOKED or offer is None or offer.get("picked") is None:
        return
    left = [hour for hour in offer["hours"] if hour != offer["picked"]]
    again = {**offer, "hours": left, "picked": None} if left else None
    tx.pairs.put(replace(pair, offer=again))
