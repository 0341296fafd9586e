"""From a request to an endpoint and back: who calls, may they, is it well-formed, was it done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.api_client.shapes import Answer
from integrations.ports import Identity, Transaction
from integrations.records import Json
from integrations.web.api import once
from integrations.web.api.callers import Callers, token_in
from integrations.web.api.document import FILES, JSON, MOST_BYTES, MOST_FILE_BYTES, document
from integrations.web.api.endpoint import ROOT, Call, Do, Endpoint, GoOn
from integrations.web.api.problems import ApiError, answer_of, faults_of
from integrations.web.frame import Asked, address_of, visit_of
from integrations.web.headers import HEADERS
from integrations.web.limits import Limit
from integrations.workflows.app import App

DOCUMENT_PATH = f"{ROOT}/openapi.json"
_KEY = "idempotency-key"
_KEPT = "Idempotency-Replayed"


@dataclass(slots=True)
class ApiFrame:
    """Answers requests to the JSON API.

    Parameters:
        application: gives the open application of the running event loop.
        endpoints: all there are.
    """

    application: Callable[[], Awaitable[App]]
    endpoints: tuple[Endpoint, ...]
    by_caller: Limit = field(default_factory=lambda: Limit(per_minute=240, burst=120))
    by_address: Limit = field(default_factory=lambda: Limit(per_minute=60, burst=60))
    callers: Callers = field(default_factory=Callers)

    def routes(self) -> list[Route]:
        """The routes of these endpoints and of the document, one for each address."""
        by_address: dict[str, dict[str, Endpoint]] = {}
        for endpoint in self.endpoints:
            by_address.setdefault(endpoint.address, {})[endpoint.method] = endpoint
        found = [
            Route(address, self._answers(methods), methods=list(methods))
            for address, methods in by_address.items()
        ]
        return [Route(DOCUMENT_PATH, self._document, methods=["GET"]), *found]

    def _answers(self, methods: dict[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            try:
                return await self._answer(request, methods[method])
            except Exception as error:  # noqa: BLE001 - nothing stands above but the host
                return answer_of(error)

        return answer

    async def _document(self, request: Request) -> Response:
        return Response(document(self.endpoints), media_type=JSON, headers=HEADERS)

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        app = await self.application()
        now = app.clock.now()
        identity = await self._identity(app, request, now)
        _within(self.by_caller, identity.directory_id, now)
        viewer = await self.callers.viewer(app, identity, now)
        path = {name: str(value) for name, value in request.path_params.items()}
        visit = await visit_of(app, viewer, endpoint.who, Asked(path))
        query = _query(request, endpoint)
        raw = await _body(request, endpoint)
        call = Call(visit=visit, query=query, body=_shaped(raw, endpoint), raw=raw, mark=_unmarked)
        if endpoint.go_on is None:
            return _sent(await endpoint.do(call))
        key = request.headers.get(_KEY)
        what = b"\n".join((endpoint.method.encode(), request.url.path.encode(), raw))
        asked = once.Asked.of(identity.directory_id, key, what)
        answered = await _once(call, asked, endpoint.do, endpoint.go_on)
        headers = {_KEPT: "true"} if answered.is_kept else {}
        return Response(
            orjson.dumps(answered.body), headers={**HEADERS, **headers}, media_type=JSON
        )

    async def _identity(self, app: App, request: Request, now: datetime) -> Identity:
        """Who calls; whoever cannot say so is limited by where they come from."""
        try:
            return await self.callers.identity(app, token_in(request))
        except Exception:
            _within(self.by_address, address_of(request), now)
            raise


async def _once(call: Call, asked: once.Asked, do: Do, go_on: GoOn) -> once.Answered:
    return await once.answered_once(
        call.visit.app,
        asked,
        lambda mark: do(replace(call, mark=mark)),
        lambda done: go_on(call, done),
    )


def _unmarked(tx: Transaction, done: Json) -> None:
    raise LookupError("an endpoint that changes nothing has nothing to keep")


def _within(limit: Limit, key: str, now: datetime) -> None:
    waits = limit.take(key, now)
    if waits is not None:
        raise ApiError("too_many", "Too many requests came at once.", retry_after=waits)


def _sent(answer: Answer) -> Response:
    return Response(answer.model_dump_json(), media_type=JSON, headers=HEADERS)


def _query(request: Request, endpoint: Endpoint) -> Any:
    given = dict(request.query_params)
    try:
        # What stands in an address is text; only here it becomes numbers and the like.
        return endpoint.query.model_validate(given, strict=False)
    except ValidationError as error:
        raise ApiError("malformed", "The query is wrong.", faults=faults_of(error)) from None


def _shaped(raw: bytes, endpoint: Endpoint) -> Any:
    if endpoint.body is None:
        return None
    try:
        return endpoint.body.model_validate_json(raw or b"{}")
    except ValidationError as error:
        if any(each["type"] == "json_invalid" for each in error.errors(include_url=False)):
            raise ApiError("malformed", "The body is no JSON.") from None
        raise ApiError("faults", "The body is wrong.", faults=faults_of(error)) from None


async def _body(request: Request, endpoint: Endpoint) -> bytes:
    """What was sent, bounded before it is read.

    Raises:
        ApiError: it is too large or of another type than the endpoint takes.
    """
    if endpoint.body is None and not endpoint.takes_file:
        return b""
    most = MOST_FILE_BYTES if endpoint.takes_file else MOST_BYTES
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > most:
                raise ApiError("too_large", f"More than {most} bytes were sent.")
    except ClientDisconnect:
        raise ApiError("malformed", "The body broke off.") from None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = FILES if endpoint.takes_file else (JSON,)
    if data and kind not in taken:
        raise ApiError("wrong_type", f"The body has to be {' or '.join(taken)}.")
    return bytes(data)
