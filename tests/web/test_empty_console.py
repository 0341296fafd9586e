"""The console of a program with nothing in it, and every refusal: words for what to do next."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from integrations.errors import StoreUnreachableError
from integrations.ports import Transaction
from integrations.records import Program, Rule
from integrations.web.access import Who
from integrations.web.app import pages
from integrations.workflows.app import App
from integrations.workflows.rulebook.rules import ProgramRule
from simulator.virtual_time import run_virtually
from tests.support.world import START, Empty, firm_of
from tests.web.support import KEYS, ORIGIN, Visitor, coordinator, signed_in

PROGRAM = "prog-empty"
_ROWS = re.compile(r"<tbody[^>]*>(.*?)</tbody>", re.DOTALL)
_EMPTY = re.compile(r'<div class="empty">(.*?)</div>', re.DOTALL)
_UNREAD = re.compile(r"<(script|style|datalist|select)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_NO_WORDS = ("None", "nan", "Undefined")
_FEWEST_WORDS = 8
_REFUSALS = 12
_IN_ENGLISH = ("does not", "The list", "could not", "Nothing")
_EMPTIES = 8
"""So many pages at least have nothing but that to show."""
_FORM_BESIDE = (
    # Nothing has to be done, nothing can be done by whoever reads it, or what leads on is beside.
    "/needs",
    "/health",
    f"/programs/{PROGRAM}/sponsor",
    f"/programs/{PROGRAM}/surveys",
    f"/programs/{PROGRAM}/rule/what-if",
)
_SHOWN_FOR = (
    Who.COORDINATOR,
    Who.COORDINATOR_OF_ANY,
    Who.STAFF_OR_ADMIN,
    Who.SPONSOR,
)


def paths() -> Iterator[str]:
    """The pages of the console that name nothing but the program."""
    for page in pages():
        of_program = set(re.findall(r"\{(\w+)\}", page.path)) <= {"program"}
        if page.who in _SHOWN_FOR and of_program and not page.path.endswith("/template"):
            yield page.path.format(program=PROGRAM)


def words_of(html: str) -> str:
    """What is read on a page, within its main part."""
    main = _UNREAD.sub(" ", html.split("<main", 1)[-1])
    return " ".join(_TAG.sub(" ", main).split())


async def _nothing(app: App) -> Visitor:
    """A coordinator of a program that has a rule and nothing else."""

    def add(tx: Transaction) -> None:
        tx.programs.add(Program(id=PROGRAM, name="Perspectives", zone="America/New_York"))
        body = ProgramRule().to_body()
        now = app.clock.now()
        tx.rules.add(
            Rule(id="rule-empty", program_id=PROGRAM, version=1, body=body, created_at=now)
        )

    await app.store.run(add)
    return await coordinator(app, PROGRAM)


@pytest.mark.parametrize("language", ["en", "de"])
def test_with_nothing_in_it_each_page_says_so_and_what_to_do(empty: Empty, language: str) -> None:
    async def play() -> None:
        world = empty.world(firm_of(2))
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
        visitor = await _nothing(app)
        wrong, empties = [], 0
        for path in paths():
            page = await visitor.get(path, **{"Accept-Language": language})
            if path.endswith("/many"):
                assert page.headers["location"] == f"/programs/{PROGRAM}/pairs"
                continue
            assert page.status_code == 200, path
            wrong += [f"{path}: {fault}" for fault in faults_of(path, page.text)]
            empties += page.text.count('class="empty"')
        assert not wrong, "\n".join(wrong)
        assert empties >= _EMPTIES
        await app.close()

    run_virtually(START, play())


def faults_of(path: str, html: str) -> Iterator[str]:
    """What is missing on a page that has nothing to show, or must not stand there."""
    said = words_of(html)
    yield from (f"says {word}" for word in _NO_WORDS if re.search(rf"\b{word}\b", said))
    if any(not words_of(rows) for rows in _ROWS.findall(html)):
        yield "has a table without a row"
    for words in _EMPTY.findall(html):
        if len(words_of(words).split()) < _FEWEST_WORDS:
            yield f"says too little: {words_of(words)}"
        if "<a " not in words and path not in _FORM_BESIDE:
            yield f"leads nowhere from: {words_of(words)}"
    if path.endswith("/pairs") and 'class="filters"' in html:
        yield "lets one search through nothing"


async def refusals(visitor: Visitor, language: str) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Each way in which the console refuses somebody, with its answer."""
    said, at = {"Accept-Language": language}, f"/programs/{PROGRAM}"

    async def sent(path: str, form: dict[str, str], site: str = "same-origin") -> httpx.Response:
        headers = {**said, "Sec-Fetch-Site": site}
        return await visitor.client.post(path, data=form, headers=headers)

    yield "404", await visitor.get("/programs/nothing/pairs", **said)
    somebody = await signed_in(visitor.app, "somebody")
    yield "403", await somebody.get("/programs", **said)
    yield "403 from elsewhere", await sent("/writing", {}, "cross-site")
    yield "400 bad input", await sent(f"{at}/settings/staff", {"mail": "nobody", "role": "sponsor"})
    yield "400 of no field", await sent(f"{at}/exports/hours", {"person": "nobody"})
    yield "409 gone meanwhile", await sent(f"{at}/wishes/decline", {"wish": "gone"})
    yield "409 nothing tried", await sent(f"{at}/rule/what-if/go-on", {})
    headers = {**said, "Sec-Fetch-Site": "same-origin", "content-type": "text/plain"}
    yield "415", await visitor.client.post("/writing", content=b"no form", headers=headers)
    await sent("/writing", {"writing": "stop"})
    yield "200 stopped", await visitor.get(f"{at}/launch", **said)
    await sent("/writing", {"writing": "go_on"})
    run = visitor.app.store.run
    for name, error in (("503", StoreUnreachableError("store")), ("500", RuntimeError("bug"))):
        times = 0

        async def fails(look: Any, error: Exception = error) -> Any:
            nonlocal times
            times += 1
            if times > 1:
                raise error
            return await run(look)

        visitor.app.store.run = fails  # type: ignore[method-assign, assignment]
        yield name, await visitor.get(f"{at}/pairs", **said)
        visitor.app.store.run = run  # type: ignore[method-assign]
    for _ in range(2_000):
        answer = await visitor.get(at, **said)
        if answer.status_code == 429:
            break
    yield "429", answer


@pytest.mark.parametrize("language", ["en", "de"])
def test_whatever_refuses_somebody_says_why_and_where_to_go(empty: Empty, language: str) -> None:
    async def play() -> None:
        world = empty.world(firm_of(2))
        app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
        visitor = await _nothing(app)
        said, wrong = set(), []
        async for name, answer in refusals(visitor, language):
            words = words_of(answer.text)
            assert answer.status_code == int(name.split()[0]), (name, answer.status_code)
            if f'<html lang="{language}"' not in answer.text or len(words.split()) < _FEWEST_WORDS:
                wrong.append(f"{name}: {words[:200]}")
            wrong += [
                f"{name} says {each}" for each in _IN_ENGLISH if language != "en" and each in words
            ]
            if name == "400 of no field" and 'role="alert"' not in answer.text:
                wrong.append(f"{name}: said below what is seen first")
            said.add(answer.text.split("<main", 1)[-1])
        assert not wrong, "\n".join(wrong)
        assert len(said) == _REFUSALS, "two of them say the same"
        await app.close()

    run_virtually(START, play())
