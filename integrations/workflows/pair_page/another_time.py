"""Another time for one date: hours that suit both, as their calendars are at this moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from integrations.errors import GraphError, NoPermitError, NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import Order, Pair
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import read_calendar, series_view
from integrations.workflows.changes.case import Case, load_case
from integrations.workflows.changes.known_time import horizon_of, read_near_time, read_time
from integrations.workflows.changes.views import pair_view
from integrations.workflows.ordering import orders
from integrations.workflows.pair_page.acting import Actor, Told, tell, upcoming
from scheduling.changes.search import other_hours
from scheduling.changes.situation import Situation
from scheduling.errors import TimeNotReadError
from scheduling.timespan import TimeSpan

T = TypeVar("T")


class CannotBeReadError(NotPossibleError):
    """One of the two calendars cannot be read now, so no hour can be said to suit both."""

    remedy = N_("Please try again in a while, or propose a new time in your calendar.")

    def __init__(self, pair_id: str) -> None:
        self.pair_id = pair_id
        super().__init__(gettext("a calendar cannot be read now"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherHours:
    """Hours that suited both at ``read_at``, best first, none of them the present one."""

    case: Case
    session_id: str
    spans: tuple[TimeSpan, ...]
    read_at: datetime


async def hours_for(app: App, pair_id: str, session_id: str) -> OtherHours:
    """Up to five hours within the date's own window that suit both, read while somebody waits.

    Raises:
        DateIsOverError: there is nothing to move any more.
        CannotBeReadError: a calendar could not be read: what is unknown is not free.
    """
    now = app.clock.now()

    def load(tx: Transaction) -> Case:
        upcoming(tx, tx.pairs.require(pair_id), session_id, now)
        return load_case(tx, pair_id, now, default_zone=app.options.zone)

    case = await app.store.run(load)
    session = case.session(session_id)
    if session.generation != case.pair.generation:
        return OtherHours(case=case, session_id=session_id, spans=(), read_at=now)
    present = TimeSpan(session.start, session.end)
    spans = await ask_with_time(
        app,
        case,
        lambda situation: _found(situation, session.window, present),
    )
    return OtherHours(case=case, session_id=session_id, spans=spans, read_at=now)


async def move_to(app: App, actor: Actor, pair_id: str, session_id: str, start: datetime) -> Told:
    """Move a date to an hour that was shown, if it still suits both; the two are sent an update.

    Raises:
        DateIsOverError: there is nothing to move any more.
    """

    def telling(tx: Transaction, pair: Pair, now: datetime) -> Order:
        session = upcoming(tx, pair, session_id, now)
        return orders.move(app, tx, session, start, actor.word, if_it_suits=True)

    return await tell(app, pair_id, telling)


def _found(situation: Situation, window: int, present: TimeSpan) -> tuple[TimeSpan, ...]:
    if situation.known is None:
        raise CannotBeReadError(situation.pair.id)
    return other_hours(situation, situation.known, window, avoid=[present])


async def ask_with_time(app: App, case: Case, ask: Callable[[Situation], T]) -> T:
    """What the core answers with both people's time, read as far as the question needs it.

    Raises:
        CannotBeReadError: a calendar could not be read.
    """
    now = app.clock.now()
    horizon = horizon_of(case, now)
    try:
        with app.graph.person_waiting():
            reading = await read_calendar(app, case, horizon)
            near = await read_near_time(app, case, reading, horizon)
            shown = series_view(case, reading).series if reading else None
            limits = case.rule.limits
            situation = Situation.at(now, pair_view(case), shown, near.time, limits=limits)
            try:
                return ask(situation)
            except TimeNotReadError:
                whole = await read_time(app, case, reading, horizon)
                return ask(replace(situation, time=whole.time))
    except (GraphError, NoPermitError) as error:
        raise CannotBeReadError(case.pair.id) from error
