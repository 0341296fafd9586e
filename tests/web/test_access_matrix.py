"""Every page and act, asked for by everybody: from the product's list, against a table by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import httpx
import pytest

from integrations.page_records import StaffRole, Wave, WaveState
from integrations.ports import Transaction
from integrations.records import Need
from integrations.web import sessions
from integrations.web.app import asgi_app, pages
from integrations.workflows.app import App
from simulator.behaviour import IdTokens
from simulator.virtual_time import virtual_now
from tests.support.world import Empty, World, least_rights
from tests.web.access_table import API, PAGES, WITHOUT_SIGN_IN, Meets, Visits
from tests.web.support import KEYS, ORIGIN, Visitor, signed_in, staff
from tests.workflows.changes.stage import MIDWAY, Stage, on_stage

_ADDRESSES = count(1)
ASSISTANT = "assistant@firm.example"
A_WHILE = timedelta(minutes=2)
"""After which nobody is told to wait any more."""
NOT_NOW = {
    # The act is named in the query.
    "GET /needs/{need}/act": 400,
    # Nobody is paused.
    "GET /programs/{program}/pairs/{pair}/acts/resume": 409,
}
"""Pages that say to whoever may open them why they have nothing to show, at this moment."""


def rows() -> Iterator[tuple[str, str]]:
    """Method and path of every page and act, from the product's own list."""
    for page in pages():
        yield "GET", page.path
        yield from (("POST", act.path) for act in page.acts)


def of(method: str, template: str) -> Mapping[Visits, Meets]:
    """The row of a page or act; the first test says which have none."""
    return PAGES.get(f"{method} {template}", {})


def test_every_page_and_act_has_a_row_that_says_whom_it_is_for() -> None:
    listed = [f"{method} {path}" for method, path in rows()]
    assert len(listed) == len(set(listed))
    missing, gone = set(listed) - set(PAGES), set(PAGES) - set(listed)
    assert not missing, f"say in tests/web/access_table.py whom these are for: {sorted(missing)}"
    assert not gone, f"no longer pages: {sorted(gone)}"


def test_every_route_is_a_page_or_checks_for_itself_whom_it_has() -> None:
    async def never() -> App:
        raise AssertionError("nothing is opened to list the routes")

    served = {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for route in asgi_app(never).routes
        for method in (route.methods or ())  # type: ignore[attr-defined]
        if method != "HEAD"
    }
    listed = {f"{method} {path}" for method, path in rows()}
    assert served == listed | set(API) | WITHOUT_SIGN_IN


@dataclass
class Scene:
    """A booked pair midway, everybody who might come, and what paths can name."""

    stage: Stage
    app: App
    named: dict[str, str]
    accounts: dict[Visits, tuple[str, str]]

    @property
    def world(self) -> World:
        """What stands around Tandem."""
        return self.stage.world

    def path(self, template: str) -> str:
        """A path with real things in it."""
        return re.sub(r"\{(\w+)\}", lambda found: self.named[found[1]], template)

    async def visitor(self, who: Visits) -> Visitor:
        """Somebody of that kind, newly signed in, so that no limit is met."""
        account, mail = self.accounts[who]
        is_administrator = who is Visits.ADMINISTRATOR
        return await signed_in(self.app, account, mail=mail, administrator=is_administrator)

    async def footprint(self) -> tuple[object, ...]:
        """What changes if anything is done: journal, orders, switches, mails, Graph calls."""
        tenant = self.world.tenant
        return (
            await self.stage.read(lambda tx: (tx.journal.last_seq(), tx.orders.all())),
            await self.stage.read(lambda tx: (tx.staff.all(), tx.preferences.all())),
            await self.stage.read(lambda tx: (tx.goals.all(), tx.aims.all(), tx.needs.all())),
            await self.stage.read(lambda tx: (tx.confirmations.all(), tx.waves.all())),
            await self.stage.read(lambda tx: (tx.pairs.all(), tx.sessions.all())),
            len(tenant.mail_log),
            len(tenant.calls),
        )


def on_scene(empty: Empty, play: Callable[[Scene], Coroutine[None, None, None]]) -> None:
    async def run(stage: Stage) -> None:
        firm = stage.world.firm
        back = replace(least_rights(firm), redirect_uris=(f"{ORIGIN}/sign-in/back",))
        stage.world.tenant.register_app(back)
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        case = await stage.case()
        pair, program = case.pair, case.pair.program_id
        to_come = await stage.dates()

        def set_up(tx: Transaction) -> str:
            tx.pairs.put(replace(pair, assistants=(ASSISTANT,)))
            tx.programs.add(replace(tx.programs.require(program), id="other", name="Other"))
            tx.waves.add(
                Wave(
                    id="wave",
                    program_id=program,
                    name="First",
                    pair_ids=(pair.id,),
                    state=WaveState.RUNNING,
                    mails_confirmed=2,
                    created_at=app.clock.now(),
                    created_by="coordinator",
                )
            )
            tx.needs.add(_a_need(pair.id, app))
            [other] = [
                one
                for one in tx.pairs.all()
                if not {one.mentor_id, one.mentee_id} & {pair.mentor_id, pair.mentee_id}
            ]
            return tx.participants.require(other.mentor_id).directory_id

        stranger = await app.store.run(set_up)
        await staff(app, program, "coordinator")
        await staff(app, "other", "other-coordinator")
        await staff(app, program, "sponsor", StaffRole.SPONSOR)
        named = {"program": program, "pair": pair.id, "session": to_come[0].id}
        named |= {"need": "need", "wave": "wave", "name": "pairs.csv", "message": "invitation"}
        accounts = {
            Visits.PARTICIPANT: (case.mentor.directory_id, case.mentor.mail),
            Visits.OTHER_PARTICIPANT: (stranger, "stranger@firm.example"),
            Visits.ASSISTANT: ("assistant", ASSISTANT),
            Visits.COORDINATOR: ("coordinator", ""),
            Visits.OTHER_COORDINATOR: ("other-coordinator", ""),
            Visits.SPONSOR: ("sponsor", ""),
            Visits.ADMINISTRATOR: ("administrator", ""),
            Visits.NOBODY: ("nobody", ""),
        }
        await play(Scene(stage, app, named, accounts))
        await app.close()

    on_stage(empty, run, at=MIDWAY)


async def ask(visitor: Visitor, method: str, path: str) -> httpx.Response:
    """Ask for a page, or send an empty form, from an address of its own."""
    number = next(_ADDRESSES)
    visitor.client.headers["X-Forwarded-For"] = (
        f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    )
    return await (visitor.get(path) if method == "GET" else visitor.post(path))


def met(answer: httpx.Response) -> str:
    """What an answer means to whoever asked."""
    to_sign_in = answer.headers.get("location", "").startswith("/sign-in")
    if answer.status_code == 303 and to_sign_in:
        return "sign-in"
    by_status = {403: Meets.NOT_FOR_YOU, 404: Meets.NOT_FOUND}
    return by_status.get(answer.status_code, Meets.PAGE)


def test_nobody_sees_or_does_what_is_not_theirs(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        before = await scene.footprint()
        wrong = []
        for method, template in rows():
            for who, meets in of(method, template).items():
                if meets is Meets.PAGE:
                    continue
                found = met(await ask(await scene.visitor(who), method, scene.path(template)))
                if found != meets:
                    wrong.append(f"{method} {template}: {who} met {found}, not {meets}")
        assert not wrong, "\n".join(wrong)
        assert await scene.footprint() == before

    on_scene(empty, play)


def test_everybody_meets_what_is_theirs(empty: Empty) -> None:
    """Pages are shown whole; an act with an empty form is carried out or says what is missing."""

    async def play(scene: Scene) -> None:
        wrong = []
        # Reading first: acts change what there is to see.
        for method, template in sorted(rows()):
            for who, meets in of(method, template).items():
                if meets is not Meets.PAGE:
                    continue
                answer = await ask(await scene.visitor(who), method, scene.path(template))
                fine = (200, 303, 400, 409) if method == "POST" else (200, 303)
                fine = (*fine, NOT_NOW.get(f"{method} {template}", 200))
                if met(answer) != Meets.PAGE or answer.status_code not in fine:
                    wrong.append(f"{method} {template}: {who} got {answer.status_code}")
        assert not wrong, "\n".join(wrong)

    on_scene(empty, play)


def test_what_does_not_exist_and_what_is_not_theirs_look_alike(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        differ = []
        for method, template in rows():
            somebody = await scene.visitor(Visits.OTHER_PARTICIPANT)
            if of(method, template).get(Visits.OTHER_PARTICIPANT) is Meets.NOT_FOUND:
                theirs = await ask(somebody, method, scene.path(template))
                nothing = await ask(somebody, method, re.sub(r"\{\w+\}", "nothing", template))
                if (theirs.status_code, theirs.text) != (nothing.status_code, nothing.text):
                    differ.append(f"{method} {template}")
        assert not differ

    on_scene(empty, play)


async def _expired(scene: Scene) -> Visitor:
    visitor = await scene.visitor(Visits.COORDINATOR)
    key = visitor.client.cookies[sessions.COOKIE]

    def end(tx: Transaction) -> None:
        kept = tx.web_sessions.require(sessions.hash_of(key))
        tx.web_sessions.put(replace(kept, expires_at=virtual_now()))

    await scene.app.store.run(end)
    return visitor


async def _signed_out(scene: Scene) -> Visitor:
    """Whoever found the key of somebody who has signed out since."""
    visitor = await scene.visitor(Visits.COORDINATOR)
    key = visitor.client.cookies[sessions.COOKIE]
    assert (await visitor.post("/sign-out")).status_code == 303
    thief = Visitor(scene.app)
    thief.client.cookies.set(sessions.COOKIE, key, domain=httpx.URL(ORIGIN).host)
    return thief


async def _guessed(scene: Scene) -> Visitor:
    """Whoever read the store: what stands there is no key."""
    visitor = await scene.visitor(Visits.COORDINATOR)
    hashed = sessions.hash_of(visitor.client.cookies[sessions.COOKIE])
    thief = Visitor(scene.app)
    thief.client.cookies.set(sessions.COOKIE, hashed, domain=httpx.URL(ORIGIN).host)
    return thief


async def _anonymous(scene: Scene) -> Visitor:
    return Visitor(scene.app)


async def _back(scene: Scene, visitor: Visitor) -> str:
    """Where the tenant sends a browser back to that went to sign in as one of the pair."""
    sent = await visitor.get("/sign-in")
    mail = scene.accounts[Visits.PARTICIPANT][1]
    return scene.world.tenant.sign_in_as(mail, sent.headers["location"])


async def _with_used_link(scene: Scene) -> Visitor:
    """Whoever finds the address of a finished sign-in in a browser's history."""
    visitor = Visitor(scene.app)
    back = await _back(scene, visitor)
    assert (await visitor.get(back)).status_code == 303
    assert (await visitor.post("/sign-out")).status_code == 303
    assert (await visitor.get(back)).status_code == 403
    return visitor


async def _with_stolen_link(scene: Scene) -> Visitor:
    """Whoever catches the address somebody else is sent back to, before they get there."""
    back = await _back(scene, Visitor(scene.app))
    thief = Visitor(scene.app)
    assert (await thief.get(back)).status_code == 403
    return thief


def _with_token(fault: IdTokens) -> Callable[[Scene], Coroutine[None, None, Visitor]]:
    async def come(scene: Scene) -> Visitor:
        visitor = Visitor(scene.app)
        scene.world.tenant.behaviour.id_tokens = fault
        answer = await visitor.get(await _back(scene, visitor))
        scene.world.tenant.behaviour.id_tokens = "right"
        assert answer.status_code == 403
        return visitor

    return come


@pytest.mark.parametrize(
    "come",
    [
        pytest.param(_anonymous, id="anonymous"),
        pytest.param(_expired, id="expired session"),
        pytest.param(_signed_out, id="key of a session that was ended"),
        pytest.param(_guessed, id="what the store holds of a key"),
        pytest.param(_with_used_link, id="used link"),
        pytest.param(_with_stolen_link, id="stolen link"),
        pytest.param(_with_token("expired"), id="expired token"),
        pytest.param(_with_token("other_audience"), id="wrong audience"),
        pytest.param(_with_token("other_tenant"), id="wrong tenant"),
        pytest.param(_with_token("unsigned"), id="alg none"),
        pytest.param(_with_token("hmac"), id="signed with the public key"),
        pytest.param(_with_token("other_key"), id="signed by another"),
    ],
)
def test_whoever_is_not_signed_in_gets_no_further_than_the_sign_in(
    empty: Empty, come: Callable[[Scene], Coroutine[None, None, Visitor]]
) -> None:
    async def play(scene: Scene) -> None:
        visitor = await come(scene)
        before = await scene.footprint()
        wrong = []
        for number, (method, template) in enumerate(rows()):
            if number % 40 == 0:
                await scene.app.clock.sleep(A_WHILE)
            found = met(await ask(visitor, method, scene.path(template)))
            if found != "sign-in":
                wrong.append(f"{method} {template}: {found}")
        assert not wrong, "\n".join(wrong)
        assert await scene.footprint() == before

    on_scene(empty, play)


def test_no_act_is_carried_out_for_another_site(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        before = await scene.footprint()
        wrong = []
        for method, template in rows():
            if method == "GET":
                continue
            let_in = [who for who, meets in of("POST", template).items() if meets is Meets.PAGE]
            for site in ("cross-site", "same-site", "none"):
                visitor = await scene.visitor(let_in[0] if let_in else Visits.NOBODY)
                answer = await visitor.post(scene.path(template), from_site=site)
                if answer.status_code != 403:
                    wrong.append(f"{template} from {site}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)
        assert await scene.footprint() == before

    on_scene(empty, play)


def test_no_page_takes_another_method(empty: Empty) -> None:
    async def play(scene: Scene) -> None:
        taken = []
        for template in {path for _, path in rows()}:
            visitor = await scene.visitor(Visits.COORDINATOR)
            for method in ("PUT", "PATCH", "DELETE"):
                answer = await visitor.client.request(method, scene.path(template))
                if answer.status_code != 405:
                    taken.append(f"{method} {template}: {answer.status_code}")
        assert not taken, "\n".join(taken)

    on_scene(empty, play)


def _a_need(pair_id: str, app: App) -> Need:
    return Need(
        id="need",
        key="series_declined",
        pair_id=pair_id,
        code="series_declined",
        raised_at=app.clock.now() - timedelta(days=1),
        ready=("pause",),
    )
