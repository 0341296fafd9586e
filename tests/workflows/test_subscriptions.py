"""Keeping one subscription per program mailbox alive, whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import httpx
import pytest

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import BlockerScope, Mailbox, PairState, ProgramState, Subscription
from integrations.web.app import WEBHOOK_PATH, asgi_app
from integrations.workflows.app import App
from integrations.workflows.looking.subscriptions import KIND, LIFE, LOOK_EVERY
from integrations.workflows.standing_work import FIRM
from simulator.faults import Fault
from simulator.subscriptions import Subscription as LiveOne
from simulator.transport import TenantTransport
from tests.support.stores import enrol, pair
from tests.support.world import CLIENT, START, Empty, World, dies, firm_of, virtually

T = TypeVar("T")

URL = f"https://tandem.firm.example{WEBHOOK_PATH}"
ELSEWHERE = "https://staging.firm.example/webhooks/graph"


class Endpoint(httpx.AsyncBaseTransport):
    """The way from the tenant to Tandem's webhook, which can be interrupted."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self.down = False
        self.posts: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on to whichever incarnation lives."""
        if self.down:
            raise httpx.ConnectError("refused")
        body = await request.aread()
        if body:
            self.posts.append(json.loads(body))
        app = self._keeping.app

        async def given() -> App:
            return app

        return await TenantTransport(asgi_app(given)).handle_async_request(request)


@dataclass
class Keeping:
    """A tenant, an application with a webhook, and one pair booked in the first mailbox."""

    world: World
    app: App
    endpoint: Endpoint = field(init=False)

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self)
        self.world.tenant.outbound = self.endpoint

    @property
    def box(self) -> str:
        """The mailbox in use."""
        return self.world.firm.program_mailboxes[0].id

    @property
    def live(self) -> list[LiveOne]:
        """What the tenant knows."""
        return list(self.world.tenant.subscriptions)

    async def look(self) -> timedelta:
        """Look after subscriptions now; how long until the next look."""
        now = self.app.clock.now()
        row = await self.app.store.run(lambda tx: tx.work.schedule(KIND, FIRM, now))
        assert await build_worker(self.app).do(row.id)
        again = await self.read(lambda tx: tx.work.require(row.id))
        return again.due_at - self.app.clock.now()

    async def live_on(self, length: timedelta) -> None:
        """Let the work of ``length`` be done when it is due."""
        until = self.app.clock.now() + length
        while self.app.clock.now() < until:
            # Ends as soon as nothing more is due; the endpoint may make something due later.
            await build_worker(self.app).run(
                until_quiet=False, progress=_quietly, kinds=(KIND,), until=until
            )
            await self.app.clock.sleep(timedelta(minutes=5))

    async def read(self, look: Callable[[Transaction], T]) -> T:
        """Look into the store."""
        return await self.world.read(look)

    async def stored(self) -> list[Subscription]:
        """What the store believes."""
        return await self.read(lambda tx: tx.subscriptions.all())

    async def agrees(self) -> bool:
        """Whether there is one for the mailbox in use, known on both sides by its secret."""
        (live,), (stored,) = self.live, await self.stored()
        return (live.id, live.mailbox, live.client_state) == (
            stored.id,
            stored.mailbox_id,
            stored.client_state,
        ) == (live.id, self.box, stored.client_state) and live.notification_url == URL

    async def blocked(self) -> list[dict[str, Any]]:
        """Open blockers about subscriptions."""
        found = await self.read(lambda tx: tx.blockers.open(BlockerScope.MAILBOX))
        return [one.data for one in found if one.code == "no_subscription"]

    async def sweep_is_due(self) -> bool:
        """Whether the mailbox is to be compared now, once."""
        now = self.app.clock.now()
        due = await self.read(lambda tx: tx.work.due(now, kinds=("sweep",)))
        return [work.subject for work in due] == [self.box]

    def calls(self) -> int:
        """How many calls about subscriptions left."""
        made = self.app.graph.calls_by_kind()
        return sum(count for kind, count in made.items() if "subscription" in kind)


async def _look_once(app: App, row_id: str) -> None:
    await build_worker(await app.open()).do(row_id)


async def _quietly() -> None:
    """Nobody watches."""


async def begin_keeping(empty: Empty, **over: str) -> Keeping:
    world = empty.world(firm_of(1))
    over = {"webhook_url": URL, "poll_seconds": "86400", **over}
    app = await world.begin(dies_at=None, **over)
    boxes = world.firm.program_mailboxes

    def seed(tx: Transaction) -> None:
        enrol(tx)
        tx.mailboxes.put_many([Mailbox(id=box.id, address=box.mail) for box in boxes])
        tx.pairs.put(pair("p1", state=PairState.BOOKED, mailbox_id=boxes[0].id))

    await app.store.run(seed)
    return Keeping(world, await app.open())


def stranger(keeping: Keeping, **changes: Any) -> LiveOne:
    """A subscription of this app that Tandem does not know."""
    made = LiveOne(
        id="0000aaaa-0000-4000-8000-000000000000",
        app=CLIENT,
        mailbox=keeping.box,
        resource=f"users/{keeping.box}/events",
        change_types=("created",),
        notification_url=URL,
        expires=START + timedelta(days=6),
        authorized=START,
    )
    made = replace(made, **changes)
    keeping.world.tenant.subscriptions.save(made)
    return made


@virtually
async def test_a_mailbox_in_use_is_subscribed_to_and_compared_once(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    assert await keeping.look() == LOOK_EVERY
    assert await keeping.agrees()
    (stored,) = await keeping.stored()
    assert len(stored.client_state) == 64
    assert stored.expires_at == START + LIFE
    assert keeping.live[0].lifecycle_url == URL
    assert keeping.live[0].immutable_ids
    assert await keeping.sweep_is_due()


@virtually
async def test_no_two_subscriptions_share_a_secret(empty: Empty) -> None:
    states = set()
    for seed in range(3):
        keeping = await begin_keeping(empty)
        keeping.app.secrets.seed(seed)
        await keeping.look()
        states |= {one.client_state for one in keeping.live}
    assert len(states) == 3


@virtually
async def test_while_all_is_well_nothing_is_asked(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    before = keeping.calls()
    await keeping.live_on(timedelta(hours=20))
    assert keeping.calls() == before


@virtually
async def test_a_subscription_lives_for_weeks_with_a_call_or_two_a_day(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    (first,) = keeping.live
    await keeping.live_on(timedelta(days=21))
    assert await keeping.agrees()
    assert [one.id for one in keeping.live] == [first.id]
    assert keeping.live[0].expires > keeping.app.clock.now() + LIFE - timedelta(days=2)
    assert keeping.calls() <= 2 + 2 * 22


@pytest.mark.parametrize("effect", ["cut_before", "cut_after"])
@virtually
async def test_a_lost_answer_makes_no_second_one(empty: Empty, effect: Any) -> None:
    keeping = await begin_keeping(empty)
    keeping.world.tenant.faults.plan(Fault(effect, method="POST", path="/subscriptions"))
    assert await keeping.look() == timedelta(seconds=30)
    assert await keeping.stored() == []
    await keeping.app.clock.sleep(timedelta(seconds=30))
    assert await keeping.look() == LOOK_EVERY
    assert await keeping.agrees()
    assert await keeping.blocked() == []


@virtually
async def test_a_lost_answer_to_an_end_is_looked_at_again(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    stranger(keeping)
    keeping.world.tenant.faults.plan(
        Fault("cut_before", method="DELETE", path="/subscriptions/{subscription}")
    )
    assert await keeping.look() == timedelta(seconds=30)
    await keeping.look()
    assert await keeping.agrees()


@virtually
async def test_a_lost_answer_to_a_renewal_costs_nothing(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    await keeping.app.clock.sleep(timedelta(days=2))
    keeping.world.tenant.faults.plan(
        Fault("cut_after", method="PATCH", path="/subscriptions/{subscription}")
    )
    assert await keeping.look() == timedelta(seconds=30)
    assert await keeping.look() == LOOK_EVERY
    assert await keeping.agrees()


@virtually
async def test_strangers_at_our_address_are_ended_and_others_left_alone(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    stranger(keeping, id="a")
    stranger(keeping, id="b", mailbox=keeping.world.firm.program_mailboxes[-1].id)
    elsewhere = stranger(keeping, id="c", notification_url=ELSEWHERE)
    await keeping.look()
    stranger(keeping, id="d")
    await keeping.app.clock.sleep(timedelta(days=1, hours=1))
    await keeping.look()
    assert elsewhere.id in {one.id for one in keeping.live}
    keeping.world.tenant.subscriptions.drop(elsewhere)
    assert await keeping.agrees()


@virtually
async def test_a_double_in_the_list_is_ended_and_the_known_one_stays(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    (known,) = keeping.live
    stranger(keeping, id="0", change_types=known.change_types)
    await keeping.app.clock.sleep(timedelta(days=2))
    await keeping.look()
    assert [one.id for one in keeping.live] == [known.id]
    assert await keeping.agrees()


@virtually
async def test_one_that_the_service_removed_is_made_anew_and_the_mailbox_compared(
    empty: Empty,
) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    (first,) = keeping.live
    keeping.world.tenant.take_subscription_away(first.id)
    assert await keeping.world.tenant.deliver_due(keeping.app.clock.now()) == 1
    assert keeping.endpoint.posts[-1]["value"][0]["lifecycleEvent"] == "subscriptionRemoved"
    assert await keeping.sweep_is_due()
    await keeping.live_on(timedelta(minutes=1))
    assert await keeping.agrees()
    assert keeping.live[0].id != first.id


@virtually
async def test_one_that_is_to_prove_itself_is_renewed_at_once(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    keeping.world.tenant.behaviour.authorization_lasts = timedelta(hours=1)
    await keeping.look()
    (first,) = keeping.live
    delivering = asyncio.ensure_future(keeping.world.tenant.keep_delivering())
    await keeping.live_on(timedelta(hours=12))
    delivering.cancel()
    assert [one.id for one in keeping.live] == [first.id]
    assert not keeping.world.tenant.subscriptions.is_paused(first, keeping.app.clock.now())
    assert len(keeping.endpoint.posts) >= 12


@virtually
async def test_after_a_week_without_tandem_it_begins_anew(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    (first,) = keeping.live
    await keeping.app.clock.sleep(timedelta(days=8))
    assert keeping.live == []
    await keeping.look()
    assert await keeping.agrees()
    assert keeping.live[0].id != first.id


@virtually
async def test_switched_off_it_ends_ours_and_asks_nothing_more(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    elsewhere = stranger(keeping, notification_url=ELSEWHERE)
    keeping.app = await keeping.world.begin(webhook_url=URL, webhooks="off", poll_seconds="86400")
    await keeping.look()
    assert [one.id for one in keeping.live] == [elsewhere.id]
    assert await keeping.stored() == []
    before = keeping.calls()
    await keeping.live_on(timedelta(days=3))
    assert keeping.calls() == before


@virtually
async def test_without_an_address_ours_are_ended_by_their_ids(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    keeping.app = await keeping.world.begin()
    await keeping.look()
    assert (keeping.live, await keeping.stored()) == ([], [])


@virtually
async def test_another_address_moves_the_subscription(empty: Empty) -> None:
    keeping = await begin_keeping(empty, webhook_url=ELSEWHERE)
    await keeping.look()
    keeping.app = await keeping.world.begin(webhook_url=URL)
    await keeping.app.clock.sleep(timedelta(days=2))
    await keeping.look()
    assert await keeping.agrees()


@virtually
async def test_a_closed_program_needs_no_subscription(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    await keeping.look()
    await keeping.app.store.run(
        lambda tx: tx.programs.put(replace(tx.programs.require("prog"), state=ProgramState.CLOSED))
    )
    await keeping.look()
    assert (keeping.live, await keeping.stored()) == ([], [])


@virtually
async def test_an_endpoint_nobody_reaches_is_told_and_stops_nothing(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    keeping.endpoint.down = True
    assert await keeping.look() == timedelta(minutes=10)
    (told,) = await keeping.blocked()
    assert told["status"] == "400"
    assert not told["points_elsewhere"]
    keeping.endpoint.down = False
    await keeping.live_on(timedelta(minutes=11))
    assert await keeping.agrees()
    assert await keeping.blocked() == []


@virtually
async def test_a_mailbox_subscribed_to_from_elsewhere_is_told_as_such(empty: Empty) -> None:
    keeping = await begin_keeping(empty)
    stranger(keeping, notification_url=ELSEWHERE, change_types=("created", "updated", "deleted"))
    assert await keeping.look() == timedelta(minutes=10)
    (told,) = await keeping.blocked()
    assert (told["status"], told["points_elsewhere"]) == ("409", True)
    keeping.app = await keeping.world.begin()
    await keeping.look()
    # Nobody wants one any more, so nothing is missing.
    assert await keeping.blocked() == []


@virtually
async def test_read_only_makes_and_ends_nothing(empty: Empty) -> None:
    keeping = await begin_keeping(empty, read_only="on")
    assert await keeping.look() == timedelta(minutes=15)
    assert (keeping.live, await keeping.stored()) == ([], [])


@virtually
async def test_a_life_that_ends_at_any_point_leaves_one_subscription_in_the_end(
    empty: Empty,
) -> None:
    for dies_at in range(4, 24):
        keeping = await begin_keeping(empty)
        row = await keeping.app.store.run(
            lambda tx: tx.work.schedule(KIND, FIRM, START)  # due already
        )
        mortal = await keeping.world.build(dies_at=dies_at, webhook_url=URL)
        await dies(_look_once(mortal, row.id))
        await keeping.app.clock.sleep(timedelta(minutes=5))
        await keeping.look()
        await keeping.look()
        assert await keeping.agrees()
