"""The page behind a personal link, as somebody sees it who means no good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest

from integrations.attendance_records import KeptStatement, Link
from integrations.ports import Transaction
from integrations.records import Participant, Session
from integrations.web.app import asgi_app
from integrations.web.met import MOST_BYTES
from integrations.workflows.app import App
from integrations.workflows.attendance.links import PersonalLinks, issue
from simulator.transport import TenantTransport
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import DAY, Stage, on_stage

URL = "https://tandem.firm.example"
OLD, NEW = "o" * 32, "n" * 32
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Door:
    """A past date of which both people have a personal link, and a browser."""

    stage: Stage
    app: App
    browser: httpx.AsyncClient
    session: Session
    mentor: Participant
    mentee: Participant
    links: dict[str, str]

    @property
    def link(self) -> str:
        """The mentor's."""
        return self.links[self.mentor.id]

    async def said(self) -> list[KeptStatement]:
        """Everything anybody ever stated."""
        return await self.stage.read(lambda tx: tx.statements.all())

    async def kept(self) -> tuple[list[Link], list[KeptStatement], int]:
        """Everything the page could change, and how long the journal is."""
        return await self.stage.read(
            lambda tx: (tx.links.all(), tx.statements.all(), tx.journal.last_seq())
        )

    async def begin(self, keys: str) -> httpx.AsyncClient:
        """A browser before a Tandem that was begun anew with other keys."""
        return _browser(await self.stage.world.begin(public_url=URL, signing_keys=keys))


def _browser(app: App) -> httpx.AsyncClient:
    async def opened() -> App:
        return app

    return httpx.AsyncClient(transport=TenantTransport(asgi_app(opened)))


def at_the_door(empty: Empty, play: Callable[[Door], Coroutine[None, None, None]]) -> None:
    """Play before the page, five weeks into the program."""

    async def run(stage: Stage) -> None:
        app = await stage.world.begin(public_url=URL, signing_keys=NEW)
        case, at = await stage.case(), virtual_now()
        session = max((s for s in case.sessions if s.end <= at), key=lambda s: s.end)
        people = [person.id for person in case.people]
        issued = await app.store.run(
            lambda tx: {
                one: issue(tx, one, session.id, "did_you_meet", at, app.secrets) for one in people
            }
        )
        assert app.links is not None
        links = {one: app.links.url(link.id) for one, link in issued.items()}
        door = Door(stage, app, _browser(app), session, case.mentor, case.mentee, links)
        await play(door)
        await app.close()

    on_stage(empty, run)


# --- opening ------------------------------------------------------------------------------


def test_a_scanner_that_opens_the_link_five_times_changes_nothing(empty: Empty) -> None:
    async def play(door: Door) -> None:
        before = await door.kept()
        for _ in range(5):
            shown = await door.browser.get(door.link)
            assert (shown.status_code, "Did you and" in shown.text) == (200, True)
        assert await door.kept() == before

    at_the_door(empty, play)


def test_neither_head_nor_another_method_nor_a_query_acts(empty: Empty) -> None:
    async def play(door: Door) -> None:
        before = await door.kept()
        head = await door.browser.head(door.link)
        # Whatever serves the application leaves the body of its answer out.
        assert head.status_code == 200
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = await door.browser.request(method, door.link, data={"said": "met"})
            assert answer.status_code == 405
        shown = await door.browser.get(door.link, params={"said": "met"})
        assert "Did you and" in shown.text
        assert await door.kept() == before

    at_the_door(empty, play)


def test_every_page_keeps_its_address_to_itself_and_runs_nothing(empty: Empty) -> None:
    async def play(door: Door) -> None:
        pages = [
            await door.browser.get(door.link),
            await door.browser.post(door.link, data={"said": "perhaps"}),
            await door.browser.post(door.link, content=b"x" * (MOST_BYTES + 1), headers=FORM),
            await door.browser.post(door.link, data={"said": "met"}),
            await door.browser.get(door.link),
            await door.browser.get(f"{URL}/met/none"),
        ]
        assert [page.status_code for page in pages] == [200, 400, 413, 303, 200, 404]
        for page in pages:
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert page.headers["referrer-policy"] == "no-referrer"
            assert page.headers["cache-control"] == "no-store"
            assert "max-age=" in page.headers["strict-transport-security"]
            assert "set-cookie" not in page.headers
            assert "<script" not in page.text

    at_the_door(empty, play)


# --- links that were never given ----------------------------------------------------------


def test_a_forged_link_gives_nobody_away_and_keeps_nothing(empty: Empty) -> None:
    async def play(door: Door) -> None:
        before = await door.kept()
        token = door.link.rpartition("/")[2]
        link_id, _, signature = token.rpartition(".")
        other = door.links[door.mentee.id].rpartition("/")[2].rpartition(".")[2]
        own = PersonalLinks(URL, [OLD]).url(link_id).rpartition("/")[2]
        known = PersonalLinks(URL, [NEW]).url("f" * 32).rpartition("/")[2]
        forged = [
            link_id,
            f"{link_id}.",
            f"{link_id}.{signature[:-1]}",
            f"{link_id}.{other}",
            f"{link_id[::-1]}.{signature}",
            own,
            known,
            token * 9,
            "%00",
            "%C3%A9.%F0%9F%92%A9",
            f"..%2f{token}",
        ]
        answers = set()
        for each in forged:
            for answer in (
                await door.browser.get(f"{URL}/met/{each}"),
                await door.browser.post(f"{URL}/met/{each}", data={"said": "met"}),
            ):
                assert answer.status_code == 404
                assert door.mentor.name not in answer.text
                assert door.mentee.name not in answer.text
                answers.add(answer.text)
        # One page for all of them (and that of no address of ours for a path of two parts):
        # nothing tells a wrong signature from an unknown link.
        assert len({text for text in answers if "This link does not work" in text}) == 1
        assert await door.kept() == before

    at_the_door(empty, play)


def test_a_stolen_store_holds_no_link(empty: Empty) -> None:
    async def play(door: Door) -> None:
        token = door.link.rpartition("/")[2]
        stored = str(await door.stage.read(lambda tx: [*tx.links.all(), *tx.journal.read()]))
        assert token not in stored
        assert token.rpartition(".")[2] not in stored

    at_the_door(empty, play)


def test_an_expired_link_shows_nobody_and_takes_nothing(empty: Empty) -> None:
    async def play(door: Door) -> None:
        await door.app.clock.sleep(7 * DAY - timedelta(seconds=1))
        assert (await door.browser.get(door.link)).status_code == 200
        await door.app.clock.sleep(timedelta(seconds=1))
        for answer in (
            await door.browser.get(door.link),
            await door.browser.post(door.link, data={"said": "met"}),
        ):
            assert answer.status_code == 410
            assert door.mentee.name not in answer.text
        assert await door.said() == []

    at_the_door(empty, play)


def test_a_used_link_shows_neither_people_nor_answer(empty: Empty) -> None:
    async def play(door: Door) -> None:
        await door.browser.post(door.link, data={"said": "not_met"})
        for answer in (
            await door.browser.get(door.link),
            await door.browser.post(door.link, data={"said": "met"}),
        ):
            assert answer.status_code == 200
            assert "Thank you" in answer.text
            assert door.mentee.name not in answer.text
        assert [one.said for one in await door.said()] == ["not_met"]

    at_the_door(empty, play)


def test_two_answers_at_the_same_moment_are_one(empty: Empty) -> None:
    async def play(door: Door) -> None:
        words = ["met", "not_met"] * 3
        answers = await asyncio.gather(
            *(door.browser.post(door.link, data={"said": word}) for word in words)
        )
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [303]
        (kept,) = await door.said()
        (led,) = [word for word, a in zip(words, answers, strict=True) if a.status_code == 303]
        assert kept.said == led

    at_the_door(empty, play)


def test_each_answers_by_a_link_of_their_own_after_the_other_one_did(empty: Empty) -> None:
    async def play(door: Door) -> None:
        before = (await door.browser.get(door.link)).text
        await door.browser.post(door.links[door.mentee.id], data={"said": "met"})
        # What the other one said is not shown to whoever is still to answer.
        assert (await door.browser.get(door.link)).text == before
        assert (await door.browser.post(door.link, data={"said": "met"})).status_code == 303
        assert {(one.person_id, one.said) for one in await door.said()} == {
            (door.mentor.id, "met"),
            (door.mentee.id, "met"),
        }
        session = await door.stage.read(lambda tx: tx.sessions.require(door.session.id))
        assert (session.held, session.verdict) == (True, "held")

    at_the_door(empty, play)


def test_nobody_answers_for_somebody_else(empty: Empty) -> None:
    """Fields that name another person, session or time of answering are not read."""

    async def play(door: Door) -> None:
        form = {
            "said": "met",
            "person_id": door.mentee.id,
            "person": door.mentee.id,
            "session_id": "another",
            "link_id": "f" * 32,
            "at": "2020-01-01",
        }
        assert (await door.browser.post(door.link, data=form)).status_code == 303
        (kept,) = await door.said()
        assert (kept.person_id, kept.session_id) == (door.mentor.id, door.session.id)
        assert kept.at == virtual_now()

    at_the_door(empty, play)


# --- bodies -------------------------------------------------------------------------------


@pytest.mark.parametrize("says_its_length", [True, False])
def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(
    empty: Empty, says_its_length: bool
) -> None:
    async def play(door: Door) -> None:
        before = await door.kept()
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(64):
                sent += 1024
                yield b"x" * 1024

        body = b"said=met&" + b"x" * MOST_BYTES if says_its_length else endless()
        answer = await door.browser.post(door.link, content=body, headers=FORM)
        assert answer.status_code == 413
        assert await door.kept() == before
        fits = b"said=met&pad=" + b"x" * (MOST_BYTES - 13)
        assert (await door.browser.post(door.link, content=fits, headers=FORM)).status_code == 303

    at_the_door(empty, play)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"said": "met"}'),
        ("text/plain", b"said=met"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nsaid=met\r\n--x--"),
        ("", b"said=met"),
    ],
)
def test_only_a_form_is_an_answer(empty: Empty, kind: str, body: bytes) -> None:
    """A form of another page can send text, and a script anything: neither is the page's own."""

    async def play(door: Door) -> None:
        before = await door.kept()
        answer = await door.browser.post(door.link, content=body, headers={"content-type": kind})
        assert answer.status_code == 415
        assert await door.kept() == before

    at_the_door(empty, play)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"said=",
        b"said=MET",
        b"said=objects",
        b"said=held",
        b"said[]=met",
        b"\xff\xfe=%ff",
        b"said=elsewhere",
        b"said=elsewhere&day=2026-11-11&start=09:00&minutes=50",
        b"said=elsewhere&day=2027-02-11&start=09:00&minutes=-5",
        b"said=elsewhere&day=2027-02-11&start=09:00&minutes=1e3",
        b"said=elsewhere&day=9999-12-31&start=23:59&minutes=480",
        b"said=elsewhere&day=0001-01-01&start=00:00&minutes=480",
        b"said=elsewhere&day=2027-02-11&start=09:00Z&minutes=50",
        b"said=elsewhere&day=2028-02-11&start=09:00&minutes=50",
        b"said=elsewhere&day=2027-02-11T00:00&start=09:00&minutes=50",
    ],
)
def test_an_answer_that_means_nothing_is_asked_again_and_the_link_lives(
    empty: Empty, body: bytes
) -> None:
    async def play(door: Door) -> None:
        before = await door.kept()
        answer = await door.browser.post(door.link, content=body, headers=FORM)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert await door.kept() == before

    at_the_door(empty, play)


# --- names --------------------------------------------------------------------------------


def test_names_are_shown_as_text_and_never_reach_a_header(empty: Empty) -> None:
    async def play(door: Door) -> None:
        evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>\r\nSet-Cookie: a=b {{7*7}}'
        program = (await door.stage.case()).program

        def rename(tx: Transaction) -> None:
            tx.participants.put(replace(door.mentee, name=evil))
            contact = {**program.contact, "name": evil}
            tx.programs.put(replace(program, name=evil, contact=contact))

        await door.app.store.run(rename)
        for shown in (
            await door.browser.get(door.link),
            await door.browser.post(door.link, data={"said": evil}),
        ):
            assert "<script" not in shown.text
            assert "<img" not in shown.text
            assert "&lt;script&gt;" in shown.text
            assert "{{7*7}}" in shown.text
            assert "set-cookie" not in shown.headers
            assert all("alert" not in value for value in shown.headers.values())
        led = await door.browser.post(door.link, data={"said": "met"})
        assert led.headers["location"] == door.link.removeprefix(URL)

    at_the_door(empty, play)


# --- keys ---------------------------------------------------------------------------------


def test_an_old_link_works_while_its_key_is_kept_second_and_ends_with_it(empty: Empty) -> None:
    async def play(door: Door) -> None:
        for keys, status in (
            (f"{'r' * 32},{NEW}", 200),
            (NEW, 200),
            ("r" * 32, 404),
            (f"{NEW},{'r' * 32}", 200),
        ):
            browser = await door.begin(keys)
            assert (await browser.get(door.link)).status_code == status
        renewed = PersonalLinks(URL, ["r" * 32, NEW])
        token = door.link.rpartition("/")[2]
        assert renewed.read(token) == token.rpartition(".")[0]
        assert renewed.url(token.rpartition(".")[0]) != door.link
        assert "r" * 32 not in repr(renewed)

    at_the_door(empty, play)
