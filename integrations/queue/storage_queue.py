"""Azure Storage queues, by connection string (Azurite, trials) or by managed identity."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.identity.aio import ManagedIdentityCredential
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from integrations.ports import WakeUp
from integrations.queue.errors import QueueError
from integrations.queue.messages import to_message

# Azurite refuses newer versions; everything used here is older than this one.
API_VERSION = "2024-11-04"
# The work timer sends again for whatever is still due, so an old wake-up is worth nothing. The
# bound keeps consumers that were away from finding one message for every minute of it.
KEPT_FOR = timedelta(hours=1)
# For the same reason nothing is gained by the library's retries, which begin after 15 seconds.
NO_RETRIES = 0
# The libraries' own are five minutes; a wake-up that takes longer than this is sent by the timer.
_TIME_OUTS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 15}


class StorageQueue:
    """``integrations.ports.Queue`` over one storage queue.

    Messages are Base64, as queue triggers expect them by default (``messageEncoding`` in
    host.json), and vanish unread after :data:`KEPT_FOR`. The queue is created when a message
    finds it missing.
    """

    def __init__(self, client: QueueClient, identity: ManagedIdentityCredential | None) -> None:
        self._client = client
        self._identity = identity

    @classmethod
    def by_connection(cls, connection: str, name: str) -> StorageQueue:
        """A queue of the storage account behind a connection string."""
        client = QueueClient.from_connection_string(
            connection,
            name,
            message_encode_policy=TextBase64EncodePolicy(),
            api_version=API_VERSION,
            retry_total=NO_RETRIES,
            **_TIME_OUTS,
        )
        return cls(client, None)

    @classmethod
    def by_identity(cls, account_url: str, name: str, client_id: str | None) -> StorageQueue:
        """A queue of an account that knows the managed identity; no key anywhere."""
        identity = ManagedIdentityCredential(client_id=client_id, **_TIME_OUTS)
        client = QueueClient(
            account_url,
            name,
            credential=identity,
            message_encode_policy=TextBase64EncodePolicy(),
            retry_total=NO_RETRIES,
            **_TIME_OUTS,
        )
        return cls(client, identity)

    async def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """One message for each wake-up.

        Raises:
            QueueError: some were not taken; those before them were.
        """
        try:
            for wake_up in wake_ups:
                await self._send(wake_up)
        except AzureError as error:
            raise QueueError(type(error).__name__) from None

    async def _send(self, wake_up: WakeUp) -> None:
        try:
            await self._put(wake_up)
        except ResourceNotFoundError:
            # Somebody else may be making it at this moment.
            with contextlib.suppress(ResourceExistsError):
                await self._client.create_queue()
            await self._put(wake_up)

    async def _put(self, wake_up: WakeUp) -> None:
        await self._client.send_message(
            to_message(wake_up), time_to_live=int(KEPT_FOR.total_seconds())
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._identity is not None:
            await self._identity.close()
