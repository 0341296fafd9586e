"""Azure Storage queues, by connection string (Azurite, trials) or by managed identity."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence

from azure.core.exceptions import ResourceExistsError
from azure.identity.aio import ManagedIdentityCredential
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from integrations.ports import WakeUp

# Azurite refuses newer versions; everything used here is older than this one.
API_VERSION = "2024-11-04"


class StorageQueue:
    """``integrations.ports.Queue`` over one storage queue.

    Messages are Base64, as queue triggers expect them by default. The queue is created at the
    first message if it is missing.
    """

    def __init__(self, client: QueueClient, identity: ManagedIdentityCredential | None) -> None:
        self._client = client
        self._identity = identity
        self._is_there = False

    @classmethod
    def by_connection(cls, connection: str, name: str) -> StorageQueue:
        """A queue of the storage account behind a connection string."""
        client = QueueClient.from_connection_string(
            connection,
            name,
            message_encode_policy=TextBase64EncodePolicy(),
            api_version=API_VERSION,
        )
        return cls(client, None)

    @classmethod
    def by_identity(cls, account_url: str, name: str, client_id: str | None) -> StorageQueue:
        """A queue of an account that knows the managed identity; no key anywhere."""
        identity = ManagedIdentityCredential(client_id=client_id)
        client = QueueClient(
            account_url, name, credential=identity, message_encode_policy=TextBase64EncodePolicy()
        )
        return cls(client, identity)

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """One message for each wake-up."""
        if wake_ups and not self._is_there:
            await self._make()
        for wake_up in wake_ups:
            await self._client.send_message(to_message(wake_up))

    async def _make(self) -> None:
        with contextlib.suppress(ResourceExistsError):
            await self._client.create_queue()
        self._is_there = True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._identity is not None:
            await self._identity.close()


def to_message(wake_up: WakeUp) -> str:
    """The text of a queue message: kind and id, nothing else."""
    return json.dumps({"kind": wake_up.kind, "id": wake_up.work_id})


def from_message(text: str) -> WakeUp:
    """The wake-up in a message's text.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        message = json.loads(text)
        return WakeUp(str(message["kind"]), str(message["id"]))
    except (TypeError, KeyError, json.JSONDecodeError):
        raise ValueError("not a wake-up of ours") from None
