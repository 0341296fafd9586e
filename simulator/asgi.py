"""The tenant's HTTP face: Graph, sign-in and, with a token, the control API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulator.batch import answer_batch
from simulator.control import control_routes
from simulator.errors import GraphError
from simulator.odata import read_query
from simulator.requests import Answer, ConnectionCutError, GraphRequest, LoggedCall
from simulator.sign_in import SignInRefusedError
from simulator.sign_in_pages import sign_in_routes
from simulator.tenant import Tenant

_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8"
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class CutResponse(Response):
    """An answer that breaks off: its head promises more than ever comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", b"1048576"),
                ],
            }
        )


def application(tenant: Tenant, control_token: str | None = None) -> Starlette:
    """The ASGI application; with a token it has the control API under ``/_control/``."""
    face = _Face(tenant)
    routes = [
        Route("/v1.0/{path:path}", face.graph, methods=_METHODS),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", face.discovery),
        Route("/{tenant}/discovery/v2.0/keys", face.keys),
        Route("/{tenant}/oauth2/v2.0/token", face.token, methods=["POST"]),
        Route("/msi/token", face.managed_token),
        *sign_in_routes(tenant),
    ]
    if control_token is not None:
        routes += control_routes(tenant, control_token)
    return Starlette(routes=routes)


def pages(tenant: Tenant) -> Starlette:
    """The ASGI application of the pages that browsers open, and nothing else."""
    return Starlette(routes=sign_in_routes(tenant))


class _Face:
    """Turns HTTP into requests of the tenant and their answers back."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def graph(self, request: Request) -> Response:
        tenant = self._tenant
        raw = await request.body()
        asked = GraphRequest(
            method=request.method,
            path="/" + request.path_params["path"],
            query=read_query(request.url.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=None,
            base=f"{_origin(request)}/v1.0",
            number=tenant.next_number(),
            arrived=tenant.clock(),
        )
        try:
            if raw:
                asked = _with_body(asked, raw)
            if asked.path.lower() == "/$batch" and asked.method == "POST":
                answer = await self._batch(asked)
            else:
                answer = await tenant.gate.answer(asked)
        except GraphError as refusal:
            answer = tenant.gate.refused(asked, refusal)
        except ConnectionCutError:
            return CutResponse()
        return _response(answer)

    async def _batch(self, asked: GraphRequest) -> Answer:
        status = 0
        try:
            answer = await answer_batch(self._tenant, asked)
            status = answer.status
        except GraphError as refusal:
            answer = self._tenant.gate.refused(asked, refusal)
            status = answer.status
        finally:
            self._tenant.log_call(
                LoggedCall(
                    asked.arrived,
                    "POST",
                    "/$batch",
                    "",
                    status,
                    asked.client_request_id,
                    cut=status == 0,
                )
            )
        return self._tenant.gate.finished(asked, answer)

    async def discovery(self, request: Request) -> Response:
        refused = self._wrong_tenant(request)
        return refused or _json(self._tenant.sign_in.discovery(_origin(request)))

    async def keys(self, request: Request) -> Response:
        return self._wrong_tenant(request) or _json(self._tenant.sign_in.keys())

    async def token(self, request: Request) -> Response:
        tenant = self._tenant
        refused = self._wrong_tenant(request)
        if refused is not None:
            return refused
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        number, arrived = tenant.next_number(), tenant.clock()
        try:
            fault = tenant.faults.meeting("POST", "/oauth2/v2.0/token", frozenset())
            if fault is not None and fault.effect == "token_refused":
                raise SignInRefusedError(
                    "invalid_client", 7000215, "Invalid client secret provided."
                )
            if fault is not None and fault.effect == "cut_before":
                return CutResponse()
            if fault is not None and fault.effect in ("error", "throttle"):
                return self._broken(arrived, fault.status, fault.retry_after)
            gives = (
                tenant.people_sign_in.redeem
                if form.get("grant_type") == "authorization_code"
                else tenant.sign_in.token
            )
            answer = _json(gives(form, _origin(request)))
        except SignInRefusedError as refusal:
            body = tenant.sign_in.refusal_body(refusal, number)
            answer = _json(body, refusal.status)
        self._log_token(arrived, answer.status_code)
        return answer

    def _broken(self, arrived: Any, status: int, retry_after: int | None) -> Response:
        self._log_token(arrived, status)
        body = {"error": "temporarily_unavailable", "error_description": "AADSTS90033: try again."}
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return _json(body, status, headers)

    def _log_token(self, arrived: Any, status: int) -> None:
        self._tenant.log_call(LoggedCall(arrived, "POST", "/oauth2/v2.0/token", "", status, ""))

    async def managed_token(self, request: Request) -> Response:
        header = request.headers.get("x-identity-header", "")
        try:
            return _json(
                self._tenant.sign_in.managed_token(
                    dict(request.query_params), header, _origin(request)
                )
            )
        except SignInRefusedError as refusal:
            return _json({"statusCode": 400, "message": refusal.message}, 400)

    def _wrong_tenant(self, request: Request) -> Response | None:
        named = request.path_params["tenant"].lower()
        if named == self._tenant.tenant_id:
            return None
        refusal = SignInRefusedError(
            "invalid_tenant", 90002, f"Tenant '{named}' not found.", status=400
        )
        body = self._tenant.sign_in.refusal_body(refusal, self._tenant.next_number())
        return _json(body, refusal.status)


def _with_body(asked: GraphRequest, raw: bytes) -> GraphRequest:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from None
    return GraphRequest(
        asked.method,
        asked.path,
        asked.query,
        asked.headers,
        body,
        asked.base,
        asked.number,
        asked.arrived,
    )


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.page is not None:
        return Response(answer.page, answer.status, headers, "text/html")
    if answer.body is None:
        return Response(None, answer.status, headers)
    return Response(orjson.dumps(answer.body), answer.status, {**headers, "content-type": _JSON})


def _json(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(body),
        status,
        {"content-type": "application/json; charset=utf-8", **(headers or {})},
    )
