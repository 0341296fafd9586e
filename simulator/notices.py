"""A notification waiting to be told, and how it reads when it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, Literal

from simulator.event_views import stamp
from simulator.events import Change
from simulator.subscriptions import Subscription

Lifecycle = Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]
_ELSEWHERE = timezone(timedelta(hours=5, minutes=30))


@dataclass(slots=True)
class Notice:
    """One entry of a coming POST: a change to an item, or a lifecycle event.

    ``made`` is when it happened; the time of retrying is counted from the first
    attempt. ``delayed`` says that a slow endpoint has cost it its delay already.
    """

    number: int
    subscription: str
    made: datetime
    due: datetime
    change: Change | None = None
    item_id: str = ""
    etag: str = ""
    lifecycle: Lifecycle | None = None
    forged: bool = False
    attempts: int = 0
    first_tried: datetime | None = None
    delayed: bool = False

    @property
    def key(self) -> str:
        """What storage keeps it under."""
        return f"{self.number:09d}"

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Notice:
        """The notice that storage kept."""
        tried = doc["first_tried"]
        return cls(
            **{
                **doc,
                "made": datetime.fromisoformat(doc["made"]),
                "due": datetime.fromisoformat(doc["due"]),
                "first_tried": datetime.fromisoformat(tried) if tried else None,
            }
        )


def url_of(notice: Notice, subscription: Subscription) -> str | None:
    """Where it is told; None: nobody asked to be told of such a thing."""
    if notice.lifecycle is not None:
        return subscription.lifecycle_url
    return subscription.notification_url


def told(
    notice: Notice, subscription: Subscription, tenant_id: str, chance: Random | None
) -> dict[str, Any]:
    """The entry as it is sent; with ``chance`` in one of the forms Graph has been seen to use."""
    entry: dict[str, Any] = {
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": _expiry(subscription, chance),
        "clientState": "forged" if notice.forged else subscription.client_state,
        "tenantId": tenant_id,
    }
    if notice.lifecycle is not None:
        return {**entry, "lifecycleEvent": notice.lifecycle}
    user, item = subscription.mailbox, notice.item_id
    forms = (
        f"Users/{user}/Events/{item}",
        f"users/{user}@{tenant_id}/events/{item}",
        f"Users('{user}')/events('{item}')",
    )
    return {
        **entry,
        "changeType": notice.change,
        "resource": forms[0] if chance is None else chance.choice(forms),
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": forms[0],
            "@odata.etag": notice.etag,
            "id": item,
        },
    }


def _expiry(subscription: Subscription, chance: Random | None) -> str:
    if chance is None or chance.random() < 0.5:
        return stamp(subscription.expires)
    return f"{subscription.expires.astimezone(_ELSEWHERE):%Y-%m-%dT%H:%M:%S.%f}0+05:30"
