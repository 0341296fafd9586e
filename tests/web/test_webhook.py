"""The endpoint of notifications: what it answers, what becomes due, what it ignores."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from integrations.errors import StoreLockedError
from integrations.ports import Transaction, WakeUp
from integrations.queue.errors import QueueError
from integrations.web import inbox
from integrations.web.webhook import LONGEST_TOKEN, MOST_BYTES
from tests.support.world import Empty, virtually
from tests.web.hooks import OTHER_STATE, STATE, Hooks, begin_hooks, change, lifecycle, subscription

T = TypeVar("T")
COMPARE, SWEEP, KEEP = "compare_pair", "sweep", "keep_subscriptions"
NOBODY_ELSES = "00000000-0000-0000-0000-000000000000"


@virtually
async def test_a_handshake_gets_its_token_back_and_opens_nothing(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    answer = await hooks.send(b"", "?validationToken=Validation%3a+Graph+%26%252B+%C3%A9%3Cb%3E")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Decoded once, and nothing is done to it after that.
    assert answer.text == "Validation: Graph &%2B é<b>"
    assert hooks.opened == 0


@virtually
async def test_a_token_that_is_no_token_is_not_repeated(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    for token in ("", "x" * (LONGEST_TOKEN + 1)):
        answer = await hooks.send(b"", f"?validationToken={token}")
        assert (answer.status_code, answer.text) == (400, "")


@virtually
async def test_a_change_makes_its_pair_due_in_some_seconds(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    answer = await hooks.post(change("event-p1-1"), change("single-2"))
    assert (answer.status_code, answer.text) == (202, "")
    assert await hooks.due() == {(COMPARE, "p1"): 5, (COMPARE, "p2"): 5}


@virtually
async def test_a_pair_that_is_being_booked_is_not_looked_at_for_its_own_writes(
    empty: Empty,
) -> None:
    hooks = await begin_hooks(empty)
    await hooks.post(change("event-p3-1"))
    assert await hooks.due() == {}


@virtually
async def test_one_act_told_often_makes_one_row_that_keeps_its_time(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    for _ in range(3):
        await hooks.post(change("event-p1-1"), change("date-1"))
        await hooks.app.clock.sleep(timedelta(seconds=1))
    assert await hooks.due() == {(COMPARE, "p1"): 2}
    assert await hooks.read(lambda tx: tx.journal.read()) == []


@virtually
async def test_an_event_that_no_pair_has_makes_its_mailbox_compared(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    await hooks.post(change("stranger"), change("e", resourceData=None, subscriptionId="sub-1"))
    assert await hooks.due() == {(SWEEP, "box"): 60}


@pytest.mark.parametrize(
    "forged",
    [
        {"clientState": "wrong"},
        {"clientState": OTHER_STATE},
        {"clientState": STATE[:-1]},
        {"clientState": ""},
        {"clientState": None},
        {"clientState": [STATE]},
        {"clientState": "é" * 64},
        {"clientState": STATE * 3},
        {"subscriptionId": "unknown"},
        {"subscriptionId": NOBODY_ELSES},
        {"subscriptionId": "x" * 65},
        {"subscriptionId": "a\u0000b"},
        {"subscriptionId": 7},
        {"lifecycleEvent": "somethingNew"},
        {"lifecycleEvent": {"a": 1}},
    ],
)
@virtually
async def test_what_does_not_carry_its_secret_is_counted_and_ignored(
    empty: Empty, forged: dict[str, Any]
) -> None:
    hooks = await begin_hooks(empty)
    answer = await hooks.post(change(**forged))
    assert answer.status_code == 202
    assert await hooks.due() == {}
    assert await hooks.journalled("hints_ignored") == [{"count": 1}]


@virtually
async def test_a_mixed_batch_is_sorted_entry_by_entry(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    answer = await hooks.post(
        change("event-p1-1", clientState="forged"),
        "no entry at all",
        change("single-2", subscriptionId="sub-2", clientState=OTHER_STATE),
        lifecycle("missed", subscriptionId="sub-2"),
        change("stranger", subscriptionId="sub-2", clientState=OTHER_STATE),
        None,
    )
    assert answer.status_code == 202
    assert await hooks.due() == {(COMPARE, "p2"): 5, (SWEEP, "box2"): 60}
    assert await hooks.journalled("hints_ignored") == [{"count": 4}]


@virtually
async def test_nonsense_all_day_fills_no_journal(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    for _ in range(90):
        await hooks.post(change(clientState="wrong"), 5)
        await hooks.app.clock.sleep(timedelta(seconds=2))
    counts = [entry["count"] for entry in await hooks.journalled("hints_ignored")]
    assert counts == [2, 60, 60]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"null",
        b"[]",
        b'"value"',
        b"{}",
        b'{"value": {}}',
        b'{"value": null}',
        b'{"value": "x"}',
        b'{"value": [' + b"1," * 10_000 + b"1]}",
        b"[" * 5000,
        b'{"value": [{"subscriptionId": "\\ud800"}]}',
        b"\xff\xfe",
    ],
)
@virtually
async def test_what_is_no_collection_is_refused_and_changes_nothing(
    empty: Empty, body: bytes
) -> None:
    hooks = await begin_hooks(empty)
    assert (await hooks.send(body)).status_code == 400
    assert (await hooks.due(), hooks.opened) == ({}, 0)


@virtually
async def test_an_empty_collection_is_taken(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    assert (await hooks.post()).status_code == 202
    assert await hooks.due() == {}


@virtually
async def test_a_body_larger_than_any_of_graphs_is_not_read_to_its_end(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    assert (await hooks.send(b"x" * (MOST_BYTES + 1))).status_code == 413
    assert (await hooks.due(), hooks.opened) == ({}, 0)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@virtually
async def test_only_posts_are_answered(empty: Empty, method: str) -> None:
    hooks = await begin_hooks(empty)
    answer = await hooks.client.request(method, hooks.url, params={"validationToken": "x"})
    assert answer.status_code == 405


@virtually
async def test_reauthorization_lets_a_subscription_be_renewed_now(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    await hooks.post(lifecycle("reauthorizationRequired"))
    assert await hooks.due() == {(KEEP, "firm"): 0}
    stored = await hooks.read(lambda tx: tx.subscriptions.require("sub-1"))
    assert stored.expires_at == hooks.app.clock.now()


@virtually
async def test_a_removed_subscription_is_forgotten_and_its_mailbox_compared(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    await hooks.post(lifecycle("subscriptionRemoved"))
    assert await hooks.due() == {(KEEP, "firm"): 0, (SWEEP, "box"): 0}
    assert [s.id for s in await hooks.read(lambda tx: tx.subscriptions.all())] == ["sub-2"]


@virtually
async def test_missed_notifications_make_the_mailbox_compared_now(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    await hooks.post(lifecycle("missed"))
    assert await hooks.due() == {(KEEP, "firm"): 0, (SWEEP, "box"): 0}


@virtually
async def test_a_forged_lifecycle_entry_takes_no_subscription_away(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    await hooks.post(lifecycle("subscriptionRemoved", clientState=OTHER_STATE))
    assert len(await hooks.read(lambda tx: tx.subscriptions.all())) == 2
    assert await hooks.due() == {}


@virtually
async def test_a_subscription_stored_a_moment_later_is_believed_then(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    early = change(subscriptionId="sub-3", clientState="new")
    await hooks.post(early)
    assert await hooks.due() == {}
    await hooks.app.store.run(lambda tx: tx.subscriptions.add(subscription("sub-3", "box", "new")))
    await hooks.post(early)
    assert await hooks.due() == {(COMPARE, "p1"): 5}


class _Away:
    """A store that is out for a while; what gets through is counted."""

    def __init__(self, hooks: Hooks) -> None:
        self._inner = hooks.app.store
        self.away = True
        self.runs = 0

    async def run(self, work: Callable[[Transaction], T]) -> T:
        self.runs += 1
        if self.away:
            raise StoreLockedError("somebody else has it")
        # Long enough for others to gather.
        await asyncio.sleep(0.02)
        return await self._inner.run(work)

    async def look(self, work: Callable[[Transaction], T]) -> T:
        return await self._inner.look(work)

    async def check(self) -> None: ...

    async def close(self) -> None: ...


@virtually
async def test_what_the_store_did_not_take_is_asked_for_again(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    hooks.app.store = away = _Away(hooks)
    answer = await hooks.post(change())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert await hooks.due() == {}
    away.away = False
    assert (await hooks.post(change())).status_code == 202
    assert set(await hooks.due()) == {(COMPARE, "p1")}


@virtually
async def test_posts_that_come_together_go_into_the_store_together(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    hooks.app.store = store = _Away(hooks)
    store.away = False
    answers = await asyncio.gather(*(hooks.post(change("single-2")) for _ in range(300)))
    assert {answer.status_code for answer in answers} == {202}
    assert store.runs <= 3
    assert await hooks.due() == {(COMPARE, "p2"): 5 - 0.02}


@virtually
async def test_more_than_can_wait_is_sent_back_and_not_dropped_silently(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_WAITING", 5)
    hooks = await begin_hooks(empty)
    hooks.app.store = store = _Away(hooks)
    store.away = False
    answers = await asyncio.gather(*(hooks.post(change()) for _ in range(12)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {202, 503}
    # The first went in at once; five waited.
    assert statuses.count(202) <= 6


@virtually
async def test_a_burst_of_ten_thousand_loses_none(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    everybody = [subscription(f"burst-{n}", "box", STATE) for n in range(3)]
    await hooks.app.store.run(lambda tx: tx.subscriptions.put_many(everybody))
    posts = [
        [
            change("event-p1-1", subscriptionId=f"burst-{n % 3}"),
            change("event-p2-1", subscriptionId=f"burst-{n % 3}", clientState="forged"),
            *(change(f"strange-{n}-{k}", subscriptionId="sub-1") for k in range(8)),
        ]
        for n in range(1000)
    ]
    answers = await asyncio.gather(*(hooks.post(*entries) for entries in posts))
    assert {answer.status_code for answer in answers} == {202}
    assert set(await hooks.due()) == {(COMPARE, "p1"), (SWEEP, "box")}
    kept = [entry["count"] for entry in await hooks.journalled("hints_ignored")]
    await hooks.app.clock.sleep(timedelta(minutes=2))
    await hooks.post(7)
    kept = [entry["count"] for entry in await hooks.journalled("hints_ignored")]
    assert sum(kept) == 1001


class _Queue:
    """A queue that keeps what it is sent, or is out."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[WakeUp] = []
        self.broken = broken

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        if self.broken:
            raise QueueError("ServiceRequestError")
        self.sent.extend(wake_ups)

    async def close(self) -> None: ...


@virtually
async def test_only_what_is_due_now_wakes_a_consumer(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    hooks.app.queue = queue = _Queue()
    await hooks.post(change())
    await hooks.post(lifecycle("missed"))
    assert sorted(wake_up.kind for wake_up in queue.sent) == [KEEP, SWEEP]


@virtually
async def test_a_queue_that_is_out_delays_and_loses_nothing(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    hooks.app.queue = _Queue(broken=True)
    assert (await hooks.post(lifecycle("missed"))).status_code == 202
    assert set(await hooks.due()) == {(KEEP, "firm"), (SWEEP, "box")}


@virtually
async def test_the_loop_of_this_process_learns_of_a_hint_once_and_not_of_each(empty: Empty) -> None:
    hooks = await begin_hooks(empty)
    woken = []
    for _ in range(12):
        await hooks.post(change())
        woken.append(hooks.app.woken.is_set())
        hooks.app.woken.clear()
        await hooks.app.clock.sleep(timedelta(seconds=1))
    assert woken == [n % 5 == 0 for n in range(12)]


@virtually
async def test_nothing_of_a_post_is_logged_but_counts(
    empty: Empty, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = await begin_hooks(empty)
    with caplog.at_level(logging.DEBUG, "integrations"):
        await hooks.post(change("event-p1-1"), change("canary-event", clientState="canary-state"))
        await hooks.send(b"canary-body")
        await hooks.send(b"", "?validationToken=canary-token")
    (line,) = [record for record in caplog.records if record.name.startswith("integrations.web")]
    assert vars(line)["tandem_fields"] == {"entries": 2, "pairs": 1, "ignored": 1}
    assert "canary" not in caplog.text


@virtually
async def test_a_collection_in_another_order_means_the_same(empty: Empty) -> None:
    entries = [change("single-2"), change("stranger"), change("date-1"), lifecycle("missed")]
    found = []
    for order in (entries, entries[::-1]):
        hooks = await begin_hooks(empty)
        await hooks.send(json.dumps({"validationTokens": [], "value": order}).encode())
        found.append(await hooks.due())
    assert found[0] == found[1]
    assert set(found[0]) == {(COMPARE, "p1"), (COMPARE, "p2"), (SWEEP, "box"), (KEEP, "firm")}
