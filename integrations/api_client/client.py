"""A typed client of the JSON API.

It asks again by itself where the API says when, and with the same key, so that nothing is done
twice; lists come whole, stretch by stretch.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from integrations.api_client import models as m
from integrations.api_client.orders import Act, Query, WishApproval, WishAsked
from integrations.api_client.shapes import Answer, Problem, Shape

A = TypeVar("A", bound=Answer)
_JSON = "application/json"
_AGAIN = frozenset({"too_many", "in_progress", "later"})


class ApiProblemError(Exception):
    """The API refused or failed; ``problem`` says why and what would help."""

    def __init__(self, problem: Problem, retry_after: timedelta | None = None) -> None:
        self.problem, self.retry_after = problem, retry_after
        super().__init__(f"{problem.status} {problem.code}: {problem.detail} {problem.remedy}")


class ApiClient:
    """Asks Tandem's JSON API for one caller.

    Parameters:
        url: where Tandem's pages are, such as ``https://tandem.firm.example``.
        token: gives an access token for Tandem; asked before each request, so it may cache.
        transport: stands in for the network.
        sleep: how to wait before asking again.
        tries: how often one request is made at most.
        new_key: a new idempotency key.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], Awaitable[str]],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        tries: int = 4,
        new_key: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/api/v1",
            transport=transport,
            timeout=60,
            # A token is for Tandem alone.
            follow_redirects=False,
        )
        self._token, self._sleep, self._tries = token, sleep, tries
        self._new_key = new_key

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    # --- reading ---------------------------------------------------------------------------

    async def me(self) -> m.Me:
        """Who the token stands for."""
        return await self._get("/me", m.Me)

    async def programs(self) -> AsyncIterator[m.ProgramRef]:
        """Programs that the caller coordinates or sponsors."""
        async for page in self._pages("/programs", m.Programs, {}):
            for item in page.items:
                yield item

    async def overview(self, program: str) -> m.OverviewAnswer:
        """A program at a glance."""
        return await self._get(_path("programs", program, "overview"), m.OverviewAnswer)

    async def sponsor(self, program: str) -> m.SponsorAnswer:
        """The sponsor's figures."""
        return await self._get(_path("programs", program, "sponsor"), m.SponsorAnswer)

    async def pairs(self, program: str, asked: Query | None = None) -> AsyncIterator[m.PairListed]:
        """Pairs of a program; ``asked`` is a :class:`PairsAsked`."""
        path, query = _path("programs", program, "pairs"), _query(asked)
        async for page in self._pages(path, m.PairsListed, query):
            for item in page.items:
                yield item

    async def pair(self, program: str, pair: str) -> m.PairAnswer:
        """One pair."""
        return await self._get(_path("programs", program, "pairs", pair), m.PairAnswer)

    async def hours(self, program: str, pair: str) -> m.Hours:
        """Regular hours that suit both of a pair now."""
        return await self._get(_path("programs", program, "pairs", pair, "hours"), m.Hours)

    async def existing_series(self, program: str, pair: str) -> m.FoundSeries:
        """Series that the two of a pair have already in a program mailbox."""
        path = _path("programs", program, "pairs", pair, "existing-series")
        return await self._get(path, m.FoundSeries)

    async def own_pair(self, pair: str) -> m.OwnPair:
        """A pair as one of the two, or their assistant, sees it."""
        return await self._get(_path("pairs", pair), m.OwnPair)

    async def timeline(self, program: str, pair: str) -> AsyncIterator[m.JournalLine]:
        """The story of a pair, newest first."""
        path = _path("programs", program, "pairs", pair, "timeline")
        async for page in self._pages(path, m.JournalPage, {}):
            for item in page.items:
                yield item

    async def journal(self, program: str) -> AsyncIterator[m.JournalLine]:
        """The journal of a program, newest first."""
        async for page in self._pages(_path("programs", program, "journal"), m.JournalPage, {}):
            for item in page.items:
                yield item

    async def needs(self, asked: Query | None = None) -> AsyncIterator[m.NeedAnswer]:
        """What waits for the caller; ``asked`` is a :class:`NeedsAsked`."""
        async for page in self._pages("/needs", m.NeedsPage, _query(asked)):
            for item in page.items:
                yield item

    async def rule(self, program: str) -> m.RuleAnswer:
        """The rule in force."""
        return await self._get(_path("programs", program, "rule"), m.RuleAnswer)

    async def health(self) -> m.HealthAnswer:
        """How the installation is."""
        return await self._get("/health", m.HealthAnswer)

    async def writing(self) -> m.WritingAnswer:
        """Whether anything is written."""
        return await self._get("/writing", m.WritingAnswer)

    # --- acts ------------------------------------------------------------------------------

    async def preview(self, program: str, pair: str, act: str, asked: Act) -> m.Preview:
        """What an act on a pair would do; ``act`` is the last part of its address."""
        path = _path("programs", program, "pairs", pair, act, "preview")
        return await self._send("POST", path, m.Preview, _body(asked))

    async def act(
        self, program: str, pair: str, act: str, asked: Act, *, mails: int, key: str | None = None
    ) -> m.Done:
        """Do it, if it causes no more mails than ``mails``."""
        path = _path("programs", program, "pairs", pair, act)
        return await self._send("POST", path, m.Done, {**_body(asked), "mails": mails}, key)

    async def preview_need(self, need: str, asked: Shape) -> m.Preview:
        """What an act that a row offers would do; ``asked`` is a :class:`NeedAct`."""
        return await self._send(
            "POST", _path("needs", need, "act", "preview"), m.Preview, _body(asked)
        )

    async def act_on_need(
        self, need: str, asked: Shape, *, mails: int, key: str | None = None
    ) -> m.Done:
        """Do what a row offers."""
        body = {**_body(asked), "mails": mails}
        return await self._send("POST", _path("needs", need, "act"), m.Done, body, key)

    async def change_need(
        self, need: str, change: str, asked: Shape | None = None, *, key: str | None = None
    ) -> m.NeedChanged:
        """``take``, ``snooze``, ``note`` or ``done``."""
        body = None if asked is None else _body(asked)
        return await self._send("POST", _path("needs", need, change), m.NeedChanged, body, key)

    async def preview_rule(self, program: str, rule: Mapping[str, Any]) -> m.RulePreview:
        """What a rule would do to each pair."""
        path = _path("programs", program, "rule", "preview")
        return await self._send("POST", path, m.RulePreview, {"rule": rule})

    async def put_rule(
        self, program: str, rule: Mapping[str, Any], *, mails: int, key: str | None = None
    ) -> m.RuleSaved:
        """Put a rule in force; ``mails`` is the very number of its preview."""
        body = {"rule": rule, "mails": mails}
        return await self._send("PUT", _path("programs", program, "rule"), m.RuleSaved, body, key)

    async def preview_roster(self, program: str, roster: bytes) -> m.RosterPreview:
        """What importing a roster would do."""
        path = _path("programs", program, "roster", "preview")
        return await self._send("POST", path, m.RosterPreview, roster)

    async def import_roster(
        self, program: str, roster: bytes, *, key: str | None = None
    ) -> m.RosterImported:
        """Import a roster, whole or not at all."""
        path = _path("programs", program, "roster")
        return await self._send("POST", path, m.RosterImported, roster, key)

    async def stop_writing(self, *, key: str | None = None) -> m.WritingAnswer:
        """Let nothing be written from now on."""
        return await self._send("POST", "/writing/stop", m.WritingAnswer, None, key)

    async def let_writing_go_on(self, *, key: str | None = None) -> m.WritingAnswer:
        """Let writing go on."""
        return await self._send("POST", "/writing/go-on", m.WritingAnswer, None, key)

    async def own_wishes(self) -> m.OwnWishes:
        """Your wishes for a pairing, and where you may make one."""
        return await self._get("/wishes", m.OwnWishes)

    async def ask_for_pairing(self, asked: WishAsked, *, key: str | None = None) -> m.WishStands:
        """Ask for a pairing, or wait for one."""
        return await self._send("POST", "/wishes", m.WishStands, _body(asked), key)

    async def take_wish_back(self, wish: str, *, key: str | None = None) -> m.WishStands:
        """Wish no longer."""
        path, body = "/wishes/take-back", {"wish": wish}
        return await self._send("POST", path, m.WishStands, body, key)

    async def wishes(self, program: str) -> AsyncIterator[m.WishAnswer]:
        """Who waits in a program, oldest first."""
        async for page in self._pages(_path("programs", program, "wishes"), m.WishesPage, {}):
            for wish in page.items:
                yield wish

    async def approve_wish(
        self, program: str, asked: WishApproval, *, key: str | None = None
    ) -> m.WishApproved:
        """Enrol and plan the two."""
        path = _path("programs", program, "wishes", "approve")
        return await self._send("POST", path, m.WishApproved, _body(asked), key)

    async def decline_wish(
        self, program: str, wish: str, *, key: str | None = None
    ) -> m.WishStands:
        """Not now."""
        path = _path("programs", program, "wishes", "decline")
        return await self._send("POST", path, m.WishStands, {"wish": wish}, key)

    # --- one request -----------------------------------------------------------------------

    async def _get(self, path: str, answer: type[A], query: Mapping[str, Any] | None = None) -> A:
        return await self._asked(answer, "GET", path, params=dict(query or {}))

    async def _pages(self, path: str, page: type[A], query: Mapping[str, Any]) -> AsyncIterator[A]:
        here = await self._get(path, page, query)
        yield here
        while (cursor := getattr(here, "next", None)) is not None:
            here = await self._get(path, page, {**query, "cursor": cursor})
            yield here

    async def _send(
        self,
        method: str,
        path: str,
        answer: type[A],
        body: Mapping[str, Any] | bytes | None,
        key: str | None = None,
    ) -> A:
        # One key for all tries: whatever became of the first, it is done once.
        headers = {"Idempotency-Key": key or self._new_key()}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/octet-stream"
            return await self._asked(answer, method, path, headers=headers, content=body)
        return await self._asked(answer, method, path, headers=headers, json=body or {})

    async def _asked(self, answer: type[A], method: str, path: str, **more: Any) -> A:
        headers = more.pop("headers", {})
        for left in reversed(range(self._tries)):
            bearer = {"Authorization": f"Bearer {await self._token()}", "Accept": _JSON}
            try:
                got = await self._http.request(method, path, headers={**headers, **bearer}, **more)
            except httpx.TransportError:
                if not left:
                    raise
                await self._sleep(1)
                continue
            if got.is_success:
                return answer.model_validate_json(got.content)
            refused = _problem(got)
            if not left or refused.problem.code not in _AGAIN or refused.retry_after is None:
                raise refused
            await self._sleep(refused.retry_after.total_seconds())
        raise ValueError("tries has to be one at least")


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _body(asked: Shape) -> dict[str, Any]:
    return asked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _query(asked: Query | None) -> dict[str, Any]:
    return {} if asked is None else asked.model_dump(mode="json", exclude_unset=True)


def _problem(got: httpx.Response) -> ApiProblemError:
    try:
        problem = Problem.model_validate_json(got.content)
    except ValidationError:
        # Somebody in front of Tandem answered.
        problem = Problem(
            type="about:blank",
            title=got.reason_phrase or "No problem of Tandem's",
            status=max(400, got.status_code),
            code="later" if got.status_code in (502, 503, 504) else "unknown",
            detail="The answer is not Tandem's.",
            remedy="Look at what stands between you and Tandem.",
        )
    waits = got.headers.get("retry-after", "")
    return ApiProblemError(problem, timedelta(seconds=int(waits)) if waits.isdecimal() else None)
