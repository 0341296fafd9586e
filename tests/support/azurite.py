"""Azurite, the storage emulator, as a process of this test session; and its queues, read."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import threading
from base64 import b64encode
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, TextBase64DecodePolicy

from integrations.ports import Queue, WakeUp
from integrations.queue.storage_queue import API_VERSION

MAIN = Path(__file__).parents[1] / "queue/node_modules/azurite/dist/src/queue/main.js"
NODE = shutil.which("node")
LISTENS = "successfully listens on "
LONGEST_START_SECONDS = 60.0

_names = count(1)


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running emulator with one account."""

    connection: str

    def new_name(self) -> str:
        """The name of a queue that is not there yet."""
        return f"tandem-work-{next(_names)}"

    def reader(self, name: str, *, on_the_wire: bool = False) -> QueueClient:
        """Whoever reads the queue as the Functions host does: Base64 taken off, or left on."""
        return QueueClient.from_connection_string(
            self.connection,
            name,
            message_decode_policy=None if on_the_wire else TextBase64DecodePolicy(),
            api_version=API_VERSION,
        )

    def taken(self, name: str) -> list[str]:
        """Every message of the queue, taken out of it; none if there is no such queue."""
        texts = []
        with self.reader(name) as reader:
            try:
                for message in reader.receive_messages(messages_per_page=32):
                    texts.append(message.content)
                    reader.delete_message(message)
            except ResourceNotFoundError:
                return []
        return texts


@contextmanager
def running_azurite(folder: Path) -> Iterator[Azurite]:
    """Start the emulator on a free port of the loopback; it keeps everything in memory."""
    account, key = "tandemtest", b64encode(secrets.token_bytes(32)).decode()
    options = [
        *("--queueHost", "127.0.0.1", "--queuePort", "0", "--silent"),
        *("--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"),
    ]
    process = subprocess.Popen(  # noqa: S603 - the emulator and our own arguments
        [str(NODE), str(MAIN), *options],
        cwd=folder,
        env={"AZURITE_ACCOUNTS": f"{account}:{key}", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    patience = threading.Timer(LONGEST_START_SECONDS, process.kill)
    patience.start()
    try:
        address = _address(process)
        patience.cancel()
        yield Azurite(
            f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};"
            f"QueueEndpoint={address}/{account};"
        )
    finally:
        patience.cancel()
        process.terminate()
        process.communicate(timeout=LONGEST_START_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    """Where it says that it listens."""
    said = []
    for line in process.stdout or ():
        said.append(line)
        if LISTENS in line:
            return line.split(LISTENS)[1].strip()
    raise RuntimeError(f"Azurite ended: {''.join(said)}")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """The emulator of this test session."""
    if NODE is None:
        pytest.skip("Node.js is not installed")
    if not MAIN.exists():
        pytest.skip("Azurite is not installed: run `make node`")
    with running_azurite(tmp_path_factory.mktemp("azurite")) as emulator:
        yield emulator


class OnItsOwnLoop:
    """A queue whose sockets live on a real event loop in a thread of its own.

    For tests on a loop that only pretends to let time pass: whoever sends waits, and no
    pretended time goes by meanwhile.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Send and wait."""
        self._do(self._queue.send(wake_ups))

    async def close(self) -> None:
        """Close the queue and end the thread."""
        self._do(self._queue.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
