"""What each gauge says of a store, and what it does not let itself be told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from integrations import telemetry
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Need,
    PairState,
    ProgramState,
    Subscription,
)
from integrations.runtime import Immortal, inline
from integrations.store.store import SqlStore
from integrations.telemetry import Metric
from integrations.workflows.app import Options
from integrations.workflows.operating.measures import installation
from tests.support.stores import NOW, enrol

Deed = Callable[[Transaction], object]
HOUR = timedelta(hours=1)
OPTIONS = Options(webhook_url="https://tandem.firm.example/webhooks/graph")


def _mailbox(tx: Transaction) -> str:
    return tx.mailboxes.all()[0].id


def _booked(tx: Transaction) -> None:
    tx.pairs.put(replace(tx.pairs.require("p1"), state=PairState.BOOKED, mailbox_id=_mailbox(tx)))


def _closed(tx: Transaction) -> None:
    tx.programs.put(replace(tx.programs.require("prog"), state=ProgramState.CLOSED))


def _given_up(tx: Transaction) -> None:
    """The pairs were moved to another mailbox, and this one is none of the settings' any more."""
    tx.mailboxes.put(replace(tx.mailboxes.all()[0], open_to_new=False))


def _subscribed(until: timedelta) -> Deed:
    def do(tx: Transaction) -> None:
        tx.subscriptions.add(
            Subscription(
                id="s1",
                mailbox_id=_mailbox(tx),
                client_state="secret",
                expires_at=NOW + until,
                created_at=NOW - HOUR,
            )
        )

    return do


def _need(**changes: object) -> Deed:
    facts = {"id": "n1", "key": "n1", "pair_id": "p1", "code": "shortfall"}
    return lambda tx: tx.needs.add(Need(raised_at=NOW - 5 * HOUR, **{**facts, **changes}))  # type: ignore[arg-type]


def _blocker(scope: BlockerScope, code: str) -> Deed:
    return lambda tx: tx.blockers.set(
        Blocker(scope=scope, subject_id="anything", code=code, since=NOW)
    )


def _put_aside(tx: Transaction) -> None:
    work = tx.work.schedule("book_pair", "p1", NOW - 3 * HOUR)
    tx.work.poison(work.id, "RefusedError")


def _swept(hours: int) -> Deed:
    at = (NOW - hours * HOUR).isoformat()
    return lambda tx: tx.switches.set(f"swept/{_mailbox(tx)}", f'{{"at": "{at}"}}')


def _claimed(tx: Transaction) -> None:
    work = tx.work.schedule("book_pair", "p1", NOW - 3 * HOUR)
    assert tx.work.claim(work.id, "somebody", NOW, HOUR)


CASES: list[tuple[str, Metric, list[Deed], float | None]] = [
    ("a live subscription", telemetry.SUBSCRIPTIONS_LIVE, [_subscribed(HOUR)], 1),
    ("an expired subscription", telemetry.SUBSCRIPTIONS_LIVE, [_subscribed(-HOUR)], 0),
    ("no subscription", telemetry.SUBSCRIPTIONS_MISSING, [_booked], 1),
    ("none is booked yet", telemetry.SUBSCRIPTIONS_MISSING, [], 0),
    ("all is over", telemetry.SUBSCRIPTIONS_MISSING, [_booked, _closed], 0),
    (
        "an expired one is missing",
        telemetry.SUBSCRIPTIONS_MISSING,
        [_booked, _subscribed(-HOUR)],
        1,
    ),
    ("a live one is not", telemetry.SUBSCRIPTIONS_MISSING, [_booked, _subscribed(HOUR)], 0),
    ("work put aside", telemetry.WORK_POISONED, [_put_aside], 1),
    ("work put aside does not lag", telemetry.WORK_LAG, [_put_aside], 0),
    (
        "work due for three hours",
        telemetry.WORK_LAG,
        [lambda tx: tx.work.schedule("book_pair", "p1", NOW - 3 * HOUR)],
        3 * 3600,
    ),
    ("work in somebody's hands", telemetry.WORK_LAG, [_claimed], 0),
    (
        "work of tomorrow",
        telemetry.WORK_LAG,
        [lambda tx: tx.work.schedule("book_pair", "p1", NOW + 24 * HOUR)],
        0,
    ),
    ("swept two hours ago", telemetry.SWEEP_AGE, [_swept(2)], 2 * 3600),
    (
        "never swept, due for an hour",
        telemetry.SWEEP_AGE,
        [lambda tx: tx.work.schedule("sweep", _mailbox(tx), NOW - HOUR)],
        3600,
    ),
    ("nothing to be swept", telemetry.SWEEP_AGE, [], None),
    ("one that was given up", telemetry.SWEEP_AGE, [_swept(99), _given_up], None),
    (
        "one that takes no new pairs and has some",
        telemetry.SWEEP_AGE,
        [_swept(99), _booked, _given_up],
        99 * 3600,
    ),
    (
        "asked to wait for an hour",
        telemetry.THROTTLED,
        [lambda tx: tx.mailboxes.defer(_mailbox(tx), NOW + HOUR)],
        3600,
    ),
    (
        "asked to wait until an hour ago",
        telemetry.THROTTLED,
        [lambda tx: tx.mailboxes.defer(_mailbox(tx), NOW - HOUR)],
        0,
    ),
    ("a need of five hours ago", telemetry.NEEDS_UNATTENDED, [_need()], 5 * 3600),
    ("one that somebody took up", telemetry.NEEDS_UNATTENDED, [_need(owner="somebody")], 0),
    ("one that was dealt with", telemetry.NEEDS_UNATTENDED, [_need(outcome="done")], 0),
    ("one put off", telemetry.NEEDS_UNATTENDED, [_need(snoozed_until=NOW + HOUR)], 0),
    (
        "one put off until an hour ago",
        telemetry.NEEDS_UNATTENDED,
        [_need(snoozed_until=NOW - HOUR)],
        3600,
    ),
    (
        "a mailbox whose calendar may not be read",
        telemetry.BLOCKERS_STOPPING,
        [_blocker(BlockerScope.MAILBOX, "no_join_link")],
        1,
    ),
    (
        "a pair's own blocker",
        telemetry.BLOCKERS_STOPPING,
        [_blocker(BlockerScope.PAIR, "no_join_link")],
        0,
    ),
]


@pytest.mark.parametrize(("_", "metric", "deeds", "value"), CASES, ids=[case[0] for case in CASES])
async def test_a_gauge_says_how_it_is(
    store_template: Path,
    tmp_path: Path,
    _: str,
    metric: Metric,
    deeds: list[Deed],
    value: float | None,
) -> None:
    file = shutil.copy(store_template, tmp_path / "store.sqlite")
    store = SqlStore(f"sqlite:///{file}?synchronous=off", offload=inline, life=Immortal())

    def record(tx: Transaction) -> None:
        enrol(tx)
        for deed in deeds:
            deed(tx)

    await store.run(record)
    measured = await store.run(lambda tx: installation(tx, OPTIONS, NOW))
    await store.close()
    assert measured.get(metric) == value


async def test_without_webhooks_no_subscription_is_missing(
    store_template: Path, tmp_path: Path
) -> None:
    file = shutil.copy(store_template, tmp_path / "store.sqlite")
    store = SqlStore(f"sqlite:///{file}", offload=inline, life=Immortal())
    await store.run(enrol)
    await store.run(_booked)
    ends = Options(webhooks=False, credential_ends_at=NOW + timedelta(days=20, hours=12))
    measured = await store.run(lambda tx: installation(tx, ends, NOW))
    await store.close()
    assert measured[telemetry.SUBSCRIPTIONS_MISSING] == 0
    assert measured[telemetry.CREDENTIAL_EXPIRES] == 20.5
