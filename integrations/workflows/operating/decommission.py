"""Taking Tandem away: dates end or stay, subscriptions end, and nothing is ever booked again.

The store remembers what was chosen before anything is done, and every step can be repeated: killed
on the way, it goes on where it was when it is called again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from integrations.errors import IntegrationError, NotPossibleError
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import OVER, JournalEntry, Pair, ProgramState, SessionState
from integrations.workflows.app import App
from integrations.workflows.booking import check_ins
from integrations.workflows.changes import reconcile
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.mails_caused import mails_caused
from integrations.workflows.telling.outbox import KIND as SEND_MAILS
from integrations.writing import DECOMMISSIONED, STOPPED, SWITCH

ENDING = (reconcile.KIND, check_ins.KIND, SEND_MAILS)
"""Kinds of work by which dates end."""
_BY = "decommission"


class ChosenOtherwiseError(NotPossibleError):
    """It was begun with the other choice about dates to come."""

    remedy = N_("Go on with what was chosen at first: --end-dates or --leave-dates.")

    def __init__(self, ends_dates: bool) -> None:
        super().__init__(f"dates to come were to be {'ended' if ends_dates else 'left'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is there still. ``dates`` stand in calendars; ``writes`` are begun and not settled."""

    pairs: int
    dates: int
    writes: int
    mails_waiting: int
    subscriptions: int

    @property
    def is_nothing_to_end(self) -> bool:
        """Whether nothing more can be ended or sent."""
        return not (self.dates or self.writes or self.mails_waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecommissionPlan:
    """What taking Tandem away would do: ``mails`` go out, ``left`` is there now.

    ``is_begun`` says that somebody has confirmed it already.
    """

    ends_dates: bool
    is_begun: bool
    mails: int
    left: Left


async def plan_decommission(app: App, *, ends_dates: bool) -> DecommissionPlan:
    """What it would do; nothing is changed.

    Raises:
        ChosenOtherwiseError: it was begun with the other choice.
        GraphError: subscriptions cannot be listed.
    """
    begun = await app.store.run(_chosen)
    if begun not in (None, ends_dates):
        raise ChosenOtherwiseError(not ends_dates)
    mails = 0
    if ends_dates:
        for pair_id in await app.store.run(_living):
            caused = await mails_caused(app, pair_id, _withdraw, reads=False)
            mails += len(caused.mails)
    return DecommissionPlan(
        ends_dates=ends_dates, is_begun=begun is not None, mails=mails, left=await left_of(app)
    )


async def begin(app: App, *, ends_dates: bool) -> None:
    """Mark the store, drop what waits to be sent, and order the pairs to end if they are to.

    From the mark on no event and no subscription is made any more, from whatever process. Where
    dates are left, nothing at all is written to Microsoft 365 but the end of subscriptions.
    """

    def mark(tx: Transaction) -> None:
        if _chosen(tx) is not None:
            return
        now = app.clock.now()
        told = {"at": now.isoformat(), "ends_dates": ends_dates}
        tx.switches.set(DECOMMISSIONED, json.dumps(told))
        tx.journal.write(JournalEntry(at=now, code="decommission_begun", data=told))
        for mail in tx.outbox.waiting([pair.id for pair in tx.pairs.all()]):
            tx.outbox.drop(mail, "decommissioned")

    def end_one(tx: Transaction, pair_id: str) -> None:
        orders.withdraw(tx, tx.pairs.require(pair_id), app.clock.now(), _BY)

    await app.store.run(mark)
    if ends_dates:
        for pair_id in await app.store.run(_living):
            await app.store.run(partial(end_one, pair_id=pair_id))
    app.woken.set()


async def end_subscriptions(app: App) -> int:
    """End every subscription of this app; how many there were."""
    live = await app.graph.subscriptions.all()
    for one in live:
        await app.graph.subscriptions.delete(one.id)

    def forget(tx: Transaction) -> None:
        for stored in tx.subscriptions.all():
            tx.subscriptions.remove(stored.id)

    await app.store.run(forget)
    return len(live)


async def finish(app: App) -> Left:
    """Close the programs and stop all writing for good, if nothing is left that could be ended."""
    left = await left_of(app)
    ends_dates = await app.store.run(_chosen)

    def close(tx: Transaction) -> None:
        for program in tx.programs.all():
            tx.programs.put(replace(program, state=ProgramState.CLOSED))
        if tx.switches.get(SWITCH) != STOPPED:
            tx.switches.set(SWITCH, STOPPED)
            tx.journal.write(JournalEntry(at=app.clock.now(), code="decommissioned"))

    if ends_dates is False or (ends_dates and left.is_nothing_to_end):
        await app.store.run(close)
    return left


async def left_of(app: App) -> Left:
    """What is there still, in the store and among Graph's subscriptions."""
    now = app.clock.now()

    def look(tx: Transaction) -> Left:
        pairs = [pair.id for pair in tx.pairs.all()]
        dates = [
            session
            for some in tx.sessions.of_pairs(pairs).values()
            for session in some
            if session.state is SessionState.SCHEDULED and session.start > now
        ]
        return Left(
            pairs=len({session.pair_id for session in dates}),
            dates=len(dates) + len(tx.check_ins.ahead(now)),
            writes=len(tx.intents.open()),
            mails_waiting=len(tx.outbox.waiting(pairs)),
            subscriptions=0,
        )

    left = await app.store.run(look)
    try:
        live = await app.graph.subscriptions.all()
    except IntegrationError:
        live = []
    return replace(left, subscriptions=len(live))


def revoking_commands(client_id: str, mailboxes: Sequence[str]) -> list[str]:
    """What IT runs to take Tandem's rights away, one command a line: the scripts that granted them.

    ``GROUP`` stands for the coordinators' group, which Tandem does not know.
    """
    return [
        "# in the folder infra/permissions of this version, in PowerShell",
        f"./grant-teams.ps1 -ClientId {client_id} -ProgramMailbox {', '.join(mailboxes)} -Revoke",
        "Connect-MgGraph -NoWelcome -Scopes Application.Read.All",
        f"$principal = Get-MgServicePrincipal -Filter \"appId eq '{client_id}'\"",
        "./grant-exchange.ps1 -ServicePrincipalObjectId $principal.Id -Revoke",
        *(
            f"./prepare-mailbox.ps1 -ProgramMailbox {address} -CoordinatorGroup GROUP -Revoke"
            for address in mailboxes
        ),
        "./register-app.ps1 -Revoke",
    ]


def _withdraw(_: App, tx: Transaction, pair: Pair, now: datetime) -> None:
    orders.withdraw(tx, pair, now, _BY)


def _living(tx: Transaction) -> list[str]:
    return [pair.id for pair in tx.pairs.all() if pair.state not in OVER and not pair.withdrawn]


def _chosen(tx: Transaction) -> bool | None:
    """Whether dates were chosen to end, None if nothing was begun."""
    kept = tx.switches.get(DECOMMISSIONED)
    return None if kept is None else bool(json.loads(kept)["ends_dates"])
