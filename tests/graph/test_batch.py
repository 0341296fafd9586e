"""Envelopes: each item has its own outcome, and only what was throttled is sent again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import RefusedError, ThrottledError, UnreachableError
from integrations.ports import MailboxSettings, Unreadable
from tests.graph.world import START, World, graph_error, in_world

Item = dict[str, Any]
GOOD: Item = {
    "status": 200,
    "body": {
        "timeZone": "W. Europe Standard Time",
        "workingHours": {
            "daysOfWeek": ["monday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": "Pacific Standard Time"},
        },
    },
}


def later(seconds: int) -> Item:
    return {
        "status": 429,
        "headers": {"retry-after": str(seconds)},
        "body": graph_error("ApplicationThrottled"),
    }


def broken(status: int, code: str) -> Item:
    return {"status": status, "body": graph_error(code)}


def envelope(answers: Callable[[str, int], Item | None]) -> Callable[..., httpx.Response]:
    """Answers each item by its mailbox and the number of the envelope, last item first."""
    sent = iter(range(100))

    def answer(request: httpx.Request) -> httpx.Response:
        number = next(sent)
        responses = []
        for item in reversed(json.loads(request.content)["requests"]):
            found = answers(item["url"].split("/")[2], number)
            if found is not None:
                responses.append({"id": item["id"], **found})
        return httpx.Response(200, json={"responses": responses})

    return answer


def mailboxes_in(request: httpx.Request) -> list[str]:
    return [item["url"].split("/")[2] for item in json.loads(request.content)["requests"]]


def test_items_are_matched_by_id_and_carry_the_preference(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(side_effect=envelope(lambda *_: GOOD))
        read = await world.graph.settings.read([f"user-{n}" for n in range(45)])
        assert [len(mailboxes_in(request)) for _, request in world.sent] == [20, 20, 5]
        assert len(read) == 45
        settings = read["user-44"]
        assert isinstance(settings, MailboxSettings)
        assert settings.zone == "Europe/Berlin"
        (first, *_) = json.loads(world.sent[0][1].content)["requests"]
        assert first["headers"] == {"Prefer": 'IdType="ImmutableId"'}
        fields = "timeZone,workingHours,language,timeFormat"
        assert first["url"] == f"/users/user-0/mailboxSettings?$select={fields}"
        assert world.graph.calls_by_kind() == {"read_mailbox_settings": 45}

    in_world(tmp_path, scenario)


def test_only_throttled_items_go_again_after_the_longest_wait(tmp_path: Path) -> None:
    def answers(mailbox: str, number: int) -> Item:
        waits = {"b": later(3), "d": later(8)}
        return waits.get(mailbox, GOOD) if number == 0 else GOOD

    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(side_effect=envelope(answers))
        read = await world.graph.settings.read(["a", "b", "c", "d"])
        assert all(isinstance(found, MailboxSettings) for found in read.values())
        assert [mailboxes_in(request) for _, request in world.sent] == [
            ["a", "b", "c", "d"],
            ["b", "d"],
        ]
        assert world.moments() == [0.0, 8.0]

    in_world(tmp_path, scenario)


def test_items_that_stay_throttled_put_the_work_off(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(
            side_effect=envelope(lambda mailbox, _: later(90) if mailbox == "b" else GOOD)
        )
        with pytest.raises(ThrottledError) as caught:
            await world.graph.settings.read(["a", "b"])
        assert caught.value.retry_after == timedelta(seconds=90)
        assert world.clock.now() == START

    in_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (broken(404, "MailboxNotEnabledForRESTAPI"), "no_mailbox"),
        (broken(403, "MailboxNotEnabledForRESTAPI"), "no_mailbox"),
        (broken(404, "Request_ResourceNotFound"), "unknown_mailbox"),
        (broken(403, ""), "forbidden"),
        (broken(424, "FailedDependency"), "unavailable"),
        (broken(503, "ErrorMailboxStoreUnavailable"), "unavailable"),
        ({"status": 200, "body": "<html>"}, "malformed_answer"),
        (None, "unavailable"),
    ],
)
def test_an_item_that_fails_is_unreadable_and_spoils_nobody(
    tmp_path: Path, item: Item | None, reason: str
) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(
            side_effect=envelope(lambda mailbox, _: item if mailbox == "b" else GOOD)
        )
        read = await world.graph.settings.read(["a", "b"])
        assert isinstance(read["a"], MailboxSettings)
        assert read["b"] == Unreadable(reason)

    in_world(tmp_path, scenario)


def test_an_item_that_fails_in_passing_is_asked_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(
            side_effect=envelope(
                lambda mailbox, number: broken(504, "") if (mailbox, number) == ("b", 0) else GOOD
            )
        )
        read = await world.graph.settings.read(["a", "b"])
        assert isinstance(read["b"], MailboxSettings)
        assert mailboxes_in(world.sent[1][1]) == ["b"]

    in_world(tmp_path, scenario)


def test_an_envelope_throttled_as_a_whole_waits_as_asked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        whole = httpx.Response(
            429, json=graph_error("TooManyRequests"), headers={"Retry-After": "5"}
        )
        good = envelope(lambda *_: GOOD)
        answers = iter([whole, None])

        def answer(request: httpx.Request) -> httpx.Response:
            return next(answers) or good(request)

        world.router.post("/$batch").mock(side_effect=answer)
        assert isinstance((await world.graph.settings.read(["a"]))["a"], MailboxSettings)
        assert world.moments() == [0.0, 5.0]

    in_world(tmp_path, scenario)


def test_an_envelope_that_never_arrives_is_unreachable(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(side_effect=httpx.ConnectError("refused"))
        with pytest.raises(UnreachableError):
            await world.graph.settings.read(["a"])

    in_world(tmp_path, scenario)


def test_a_directory_that_refuses_is_an_error_not_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        refused = broken(403, "Authorization_RequestDenied")
        world.router.post("/$batch").mock(side_effect=envelope_of_users(refused))
        with pytest.raises(RefusedError) as caught:
            await world.graph.directory.find(["ada@firm.example"])
        assert caught.value.code == "Authorization_RequestDenied"

    in_world(tmp_path, scenario)


def envelope_of_users(*items: Item) -> Callable[..., httpx.Response]:
    answers = iter(items)

    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["requests"]
        return httpx.Response(
            200, json={"responses": [{"id": item["id"], **next(answers)} for item in asked]}
        )

    return answer


def user(name: str, **changes: Any) -> Item:
    return {
        "id": name,
        "displayName": name,
        "mail": f"{name}@firm.example",
        "userPrincipalName": f"{name}@firm.example",
        "userType": "Member",
        "accountEnabled": True,
        **changes,
    }


def test_a_mail_address_outranks_a_sign_in_name_and_use_outranks_disuse(tmp_path: Path) -> None:
    address = "ada@firm.example"
    found = [
        user("by-name", mail="other@firm.example", userPrincipalName=address),
        user("left", mail=address, accountEnabled=False),
        user("here", mail="ADA@firm.example", userType="guest"),
    ]

    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(
            side_effect=envelope_of_users({"status": 200, "body": {"value": found}})
        )
        ada = (await world.graph.directory.find([address]))[address]
        assert ada is not None
        assert (ada.id, ada.guest, ada.enabled) == ("here", True, True)

    in_world(tmp_path, scenario)


def test_an_address_with_a_quote_is_asked_for_as_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post("/$batch").mock(
            side_effect=envelope_of_users({"status": 200, "body": {"value": []}})
        )
        assert await world.graph.directory.find(["o'neil@firm.example"]) == {
            "o'neil@firm.example": None
        }
        (item,) = json.loads(world.sent[0][1].content)["requests"]
        asked = httpx.URL(f"https://graph.example{item['url']}").params["$filter"]
        assert asked == (
            "mail eq 'o''neil@firm.example' or userPrincipalName eq 'o''neil@firm.example'"
        )

    in_world(tmp_path, scenario)
