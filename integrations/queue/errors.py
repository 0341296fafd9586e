"""Errors of queues.

QueueError            wake-ups could not be sent; the work they point to stays due
"""

from __future__ import annotations

from integrations.errors import IntegrationError


class QueueError(IntegrationError):
    """The storage queue did not take a wake-up; ``kind`` is the client library's error class."""

    remedy = (
        "Nothing is lost and the work timer sends again. Check the storage account's address, its "
        "network rules and the identity's role (Storage Queue Data Contributor)."
    )

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"the storage queue did not take a wake-up ({kind})")
