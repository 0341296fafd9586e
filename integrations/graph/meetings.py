"""Teams meetings behind the events of program mailboxes."""

from __future__ import annotations

from msgraph.generated.users.item.online_meetings.online_meetings_request_builder import (
    OnlineMeetingsRequestBuilder,
)

from integrations.graph import models
from integrations.graph.client import Wire
from integrations.graph.operations import FIND_MEETING
from integrations.ports import OnlineMeeting


class TeamsMeetings:
    """Implements :class:`integrations.ports.OnlineMeetings`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def find(self, organizer_id: str, join_url: str) -> OnlineMeeting | None:
        # A join URL is stored with escapes of its own (%3a). The filter's value is escaped as a
        # whole once more (%253a): decoding that once gives the URL as Teams stores it.
        literal = join_url.replace("'", "''")
        query = OnlineMeetingsRequestBuilder.OnlineMeetingsRequestBuilderGetQueryParameters(
            filter=f"JoinWebUrl eq '{literal}'"
        )

        answer = await self._wire.fetch(
            models.Meetings,
            FIND_MEETING,
            lambda graph, c: graph.users.by_user_id(organizer_id).online_meetings.get(c),
            query,
        )
        found = answer.value
        if not found:
            return None
        lobby = found[0].lobby
        return OnlineMeeting(id=found[0].id, lobby_scope=lobby.scope if lobby else None)
