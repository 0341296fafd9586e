"""Who acts on a pair's page, and carrying out here and now what they told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Order, Pair, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.ordering.at_once import reconcile_now
from integrations.workflows.showing.journal_words import ON_BEHALF, instant_of
from integrations.writing import is_stopped
from scheduling.changes.reasons import ChangeCode

_DONE = frozenset(
    {
        ChangeCode.MOVED_BY_ORDER,
        ChangeCode.LEFT_OUT,
        ChangeCode.ORDER_CARRIED_OUT,
        ChangeCode.HOUR_CHANGED,
    }
)
_WAITING = frozenset({ChangeCode.MAIL_HOURS, ChangeCode.MAIL_CAP})


class NotTheirsError(NotPossibleError):
    """An assistant asks for what belongs to the person alone."""

    remedy = N_("The person can do it on the same page.")

    def __init__(self, act: str) -> None:
        self.act = act
        super().__init__(gettext("an assistant cannot do this: %(act)s", act=gettext(act)))


class DateIsOverError(NotPossibleError):
    """The date has begun, or is not in the calendars any more."""

    remedy = N_("Your page shows the dates to come.")

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        super().__init__(gettext("this date is not to come any more"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One of the two, by participant id, or somebody who keeps their calendar."""

    person_id: str
    is_assistant: bool = False

    @property
    def word(self) -> str:
        """How journal and orders name them: the person's id, or that it was done for them."""
        return f"{ON_BEHALF}{self.person_id}" if self.is_assistant else self.person_id

    def alone(self, act: str) -> None:
        """Raise NotTheirsError if this is an assistant."""
        if self.is_assistant:
            raise NotTheirsError(act)


class Outcome(StrEnum):
    """What came of something told."""

    DONE = "done"
    WAITS = "waits"
    """It is kept, and done as soon as it may be."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of it; ``until`` when it goes on if it waits, ``why`` the code of a refusal.

    ``is_stopped`` says that it waits until somebody lets writing go on.
    """

    outcome: Outcome
    until: datetime | None = None
    why: str | None = None
    is_stopped: bool = False


def upcoming(tx: Transaction, pair: Pair, session_id: str, now: datetime) -> Session:
    """The pair's date of this id if it is still to come. Raises DateIsOverError."""
    session = tx.sessions.get(session_id)
    if session is None or session.pair_id != pair.id:
        raise DateIsOverError(session_id)
    if session.state is not SessionState.SCHEDULED or session.start <= now:
        raise DateIsOverError(session_id)
    return session


async def tell(
    app: App, pair_id: str, telling: Callable[[Transaction, Pair, datetime], Order | None]
) -> Told:
    """Keep what is told, reconcile the pair while its teller waits, and say what came of it.

    Raises:
        NotPossibleError, FaultsError: as ``telling``; nothing was kept.
    """

    def keep(tx: Transaction) -> tuple[Order | None, int]:
        last = tx.journal.last_seq()
        return telling(tx, tx.pairs.require(pair_id), app.clock.now()), last

    order, last = await app.store.run(keep)
    with app.graph.person_waiting():
        waits = await reconcile_now(app, pair_id)
    told = await app.store.run(lambda tx: _what_came(tx, pair_id, order, last, waits is not None))
    if told.outcome is not Outcome.WAITS:
        return told
    stopped = app.options.read_only or await app.store.run(is_stopped)
    return replace(told, is_stopped=stopped)


def _what_came(
    tx: Transaction, pair_id: str, order: Order | None, last: int, is_put_off: bool
) -> Told:
    entries = tx.journal.read(pair_id=pair_id, after=last)
    settled = tx.orders.require(order.id) if order is not None else None
    if settled is not None and settled.settled_at is not None:
        is_done = settled.outcome in _DONE
        return Told(outcome=Outcome.DONE if is_done else Outcome.REFUSED, why=settled.outcome)
    until = _waits_until(entries)
    if settled is not None or is_put_off or until is not None:
        return Told(outcome=Outcome.WAITS, until=until)
    return Told(outcome=Outcome.DONE)


def _waits_until(entries: Iterable[JournalEntry]) -> datetime | None:
    said = [entry.data.get("until") for entry in entries if entry.code in _WAITING]
    known = [at for text in said if isinstance(text, str) and (at := instant_of(text))]
    return max(known, default=None)
