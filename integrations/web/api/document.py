"""The OpenAPI document, made from the endpoints themselves: every answer and every error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from integrations.api_client.shapes import Problem
from integrations.records import Json
from integrations.web.access import NEEDED, Who
from integrations.web.api.endpoint import Endpoint
from integrations.web.api.problems import KINDS, MEDIA_TYPE

MOST_BYTES = 256 * 1024
MOST_FILE_BYTES = 8 * 1024 * 1024
JSON = "application/json"
FILES = (
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
)
VERSION = "1.0"
_REF = "#/components/schemas/{model}"
_ALWAYS = ("malformed", "not_signed_in", "too_many", "failed", "later")
_WHOM = {
    **NEEDED,
    Who.SIGNED_IN: "everybody with a token",
    Who.COORDINATOR: "coordinators of the program",
    Who.SPONSOR: "coordinators and sponsors of the program",
    Who.OF_PAIR: "the two people of the pair and whoever keeps their calendar",
}
_ABOUT = """\
What Tandem's pages show and do, for programs. Callers bear an access token from Entra ID, their
own or a person's, and may exactly what they may on the pages. Every error is a problem (RFC 9457)
with a remedy. What changes something asks for an `Idempotency-Key`: for 24 hours the same key
does nothing twice and is answered the same. What mails somebody has a preview, and is done only
with the number of mails that it named."""


@cache
def document(endpoints: tuple[Endpoint, ...]) -> bytes:
    """The document as it is served."""
    shapes = list(dict.fromkeys(_shapes(endpoints)))
    schemas, definitions = models_json_schema(shapes, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.address, {})[endpoint.method.lower()] = _operation(
            endpoint, schemas
        )
    found = {
        "openapi": "3.1.0",
        "info": {"title": "Tandem", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"entra": []}],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "responses": {code: _problem(code) for code in KINDS},
            "securitySchemes": {
                "entra": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A v2.0 access token of Entra ID for Tandem's registration: of "
                    "a person with the scope `access_as_user`, or of an app.",
                }
            },
        },
    }
    return orjson.dumps(found)


def _shapes(endpoints: tuple[Endpoint, ...]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield Problem, "serialization"
    for endpoint in endpoints:
        yield endpoint.answer, "serialization"
        if endpoint.body is not None:
            yield endpoint.body, "validation"


def _operation(endpoint: Endpoint, schemas: dict[Any, Any]) -> Json:
    found: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": f"{endpoint.about} For {_WHOM[endpoint.who]}.".strip(),
        "tags": [endpoint.tag],
        "parameters": [*_of_path(endpoint), *_of_query(endpoint), *_of_key(endpoint)],
        "responses": {"200": _answered(endpoint, schemas), **_refused(endpoint)},
    }
    body = _body(endpoint, schemas)
    return found if body is None else {**found, "requestBody": body}


def _of_path(endpoint: Endpoint) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", endpoint.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"Id of the {'row' if name == 'need' else name}.",
            "schema": {"type": "string", "minLength": 1},
        }


def _of_query(endpoint: Endpoint) -> Iterator[Json]:
    schema = endpoint.query.model_json_schema()
    for name, member in schema.get("properties", {}).items():
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": member.get("description", name.capitalize()),
            "schema": {
                k: v for k, v in _plain(member).items() if k not in ("title", "description")
            },
        }


def _plain(member: Json) -> Json:
    """The schema of a member that may be left out; a query has no null."""
    kinds = [kind for kind in member.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return member
    return {**kinds[0], **{k: v for k, v in member.items() if k not in ("anyOf", "default")}}


def _of_key(endpoint: Endpoint) -> Iterator[Json]:
    if endpoint.is_write:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "A word of the caller's own for this act, kept for 24 hours.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
        }


def _body(endpoint: Endpoint, schemas: dict[Any, Any]) -> Json | None:
    if endpoint.takes_file:
        about = f"A roster, {MOST_FILE_BYTES // 1024 // 1024} MB at most."
        content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FILES}
    elif endpoint.body is not None:
        about = f"{MOST_BYTES // 1024} kB at most."
        content = {JSON: {"schema": schemas[endpoint.body, "validation"]}}
    else:
        return None
    return {"required": True, "description": about, "content": content}


def _answered(endpoint: Endpoint, schemas: dict[Any, Any]) -> Json:
    doc = (endpoint.answer.__doc__ or "").strip().split("\n")[0]
    found: dict[str, Any] = {
        "description": doc,
        "content": {JSON: {"schema": schemas[endpoint.answer, "serialization"]}},
    }
    if endpoint.is_write:
        found["headers"] = {
            "Idempotency-Replayed": {
                "description": "`true` where this was answered before and nothing was done now.",
                "schema": {"type": "string", "const": "true"},
            }
        }
    return found


def codes_of(endpoint: Endpoint) -> list[str]:
    """The kinds of problems that an endpoint may answer with."""
    codes = {*_ALWAYS}
    if endpoint.who is not Who.SIGNED_IN:
        codes |= {"not_for_you", "not_found"}
    if "{" in endpoint.path:
        codes.add("not_possible")
    if endpoint.body is not None or endpoint.takes_file:
        codes |= {"too_large", "wrong_type", "faults"}
    if endpoint.is_write:
        codes |= {"no_key", "key_reused", "in_progress", "not_possible"}
    if endpoint.body is not None and "mails" in endpoint.body.model_fields:
        codes.add("more_mails")
    return [code for code in KINDS if code in codes]


def _refused(endpoint: Endpoint) -> Json:
    """The problems by their status; where several share one, any of them."""
    by_status: dict[str, list[str]] = {}
    for code in codes_of(endpoint):
        by_status.setdefault(str(KINDS[code][0]), []).append(code)
    return {
        status: {"$ref": f"#/components/responses/{codes[0]}"}
        if len(codes) == 1
        else {**_problem(codes[0]), "description": " Or: ".join(_said(code) for code in codes)}
        for status, codes in by_status.items()
    }


def _said(code: str) -> str:
    _, title, remedy = KINDS[code]
    return f"`{code}`: {title}.{' ' + remedy if remedy else ''}"


def _problem(code: str) -> Json:
    status, _, _ = KINDS[code]
    headers: dict[str, Any] = {}
    if status == 401:
        headers["WWW-Authenticate"] = {
            "description": "Which token is asked for.",
            "schema": {"type": "string"},
        }
    if status in (409, 429, 503):
        headers["Retry-After"] = {
            "description": "Seconds to wait, where waiting helps.",
            "schema": {"type": "integer", "minimum": 1},
        }
    return {
        "description": _said(code),
        **({"headers": headers} if headers else {}),
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
