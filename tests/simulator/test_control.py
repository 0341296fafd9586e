"""The control API does from another process what a test does in this one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from simulator.asgi import application
from simulator.firm import make_firm
from simulator.transport import TenantTransport
from tests.simulator.tenancy import (
    ADA,
    BEN,
    GRAPH,
    PROGRAM,
    Tenancy,
    busy,
    registration,
    signed_in,
)
from tests.simulator.webhook import STATE, Webhook, open_with, subscribe

TOKEN = "control"


def controller(tenancy: Tenancy, token: str = TOKEN) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=TenantTransport(application(tenancy.tenant, TOKEN)),
        base_url="https://localhost/_control",
        headers={"Authorization": f"Bearer {token}"},
    )


async def test_without_a_token_there_is_no_control_and_with_a_wrong_one_none_is_given(
    tenancy: Tenancy,
) -> None:
    absent = httpx.AsyncClient(transport=TenantTransport(application(tenancy.tenant)))
    assert (await absent.get("https://localhost/_control/health")).status_code == 404
    refused = await controller(tenancy, "guess").get("/mails")
    assert (refused.status_code, "mail" in refused.text) == (401, False)


async def test_people_act_and_the_log_tells_of_it(tenancy: Tenancy) -> None:
    made = await tenancy.book(ADA)
    control = controller(tenancy)

    async def act(path: str, body: dict[str, Any]) -> Any:
        answer = await control.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    await act("/people/answer", {"person": ADA, "item": made["id"], "response": "accepted"})
    await act("/people/delete", {"person": ADA, "item": made["id"], "day": "2027-03-16"})
    await act(
        "/people/appointment",
        {
            "person": ADA,
            "start": "2027-03-30T10:00",
            "end": "2027-03-30T11:00",
            "zone": "Europe/Berlin",
            "show_as": "oof",
            "subject": "Court",
        },
    )
    entry = await busy(tenancy, ADA, "2027-03-02T09:00:00", "2027-03-31T00:00:00")
    assert [digit for digit in entry["availabilityView"] if digit != "0"] == ["2", "3"]
    url = made["onlineMeeting"]["joinUrl"]
    assert await act("/people/join", {"person": ADA, "join_url": url}) == {"admission": "admitted"}
    await act("/organizer/cancel", {"item": made["id"], "comment": "bye"})
    mails = (await control.get("/mails")).json()
    assert [mail["kind"] for mail in mails] == ["invitation", "response", "cancellation"]
    assert (await control.get("/mails?from=2")).json()[0]["comment"] == "bye"
    assert (await control.get(f"/events?mailbox={PROGRAM}")).json() == []


async def test_what_is_made_by_hand_is_a_meeting_like_any_and_its_mails_a_persons(
    tenancy: Tenancy,
) -> None:
    control = controller(tenancy)
    event = {
        "subject": "As before",
        "start": {"dateTime": "2027-03-02T10:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2027-03-02T11:00:00", "timeZone": "Europe/Berlin"},
        "attendees": [{"type": "required", "emailAddress": {"address": ADA}}],
    }
    made = await control.post("/organizer/make", json={"mailbox": PROGRAM, "event": event})
    shown = await tenancy.ask("GET", f"/users/{PROGRAM}/events/{made.json()['item']}")
    assert shown["subject"] == "As before"
    entry = await busy(tenancy, ADA, "2027-03-02T09:00:00", "2027-03-02T10:00:00")
    assert set(entry["availabilityView"]) == {"1"}
    (mail,) = (await control.get("/mails")).json()
    assert (mail["kind"], mail["by"], mail["recipient"]) == ("invitation", "person", ADA)
    refused = await control.post("/organizer/make", json={"mailbox": PROGRAM, "event": {}})
    assert refused.status_code == 400


async def test_people_act_while_time_passes_once_life_has_begun(tenancy: Tenancy) -> None:
    control = controller(tenancy)
    before = (await control.get("/calls")).json()
    begun = await control.post("/people/life", json={"takes_leave": 12.0})
    assert begun.json() == {"next": None}  # nobody of this small tenant is in a pair
    moved = await control.post("/clock", json={"advance_seconds": 86400})
    assert moved.status_code == 200
    assert (await control.get("/calls")).json() == before
    refused = await control.post("/people/life", json={"takes_naps": 1.0})
    assert refused.status_code == 400


async def test_people_come_to_meetings_and_answer_mails_about_them(tenancy: Tenancy) -> None:
    control = controller(tenancy)
    manners = {"attends": 100.0, "answers_question": 100.0, "contradicts": 0.0, "takes_leave": 0.0}
    await control.post("/people/life", json=manners)
    made = await tenancy.book(ADA, BEN)
    await control.post("/clock", json={"now": "2027-03-02T12:00:00+00:00"})
    [gathering] = (await control.get("/people/gatherings")).json()
    assert sorted(gathering["came"]) == [ADA, BEN]
    assert (await control.get("/people/gatherings?from=1")).json() == []
    tenancy.tenant.register_app(registration({"Mail.Send": None}))
    later = signed_in(tenancy.tenant)
    message = {
        "subject": "Did you meet?",
        "body": {"contentType": "html", "content": '<a href="https://t.example/met/1">Say</a>'},
        "toRecipients": [{"emailAddress": {"address": ADA}}],
    }
    sent = await later.post(f"{GRAPH}/users/{PROGRAM}/sendMail", json={"message": message})
    assert sent.status_code == 202
    mails = (await control.get("/mails")).json()
    assert "https://t.example/met/1" in mails[-1]["body"]
    asked = {"link": "https://t.example/met/"}
    [reply] = (await control.get("/people/replies", params=asked)).json()
    assert (reply["person"], reply["says"]) == (ADA, "met")
    assert reply["link"] == "https://t.example/met/1"
    assert (await control.get("/people/replies", params={**asked, "from": len(mails)})).json() == []
    stay = {
        "person": BEN,
        "join_url": made["onlineMeeting"]["joinUrl"],
        "joined": "2027-03-09T09:00:00+00:00",
        "left": "2027-03-09T09:05:00+00:00",
        "way": "anonymous",
    }
    noted = (await control.post("/people/attend", json=stay)).json()
    assert (noted["way"], noted["device"]) == ("anonymous", "computer")
    backwards = {**stay, "left": stay["joined"]}
    assert (await control.post("/people/attend", json=backwards)).status_code == 400
    elsewhere = {**stay, "join_url": "https://teams.example/none"}
    assert (await control.post("/people/attend", json=elsewhere)).status_code == 400


async def test_the_clock_faults_and_behaviour_are_set_from_outside(tenancy: Tenancy) -> None:
    control = controller(tenancy)
    await control.post("/clock", json={"now": "2027-02-01T00:00:00+00:00"})
    moved = await control.post("/clock", json={"advance_seconds": 90})
    assert datetime.fromisoformat(moved.json()["now"]) == datetime(2027, 2, 1, 0, 1, 30, tzinfo=UTC)
    tenancy.clock.set(datetime(2027, 1, 4, 8, tzinfo=UTC))
    turned = await control.post("/behaviour", json={"page_size": 3, "stale_reads": 5})
    assert (turned.json()["page_size"], turned.json()["stale_reads"]) == (3, 5.0)
    fault = {"effect": "error", "status": 500, "code": "ErrorInternalServerError"}
    await control.post("/faults", json=fault)
    answer = await tenancy.client.get(f"{GRAPH}/users/{ADA}")
    assert answer.json()["error"]["code"] == "ErrorInternalServerError"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/behaviour", {"no_such_switch": 1}),
        ("/behaviour", {"page_size": "ten"}),
        ("/people/answer", {"person": ADA}),
        ("/people/answer", {"person": ADA, "item": "x", "response": "accepted"}),
        ("/people/join", {"person": ADA, "join_url": "https://teams.example/none"}),
        ("/faults", {"effects": "none"}),
    ],
)
async def test_a_request_that_cannot_be_carried_out_says_why(
    tenancy: Tenancy, path: str, body: dict[str, Any]
) -> None:
    answer = await controller(tenancy).post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_notifications_are_watched_and_disturbed_from_outside() -> None:
    webhook = Webhook()
    tenancy = open_with(webhook)
    control = controller(tenancy)
    made = await subscribe(tenancy)
    switches = {"notifications_doubled": 100, "authorization_lasts": 3600}
    turned = (await control.post("/behaviour", json=switches)).json()
    assert (turned["notifications_doubled"], turned["authorization_lasts"]) == (100.0, 3600.0)
    await control.post("/behaviour", json={"authorization_lasts": None})
    listed = (await control.get("/subscriptions")).json()
    assert [one["id"] for one in listed] == [made["id"]]
    assert STATE not in str(listed)
    await tenancy.book(ADA)
    missed = {"subscription": made["id"], "event": "missed"}
    assert (await control.post("/subscriptions/lifecycle", json=missed)).status_code == 200
    unknown = {"subscription": made["id"], "event": "lost"}
    assert (await control.post("/subscriptions/lifecycle", json=unknown)).status_code == 400
    before = (await control.get("/deliveries")).json()
    assert before["next"] is not None
    await control.post("/clock", json={"advance_seconds": 600})
    after = (await control.post("/deliveries")).json()
    assert after == {"taken": len(webhook.heard), "next": None}
    assert webhook.said("lifecycleEvent") == ["missed"]
    tally = (await control.get("/deliveries")).json()["tally"]
    assert tally["doubled"] == (len(webhook.heard) - 1) / 2
    tenancy.tenant.close()


async def test_people_live_from_outside() -> None:
    tenancy = open_with(Webhook())
    firm = make_firm(2, 3, date(2027, 1, 11), troubles=False)
    tenancy.tenant.take_in(firm)
    control = controller(tenancy)
    quiet = {"day": "2027-01-12", "never_answering": "100", "falls_ill": "100"}
    acts = (await control.get("/people/acts", params=quiet)).json()
    ill = [act for act in acts if act["kind"] == "falls_ill"]
    assert {act["person"] for act in ill} == {
        person.mail
        for person in firm.people
        if person.id in {member for pair in firm.pairs for member in (pair.mentor, pair.mentee)}
    }
    done = await control.post("/people/act", json=ill[0])
    assert done.json()["act"]["person"] == ill[0]["person"]
    nothing = await control.post("/people/act", json={**ill[0], "kind": "declines_date"})
    assert nothing.json() is None
    assert (await control.post("/people/act", json={**ill[0], "kind": "x"})).status_code == 400
    tenancy.tenant.close()
