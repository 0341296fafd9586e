"""Teams' reports of who was in a meeting: one each time the last one leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator.behaviour import TeamsPolicy
from simulator.registration import AppRegistration
from tests.simulator.tenancy import (
    ADA,
    ALL_ROLES,
    BEN,
    PROGRAM,
    Tenancy,
    open_tenancy,
    person,
    registration,
)

PROGRAM_ID = "00000009-0000-4000-8000-000000000000"
OTHER_ID = "00000008-0000-4000-8000-000000000000"
GUEST = "gil@elsewhere.example"
TEN = datetime(2027, 3, 2, 9, tzinfo=UTC)
"""When the first date of the booked series begins: ten in Berlin."""
EVENING = TEN + timedelta(hours=9)
MINUTE = timedelta(minutes=1)


def app(**more: Any) -> AppRegistration:
    """One with the right to read attendance as well."""
    return registration({**ALL_ROLES, "OnlineMeetingArtifact.Read.All": None}, **more)


class Hall:
    """A booked series, and the ways into its meeting."""

    def __init__(self, tenancy: Tenancy, meeting_id: str, url: str) -> None:
        self.tenancy, self.url = tenancy, url
        self.reports = f"/users/{PROGRAM_ID}/onlineMeetings/{meeting_id}/attendanceReports"

    def attend(self, who: str, first: float, last: float, **how: Any) -> None:
        """Let somebody be there from one minute after ten to another."""
        self.tenancy.tenant.attend(who, self.url, TEN + first * MINUTE, TEN + last * MINUTE, **how)

    async def listed(self, now: datetime = EVENING) -> list[dict[str, Any]]:
        """What the list of reports shows at a moment."""
        self.tenancy.clock.set(now)
        found: list[dict[str, Any]] = (await self.tenancy.ask("GET", self.reports))["value"]
        return found

    async def records(self, report: dict[str, Any]) -> list[dict[str, Any]]:
        """Everybody in a report."""
        url = f"{self.reports}/{report['id']}?$expand=attendanceRecords"
        found: list[dict[str, Any]] = (await self.tenancy.ask("GET", url))["attendanceRecords"]
        return found


@contextmanager
def opened(state: Path | str = ":memory:") -> Iterator[Tenancy]:
    """A tenancy in the evening of the first date, whose token is then fresh."""
    tenancy = open_tenancy(state, app=app(), now=EVENING)
    tenancy.tenant.add_person(person(8, "other@firm.example"))
    tenancy.tenant.add_person(person(7, GUEST, guest=True, mailbox="missing"))
    yield tenancy
    assert tenancy.tenant.complaints == []
    tenancy.tenant.close()


async def hall_of(tenancy: Tenancy) -> Hall:
    made = await tenancy.book(ADA, BEN)
    url = made["onlineMeeting"]["joinUrl"]
    meeting = tenancy.tenant.meetings.of_url(url)
    assert meeting is not None
    return Hall(tenancy, meeting["id"], url)


def minutes(report: dict[str, Any]) -> tuple[float, float]:
    """When a report begins and ends, in minutes after ten."""
    begin, end = (
        (datetime.fromisoformat(report[name]) - TEN) / MINUTE
        for name in ("meetingStartDateTime", "meetingEndDateTime")
    )
    return begin, end


async def test_a_date_nobody_came_to_has_no_report() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        assert await hall.listed() == []


async def test_each_time_the_last_one_leaves_makes_a_report_and_the_newest_is_first() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, -1000, -998)
        hall.attend(ADA, 0, 10)
        hall.attend(BEN, 5, 12)
        hall.attend(BEN, 14, 58)
        hall.attend(ADA, 15, 60)
        listed = await hall.listed()
        assert [minutes(one) for one in listed] == [(14, 60), (0, 12), (-1000, -998)]
        assert [one["totalParticipantCount"] for one in listed] == [2, 2, 1]
        assert all(one["attendanceRecords"] == [] for one in listed)


async def test_one_who_leaves_at_the_moment_the_other_comes_has_met_nobody() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 10)
        hall.attend(BEN, 10, 20)
        assert [minutes(one) for one in await hall.listed()] == [(10, 20), (0, 10)]


async def test_there_is_no_report_while_somebody_stays_nor_for_some_minutes_after() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        tenancy.tenant.behaviour.report_delay = 7 * MINUTE
        tenancy.tenant.behaviour.report_delay_most = 7 * MINUTE
        hall.attend(ADA, 0, 60)
        hall.attend(BEN, 0, 75)
        assert await hall.listed(TEN + 70 * MINUTE) == []
        assert await hall.listed(TEN + 81 * MINUTE) == []
        assert len(await hall.listed(TEN + 82 * MINUTE)) == 1


async def test_reports_take_between_the_least_and_the_most_time_and_never_change_it() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        for number in range(30):
            hall.attend(ADA, number, number + 0.5)
        at = [TEN + (0.5 + minute) * MINUTE for minute in range(60)]
        shown = [{one["id"] for one in await hall.listed(now)} for now in at]
        assert all(before <= after for before, after in pairwise(shown))
        assert not shown[1]
        assert 0 < len(shown[10]) <= len(shown[30]) < 30
        assert len(shown[50]) == 30


async def test_a_record_tells_who_was_there_when_in_which_role() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 20)
        hall.attend(ADA, 25, 60)
        hall.attend(PROGRAM, 1, 59)
        [report] = await hall.listed()
        ada, program = await hall.records(report)
        assert ada["identity"]["id"] == "00000001-0000-4000-8000-000000000000"
        assert ada["emailAddress"] == ADA
        assert ada["identity"]["tenantId"] is None
        assert (ada["role"], program["role"]) == ("Presenter", "Organizer")
        assert ada["totalAttendanceInSeconds"] == 55 * 60
        assert [stay["durationInSeconds"] for stay in ada["attendanceIntervals"]] == [1200, 2100]
        assert ada["attendanceIntervals"][1]["joinDateTime"] == "2027-03-02T09:25:00.000Z"
        alone = await tenancy.ask("GET", f"{hall.reports}/{report['id']}/attendanceRecords")
        assert alone["value"] == [ada, program]
        bare = await tenancy.ask("GET", f"{hall.reports}/{report['id']}")
        assert bare["attendanceRecords"] == []


@pytest.mark.parametrize("apart", [False, True])
async def test_two_devices_overlap_in_one_record_or_in_two(apart: bool) -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        tenancy.tenant.behaviour.records_per_device = apart
        hall.attend(ADA, 0, 60)
        hall.attend(ADA, 10, 50, device="telephone")
        [report] = await hall.listed()
        records = await hall.records(report)
        assert len(records) == (2 if apart else 1)
        assert sum(one["totalAttendanceInSeconds"] for one in records) == 100 * 60
        assert report["totalParticipantCount"] == 1


async def test_strangers_have_no_address_and_a_guest_another_tenant() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 60)
        hall.attend(BEN, 1, 60, way="phone")
        hall.attend("Ben", 2, 60, way="anonymous")
        hall.attend(GUEST, 3, 60)
        hall.attend("eve@nowhere.example", 4, 60)
        [report] = await hall.listed()
        _, phone, visitor, guest, foreign = await hall.records(report)
        assert {one["emailAddress"] for one in (phone, visitor, guest, foreign)} == {None}
        assert phone["identity"]["id"].startswith("4:+")
        assert visitor["identity"]["id"].startswith("teamsvisitor:")
        assert guest["identity"]["id"] == "00000007-0000-4000-8000-000000000000"
        tenants = {guest["identity"]["tenantId"], foreign["identity"]["tenantId"]}
        assert len(tenants) == 2
        assert not tenants & {None, tenancy.tenant.id}


async def test_who_keeps_out_of_reports_is_counted_only() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        tenancy.tenant.behaviour.hidden_from_reports = {BEN}
        hall.attend(ADA, 0, 60)
        hall.attend(BEN, 0, 60)
        [report] = await hall.listed()
        assert report["totalParticipantCount"] == 2
        assert [one["emailAddress"] for one in await hall.records(report)] == [ADA]


async def test_a_caller_waits_in_the_lobby_until_somebody_is_there() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(BEN, 0, 60, way="phone")
        hall.attend(ADA, 12, 60)
        [report] = await hall.listed()
        assert minutes(report) == (12, 60)
        joined = {
            one["attendanceIntervals"][0]["joinDateTime"] for one in await hall.records(report)
        }
        assert joined == {"2027-03-02T09:12:00.000Z"}


async def test_two_who_both_wait_in_the_lobby_make_no_report() -> None:
    with opened() as tenancy:
        tenancy.tenant.teams_policy = TeamsPolicy(lobby="organizer")
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 60)
        hall.attend(BEN, 0, 60)
        assert await hall.listed() == []
        hall.attend(PROGRAM, 30, 31)
        assert [minutes(one) for one in await hall.listed()] == [(30, 60)]


async def test_the_list_shows_the_newest_fifty_and_older_ones_can_still_be_read() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, -2000, -1999)
        [oldest] = await hall.listed()
        for number in range(50):
            hall.attend(ADA, 2 * number, 2 * number + 1)
        listed = await hall.listed()
        assert len(listed) == 50
        assert oldest["id"] not in {one["id"] for one in listed}
        assert len(await hall.records(oldest)) == 1


async def test_a_policy_without_reports_makes_none_of_calls_that_begin_under_it() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 10)
        tenancy.tenant.teams_policy = TeamsPolicy(attendance_reports=False)
        hall.attend(ADA, 20, 30)
        assert [minutes(one) for one in await hall.listed()] == [(0, 10)]


async def test_without_policy_permission_or_object_id_nothing_is_read() -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 60)
        [report] = await hall.listed()
        paths = (
            hall.reports,
            f"{hall.reports}/{report['id']}?$expand=attendanceRecords",
            f"{hall.reports}/{report['id']}/attendanceRecords",
        )
        for path in paths:
            by_name = path.replace(PROGRAM_ID, PROGRAM)
            assert (await tenancy.ask("GET", by_name, status=400))["error"]["code"] == "BadRequest"
        for granted, code in (
            (app(teams_organizers=frozenset()), "Unauthorized"),
            (registration(), "Forbidden"),
        ):
            tenancy.tenant.register_app(granted)
            for path in paths:
                assert (await tenancy.ask("GET", path, status=403))["error"]["code"] == code


async def test_another_organizers_meeting_is_not_found() -> None:
    with opened() as tenancy:
        both = frozenset({PROGRAM_ID, OTHER_ID})
        tenancy.tenant.register_app(app(teams_organizers=both))
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 60)
        [report] = await hall.listed()
        elsewhere = hall.reports.replace(PROGRAM_ID, OTHER_ID)
        await tenancy.ask("GET", elsewhere, status=404)
        await tenancy.ask("GET", f"{elsewhere}/{report['id']}", status=404)
        other = f"{hall.reports}/{report['id'].replace('-', '')}"
        await tenancy.ask("GET", other, status=404)


async def test_stays_survive_the_death_of_the_tenant(tmp_path: Path) -> None:
    state = tmp_path / "tenant.sqlite"
    with opened(state) as tenancy:
        hall = await hall_of(tenancy)
        hall.attend(ADA, 0, 30)
        hall.attend(BEN, 2, 31, way="phone")
        before = await hall.listed()
        told = await hall.records(before[0])
    with opened(state) as tenancy:
        again = Hall(tenancy, hall.reports.split("/")[4], hall.url)
        assert await again.listed() == before
        assert await again.records(before[0]) == told


@pytest.mark.parametrize("length", [0, -5])
async def test_a_stay_that_does_not_last_is_refused(length: int) -> None:
    with opened() as tenancy:
        hall = await hall_of(tenancy)
        with pytest.raises(ValueError, match="has to last"):
            hall.attend(ADA, 0, length)
        with pytest.raises(KeyError):
            tenancy.tenant.attend(ADA, hall.url + "x", TEN, EVENING)
