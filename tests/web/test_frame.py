"""What every page has in common, shown by pages made for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.ports import Transaction
from integrations.web import sessions
from integrations.web.access import Who
from integrations.web.forms import MOST_BYTES, MOST_UPLOAD_BYTES
from integrations.web.frame import Frame
from integrations.web.page import Act, Go, Page, Sent, Shown, Visit
from integrations.workflows.app import App
from simulator.transport import TenantTransport
from simulator.virtual_time import run_virtually
from tests.support.world import START, Empty, enrolled, firm_of
from tests.web.support import KEYS, ORIGIN, Visitor, signed_in, staff

SECRET = "Anna Confidential"


async def show(visit: Visit) -> Shown:
    return Shown({"places": []})


async def echo(visit: Visit) -> Sent:
    file = visit.form.file("file")
    said = [*visit.form.all("word"), str(len(file.data)) if file else "no file"]
    return Sent("|".join(said).encode(), "text/plain", "echo.txt")


async def echo_query(visit: Visit) -> Sent:
    return Sent(repr(dict(visit.query)).encode(), "text/plain", "echo.txt")


async def leave(visit: Visit) -> Go:
    return Go("/plain", "Done: <b>bold</b>")


async def fail(visit: Visit) -> Shown:
    match visit.form.get("how"):
        case "faults":
            raise FaultsError([Fault("interval", "1 to 26", "0")], remedy="Correct it.")
        case "impossible":
            raise NotPossibleError("it is over", remedy="Begin anew.")
        case _:
            raise RuntimeError(SECRET)


PAGES = (
    Page(
        path="/plain",
        who=Who.SIGNED_IN,
        show=show,
        template="home.html",
        title="Plain",
        acts=(
            Act(path="/echo", do=echo),
            Act(path="/upload", do=echo, uploads=True),
            Act(path="/leave", do=leave),
            Act(path="/fail", do=fail),
            Act(path="/narrow", do=leave, who=Who.ADMINISTRATOR),
        ),
    ),
    Page(path="/query", who=Who.SIGNED_IN, show=echo_query, template="home.html", title="Query"),
    Page(
        path="/of/{program}",
        who=Who.COORDINATOR,
        show=show,
        template="home.html",
        title="Of a program",
    ),
    Page(
        path="/both/{program}/{pair}",
        who=Who.COORDINATOR,
        show=show,
        template="home.html",
        title="Of both",
    ),
)


def framed(visitor: Visitor) -> Visitor:
    """The visitor, before these pages instead of Tandem's."""

    async def opened() -> App:
        return visitor.app

    cookies = visitor.client.cookies
    application = Starlette(routes=list(Frame(opened).routes(PAGES)))
    visitor.client = httpx.AsyncClient(
        transport=TenantTransport(application), base_url=ORIGIN, cookies=cookies
    )
    return visitor


def at_the_pages(
    empty: Empty,
    play: Callable[[Visitor], Awaitable[None]],
    *,
    administrator: bool = False,
    pairs: bool = False,
) -> None:
    """Play before these pages, as somebody signed in."""

    async def run() -> None:
        world = empty.world(firm_of(2))
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
        if pairs:
            await enrolled(world, app)
        await play(framed(await signed_in(app, "account", administrator=administrator)))

    run_virtually(START, run())


def test_an_answer_carries_headers_that_let_no_foreign_script_or_style_in(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        for answer in (await visitor.get("/plain"), await visitor.post("/fail", {"how": "faults"})):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "max-age=63072000" in answer.headers["strict-transport-security"]

    at_the_pages(empty, play)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_a_form_of_another_site_is_not_carried_out(empty: Empty, site: str) -> None:
    async def play(visitor: Visitor) -> None:
        assert (await visitor.post("/leave", from_site=site)).status_code == 403

    at_the_pages(empty, play)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (ORIGIN, 303),
        ("https://evil.example", 403),
        ("https://tandem.firm.example.evil.example", 403),
        ("null", 403),
        (None, 403),
    ],
)
def test_without_fetch_metadata_the_origin_tells(
    empty: Empty, origin: str | None, status: int
) -> None:
    async def play(visitor: Visitor) -> None:
        headers = {} if origin is None else {"Origin": origin}
        answer = await visitor.client.post("/leave", data={"a": "b"}, headers=headers)
        assert answer.status_code == status

    at_the_pages(empty, play)


def test_what_was_said_is_shown_once_and_escaped(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        after = await visitor.send("/leave")
        assert "Done: &lt;b&gt;bold&lt;/b&gt;" in after.text
        assert "Done:" not in (await visitor.get("/plain")).text

    at_the_pages(empty, play)


def test_a_form_is_read_whole_and_no_further_than_its_bounds(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        assert (await visitor.post("/echo", {"word": ["a", "b"]})).text == "a|b|no file"
        large = {"word": "x" * (MOST_BYTES + 1)}
        assert (await visitor.post("/echo", large)).status_code == 413
        file = {"file": ("r.csv", b"y" * 1000)}
        assert (await visitor.post("/upload", {"word": "a"}, files=file)).text == "a|1000"
        assert (await visitor.post("/echo", {"word": "a"}, files=file)).status_code == 415
        huge = {"file": ("r.csv", b"y" * (MOST_UPLOAD_BYTES + 1))}
        assert (await visitor.post("/upload", files=huge)).status_code == 413

    at_the_pages(empty, play)


def test_what_no_database_keeps_is_not_taken_in(empty: Empty) -> None:
    """PostgreSQL refuses a NUL in any text, also in one that is only looked for."""

    async def play(visitor: Visitor) -> None:
        assert (await visitor.post("/echo", {"word": "a\x00b"})).text == "ab|no file"
        assert (await visitor.client.get("/query?find=a%00b")).text == "{'find': 'ab'}"

    at_the_pages(empty, play)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_a_body_that_is_no_form_is_refused(empty: Empty, kind: str) -> None:
    async def play(visitor: Visitor) -> None:
        headers = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
        answer = await visitor.client.post("/echo", content=b"{}", headers=headers)
        assert answer.status_code in (400, 415)

    at_the_pages(empty, play)


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("faults", 400, "interval: expected 1 to 26"),
        ("impossible", 409, "Begin anew."),
        ("anything", 500, "Something went wrong"),
    ],
)
def test_an_error_becomes_a_page_that_says_what_would_help(
    empty: Empty, how: str, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(visitor: Visitor) -> None:
        answer = await visitor.post("/fail", {"how": how})
        assert answer.status_code == status
        assert words in answer.text
        assert SECRET not in answer.text
        assert SECRET not in caplog.text

    at_the_pages(empty, play)


def test_an_act_may_be_for_fewer_than_its_page(empty: Empty) -> None:
    async def refused(visitor: Visitor) -> None:
        assert (await visitor.get("/plain")).status_code == 200
        assert (await visitor.post("/narrow")).status_code == 403

    async def allowed(visitor: Visitor) -> None:
        assert (await visitor.post("/narrow")).status_code == 303

    at_the_pages(empty, refused)
    at_the_pages(empty, allowed, administrator=True)


def test_what_is_not_theirs_answers_like_what_does_not_exist(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        programs = await visitor.app.store.run(lambda tx: tx.programs.all())
        theirs = await visitor.get(f"/of/{programs[0].id}")
        nobodys = await visitor.get("/of/nothing")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text == nobodys.text

    at_the_pages(empty, play, pairs=True)


def test_a_pair_is_not_found_under_another_program(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        def second(tx: Transaction) -> tuple[str, str, str]:
            pair = tx.pairs.all()[0]
            program = tx.programs.require(pair.program_id)
            tx.programs.put(replace(program, id="another", name="Another"))
            return pair.id, program.id, "another"

        pair_id, own, other = await visitor.app.store.run(second)
        await staff(visitor.app, own, "account")
        await staff(visitor.app, other, "account")
        assert (await visitor.get(f"/both/{own}/{pair_id}")).status_code == 200
        assert (await visitor.get(f"/both/{other}/{pair_id}")).status_code == 404

    at_the_pages(empty, play, pairs=True)


def test_whoever_asks_too_often_waits_and_then_goes_on(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        answers = [(await visitor.get("/plain")).status_code for _ in range(130)]
        assert answers[0] == 200
        assert answers[-1] == 429
        await visitor.app.clock.sleep(timedelta(minutes=1))
        assert (await visitor.get("/plain")).status_code == 200

    at_the_pages(empty, play)


def test_a_grant_that_is_taken_away_is_gone_at_the_next_click(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        program = (await visitor.app.store.run(lambda tx: tx.programs.all()))[0]
        await staff(visitor.app, program.id, "account")
        assert (await visitor.get(f"/of/{program.id}")).status_code == 200
        key = f"{program.id}/account/coordinator"
        await visitor.app.store.run(lambda tx: tx.staff.remove(key))
        assert (await visitor.get(f"/of/{program.id}")).status_code == 404

    at_the_pages(empty, play, pairs=True)


def test_a_poll_of_somebody_signed_out_leads_to_the_sign_in(empty: Empty) -> None:
    async def play(visitor: Visitor) -> None:
        visitor.client.cookies.delete(sessions.COOKIE)
        answer = await visitor.get("/plain", **{"HX-Request": "true"})
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")

    at_the_pages(empty, play)
