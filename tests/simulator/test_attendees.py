"""What attendees see and do through Graph, and series that never end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.simulator.tenancy import (
    ADA,
    BEN,
    PROGRAM,
    Tenancy,
    at,
    busy,
    plan,
    utc_starts,
)

_WINDOW = {"startDateTime": "2027-03-01T00:00:00Z", "endDateTime": "2027-03-31T23:00:00Z"}


async def invitations(tenancy: Tenancy, mail: str) -> list[dict[str, Any]]:
    view = await tenancy.ask(
        "GET", f"/users/{mail}/calendarView", params={**_WINDOW, "$orderby": "start/dateTime"}
    )
    return [one for one in view["value"] if not one["isOrganizer"]]


async def test_an_invitation_stands_in_the_attendees_calendar_under_an_id_of_its_own(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA, BEN)
    ada, ben = await invitations(tenancy, ADA), await invitations(tenancy, BEN)
    assert utc_starts(ada) == ["2027-03-02T09:00", "2027-03-16T09:00", "2027-03-30T08:00"]
    ids = {one["id"] for one in (*ada, *ben, *await tenancy.instances(made["id"]))}
    assert len(ids) == 3 + 3 + 9
    assert {one["showAs"] for one in ada} == {"tentative"}
    await tenancy.ask("GET", f"/users/{BEN}/events/{ada[0]['id']}", status=404)


async def test_a_declined_date_leaves_the_calendar_and_the_organizer_reads_it(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA, BEN)
    second = (await invitations(tenancy, ADA))[1]
    decline = f"/users/{ADA}/events/{second['id']}/decline"
    await tenancy.ask("POST", decline, {"comment": "court", "sendResponse": True}, 202)
    assert len(await invitations(tenancy, ADA)) == 2
    assert len(await invitations(tenancy, BEN)) == 3
    told = [
        one["attendees"][0]["status"]["response"] for one in await tenancy.instances(made["id"])
    ]
    assert told == ["none", "declined", *["none"] * 7]
    kinds = {one["type"] for one in await tenancy.instances(made["id"])}
    assert kinds == {"occurrence"}
    tenancy.tenant.behaviour.answer_makes_exception = True
    assert (await tenancy.instances(made["id"]))[1]["type"] == "exception"


async def test_a_new_time_is_proposed_only_where_it_is_allowed_and_with_a_reply(
    tenancy: Tenancy,
) -> None:
    proposal = {"start": at("2027-03-17T10:00:00"), "end": at("2027-03-17T11:00:00")}
    await tenancy.book(ADA)
    [first, *_] = await invitations(tenancy, ADA)
    path = f"/users/{ADA}/events/{first['id']}/tentativelyAccept"
    silent = {"proposedNewTime": proposal, "sendResponse": False}
    await tenancy.ask("POST", path, silent, 400)
    await tenancy.ask("POST", path, {"ProposedNewTime": proposal}, 202)
    await tenancy.book(BEN, allowNewTimeProposals=False)
    [closed, *_] = await invitations(tenancy, BEN)
    path = f"/users/{BEN}/events/{closed['id']}/tentativelyAccept"
    await tenancy.ask("POST", path, {"proposedNewTime": proposal}, 400)


async def test_a_moved_series_asks_everybody_anew(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA, BEN)
    tenancy.tenant.answer(ADA, made["id"], "declined")
    tenancy.tenant.answer(BEN, made["id"], "accepted")
    later = {"start": at("2027-03-02T15:00:00"), "end": at("2027-03-02T16:00:00")}
    await tenancy.ask("PATCH", f"/users/{PROGRAM}/events/{made['id']}", later)
    assert tenancy.tenant.events_of(PROGRAM)[0].responses == {ADA: "none", BEN: "none"}
    for mail in (ADA, BEN):
        entry = await busy(tenancy, mail, "2027-03-02T14:00:00", "2027-03-02T15:00:00")
        assert entry["availabilityView"] == "1"


async def test_an_attendee_who_deletes_is_still_counted_as_told_by_the_organizer(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    tenancy.tenant.answer(ADA, made["id"], "accepted")
    before = len(tenancy.tenant.mail_log)
    [master] = [
        one
        for one in (await tenancy.ask("GET", f"/users/{ADA}/events"))["value"]
        if not one["isOrganizer"]
    ]
    await tenancy.ask("DELETE", f"/users/{ADA}/events/{master['id']}", status=204)
    assert await invitations(tenancy, ADA) == []
    assert tenancy.tenant.events_of(PROGRAM)[0].responses == {ADA: "accepted"}
    assert len(tenancy.tenant.mail_log) == before


async def test_a_series_without_end_stands_in_free_busy_however_far_one_asks(
    tenancy: Tenancy,
) -> None:
    endless = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
        "range": {"type": "noEnd", "startDate": "2027-03-02"},
    }
    await tenancy.book(ADA, recurrence=endless)
    tenancy.tenant.book_appointment(
        ADA, plan("2027-03-03T12:00", "2027-03-03T13:00", weekly_interval=1)
    )
    for year, hour in ((2027, 8), (2031, 8), (2028, 8)):
        day = next(d for d in range(1, 8) if datetime(year, 6, d, tzinfo=UTC).weekday() == 1)
        start, end = f"{year}-06-0{day}T{hour:02}:00:00", f"{year}-06-0{day + 1}T12:00:00"
        entry = await busy(tenancy, ADA, start, end)
        statuses = sorted(item["status"] for item in entry["scheduleItems"])
        assert statuses == ["busy", "tentative"], year


async def test_what_stands_in_a_calendar_can_be_looked_at_from_a_test(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    window = (datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 20, tzinfo=UTC))
    own, first, second = tenancy.tenant.occurrences_of(ADA, *window)
    assert (own.subject, own.show_as, own.response) == ("Hearing", "busy", "organizer")
    assert (first.organizer, first.show_as, first.response) == (PROGRAM, "tentative", "none")
    assert second.day is not None
    assert second.day.isoformat() == "2027-03-16"
    [organizers, _] = tenancy.tenant.occurrences_of(PROGRAM, *window)
    assert (organizers.event_id, organizers.join_url) == (made["id"], first.join_url)
