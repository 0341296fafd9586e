"""Signing in by the simulated tenant, with everything a token may have wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest

from integrations.web import sessions
from integrations.workflows.app import App
from simulator.virtual_time import run_virtually
from tests.support.world import START, Empty, World, enrolled, firm_of, least_rights
from tests.web.support import KEYS, ORIGIN, Visitor

BACK = f"{ORIGIN}/sign-in/back"


@dataclass
class Door:
    """A browser before Tandem's sign-in, and the tenant that lets people in."""

    world: World
    app: App
    visitor: Visitor
    person: str

    async def leave(self, path: str = "/sign-in") -> httpx.Response:
        """Open the sign-in: the answer sends the browser to Entra."""
        answer = await self.visitor.get(path)
        assert answer.status_code == 303, answer.text[-1500:]
        return answer

    async def come_back(self, path: str = "/sign-in") -> httpx.Response:
        """Choose oneself at Entra and come back."""
        sent = await self.leave(path)
        back = self.world.tenant.sign_in_as(self.person, sent.headers["location"])
        assert back.startswith(BACK)
        return await self.visitor.get(back)

    async def is_signed_in(self) -> bool:
        """Whether Tandem knows who this is."""
        return (await self.visitor.get("/help")).status_code == 200


def at_the_door(empty: Empty, play: Callable[[Door], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        firm = firm_of(2)
        world = empty.world(firm)
        registration = least_rights(firm)
        world.tenant.register_app(
            replace(
                registration,
                redirect_uris=(BACK,),
            )
        )
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
        await enrolled(world, app)
        person = (await world.read(lambda tx: tx.participants.all()))[0]
        await play(Door(world, app, Visitor(app), person.mail))

    run_virtually(START, run())


def test_who_signs_in_comes_back_to_the_page_they_asked_for(empty: Empty) -> None:
    async def play(door: Door) -> None:
        asked = await door.visitor.get("/help?a=b")
        assert asked.headers["location"] == "/sign-in?next=%2Fhelp%3Fa%3Db"
        back = await door.come_back(asked.headers["location"])
        assert (back.status_code, back.headers["location"]) == (303, "/help?a=b")
        assert await door.is_signed_in()

    at_the_door(empty, play)


def test_the_store_holds_no_key_that_signs_anybody_in(empty: Empty) -> None:
    async def play(door: Door) -> None:
        await door.come_back()
        key = door.visitor.client.cookies[sessions.COOKIE]
        stored = await door.world.read(lambda tx: tx.web_sessions.all())
        assert [each.id for each in stored] == [sessions.hash_of(key)]
        assert key not in repr(stored)

    at_the_door(empty, play)


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(empty: Empty) -> None:
    async def play(door: Door) -> None:
        back = await door.come_back()
        given = [
            c for c in back.headers.get_list("set-cookie") if c.startswith(sessions.COOKIE + "=")
        ]
        assert len(given) == 1
        said = given[0].lower()
        assert "httponly" in said
        assert "secure" in said
        assert "samesite=lax" in said
        assert "path=/" in said
        assert "domain" not in said

    at_the_door(empty, play)


@pytest.mark.parametrize(
    "wrong",
    [
        "expired",
        "not_yet",
        "other_audience",
        "other_tenant",
        "other_issuer",
        "other_nonce",
        "other_key",
        "unsigned",
        "hmac",
        "no_person",
    ],
)
def test_a_token_with_one_thing_wrong_signs_nobody_in(empty: Empty, wrong: str) -> None:
    async def play(door: Door) -> None:
        door.world.tenant.behaviour.id_tokens = wrong  # type: ignore[assignment]
        back = await door.come_back()
        assert back.status_code == 403
        assert not await door.is_signed_in()
        assert await door.world.read(lambda tx: tx.web_sessions.all()) == []

    at_the_door(empty, play)


def test_an_answer_for_another_browser_signs_nobody_in(empty: Empty) -> None:
    """Whoever is lured to a link with somebody else's code is not signed in as that person."""

    async def play(door: Door) -> None:
        sent = await door.leave()
        back = door.world.tenant.sign_in_as(door.person, sent.headers["location"])
        victim = Visitor(door.app)
        assert (await victim.get(back)).status_code == 403
        await victim.get("/sign-in")
        assert (await victim.get(back)).status_code == 403
        assert (await victim.get("/help")).status_code == 303

    at_the_door(empty, play)


def test_a_code_is_good_for_one_sign_in(empty: Empty) -> None:
    async def play(door: Door) -> None:
        sent = await door.leave()
        flow = dict(door.visitor.client.cookies)
        back = door.world.tenant.sign_in_as(door.person, sent.headers["location"])
        assert (await door.visitor.get(back)).status_code == 303
        thief = Visitor(door.app)
        for name, value in flow.items():
            thief.client.cookies.set(name, value, domain="tandem.firm.example")
        assert (await thief.get(back)).status_code == 403

    at_the_door(empty, play)


def test_an_account_that_is_switched_off_is_not_signed_in(empty: Empty) -> None:
    async def play(door: Door) -> None:
        sent = await door.leave()
        back = door.world.tenant.sign_in_as(door.person, sent.headers["location"])
        door.world.tenant.change_person(door.person, enabled=False)
        assert (await door.visitor.get(back)).status_code == 403
        assert not await door.is_signed_in()

    at_the_door(empty, play)


def test_signing_out_ends_the_session_for_good(empty: Empty) -> None:
    async def play(door: Door) -> None:
        await door.come_back()
        key = door.visitor.client.cookies[sessions.COOKIE]
        out = await door.visitor.post("/sign-out")
        assert out.headers["location"] == "/signed-out"
        door.visitor.client.cookies.set(sessions.COOKIE, key, domain="tandem.firm.example")
        assert not await door.is_signed_in()

    at_the_door(empty, play)


def test_signing_out_cannot_be_caused_by_another_site(empty: Empty) -> None:
    async def play(door: Door) -> None:
        await door.come_back()
        refused = await door.visitor.post("/sign-out", from_site="cross-site")
        assert refused.status_code == 403
        assert await door.is_signed_in()

    at_the_door(empty, play)


def test_an_hour_of_rest_ends_a_session_and_use_prolongs_it_to_eight_hours(empty: Empty) -> None:
    async def play(door: Door) -> None:
        await door.come_back()
        for _ in range(9):
            await door.app.clock.sleep(timedelta(minutes=50))
            assert await door.is_signed_in()
        await door.app.clock.sleep(timedelta(minutes=31))
        assert not await door.is_signed_in()
        await door.come_back()
        await door.app.clock.sleep(timedelta(minutes=61))
        assert not await door.is_signed_in()

    at_the_door(empty, play)


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_away_to_another_site(empty: Empty, next_: str) -> None:
    async def play(door: Door) -> None:
        back = await door.come_back(f"/sign-in?next={next_}")
        assert back.headers["location"] == "/"

    at_the_door(empty, play)


def test_without_an_address_and_a_key_nobody_can_sign_in_and_is_told_why(empty: Empty) -> None:
    async def play(door: Door) -> None:
        bare = Visitor(await door.world.begin())
        answer = await bare.get("/sign-in")
        assert answer.status_code == 503
        assert "TANDEM_PUBLIC_URL" in answer.text

    at_the_door(empty, play)
