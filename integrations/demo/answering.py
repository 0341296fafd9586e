"""People who are asked whether they met: they open the link of their mail and press a button.

Which mails they really got, what each would say and when, the tenant knows. Here is only their
browser: it sees the page that the app serves, and nothing else of the app.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from integrations.demo.clock import CountedCalls, TenantClock
from integrations.demo.tenant import Control
from integrations.workflows.attendance.links import DID_YOU_MEET, PATHS

_ANSWER = "said"
"""Name of the buttons that answer."""


@dataclass(frozen=True, slots=True, order=True)
class Reply:
    """What somebody presses at ``at``, and whether she says that they met in person."""

    at: datetime
    link: str
    says: str = field(compare=False)
    in_person: bool = field(compare=False)

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Reply:
        """The reply as the tenant told it."""
        return cls(
            at=datetime.fromisoformat(doc["at"]),
            link=doc["link"],
            says=doc["says"],
            in_person=doc["says"] == "met" and doc["about"]["in_person"],
        )


class _Form(HTMLParser):
    """The form of a page: where it goes, what its fields begin with, and its buttons."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.target = str(page.url)
        self.fields: dict[str, str] = {}
        self.boxes: dict[str, str] = {}
        self.buttons: set[tuple[str, str]] = set()
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what belongs to the form."""
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            self.target = urljoin(self.target, given.get("action", ""))
        elif tag == "button":
            self.buttons.add((name, value))
        elif tag == "input" and given.get("type") == "checkbox":
            self.boxes[name] = value
        elif tag == "input":
            self.fields[name] = value


class Browser:
    """Somebody's browser. ``pressed`` counts answers; ``troubles`` are pages that were none."""

    def __init__(self, pages: httpx.AsyncBaseTransport) -> None:
        self._http = httpx.AsyncClient(transport=pages, follow_redirects=True)
        self.pressed = 0
        self.troubles: list[str] = []

    async def answer(self, reply: Reply) -> None:
        """Open the link and answer, unless the page asks nothing any more."""
        page = await self._http.get(reply.link)
        form = _Form(page)
        if (_ANSWER, reply.says) not in form.buttons:
            # Answered before the demonstration was broken off, or the link has ended.
            self._look_at(page, as_usual=(httpx.codes.OK, httpx.codes.GONE))
            return
        ticked = form.boxes if reply.in_person else {}
        filled = {**form.fields, **ticked, _ANSWER: reply.says}
        thanks = await self._http.post(form.target, data=filled)
        self.pressed += 1
        self._look_at(thanks, as_usual=(httpx.codes.OK,))

    def _look_at(self, page: httpx.Response, as_usual: tuple[int, ...]) -> None:
        if page.status_code not in as_usual:
            self.troubles.append(f"the page of a personal link answered {page.status_code}")

    async def close(self) -> None:
        """Close the browser."""
        await self._http.aclose()


class Answering:
    """Has everybody who was asked answer when the tenant says so."""

    def __init__(
        self, control: Control, clock: TenantClock, calls: CountedCalls, browser: Browser
    ) -> None:
        self._control, self._clock, self._calls, self._browser = control, clock, calls, browser
        self._read = 0
        self._known: set[str] = set()
        self._coming: list[Reply] = []

    async def run(self, links: Mapping[str, str]) -> None:
        """Answer mails with a link that begins with one of ``links``, until cancelled.

        Of each link is said what it asks, as :func:`told_replies` takes it. What was answered
        before is opened again and found to ask nothing.
        """
        while True:
            # Cleared first, so that a mail sent meanwhile is looked for, too.
            self._calls.mailed.clear()
            self._read_mails(links)
            while self._coming and self._coming[0].at <= self._clock.now():
                with self._calls.one_more():
                    await self._browser.answer(heappop(self._coming))
            await self._wait()

    def _read_mails(self, links: Mapping[str, str]) -> None:
        """Learn what those do who got mails since the last look."""
        mails = self._control.get("/mails", {"from": self._read})
        for link, asks in links.items():
            if not any(link in mail["body"] for mail in mails):
                continue
            for doc in told_replies(self._control, link, self._read, asks=asks):
                if doc["link"] not in self._known and doc["says"] is not None:
                    self._known.add(doc["link"])
                    heappush(self._coming, Reply.from_document(doc))
        self._read += len(mails)

    async def _wait(self) -> None:
        """Until the next answer is due or a mail went out."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._calls.mailed.wait())]
        if self._coming:
            length = self._coming[0].at - self._clock.now()
            waits.append(asyncio.ensure_future(self._clock.sleep(length)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def told_replies(
    control: Control, links: str, first: int = 0, *, asks: str = "whether"
) -> list[dict[str, Any]]:
    """What people do about mails with such a link, the first of which is that number of the log.

    ``asks`` is ``whether`` they met, or ``how`` it was.
    """
    asked = {"link": links, "from": first, "asks": asks}
    found: list[dict[str, Any]] = control.get("/people/replies", asked)
    return found


def links_under(public_url: str, purpose: str = DID_YOU_MEET) -> str:
    """What every personal link of a purpose begins with."""
    return f"{public_url.rstrip('/')}{PATHS[purpose]}/"
