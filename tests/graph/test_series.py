"""Reading series, views and tags; single meetings and earlier ends: over scripted answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import ChangedMeanwhileError, DuplicateError
from integrations.graph.events import TAG_PROPERTY
from integrations.ports import EventDraft
from scheduling.cadence import Recurrence
from scheduling.timespan import TimeSpan
from tests.graph.world import MAILBOX, START, World, event, graph_error, in_world, span

EVENTS = f"/users/{MAILBOX}/events"
VIEW = f"/users/{MAILBOX}/calendarView"
# A Tuesday, two o'clock in London.
FIRST = datetime(2026, 10, 6, 13, tzinfo=UTC)
SERIES = Recurrence(
    first_date=date(2026, 10, 6), start=time(14), zone="Europe/London", interval_weeks=2, count=9
)
PATTERN = {
    "type": "weekly",
    "interval": 2,
    "month": 0,
    "dayOfMonth": 0,
    "daysOfWeek": ["tuesday"],
    "firstDayOfWeek": "monday",
    "index": "first",
}
RANGE = {
    "type": "numbered",
    "startDate": "2026-10-06",
    "endDate": "0001-01-01",
    "recurrenceTimeZone": "GMT Standard Time",
    "numberOfOccurrences": 9,
}
DRAFT = EventDraft(
    subject="Reverse mentoring",
    body_html="<p>Hello</p>",
    zone="Europe/London",
    span=TimeSpan(FIRST, FIRST + timedelta(hours=1)),
    attendees=(("ada@firm.example", "Ada Byron"), ("max@firm.example", "Max Born")),
    location="Room 4",
    transaction_id="single/s-1/1",
    tag="pair-1/1/s-1",
)


def body_of(world: World, index: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(world.sent[index][1].content)
    return body


def tagged(value: str, property_id: str = TAG_PROPERTY) -> dict[str, Any]:
    """The member of an answer in which a tag stands."""
    return {"singleValueExtendedProperties": [{"id": property_id, "value": value}]}


@pytest.mark.parametrize(
    ("pattern", "ends", "expected"),
    [
        ({}, {}, SERIES),
        ({"type": "Weekly", "daysOfWeek": ["Tuesday"]}, {"type": "Numbered"}, SERIES),
        # Outlook writes "ends after" as "ends by"; the last date need not be one of the series.
        ({}, {"type": "endDate", "endDate": "2027-01-26", "numberOfOccurrences": 0}, SERIES),
        ({}, {"type": "endDate", "endDate": "2027-02-08", "numberOfOccurrences": 0}, SERIES),
        ({"interval": 1}, {}, replace(SERIES, interval_weeks=1)),
        # The zone that governs is the range's; the start of the event may be shown in another.
        ({}, {"recurrenceTimeZone": ""}, SERIES),
        ({"type": "daily", "daysOfWeek": []}, {}, None),
        ({"daysOfWeek": ["tuesday", "thursday"]}, {}, None),
        ({"daysOfWeek": ["thursday"]}, {}, None),
        ({}, {"type": "noEnd", "numberOfOccurrences": 0}, None),
        ({}, {"startDate": "2026-09-29"}, None),
        ({}, {"recurrenceTimeZone": "Customized Time Zone"}, SERIES),
    ],
)
def test_a_recurrence_is_read_by_what_it_means(
    tmp_path: Path, pattern: dict[str, Any], ends: dict[str, Any], expected: Recurrence | None
) -> None:
    series = {"pattern": {**PATTERN, **pattern}, "range": {**RANGE, **ends}}

    async def scenario(world: World) -> None:
        world.router.get(f"{EVENTS}/event-1").respond(200, json=event(FIRST, recurrence=series))
        found = await world.graph.calendar.read(MAILBOX, "event-1")
        assert found.recurrence == expected

    in_world(tmp_path, scenario)


def test_a_series_in_a_zone_nobody_can_name_is_none_of_ours(tmp_path: Path) -> None:
    series = {"pattern": PATTERN, "range": {**RANGE, "recurrenceTimeZone": "tzone://x/Custom"}}

    async def scenario(world: World) -> None:
        answer = event(FIRST, recurrence=series, originalStartTimeZone="tzone://x/Custom")
        world.router.get(f"{EVENTS}/event-1").respond(200, json=answer)
        found = await world.graph.calendar.read(MAILBOX, "event-1")
        assert found.recurrence is None
        assert found.span.start == FIRST

    in_world(tmp_path, scenario)


def test_an_end_sends_the_range_alone_under_the_etag(tmp_path: Path) -> None:
    shorter = SERIES.truncated_after(date(2026, 11, 10))
    assert shorter is not None

    async def scenario(world: World) -> None:
        answer = event(
            FIRST, recurrence={"pattern": PATTERN, "range": {**RANGE, "numberOfOccurrences": 3}}
        )
        world.router.patch(f"{EVENTS}/event-1").respond(200, json=answer)
        ended = await world.graph.calendar.truncate(MAILBOX, "event-1", shorter, 'W/"key-0"')
        assert ended.recurrence == shorter
        assert world.sent[-1][1].headers["If-Match"] == 'W/"key-0"'
        assert body_of(world) == {
            "@odata.type": "#microsoft.graph.event",
            "recurrence": {
                "pattern": {
                    "type": "weekly",
                    "interval": 2,
                    "daysOfWeek": ["tuesday"],
                    "firstDayOfWeek": "monday",
                },
                "range": {
                    "type": "numbered",
                    "startDate": "2026-10-06",
                    "numberOfOccurrences": 3,
                    "recurrenceTimeZone": "GMT Standard Time",
                },
            },
        }
        assert world.graph.calls_by_kind() == {"truncate_series": 1}

    in_world(tmp_path, scenario)


def test_an_end_under_a_stale_etag_is_told_from_other_refusals(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.patch(f"{EVENTS}/event-1").respond(
            412, json=graph_error("ErrorIrresolvableConflict")
        )
        with pytest.raises(ChangedMeanwhileError):
            await world.graph.calendar.truncate(MAILBOX, "event-1", SERIES, 'W/"old"')

    in_world(tmp_path, scenario)


def test_a_single_meeting_is_a_series_without_recurrence(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(201, json=event(FIRST, kind="singleInstance"))
        made = await world.graph.calendar.create_event(MAILBOX, DRAFT)
        assert (made.kind, made.span) == ("singleInstance", DRAFT.span)
        body = body_of(world)
        assert "recurrence" not in body
        expected = {
            "start": {"dateTime": "2026-10-06T14:00:00", "timeZone": "GMT Standard Time"},
            "end": {"dateTime": "2026-10-06T15:00:00", "timeZone": "GMT Standard Time"},
            "isOnlineMeeting": True,
            "onlineMeetingProvider": "teamsForBusiness",
            "sensitivity": "private",
            "transactionId": "single/s-1/1",
            "location": {"displayName": "Room 4"},
            "singleValueExtendedProperties": [{"id": TAG_PROPERTY, "value": "pair-1/1/s-1"}],
        }
        assert {name: body[name] for name in expected} == expected
        assert len(body["attendees"]) == 2

    in_world(tmp_path, scenario)


def test_a_single_meeting_sent_twice_is_told_apart(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(EVENTS).respond(409, json=graph_error("ErrorDuplicateTransactionId"))
        with pytest.raises(DuplicateError):
            await world.graph.calendar.create_event(MAILBOX, DRAFT)

    in_world(tmp_path, scenario)


def test_a_view_is_read_to_the_last_page_with_tags_and_without_doubles(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        later = FIRST + timedelta(weeks=2)
        single = event(FIRST, "a", "singleInstance", **tagged("pair-1/1/s-1"))
        master = {"seriesMasterId": "m", "originalStart": "2026-10-20T13:00:00Z"}
        other = tagged("x", "String {00000000-0000-0000-0000-000000000000} Name else")
        date_of_series = event(later, "b", "occurrence", **master, **other)
        next_link = f"https://graph.example/v1.0{VIEW}?$skip=2"
        world.router.get(VIEW, params={"$skip": "2"}).mock(
            side_effect=[
                httpx.Response(200, json={"value": [], "@odata.nextLink": f"{next_link}0"}),
            ]
        )
        world.router.get(VIEW, params={"$skip": "20"}).respond(
            200, json={"value": [date_of_series]}
        )
        world.router.get(VIEW).respond(
            200, json={"value": [date_of_series, single], "@odata.nextLink": next_link}
        )
        found = await world.graph.calendar.view(MAILBOX, span(START, 60))
        assert [(e.id, e.tag, e.master_id) for e in found] == [
            ("a", "pair-1/1/s-1", None),
            ("b", None, "m"),
        ]
        asked = world.sent[0][1].url.params
        assert asked["$top"] == "250"
        assert asked["$orderby"] == "start/dateTime"
        assert asked["$expand"] == f"singleValueExtendedProperties($filter=id eq '{TAG_PROPERTY}')"
        assert asked["startDateTime"] == "2026-09-07T08:00:00Z"
        assert "subject" not in asked["$select"]

    in_world(tmp_path, scenario)


def test_a_tag_is_known_again_whatever_the_case_of_its_guid(tmp_path: Path) -> None:
    kind, guid, rest = TAG_PROPERTY.split(" ", 2)
    told = f"{kind} {guid.upper()} {rest}"

    async def scenario(world: World) -> None:
        world.router.get(EVENTS).respond(200, json={"value": [event(FIRST, **tagged("p/1", told))]})
        (found,) = await world.graph.calendar.find_tagged(MAILBOX, "p/1")
        assert found.tag == "p/1"

    in_world(tmp_path, scenario)


def test_a_series_by_hand_is_read_with_its_rooms_its_end_and_who_organizes_it(
    tmp_path: Path,
) -> None:
    """Whether a series may be adopted hangs on these, and Tandem's own never has them."""

    async def scenario(world: World) -> None:
        people = [
            {
                "type": kind,
                "emailAddress": {"name": "", "address": f"{kind}@firm.example"},
                "status": {"response": "none", "time": "0001-01-01T00:00:00Z"},
            }
            for kind in ("required", "optional", "resource")
        ]
        endless = {**RANGE, "type": "noEnd", "numberOfOccurrences": 0}
        by_hand = event(
            FIRST,
            recurrence={"pattern": PATTERN, "range": endless},
            isOrganizer=False,
            attendees=people,
        )
        world.router.get(f"{EVENTS}/event-1").respond(json=by_hand)
        read = await world.graph.calendar.read(MAILBOX, "event-1")
        assert (read.endless, read.organized, read.rooms) == (
            True,
            False,
            frozenset({"resource@firm.example"}),
        )
        assert read.recurrence is None
        own = event(FIRST, recurrence={"pattern": PATTERN, "range": RANGE}, isOrganizer=True)
        world.router.get(f"{EVENTS}/event-2").respond(json=own)
        read = await world.graph.calendar.read(MAILBOX, "event-2")
        assert (read.endless, read.organized, read.rooms) == (False, True, frozenset())

    in_world(tmp_path, scenario)
