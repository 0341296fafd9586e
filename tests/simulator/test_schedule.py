"""Free/busy: digits, items, errors per person, bounds, and own meetings in all answer states."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from simulator.people import Appointment
from simulator.schedule import FreeBusy
from tests.simulator.tenancy import (
    ADA,
    BEN,
    BERLIN,
    CAT,
    GUS,
    PROGRAM,
    Tenancy,
    at,
    busy,
    open_tenancy,
    person,
    plan,
    registration,
    schedule_body,
)

SCHEDULE = f"/users/{PROGRAM}/calendar/getSchedule"


async def test_the_highest_status_of_a_slot_wins_and_free_or_elsewhere_is_nought(
    tenancy: Tenancy,
) -> None:
    for start, end, status in (
        ("09:00", "10:00", "free"),
        ("10:00", "11:00", "workingElsewhere"),
        ("11:00", "12:00", "tentative"),
        ("12:00", "13:00", "busy"),
        ("12:30", "14:00", "oof"),
        ("13:30", "14:00", "tentative"),
        ("15:59", "16:00", "busy"),
    ):
        tenancy.tenant.book_appointment(
            BEN, plan(f"2027-03-01T{start}", f"2027-03-01T{end}", status)
        )
    entry = await busy(tenancy, BEN, "2027-03-01T08:00:00", "2027-03-01T17:00:00")
    assert entry["availabilityView"] == "001330200"
    assert {item["status"] for item in entry["scheduleItems"]} == {
        "free",
        "workingElsewhere",
        "tentative",
        "busy",
        "oof",
    }


async def test_an_item_over_the_edge_is_given_whole_and_one_that_touches_it_is_not(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.book_appointment(BEN, plan("2027-03-01T08:00", "2027-03-01T11:00"))
    tenancy.tenant.book_appointment(BEN, plan("2027-03-01T07:00", "2027-03-01T10:00"))
    entry = await busy(tenancy, BEN, "2027-03-01T09:00:00", "2027-03-01T12:00:00")
    assert [item["start"]["dateTime"] for item in entry["scheduleItems"]] == [
        "2027-03-01T07:00:00.0000000"
    ]
    assert entry["availabilityView"] == "200"


async def test_items_come_in_no_order_of_time(tenancy: Tenancy) -> None:
    for hour in range(9, 15):
        tenancy.tenant.book_appointment(
            BEN, plan(f"2027-03-01T{hour:02}:00", f"2027-03-01T{hour:02}:30")
        )
    entry = await busy(tenancy, BEN, "2027-03-01T00:00:00", "2027-03-02T00:00:00")
    starts = [item["start"]["dateTime"] for item in entry["scheduleItems"]]
    assert len(starts) == 6
    assert starts != sorted(starts)


async def test_nobody_is_taken_for_somebody_else_where_only_one_is_kept_ready(
    tenancy: Tenancy,
) -> None:
    """A large firm is not held ready whole; who was let go of is worked out anew."""
    tenant, people = tenancy.tenant, (ADA, BEN, CAT)
    for number, mail in enumerate(people, 1):
        for hour in range(12, 12 + number):
            own = plan(f"2027-03-01T{hour:02}:00", f"2027-03-01T{hour:02}:30")
            tenant.book_appointment(mail, own)
    few = FreeBusy(tenant.directory, tenant.calendars, tenant.behaviour, kept_ready=1)
    body = schedule_body(*people, start="2027-03-01T00:00:00", end="2027-03-02T00:00:00")
    answers = [tenant.free_busy.answer(registration(), body, "UTC")]
    answers += [few.answer(registration(), body, "UTC") for _ in range(2)]
    views = [[entry["availabilityView"] for entry in answer] for answer in answers]
    assert len(set(views[0])) == len(people)
    assert views[1:] == [views[0]] * 2


async def test_times_of_items_follow_the_preferred_zone(tenancy: Tenancy) -> None:
    answer = await tenancy.client.post(
        f"https://graph.microsoft.com/v1.0{SCHEDULE}",
        json=schedule_body(ADA, start="2027-03-01T00:00:00", end="2027-03-02T00:00:00"),
        headers={"Prefer": 'outlook.timezone="Eastern Standard Time"'},
    )
    [item] = answer.json()["value"][0]["scheduleItems"]
    assert item["start"] == {
        "dateTime": "2027-03-01T03:00:00.0000000",
        "timeZone": "Eastern Standard Time",
    }
    assert answer.headers["preference-applied"] == 'outlook.timezone="Eastern Standard Time"'


async def test_one_that_cannot_be_read_says_so_and_spoils_no_other(tenancy: Tenancy) -> None:
    tenancy.tenant.add_person(person(20, "left@firm.example", mailbox="softDeleted"))
    tenancy.tenant.add_person(person(21, "out@elsewhere.example", guest=True))
    names = (GUS, "nobody@firm.example", "left@firm.example", "out@elsewhere.example", BEN)
    answer = await tenancy.ask(
        "POST",
        SCHEDULE,
        schedule_body(*names, start="2027-03-01T00:00:00", end="2027-03-02T00:00:00"),
    )
    assert [entry.get("error", {}).get("responseCode") for entry in answer["value"]] == [
        "ErrorProxyRequestProcessingFailed",
        "ErrorMailRecipientNotFound",
        "5009",
        "ErrorMailRecipientNotFound",
        None,
    ]
    assert all("availabilityView" not in entry for entry in answer["value"] if "error" in entry)


async def test_more_than_a_thousand_items_are_an_error_of_that_person(tenancy: Tenancy) -> None:
    start = datetime.fromisoformat("2027-03-01T06:00")
    many = tuple(
        Appointment(
            start + timedelta(minutes=10 * n),
            start + timedelta(minutes=10 * n + 10),
            "UTC",
            "busy",
            "x",
        )
        for n in range(1001)
    )
    tenancy.tenant.add_person(person(2, BEN, *many))
    full = await busy(tenancy, BEN, "2027-03-01T00:00:00", "2027-03-20T00:00:00")
    assert full["error"]["responseCode"] == "5006"
    assert "The allowed size is 1000" in full["error"]["message"]
    half = await busy(tenancy, BEN, "2027-03-01T00:00:00", "2027-03-04T00:00:00")
    assert set(half["availabilityView"]) == {"0", "2"}


async def test_a_hundred_schedules_pass_and_one_more_fails_the_whole_call(
    tenancy: Tenancy,
) -> None:
    span = {"start": "2027-03-01T00:00:00", "end": "2027-03-02T00:00:00"}
    passed = await tenancy.ask("POST", SCHEDULE, schedule_body(*[ADA] * 100, **span))
    assert len(passed["value"]) == 100
    refused = await tenancy.ask("POST", SCHEDULE, schedule_body(*[ADA] * 101, **span), 400)
    assert refused["error"]["code"] == "ErrorMailboxDataArrayTooBig"
    assert "allowed size = 100; the actual size = 101" in refused["error"]["message"]


@pytest.mark.parametrize(
    ("start", "end", "interval"),
    [
        ("2027-03-01T00:00:00", "2027-05-02T00:00:00", 30),
        ("2027-03-02T00:00:00", "2027-03-01T00:00:00", 30),
        ("2027-03-01", "2027-03-02", 30),
        ("2027-03-01T00:00:00Z", "2027-03-02T00:00:00Z", 30),
        ("2027-03-01T00:00:00", "2027-03-02T00:00:00", 4),
        ("2027-03-01T00:00:00", "2027-03-02T00:00:00", 1441),
        ("2027-03-01T00:00:00", "2027-03-02T00:00:00", "half an hour"),
    ],
)
async def test_a_window_or_slot_out_of_bounds_is_refused(
    tenancy: Tenancy, start: str, end: str, interval: object
) -> None:
    body = schedule_body(ADA, start=start, end=end, interval=interval)
    await tenancy.ask("POST", SCHEDULE, body, 400)


async def test_names_of_parameters_count_in_any_case_and_the_interval_may_be_text(
    tenancy: Tenancy,
) -> None:
    body = schedule_body(ADA, start="2027-03-01T08:00:00", end="2027-03-01T10:00:00", interval="60")
    shouted = {name[0].upper() + name[1:]: value for name, value in body.items()}
    answer = await tenancy.ask("POST", SCHEDULE, shouted)
    assert answer["value"][0]["availabilityView"] == "22"


async def test_working_hours_name_the_mailbox_zone_or_one_of_its_own_making(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.behaviour.custom_hours_zone = {CAT}
    span = ("2027-03-01T00:00:00", "2027-03-02T00:00:00")
    plain = (await busy(tenancy, ADA, *span))["workingHours"]
    assert plain["timeZone"] == {"name": "W. Europe Standard Time"}
    assert (plain["startTime"], plain["endTime"]) == ("09:00:00.0000000", "17:30:00.0000000")
    custom = (await busy(tenancy, CAT, *span))["workingHours"]["timeZone"]
    assert custom["@odata.type"] == "#microsoft.graph.customTimeZone"
    assert (custom["bias"], custom["name"]) == (300, "Customized Time Zone")
    november = {"time": "02:00:00.0000000", "dayOccurrence": 1, "dayOfWeek": "sunday", "month": 11}
    assert custom["standardOffset"] == {**november, "year": 0}
    assert (custom["daylightOffset"]["daylightBias"], custom["daylightOffset"]["month"]) == (-60, 3)
    tenancy.tenant.behaviour.custom_hours_zone_swapped = True
    swapped = (await busy(tenancy, CAT, *span))["workingHours"]["timeZone"]
    assert swapped["daylightOffset"]["month"] == 11


@pytest.mark.parametrize(
    ("act", "digit"),
    [
        (None, "1"),
        ("accepted", "2"),
        ("tentativelyAccepted", "1"),
        ("declined", "0"),
        ("deleted", "0"),
    ],
)
async def test_own_meetings_stand_in_free_busy_as_the_answer_says(
    tenancy: Tenancy, act: Any, digit: str
) -> None:
    made = await tenancy.book(BEN)
    if act == "deleted":
        tenancy.tenant.delete_from_calendar(BEN, made["id"])
    elif act is not None:
        tenancy.tenant.answer(BEN, made["id"], act, send_reply=False)
    for day in ("2027-03-02T09", "2027-03-30T08"):
        start = f"{day}:00:00"
        end = f"{day[:-2]}10:00:00"
        entry = await busy(tenancy, BEN, start, end)
        assert entry["availabilityView"][0] == digit
        assert len(entry["scheduleItems"]) == (digit != "0")
    organizer = await busy(tenancy, PROGRAM, "2027-03-02T09:00:00", "2027-03-02T10:00:00")
    assert organizer["availabilityView"] == "2"


async def test_an_answer_to_one_date_frees_that_date_alone(tenancy: Tenancy) -> None:
    made = await tenancy.book(BEN)
    tenancy.tenant.answer(BEN, made["id"], "accepted")
    tenancy.tenant.answer(BEN, made["id"], "declined", day=date(2027, 3, 16))
    view = await busy(tenancy, BEN, "2027-03-02T09:00:00", "2027-03-31T09:00:00")
    hours = [n for n, digit in enumerate(view["availabilityView"]) if digit == "2"]
    assert hours == [0, 28 * 24 - 1]


async def test_a_moved_date_is_tentative_again_at_its_new_time(tenancy: Tenancy) -> None:
    made = await tenancy.book(BEN)
    tenancy.tenant.answer(BEN, made["id"], "accepted")
    tenancy.tenant.change_event(
        made["id"],
        {"start": at("2027-03-17T10:00:00"), "end": at("2027-03-17T11:00:00")},
        day=date(2027, 3, 16),
    )
    view = await busy(tenancy, BEN, "2027-03-16T09:00:00", "2027-03-17T10:00:00")
    assert view["availabilityView"] == "0" * 24 + "1"


async def test_a_meeting_nobody_may_see_into_is_private_in_free_busy(tenancy: Tenancy) -> None:
    entry = await busy(tenancy, ADA, "2027-03-01T08:00:00", "2027-03-01T10:00:00")
    [item] = entry["scheduleItems"]
    assert item["isPrivate"] is True
    assert "subject" not in item


async def test_a_reader_without_rights_on_a_person_sees_times_and_no_titles() -> None:
    scoped = registration({"Calendars.ReadWrite": frozenset({PROGRAM})})
    tenancy = open_tenancy(app=scoped)
    tenancy.tenant.book_appointment(BEN, plan("2027-03-01T09:00", "2027-03-01T10:00"))
    span = ("2027-03-01T08:00:00", "2027-03-01T09:00:00")
    [item] = (await busy(tenancy, BEN, *span))["scheduleItems"]
    assert set(item) == {"status", "start", "end"}
    tenancy.tenant.behaviour.default_sharing = "none"
    assert (await busy(tenancy, BEN, *span))["error"]["responseCode"] == "ErrorNoFreeBusyAccess"
    tenancy.tenant.behaviour.default_sharing = "details"
    [item] = (await busy(tenancy, BEN, *span))["scheduleItems"]
    assert item["subject"] == "Hearing"


async def test_free_busy_can_lag_behind_the_calendar(tenancy: Tenancy) -> None:
    tenancy.tenant.behaviour.free_busy_lag = timedelta(seconds=20)
    span = ("2027-03-02T09:00:00", "2027-03-02T10:00:00")
    made = await tenancy.book(BEN)
    assert (await busy(tenancy, BEN, *span))["availabilityView"] == "0"
    tenancy.clock.advance(timedelta(seconds=20))
    assert (await busy(tenancy, BEN, *span))["availabilityView"] == "1"
    await tenancy.ask("DELETE", f"/users/{PROGRAM}/events/{made['id']}", status=204)
    assert (await busy(tenancy, BEN, *span))["availabilityView"] == "1"
    tenancy.clock.advance(timedelta(seconds=20))
    assert (await busy(tenancy, BEN, *span))["availabilityView"] == "0"


async def test_standing_plans_repeat_in_their_zone_without_the_dates_left_out(
    tenancy: Tenancy,
) -> None:
    weekly = plan(
        "2027-03-22T09:00",
        "2027-03-22T10:00",
        weekly_interval=1,
        until=date(2027, 4, 5),
        skipped=(date(2027, 3, 29),),
    )
    tenancy.tenant.book_appointment(BEN, weekly)
    entry = await busy(tenancy, BEN, "2027-03-20T00:00:00", "2027-04-20T00:00:00")
    assert sorted(item["start"]["dateTime"][:16] for item in entry["scheduleItems"]) == [
        "2027-03-22T08:00",
        "2027-04-05T07:00",
    ]


async def test_an_all_day_entry_blocks_the_owners_local_day(tenancy: Tenancy) -> None:
    away = plan("2027-03-08T00:00", "2027-03-09T00:00", "oof", all_day=True)
    tenancy.tenant.book_appointment(BEN, away)
    entry = await busy(tenancy, BEN, "2027-03-07T22:00:00", "2027-03-09T00:00:00")
    assert entry["availabilityView"] == "0" + "3" * 24 + "0"


async def test_twenty_people_over_two_months_are_answered_quickly(tenancy: Tenancy) -> None:
    """A generous bound in processor time: reading must not be what a simulated run waits for."""
    first = datetime.fromisoformat("2027-03-01T09:00")
    for number in range(20):
        entries = [
            Appointment(
                first + timedelta(days=day, hours=hour),
                first + timedelta(days=day, hours=hour, minutes=40),
                BERLIN.zone,
                "busy",
                "Call",
            )
            for day in range(61)
            for hour in range(7)
        ]
        tenancy.tenant.add_person(person(100 + number, f"p{number}@firm.example", *entries))
    mails = [f"p{number}@firm.example" for number in range(20)]
    body = schedule_body(
        *mails, start="2027-03-01T00:00:00", end="2027-05-01T00:00:00", interval=15
    )
    cold = await tenancy.ask("POST", SCHEDULE, body)
    assert {len(entry["scheduleItems"]) for entry in cold["value"]} == {427}
    tenant, app = tenancy.tenant, registration()
    before = time.process_time()
    for _ in range(10):
        tenant.free_busy.answer(app, body, "UTC")
    assert (time.process_time() - before) / 10 < 0.1
