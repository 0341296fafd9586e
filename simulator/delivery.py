"""Tells subscribers of changes: late, in heaps, out of order, more than once, sometimes never.

What waits to be told is kept with the tenant's state. Chance comes from the
seed and the number of the notice, so a run repeats itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

import orjson

from simulator.calendars import Item
from simulator.endpoints import Endpoints
from simulator.events import Change, Event
from simulator.notices import Lifecycle, Notice, told, url_of
from simulator.outbound import NoAnswerError, post
from simulator.services import Services
from simulator.subscriptions import Subscription

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
_PAUSE_GROWS = 3


@dataclass(frozen=True, slots=True)
class Posted:
    """One POST to an endpoint: how many entries it held and what came of it (0: no answer)."""

    at: datetime
    url: str
    entries: int
    status: int


class Delivery:
    """Notices that wait, and the telling of those that are due.

    ``tally`` counts what was told and what went wrong on purpose, since the tenant was opened.
    """

    def __init__(self, tenant: Services) -> None:
        self._tenant = tenant
        self._endpoints = Endpoints(tenant.storage, tenant.behaviour)
        self._waiting: dict[int, Notice] = {}
        for _, doc in tenant.storage.documents("notice"):
            notice = Notice.from_document(doc)
            self._waiting[notice.number] = notice
        # Subscriptions that are to hear of what they missed, which one entry tells for all.
        self._missing = {
            one.subscription for one in self._waiting.values() if one.lifecycle == "missed"
        }
        self._made = int((tenant.storage.get("counter", "notice") or {}).get("value", 0))
        self._telling = asyncio.Lock()
        self._stirred = asyncio.Event()
        self.tally: Counter[str] = Counter()
        self.posted: list[Posted] = []

    # What there is to tell

    def watches(self, user_id: str) -> bool:
        """Whether anybody wants to hear of a mailbox."""
        return bool(self._tenant.subscriptions.of_mailbox(user_id))

    def changed(self, event: Event, user_id: str, change: Change, day: date | None) -> None:
        """A change to an event in a mailbox, or to one date of it."""
        owner = self._tenant.directory.user(user_id)
        items = [Item(event, None, owner)]
        if day is not None and not self._tenant.behaviour.dates_told_on_master_only:
            items.append(Item(event, day, owner))
        for subscription in self._tenant.subscriptions.of_mailbox(user_id):
            for item in items:
                self._tell_of(subscription, item, change)

    def lifecycle(self, subscription: Subscription, event: Lifecycle) -> None:
        """Something became of the subscription itself; its app hears of it if it asked to."""
        if subscription.lifecycle_url is None:
            return
        if event == "missed" and subscription.id in self._missing:
            return
        now = self._tenant.clock()
        self._keep(Notice(self._number(), subscription.id, now, now, lifecycle=event))

    def _tell_of(self, subscription: Subscription, item: Item, change: Change) -> None:
        tenant, behaviour = self._tenant, self._tenant.behaviour
        chance = self._chance("change", self._made + 1)
        follow = chance.randint(0, behaviour.updates_that_follow) if change != "deleted" else 0
        following: list[Change] = ["updated"] * follow
        for said in (change, *following):
            if said not in subscription.change_types:
                continue
            notice = Notice(
                number=self._number(),
                subscription=subscription.id,
                made=tenant.clock(),
                due=tenant.clock() + self._latency(chance),
                change=said,
                item_id=tenant.calendars.item_id(item, immutable=subscription.immutable_ids),
                etag=tenant.views.etag(item),
            )
            self._let_chance_in(notice, chance)

    def _let_chance_in(self, notice: Notice, chance: Random) -> None:
        """Keep a notice, or not, or with company."""
        behaviour = self._tenant.behaviour
        if chance.random() * 100 < behaviour.notifications_dropped:
            self.tally["dropped"] += 1
            return
        self._keep(notice)
        if chance.random() * 100 < behaviour.notifications_doubled:
            self.tally["doubled"] += 1
            self._keep(self._copy(notice, chance))
        if chance.random() * 100 < behaviour.notifications_forged:
            self.tally["forged"] += 1
            self._keep(self._copy(notice, chance, forged=True))

    def _copy(self, notice: Notice, chance: Random, *, forged: bool = False) -> Notice:
        return Notice(
            self._number(),
            notice.subscription,
            notice.made,
            notice.made + self._latency(chance),
            notice.change,
            notice.item_id,
            notice.etag,
            forged=forged,
        )

    def _latency(self, chance: Random) -> timedelta:
        mean, most = (
            self._tenant.behaviour.notification_latency,
            self._tenant.behaviour.notification_latency_most,
        )
        if not mean:
            return timedelta(0)
        return min(timedelta(seconds=chance.expovariate(1 / mean.total_seconds())), most)

    def _chance(self, *what: object) -> Random:
        return Random(self._tenant.mint.digest("delivery", *what))

    def _number(self) -> int:
        self._made += 1
        self._tenant.storage.put("counter", "notice", {"value": self._made})
        return self._made

    def _keep(self, notice: Notice) -> None:
        self._waiting[notice.number] = notice
        if notice.lifecycle == "missed":
            self._missing.add(notice.subscription)
        self._tenant.storage.put("notice", notice.key, notice)
        self._stirred.set()

    def _forget(self, notice: Notice) -> None:
        self._waiting.pop(notice.number, None)
        if notice.lifecycle == "missed":
            self._missing.discard(notice.subscription)
        self._tenant.storage.drop("notice", notice.key)

    # When

    def next_at(self) -> datetime | None:
        """When something is to be told next; None: nothing waits."""
        moments = [notice.due for notice in self._waiting.values()]
        for subscription in self._tenant.subscriptions:
            asks = self._tenant.subscriptions.asks_next(subscription)
            if asks is not None:
                moments.append(asks)
        return min(moments, default=None)

    def stir(self) -> None:
        """Let :meth:`go_on` look at the clock anew."""
        self._stirred.set()

    async def go_on(self) -> None:
        """Tell whatever becomes due, until cancelled; waits on the event loop's clock."""
        while True:
            self._stirred.clear()
            await self.deliver_due(self._tenant.clock())
            coming = self.next_at()
            pause = None if coming is None else (coming - self._tenant.clock()).total_seconds()
            try:
                async with asyncio.timeout(None if pause is None else max(pause, 0.0)):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    # Telling

    async def deliver_due(self, now: datetime) -> int:
        """Tell everything due at ``now``; how many entries were taken.

        What an endpoint does not take becomes due again later.
        """
        taken = 0
        async with self._telling:
            self._ask_for_proof(now)
            while batches := self._batches(now):
                for url, batch in batches:
                    taken += await self._deliver(url, batch, now)
                    self._tenant.storage.commit()
        self._tenant.storage.commit()
        return taken

    def _ask_for_proof(self, now: datetime) -> None:
        for subscription in self._tenant.subscriptions:
            asks = self._tenant.subscriptions.asks_next(subscription)
            if asks is not None and asks <= now:
                subscription.asked = now
                self._tenant.subscriptions.save(subscription)
                self.lifecycle(subscription, "reauthorizationRequired")

    def _batches(self, now: datetime) -> list[tuple[str, list[Notice]]]:
        """What is due, by endpoint, in the heaps in which it goes out."""
        behaviour = self._tenant.behaviour
        if not any(notice.due <= now for notice in self._waiting.values()):
            return []
        by_url: dict[str, list[Notice]] = {}
        for notice in sorted(self._waiting.values(), key=lambda one: (one.due, one.number)):
            if notice.due > now + behaviour.coalescing:
                break
            subscription = self._tenant.subscriptions.known(notice.subscription)
            url = None if subscription is None else url_of(notice, subscription)
            if url is None:
                self._forget(notice)
            else:
                by_url.setdefault(url, []).append(notice)
        size = max(behaviour.notifications_per_post, 1)
        batches = []
        for url, notices in by_url.items():
            if notices[0].due > now:
                continue
            if behaviour.notifications_shuffled:
                self._chance("order", notices[0].number, notices[0].attempts).shuffle(notices)
            batches += [(url, notices[at : at + size]) for at in range(0, len(notices), size)]
        return batches

    async def _deliver(self, url: str, batch: list[Notice], now: datetime) -> int:
        """POST one heap, as far as its endpoint and its subscriptions are in a state for it."""
        state = self._endpoints.state(url, now)
        sending: list[tuple[Notice, Subscription]] = []
        for notice in batch:
            subscription = self._tenant.subscriptions.known(notice.subscription)
            if subscription is None or (subscription.expires <= now and not subscription.removed):
                self._forget(notice)
            elif state == "dropped":
                self._drop(notice, self._endpoints.back_at(url) or now)
            elif state == "slow" and not notice.delayed:
                notice.delayed, notice.due = True, now + self._tenant.behaviour.slow_delay
                self.tally["delayed"] += 1
                self._keep(notice)
            elif notice.lifecycle is None and self._tenant.subscriptions.is_paused(
                subscription, now
            ):
                self._try_later(notice, now)
            else:
                sending.append((notice, subscription))
        if not sending:
            return 0
        if await self._post(url, sending):
            for notice, _ in sending:
                self._forget(notice)
            self.tally["told"] += len(sending)
            return len(sending)
        for notice, _ in sending:
            self._try_later(notice, now)
        return 0

    async def _post(self, url: str, sending: Iterable[tuple[Notice, Subscription]]) -> bool:
        tenant = self._tenant
        varied = tenant.behaviour.resource_forms_vary
        entries = [
            told(
                notice,
                subscription,
                tenant.tenant_id,
                self._chance("form", notice.number) if varied else None,
            )
            for notice, subscription in sending
        ]
        limit = tenant.behaviour.webhook_answer_limit
        # A call that fails while the endpoint thinks must not roll this back.
        tenant.storage.commit()
        status, late = 0, False
        try:
            body = orjson.dumps({"value": entries})
            status = (await post(tenant.outbound, url, body, "application/json", limit)).status
        except NoAnswerError as fault:
            late = fault.why == "too late"
        self._endpoints.answered(url, tenant.clock(), late=late)
        self.posted.append(Posted(tenant.clock(), url, len(entries), status))
        return 200 <= status < 300

    def _try_later(self, notice: Notice, now: datetime) -> None:
        notice.attempts += 1
        notice.first_tried = notice.first_tried or now
        pause = min(_FIRST_PAUSE * _PAUSE_GROWS ** min(notice.attempts - 1, 9), _LONGEST_PAUSE)
        notice.due = now + pause
        if notice.due > notice.first_tried + self._tenant.behaviour.notifications_retried_for:
            self._lose(notice)
        else:
            self.tally["retried"] += 1
            self._keep(notice)

    def _drop(self, notice: Notice, until: datetime) -> None:
        """Lose a change for good; a lifecycle event waits for better times."""
        if notice.lifecycle is None:
            self._lose(notice)
        else:
            notice.due = until
            self._keep(notice)

    def _lose(self, notice: Notice) -> None:
        self._forget(notice)
        self.tally["lost"] += 1
        subscription = self._tenant.subscriptions.find(notice.subscription)
        if (
            notice.lifecycle is None
            and subscription is not None
            and self._tenant.behaviour.missed_is_told
        ):
            self.lifecycle(subscription, "missed")
