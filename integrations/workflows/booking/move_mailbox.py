"""Moving the pairs of one program mailbox to another: shown first, then ordered pair by pair.

Each pair is moved by its own reconciliation: its dates to come end in the old calendar, where that
can still be written to, and are booked anew from the other mailbox at the same hours. So a death
on the way leaves some pairs moved and the others still to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from integrations.errors import NotPossibleError, RefusedError
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import Mailbox, Order, Pair, PairState
from integrations.workflows.acting import drop_in
from integrations.workflows.app import App
from integrations.workflows.booking import book
from integrations.workflows.booking.lost_mailbox import pairs_of, settle
from integrations.workflows.changes import reconcile
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.mails_caused import Telling, mails_caused
from integrations.workflows.telling.outbox import KIND as SEND_MAILS
from scheduling.changes.views import OrderKind
from scheduling.timespan import TimeSpan

MOVING = (reconcile.KIND, book.KIND, SEND_MAILS)
"""Kinds of work by which what was ordered is done."""
_UNBOOKED = frozenset({PairState.ENROLLED, PairState.PLANNED})


class NoSuchMailboxError(NotPossibleError):
    """No program mailbox goes by this address, or not for this purpose."""

    remedy = N_(
        "Name program mailboxes by address; the new one has to be in TANDEM_PROGRAM_MAILBOXES."
    )

    def __init__(self, address: str, why: str) -> None:
        self.address, self.why = address, why
        super().__init__(f"{address}: {why}")


class OtherNumberError(NotPossibleError):
    """The number of mails that was agreed to is not the one it would be now."""

    remedy = N_("Look at the dry run again, and repeat the number it names.")

    def __init__(self, said: int, now: int) -> None:
        self.said, self.now = said, now
        super().__init__(f"{said} mails were agreed to; it would be {now}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """What moving would do.

    ``booked`` pairs get their dates to come booked anew, ``unbooked`` ones are only organized from
    elsewhere, ``waiting`` ones follow once they are booked or their pause is over. ``mails`` is how
    many go out in all. ``reachable``: the old dates can be taken out of the calendars.
    """

    source: Mailbox
    target: Mailbox
    reachable: bool
    booked: Sequence[str]
    unbooked: Sequence[str]
    waiting: Sequence[str]
    mails: int


async def plan_move(app: App, source: str, target: str) -> MovePlan:
    """What moving the pairs of ``source`` to ``target`` (addresses) would do; nothing is changed.

    Raises:
        NoSuchMailboxError, GraphError
    """
    old, new = await app.store.run(lambda tx: (_known(tx, source), _known(tx, target)))
    if not new.open_to_new or old.id == new.id:
        raise NoSuchMailboxError(target, "not open to other pairs")
    now = app.clock.now()
    # The new one has to work before anything is ended for its sake.
    await app.graph.calendar.view(new.id, TimeSpan(now, now + timedelta(days=1)))
    reachable = await _is_reachable(app, old)
    pairs = await app.store.run(lambda tx: pairs_of(tx, old.id))
    kinds = {p.id: await app.store.run(partial(_kind, pair_id=p.id)) for p in pairs}
    telling = _telling(new.id, out_of_reach=not reachable)
    booked = [pair_id for pair_id, kind in kinds.items() if kind == "booked"]
    mails = 0
    for pair_id in booked:
        mails += len((await mails_caused(app, pair_id, telling, reads=False)).mails)
    return MovePlan(
        source=old,
        target=new,
        reachable=reachable,
        booked=booked,
        unbooked=[pair_id for pair_id, kind in kinds.items() if kind == "unbooked"],
        waiting=[pair_id for pair_id, kind in kinds.items() if kind == "waiting"],
        mails=mails,
    )


async def move_pairs(app: App, plan: MovePlan) -> None:
    """Order it for every pair; repeating it orders nothing twice."""
    now = app.clock.now()

    def one(tx: Transaction, pair_id: str) -> None:
        pair = tx.pairs.require(pair_id)
        if pair.mailbox_id == plan.source.id:
            _move_one(app, tx, pair, plan)

    for pair_id in (*plan.booked, *plan.unbooked, *plan.waiting):
        await app.store.run(partial(one, pair_id=pair_id))

    def end(tx: Transaction) -> None:
        tx.mailboxes.put(replace(tx.mailboxes.require(plan.source.id), open_to_new=False))
        if tx.outbox.reroute(plan.source.id, plan.target.id):
            tx.work.schedule(SEND_MAILS, plan.target.id, now)
        settle(tx, plan.source.id, now, "mailbox_moved")

    await app.store.run(end)
    app.woken.set()


def _move_one(app: App, tx: Transaction, pair: Pair, plan: MovePlan) -> None:
    if _kind(tx, pair.id) == "unbooked":
        tx.pairs.put(replace(pair, mailbox_id=plan.target.id))
        return
    if any(_is_move(order) for order in tx.orders.open(pair.id)):
        return
    if not plan.reachable:
        # What was meant for a calendar that takes nothing any more can never be settled.
        for intent in tx.intents.open(pair.id):
            drop_in(tx, intent, "mailbox_gone", app.clock.now())
    _telling(plan.target.id, out_of_reach=not plan.reachable)(app, tx, pair, app.clock.now())


def _telling(mailbox_id: str, *, out_of_reach: bool) -> Telling:
    def tell(app: App, tx: Transaction, pair: Pair, _now: datetime) -> Order:
        return orders.change_organizer(app, tx, pair, mailbox_id, out_of_reach=out_of_reach)

    return tell


def _is_move(order: Order) -> bool:
    return order.kind == OrderKind.CHANGE_ORGANIZER


def _kind(tx: Transaction, pair_id: str) -> str:
    pair = tx.pairs.require(pair_id)
    if (
        pair.state in _UNBOOKED
        and not tx.intents.open(pair_id)
        and not tx.bookings.of_pair(pair_id)
    ):
        return "unbooked"
    return "booked" if pair.state is PairState.BOOKED else "waiting"


def _known(tx: Transaction, address: str) -> Mailbox:
    for mailbox in tx.mailboxes.all():
        if mailbox.address == address.strip().lower():
            return mailbox
    raise NoSuchMailboxError(address, "no program mailbox of Tandem's")


async def _is_reachable(app: App, mailbox: Mailbox) -> bool:
    now = app.clock.now()
    try:
        await app.graph.calendar.view(mailbox.id, TimeSpan(now, now + timedelta(days=1)))
    except RefusedError:
        return False
    return True
