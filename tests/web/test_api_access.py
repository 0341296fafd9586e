"""Every endpoint of the JSON API, asked for by everybody, and by whoever bears no good token."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from integrations.api_client.shapes import Problem
from integrations.web.access import ADMINISTRATOR
from integrations.web.app import endpoints
from simulator.behaviour import IdTokens
from tests.support.world import Empty
from tests.web.access_table import API, Meets, Visits
from tests.web.api_callers import Caller, employ, problem_of, serving, token_of
from tests.web.support import ORIGIN
from tests.web.test_access_matrix import Scene, on_scene

REFUSED = (400, 409, 415, 422)
"""An act without its fields or its file, or one that cannot be done now."""


def callers_of(scene: Scene) -> dict[Visits, Caller]:
    """One caller of each kind, all of them of one process."""
    transport, found = serving(scene.app), {}
    for who, (account, mail) in scene.accounts.items():
        if scene.world.tenant.directory.find(account) is None:
            employ(scene.world.tenant, account, mail or f"{account}@firm.example")
        roles = (ADMINISTRATOR,) if who is Visits.ADMINISTRATOR else ()
        found[who] = Caller(scene.app, token_of(scene.world, account, roles=roles), transport)
    return found


async def ask(caller: Caller, scene: Scene, row: str) -> httpx.Response:
    """Ask for a row of the table with real ids in its path and nothing in its body."""
    method, _, path = row.partition(" ")
    return await caller.ask(method, scene.path(path).removeprefix("/api/v1"))


def met(answer: httpx.Response) -> Meets:
    """What an answer means to whoever asked."""
    return {403: Meets.NOT_FOR_YOU, 404: Meets.NOT_FOUND}.get(answer.status_code, Meets.PAGE)


def test_every_endpoint_has_a_row_that_says_whom_it_is_for() -> None:
    listed = [f"{each.method} {each.address}" for each in endpoints()]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(API), "say in tests/web/access_table.py whom they are for"


def test_nobody_is_answered_or_does_what_is_not_theirs(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        callers, wrong = callers_of(scene), []
        for caller in callers.values():
            await caller.get("/me")
        before = await scene.footprint()
        for row, allowed in API.items():
            for who, meets in allowed.items():
                if meets is Meets.PAGE:
                    continue
                answer = await ask(callers[who], scene, row)
                Problem.model_validate_json(answer.content)
                if met(answer) != meets:
                    wrong.append(f"{row}: {who} met {answer.status_code}, not {meets}")
        assert not wrong, "\n".join(wrong)
        assert await scene.footprint() == before

    on_scene(empty, play)


def test_everybody_is_answered_what_is_theirs(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        callers, wrong = callers_of(scene), []
        for row, allowed in sorted(API.items()):
            for who, meets in allowed.items():
                if meets is not Meets.PAGE:
                    continue
                answer = await ask(callers[who], scene, row)
                is_fine = answer.status_code == 200 or (
                    not row.startswith("GET") and answer.status_code in REFUSED
                )
                if not is_fine:
                    wrong.append(f"{row}: {who} got {answer.status_code} {answer.text[:200]}")
        assert not wrong, "\n".join(wrong)

    on_scene(empty, play)


def test_what_does_not_exist_and_what_is_not_theirs_are_answered_alike(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        somebody = callers_of(scene)[Visits.OTHER_PARTICIPANT]
        for row, allowed in API.items():
            if allowed[Visits.OTHER_PARTICIPANT] is Meets.NOT_FOUND:
                theirs = await ask(somebody, scene, row)
                method, _, path = row.partition(" ")
                nothing = re.sub(r"\{\w+\}", "nothing", path).removeprefix("/api/v1")
                none = await somebody.ask(method, nothing)
                assert (theirs.status_code, theirs.text) == (none.status_code, none.text), row

    on_scene(empty, play)


def test_a_service_has_what_it_was_given_and_nothing_else(empty: Empty) -> None:
    """It has no account of a person, and is known by the id of its own."""

    async def play(scene: Scene) -> None:
        coordinator = Caller(scene.app, token_of(scene.world, "coordinator", is_app=True))
        me = await coordinator.get("/me")
        assert me["coordinates"] == [scene.named["program"]]
        stranger = Caller(scene.app, token_of(scene.world, "another-service", is_app=True))
        assert (await stranger.get("/me"))["coordinates"] == []
        answer = await ask(stranger, scene, "GET /api/v1/programs/{program}/pairs")
        problem_of(answer, 404, "not_found")

    on_scene(empty, play)


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        caller, program = callers_of(scene)[Visits.COORDINATOR], scene.named["program"]
        await caller.get(f"/programs/{program}/pairs")
        await scene.app.store.run(lambda tx: tx.staff.remove(f"{program}/coordinator/coordinator"))
        problem_of(await caller.ask("GET", f"/programs/{program}/pairs"), 404, "not_found")

    on_scene(empty, play)


FAULTS: list[IdTokens] = [
    "expired",
    "not_yet",
    "other_audience",
    "other_tenant",
    "other_issuer",
    "unsigned",
    "hmac",
    "other_key",
    "no_person",
]


def test_no_faulty_token_is_believed(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        tokens = {f: token_of(scene.world, "administrator", is_app=True, fault=f) for f in FAULTS}
        # An ID token has our audience too, and one of v1 another form; neither is leave to act.
        tokens["ID token"] = token_of(scene.world, "administrator", scp=None)  # type: ignore[index]
        tokens["v1"] = token_of(scene.world, "administrator", ver="1.0")  # type: ignore[index]
        tokens["other scope"] = token_of(  # type: ignore[index]
            scene.world, "administrator", scp="openid profile"
        )
        before = await scene.footprint()
        transport = serving(scene.app)
        for fault, token in tokens.items():
            answer = await Caller(scene.app, token, transport).ask("POST", "/writing/stop")
            assert problem_of(answer, 401, "not_signed_in"), fault
            assert answer.headers["www-authenticate"].startswith("Bearer"), fault
        assert await scene.footprint() == before

    on_scene(empty, play)


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer ", "Bearer ä", "Bearer a.b"])
def test_whoever_bears_no_token_is_told_so(empty: Empty, header: str) -> None:
    async def play(scene: Scene) -> None:
        caller = Caller(scene.app, None)
        sent = {"Authorization": header.encode("latin-1")} if header else {}
        answer = await caller.ask("GET", "/me", headers=sent)
        problem_of(answer, 401, "not_signed_in")

    on_scene(empty, play)


def test_a_session_of_the_pages_opens_nothing_of_the_api(empty: Empty) -> None:
    """A browser sends its cookie wherever it is led; only a token is told by a program alone."""

    async def play(scene: Scene) -> None:
        visitor = await scene.visitor(Visits.COORDINATOR)
        assert (await visitor.get("/help")).status_code == 200
        problem_of(await visitor.get("/api/v1/me"), 401, "not_signed_in")
        problem_of(await visitor.post("/api/v1/writing/stop"), 401, "not_signed_in")

    on_scene(empty, play)


def test_an_account_that_is_switched_off_is_refused_within_minutes(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        caller = callers_of(scene)[Visits.COORDINATOR]
        await caller.get("/me")
        directory = scene.world.tenant.directory
        directory.change(directory.user("coordinator"), enabled=False)
        await scene.app.clock.sleep(timedelta(minutes=6))
        problem_of(await caller.ask("GET", "/me"), 401, "not_signed_in")

    on_scene(empty, play)


def test_whoever_asks_too_often_is_told_to_wait(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        caller = callers_of(scene)[Visits.NOBODY]
        for _ in range(120):
            await caller.get("/me")
        answer = await caller.ask("GET", "/me")
        problem_of(answer, 429, "too_many")
        await scene.app.clock.sleep(timedelta(seconds=int(answer.headers["retry-after"])))
        await caller.get("/me")
        # Who cannot say who they are is limited by where they come from.
        nobody = httpx.AsyncClient(transport=caller.transport, base_url=ORIGIN)
        codes = [(await nobody.get("/api/v1/me")).status_code for _ in range(61)]
        assert codes == [401] * 60 + [429]

    on_scene(empty, play)
