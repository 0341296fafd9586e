"""Attendance reports: read as Teams tells them, whatever that is, and nothing made of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import NotFoundError, RefusedError, ThrottledError
from integrations.ports import AttendanceRecord, AttendanceReport, Stay, Unreadable
from simulator.behaviour import TeamsPolicy
from tests.graph.tenancy import NO_TEAMS, ORGANIZER, Firm, draft, in_firm, person
from tests.graph.world import BASE, CANARY, MAILBOX, PERSON, World, graph_error, in_world

MEETING = "MSpkYzE3Njc0Yy04MWQ5LTRhZGItYmZ"
LIST = f"/users/{MAILBOX}/onlineMeetings/{MEETING}/attendanceReports"
HOME = "7b3c1c1e-0000-4000-8000-000000000001"
TEN = datetime(2026, 10, 6, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)


def interval(joined: Any, left: Any, seconds: Any = 3600) -> dict[str, Any]:
    return {"joinDateTime": joined, "leaveDateTime": left, "durationInSeconds": seconds}


def record(**changes: Any) -> dict[str, Any]:
    """A record as Graph writes it, of a member of the firm who was there for an hour."""
    return {
        "id": "r",
        "emailAddress": "Ada@firm.example",
        "totalAttendanceInSeconds": 3600,
        "role": "Presenter",
        "identity": {"id": PERSON, "displayName": CANARY, "tenantId": None},
        "attendanceIntervals": [interval("2026-10-06T13:00:00.1234567Z", "2026-10-06T14:00:00Z")],
        **changes,
    }


def report(*records: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "report-1",
        "totalParticipantCount": len(records),
        "meetingStartDateTime": "2026-10-06T13:00:00.123Z",
        "meetingEndDateTime": "2026-10-06T16:00:00+02:00",
        "attendanceRecords": list(records),
        **changes,
    }


def read(folder: Path, *answers: dict[str, Any]) -> dict[str, AttendanceReport | Unreadable]:
    """What the adapter makes of the items of one envelope, asked for as report-1, report-2 …"""

    async def scenario(world: World) -> dict[str, AttendanceReport | Unreadable]:
        world.router.post("/$batch").mock(side_effect=_envelope(answers))
        wanted = [f"report-{number + 1}" for number in range(len(answers))]
        found = await world.graph.attendance.read(MAILBOX, MEETING, wanted)
        assert [request.url.path for _, request in world.sent] == ["/v1.0/$batch"]
        return found

    return in_world(folder, scenario)


def _envelope(answers: tuple[dict[str, Any], ...]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["requests"]
        assert [item["url"] for item in items] == [
            f"{LIST}/report-{number + 1}?$expand=attendanceRecords"
            for number in range(len(answers))
        ]
        responses = [{"id": item["id"], **told} for item, told in zip(items, answers, strict=True)]
        return httpx.Response(200, json={"responses": responses[::-1]})

    return answer


def only_record(folder: Path, **changes: Any) -> AttendanceRecord:
    """A single record as the adapter reads it."""
    found = read(folder, {"status": 200, "body": report(record(**changes))})["report-1"]
    assert isinstance(found, AttendanceReport)
    return found.records[0]


def test_a_report_is_read_with_everybody_in_it_and_without_names(tmp_path: Path) -> None:
    found = read(tmp_path, {"status": 200, "body": report(record())})["report-1"]
    joined = TEN + timedelta(microseconds=123456)
    assert found == AttendanceReport(
        id="report-1",
        started_at=TEN + timedelta(milliseconds=123),
        ended_at=TEN + HOUR,
        participants=1,
        records=(
            AttendanceRecord(
                kind="member",
                user_id=PERSON,
                mail="ada@firm.example",
                role="presenter",
                stays=(Stay(joined, TEN + HOUR),),
            ),
        ),
    )
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("identity", "mail", "kind", "user_id"),
    [
        ({"id": PERSON.upper(), "tenantId": HOME.upper()}, None, "member", PERSON),
        ({"id": PERSON, "tenantId": "other"}, "ada@firm.example", "guest", PERSON),
        ({"id": "4:+14255550123"}, None, "phone", None),
        ({"id": "+14255550123"}, None, "phone", None),
        ({"@odata.type": "#microsoft.graph.communicationsPhoneIdentity"}, None, "phone", None),
        ({"id": "teamsvisitor:94a5933c63764bed8ce6e7ee004f9d8b"}, None, "anonymous", None),
        (
            {"@odata.type": "#microsoft.graph.communicationsGuestIdentity", "id": PERSON},
            None,
            "anonymous",
            None,
        ),
        ({"id": None, "displayName": CANARY}, None, "anonymous", None),
        ({"id": 17, "tenantId": 4}, None, "anonymous", None),
        ({"id": ""}, "  ", "anonymous", None),
        (None, None, "anonymous", None),
        (None, "Ada@firm.example", "member", None),
    ],
)
def test_an_identity_says_how_somebody_came_in(
    tmp_path: Path, identity: Any, mail: str | None, kind: str, user_id: str | None
) -> None:
    found = only_record(tmp_path, identity=identity, emailAddress=mail)
    assert (found.kind, found.user_id) == (kind, user_id)
    assert found.mail == ((mail or "").strip().lower() or None)


@pytest.mark.parametrize(
    ("joined", "left", "stay"),
    [
        ("2026-10-06T14:00:00Z", "2026-10-06T13:00:00Z", Stay(TEN + HOUR, TEN)),
        ("2026-10-06T13:00:00", None, Stay(TEN, None)),
        ("yesterday", 7, Stay(None, None)),
        ("0001-01-01T00:00:00+14:00", "2026-10-06T15:00:00+02:00", Stay(None, TEN)),
    ],
)
def test_absurd_times_are_handed_on(tmp_path: Path, joined: Any, left: Any, stay: Stay) -> None:
    found = only_record(tmp_path, attendanceIntervals=[interval(joined, left, -5)])
    assert found.stays == (stay,)


def test_a_record_with_nothing_in_it_is_somebody_still(tmp_path: Path) -> None:
    bare = report({}, totalParticipantCount="many", meetingEndDateTime=None)
    found = read(tmp_path, {"status": 200, "body": bare})["report-1"]
    assert isinstance(found, AttendanceReport)
    assert (found.participants, found.ended_at) == (None, None)
    assert [(one.kind, one.mail, one.stays) for one in found.records] == [("anonymous", None, ())]


def test_a_report_that_cannot_be_read_does_not_spoil_the_others(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"status": 404, "body": graph_error("NotFound")},
        {"status": 200, "body": report(record(), id="report-2")},
        {"status": 200, "body": {"id": 3}},
        {"status": 400, "body": graph_error("BadRequest")},
    )
    assert isinstance(found["report-2"], AttendanceReport)
    assert {key: one for key, one in found.items() if key != "report-2"} == {
        "report-1": Unreadable("gone"),
        "report-3": Unreadable("malformed_answer"),
        "report-4": Unreadable("unavailable"),
    }


@pytest.mark.parametrize(
    ("code", "helps"), [("Unauthorized", "Teams application access policy"), ("Forbidden", "Grant")]
)
def test_a_missing_right_is_the_mailboxes_trouble_and_names_what_helps(
    tmp_path: Path, code: str, helps: str
) -> None:
    good = {"status": 200, "body": report(record())}
    with pytest.raises(RefusedError) as caught:
        read(tmp_path, good, {"status": 403, "body": graph_error(code)})
    assert (caught.value.status, caught.value.code) == (403, code)
    assert helps in caught.value.remedy


def test_reports_that_stay_throttled_are_looked_for_later(tmp_path: Path) -> None:
    later = {"status": 429, "headers": {"Retry-After": "900"}, "body": graph_error("x")}

    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(side_effect=_envelope((later,)))
        with pytest.raises(ThrottledError) as caught:
            await world.graph.attendance.read(MAILBOX, MEETING, ["report-1"])
        assert caught.value.retry_after == timedelta(seconds=900)

    in_world(tmp_path, scenario)


def test_no_reports_asked_for_is_no_call(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await world.graph.attendance.read(MAILBOX, MEETING, []) == {}
        assert world.sent == []

    in_world(tmp_path, scenario)


def test_a_list_that_is_none_is_a_refusal_and_quotes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.get(f"{BASE}{LIST}").respond(200, json={"value": CANARY})
        with pytest.raises(RefusedError) as caught:
            await world.graph.attendance.listed(MAILBOX, MEETING)
        assert caught.value.code == "malformed_answer"
        assert CANARY not in str(caught.value)

    in_world(tmp_path, scenario)


# Against the simulated tenant

ADA, BEN = person(1), person(2)
ROLES: dict[str, frozenset[str] | None] = {
    "Calendars.ReadWrite": frozenset({ORGANIZER.mail}),
    "OnlineMeetings.Read.All": None,
    "OnlineMeetingArtifact.Read.All": None,
}


def in_meeting(
    folder: Path, scenario: Callable[[Firm, str, str], Awaitable[None]], **more: Any
) -> None:
    """Play ``scenario`` with a booked series, given its join link and meeting id."""

    async def play(firm: Firm) -> None:
        booked = await firm.graph.calendar.create_series(ORGANIZER.id, draft(1, ADA.mail, BEN.mail))
        assert booked.join_url is not None
        meeting = await firm.graph.meetings.find(ORGANIZER.id, booked.join_url)
        assert meeting is not None
        await scenario(firm, booked.join_url, meeting.id)

    in_firm(folder, (ADA, BEN), play, roles=more.get("roles", ROLES))


async def pass_until(firm: Firm, moment: datetime) -> None:
    await firm.clock.sleep(moment - firm.clock.now())


def test_two_calls_read_all_reports_of_a_date(tmp_path: Path) -> None:
    async def scenario(firm: Firm, url: str, meeting_id: str) -> None:
        tenant, half = firm.tenant, HOUR / 2
        tenant.attend(ADA.mail, url, TEN - 24 * HOUR, TEN - 23 * HOUR)
        tenant.attend(ADA.mail, url, TEN, TEN + half)
        tenant.attend(BEN.mail, url, TEN, TEN + half)
        tenant.attend(ADA.mail, url, TEN + 1.2 * half, TEN + HOUR)
        tenant.attend(BEN.mail, url, TEN + 1.2 * half, TEN + HOUR, way="phone")
        await pass_until(firm, TEN + 2 * HOUR)
        before = len(tenant.calls)
        listed = await firm.graph.attendance.listed(ORGANIZER.id, meeting_id)
        ends = [one.ended_at for one in listed]
        assert ends == [TEN + HOUR, TEN + half, TEN - 23 * HOUR]
        found = await firm.graph.attendance.read(
            ORGANIZER.id, meeting_id, [one.id for one in listed]
        )
        [last, first, trial] = found.values()
        assert isinstance(last, AttendanceReport)
        assert isinstance(first, AttendanceReport)
        assert isinstance(trial, AttendanceReport)
        assert [one.user_id for one in first.records] == [ADA.id, BEN.id]
        assert [(one.kind, one.user_id) for one in last.records] == [
            ("member", ADA.id),
            ("phone", None),
        ]
        assert trial.records[0].stays == (Stay(TEN - 24 * HOUR, TEN - 23 * HOUR),)
        calls = Counter(call.path for call in tenant.calls[before:] if not call.in_batch)
        assert calls["/$batch"] == 1
        assert sum(n for path, n in calls.items() if path.endswith("attendanceReports")) == 1
        made = firm.graph.calls_by_kind()
        assert made["list_attendance_reports"] == 1
        assert made["read_attendance_report"] == 3

    in_meeting(tmp_path, scenario)


def test_reports_switched_off_are_an_empty_list(tmp_path: Path) -> None:
    async def scenario(firm: Firm, url: str, meeting_id: str) -> None:
        firm.tenant.teams_policy = TeamsPolicy(attendance_reports=False)
        firm.tenant.attend(ADA.mail, url, TEN, TEN + HOUR)
        await pass_until(firm, TEN + 2 * HOUR)
        assert await firm.graph.attendance.listed(ORGANIZER.id, meeting_id) == []

    in_meeting(tmp_path, scenario)


def test_attendance_without_its_permission_is_refused(tmp_path: Path) -> None:
    async def scenario(firm: Firm, _: str, meeting_id: str) -> None:
        with pytest.raises(RefusedError) as caught:
            await firm.graph.attendance.listed(ORGANIZER.id, meeting_id)
        assert (caught.value.status, caught.value.code) == (403, "Forbidden")

    roles = {name: scope for name, scope in ROLES.items() if "Artifact" not in name}
    in_meeting(tmp_path, scenario, roles=roles)


def test_attendance_of_another_organizer_is_refused(tmp_path: Path) -> None:
    async def scenario(firm: Firm, _: str, meeting_id: str) -> None:
        with pytest.raises(RefusedError) as caught:
            await firm.graph.attendance.listed(NO_TEAMS.id, meeting_id)
        assert caught.value.code == "Unauthorized"
        with pytest.raises(NotFoundError):
            await firm.graph.attendance.listed(ORGANIZER.id, "another-meeting")

    in_meeting(tmp_path, scenario)
