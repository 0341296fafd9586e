"""What a row of *Needs you* offers, done at once: orders, and what is on record of meetings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Need, Pair, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance import telling
from integrations.workflows.changes import reconcile
from integrations.workflows.changes.case import rule_of
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.showing.fact_words import fact_in_words
from scheduling.attendance.evidence import Correction, VerdictKind


class NotOrderedHereError(NotPossibleError):
    """Tandem cannot do this yet: somebody does it by hand."""

    remedy = N_("Do it by hand, then close the row with `tandem needs-you ROW --done`.")

    def __init__(self, pair_id: str, order: str) -> None:
        self.pair_id, self.order = pair_id, order
        super().__init__(
            gettext("Tandem cannot do this: %(order)s", order=fact_in_words("order", order))
        )


def carry_out(
    app: App, tx: Transaction, need: Need, order: str, *, until: date | None = None, by: str
) -> None:
    """Give the order a *Needs you* row offers (a value of ``needs.ORDERS``).

    Raises:
        FaultsError: it needs a date it was not given.
        NotOrderedHereError: Tandem cannot do it: somebody does it by hand.
        WrongStateError: the pair is not in a state for it.
    """
    now = app.clock.now()
    pair = tx.pairs.require(need.pair_id)
    if order == "offer_hours":
        session = tx.sessions.get(need.session_id or "")
        if session is not None:
            orders.offer_dates(app, tx, session, by)
        else:
            orders.offer_hours(app, tx, pair, by)
    elif order == "skip":
        orders.skip(app, tx, tx.sessions.require(need.session_id or ""), by=by)
    elif order == "withdraw":
        orders.withdraw(tx, pair, now, by)
    elif order == "book_again":
        orders.book_again(app, tx, pair, by)
    elif order == "pause":
        if until is None:
            raise FaultsError(
                [Fault("until", N_("the last date of the pause"))], remedy=orders.PAUSE_HELP
            )
        orders.pause(tx, pair, now.astimezone(orders.zone_of(tx, pair)).date(), until, now, by)
    elif order in _ON_RECORD:
        _ON_RECORD[order](app, tx, pair, until, by)
    elif order not in _BY_HAND:
        raise NotOrderedHereError(pair.id, order)


def record_meeting(app: App, tx: Transaction, pair: Pair, day: date | None, by: str) -> None:
    """They met: on the day named, else on their last date of which nothing is on record.

    Raises:
        FaultsError: there is no such date.
        NoPastDateError: they had no date on the day named.
    """
    now = app.clock.now()
    if day is not None:
        session = telling.past_session(tx, pair, day, now)
    else:
        found = telling.latest_open_session(tx, pair, now)
        if found is None:
            raise FaultsError(
                [Fault("until", N_("the day on which they met"))],
                remedy=N_("`tandem met PAIR DAY --at HH:MM` records a meeting of any time."),
            )
        session = found
    telling.correct(tx, app, session, Correction(VerdictKind.HELD, None, now), by=by)


def lower_minimum(app: App, tx: Transaction, pair: Pair, day: date | None, by: str) -> None:
    """Ask of this pair no more meetings than can still take place.

    Raises:
        WrongStateError: it has no series, or nothing is asked that it could not reach.
    """
    now = app.clock.now()
    cadence = rule_of(tx, pair).cadence
    sessions = tx.sessions.of_pair(pair.id)
    held = sum(session.held is True for session in sessions)
    to_come = sum(s.state is SessionState.SCHEDULED and s.start > now for s in sessions)
    reachable = max(held + to_come, 1)
    if pair.series is None or cadence.minimum_held is None or cadence.minimum_held <= reachable:
        raise orders.WrongStateError(pair.id, pair.state, N_("need fewer meetings"))
    lowered = ProgramRule(cadence=replace(cadence, minimum_held=reachable))
    own = lowered.to_body()["cadence"]
    tx.pairs.put(replace(pair, series={**pair.series, "cadence": own}))
    tx.journal.write(
        JournalEntry(
            at=now,
            code="minimum_lowered",
            program_id=pair.program_id,
            pair_id=pair.id,
            data={"by": by, "minimum": reachable},
        )
    )
    reconcile.due(tx, pair.id, now)


_ON_RECORD: Mapping[str, Callable[[App, Transaction, Pair, date | None, str], None]] = (
    MappingProxyType({"record_meeting": record_meeting, "lower_minimum": lower_minimum})
)
"""By the order that carries out the act (``needs.ORDERS``)."""

_BY_HAND: Mapping[str, str] = MappingProxyType(
    {"pair_again": "in the next roster", "confirm_identity": "`tandem known-as`"}
)
"""Ready acts that a person does elsewhere: choosing one only closes the row."""
