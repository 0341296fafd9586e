"""Organizer's calendar over scripted answers: what is sent, what is kept, what errors mean."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import (
    ChangedMeanwhileError,
    DuplicateError,
    IntegrationError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from integrations.graph.events import TAG_PROPERTY
from integrations.ports import AttendeeAnswer, SeriesDraft
from scheduling.timespan import TimeSpan
from tests.graph.world import (
    CANARY,
    MAILBOX,
    START,
    Circumstances,
    World,
    event,
    graph_error,
    in_world,
    span,
    utc,
)

EVENTS = f"/users/{MAILBOX}/events"
FIRST = datetime(2026, 10, 6, 13, tzinfo=UTC)
DRAFT = SeriesDraft(
    subject="Reverse mentoring",
    body_html="<p>Hello</p>",
    zone="Europe/London",
    start=datetime(2026, 10, 6, 14),  # noqa: DTZ001 - the wall clock of the zone
    duration=timedelta(minutes=60),
    weekday="tue",
    interval_weeks=2,
    occurrences=9,
    attendees=(("ada@firm.example", "Ada Byron"), ("max@firm.example", "Max Born")),
    location=None,
    transaction_id="pair-1/1/1",
    tag="pair-1/1",
)


def body_of(world: World, index: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(world.sent[index][1].content)
    return body


def test_a_series_is_sent_in_the_wall_clock_of_its_windows_zone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(201, json=event(FIRST))
        booked = await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert booked.span == TimeSpan(FIRST, FIRST + timedelta(hours=1))
        assert (booked.id, booked.etag, booked.kind) == ("event-1", 'W/"key-1"', "seriesMaster")
        assert booked.join_url == "https://teams.example/l/19%3ameeting_x%40thread.v2/0"
        assert booked.zone == "Europe/London"
        assert booked.answers == {"ada@firm.example": AttendeeAnswer()}
        body = body_of(world)
        assert body["start"] == {
            "dateTime": "2026-10-06T14:00:00",
            "timeZone": "GMT Standard Time",
        }
        assert body["end"]["dateTime"] == "2026-10-06T15:00:00"
        assert body["recurrence"] == {
            "pattern": {
                "type": "weekly",
                "interval": 2,
                "daysOfWeek": ["tuesday"],
                "firstDayOfWeek": "monday",
            },
            "range": {
                "type": "numbered",
                "startDate": "2026-10-06",
                "numberOfOccurrences": 9,
                "recurrenceTimeZone": "GMT Standard Time",
            },
        }

    in_world(tmp_path, scenario)


def test_a_series_invites_both_to_a_private_teams_meeting_that_takes_proposals(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(201, json=event(FIRST))
        await world.graph.calendar.create_series(MAILBOX, replace(DRAFT, location="Room 4"))
        body = body_of(world)
        assert [a["emailAddress"]["address"] for a in body["attendees"]] == [
            "ada@firm.example",
            "max@firm.example",
        ]
        assert {a["type"] for a in body["attendees"]} == {"required"}
        expected = {
            "isOnlineMeeting": True,
            "onlineMeetingProvider": "teamsForBusiness",
            "allowNewTimeProposals": True,
            "responseRequested": True,
            "hideAttendees": False,
            "sensitivity": "private",
            "showAs": "busy",
            "isReminderOn": True,
            "reminderMinutesBeforeStart": 15,
            "transactionId": "pair-1/1/1",
            "location": {"displayName": "Room 4"},
            "singleValueExtendedProperties": [{"id": TAG_PROPERTY, "value": "pair-1/1"}],
        }
        assert {name: body[name] for name in expected} == expected

    in_world(tmp_path, scenario)


def test_every_call_asks_for_immutable_ids_and_utc_and_can_be_told_apart(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.get(f"{EVENTS}/event-1").respond(200, json=event(FIRST))
        await world.graph.calendar.read(MAILBOX, "event-1")
        await world.graph.calendar.read(MAILBOX, "event-1")
        headers = [request.headers for _, request in world.sent]
        assert {h["Prefer"] for h in headers} == {'IdType="ImmutableId", outlook.timezone="UTC"'}
        assert len({h["client-request-id"] for h in headers}) == 2
        assert {h["Authorization"] for h in headers} == {"Bearer token-1"}

    in_world(tmp_path, scenario)


def test_nothing_of_a_title_body_or_place_is_kept(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.get(f"{EVENTS}/event-1").respond(200, json=event(FIRST))
        kept = await world.graph.calendar.read(MAILBOX, "event-1")
        assert CANARY not in repr(kept)
        assert "Byron" not in repr(kept)

    in_world(tmp_path, scenario)


def test_a_move_sends_start_and_end_alone_under_the_etag(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        moved_to = FIRST + timedelta(days=30)  # after the clocks went back
        world.router.patch(f"{EVENTS}/event-1").respond(200, json=event(moved_to))
        to = TimeSpan(moved_to, moved_to + timedelta(hours=1))
        moved = await world.graph.calendar.move(
            MAILBOX, "event-1", to, "Europe/London", 'W/"key-0"'
        )
        assert moved.span == to
        assert body_of(world) == {
            "@odata.type": "#microsoft.graph.event",
            "start": {"dateTime": "2026-11-05T13:00:00", "timeZone": "GMT Standard Time"},
            "end": {"dateTime": "2026-11-05T14:00:00", "timeZone": "GMT Standard Time"},
        }
        assert world.sent[-1][1].headers["If-Match"] == 'W/"key-0"'

    in_world(tmp_path, scenario)


def test_instances_are_read_to_the_last_page_and_sorted_by_start(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        url = f"{EVENTS}/event-1/instances"
        later = FIRST + timedelta(weeks=2)
        next_link = f"https://graph.example/v1.0{url}?startDateTime=x&endDateTime=y&$skip=1"
        world.router.get(url, params={"$skip": "1"}).respond(
            200, json={"value": [event(FIRST, "a", "Exception")]}
        )
        world.router.get(url).respond(
            200,
            json={"value": [event(later, "b", "occurrence")], "@odata.nextLink": next_link},
        )
        found = await world.graph.calendar.instances(MAILBOX, "event-1", span(START, 60))
        assert [(e.id, e.kind) for e in found] == [("a", "exception"), ("b", "occurrence")]
        asked = world.sent[0][1].url.params
        assert asked["startDateTime"] == "2026-09-07T08:00:00Z"
        assert asked["endDateTime"] == "2026-11-06T08:00:00Z"
        assert "subject" not in asked["$select"]

    in_world(tmp_path, scenario)


def test_a_tag_is_sought_by_the_one_property_and_the_oldest_event_comes_first(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        world.router.get(EVENTS).respond(
            200,
            json={
                "value": [
                    event(FIRST, "young", createdDateTime="2026-09-07T08:00:05.1234567Z"),
                    event(FIRST, "old", createdDateTime="2026-09-07T08:00:01Z"),
                ]
            },
        )
        found = await world.graph.calendar.find_tagged(MAILBOX, "it's/1")
        assert [e.id for e in found] == ["old", "young"]
        assert world.sent[0][1].url.params["$filter"] == (
            f"singleValueExtendedProperties/Any(ep: ep/id eq '{TAG_PROPERTY}'"
            " and ep/value eq 'it''s/1')"
        )

    in_world(tmp_path, scenario)


@pytest.mark.parametrize("status", [404, 410])
def test_cancelling_or_deleting_what_is_gone_is_done(tmp_path: Path, status: int) -> None:
    async def scenario(world: World) -> None:
        gone = graph_error("ErrorItemNotFound")
        world.router.post(f"{EVENTS}/event-1/cancel").respond(status, json=gone)
        world.router.delete(f"{EVENTS}/event-1").respond(status, json=gone)
        await world.graph.calendar.cancel(MAILBOX, "event-1", "A new hour follows.")
        await world.graph.calendar.delete(MAILBOX, "event-1")
        assert len(world.sent) == 2

    in_world(tmp_path, scenario)


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("existing", [None, "event-0"])
def test_a_used_transaction_id_names_the_event_if_graph_does(
    tmp_path: Path, status: int, existing: str | None
) -> None:
    async def scenario(world: World) -> None:
        more = {} if existing is None else {"@event.existingEventId": existing}
        world.router.post(EVENTS).respond(
            status, json=graph_error("ErrorDuplicateTransactionId", **more)
        )
        with pytest.raises(DuplicateError) as caught:
            await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert caught.value.existing_id == existing
        assert len(world.sent) == 1

    in_world(tmp_path, scenario)


Answer = httpx.Response | Exception
HTML = httpx.Response(503, html="<html>Service Unavailable</html>")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(400, json=graph_error("ErrorInvalidRequest")), RefusedError),
        (httpx.Response(403, json=graph_error("ErrorAccessDenied")), RefusedError),
        (httpx.Response(404, json=graph_error("ErrorItemNotFound")), NotFoundError),
        (httpx.Response(412, json=graph_error("ErrorIrresolvableConflict")), ChangedMeanwhileError),
        (httpx.Response(500, json=graph_error("ErrorInternalServerError")), OutcomeUnknownError),
        (HTML, OutcomeUnknownError),
        (httpx.Response(504, json=graph_error("UnknownError")), OutcomeUnknownError),
        (httpx.Response(200, html="<html>sign in to the proxy</html>"), OutcomeUnknownError),
        (httpx.ReadTimeout("lost"), OutcomeUnknownError),
        (httpx.RemoteProtocolError("cut"), OutcomeUnknownError),
        (httpx.ReadError("cut"), OutcomeUnknownError),
    ],
)
def test_a_write_that_got_no_clear_yes_is_not_sent_twice(
    tmp_path: Path, answer: Answer, expected: type[IntegrationError]
) -> None:
    async def scenario(world: World) -> None:
        world.router.patch(f"{EVENTS}/event-1").mock(side_effect=[answer])
        to = TimeSpan(FIRST, FIRST + timedelta(hours=1))
        with pytest.raises(expected) as caught:
            await world.graph.calendar.move(MAILBOX, "event-1", to, "Europe/London", None)
        assert len(world.sent) == 1
        assert CANARY not in str(caught.value)

    in_world(tmp_path, scenario)


def test_a_write_that_takes_longer_than_a_call_may_has_an_unknown_outcome(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async def dawdle(_: httpx.Request) -> httpx.Response:
            await world.clock.sleep(timedelta(minutes=5))
            return httpx.Response(201, json=event(FIRST))

        world.router.post(EVENTS).mock(side_effect=dawdle)
        with pytest.raises(OutcomeUnknownError):
            await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert world.clock.now() == START + timedelta(seconds=30)

    in_world(tmp_path, scenario)


def test_a_write_that_never_connected_is_sent_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).mock(
            side_effect=[httpx.ConnectError("refused"), httpx.Response(201, json=event(FIRST))]
        )
        booked = await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert booked.id == "event-1"
        assert len(world.sent) == 2

    in_world(tmp_path, scenario)


def test_a_server_that_cannot_be_reached_is_an_error_in_the_end(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).mock(side_effect=httpx.ConnectError("refused"))
        with pytest.raises(UnreachableError):
            await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert len(world.sent) > 1

    in_world(tmp_path, scenario)


def test_nothing_leaves_for_a_throttled_mailbox_before_retry_after_is_over(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).mock(
            side_effect=[
                httpx.Response(
                    429, json=graph_error("TooManyRequests"), headers={"Retry-After": "17"}
                ),
                httpx.Response(201, json=event(FIRST)),
            ]
        )
        await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert world.moments() == [0.0, 17.0]
        assert body_of(world, 0) == body_of(world, 1)

    in_world(tmp_path, scenario)


def test_a_retry_after_longer_than_patience_goes_back_to_due_work_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(
            429, json=graph_error("ApplicationThrottled"), headers={"Retry-After": "300"}
        )
        with pytest.raises(ThrottledError) as caught:
            await world.graph.calendar.create_series(MAILBOX, DRAFT)
        assert caught.value.retry_after == timedelta(seconds=300)
        assert world.moments() == [0.0]
        mailbox_opens = await world.store.run(
            lambda t: t.permits.acquire(MAILBOX, "x", START, timedelta(seconds=9), range(4))
        )
        assert mailbox_opens == START + timedelta(seconds=300)

    in_world(tmp_path, scenario)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 509])
def test_a_read_is_asked_again_after_a_server_error(tmp_path: Path, status: int) -> None:
    async def scenario(world: World) -> None:
        world.router.get(f"{EVENTS}/event-1").mock(
            side_effect=[
                httpx.Response(status, html="<html>bad gateway</html>"),
                httpx.ReadError("cut"),
                httpx.Response(200, json=event(FIRST)),
            ]
        )
        assert (await world.graph.calendar.read(MAILBOX, "event-1")).id == "event-1"
        first, second, third = world.moments()
        assert 0.5 <= second - first <= 1.0
        assert 1.0 <= third - second <= 2.0

    in_world(tmp_path, scenario)


def test_a_read_that_keeps_failing_ends_in_its_error(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.get(f"{EVENTS}/event-1").respond(
            503, json=graph_error("", innererror={"code": "ErrorMailboxStoreUnavailable"})
        )
        with pytest.raises(RefusedError) as caught:
            await world.graph.calendar.read(MAILBOX, "event-1")
        assert (caught.value.status, caught.value.code) == (503, "ErrorMailboxStoreUnavailable")
        assert len(world.sent) == 6

    in_world(tmp_path, scenario)


Act = Callable[[World], Awaitable[object]]


def test_a_refused_token_is_replaced_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        expired = httpx.Response(401, json=graph_error("InvalidAuthenticationToken"))
        world.router.get(f"{EVENTS}/event-1").mock(
            side_effect=[expired, httpx.Response(200, json=event(FIRST)), expired, expired]
        )
        await world.graph.calendar.read(MAILBOX, "event-1")
        tokens = [request.headers["Authorization"] for _, request in world.sent]
        assert tokens == ["Bearer token-1", "Bearer token-2"]
        with pytest.raises(RefusedError) as caught:
            await world.graph.calendar.read(MAILBOX, "event-1")
        assert caught.value.status == 401
        assert len(world.sent) == 4

    in_world(tmp_path, scenario)


def test_a_mailbox_without_teams_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.get(f"/users/{MAILBOX}/calendar").mock(
            side_effect=[
                httpx.Response(200, json={"allowedOnlineMeetingProviders": ["TeamsForBusiness"]}),
                httpx.Response(200, json={"allowedOnlineMeetingProviders": []}),
            ]
        )
        assert await world.graph.calendar.teams_offered(MAILBOX)
        assert not await world.graph.calendar.teams_offered(MAILBOX)

    in_world(tmp_path, scenario)


def test_an_event_without_a_teams_link_has_no_join_url(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(201, json=event(FIRST, onlineMeeting=None))
        trial = await world.graph.calendar.create_trial(
            MAILBOX, TimeSpan(FIRST, FIRST + timedelta(hours=1)), "Europe/London", "t", "trial"
        )
        assert trial.join_url is None
        assert "attendees" not in body_of(world)
        assert "recurrence" not in body_of(world)

    in_world(tmp_path, scenario)


NEVER = "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"response": "Accepted"}, AttendeeAnswer(response="accepted")),
        ({"response": "tentativelyAccepted"}, AttendeeAnswer(response="tentativelyaccepted")),
        (
            {"response": "notResponded", "time": "4501-01-01T00:00:00Z"},
            AttendeeAnswer(response="none"),
        ),
        ({"response": "none", "time": NEVER}, AttendeeAnswer(response="none")),
        ({"response": "delegated", "time": "soon"}, AttendeeAnswer(response="unknown")),
        (
            {"response": "DECLINED", "time": "2026-09-08T09:30:00.1234567Z"},
            AttendeeAnswer(response="declined", at=datetime(2026, 9, 8, 9, 30, 0, 123456, UTC)),
        ),
        (
            {"response": "accepted", "time": "2026-09-08T11:30:00+02:00"},
            AttendeeAnswer(response="accepted", at=datetime(2026, 9, 8, 9, 30, tzinfo=UTC)),
        ),
        (None, AttendeeAnswer(response="none")),
    ],
)
def test_answers_are_read_in_any_spelling_and_never_is_no_time(
    tmp_path: Path, told: dict[str, str] | None, read: AttendeeAnswer
) -> None:
    async def scenario(world: World) -> None:
        attendee = {"emailAddress": {"address": "a@b.c"}, "status": told}
        world.router.get(f"{EVENTS}/event-1").respond(200, json=event(FIRST, attendees=[attendee]))
        found = await world.graph.calendar.read(MAILBOX, "event-1")
        assert found.answers == {"a@b.c": read}

    in_world(tmp_path, scenario, Circumstances(read_only=True))


@pytest.mark.parametrize(("hours", "is_kept"), [(1.0, True), (0.0, False)])
def test_a_proposal_is_a_stretch_of_time_or_none(
    tmp_path: Path, hours: float, is_kept: bool
) -> None:
    until = FIRST + timedelta(hours=hours)
    attendee = {
        "emailAddress": {"address": "a@b.c"},
        "status": {"response": "tentativelyAccepted", "time": NEVER},
        "proposedNewTime": {"start": utc(FIRST), "end": utc(until)},
    }

    async def scenario(world: World) -> None:
        world.router.get(f"{EVENTS}/event-1").respond(200, json=event(FIRST, attendees=[attendee]))
        found = await world.graph.calendar.read(MAILBOX, "event-1")
        assert found.answers["a@b.c"].proposed == (TimeSpan(FIRST, until) if is_kept else None)

    in_world(tmp_path, scenario)
