"""Swapping the roles of a pair from a date on; who led what before stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from integrations.days import require_near
from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import OVER, JournalEntry, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes.case import load_pair
from integrations.workflows.messages.enqueue import Notice, enqueue
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.roles import mentor_on

SWAPPED = "roles_swapped"


def swap_roles(
    app: App, tx: Transaction, pair: Pair, first: date, *, by: str = orders.COORDINATOR
) -> Pair:
    """Swap the two from a date on; the same date again takes the swap back.

    Both are told who leads from then on, if they are in a series. Nothing is written to a
    calendar: an invitation is written once.

    Raises:
        WrongStateError: the pair is over.
        FaultsError: the date has passed, so that who led what would change after the fact, or
            lies too far ahead.
    """
    now = app.clock.now()
    if pair.state in OVER:
        raise orders.WrongStateError(pair.id, pair.state, N_("swap roles"))
    today = now.astimezone(orders.zone_of(tx, pair)).date()
    if first < today:
        raise FaultsError(
            [Fault("from", gettext("a date from %(day)s on", day=today), str(first), today)],
            remedy=N_("What is past stays: who led what is on record."),
        )
    require_near("from", first, today)
    swaps = set(pair.swaps) ^ {first.isoformat()}
    changed = replace(pair, swaps=tuple(sorted(swaps)))
    tx.pairs.put(changed)
    mentor = mentor_on(changed, first)
    tx.journal.write(
        JournalEntry(
            at=now,
            code=SWAPPED,
            program_id=pair.program_id,
            pair_id=pair.id,
            data={"by": by, "from": first.isoformat(), "mentor": mentor},
        )
    )
    if pair.state in (PairState.BOOKED, PairState.PAUSED) and _is_news(tx, pair, first):
        _tell_both(app, tx, changed, first, now)
    return changed


def _is_news(tx: Transaction, pair: Pair, first: date) -> bool:
    """A swap is; that it was taken back is news to whoever had heard of it alone."""
    if first.isoformat() not in pair.swaps:
        return True
    return any(
        (row.purpose, row.data.get("from"), row.state) == (SWAPPED, first.isoformat(), "sent")
        for row in tx.outbox.of_pair(pair.id)
    )


def _tell_both(app: App, tx: Transaction, pair: Pair, first: date, now: datetime) -> None:
    case = load_pair(tx, pair.id, default_zone=app.options.zone)
    facts = {"from": first.isoformat(), "mentor": mentor_on(pair, first)}
    # A swap that is taken back and made again is told again: the instant is part of its name.
    about = f"{pair.id}@{first}>{facts['mentor']}@{now:%Y%m%dT%H%MZ}"
    for person in case.people:
        enqueue(tx, case, Notice(SWAPPED, person.id, about, facts), now)
