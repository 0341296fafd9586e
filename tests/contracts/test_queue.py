"""What every queue of wake-ups promises, and what the storage queue promises beyond it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator

import pytest
from azure.core.exceptions import ResourceNotFoundError

from integrations.ports import Queue, WakeUp
from integrations.queue.errors import QueueError
from integrations.queue.messages import from_message, to_message
from integrations.queue.no_queue import NoQueue
from integrations.queue.storage_queue import KEPT_FOR, StorageQueue
from tests.support.azurite import Azurite, azurite
from tests.support.postgres import free_port

__all__ = ["azurite"]

ONE = WakeUp("book_pair", "0" * 31 + "1")
TWO = WakeUp("check_mailbox", "f" * 32)

STORAGE = pytest.param("storage", marks=pytest.mark.node)


@pytest.fixture(params=["none", STORAGE])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[Queue]:
    """A queue of each kind."""
    if request.param == "none":
        opened: Queue = NoQueue()
    else:
        emulator: Azurite = request.getfixturevalue("azurite")
        opened = StorageQueue.by_connection(emulator.connection, emulator.new_name())
    yield opened
    await opened.close()


async def test_sending_nothing_is_allowed(queue: Queue) -> None:
    await queue.send([])


async def test_the_same_wake_up_may_be_sent_again(queue: Queue) -> None:
    await queue.send([ONE, ONE])
    await queue.send([ONE])


async def test_closing_twice_is_closing_once(queue: Queue) -> None:
    await queue.send([ONE])
    await queue.close()
    await queue.close()


@pytest.fixture
async def sender(azurite: Azurite) -> AsyncIterator[tuple[StorageQueue, str]]:
    """A storage queue and its name."""
    name = azurite.new_name()
    opened = StorageQueue.by_connection(azurite.connection, name)
    yield opened, name
    await opened.close()


@pytest.mark.node
async def test_what_is_sent_arrives_as_it_was(
    azurite: Azurite, sender: tuple[StorageQueue, str]
) -> None:
    queue, name = sender
    await queue.send([ONE, TWO])
    texts = azurite.taken(name)
    assert {from_message(text.encode()) for text in texts} == {ONE, TWO}
    assert sorted(texts) == sorted([to_message(ONE), to_message(TWO)])


@pytest.mark.node
async def test_messages_travel_in_base64_and_end_by_themselves(
    azurite: Azurite, sender: tuple[StorageQueue, str]
) -> None:
    queue, name = sender
    await queue.send([ONE])
    with azurite.reader(name, on_the_wire=True) as reader:
        (message,) = reader.receive_messages()
    assert b64decode(message.content, validate=True).decode() == to_message(ONE)
    assert message.expires_on is not None
    assert message.inserted_on is not None
    assert message.expires_on - message.inserted_on == KEPT_FOR


@pytest.mark.node
async def test_nothing_sent_makes_no_queue(
    azurite: Azurite, sender: tuple[StorageQueue, str]
) -> None:
    queue, name = sender
    await queue.send([])
    with azurite.reader(name) as reader, pytest.raises(ResourceNotFoundError):
        reader.get_queue_properties()


@pytest.mark.node
async def test_a_queue_that_was_deleted_is_made_again(
    azurite: Azurite, sender: tuple[StorageQueue, str]
) -> None:
    queue, name = sender
    await queue.send([ONE])
    with azurite.reader(name) as reader:
        reader.delete_queue()
    await queue.send([TWO])
    assert azurite.taken(name) == [to_message(TWO)]


@pytest.mark.node
async def test_two_senders_may_find_the_queue_missing_at_once(azurite: Azurite) -> None:
    name = azurite.new_name()
    first, second = (StorageQueue.by_connection(azurite.connection, name) for _ in range(2))
    await first.send([ONE])
    await second.send([TWO])
    await first.close()
    await second.close()
    assert len(azurite.taken(name)) == 2


async def test_an_account_that_does_not_answer_is_one_known_error() -> None:
    """The error names neither the account nor its key."""
    connection = (
        "DefaultEndpointsProtocol=http;AccountName=gone;AccountKey=c2VjcmV0;"
        f"QueueEndpoint=http://127.0.0.1:{free_port()}/gone;"
    )
    queue = StorageQueue.by_connection(connection, "tandem-work")
    with pytest.raises(QueueError) as caught:
        await queue.send([ONE])
    await queue.close()
    assert "gone" not in str(caught.value)
    assert "work timer sends again" in caught.value.remedy
