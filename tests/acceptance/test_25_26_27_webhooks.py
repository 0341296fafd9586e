"""Notifications: told often, not told at all, told by somebody else."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from integrations.bootstrap import build_worker
from integrations.records import JournalEntry, Session, SessionState
from integrations.web.app import WEBHOOK_PATH, asgi_app
from integrations.workflows.app import App
from integrations.workflows.looking import subscriptions
from integrations.workflows.standing_work import FIRM, ensure_standing
from simulator.transport import TenantTransport
from tests.acceptance.oracle import INSTANCES, calls
from tests.support.world import (
    Empty,
    World,
    book_all,
    enrolled,
    firm_of,
    quietly,
    standing,
    virtually,
)

URL = f"https://tandem.firm.example{WEBHOOK_PATH}"
KINDS = ("compare_pair", "reconcile_pair", "sweep", subscriptions.KIND)
REASON_OF_MOVE, REASON_OF_CANCELLATION = "moved_in_calendar", "cancelled_in_calendar"


class Way(httpx.AsyncBaseTransport):
    """From the tenant to the webhook; nobody answers while it is down."""

    def __init__(self, app: App) -> None:
        async def given() -> App:
            return app

        self._inner = TenantTransport(asgi_app(given))
        self.down = False
        self.strangers_join = False
        self.times = 1
        self.apart = timedelta(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        if self.strangers_join and request.content:
            request = _with_a_stranger(request)
        for _ in range(self.times - 1):
            await self._inner.handle_async_request(request)
            await asyncio.sleep(self.apart.total_seconds())
        return await self._inner.handle_async_request(request)


def _with_a_stranger(request: httpx.Request) -> httpx.Request:
    """The post with one more entry in front, whose secret is not the subscription's."""
    entries = json.loads(request.content)["value"]
    stranger = {**entries[0], "clientState": "0" * 64}
    return httpx.Request(request.method, request.url, json={"value": [stranger, *entries]})


@dataclass
class Told:
    """A firm whose pairs are booked, and a tenant that tells of every change."""

    world: World
    app: App
    way: Way

    async def live_on(self, length: timedelta, nap: timedelta = timedelta(minutes=1)) -> None:
        """Let the tenant tell and Tandem work for a while."""
        telling = asyncio.ensure_future(self.world.tenant.keep_delivering())
        until = self.app.clock.now() + length
        try:
            while self.app.clock.now() < until:
                await build_worker(self.app).run(
                    until_quiet=False, progress=quietly, kinds=KINDS, until=until
                )
                await self.app.clock.sleep(nap)
        finally:
            telling.cancel()

    async def sessions(self) -> list[Session]:
        """Dates to come, by start."""
        found = await self.world.read(lambda tx: standing(tx.sessions.all()))
        coming = [one for one in found if one.start > self.app.clock.now() + timedelta(days=10)]
        return sorted(coming, key=lambda one: (one.start, one.id))

    async def session(self, key: str) -> Session:
        """One date as the store has it now."""
        return await self.world.read(lambda tx: tx.sessions.require(key))

    async def reasons(self, session: Session, code: str) -> list[JournalEntry]:
        """Journal lines that give this reason about the session's pair."""
        lines = await self.world.read(lambda tx: tx.journal.read(pair_id=session.pair_id))
        return [line for line in lines if code in (line.code, line.data.get("code"))]

    def day_of(self, session: Session) -> tuple[str, date]:
        """The series and the day by which the tenant knows a date."""
        assert session.event_id is not None
        return session.event_id, session.series_start.astimezone(UTC).date()

    def move(self, session: Session, by: timedelta) -> datetime:
        """Somebody moves a date in the program mailbox; the new start."""
        assert session.event_id is not None
        to = session.start + by
        ends = {"start": to, "end": to + (session.end - session.start)}
        self.world.tenant.change_event(
            session.event_id,
            {
                name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
                for name, at in ends.items()
            },
        )
        return to


async def begin_told(empty: Empty, *, webhook_url: str = URL) -> Told:
    world = empty.world(firm_of(3))
    app = await world.begin(webhook_url=webhook_url, poll_seconds="3600")
    way = Way(app)
    world.tenant.outbound = way
    await enrolled(world, app)
    await book_all(app)
    now = app.clock.now()
    await app.store.run(lambda tx: ensure_standing(tx, app, now))
    told = Told(world, app, way)
    await told.live_on(timedelta(minutes=10))
    assert bool(list(world.tenant.subscriptions)) == bool(webhook_url)
    return told


@pytest.mark.acceptance(25)
@virtually
async def test_a_change_told_many_times_is_one_change(empty: Empty) -> None:
    told = await begin_told(empty)
    behaviour = told.world.tenant.behaviour
    behaviour.notifications_doubled = 100.0
    behaviour.updates_that_follow = 3
    session = (await told.sessions())[0]
    to = told.move(session, timedelta(minutes=30))
    mails = len(told.world.tenant.mail_log)
    posted = len(told.world.tenant.delivery.posted)
    looks = len(calls(told.world, "GET", INSTANCES))
    told.way.times = 3
    await told.live_on(timedelta(minutes=20))
    looked = len(calls(told.world, "GET", INSTANCES)) - looks
    assert 1 <= looked <= len(told.world.tenant.delivery.posted) - posted, "a look for each telling"
    told_entries = sum(p.entries for p in told.world.tenant.delivery.posted[posted:])
    assert told_entries >= 2
    assert (await told.session(session.id)).start == to
    assert len(await told.reasons(session, REASON_OF_MOVE)) == 1
    assert len(told.world.tenant.mail_log) == mails


@pytest.mark.acceptance(25)
@virtually
async def test_what_is_told_again_within_seconds_is_looked_at_once(empty: Empty) -> None:
    """One act in Outlook is told two to four times; a look for each would cost calls, and mails
    at the third."""
    told = await begin_told(empty)
    behaviour = told.world.tenant.behaviour
    behaviour.updates_that_follow = 0
    behaviour.notification_latency = behaviour.notification_latency_most = timedelta(seconds=1)
    told.way.times, told.way.apart = 4, timedelta(seconds=1)
    session = (await told.sessions())[0]
    posted = len(told.world.tenant.delivery.posted)
    looks = len(calls(told.world, "GET", INSTANCES))
    to = told.move(session, timedelta(minutes=30))
    # Whoever works is idle for half a second at most: nothing else puts tellings together.
    await told.live_on(timedelta(seconds=40), nap=timedelta(seconds=0.5))
    assert len(told.world.tenant.delivery.posted) == posted + 1
    assert (await told.session(session.id)).start == to
    looked = len(calls(told.world, "GET", INSTANCES)) - looks
    assert looked == 2, "compared once, and reconciled once as something was new"


@pytest.mark.acceptance(26)
@virtually
async def test_a_new_subscription_has_everything_compared_of_which_nobody_was_told(
    empty: Empty,
) -> None:
    """Notifications are switched on in the middle of a program: what changed before is found
    then, not in the night."""
    told = await begin_told(empty, webhook_url="")
    assert list(told.world.tenant.subscriptions) == []
    session = (await told.sessions())[0]
    to = told.move(session, timedelta(minutes=30))
    await told.live_on(timedelta(minutes=70))
    assert (await told.session(session.id)).start == session.start, "the hour's sweep is for soon"
    await told.app.close()

    app = await told.world.begin(webhook_url=URL, poll_seconds="3600")
    told = Told(told.world, app, Way(app))
    told.world.tenant.outbound = told.way
    now = app.clock.now()
    await app.store.run(lambda tx: tx.work.schedule(subscriptions.KIND, FIRM, now))
    await told.live_on(timedelta(minutes=10))
    assert (await told.session(session.id)).start == to
    assert len(await told.reasons(session, REASON_OF_MOVE)) == 1


@pytest.mark.acceptance(26)
@virtually
async def test_what_changed_while_the_endpoint_was_down_is_found(empty: Empty) -> None:
    told = await begin_told(empty)
    moved, cancelled, *_ = await told.sessions()
    told.way.down = True
    to = told.move(moved, timedelta(minutes=30))
    assert cancelled.event_id is not None
    told.world.tenant.cancel_event(cancelled.event_id)
    telling = asyncio.ensure_future(told.world.tenant.keep_delivering())
    await told.app.clock.sleep(timedelta(hours=6))
    telling.cancel()
    told.way.down = False
    (live, *_) = list(told.world.tenant.subscriptions)
    told.world.tenant.take_subscription_away(live.id)
    await told.live_on(timedelta(minutes=70))
    assert (await told.session(moved.id)).start == to
    assert (await told.session(cancelled.id)).state is not SessionState.SCHEDULED
    stored = await told.world.read(lambda tx: tx.subscriptions.all())
    assert {one.id for one in told.world.tenant.subscriptions} == {one.id for one in stored}
    assert live.id not in {one.id for one in stored}


@pytest.mark.acceptance(26)
@virtually
async def test_told_that_notifications_were_missed_everything_is_compared_at_once(
    empty: Empty,
) -> None:
    """Nothing told of the move itself, and the night is far: the notice alone has it found."""
    told = await begin_told(empty)
    session = (await told.sessions())[0]
    told.world.tenant.behaviour.notifications_dropped = 100.0
    told.world.tenant.behaviour.missed_is_told = False
    to = told.move(session, timedelta(minutes=30))
    await told.live_on(timedelta(minutes=70))
    assert (await told.session(session.id)).start == session.start

    told.world.tenant.behaviour.notifications_dropped = 0.0
    (live, *_) = list(told.world.tenant.subscriptions)
    told.world.tenant.miss_notifications(live.id)
    await told.live_on(timedelta(minutes=10))
    assert (await told.session(session.id)).start == to
    assert len(await told.reasons(session, REASON_OF_MOVE)) == 1


@pytest.mark.acceptance(27)
@virtually
async def test_a_wrong_entry_in_a_batch_takes_nothing_from_the_right_ones(empty: Empty) -> None:
    """Entries are sorted one by one: the wrong one is counted, the others are heeded."""
    told = await begin_told(empty)
    told.way.strangers_join = True
    session = (await told.sessions())[0]
    to = told.move(session, timedelta(minutes=30))
    await told.live_on(timedelta(minutes=20))
    assert (await told.session(session.id)).start == to
    ignored = await told.world.read(lambda tx: tx.journal.read(code="hints_ignored"))
    assert sum(line.data["count"] for line in ignored) >= 1
    assert len(await told.reasons(session, REASON_OF_MOVE)) == 1


@pytest.mark.acceptance(27)
@virtually
async def test_forged_entries_among_right_ones_change_nothing(empty: Empty) -> None:
    told = await begin_told(empty)
    told.world.tenant.behaviour.notifications_forged = 100.0
    session = (await told.sessions())[0]
    to = told.move(session, timedelta(minutes=30))
    await told.live_on(timedelta(minutes=20))
    assert told.world.tenant.delivery.tally["forged"] >= 1
    assert (await told.session(session.id)).start == to
    ignored = await told.world.read(lambda tx: tx.journal.read(code="hints_ignored"))
    assert sum(line.data["count"] for line in ignored) >= 1
    assert len(await told.reasons(session, REASON_OF_MOVE)) == 1
