"""What a coordinator can do at once about a pair with nothing on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from integrations.errors import Fault, FaultsError
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance import telling
from integrations.workflows.changes import reconcile
from integrations.workflows.changes.case import rule_of
from integrations.workflows.ordering.orders import WrongStateError
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import Correction, VerdictKind


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
        raise WrongStateError(pair.id, pair.state, N_("need fewer meetings"))
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


READY: Mapping[str, Callable[[App, Transaction, Pair, date | None, str], None]] = MappingProxyType(
    {"record_meeting": record_meeting, "lower_minimum": lower_minimum}
)
"""By the order that carries out the act (``needs.ORDERS``)."""
