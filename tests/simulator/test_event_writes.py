"""Creating, changing and cancelling events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.simulator.tenancy import (
    ADA,
    BEN,
    GRAPH,
    PROGRAM,
    PROPERTY,
    Tenancy,
    at,
    series,
    utc_starts,
)

EVENTS = f"/users/{PROGRAM}/events"
DEFAULT_IDS = {"Prefer": 'outlook.timezone="UTC"'}


def moved(day: str, hour: int = 10) -> dict[str, Any]:
    return {"start": at(f"{day}T{hour:02}:00:00"), "end": at(f"{day}T{hour + 1:02}:00:00")}


async def occurrence(tenancy: Tenancy, master: str, day: str) -> dict[str, Any]:
    found = await tenancy.instances(master)
    return next(one for one in found if one["start"]["dateTime"].startswith(day))


@pytest.mark.parametrize("status", [400, 409])
async def test_a_transaction_id_used_again_names_the_event_it_made(
    tenancy: Tenancy, status: Any
) -> None:
    tenancy.tenant.behaviour.duplicate_transaction_status = status
    made = await tenancy.book(ADA, transactionId="pair-1/series-1/1")
    again = series(ADA, transactionId="pair-1/series-1/1")
    refused = await tenancy.ask("POST", EVENTS, again, status)
    assert refused["error"]["code"] == "ErrorDuplicateTransactionId"
    assert refused["error"]["@event.existingEventId"] == made["id"]
    assert len(tenancy.tenant.events_of(PROGRAM)) == 1


async def test_a_transaction_id_is_remembered_beyond_its_event_unless_deleting_frees_it(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.behaviour.duplicate_names_existing_event = False
    made = await tenancy.book(ADA, transactionId="t")
    await tenancy.ask("DELETE", f"{EVENTS}/{made['id']}", status=204)
    refused = await tenancy.ask("POST", EVENTS, series(ADA, transactionId="t"), 409)
    assert "@event.existingEventId" not in refused["error"]
    tenancy.tenant.behaviour.deleting_frees_transaction_id = True
    freed = await tenancy.book(ADA, transactionId="u")
    await tenancy.ask("DELETE", f"{EVENTS}/{freed['id']}", status=204)
    assert (await tenancy.book(ADA, transactionId="u"))["id"] != freed["id"]


async def test_a_mailbox_without_teams_answers_201_without_a_link(tenancy: Tenancy) -> None:
    tenancy.tenant.change_person(PROGRAM, mailbox="noTeams")
    made = await tenancy.book(ADA)
    assert (made["isOnlineMeeting"], made["onlineMeetingProvider"]) == (False, "unknown")
    assert made["onlineMeeting"] is None
    providers = await tenancy.ask(
        "GET", f"/users/{PROGRAM}/calendar?$select=allowedOnlineMeetingProviders"
    )
    assert providers["allowedOnlineMeetingProviders"] == []


async def test_enum_values_and_members_graph_does_not_know_are_taken_in_any_case(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.behaviour.strict = False
    body = series(ADA, showAs="Busy", sensitivity="PRIVATE", somethingNew={"a": 1})
    body["attendees"][0]["type"] = "Required"
    made = await tenancy.ask("POST", EVENTS, body, 201)
    assert (made["showAs"], made["sensitivity"]) == ("busy", "private")
    assert made["attendees"][0]["type"] == "required"
    assert "somethingNew" not in made


async def test_a_single_date_that_is_moved_becomes_an_exception_of_the_same_meeting(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    third = await occurrence(tenancy, made["id"], "2027-03-30")
    changed = await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", moved("2027-04-01", 14))
    assert (changed["type"], changed["seriesMasterId"]) == ("exception", made["id"])
    assert changed["originalStart"] == "2027-03-30T08:00:00Z"
    assert changed["onlineMeeting"]["joinUrl"] == made["onlineMeeting"]["joinUrl"]
    starts = utc_starts(await tenancy.instances(made["id"]))
    assert starts[:4] == [
        "2027-03-02T09:00",
        "2027-03-16T09:00",
        "2027-04-01T12:00",
        "2027-04-13T08:00",
    ]


@pytest.mark.parametrize("day", ["2027-03-16", "2027-03-15", "2027-04-13", "2027-05-01"])
async def test_a_date_cannot_reach_or_pass_the_day_of_its_neighbour(
    tenancy: Tenancy, day: str
) -> None:
    made = await tenancy.book(ADA)
    third = await occurrence(tenancy, made["id"], "2027-03-30")
    refused = await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", moved(day), 400)
    assert refused["error"]["code"] == "ErrorOccurrenceCrossingBoundary"
    assert "2027-03-30T08:00" in utc_starts(await tenancy.instances(made["id"]))


async def test_the_neighbours_day_counts_in_the_zone_of_the_series(tenancy: Tenancy) -> None:
    """In Auckland the evening of the neighbour's day in UTC is already the day after."""
    zone = "New Zealand Standard Time"
    made = await tenancy.book(
        ADA, start=at("2027-03-02T08:00:00", zone), end=at("2027-03-02T09:00:00", zone)
    )
    second = (await tenancy.instances(made["id"]))[1]
    late = {"start": at("2027-03-29T22:00:00", zone), "end": at("2027-03-29T23:00:00", zone)}
    await tenancy.ask("PATCH", f"{EVENTS}/{second['id']}", late)
    third_day = {"start": at("2027-03-29T11:30:00", "UTC"), "end": at("2027-03-29T12:00:00", "UTC")}
    refused = await tenancy.ask("PATCH", f"{EVENTS}/{second['id']}", third_day, 400)
    assert refused["error"]["code"] == "ErrorOccurrenceCrossingBoundary"


async def test_a_changed_pattern_drops_exceptions_and_an_unchanged_one_keeps_them(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    third = await occurrence(tenancy, made["id"], "2027-03-30")
    fourth = await occurrence(tenancy, made["id"], "2027-04-13")
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", moved("2027-04-01"))
    await tenancy.ask("POST", f"{EVENTS}/{fourth['id']}/cancel", {"Comment": "not today"}, 202)
    master = f"{EVENTS}/{made['id']}"
    truth = (
        f"{master}?$select=subject,cancelledOccurrences,exceptionOccurrences"
        "&$expand=exceptionOccurrences($select=start,originalStart,occurrenceId)"
    )
    await tenancy.ask("PATCH", master, {"subject": "Other", "recurrence": made["recurrence"]})
    kept = await tenancy.ask("GET", truth)
    assert kept["cancelledOccurrences"] == [f"OID.{made['id']}.2027-04-13"]
    assert [one["occurrenceId"] for one in kept["exceptionOccurrences"]] == [
        f"OID.{made['id']}.2027-03-30"
    ]
    recurrence = {**made["recurrence"], "range": {**made["recurrence"]["range"]}}
    recurrence["range"]["numberOfOccurrences"] = 5
    await tenancy.ask("PATCH", master, {"recurrence": recurrence})
    dropped = await tenancy.ask("GET", truth)
    assert (dropped["cancelledOccurrences"], dropped["exceptionOccurrences"]) == ([], [])
    assert len(await tenancy.instances(made["id"])) == 5


async def test_a_cancelled_date_is_gone_and_its_neighbours_stay(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    third = await occurrence(tenancy, made["id"], "2027-03-30")
    await tenancy.ask("POST", f"{EVENTS}/{third['id']}/cancel", {"comment": ""}, 202)
    gone = await tenancy.ask("GET", f"{EVENTS}/{third['id']}", status=404)
    assert gone["error"]["code"] == "ErrorItemNotFound"
    again = await tenancy.ask("POST", f"{EVENTS}/{third['id']}/cancel", {}, 404)
    assert again["error"]["code"] == "ErrorItemNotFound"
    assert len(await tenancy.instances(made["id"])) == 8


async def test_a_master_cannot_move_to_another_zone(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    other = {
        "start": at("2027-03-02T10:00:00", "GMT Standard Time"),
        "end": at("2027-03-02T11:00:00", "GMT Standard Time"),
    }
    refused = await tenancy.ask("PATCH", f"{EVENTS}/{made['id']}", other, 400)
    assert refused["error"]["code"] == "ErrorPropertyValidationFailure"


@pytest.mark.parametrize("zone", ["", "Berlin time", "Africa/Casablanca"])
async def test_a_zone_exchange_does_not_know_is_refused(tenancy: Tenancy, zone: str) -> None:
    made = await tenancy.book(ADA)
    body = {"start": at("2027-03-02T12:00:00", zone)}
    refused = await tenancy.ask("PATCH", f"{EVENTS}/{made['id']}", body, 400)
    assert refused["error"]["code"] == "TimeZoneNotSupportedException"
    assert f"'{zone}'" in refused["error"]["message"]


async def test_the_change_key_turns_by_itself_once_and_a_stale_one_is_refused(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    master = f"{EVENTS}/{made['id']}"
    tenancy.clock.advance(timedelta(seconds=6))
    stale = {"Prefer": 'IdType="ImmutableId"', "If-Match": made["@odata.etag"]}
    refused = await tenancy.ask("PATCH", master, {"subject": "x"}, 412, headers=stale)
    assert refused["error"]["code"] == "ErrorIrresolvableConflict"
    read = await tenancy.ask("GET", master)
    assert read["@odata.etag"] != made["@odata.etag"]
    assert read["subject"] == "Mentoring"
    fresh = {"Prefer": 'IdType="ImmutableId"', "If-Match": read["@odata.etag"]}
    assert (await tenancy.ask("PATCH", master, {"subject": "x"}, headers=fresh))["subject"] == "x"


async def test_a_read_after_a_change_can_show_the_old_state_for_a_while(tenancy: Tenancy) -> None:
    tenancy.tenant.behaviour.stale_reads = timedelta(seconds=8)
    made = await tenancy.book(ADA)
    tenancy.clock.advance(timedelta(minutes=1))
    master = f"{EVENTS}/{made['id']}"
    answered = await tenancy.ask("PATCH", master, {"subject": "new"})
    assert answered["subject"] == "new"
    assert (await tenancy.ask("GET", master))["subject"] == "Mentoring"
    assert (await tenancy.instances(made["id"]))[0]["subject"] == "Mentoring"
    tenancy.clock.advance(timedelta(seconds=8))
    assert (await tenancy.ask("GET", master))["subject"] == "new"


async def test_a_body_without_the_join_block_switches_the_online_meeting_off(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    master = f"{EVENTS}/{made['id']}"
    longer = made["body"]["content"].replace("See you.", "See you soon.")
    kept = await tenancy.ask("PATCH", master, {"body": {"contentType": "html", "content": longer}})
    assert kept["onlineMeeting"]["joinUrl"] == made["onlineMeeting"]["joinUrl"]
    lost = await tenancy.ask("PATCH", master, {"body": {"contentType": "text", "content": "Hi"}})
    assert (lost["isOnlineMeeting"], lost["onlineMeeting"]) == (False, None)


async def test_default_ids_change_when_an_event_moves_and_immutable_ones_do_not(
    tenancy: Tenancy,
) -> None:
    tenancy.tenant.behaviour.strict = False
    made = await tenancy.book(ADA)
    by_default = await tenancy.ask("GET", f"{EVENTS}/{made['id']}", headers=DEFAULT_IDS)
    assert by_default["id"] != made["id"]
    await tenancy.ask("GET", f"{EVENTS}/{by_default['id']}")
    tenancy.tenant.move_to_other_folder(made["id"])
    assert (await tenancy.ask("GET", f"{EVENTS}/{made['id']}"))["id"] == made["id"]
    await tenancy.ask("GET", f"{EVENTS}/{by_default['id']}", status=404)


async def test_an_event_is_found_by_its_extended_property_whatever_the_case_of_the_value(
    tenancy: Tenancy,
) -> None:
    made = await tenancy.book(ADA)
    await tenancy.book(BEN, singleValueExtendedProperties=[{"id": PROPERTY, "value": "pair-2"}])
    assert "singleValueExtendedProperties" not in made
    wanted = "singleValueExtendedProperties/Any(ep: ep/id eq '{name}' and ep/value eq 'PAIR-1')"
    by_name = quote(wanted.format(name=PROPERTY))
    expand = quote(f"singleValueExtendedProperties($filter=id eq '{PROPERTY}')")
    found = await tenancy.ask("GET", f"{EVENTS}?$filter={by_name}&$expand={expand}")
    assert [one["id"] for one in found["value"]] == [made["id"]]
    assert found["value"][0]["singleValueExtendedProperties"] == [
        {"id": PROPERTY, "value": "pair-1"}
    ]
    other_case = quote(wanted.format(name=PROPERTY.replace("tandem", "Tandem")))
    assert (await tenancy.ask("GET", f"{EVENTS}?$filter={other_case}"))["value"] == []


async def test_a_list_gives_ten_a_page_and_a_link_to_the_next(tenancy: Tenancy) -> None:
    for number in range(12):
        await tenancy.book(ADA, transactionId=str(number))
    first = await tenancy.ask("GET", f"{EVENTS}?$select=subject")
    assert len(first["value"]) == 10
    assert first["@odata.nextLink"].startswith(f"{GRAPH}/users/")
    second = await tenancy.client.get(first["@odata.nextLink"])
    ids = [one["id"] for one in (*first["value"], *second.json()["value"])]
    assert len(set(ids)) == 12
    assert "@odata.nextLink" not in second.json()


async def test_instances_and_calendar_view_need_both_bounds(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    for path in (f"{EVENTS}/{made['id']}/instances", f"/users/{PROGRAM}/calendarView"):
        half = await tenancy.ask("GET", f"{path}?startDateTime=2027-01-01T00:00:00Z", status=400)
        assert half["error"]["code"] == "ErrorInvalidParameter"


async def test_the_calendar_view_honours_the_offset_of_its_bounds(tenancy: Tenancy) -> None:
    await tenancy.book(ADA)
    view = await tenancy.ask(
        "GET",
        f"/users/{PROGRAM}/calendarView",
        params={
            "startDateTime": "2027-03-02T12:00:00+02:00",
            "endDateTime": "2027-03-16T23:00:00+01:00",
        },
    )
    assert utc_starts(view["value"]) == ["2027-03-16T09:00"]


async def test_an_attendee_is_not_shown_the_transaction_id_and_cannot_cancel(
    tenancy: Tenancy,
) -> None:
    await tenancy.book(ADA, transactionId="t")
    listed = await tenancy.ask("GET", f"/users/{ADA}/events?$top=50")
    invited = next(one for one in listed["value"] if one["subject"] == "Mentoring")
    assert (invited["isOrganizer"], "transactionId" in invited) == (False, False)
    refused = await tenancy.ask("POST", f"/users/{ADA}/events/{invited['id']}/cancel", {}, 400)
    assert refused["error"]["message"] == "You need to be an organizer to cancel a meeting."


async def test_a_refused_change_leaves_nothing_changed(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    master = f"{EVENTS}/{made['id']}"
    wrong = {"subject": "new", "end": at("2027-03-02T09:00:00")}
    await tenancy.ask("PATCH", master, wrong, 400)
    read = await tenancy.ask("GET", master)
    assert (read["subject"], read["end"]) == ("Mentoring", made["end"])


async def test_more_than_five_hundred_attendees_are_refused(tenancy: Tenancy) -> None:
    many = [f"p{number}@firm.example" for number in range(501)]
    refused = await tenancy.ask("POST", EVENTS, series(*many), 400)
    assert refused["error"]["code"] == "ErrorInvalidRecipients"


async def test_exchange_may_renew_the_change_key_after_every_change(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    path = f"/users/{PROGRAM}/events/{made['id']}"

    async def is_renewed() -> bool:
        changed = await tenancy.ask("PATCH", path, {"subject": str(tenancy.clock())})
        tenancy.clock.advance(timedelta(seconds=6))
        later = await tenancy.ask("GET", path)
        return bool(later["changeKey"] != changed["changeKey"])

    assert not await is_renewed()
    tenancy.tenant.behaviour.change_key_rotates_each_time = True
    assert await is_renewed()
