"""*Needs you*: what Tandem hands over to a coordinator, and what becomes of each row.

Rows are raised and closed by decisions (see ``changes.keep``); here they are read, put off, noted,
taken and done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Need, NeedNote, Pair
from integrations.workflows.app import App
from integrations.workflows.telling.need_lines import NeedLine, lines_of
from scheduling.changes.acts import RaiseNeed, ReadyAct
from scheduling.changes.decide import CLOSE_THEMSELVES
from scheduling.changes.reasons import ChangeCode

COORDINATOR = "coordinator"
"""Who did it, where nobody is signed in."""
ORDERS: Mapping[ReadyAct, str] = MappingProxyType(
    {
        ReadyAct.OFFER_HOURS: "offer_hours",
        ReadyAct.LEAVE_OUT: "skip",
        ReadyAct.PAUSE: "pause",
        ReadyAct.END: "withdraw",
        ReadyAct.BOOK_AGAIN: "book_again",
        ReadyAct.RECORD_MEETING: "record_meeting",
        ReadyAct.LOWER_MINIMUM: "lower_minimum",
        ReadyAct.PAIR_AGAIN: "pair_again",
        ReadyAct.CONFIRM_IDENTITY: "confirm_identity",
    }
)
"""Which order carries out a ready act. ``TALK`` has none: whoever talks to them takes the row."""


class NoSuchNeedError(NotPossibleError):
    """There is no open row with this id."""

    remedy = N_("See `tandem needs-you` for the rows that are open.")

    def __init__(self, need_id: str) -> None:
        self.need_id = need_id
        super().__init__(gettext("no open row %(row)s", row=need_id))


class NotReadyError(NotPossibleError):
    """The row does not offer this act; ``ready`` are those it does."""

    remedy = N_("Choose one of the acts that are ready.")

    def __init__(self, need_id: str, act: ReadyAct, ready: Sequence[str]) -> None:
        self.need_id, self.act, self.ready = need_id, act, tuple(ready)
        super().__init__(
            f"row {need_id} does not offer {act}, only {', '.join(ready) or 'nothing'}"
        )


def open_needs(
    tx: Transaction, now: datetime, program_id: str | None = None, *, default_zone: str = "UTC"
) -> list[NeedLine]:
    """Rows that wait for somebody, oldest first, those put off included; of one program or all."""
    waiting = [need for need in tx.needs.open() if need.outcome is None]
    return lines_of(tx, waiting, now, program_id, default_zone)


def find_need(tx: Transaction, name: str) -> Need:
    """The open row whose id begins so, if there is just one. Raises NoSuchNeedError."""
    named = [need for need in tx.needs.open() if need.id.startswith(name)]
    if len(named) != 1 or not name:
        raise NoSuchNeedError(name)
    return named[0]


def need_line(
    tx: Transaction, need_id: str, now: datetime, *, default_zone: str = "UTC"
) -> NeedLine:
    """One open row in words. Raises NoSuchNeedError."""
    return lines_of(tx, [_open(tx, need_id)], now, None, default_zone)[0]


def hand_over(
    tx: Transaction, app: App, pair: Pair, row: RaiseNeed, person_id: str, now: datetime
) -> None:
    """Put a row that one of the two brought about into the list, unless it stands there."""
    if any(need.key == row.key for need in tx.needs.open([pair.id])):
        return
    tx.needs.raise_once(
        Need(
            id=UUID(int=app.chance.getrandbits(128)).hex,
            key=row.key,
            pair_id=pair.id,
            code=row.code.value,
            raised_at=now,
            ready=tuple(act.value for act in row.ready),
            data={"person": person_id, "about": row.about, "spans": []},
        )
    )
    tx.journal.write(
        JournalEntry(
            at=now,
            code=row.code.value,
            program_id=pair.program_id,
            pair_id=pair.id,
            person_id=person_id,
            data={"person": person_id, "by": person_id},
        )
    )


# --- what a coordinator does with a row --------------------------------------------------


def snooze(
    tx: Transaction, need_id: str, until: datetime, now: datetime, *, by: str = COORDINATOR
) -> Need:
    """Put a row off: it is in no list before ``until``. Raises NoSuchNeedError."""
    return _changed(tx, need_id, "need_snoozed", now, by, snoozed_until=until)


def note(tx: Transaction, need_id: str, text: str, now: datetime, *, by: str = COORDINATOR) -> None:
    """Keep a coordinator's own words with a row; empty ones go away. Raises NoSuchNeedError."""
    need = _open(tx, need_id)
    if text.strip():
        tx.need_notes.put(NeedNote(need_id=need_id, text=text.strip()))
    else:
        tx.need_notes.remove(need_id)
    _journal(tx, need, "need_noted", now, by)


def take(tx: Transaction, need_id: str, owner: str, now: datetime) -> Need:
    """Somebody looks after it: about a declined series nothing goes out by itself any more.

    Raises NoSuchNeedError.
    """
    _hold_offers(tx, _open(tx, need_id))
    return _changed(tx, need_id, "need_taken", now, owner, owner=owner)


def done(
    tx: Transaction,
    need_id: str,
    now: datetime,
    outcome: str = "done",
    *,
    by: str = COORDINATOR,
) -> Need:
    """Nobody has to do anything about it any more. Raises NoSuchNeedError.

    A row whose cause still stands would be raised again at the next look; it is kept out of
    sight until the cause is gone, and closes then.
    """
    need = _open(tx, need_id)
    _hold_offers(tx, need)
    closes_itself = ChangeCode(need.code) in CLOSE_THEMSELVES
    return _changed(
        tx, need_id, "need_done", now, by, outcome=outcome, closed_at=None if closes_itself else now
    )


CarryOut = Callable[[Transaction, Need, str], None]
"""Gives an order by its name (see ``ORDERS``) for the pair and session of a row."""


def act(
    tx: Transaction, need_id: str, ready: ReadyAct, now: datetime, *, by: str, carry_out: CarryOut
) -> Need:
    """Do what the row offers, in this transaction, and have the row done.

    Raises:
        NoSuchNeedError, NotReadyError: nothing was done.
    """
    need = _open(tx, need_id)
    if ready.value not in need.ready:
        raise NotReadyError(need_id, ready, need.ready)
    order = ORDERS.get(ready)
    if order is None:
        return take(tx, need_id, by, now)
    carry_out(tx, need, order)
    return done(tx, need_id, now, outcome=ready.value, by=by)


def _open(tx: Transaction, need_id: str) -> Need:
    need = tx.needs.get(need_id)
    if need is None or need.closed_at is not None or need.outcome is not None:
        raise NoSuchNeedError(need_id)
    return need


def _changed(
    tx: Transaction, need_id: str, code: str, now: datetime, by: str, **changes: Any
) -> Need:
    need = replace(_open(tx, need_id), **changes)
    tx.needs.put(need)
    _journal(tx, need, code, now, by)
    return need


def _journal(tx: Transaction, need: Need, code: str, now: datetime, by: str) -> None:
    tx.journal.write(
        JournalEntry(
            at=now,
            code=code,
            pair_id=need.pair_id,
            session_id=need.session_id,
            data={"need": need.id, "about": need.code, "outcome": need.outcome, "by": by},
        )
    )


def _hold_offers(tx: Transaction, need: Need) -> None:
    """A declined series that a coordinator looks after is not answered with other hours."""
    if need.code != ChangeCode.SERIES_DECLINED:
        return
    pair = tx.pairs.require(need.pair_id)
    declines = tuple(
        {**decline, "handled": True} if decline["person"] == need.data.get("about") else decline
        for decline in pair.series_declines
    )
    tx.pairs.put(replace(pair, series_declines=declines))
