"""Addresses outside Microsoft Graph: the firm's own system, and our own webhook from outside."""

from __future__ import annotations

from typing import Protocol


class Handshake(Protocol):
    """Asks a webhook as Graph does before it subscribes."""

    async def shake(self, url: str) -> str | None:
        """Why Graph would not subscribe ``url``, as a code; None: it would.

        ``unreachable``, ``certificate``, ``timeout``, ``status_404`` and the like, or
        ``wrong_answer``.
        """
        ...


class Outbound(Protocol):
    """The firm's own system that is told of verdicts."""

    async def post(self, message_id: str, body: bytes) -> None:
        """Send one signed message; it is taken once this returns.

        ``message_id`` is the same each time the same message is sent: the receiver takes the
        first and answers alike to the others.

        Raises:
            NotTakenError: it was certainly not accepted, or nobody knows; send it again.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
