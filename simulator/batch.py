"""``$batch``: up to twenty requests in one, four at a time for one mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

from simulator.behaviour import MOST_BATCH_ITEMS
from simulator.errors import GraphError
from simulator.odata import read_query
from simulator.requests import Answer, GraphRequest
from simulator.tenant import Tenant

_AT_ONCE = 4


async def answer_batch(tenant: Tenant, outer: GraphRequest) -> Answer:
    """200 with one answer per item, in no order; each item's fate is its own.

    Raises:
        GraphError: 400, the batch itself is not well-formed; 401, no valid token.
        ConnectionCutError: a fault of some item broke the connection of them all.
    """
    tenant.sign_in.app_of(outer.headers.get("authorization", ""))
    items = _items(outer.body)
    answers: dict[str, Answer] = {}
    for wave in _waves(items):
        lanes: dict[str, asyncio.Semaphore] = {}
        # Without latency nothing waits, and nothing has to be started side by side.
        if tenant.behaviour.latency:
            done = await asyncio.gather(
                *(_run(tenant, outer, item, answers, lanes) for item in wave)
            )
        else:
            done = [await _run(tenant, outer, item, answers, lanes) for item in wave]
        answers.update(zip((str(item["id"]) for item in wave), done, strict=True))
    responses = [
        {
            "id": number,
            "status": answer.status,
            "headers": dict(answer.headers),
            **({} if answer.body is None else {"body": answer.body}),
        }
        for number, answer in answers.items()
    ]
    Random(f"batch {tenant.mint.seed} {outer.number}").shuffle(responses)
    return Answer(200, {"responses": responses})


def _items(body: object) -> list[Mapping[str, Any]]:
    items = body.get("requests") if isinstance(body, Mapping) else None
    if not isinstance(items, list) or not items:
        raise _malformed("Invalid batch payload format.")
    if len(items) > MOST_BATCH_ITEMS:
        raise _malformed(f"Number of requests exceeds the limit of {MOST_BATCH_ITEMS}.")
    seen: set[str] = set()
    for item in items:
        if not isinstance(item, Mapping) or not all(item.get(k) for k in ("id", "method", "url")):
            raise _malformed("Each request needs id, method and url.")
        number = str(item["id"]).lower()
        if number in seen:
            raise _malformed(f"Request ids have to be unique: {item['id']}.")
        seen.add(number)
        headers = {str(name).lower() for name in item.get("headers") or {}}
        if item.get("body") is not None and "content-type" not in headers:
            raise _malformed(f"Request {item['id']} has a body but no Content-Type header.")
    return items


def _malformed(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def _waves(items: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Items in groups, each depending on earlier groups alone."""
    waves: list[list[Mapping[str, Any]]] = []
    done: set[str] = set()
    left = list(items)
    while left:
        wave = [item for item in left if set(map(str, item.get("dependsOn") or ())) <= done]
        if not wave:
            raise _malformed("dependsOn names no request of the batch, or goes in a circle.")
        waves.append(wave)
        done |= {str(item["id"]) for item in wave}
        left = [item for item in left if item not in wave]
    return waves


async def _run(
    tenant: Tenant,
    outer: GraphRequest,
    item: Mapping[str, Any],
    answers: Mapping[str, Answer],
    lanes: dict[str, asyncio.Semaphore],
) -> Answer:
    failed = [n for n in item.get("dependsOn") or () if answers[str(n)].status >= 400]
    if failed:
        refusal = GraphError(
            424, "FailedDependency", f"Request {failed[0]}, which this one depends on, failed."
        )
        return tenant.gate.refused(outer, refusal)
    url = urlsplit(str(item["url"]))
    path = "/" + unquote(url.path).lstrip("/")
    lane = lanes.setdefault("/".join(path.split("/")[:3]).lower(), asyncio.Semaphore(_AT_ONCE))
    async with lane:
        request = GraphRequest(
            method=str(item["method"]).upper(),
            path=path,
            query=read_query(url.query),
            headers={
                "authorization": outer.headers.get("authorization", ""),
                "client-request-id": outer.client_request_id,
                **{str(k).lower(): str(v) for k, v in (item.get("headers") or {}).items()},
            },
            body=item.get("body"),
            base=outer.base,
            number=tenant.next_number(),
            arrived=outer.arrived,
            in_batch=True,
        )
        return await tenant.gate.answer(request)
