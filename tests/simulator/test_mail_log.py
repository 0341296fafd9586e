"""Who would have got which mail."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from simulator.errors import GraphError
from tests.simulator.tenancy import (
    ADA,
    BEN,
    CAT,
    MONDAY,
    PROGRAM,
    PROPERTY,
    Tenancy,
    at,
)

EVENTS = f"/users/{PROGRAM}/events"


def told(tenancy: Tenancy, since: int = 0) -> Counter[tuple[str, str, date | None]]:
    return Counter(
        (mail.recipient, mail.kind, mail.occurrence) for mail in tenancy.tenant.mail_log[since:]
    )


async def booked(tenancy: Tenancy) -> tuple[dict[str, Any], int]:
    made = await tenancy.book(ADA, BEN)
    return made, len(tenancy.tenant.mail_log)


async def test_creating_invites_every_attendee_once(tenancy: Tenancy) -> None:
    made, _ = await booked(tenancy)
    assert told(tenancy) == {(ADA, "invitation", None): 1, (BEN, "invitation", None): 1}
    first = tenancy.tenant.mail_log[0]
    assert (first.sender, first.event_id, first.at) == (PROGRAM, made["id"], MONDAY)
    assert first.subject == "Mentoring"


async def test_an_event_without_attendees_mails_nobody(tenancy: Tenancy) -> None:
    made = await tenancy.book()
    await tenancy.ask("PATCH", f"{EVENTS}/{made['id']}", {"subject": "check"})
    await tenancy.ask("DELETE", f"{EVENTS}/{made['id']}", status=204)
    assert tenancy.tenant.mail_log == []


async def test_a_moved_date_mails_all_attendees_about_that_date(tenancy: Tenancy) -> None:
    made, before = await booked(tenancy)
    third = (await tenancy.instances(made["id"]))[2]
    change = {"start": at("2027-03-31T10:00:00"), "end": at("2027-03-31T11:00:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", change)
    day = date(2027, 3, 30)
    assert told(tenancy, before) == {(ADA, "update", day): 1, (BEN, "update", day): 1}


async def test_a_change_of_a_master_mails_once_for_it_and_once_per_moved_date(
    tenancy: Tenancy,
) -> None:
    made, _ = await booked(tenancy)
    for index, day in ((1, "2027-03-17"), (3, "2027-04-14")):
        one = (await tenancy.instances(made["id"]))[index]
        change = {"start": at(f"{day}T10:00:00"), "end": at(f"{day}T11:00:00")}
        await tenancy.ask("PATCH", f"{EVENTS}/{one['id']}", change)
    before = len(tenancy.tenant.mail_log)
    await tenancy.ask("PATCH", f"{EVENTS}/{made['id']}", {"subject": "Other"})
    assert told(tenancy, before) == {
        (mail, "update", day): 1
        for mail in (ADA, BEN)
        for day in (None, date(2027, 3, 16), date(2027, 4, 13))
    }


async def test_a_change_of_attendees_alone_tells_only_who_came_and_who_went(
    tenancy: Tenancy,
) -> None:
    made, before = await booked(tenancy)
    attendees = [{"emailAddress": {"address": mail}} for mail in (BEN, CAT)]
    await tenancy.ask("PATCH", f"{EVENTS}/{made['id']}", {"attendees": attendees})
    assert told(tenancy, before) == {(CAT, "invitation", None): 1, (ADA, "cancellation", None): 1}


async def test_writing_an_extended_property_is_silent(tenancy: Tenancy) -> None:
    made, before = await booked(tenancy)
    body = {"singleValueExtendedProperties": [{"id": PROPERTY, "value": "pair-7"}]}
    answered = await tenancy.ask("PATCH", f"{EVENTS}/{made['id']}", body)
    assert told(tenancy, before) == {}
    assert answered["@odata.etag"] != made["@odata.etag"]
    assert tenancy.tenant.events_of(PROGRAM)[0].extended == {PROPERTY: "pair-7"}


async def test_a_cancelled_date_mails_its_comment_and_deleting_goes_without_words(
    tenancy: Tenancy,
) -> None:
    made, before = await booked(tenancy)
    third = (await tenancy.instances(made["id"]))[2]
    await tenancy.ask("POST", f"{EVENTS}/{third['id']}/cancel", {"comment": "Sorry"}, 202)
    day = date(2027, 3, 30)
    assert told(tenancy, before) == {(ADA, "cancellation", day): 1, (BEN, "cancellation", day): 1}
    assert {mail.comment for mail in tenancy.tenant.mail_log[before:]} == {"Sorry"}
    after = len(tenancy.tenant.mail_log)
    await tenancy.ask("DELETE", f"{EVENTS}/{made['id']}", status=204)
    assert told(tenancy, after) == {(ADA, "cancellation", None): 1, (BEN, "cancellation", None): 1}
    assert {mail.comment for mail in tenancy.tenant.mail_log[after:]} == {""}


async def test_a_refused_change_mails_nobody(tenancy: Tenancy) -> None:
    made, before = await booked(tenancy)
    third = (await tenancy.instances(made["id"]))[2]
    change = {"start": at("2027-04-13T10:00:00"), "end": at("2027-04-13T11:00:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", change, 400)
    assert told(tenancy, before) == {}


async def test_a_reply_is_mailed_to_the_organizer_unless_it_is_not_sent(tenancy: Tenancy) -> None:
    made, before = await booked(tenancy)
    tenancy.tenant.answer(ADA, made["id"], "declined", send_reply=False)
    assert told(tenancy, before) == {}
    tenancy.tenant.answer(BEN, made["id"], "accepted")
    proposed = datetime.fromisoformat("2027-03-17T09:00+00:00")
    tenancy.tenant.answer(
        BEN,
        made["id"],
        "tentativelyAccepted",
        day=date(2027, 3, 16),
        proposed=(proposed, proposed + timedelta(hours=1)),
    )
    assert told(tenancy, before) == {
        (PROGRAM, "response", None): 1,
        (PROGRAM, "proposal", date(2027, 3, 16)): 1,
    }
    second = (await tenancy.instances(made["id"]))[1]
    shown = {one["emailAddress"]["address"]: one for one in second["attendees"]}
    assert shown[BEN]["status"]["response"] == "tentativelyAccepted"
    assert shown[BEN]["proposedNewTime"]["start"]["dateTime"].startswith("2027-03-17T09:00")
    assert shown[ADA]["status"] == {"response": "none", "time": "0001-01-01T00:00:00Z"}


async def test_moving_a_date_resets_its_answers_and_no_others(tenancy: Tenancy) -> None:
    made, _ = await booked(tenancy)
    tenancy.tenant.answer(ADA, made["id"], "accepted")
    third = (await tenancy.instances(made["id"]))[2]
    change = {"start": at("2027-03-31T10:00:00"), "end": at("2027-03-31T11:00:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", change)
    answers = [
        one["attendees"][0]["status"]["response"] for one in await tenancy.instances(made["id"])
    ]
    assert answers == ["accepted", "accepted", "none", *["accepted"] * 6]


async def test_a_mail_says_whether_an_app_or_a_person_caused_it(tenancy: Tenancy) -> None:
    made, before = await booked(tenancy)
    tenant, event_id = tenancy.tenant, made["id"]
    third, fourth = (await tenancy.instances(event_id))[2:4]
    change = {"start": at("2027-03-31T10:00:00"), "end": at("2027-03-31T11:00:00")}
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", change)
    tenant.change_event(fourth["id"], {"subject": "Not mentoring"})
    tenant.answer(ADA, event_id, "accepted")
    tenant.cancel_event(fourth["id"], comment="off")
    await tenancy.ask("POST", f"{EVENTS}/{event_id}/cancel", {}, status=202)
    kinds = Counter((mail.kind, mail.by) for mail in tenant.mail_log[before:])
    assert kinds == {
        ("update", "app"): 2,
        ("update", "person"): 2,
        ("response", "person"): 1,
        ("cancellation", "person"): 2,
        ("cancellation", "app"): 2,
    }
    assert {mail.by for mail in tenant.mail_log[:before]} == {"app"}


async def test_a_refused_act_of_a_person_leaves_the_next_mail_to_the_app(tenancy: Tenancy) -> None:
    made, before = await booked(tenancy)
    third, fourth = (await tenancy.instances(made["id"]))[2:4]
    beyond_its_neighbour = {"start": fourth["start"], "end": fourth["end"]}
    with pytest.raises(GraphError):
        tenancy.tenant.change_event(third["id"], beyond_its_neighbour)
    await tenancy.ask("PATCH", f"{EVENTS}/{third['id']}", {"subject": "Mentoring, again"})
    assert {mail.by for mail in tenancy.tenant.mail_log[before:]} == {"app"}
