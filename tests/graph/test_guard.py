"""What may leave and what may not, generated from the table of operations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import OperationNotPermittedError, ReadOnlyModeError
from integrations.graph.guard import Guard
from integrations.graph.operations import (
    BATCH,
    NOWHERE,
    OPERATIONS,
    TELL_IN_TEAMS,
    Operation,
    Whose,
)
from integrations.graph.permissions import permissions_page
from tests.graph.world import BASE, MAILBOX, PERSON, Circumstances, World, in_world

SINGLE = [operation for operation in OPERATIONS if operation is not BATCH]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

UNKNOWN_PATHS = [
    "/me/events",
    "/users/{user}/messages",
    "/users/{user}/calendars/c/events",
    "/users/{user}/calendar/events",
    "/users/{user}/events/e/accept",
    "/users/{user}/events/e/attachments",
    "/users/{user}/mailboxSettings/timeZone",
    "/users/{user}/onlineMeetings/m/transcripts",
    "/users/{user}/onlineMeetings/m/attendanceReports/r/attendanceRecords",
    "/users/{user}/onlineMeetings/m/registration",
    "/users/{user}/calendarView/delta",
    "/users/{user}/calendars/c/calendarView",
    "/groups/g/members",
    "/subscriptions/s/reauthorize",
    "/users/{user}/calendar/getSchedule/",
    "/users/{user}/events/../messages",
    "/users/./events",
]


def guard(*, read_only: bool = False, own_mailbox_reads: bool = False, news: bool = True) -> Guard:
    return Guard(BASE, lambda: [MAILBOX], lambda: read_only, own_mailbox_reads, news)


def path_of(operation: Operation, user: str) -> str:
    return operation.path.format(
        user=user, event="AAMkAGI1-_=", subscription="s-1", meeting="MSpkYz-_", report="r-1"
    )


def body_of(operation: Operation, user: str) -> dict[str, Any]:
    """A body with the members the row asks for."""
    return {
        member: operation.resource.format(user=user) if member == "resource" else "x"
        for member in operation.members
    }


def call(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Request:
    request = httpx.Request(method, BASE, json=body or {})
    # Set as it is: nothing on the way may tidy the path up before the guard sees it.
    request.url = httpx.URL(scheme="https", host="graph.example", raw_path=f"/v1.0{path}".encode())
    return request


def call_of(operation: Operation, user: str, query: str = "") -> httpx.Request:
    path = path_of(operation, user) + query
    return call(operation.method, path, body_of(operation, user))


def item_of(operation: Operation, user: str) -> dict[str, Any]:
    """The same as an item of a batch."""
    body = body_of(operation, user)
    return {"method": operation.method, "url": path_of(operation, user), "body": body}


def batch(*items: dict[str, Any]) -> httpx.Request:
    body = [{"id": str(number), **item} for number, item in enumerate(items)]
    return httpx.Request("POST", f"{BASE}/$batch", json={"requests": body})


def users_for(operation: Operation) -> Iterator[str]:
    """Whose mailbox the row is for."""
    if operation.whose not in (Whose.PARTICIPANT, Whose.OUTSIDER):
        yield MAILBOX
    if operation.whose is not Whose.PROGRAM:
        yield PERSON


@pytest.mark.parametrize("operation", SINGLE, ids=lambda o: o.name)
def test_a_row_of_the_table_passes_in_the_mailboxes_it_is_for(operation: Operation) -> None:
    for user in users_for(operation):
        admitted = guard(own_mailbox_reads=True).admit(call_of(operation, user))
        assert admitted.calls == (operation,)


@pytest.mark.parametrize("operation", SINGLE, ids=lambda o: o.name)
def test_a_row_of_the_table_passes_inside_a_batch(operation: Operation) -> None:
    for user in users_for(operation):
        item = item_of(operation, user)
        admitted = guard(own_mailbox_reads=True).admit(batch(item, item))
        assert admitted.calls == (operation, operation)


@pytest.mark.parametrize(
    "operation", [o for o in SINGLE if o.whose is Whose.PROGRAM], ids=lambda o: o.name
)
def test_a_program_row_is_refused_in_a_participants_mailbox(operation: Operation) -> None:
    with pytest.raises(OperationNotPermittedError):
        guard().admit(call_of(operation, PERSON))
    with pytest.raises(OperationNotPermittedError):
        guard().admit(batch(item_of(operation, PERSON)))


def test_for_participants_the_table_holds_settings_and_free_busy_alone() -> None:
    permitted = {o.path for o in OPERATIONS if o.whose is Whose.PARTICIPANT}
    assert permitted == {"/users/{user}/mailboxSettings", "/users/{user}/calendar/getSchedule"}
    writing = {o.whose for o in OPERATIONS if o.writes}
    assert writing == {Whose.PROGRAM, Whose.APP, Whose.FEED}
    assert [o.path.split("/")[3] for o in OPERATIONS if o.whose is Whose.FEED] == ["teamwork"]
    assert all("{user}" not in o.path for o in OPERATIONS if o.whose is Whose.APP)


def test_a_feed_is_written_to_only_where_the_settings_say_so() -> None:
    request = call_of(TELL_IN_TEAMS, PERSON)
    assert guard().admit(request).writes
    with pytest.raises(OperationNotPermittedError):
        guard(news=False, own_mailbox_reads=True).admit(request)
    with pytest.raises(ReadOnlyModeError):
        guard(read_only=True).admit(request)


def test_nothing_is_proved_with_an_id_that_exists_or_in_a_program_mailbox() -> None:
    rows = [o for o in OPERATIONS if o.whose is Whose.OUTSIDER]
    assert len(rows) == 2
    for row in rows:
        assert not row.writes
        with pytest.raises(OperationNotPermittedError):
            guard().admit(call("GET", row.path.replace("{user}", PERSON).replace(NOWHERE, "other")))
        admitted = guard().admit(call("GET", row.path.replace("{user}", MAILBOX)))
        assert admitted.operation is not row


def test_free_busy_through_the_own_mailbox_needs_the_setting() -> None:
    request = call("POST", f"/users/{PERSON}/calendar/getSchedule")
    with pytest.raises(OperationNotPermittedError):
        guard().admit(request)
    assert guard(own_mailbox_reads=True).admit(request).mailboxes == ()


@pytest.mark.parametrize("user", [MAILBOX, PERSON])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("template", UNKNOWN_PATHS)
def test_what_is_not_in_the_table_is_refused(template: str, method: str, user: str) -> None:
    path = template.format(user=user)
    with pytest.raises(OperationNotPermittedError):
        guard(own_mailbox_reads=True).admit(call(method, path))
    with pytest.raises(OperationNotPermittedError):
        guard(own_mailbox_reads=True).admit(batch({"method": method, "url": path}))


def test_every_other_method_on_a_permitted_path_is_refused() -> None:
    permitted = {(o.method, o.path) for o in OPERATIONS}
    for operation in SINGLE:
        for method in METHODS:
            if (method, operation.path) not in permitted:
                with pytest.raises(OperationNotPermittedError):
                    guard().admit(call(method, path_of(operation, MAILBOX)))


@pytest.mark.parametrize("operation", SINGLE, ids=lambda o: o.name)
def test_a_query_option_the_row_does_not_name_is_refused(operation: Operation) -> None:
    user = next(users_for(operation))
    for query in ("?$levels=1", "?%24levels=1", "?$search=x", "?$format="):
        with pytest.raises(OperationNotPermittedError):
            guard(own_mailbox_reads=True).admit(call_of(operation, user, query))


def test_a_change_of_an_event_names_its_times_alone_or_its_recurrence_alone() -> None:
    path = f"/users/{MAILBOX}/events/e"
    times = {"@odata.type": "#microsoft.graph.event", "start": {}, "end": {}}
    for body, name in ((times, "move_event"), ({"recurrence": {}}, "truncate_series")):
        assert guard().admit(call("PATCH", path, body)).operation.name == name
    more: list[dict[str, Any]] = [
        {},
        {"start": {}},
        {**times, "recurrence": {}},
        *({**times, member: "x"} for member in ("body", "attendees", "isOnlineMeeting")),
    ]
    for body in more:
        with pytest.raises(OperationNotPermittedError):
            guard().admit(call("PATCH", path, body))


@pytest.mark.parametrize(
    "resource",
    [
        f"users/{PERSON}/events",
        f"users/{MAILBOX}/messages",
        f"users/{MAILBOX}/events/e",
        f"users/{MAILBOX}/events?$select=subject",
        f"/users/{MAILBOX}/events",
        "me/events",
        None,
    ],
)
def test_only_the_events_of_program_mailboxes_can_be_subscribed_to(resource: str | None) -> None:
    (create,) = [o for o in OPERATIONS if o.name == "create_subscription"]
    good = body_of(create, MAILBOX)
    assert guard().admit(call("POST", "/subscriptions", good)).calls == (create,)
    for bad in ({**good, "resource": resource}, {**good, "includeResourceData": True}):
        with pytest.raises(OperationNotPermittedError):
            guard().admit(call("POST", "/subscriptions", bad))


def test_a_handshake_takes_none_of_the_mailboxs_calls() -> None:
    (create,) = [o for o in OPERATIONS if o.name == "create_subscription"]
    assert guard().admit(call_of(create, MAILBOX)).mailboxes == ()


@pytest.mark.parametrize("operation", [o for o in SINGLE if o.writes], ids=lambda o: o.name)
def test_a_write_is_refused_while_writing_is_switched_off(operation: Operation) -> None:
    with pytest.raises(ReadOnlyModeError):
        guard(read_only=True).admit(call_of(operation, MAILBOX))
    with pytest.raises(ReadOnlyModeError):
        guard(read_only=True).admit(batch(item_of(operation, MAILBOX)))


@pytest.mark.parametrize("operation", [o for o in SINGLE if not o.writes], ids=lambda o: o.name)
def test_reading_goes_on_while_writing_is_switched_off(operation: Operation) -> None:
    quiet = guard(read_only=True, own_mailbox_reads=True)
    asked = call_of(operation, next(users_for(operation)))
    assert quiet.admit(asked).calls == (operation,)


@pytest.mark.parametrize(
    "url",
    [
        f"https://graph.example.evil/v1.0/users/{MAILBOX}/calendar",
        f"http://graph.example/v1.0/users/{MAILBOX}/calendar",
        f"https://graph.example:8443/v1.0/users/{MAILBOX}/calendar",
        f"https://graph.example/beta/users/{MAILBOX}/calendar",
    ],
)
def test_another_server_or_version_is_refused(url: str) -> None:
    with pytest.raises(OperationNotPermittedError):
        guard().admit(httpx.Request("GET", url))


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"{}",
        b'{"requests": []}',
        b'{"requests": [{"method": "GET"}]}',
        b'{"requests": [{"method": "GET", "url": "https://graph.example/v1.0/users"}]}',
        b'{"requests": [{"method": "POST", "url": "/$batch"}]}',
        json.dumps({"requests": [{"method": "GET", "url": "/users"}] * 21}).encode(),
    ],
)
def test_a_batch_that_is_not_a_plain_list_of_up_to_twenty_is_refused(body: bytes) -> None:
    with pytest.raises(OperationNotPermittedError):
        guard().admit(httpx.Request("POST", f"{BASE}/$batch", content=body))


def test_one_item_that_is_not_permitted_holds_the_whole_batch_back() -> None:
    good = {"method": "GET", "url": f"/users/{PERSON}/mailboxSettings"}
    bad = {"method": "GET", "url": f"/users/{PERSON}/events"}
    with pytest.raises(OperationNotPermittedError):
        guard().admit(batch(good, bad, good))


def test_a_batch_names_each_program_mailbox_as_often_as_it_is_called() -> None:
    item = {"method": "GET", "url": f"/users/{MAILBOX.upper()}/events/e"}
    assert guard().admit(batch(item, item)).mailboxes == (MAILBOX, MAILBOX)


def test_a_look_up_of_a_meeting_takes_none_of_outlooks_permits() -> None:
    event = httpx.Request("GET", f"{BASE}/users/{MAILBOX}/events/e")
    meeting = httpx.Request("GET", f"{BASE}/users/{MAILBOX}/onlineMeetings")
    assert guard().admit(event).lanes == (MAILBOX,)
    assert guard().admit(meeting).lanes == (f"{MAILBOX}/teams",)


def test_a_refusal_names_the_shape_of_the_path_and_nobody() -> None:
    with pytest.raises(OperationNotPermittedError) as caught:
        guard().admit(call("GET", "/users/ada@firm.example/events"))
    assert caught.value.path == "/users/…/events"


def test_a_mailbox_enrolled_later_is_known_at_once() -> None:
    mailboxes: list[str] = []
    growing = Guard(BASE, lambda: mailboxes, lambda: False)
    request = call("GET", f"/users/{MAILBOX}/calendar")
    with pytest.raises(OperationNotPermittedError):
        growing.admit(request)
    mailboxes.append(MAILBOX)
    assert growing.admit(request).mailboxes == (MAILBOX,)


def test_nothing_leaves_when_the_code_above_asks_for_a_participants_events(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(OperationNotPermittedError):
            await world.graph.calendar.read(PERSON, "event-1")
        with pytest.raises(OperationNotPermittedError):
            await world.graph.calendar.find_tagged(PERSON, "tag")
        assert world.sent == []
        assert world.graph.calls_by_kind() == {}

    in_world(tmp_path, scenario)


def test_nothing_is_written_in_read_only_mode(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(ReadOnlyModeError):
            await world.graph.calendar.cancel(MAILBOX, "event-1", "comment")
        with pytest.raises(ReadOnlyModeError):
            await world.graph.calendar.delete(MAILBOX, "event-1")
        assert world.sent == []

    in_world(tmp_path, scenario, Circumstances(read_only=True))


def test_the_permission_page_is_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "permissions.md"
    assert page.read_text(encoding="utf-8") == permissions_page()
