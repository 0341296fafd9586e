"""Leaving a date out, pausing and going on, as one of the two tells it."""

from __future__ import annotations

from datetime import date, datetime

from integrations.ports import Transaction
from integrations.records import Order, Pair
from integrations.workflows.app import App
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.orders import zone_of
from integrations.workflows.pair_page.acting import Actor, Told, tell, upcoming


async def skip(app: App, actor: Actor, pair_id: str, session_id: str, *, make_up: bool) -> Told:
    """Leave one date out, to be made up or not. Raises DateIsOverError."""

    def telling(tx: Transaction, pair: Pair, now: datetime) -> Order:
        session = upcoming(tx, pair, session_id, now)
        return orders.skip(app, tx, session, make_up=make_up, by=actor.word)

    return await tell(app, pair_id, telling)


async def pause(app: App, actor: Actor, pair_id: str, last: date) -> Told:
    """Let the pair rest from today to ``last``, included; planning resumes by itself.

    Raises:
        NotTheirsError: an assistant asks.
        FaultsError: the date has passed, or lies too far ahead.
        WrongStateError: the pair is not booked.
    """
    actor.alone("pause")

    def telling(tx: Transaction, pair: Pair, now: datetime) -> None:
        today = now.astimezone(zone_of(tx, pair)).date()
        orders.pause(tx, pair, today, last, now, actor.word)

    return await tell(app, pair_id, telling)


async def resume(app: App, actor: Actor, pair_id: str) -> Told:
    """End the pause today. Raises NotTheirsError, WrongStateError."""
    actor.alone("resume")
    return await tell(app, pair_id, lambda tx, pair, now: orders.resume(tx, pair, now, actor.word))
