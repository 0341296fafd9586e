"""Subscriptions and mails over scripted answers: what is sent, what answers mean."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import (
    DuplicateError,
    IntegrationError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
)
from integrations.ports import LiveSubscription
from tests.graph.world import CANARY, MAILBOX, START, World, graph_error, in_world

URL = "https://tandem.example/webhooks/graph"
EXPIRES = START + timedelta(days=6)
MAIL = f"/users/{MAILBOX}/sendMail"
TO = ("ada@firm.example", "Ada Byron")


def listed(number: int = 1, **more: Any) -> dict[str, Any]:
    """A subscription as Graph shows it."""
    return {
        "id": f"sub-{number}",
        "resource": f"Users/{MAILBOX}/Events",
        "applicationId": "app",
        "changeType": "created,updated,deleted",
        "clientState": None,
        "notificationUrl": URL,
        "expirationDateTime": "2026-09-13T13:30:00.0000000+05:30",
        **more,
    }


LIVE = LiveSubscription(id="sub-1", mailbox_id=MAILBOX, url=URL, expires_at=EXPIRES)


def test_a_subscription_asks_for_changes_and_lifecycle_at_one_address(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/subscriptions").respond(201, json=listed())
        made = await world.graph.subscriptions.create(MAILBOX, URL, "state", EXPIRES)
        assert made == LIVE
        assert json.loads(world.sent[0][1].content) == {
            "changeType": "created,updated,deleted",
            "resource": f"users/{MAILBOX}/events",
            "notificationUrl": URL,
            "lifecycleNotificationUrl": URL,
            "clientState": "state",
            "expirationDateTime": "2026-09-13T08:00:00+00:00",
            "latestSupportedTlsVersion": "v1_2",
        }
        assert world.sent[0][1].headers["Prefer"] == 'IdType="ImmutableId"'

    in_world(tmp_path, scenario)


HANDSHAKE = graph_error("ValidationError")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(409, json=graph_error("ExtensionError")), DuplicateError),
        (httpx.Response(400, json=HANDSHAKE), RefusedError),
        (httpx.Response(403, json=graph_error("ErrorAccessDenied")), RefusedError),
        (httpx.Response(504, html="<html></html>"), OutcomeUnknownError),
        (httpx.ReadTimeout("lost"), OutcomeUnknownError),
    ],
)
def test_what_became_of_a_subscription_is_told_apart(
    tmp_path: Path, answer: httpx.Response | Exception, expected: type[IntegrationError]
) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/subscriptions").mock(side_effect=[answer])
        with pytest.raises(expected) as caught:
            await world.graph.subscriptions.create(MAILBOX, URL, "state", EXPIRES)
        assert len(world.sent) == 1
        assert CANARY not in str(caught.value)

    in_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("resource", "mailbox"),
    [
        (f"/users/{MAILBOX}/events", MAILBOX),
        (f"Users('{MAILBOX}')/Events", MAILBOX),
        (f"users/{MAILBOX}/messages", None),
        ("communications/callRecords", None),
    ],
)
def test_a_listed_subscription_names_its_mailbox_in_any_form(
    tmp_path: Path, resource: str, mailbox: str | None
) -> None:
    async def scenario(world: World) -> None:
        world.router.get("/subscriptions").respond(200, json={"value": [listed(resource=resource)]})
        (found,) = await world.graph.subscriptions.all()
        assert found.mailbox_id == mailbox

    in_world(tmp_path, scenario)


def test_the_list_of_subscriptions_is_read_to_its_last_page(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        link = "https://graph.example/v1.0/subscriptions?$skiptoken=100"
        world.router.get("/subscriptions", params={"$skiptoken": "100"}).respond(
            200, json={"value": [listed(2)]}
        )
        world.router.get("/subscriptions").respond(
            200, json={"value": [listed()], "@odata.nextLink": link}
        )
        assert [s.id for s in await world.graph.subscriptions.all()] == ["sub-1", "sub-2"]

    in_world(tmp_path, scenario)


def test_renewing_says_the_new_end_alone_and_misses_what_is_gone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.patch("/subscriptions/sub-1").mock(
            side_effect=[
                httpx.Response(200, json=listed()),
                httpx.Response(404, json=graph_error("ResourceNotFound")),
            ]
        )
        assert await world.graph.subscriptions.renew("sub-1", EXPIRES) == LIVE
        body = json.loads(world.sent[0][1].content)
        assert body == {"expirationDateTime": "2026-09-13T08:00:00+00:00"}
        with pytest.raises(NotFoundError):
            await world.graph.subscriptions.renew("sub-1", EXPIRES)

    in_world(tmp_path, scenario)


def test_ending_a_subscription_that_is_gone_is_done(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.delete("/subscriptions/sub-1").mock(
            side_effect=[
                httpx.Response(204),
                httpx.Response(404, json=graph_error("ResourceNotFound")),
            ]
        )
        await world.graph.subscriptions.delete("sub-1")
        await world.graph.subscriptions.delete("sub-1")
        assert len(world.sent) == 2

    in_world(tmp_path, scenario)


def test_a_mail_goes_to_one_person_and_into_no_folder(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(MAIL).respond(202)
        await world.graph.mail.send(MAILBOX, TO, "Your session", "<p>Hello</p>")
        body = {k.lower(): v for k, v in json.loads(world.sent[0][1].content).items()}
        assert body["savetosentitems"] is False
        message = {k: v for k, v in body["message"].items() if not k.startswith("@")}
        assert message == {
            "subject": "Your session",
            "body": {"contentType": "html", "content": "<p>Hello</p>"},
            "toRecipients": [{"emailAddress": {"address": TO[0], "name": TO[1]}}],
        }

    in_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.ReadError("cut"), OutcomeUnknownError),
        (httpx.Response(503, html="<html></html>"), OutcomeUnknownError),
        (httpx.Response(400, json=graph_error("ErrorInvalidRecipients")), RefusedError),
    ],
)
def test_a_mail_that_may_have_gone_is_never_sent_again(
    tmp_path: Path, answer: httpx.Response | Exception, expected: type[IntegrationError]
) -> None:
    async def scenario(world: World) -> None:
        world.router.post(MAIL).mock(side_effect=[answer])
        with pytest.raises(expected):
            await world.graph.mail.send(MAILBOX, TO, "Your session", "<p>Hello</p>")
        assert len(world.sent) == 1

    in_world(tmp_path, scenario)
