"""Subscriptions to change notifications: who is to be told of which mailbox, until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.behaviour import Behaviour
from simulator.clock import Clock
from simulator.storage import Storage

CHANGE_TYPES = ("created", "updated", "deleted")
# So long before the right to read runs out, and then so often, an app is asked to prove itself.
_ASKED_EVERY = timedelta(minutes=15)


@dataclass(slots=True)
class Subscription:
    """One app's wish to be told of changes to the events of a mailbox.

    ``mailbox`` is a user id, ``resource`` what the app called it. ``authorized``
    is when the app last proved that it may read, ``asked`` when it was last
    asked to since. One the service itself took away is ``removed``: its app is
    still to be told of that, nothing else is known of it.
    """

    id: str
    app: str
    mailbox: str
    resource: str
    change_types: tuple[str, ...]
    notification_url: str
    expires: datetime
    authorized: datetime
    client_state: str | None = field(default=None, repr=False)
    lifecycle_url: str | None = None
    tls: str = "v1_2"
    immutable_ids: bool = False
    asked: datetime | None = None
    removed: bool = False

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Subscription:
        """The subscription that storage kept."""
        asked = doc["asked"]
        return cls(
            **{
                **doc,
                "change_types": tuple(doc["change_types"]),
                "expires": datetime.fromisoformat(doc["expires"]),
                "authorized": datetime.fromisoformat(doc["authorized"]),
                "asked": datetime.fromisoformat(asked) if asked else None,
            }
        )


class Subscriptions:
    """Every subscription of the tenant; an expired one is gone as if it had been deleted."""

    def __init__(self, storage: Storage, clock: Clock, behaviour: Behaviour) -> None:
        self._storage, self._clock, self._behaviour = storage, clock, behaviour
        self._by_id = {
            key: Subscription.from_document(doc) for key, doc in storage.documents("subscription")
        }
        self._made = int((storage.get("counter", "subscription") or {}).get("value", 0))

    def __iter__(self) -> Iterator[Subscription]:
        """Those that are alive, oldest first."""
        now = self._clock()
        return (one for one in list(self._by_id.values()) if self._is_live(one, now))

    def new_number(self) -> int:
        """A number no other subscription was made from."""
        self._made += 1
        self._storage.put("counter", "subscription", {"value": self._made})
        return self._made

    def find(self, subscription_id: str) -> Subscription | None:
        """The live subscription of that id."""
        found = self._by_id.get(subscription_id)
        return found if found is not None and self._is_live(found, self._clock()) else None

    def known(self, subscription_id: str) -> Subscription | None:
        """The subscription of that id, also one the service took away."""
        return self._by_id.get(subscription_id)

    def of_mailbox(self, user_id: str) -> list[Subscription]:
        """Live subscriptions of all apps to one mailbox."""
        return [one for one in self if one.mailbox == user_id]

    def equal_to(self, other: Subscription) -> Subscription | None:
        """A live one by which the app of ``other`` is told the same already."""
        return next(
            (
                one
                for one in self.of_mailbox(other.mailbox)
                if one.app == other.app and set(one.change_types) == set(other.change_types)
            ),
            None,
        )

    def save(self, subscription: Subscription) -> None:
        """Keep a subscription as it is now."""
        self._by_id[subscription.id] = subscription
        self._storage.put("subscription", subscription.id, subscription)

    def authorize(self, subscription: Subscription) -> None:
        """The app proved anew that it may read."""
        subscription.authorized, subscription.asked = self._clock(), None
        self.save(subscription)

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._by_id.pop(subscription.id, None)
        self._storage.drop("subscription", subscription.id)

    def forget_expired(self) -> None:
        """Forget those whose time is over."""
        now = self._clock()
        for one in list(self._by_id.values()):
            if one.expires <= now:
                self.drop(one)

    def is_paused(self, subscription: Subscription, now: datetime) -> bool:
        """Whether nothing is told until the app proves anew that it may read."""
        lasts = self._behaviour.authorization_lasts
        return lasts is not None and subscription.authorized + lasts <= now

    def asks_next(self, subscription: Subscription) -> datetime | None:
        """When the app is next to be asked for that proof; None: never."""
        lasts = self._behaviour.authorization_lasts
        if lasts is None or subscription.lifecycle_url is None:
            return None
        if subscription.asked is not None:
            return subscription.asked + _ASKED_EVERY
        return max(subscription.authorized, subscription.authorized + lasts - _ASKED_EVERY)

    @staticmethod
    def _is_live(subscription: Subscription, now: datetime) -> bool:
        return not subscription.removed and subscription.expires > now
