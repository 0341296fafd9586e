"""Verdicts on their way to the firm's own system: each once by its key, none lost, none doubled."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations.attendance_records import Delivery, KeptVerdict
from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import Blocker
from integrations.workflows.standing_work import FIRM
from integrations.workflows.telling import outbound
from integrations.workflows.telling.outbound_message import VerdictMessage, message_id, schema
from simulator.virtual_time import virtual_now
from tests.docs.pages import ROOT
from tests.outbound.receiver import HOST, KEY, SECRET, Inbox
from tests.support.stores import enrol, session
from tests.support.world import Empty, World, dies, firm_of, quietly, virtually

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
URL = {
    # Nobody else makes anything due here.
    "poll_seconds": "86400",
    "outbound_url": f"https://{HOST}/verdicts",
    "outbound_hosts": HOST,
    "outbound_secrets": SECRET,
}


@dataclass
class Town:
    """A firm with verdicts on its first sessions, and a receiver that answers as told."""

    world: World
    inbox: Inbox
    settings: dict[str, str] = field(default_factory=lambda: dict(URL))

    @classmethod
    async def of(cls, empty: Empty, **over: str) -> Town:
        """A pair with twenty sessions; nobody has met yet."""
        inbox = Inbox()
        world = empty.world(firm_of(1))
        world.receiver = inbox

        def record(tx: Transaction) -> None:
            enrol(tx)
            tx.sessions.put_many(
                [session(f"p1.{number:02}", window=number) for number in range(20)]
            )

        await world.read(record)
        return cls(world, inbox, {**URL, **over})

    async def judge(self, number: int, version: int = 1, verdict: str = "held") -> str:
        """Put a verdict on the n-th session of the store; its key."""

        def record(tx: Transaction) -> str:
            session = sorted(tx.sessions.all(), key=lambda one: one.id)[number]
            kept = KeptVerdict(
                session_id=session.id,
                version=version,
                pair_id=session.pair_id,
                verdict=verdict,
                minutes=52,
                kind="teams",
                digest=f"{verdict}{version}",
                at=virtual_now(),
                reasons=({"code": "together", "minutes": 52},),
            )
            tx.verdicts.add(kept)
            return kept.key

        return await self.world.read(record)

    async def send(self, length: timedelta = MINUTE, *, dies_at: int | None = None) -> bool:
        """Have verdicts sent for a while; True if the incarnation died of it."""
        app = await self.world.begin(dies_at=None, **self.settings)
        now = app.clock.now()
        await app.store.run(lambda tx: tx.work.schedule(outbound.KIND, FIRM, now))
        app = await self.world.build(dies_at=dies_at, **self.settings)
        worker = build_worker(app)
        return await dies(
            worker.run(
                until_quiet=False, progress=quietly, kinds=[outbound.KIND], until=now + length
            )
        )

    async def rows(self) -> dict[str, Delivery]:
        """Every delivery by its key."""
        rows = await self.world.read(lambda tx: tx.deliveries.all())
        return {f"{row.session_id}/{row.version}": row for row in rows}

    async def blockers(self) -> list[Blocker]:
        """Open blockers of the webhook."""
        return [
            blocker
            for blocker in await self.world.read(lambda tx: tx.blockers.open())
            if blocker.code == outbound.NOT_TAKEN
        ]

    def keys(self) -> list[str]:
        """The keys that arrived, in order."""
        return [one.data["data"]["key"] for one in self.inbox.posted]


def in_town(play: Callable[[Town], Awaitable[None]]) -> Callable[[Empty], None]:
    """A test in a town of its own, in pretended time."""

    @virtually
    async def test(empty: Empty) -> None:
        await play(await Town.of(empty))

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test


@in_town
async def test_each_verdict_arrives_once_signed_and_as_the_schema_says(town: Town) -> None:
    keys = [await town.judge(n) for n in range(20)]
    for _ in range(3):
        await town.send()
    assert sorted(town.keys()) == sorted(keys)
    for posted in town.inbox.posted:
        assert posted.is_genuine(virtual_now())
        message = VerdictMessage.model_validate_json(posted.body)
        assert (message.data.verdict, message.data.minutes_together) == ("held", 52)
        assert message.data.reasons == ("together",)
    assert {row.state for row in (await town.rows()).values()} == {"sent"}


@in_town
async def test_in_read_only_mode_verdicts_wait_and_go_out_once_it_ends(town: Town) -> None:
    """A copy of the store that is only looked at would tell the receiver everything twice."""
    key = await town.judge(0)
    town.settings["read_only"] = "on"
    await town.send()
    assert town.keys() == []
    town.settings["read_only"] = "off"
    await town.send(timedelta(hours=1))
    assert town.keys() == [key]


@in_town
async def test_a_corrected_verdict_is_another_message_of_the_same_session(town: Town) -> None:
    first = await town.judge(0, 1, "short")
    await town.send()
    second = await town.judge(0, 2, "held")
    await town.send()
    assert town.keys() == [first, second]
    told = [(p.data["data"]["version"], p.data["data"]["verdict"]) for p in town.inbox.posted]
    assert told == [(1, "short"), (2, "held")]
    assert len(set(town.inbox.messages())) == 2


@in_town
async def test_a_pending_verdict_is_not_told(town: Town) -> None:
    await town.judge(0, 1, "pending")
    told = await town.judge(0, 2, "unknown")
    await town.send()
    assert town.keys() == [told]


@in_town
async def test_no_message_says_who_they_are(town: Town) -> None:
    await town.judge(0)
    await town.send()
    people = await town.world.read(lambda tx: tx.participants.all())
    (said,) = [one.body.decode().lower() for one in town.inbox.posted]
    for person in people:
        for word in (person.name, person.mail, person.directory_id, person.id):
            assert word.lower() not in said


@pytest.mark.parametrize(
    "answer",
    [500, 404, 302, 410, 429, httpx.ConnectError("gone"), httpx.ReadTimeout("late")],
    ids=str,
)
@virtually
async def test_what_was_not_taken_is_sent_again_with_the_same_id_and_bytes(
    empty: Empty, answer: Any
) -> None:
    town = await Town.of(empty)
    key = await town.judge(0)
    town.inbox.answers = [answer, answer, 204]
    await town.send(timedelta(hours=2))
    assert town.keys() == [key] * 3
    assert len(set(town.inbox.messages())) == 1
    assert len({one.body for one in town.inbox.posted}) == 1
    assert all(one.is_genuine(virtual_now() + DAY) is False for one in town.inbox.posted)
    row = (await town.rows())[key]
    assert (row.state, row.attempts, row.error) == ("sent", 3, None)


@in_town
async def test_pauses_between_tries_grow_and_honour_what_the_receiver_asks(town: Town) -> None:
    key = await town.judge(0)
    town.inbox.answers = [500, (503, {"retry-after": "3600"}), 500]
    began = virtual_now()
    await town.send(timedelta(seconds=10))
    assert (await town.rows())[key].due_at - began == timedelta(seconds=30)
    await town.send(timedelta(minutes=1))
    assert (await town.rows())[key].due_at - virtual_now() > timedelta(minutes=58)


@in_town
async def test_a_receiver_in_trouble_is_asked_once_and_not_for_every_verdict(town: Town) -> None:
    for number in range(20):
        await town.judge(number)
    town.inbox.answers = [httpx.ConnectError("gone")]
    await town.send(timedelta(seconds=20))
    assert len(town.inbox.posted) == outbound.AT_ONCE
    town.inbox.answers = [204]
    await town.send(timedelta(hours=3))
    assert sorted(set(town.keys())) == sorted(await town.rows())
    assert {row.state for row in (await town.rows()).values()} == {"sent"}


@in_town
async def test_one_verdict_that_is_refused_holds_up_no_other(town: Town) -> None:
    class Picky(Inbox):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            return httpx.Response(422) if self.posted[-1].data["data"]["key"] == bad else answer

    bad, good = await town.judge(0), [await town.judge(n) for n in range(1, 12)]
    town.inbox = town.world.receiver = Picky()
    await town.send(timedelta(seconds=20))
    rows = await town.rows()
    assert {key for key, row in rows.items() if row.state == "sent"} == set(good)
    assert (rows[bad].state, rows[bad].error) == ("waiting", "refused 422")


@in_town
async def test_a_coordinator_sees_that_verdicts_are_not_taken_until_they_are(town: Town) -> None:
    await town.judge(0)
    town.inbox.answers = [500]
    await town.send(timedelta(minutes=2))
    assert await town.blockers() == []
    await town.send(timedelta(hours=1))
    (blocker,) = await town.blockers()
    assert blocker.data["error"] == "refused 500"
    assert blocker.data["attempts"] >= outbound.SHOWN_AFTER
    town.inbox.answers = [204]
    await town.send(DAY)
    assert await town.blockers() == []


@in_town
async def test_what_waits_for_weeks_is_still_tried_every_day(town: Town) -> None:
    key = await town.judge(0)
    town.inbox.answers = [500]
    await town.send(21 * DAY)
    attempts = (await town.rows())[key].attempts
    assert 22 <= attempts <= 28
    town.inbox.answers = [204]
    await town.send(2 * DAY)
    assert (await town.rows())[key].state == "sent"


@virtually
async def test_wherever_the_power_fails_each_verdict_is_taken_once_by_its_id(empty: Empty) -> None:
    """A receiver that takes the first of each id ends with each verdict once, in the same bytes."""
    for dies_at in range(1, 60):
        town = await Town.of(empty)
        keys = [await town.judge(n) for n in range(3)]
        died = await town.send(timedelta(minutes=1), dies_at=dies_at)
        await town.send(timedelta(hours=1))
        taken = {one.message: one.body for one in town.inbox.posted}
        assert sorted(json.loads(body)["data"]["key"] for body in taken.values()) == sorted(keys)
        assert len({(one.message, one.body) for one in town.inbox.posted}) == len(keys)
        assert {row.state for row in (await town.rows()).values()} == {"sent"}
        if not died:
            break
    else:
        pytest.fail("the incarnation never got through")
    assert dies_at > 10


@in_town
async def test_without_a_receiver_nothing_is_sent_and_nothing_is_lost(town: Town) -> None:
    key = await town.judge(0)
    town.settings = {}
    await town.send(DAY)
    assert (town.inbox.posted, await town.rows()) == ([], {})
    town.settings = dict(URL)
    await town.send()
    assert town.keys() == [key]


@in_town
async def test_the_log_names_no_receiver_and_no_pair_of_the_roster(town: Town) -> None:
    await town.judge(0)
    town.inbox.answers = [500, 204]
    await town.send(timedelta(minutes=2))
    points = " ".join(town.world.log.points)
    assert "outbound" in points
    assert HOST not in points


def test_an_id_has_no_full_stop_because_the_signature_is_cut_at_them() -> None:
    verdict = KeptVerdict(
        session_id="p1.g2.3",
        version=2,
        pair_id="p1",
        verdict="held",
        minutes=52,
        kind=None,
        digest="d",
        at=datetime.fromisoformat("2027-03-09T10:00:00+00:00"),
    )
    assert "." not in message_id(verdict)
    assert message_id(verdict) == message_id(replace(verdict, minutes=51))
    assert message_id(verdict) != message_id(replace(verdict, version=3))


def test_the_schema_in_the_reference_is_the_one_in_the_code() -> None:
    page = ROOT / "docs/reference/verdict-v1.schema.json"
    assert json.loads(page.read_text("utf-8")) == schema()


def test_the_key_of_the_tests_is_a_secret_the_settings_take() -> None:
    from integrations.signing import key_of

    assert key_of(SECRET) == KEY
