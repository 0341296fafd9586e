"""Making one date shorter, within what the rule still counts as a meeting."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.errors import Fault, FaultsError
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import Order, Pair, Session
from integrations.workflows.app import App
from integrations.workflows.changes.case import rule_of
from integrations.workflows.ordering import orders
from integrations.workflows.pair_page.acting import Actor, Told, tell, upcoming
from integrations.workflows.rulebook.rules import ProgramRule

_MINUTE = timedelta(minutes=1)


def shorter_lengths(rule: ProgramRule, session: Session) -> tuple[int, ...]:
    """Minutes that the date may be cut down to, longest first; possibly none.

    None is below what counts as held: nobody is to find out afterwards that their meeting does not.
    """
    present = (session.end - session.start) // _MINUTE
    step, least = rule.cadence.slot_step_minutes, rule.attendance.held_minutes
    return tuple(n for n in range(present - step, 0, -step) if n >= least)


async def shorten(app: App, actor: Actor, pair_id: str, session_id: str, minutes: int) -> Told:
    """Let the date end earlier; it begins when it did. The two are sent an update.

    Raises:
        DateIsOverError: it is not to come any more. FaultsError: it cannot be that long.
    """

    def telling(tx: Transaction, pair: Pair, now: datetime) -> Order:
        session = upcoming(tx, pair, session_id, now)
        allowed = shorter_lengths(rule_of(tx, pair), session)
        if minutes not in allowed:
            raise FaultsError([Fault("minutes", N_("one of the lengths shown"), str(minutes))])
        length = timedelta(minutes=minutes)
        return orders.move(app, tx, session, session.start, actor.word, length=length)

    return await tell(app, pair_id, telling)
