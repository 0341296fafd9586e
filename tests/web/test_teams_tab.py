"""Tandem in a tab of Teams: whom its token lets in, what may frame it, what its cookie is."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.web import sessions
from integrations.web.frame import go
from integrations.web.headers import TEAMS_HOSTS, THEME_COOKIE
from integrations.web.teams_tab import TEAMS_CLIENTS
from integrations.workflows.app import App
from simulator.behaviour import IdTokens
from simulator.virtual_time import run_virtually
from tests.support.world import CLIENT, START, Empty, World, enrolled, firm_of
from tests.web.api_callers import token_of
from tests.web.support import KEYS, ORIGIN, Visitor, signed_in

ROOT = Path(__file__).resolve().parents[2]
TEAMS = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"
FRAMED_BY_TEAMS = f"frame-ancestors {' '.join(TEAMS_HOSTS)}"
FRAMED_BY_NOBODY = "frame-ancestors 'none'"
WRONG: tuple[IdTokens, ...] = (
    *("expired", "not_yet", "other_audience", "other_tenant", "other_issuer"),
    *("other_key", "unsigned", "hmac", "no_person"),
)
NOT_GIVEN_TO_TEAMS_TO_ACT: dict[str, dict[str, Any]] = {
    "another app's": {"azp": "22222222-2222-4333-8444-555555555555"},
    "nobody's": {"azp": None},
    "without our scope": {"scp": "openid profile"},
    "without a scope": {"scp": None},
    "of version 1.0": {"ver": "1.0"},
    "for another host": {"aud": f"api://elsewhere.example/{CLIENT}"},
    "a service's": {"scp": None, "idtyp": "app"},
}


@dataclass
class Tab:
    """A tab of Teams with our pages in it, and the account that is signed in to Teams there."""

    world: World
    app: App
    visitor: Visitor
    account: str

    def token(self, fault: IdTokens = "right", **claims: Any) -> str:
        """The token that Teams hands to the page."""
        told = {"azp": TEAMS, "aud": CLIENT, **claims}
        return token_of(self.world, self.account, fault=fault, **told)

    async def sign_in(self, token: str, next_: str = "/help", **more: str) -> httpx.Response:
        """Post a token as the page does that TeamsJS runs in."""
        form = {"token": token, "next": next_}
        return await self.visitor.post("/teams/sign-in", form, **more)  # type: ignore[arg-type]

    async def is_signed_in(self) -> bool:
        """Whether Tandem knows who this is."""
        return (await self.visitor.get("/help")).status_code == 200


def in_a_tab(empty: Empty, play: Callable[[Tab], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        world = empty.world(firm_of(2))
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
        await enrolled(world, app)
        person = (await world.read(lambda tx: tx.participants.all()))[0]
        assert person.directory_id is not None
        await play(Tab(world, app, Visitor(app), person.directory_id))

    run_virtually(START, run())


def policy_of(answer: httpx.Response) -> str:
    """The last directive of an answer's policy: who may frame it."""
    found = answer.headers["content-security-policy"].rpartition("; ")[2]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("client", sorted(TEAMS_CLIENTS))
def test_whom_teams_names_is_signed_in_and_comes_to_the_page_that_was_wanted(
    empty: Empty, client: str
) -> None:
    async def play(tab: Tab) -> None:
        answer = await tab.sign_in(tab.token(azp=client), "/help?a=b")
        assert (answer.status_code, answer.headers["location"]) == (303, "/help?a=b")
        assert await tab.is_signed_in()
        (session,) = await tab.world.read(lambda tx: tx.web_sessions.all())
        assert session.directory_id == tab.account

    in_a_tab(empty, play)


def test_the_session_of_a_tab_has_a_cookie_that_only_frames_within_teams_get_back(
    empty: Empty,
) -> None:
    async def play(tab: Tab) -> None:
        answer = await tab.sign_in(tab.token())
        (given,) = answer.headers.get_list("set-cookie")
        name, _, rest = given.partition("=")
        attributes = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name == sessions.TEAMS_COOKIE == "__Host-tandem-teams"
        assert {"secure", "httponly", "samesite=none", "partitioned", "path=/"} <= attributes
        assert not [each for each in attributes if each.startswith("domain")]

    in_a_tab(empty, play)


def test_a_token_with_one_thing_wrong_signs_nobody_in(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        for wrong in WRONG:
            assert (await tab.sign_in(tab.token(wrong))).status_code == 403, wrong
            assert await tab.world.read(lambda tx: tx.web_sessions.all()) == [], wrong
        assert not await tab.is_signed_in()

    in_a_tab(empty, play)


def test_a_token_that_teams_was_not_given_to_act_with_opens_no_session(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        for what, claims in NOT_GIVEN_TO_TEAMS_TO_ACT.items():
            assert (await tab.sign_in(tab.token(**claims))).status_code == 403, what
        assert not await tab.is_signed_in()

    in_a_tab(empty, play)


def test_nonsense_in_place_of_a_token_is_refused(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        for token, status in (("", 403), ("x" * 40_000, 413), ("ä.ö.ü", 403), ("a.b.c", 403)):
            assert (await tab.sign_in(token)).status_code == status, token[:20]
        assert not await tab.is_signed_in()

    in_a_tab(empty, play)


def test_another_site_signs_nobody_in_with_a_token_of_its_own(empty: Empty) -> None:
    """Whoever is signed in as somebody else would tell that one what they want."""

    async def play(tab: Tab) -> None:
        for site in ("cross-site", "same-site", "none"):
            assert (await tab.sign_in(tab.token(), from_site=site)).status_code == 403, site
        assert not await tab.is_signed_in()

    in_a_tab(empty, play)


def test_an_account_that_is_switched_off_is_not_signed_in(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        tab.world.tenant.change_person(tab.account, enabled=False)
        assert (await tab.sign_in(tab.token())).status_code == 403

    in_a_tab(empty, play)


def test_nobody_is_led_away_to_another_site(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        answer = await tab.sign_in(tab.token(), "//evil.example")
        assert answer.headers["location"] == "/"
        assert "evil.example" not in (await tab.visitor.get("/teams?next=//evil.example")).text

    in_a_tab(empty, play)


def test_a_form_of_another_site_is_not_carried_out_with_a_tabs_cookie(empty: Empty) -> None:
    """The cookie itself would come along where a browser does not know ``Partitioned``."""

    async def play(tab: Tab) -> None:
        await tab.sign_in(tab.token())
        for site in ("cross-site", "same-site", "none"):
            refused = await tab.visitor.post("/writing", {"writing": "stop"}, from_site=site)
            assert refused.status_code == 403

    in_a_tab(empty, play)


def test_teams_may_frame_what_is_opened_in_its_tab_and_nothing_else_may(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        begins = await tab.visitor.get("/teams?next=/")
        assert policy_of(begins) == FRAMED_BY_TEAMS
        assert policy_of(await tab.sign_in("a.b.c")) == FRAMED_BY_TEAMS
        assert policy_of(await tab.visitor.get("/help")) == FRAMED_BY_NOBODY
        await tab.sign_in(tab.token())
        for path in ("/help", "/needs", "/pairs/none"):
            answer = await tab.visitor.get(path)
            assert policy_of(answer) == FRAMED_BY_TEAMS
            assert "x-frame-options" not in answer.headers
            assert "unsafe" not in answer.headers["content-security-policy"]
        met = await tab.visitor.get("/met/a.b")
        assert policy_of(met) == FRAMED_BY_NOBODY

    in_a_tab(empty, play)


def test_a_session_of_a_browsers_own_window_is_framed_by_nobody(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        visitor = await signed_in(tab.app, tab.account)
        visitor.client.cookies.set(sessions.TEAMS_COOKIE, "x", domain="tandem.firm.example")
        answer = await visitor.get("/help")
        assert policy_of(answer) == FRAMED_BY_NOBODY
        assert answer.headers["x-frame-options"] == "DENY"
        assert "teams-js" not in answer.text

    in_a_tab(empty, play)


def test_a_tab_whose_session_is_over_begins_again_in_teams(empty: Empty) -> None:
    """Entra's own page would be shown in no frame: the tab would stay white."""

    async def play(tab: Tab) -> None:
        framed = await tab.visitor.get("/help?a=b", **{"Sec-Fetch-Dest": "iframe"})
        assert framed.headers["location"] == "/teams?next=%2Fhelp%3Fa%3Db"
        await tab.sign_in(tab.token())
        await tab.app.store.run(
            lambda tx: [tx.web_sessions.remove(each.id) for each in tx.web_sessions.all()]
        )
        over = await tab.visitor.get("/help")
        assert over.headers["location"] == "/teams?next=%2Fhelp"
        polled = await tab.visitor.get("/help", **{"HX-Request": "true"})
        assert (polled.status_code, polled.headers["hx-redirect"]) == (401, "/teams")

    in_a_tab(empty, play)


def test_a_page_is_drawn_in_the_theme_that_teams_has_around_it(empty: Empty) -> None:
    looks = {
        "default": ' data-theme="light"',
        "dark": ' data-theme="dark"',
        "contrast": ' data-theme="contrast"',
        "glass": ' data-theme="dark"',
        '"><script>': "",
    }

    async def play(tab: Tab) -> None:
        await tab.sign_in(tab.token())
        cookie = f"{sessions.TEAMS_COOKIE}={tab.visitor.client.cookies[sessions.TEAMS_COOKIE]}"
        for told, look in looks.items():
            answer = await tab.visitor.get("/help", Cookie=f"{cookie}; {THEME_COOKIE}={told}")
            assert f'<html lang="en"{look}>' in answer.text, told

    in_a_tab(empty, play)


def test_what_is_said_once_after_an_act_reaches_a_tab_as_well() -> None:
    (said,) = go("/", "Done.", in_teams=True).headers.getlist("set-cookie")
    assert "samesite=none" in said.lower()
    assert said.endswith("; Partitioned")


def test_signing_out_takes_the_cookie_of_a_tab_away(empty: Empty) -> None:
    async def play(tab: Tab) -> None:
        await tab.sign_in(tab.token())
        out = await tab.visitor.post("/sign-out")
        taken = [c.lower() for c in out.headers.get_list("set-cookie")]
        assert any(c.startswith("__host-tandem-teams=") and "max-age=0" in c for c in taken)
        assert not await tab.is_signed_in()

    in_a_tab(empty, play)


def test_whom_the_scripts_let_have_tokens_is_whom_a_tab_believes() -> None:
    script = ROOT / "infra" / "permissions" / "register-app.ps1"
    for text in (script.read_text("utf-8"), (ROOT / "docs/how-to/teams.md").read_text("utf-8")):
        named = set(re.findall(r"['`]([0-9a-f]{8}-[0-9a-f-]{27})['`]", text))
        assert named >= TEAMS_CLIENTS
