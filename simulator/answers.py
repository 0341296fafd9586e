"""The answers to each Graph operation, from what the tenant holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from simulator.calendars import Item
from simulator.directory import USER_DEFAULT_FIELDS, USER_FIELDS, Directory, User, user_resource
from simulator.errors import GraphError, NotSimulatedError, item_not_found
from simulator.event_body import wall
from simulator.event_views import EVENT_FIELDS, View, same_property, stamp
from simulator.events import Occurrence
from simulator.odata import (
    equal_to_any,
    expanded,
    extended_property_filter,
    instant,
    next_link,
    selected,
    whole_number,
)
from simulator.requests import Answer, Call
from simulator.services import Services
from simulator.zones import supported, to_utc, zone_named

METADATA = "https://graph.microsoft.com/v1.0/$metadata#"
_T = TypeVar("_T")


class _Most(NamedTuple):
    """Entries of a page: when nothing is asked, and the most that can be asked for."""

    unasked: int
    asked: int


_USERS = _Most(100, 999)
_NAMES: Mapping[str, Callable[[User], str]] = {
    "mail": attrgetter("mail"),
    "userprincipalname": attrgetter("principal_name"),
    "id": attrgetter("id"),
}
_MOST_EVENTS = 1000


def _page(
    call: Call, found: Sequence[_T], show: Callable[[_T], dict[str, Any]], context: str, most: _Most
) -> Answer:
    """One page of what was found; nothing but the page is put into its shown form."""
    query = call.request.query
    size = whole_number(query, "$top", call.prefer.page_size or most.unasked, most.asked)
    skip = whole_number(query, "$skip", 0, 10**9)
    body: dict[str, Any] = {"@odata.context": METADATA + context}
    if query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(found)
    if skip + size < len(found):
        body["@odata.nextLink"] = next_link(
            call.request.base, call.request.path, query, skip + size
        )
    body["value"] = [show(one) for one in found[skip : skip + size]]
    return Answer(200, body)


def _chosen(resource: Mapping[str, Any], select: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if not select or name in select}


# Directory


def list_users(tenant: Services, call: Call) -> Answer:
    """GET /users: by mail or principal name where a filter asks for it."""
    text = call.request.query.get("$filter")
    if text is None:
        found = list(tenant.directory)
    else:
        wanted = equal_to_any(text, tenant.behaviour.filter_clauses)
        found = _users_of_any(tenant.directory, wanted)
    select = _user_fields(call)
    return _page(call, found, lambda user: _chosen(user_resource(user), select), "users", _USERS)


def _user_fields(call: Call) -> frozenset[str]:
    return _known(selected(call.request.query), USER_FIELDS, "user") or USER_DEFAULT_FIELDS


def _users_of_any(directory: Directory, wanted: Sequence[tuple[str, str]]) -> list[User]:
    for name, _ in wanted:
        if name not in _NAMES:
            raise NotSimulatedError(f"$filter by {name}", status=400)
    found = {
        user.id: user
        for name, value in wanted
        for user in directory.named(value)
        if _NAMES[name](user).lower() == value.lower()
    }
    return list(found.values())


def get_user(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}."""
    user = tenant.directory.user(call.parts["user"])
    select = _user_fields(call)
    return Answer(
        200,
        {
            "@odata.context": METADATA + "users/$entity",
            **_chosen(user_resource(user), select),
        },
    )


# Mailbox settings


_LANGUAGES = {"en-US": "English (United States)", "de-DE": "German (Germany)"}


def mailbox_settings(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/mailboxSettings."""
    user = call.mailbox
    settings = {
        "automaticRepliesSetting": {
            "status": "disabled",
            "externalAudience": "all",
            "scheduledStartDateTime": {
                "dateTime": "2016-03-14T07:00:00.0000000",
                "timeZone": "UTC",
            },
            "scheduledEndDateTime": {"dateTime": "2016-03-28T07:00:00.0000000", "timeZone": "UTC"},
            "internalReplyMessage": "",
            "externalReplyMessage": "",
        },
        "timeZone": user.zone,
        "language": {"locale": user.language, "displayName": _LANGUAGES.get(user.language, "")},
        "workingHours": tenant.free_busy.working_hours(user),
        "userPurpose": "user",
        "dateFormat": "MM/dd/yyyy",
        "timeFormat": user.time_format,
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
    }
    context = f"{METADATA}users('{user.id}')/mailboxSettings"
    chosen = _chosen(settings, selected(call.request.query))
    return Answer(200, {"@odata.context": context, **chosen})


def mailbox_time_zone(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/mailboxSettings/timeZone."""
    context = f"{METADATA}users('{call.mailbox.id}')/mailboxSettings/timeZone"
    return Answer(200, {"@odata.context": context, "value": call.mailbox.zone})


def mailbox_working_hours(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/mailboxSettings/workingHours."""
    context = f"{METADATA}users('{call.mailbox.id}')/mailboxSettings/workingHours"
    return Answer(200, {"@odata.context": context, **tenant.free_busy.working_hours(call.mailbox)})


def supported_zones(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/outlook/supportedTimeZones, of the Windows or the IANA standard."""
    tenant.directory.mailbox(call.parts["user"])
    asked = call.parts.get("standard", "").lower()
    standard = "iana" if "'iana'" in asked else "windows"
    return Answer(
        200,
        {
            "@odata.context": METADATA + "Collection(microsoft.graph.timeZoneInformation)",
            "value": supported(standard),
        },
    )


# Calendars


def _calendar(tenant: Services, user: User) -> dict[str, Any]:
    licensed = user.mailbox == "licensed"
    return {
        "id": tenant.calendar_id(user),
        "name": "Calendar",
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": True,
        "changeKey": tenant.mint.base64("calendar", user.id),
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"] if licensed else [],
        "defaultOnlineMeetingProvider": "teamsForBusiness" if licensed else "unknown",
        "isTallyingResponses": True,
        "isRemovable": False,
        "owner": {"name": user.name, "address": user.mail},
    }


def get_calendar(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/calendar and .../calendars/{calendar}: there is one calendar each."""
    user = call.mailbox
    asked = call.parts.get("calendar")
    if asked is not None and asked != tenant.calendar_id(user):
        raise item_not_found()
    chosen = _chosen(_calendar(tenant, user), selected(call.request.query))
    context = f"{METADATA}users('{user.id}')/calendar/$entity"
    return Answer(200, {"@odata.context": context, "id": tenant.calendar_id(user), **chosen})


def list_calendars(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/calendars."""
    select = selected(call.request.query)
    context = f"users('{call.mailbox.id}')/calendars"
    return _page(
        call,
        [call.mailbox],
        lambda user: _chosen(_calendar(tenant, user), select),
        context,
        _events(tenant),
    )


def get_schedule(tenant: Services, call: Call) -> Answer:
    """POST /users/{user}/calendar/getSchedule."""
    tenant.free_busy.unreadable = tenant.faults.unreadable()
    entries = tenant.free_busy.answer(call.app, call.request.body, call.prefer.zone or "UTC")
    context = METADATA + "Collection(microsoft.graph.scheduleInformation)"
    return Answer(200, {"@odata.context": context, "value": entries})


# Events


def _known(select: frozenset[str], known: frozenset[str], kind: str) -> frozenset[str]:
    """``select`` as it is.

    Raises:
        GraphError: 400, it names what the resource does not have.
    """
    for name in sorted(select - known):
        raise GraphError(
            400,
            "RequestBroker--ParseUri",
            f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.",
        )
    return select


def _view(call: Call) -> View:
    expansion = expanded(call.request.query)
    if expansion.extended is not None and not call.app.may("Calendars.Read", call.mailbox.mail):
        raise GraphError(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )
    return View(
        zone=call.prefer.zone or "UTC",
        immutable=call.prefer.immutable_ids,
        text_body=call.prefer.text_body,
        select=_known(selected(call.request.query), EVENT_FIELDS, "event"),
        expand_extended=expansion.extended,
        expand_exceptions=expansion.exceptions,
        exception_select=_known(expansion.exception_select, EVENT_FIELDS, "event"),
    )


def _event_answer(tenant: Services, call: Call, item: Item, status: int) -> Answer:
    shown = tenant.views.shown(item, _view(call))
    context = f"{METADATA}users('{call.mailbox.id}')/events/$entity"
    headers = {"ETag": shown["@odata.etag"]}
    return Answer(status, {"@odata.context": context, **shown}, headers)


def create_event(tenant: Services, call: Call) -> Answer:
    """POST /users/{user}/events."""
    item = tenant.writes.create(call.mailbox, call.request.body)
    answer = _event_answer(tenant, call, item, 201)
    item_id = tenant.calendars.item_id(item, immutable=call.prefer.immutable_ids)
    location = f"{call.request.base}/users/{call.mailbox.id}/events/{item_id}"
    return Answer(201, answer.body, {**answer.headers, "Location": location})


def _item(tenant: Services, call: Call) -> Item:
    return tenant.calendars.item(call.mailbox, call.parts["event"])


def _as_read(tenant: Services, item: Item) -> Item:
    """The item as a read shows it now, which for a while after a write is as it was."""
    return Item(tenant.calendars.as_read(item.event), item.day, item.owner)


def get_event(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/events/{event}."""
    return _event_answer(tenant, call, _as_read(tenant, _item(tenant, call)), 200)


def list_events(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/events: masters and single items, newest first as Exchange lists them."""
    items = list(tenant.calendars.items_of(call.mailbox))
    text = call.request.query.get("$filter")
    if text is not None:
        name, value = extended_property_filter(text)
        items = [item for item in items if _has_property(item, name, value)]
    if call.request.query.get("$orderby"):
        raise NotSimulatedError("$orderby of a list of events", status=400)
    view = _view(call)
    items.reverse()
    return _page(
        call,
        items,
        lambda item: tenant.views.shown(_as_read(tenant, item), view),
        f"users('{call.mailbox.id}')/events",
        _events(tenant),
    )


def _events(tenant: Services) -> _Most:
    return _Most(tenant.behaviour.page_size, _MOST_EVENTS)


def _has_property(item: Item, name: str, value: str) -> bool:
    return item.is_organizers and any(
        same_property(held, name) and kept.lower() == value.lower()
        for held, kept in item.event.extended.items()
    )


def change_event(tenant: Services, call: Call) -> Answer:
    """PATCH /users/{user}/events/{event}."""
    if_match = call.request.headers.get("if-match")
    item = tenant.writes.change(_item(tenant, call), call.request.body, if_match)
    return _event_answer(tenant, call, item, 200)


def delete_event(tenant: Services, call: Call) -> Answer:
    """DELETE /users/{user}/events/{event}."""
    tenant.writes.delete(_item(tenant, call), call.request.headers.get("if-match"))
    return Answer(204)


def _action_body(call: Call) -> dict[str, Any]:
    body = call.request.body
    return {str(k).lower(): v for k, v in body.items()} if isinstance(body, Mapping) else {}


def cancel_event(tenant: Services, call: Call) -> Answer:
    """POST /users/{user}/events/{event}/cancel."""
    tenant.writes.cancel(_item(tenant, call), str(_action_body(call).get("comment") or ""))
    return Answer(202)


def reply_to_event(tenant: Services, call: Call) -> Answer:
    """POST /users/{user}/events/{event}/accept, tentativelyAccept or decline."""
    body = _action_body(call)
    action = call.request.path.rsplit("/", 1)[-1].lower()
    response = {
        "accept": "accepted",
        "tentativelyaccept": "tentativelyAccepted",
        "decline": "declined",
    }[action]
    proposed = body.get("proposednewtime")
    if proposed is not None and action == "accept":
        raise NotSimulatedError("accept with proposedNewTime", status=400)
    times = None if proposed is None else (_proposed(proposed, "start"), _proposed(proposed, "end"))
    sends = body.get("sendresponse", True) is not False
    tenant.replies.answer(_item(tenant, call), response, send_reply=sends, proposed=times)
    return Answer(202)


def _proposed(value: Any, name: str) -> datetime:
    moment = wall(value.get(name) if isinstance(value, Mapping) else None, name)
    return to_utc(moment.local, zone_named(moment.zone or "UTC"))


# Occurrences


def list_instances(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/events/{event}/instances."""
    start, end = _bounds(call)
    item = _as_read(tenant, _item(tenant, call))
    if not item.event.is_series or item.day is not None:
        raise GraphError(
            400, "ErrorInvalidRequest", "The event is not the master of a recurring series."
        )
    found = [
        (Item(item.event, occurrence.day, item.owner), occurrence)
        for occurrence in tenant.calendars.occurrences(item.event, start, end)
    ]
    return _occurrences_page(tenant, call, found, f"events('{call.parts['event']}')/instances")


def calendar_view(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/calendarView."""
    start, end = _bounds(call)
    found = []
    for master in tenant.calendars.items_of(call.mailbox):
        event = tenant.calendars.as_read(master.event)
        found += [
            (Item(event, occurrence.day, call.mailbox), occurrence)
            for occurrence in tenant.calendars.occurrences(event, start, end)
        ]
    return _occurrences_page(tenant, call, found, "calendarView")


def _bounds(call: Call) -> tuple[datetime, datetime]:
    query = call.request.query
    start, end = instant(query, "startDateTime"), instant(query, "endDateTime")
    if end < start:
        raise GraphError(400, "ErrorInvalidParameter", "EndDateTime lies before StartDateTime.")
    return start.astimezone(UTC), end.astimezone(UTC)


def _occurrences_page(
    tenant: Services, call: Call, found: list[tuple[Item, Occurrence]], context: str
) -> Answer:
    standing = [
        (item, occurrence)
        for item, occurrence in found
        if item.standing is None or not item.standing.deleted
    ]
    order = call.request.query.get("$orderby", "").lower().split()
    if order and (order[0] != "start/datetime" or order[1:] not in ([], ["asc"], ["desc"])):
        raise NotSimulatedError(f"$orderby={call.request.query['$orderby']}", status=400)
    if order:
        standing.sort(key=lambda pair: pair[1].start, reverse=order[1:] == ["desc"])
    else:
        # No order is promised; exceptions come first, as Exchange has been seen to list them.
        standing.sort(key=lambda pair: (pair[1].altered is None, pair[1].original))
    view = _view(call)
    return _page(
        call,
        standing,
        lambda pair: tenant.views.shown(pair[0], view, pair[1]),
        f"users('{call.mailbox.id}')/{context}",
        _events(tenant),
    )


# Online meetings


def _meeting_answer(tenant: Services, meeting: dict[str, Any]) -> dict[str, Any]:
    event = tenant.calendars.event(meeting["event"])
    start = end = meeting["creationDateTime"]
    if event is not None:
        zone = zone_named(event.zone)
        start, end = stamp(to_utc(event.start, zone)), stamp(to_utc(event.end, zone))
    return tenant.meetings.resource(meeting, start, end)


def find_online_meeting(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/onlineMeetings?$filter=JoinWebUrl eq '…'."""
    text = call.request.query.get("$filter")
    if text is None:
        raise GraphError(400, "BadRequest", "Filter expression expected - JoinWebUrl eq '...'.")
    clauses = equal_to_any(text, 1)
    if [name for name, _ in clauses] != ["joinweburl"]:
        raise NotSimulatedError(f"$filter={text}", status=400)
    meeting = tenant.meetings.of_url(clauses[0][1])
    found = meeting is not None and meeting["organizer"] == call.mailbox.id
    select = selected(call.request.query)
    value = [_chosen(_meeting_answer(tenant, meeting), select)] if found and meeting else []
    context = f"{METADATA}users('{call.mailbox.id}')/onlineMeetings"
    return Answer(200, {"@odata.context": context, "value": value})


def meeting_asked_for(tenant: Services, call: Call) -> dict[str, Any]:
    """The meeting a path names, if the mailbox in it is the organizer.

    Raises:
        GraphError: 404, there is none, or it is another organizer's.
    """
    meeting = tenant.meetings.of_id(call.parts["meeting"])
    if meeting is None or meeting["organizer"] != call.mailbox.id:
        raise GraphError(404, "NotFound", "Meeting not found.")
    return meeting


def get_online_meeting(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/onlineMeetings/{meeting}."""
    shown = _meeting_answer(tenant, meeting_asked_for(tenant, call))
    context = f"{METADATA}users('{call.mailbox.id}')/onlineMeetings/$entity"
    return Answer(200, {"@odata.context": context, **_chosen(shown, selected(call.request.query))})


def change_online_meeting(tenant: Services, call: Call) -> Answer:
    """PATCH /users/{user}/onlineMeetings/{meeting}: the lobby alone can be changed."""
    meeting, body = meeting_asked_for(tenant, call), call.request.body
    wanted = body.get("lobbyBypassSettings") if isinstance(body, Mapping) else None
    if isinstance(wanted, Mapping):
        kept = {name: value for name, value in wanted.items() if "@" not in name}
        meeting["lobbyBypassSettings"] = {**meeting["lobbyBypassSettings"], **kept}
        tenant.meetings.keep(meeting)
    return get_online_meeting(tenant, call)
