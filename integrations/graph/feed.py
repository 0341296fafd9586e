"""News in people's activity feeds in Teams."""

from __future__ import annotations

from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.key_value_pair import KeyValuePair
from msgraph.generated.models.teamwork_activity_topic import TeamworkActivityTopic
from msgraph.generated.models.teamwork_activity_topic_source import TeamworkActivityTopicSource
from msgraph.generated.users.item.teamwork.send_activity_notification import (
    send_activity_notification_post_request_body as bodies,
)

from integrations.errors import ChangedMeanwhileError, DuplicateError, RefusedError
from integrations.graph.client import Wire
from integrations.graph.operations import TELL_IN_TEAMS
from integrations.ports import News

ACTIVITY = "tandemNews"
"""The kind of activity that the app's manifest declares, with its one parameter ``news``."""


class ActivityFeed:
    """Implements :class:`integrations.ports.Feed`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def tell(self, directory_id: str, news: News) -> None:
        body = bodies.SendActivityNotificationPostRequestBody(
            topic=TeamworkActivityTopic(
                source=TeamworkActivityTopicSource.Text, value=news.about, web_url=news.link
            ),
            activity_type=ACTIVITY,
            preview_text=ItemBody(content=news.preview),
            template_parameters=[KeyValuePair(name="news", value=news.title)],
            chain_id=news.chain,
        )
        try:
            await self._wire.send(
                TELL_IN_TEAMS,
                lambda graph, c: graph.users.by_user_id(
                    directory_id
                ).teamwork.send_activity_notification.post(body, c),
            )
        except (ChangedMeanwhileError, DuplicateError) as conflict:
            # 409: the person has several apps of this registration, and Teams will not choose.
            raise RefusedError(409, "Conflict", operation=TELL_IN_TEAMS.name) from conflict
