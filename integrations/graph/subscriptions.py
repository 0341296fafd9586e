"""Subscriptions to the events of program mailboxes."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import UTC, datetime

from msgraph.generated.models.subscription import Subscription
from msgraph.graph_service_client import GraphServiceClient

from integrations.errors import NotFoundError
from integrations.graph import models
from integrations.graph.client import Call, Configuration, Wire
from integrations.graph.operations import (
    CREATE_SUBSCRIPTION,
    DELETE_SUBSCRIPTION,
    LIST_SUBSCRIPTIONS,
    RENEW_SUBSCRIPTION,
)
from integrations.ports import LiveSubscription

_CHANGES = "created,updated,deleted"
# Graph gives a resource back in the form it likes, and in any case.
_EVENTS_OF = re.compile(r"/?users(?:/([^/'()]+)|\('([^']+)'\))/events", re.IGNORECASE)


class EventSubscriptions:
    """Implements :class:`integrations.ports.SubscriptionService`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(
        self, mailbox_id: str, url: str, client_state: str, expires_at: datetime
    ) -> LiveSubscription:
        wanted = Subscription(
            change_type=_CHANGES,
            resource=f"users/{mailbox_id}/events",
            notification_url=url,
            lifecycle_notification_url=url,
            client_state=client_state,
            expiration_date_time=expires_at.astimezone(UTC),
            latest_supported_tls_version="v1_2",
        )
        answer = await self._wire.fetch(
            models.Subscription,
            CREATE_SUBSCRIPTION,
            lambda graph, c: graph.subscriptions.post(wanted, c),
        )
        return _live(answer)

    async def all(self) -> list[LiveSubscription]:
        def page(url: str | None) -> Call:
            def call(graph: GraphServiceClient, c: Configuration) -> Awaitable[object]:
                listed = graph.subscriptions
                return (listed if url is None else listed.with_url(url)).get(c)

            return call

        found: list[models.Subscription] = []
        next_link: str | None = None
        while True:
            answer = await self._wire.fetch(
                models.SubscriptionPage, LIST_SUBSCRIPTIONS, page(next_link)
            )
            found.extend(answer.value)
            next_link = answer.next_link
            if not next_link:
                return [_live(one) for one in found]

    async def renew(self, subscription_id: str, expires_at: datetime) -> LiveSubscription:
        later = Subscription(expiration_date_time=expires_at.astimezone(UTC))
        answer = await self._wire.fetch(
            models.Subscription,
            RENEW_SUBSCRIPTION,
            lambda graph, c: graph.subscriptions.by_subscription_id(subscription_id).patch(
                later, c
            ),
        )
        return _live(answer)

    async def delete(self, subscription_id: str) -> None:
        try:
            await self._wire.send(
                DELETE_SUBSCRIPTION,
                lambda graph, c: graph.subscriptions.by_subscription_id(subscription_id).delete(c),
            )
        except NotFoundError:
            return


def _live(answer: models.Subscription) -> LiveSubscription:
    match = _EVENTS_OF.fullmatch(answer.resource)
    return LiveSubscription(
        id=answer.id,
        mailbox_id=(match[1] or match[2]) if match else None,
        url=answer.url,
        expires_at=answer.expires.astimezone(UTC),
    )
