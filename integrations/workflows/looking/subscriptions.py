"""Keeping subscriptions to changes alive: one for each program mailbox in use.

Graph's list is the truth and the store a belief: what is listed and not believed is ended, what is
believed and not listed is made anew. So no write here needs an intent. An answer that was lost
leaves a stranger in the list, whose secret nobody knows, and the next look ends it.

Everything works without subscriptions; then changes are found by sweeps alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.errors import (
    DuplicateError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
)
from integrations.logs import log_event
from integrations.ports import LiveSubscription, Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    JournalEntry,
    PairState,
    ProgramState,
    Subscription,
)
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App, Options
from integrations.workflows.looking import sweep
from integrations.writing import is_decommissioned

logger = logging.getLogger(__name__)

KIND = "keep_subscriptions"
LIFE = timedelta(days=6)
"""Graph grants 10,080 minutes at most."""
RENEWED_AFTER = timedelta(days=1)
LOOK_EVERY = timedelta(hours=6)
"""How late a mailbox that comes into use is subscribed to; sweeps find its changes until then."""
TRY_AGAIN = timedelta(minutes=10)
LOOK_SOON = timedelta(seconds=30)
"""After a lost answer, until which what was made shows in the list."""
NO_SUBSCRIPTION = "no_subscription"
_IN_USE = (PairState.BOOKING, PairState.BOOKED, PairState.PAUSED)


@dataclass(frozen=True, slots=True)
class _Belief:
    """What the store says: the mailboxes to be subscribed to, and what there is."""

    wanted: frozenset[str]
    stored: Sequence[Subscription]

    def is_well(self, now: datetime) -> bool:
        """Whether each wanted mailbox has one, renewed lately, and no other has any."""
        of = [subscription.mailbox_id for subscription in self.stored]
        fresh = all(s.expires_at > now + LIFE - RENEWED_AFTER for s in self.stored)
        return fresh and len(of) == len(self.wanted) and set(of) == self.wanted


async def keep_subscriptions(app: App, claim: Claim, subject: str) -> None:
    """Bring Graph's list and the store together, and renew what lives.

    Raises:
        NotYet: always; the next look is due then.
    """
    now = app.clock.now()
    belief = await app.store.run(lambda tx: _belief(tx, app, now))
    if belief.is_well(now):
        raise NotYet(now + LOOK_EVERY, "every subscription is alive")
    keeper = _Keeper(app, app.options.webhook_url or "")
    await keeper.bring_together(belief, await app.graph.subscriptions.all())
    raise NotYet(app.clock.now() + keeper.pause, "the next look at subscriptions")


def _belief(tx: Transaction, app: App, now: datetime) -> _Belief:
    wanted = mailboxes_wanted(tx, app.options)
    # Where none is wanted, none is missing.
    for blocker in tx.blockers.open(BlockerScope.MAILBOX):
        if blocker.code == NO_SUBSCRIPTION and blocker.subject_id not in wanted:
            tx.blockers.clear(BlockerScope.MAILBOX, blocker.subject_id, now, NO_SUBSCRIPTION)
    return _Belief(wanted, tx.subscriptions.all())


def mailboxes_wanted(tx: Transaction, options: Options) -> frozenset[str]:
    """Mailboxes that are to have a subscription; none where webhooks are off, or for good."""
    is_on = options.webhook_url is not None and options.webhooks
    return mailboxes_in_use(tx) if is_on and not is_decommissioned(tx) else frozenset()


def mailboxes_in_use(tx: Transaction) -> frozenset[str]:
    """Mailboxes that organize something of a program that goes on."""
    live = [program.id for program in tx.programs.all() if program.state != ProgramState.CLOSED]
    return tx.pairs.organizers(*_IN_USE, program_ids=live)


class _Keeper:
    """One look. ``pause`` is how long the next one may wait."""

    def __init__(self, app: App, url: str) -> None:
        self._app, self._url = app, url
        self._service = app.graph.subscriptions
        self._unclear: set[str | None] = set()
        self.pause = LOOK_EVERY

    async def bring_together(self, belief: _Belief, live: Sequence[LiveSubscription]) -> None:
        """End what is too much, renew what is ours, make what is missing."""
        stored = {subscription.id: subscription for subscription in belief.stored}
        ours = [one for one in live if one.url == self._url or one.id in stored]
        await self._forget(stored.keys() - {one.id for one in ours})
        missing = set(belief.wanted)
        # A subscription we know comes before a stranger to the same mailbox, which has to go.
        for one in sorted(ours, key=lambda one: (one.id not in stored, one.id)):
            known = stored.get(one.id)
            if known is None or one.url != self._url or known.mailbox_id not in missing:
                await self._end(one)
            elif await self._renewed(known):
                missing.discard(known.mailbox_id)
        for mailbox_id in sorted(missing - self._unclear):
            await self._make(mailbox_id, live)

    async def _end(self, one: LiveSubscription) -> None:
        try:
            await self._service.delete(one.id)
        except OutcomeUnknownError:
            self.pause = LOOK_SOON
            # While it may stand, another one would be refused.
            self._unclear.add(one.mailbox_id)
            return
        entry = JournalEntry(
            at=self._app.clock.now(), code="subscription_ended", data={"subscription": one.id}
        )

        def record(tx: Transaction) -> None:
            tx.subscriptions.remove(one.id)
            tx.journal.write(entry)

        await self._app.store.run(record)

    async def _renewed(self, known: Subscription) -> bool:
        """Whether it lives on; one that is gone is forgotten and has to be made anew."""
        try:
            live = await self._service.renew(known.id, self._app.clock.now() + LIFE)
        except NotFoundError:
            await self._forget({known.id})
            return False
        except OutcomeUnknownError:
            # It lives either way, and renewing it once more does no harm.
            self.pause = LOOK_SOON
            return True
        renewed = replace(known, expires_at=live.expires_at)
        await self._app.store.run(lambda tx: tx.subscriptions.put(renewed))
        return True

    async def _make(self, mailbox_id: str, live: Sequence[LiveSubscription]) -> None:
        state = f"{self._app.secrets.getrandbits(256):064x}"
        try:
            made = await self._service.create(
                mailbox_id, self._url, state, self._app.clock.now() + LIFE
            )
        except OutcomeUnknownError:
            self.pause = LOOK_SOON
            return
        except RefusedError as refusal:
            await self._block(mailbox_id, refusal, live)
            return
        now = self._app.clock.now()
        subscription = Subscription(
            id=made.id,
            mailbox_id=mailbox_id,
            client_state=state,
            expires_at=made.expires_at,
            created_at=now,
        )

        def record(tx: Transaction) -> None:
            tx.subscriptions.put(subscription)
            tx.blockers.clear(BlockerScope.MAILBOX, mailbox_id, now, NO_SUBSCRIPTION)
            tx.journal.write(JournalEntry(at=now, code="subscription_made", mailbox_id=mailbox_id))
            # Nobody was told of what changed until now.
            sweep.whole_due(tx, mailbox_id, now)

        await self._app.store.run(record)

    async def _block(
        self, mailbox_id: str, refusal: RefusedError, live: Sequence[LiveSubscription]
    ) -> None:
        """Say that a mailbox has none; nothing else is held up by it."""
        self.pause = min(self.pause, TRY_AGAIN)
        taken = isinstance(refusal, DuplicateError) and any(
            one.mailbox_id == mailbox_id and one.url != self._url for one in live
        )
        blocker = Blocker(
            scope=BlockerScope.MAILBOX,
            subject_id=mailbox_id,
            code=NO_SUBSCRIPTION,
            since=self._app.clock.now(),
            data={
                "status": str(refusal.status),
                "graph_code": refusal.code,
                "points_elsewhere": taken,
            },
        )
        await self._app.store.run(lambda tx: tx.blockers.set(blocker))
        log_event(
            logger,
            "subscription_refused",
            logging.WARNING,
            mailbox=mailbox_id,
            status=refusal.status,
            code=refusal.code,
        )

    async def _forget(self, subscription_ids: Iterable[str]) -> None:
        gone = sorted(subscription_ids)

        def forget(tx: Transaction) -> None:
            for subscription_id in gone:
                tx.subscriptions.remove(subscription_id)

        if gone:
            await self._app.store.run(forget)
