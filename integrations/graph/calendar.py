"""The calendars of program mailboxes: the only ones Tandem writes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from msgraph.generated.models.event import Event
from msgraph.generated.users.item.calendar.calendar_request_builder import CalendarRequestBuilder
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import (
    CalendarViewRequestBuilder,
)
from msgraph.generated.users.item.events.events_request_builder import EventsRequestBuilder
from msgraph.generated.users.item.events.item.cancel.cancel_post_request_body import (
    CancelPostRequestBody,
)
from msgraph.generated.users.item.events.item.event_item_request_builder import (
    EventItemRequestBuilder,
)
from msgraph.generated.users.item.events.item.instances.instances_request_builder import (
    InstancesRequestBuilder,
)
from msgraph.graph_service_client import GraphServiceClient

from integrations.errors import NotFoundError
from integrations.graph import models
from integrations.graph.client import Call, Configuration, Wire, malformed
from integrations.graph.events import (
    TAG_PROPERTY,
    from_graph,
    move_to_graph,
    range_to_graph,
    series_to_graph,
    single_to_graph,
    trial_to_graph,
)
from integrations.graph.operations import (
    CANCEL_EVENT,
    CREATE_EVENT,
    DELETE_EVENT,
    FIND_EVENTS,
    LIST_INSTANCES,
    MOVE_EVENT,
    READ_CALENDAR,
    READ_EVENT,
    TRUNCATE_SERIES,
    VIEW_CALENDAR,
    Operation,
)
from integrations.ports import EventDraft, EventSnapshot, SeriesDraft
from scheduling.cadence import Recurrence
from scheduling.timespan import TimeSpan

_SELECT = [
    "id",
    "iCalUId",
    "type",
    "start",
    "end",
    "isCancelled",
    "onlineMeeting",
    "originalStartTimeZone",
    "originalStart",
    "createdDateTime",
    "attendees",
    "seriesMasterId",
    "recurrence",
    "isOrganizer",
]
_PAGE = 50
"""Events come ten to a page unless asked otherwise; so a series of two years fits in one."""

_VIEW_PAGE = 250


class ProgramCalendar:
    """Implements :class:`integrations.ports.OrganizerCalendar`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def teams_offered(self, mailbox_id: str) -> bool:
        query = CalendarRequestBuilder.CalendarRequestBuilderGetQueryParameters(
            select=["allowedOnlineMeetingProviders"]
        )
        calendar = await self._wire.fetch(
            models.Calendar,
            READ_CALENDAR,
            lambda graph, c: graph.users.by_user_id(mailbox_id).calendar.get(c),
            query,
        )
        return "teamsforbusiness" in calendar.providers

    async def create_series(self, mailbox_id: str, draft: SeriesDraft) -> EventSnapshot:
        return await self._create(mailbox_id, series_to_graph(draft))

    async def create_event(self, mailbox_id: str, draft: EventDraft) -> EventSnapshot:
        return await self._create(mailbox_id, single_to_graph(draft))

    async def create_trial(
        self, mailbox_id: str, span: TimeSpan, zone: str, transaction_id: str, tag: str
    ) -> EventSnapshot:
        return await self._create(mailbox_id, trial_to_graph(span, zone, transaction_id, tag))

    async def find_tagged(self, mailbox_id: str, tag: str) -> list[EventSnapshot]:
        query = EventsRequestBuilder.EventsRequestBuilderGetQueryParameters(
            filter=f"singleValueExtendedProperties/Any(ep: ep/id eq {_quoted(TAG_PROPERTY)}"
            f" and ep/value eq {_quoted(tag)})",
            select=_SELECT,
            expand=[_TAG],
            top=_PAGE,
        )

        def page(url: str | None) -> Call:
            def call(graph: GraphServiceClient, c: Configuration) -> Awaitable[object]:
                events = graph.users.by_user_id(mailbox_id).events
                return (events if url is None else events.with_url(url)).get(c)

            return call

        found = await self._pages(FIND_EVENTS, page, query)
        never = datetime.min.replace(tzinfo=UTC)
        return [_snapshot(FIND_EVENTS, e) for e in sorted(found, key=lambda e: e.created or never)]

    async def read(self, mailbox_id: str, event_id: str) -> EventSnapshot:
        query = EventItemRequestBuilder.EventItemRequestBuilderGetQueryParameters(select=_SELECT)
        answer = await self._wire.fetch(
            models.Event,
            READ_EVENT,
            lambda graph, c: _event(graph, mailbox_id, event_id).get(c),
            query,
        )
        return _snapshot(READ_EVENT, answer)

    async def instances(
        self, mailbox_id: str, event_id: str, span: TimeSpan
    ) -> list[EventSnapshot]:
        query = InstancesRequestBuilder.InstancesRequestBuilderGetQueryParameters(
            start_date_time=_bound(span.start),
            end_date_time=_bound(span.end),
            select=_SELECT,
            top=_PAGE,
        )

        def page(url: str | None) -> Call:
            def call(graph: GraphServiceClient, c: Configuration) -> Awaitable[object]:
                instances = _event(graph, mailbox_id, event_id).instances
                return (instances if url is None else instances.with_url(url)).get(c)

            return call

        found = await self._pages(LIST_INSTANCES, page, query)
        snapshots = [_snapshot(LIST_INSTANCES, event) for event in found]
        return sorted(snapshots, key=lambda snapshot: (snapshot.span.start, snapshot.id))

    async def view(self, mailbox_id: str, span: TimeSpan) -> list[EventSnapshot]:
        query = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
            start_date_time=_bound(span.start),
            end_date_time=_bound(span.end),
            select=_SELECT,
            expand=[_TAG],
            orderby=["start/dateTime"],
            top=_VIEW_PAGE,
        )

        def page(url: str | None) -> Call:
            def call(graph: GraphServiceClient, c: Configuration) -> Awaitable[object]:
                view = graph.users.by_user_id(mailbox_id).calendar_view
                return (view if url is None else view.with_url(url)).get(c)

            return call

        found = await self._pages(VIEW_CALENDAR, page, query)
        # A page that was turned while somebody moved a date can show it twice.
        by_id = {event.id: _snapshot(VIEW_CALENDAR, event) for event in found}
        return sorted(by_id.values(), key=lambda snapshot: (snapshot.span.start, snapshot.id))

    async def move(
        self, mailbox_id: str, event_id: str, to: TimeSpan, zone: str, etag: str | None
    ) -> EventSnapshot:
        body = move_to_graph(to, zone)
        return await self._change(MOVE_EVENT, mailbox_id, event_id, body, etag)

    async def truncate(
        self, mailbox_id: str, event_id: str, recurrence: Recurrence, etag: str | None
    ) -> EventSnapshot:
        body = range_to_graph(recurrence)
        return await self._change(TRUNCATE_SERIES, mailbox_id, event_id, body, etag)

    async def cancel(self, mailbox_id: str, event_id: str, comment: str) -> bool:
        body = CancelPostRequestBody(comment=comment)
        return await self._until_gone(
            CANCEL_EVENT,
            lambda graph, c: _event(graph, mailbox_id, event_id).cancel.post(body, c),
        )

    async def delete(self, mailbox_id: str, event_id: str) -> None:
        await self._until_gone(
            DELETE_EVENT, lambda graph, c: _event(graph, mailbox_id, event_id).delete(c)
        )

    async def _create(self, mailbox_id: str, event: Event) -> EventSnapshot:
        answer = await self._wire.fetch(
            models.Event,
            CREATE_EVENT,
            lambda graph, c: graph.users.by_user_id(mailbox_id).events.post(event, c),
        )
        return _snapshot(CREATE_EVENT, answer)

    async def _change(
        self, operation: Operation, mailbox_id: str, event_id: str, body: Event, etag: str | None
    ) -> EventSnapshot:
        answer = await self._wire.fetch(
            models.Event,
            operation,
            lambda graph, c: _event(graph, mailbox_id, event_id).patch(body, c),
            headers={} if etag is None else {"If-Match": etag},
        )
        return _snapshot(operation, answer)

    async def _until_gone(self, operation: Operation, call: Call) -> bool:
        """Whether it was there to be taken out."""
        try:
            await self._wire.send(operation, call)
        except NotFoundError:
            return False
        return True

    async def _pages(
        self, operation: Operation, page: Callable[[str | None], Call], query: object
    ) -> list[models.Event]:
        """The events of all pages; a next link is followed whole, as it was given."""
        answer = await self._wire.fetch(models.EventPage, operation, page(None), query)
        events = list(answer.value)
        while answer.next_link:
            answer = await self._wire.fetch(models.EventPage, operation, page(answer.next_link))
            events.extend(answer.value)
        return events


def _event(graph: GraphServiceClient, mailbox_id: str, event_id: str) -> EventItemRequestBuilder:
    return graph.users.by_user_id(mailbox_id).events.by_event_id(event_id)


def _snapshot(operation: Operation, event: models.Event) -> EventSnapshot:
    try:
        return from_graph(event)
    except models.MalformedAnswerError:
        raise malformed(operation, 200) from None


def _bound(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quoted(text: str) -> str:
    """An OData string literal."""
    return "'" + text.replace("'", "''") + "'"


_TAG = f"singleValueExtendedProperties($filter=id eq {_quoted(TAG_PROPERTY)})"
