"""What a coordinator orders in a simulated life, by the command line's own functions."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import Pair, SessionState
from integrations.workflows.app import App
from integrations.workflows.ordering import orders
from tests.simulation.weather import OrderGiven


def give_order(app: App, tx: Transaction, pair: Pair, order: OrderGiven, now: datetime) -> bool:
    """Write the order down; False if the pair is in no state for it."""
    today = now.date()
    coming = [
        session
        for session in tx.sessions.of_pair(pair.id)
        if session.state is SessionState.SCHEDULED and session.start > now + timedelta(days=1)
    ]
    try:
        if order.kind == "pause":
            first = today + timedelta(days=int(order.draw * 10))
            orders.pause(tx, pair, first, first + timedelta(days=20), now)
        elif order.kind == "resume":
            orders.resume(tx, pair, now)
        elif order.kind == "withdraw":
            orders.withdraw(tx, pair, now)
        elif coming:
            orders.skip(app, tx, coming[0], make_up=order.draw > 0.5)
    except orders.WrongStateError:
        return False
    return True
