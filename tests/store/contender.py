"""A process of its own that works on a store and says what it got, one line of JSON each.

Started with the store's address, a name and an act. It says "ready", begins when it is told "go",
and then waits to be told to end, so that whoever started it can kill it first.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta

from integrations.records import Permit
from integrations.runtime import Immortal, in_thread
from integrations.store import SqlStore
from tests.support.stores import MINUTE, NOW

ROUNDS = 25


class StopsBeforeCommit:
    """A life that stands still right before the first commit, to be killed there."""

    def check(self, point: str) -> None:
        if point == "before commit":
            say("before commit")
            sys.stdin.readline()


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def take_permits(store: SqlStore, name: str) -> object:
    """Ask for a permit again and again, each time as somebody else; say which slots it got."""

    async def slot(holder: str) -> int | None:
        permit = await store.run(
            lambda tx: tx.permits.acquire("box", holder, NOW, MINUTE, range(8))
        )
        return permit.slot if isinstance(permit, Permit) else None

    slots = [await slot(f"{name}-{number}") for number in range(ROUNDS)]
    return [got for got in slots if got is not None]


async def claim_all(store: SqlStore, name: str) -> object:
    """Claim and finish whatever is due; say what it got."""

    async def claim(work_id: str) -> str | None:
        taken = await store.run(lambda tx: tx.work.claim(work_id, name, NOW, MINUTE))
        return taken.subject if taken else None

    claimed: list[str | None] = []
    while due := await store.run(lambda tx: tx.work.due(NOW, limit=5)):
        claimed += [await claim(work.id) for work in due]
    return [subject for subject in claimed if subject is not None]


async def pace_mails(store: SqlStore, name: str) -> object:
    """Reserve a place for one mail again and again; say after how many seconds each may go."""
    got = []
    for _ in range(ROUNDS):
        at = await store.run(
            lambda tx: tx.mailboxes.pace_mails("box", 1, NOW, MINUTE / 60, timedelta(0))
        )
        got.append((at - NOW).total_seconds())
    return got


async def count_up(store: SqlStore, name: str) -> object:
    """Read a number and write the next one, as workflows do with records."""
    for _ in range(ROUNDS):
        await store.run(lambda tx: tx.switches.set("n", str(int(tx.switches.get("n") or 0) + 1)))
    return ROUNDS


async def schedule_same(store: SqlStore, name: str) -> object:
    """Schedule the same work again and again; say which ids it was told."""
    ids = set()
    for _ in range(ROUNDS):
        ids.add((await store.run(lambda tx: tx.work.schedule("plan", "same", NOW))).id)
    return sorted(ids)


async def hold(store: SqlStore, name: str) -> object:
    """Take the only slot and the only work, and say so."""
    permit = await store.run(lambda tx: tx.permits.acquire("box", name, NOW, MINUTE, range(1)))
    due = await store.run(lambda tx: tx.work.due(NOW))
    claim = await store.run(lambda tx: tx.work.claim(due[0].id, name, NOW, MINUTE))
    return isinstance(permit, Permit) and claim is not None


async def write_slowly(store: SqlStore, name: str) -> object:
    """Write something that never gets committed."""
    await store.run(lambda tx: tx.switches.set("n", "never"))
    return "committed"


ACTS: dict[str, Callable[[SqlStore, str], Awaitable[object]]] = {
    act.__name__: act
    for act in (
        take_permits,
        claim_all,
        pace_mails,
        count_up,
        schedule_same,
        hold,
        write_slowly,
    )
}


async def main(url: str, name: str, act: str) -> None:
    """Do ``act`` once told to, and say what came of it."""
    life = StopsBeforeCommit() if act == write_slowly.__name__ else Immortal()
    store = SqlStore(url, offload=in_thread, life=life, lock_timeout=MINUTE)
    await store.check()
    say("ready")
    sys.stdin.readline()
    say(await ACTS[act](store, name))
    sys.stdin.readline()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
