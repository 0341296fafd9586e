"""A real process that is killed as it sends to a real receiver over HTTPS."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from integrations.attendance_records import KeptVerdict
from integrations.ports import Transaction
from integrations.runtime import SystemClock
from tests.outbound.receiver import Listening, listening
from tests.outbound.sending_process import send
from tests.support.stores import enrol, open_store, session

ROOT = Path(__file__).parents[2]
KEYS = ["p1.0/1", "p1.1/1", "p1.2/1"]

T = TypeVar("T")


class AnHourLater(SystemClock):
    """When the claim of one that was killed is over."""

    def now(self) -> datetime:
        """This instant, an hour on."""
        return super().now() + timedelta(hours=1)


@pytest.fixture
async def store_url(store_template: Path, tmp_path: Path) -> str:
    """A store with three verdicts that nobody was told of."""
    url = f"sqlite:///{shutil.copy(store_template, tmp_path / 'store.sqlite')}"

    def record(tx: Transaction) -> None:
        enrol(tx)
        for key in KEYS:
            session_id = key.partition("/")[0]
            tx.sessions.put(session(session_id, window=int(session_id[-1])))
            tx.verdicts.add(
                KeptVerdict(
                    session_id=session_id,
                    version=1,
                    pair_id="p1",
                    verdict="held",
                    minutes=52,
                    kind="teams",
                    digest="one",
                    at=datetime(2026, 3, 30, 10, tzinfo=UTC),
                )
            )

    await _in(url, record)
    return url


async def _in(store_url: str, look: Callable[[Transaction], T]) -> T:
    store = open_store(store_url)
    try:
        return await store.run(look)
    finally:
        await store.close()


async def _states(store_url: str) -> Counter[str]:
    rows = await _in(store_url, lambda tx: tx.deliveries.all())
    return Counter(row.state for row in rows)


async def _begun(store_url: str, server: Listening) -> Process:
    return await create_subprocess_exec(
        *(sys.executable, "-m", "tests.outbound.sending_process"),
        *(store_url, server.url, str(server.ca_file)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )


async def test_a_sender_killed_once_the_receiver_had_the_body_sends_it_again_under_its_key(
    store_url: str, tmp_path: Path
) -> None:
    """The store of the dead one does not know what was taken: nothing is lost, what is repeated
    has the same id and bytes, and a receiver that goes by the key counts each verdict once.
    """
    living: list[Process] = []

    def kill() -> None:
        while living:
            living.pop().kill()

    async with listening(tmp_path, before_answer=kill) as server:
        process = await _begun(store_url, server)
        living.append(process)
        _, said = await process.communicate()
        assert process.returncode == -signal.SIGKILL, said.decode()
        assert server.posted != []
        assert await _states(store_url) == {"waiting": len(KEYS)}

        await send(store_url, server.url, str(server.ca_file), AnHourLater())

    assert len(server.posted) > len(KEYS), "what the store did not know of goes out again"
    taken = {posted.message: posted.data["data"]["key"] for posted in server.posted}
    assert sorted(taken.values()) == KEYS
    assert len({(posted.message, posted.body) for posted in server.posted}) == len(KEYS)
    assert await _states(store_url) == {"sent": len(KEYS)}
