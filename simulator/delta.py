"""``calendarView/delta``: what changed in a window of a calendar since somebody last asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urlencode

from simulator.calendars import Item
from simulator.directory import User
from simulator.errors import GraphError, invalid_request
from simulator.event_views import View, stamp
from simulator.odata import instant
from simulator.requests import Answer, Call
from simulator.services import Services

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#Collection(event)"
# What delta tells of an occurrence; everything else stands on its master.
_STUB = frozenset({"id", "type", "seriesMasterId", "start", "end"})
# Older tokens of a mailbox are forgotten.
_ROUNDS_KEPT = 8


@dataclass(frozen=True, slots=True)
class _Round:
    """One pass over a calendar: what it tells, in pages, and how everything stood.

    ``told`` are item ids, those of ``removed`` among them; ``inside`` and
    ``beyond`` the window map ids to etags.
    """

    number: int
    mailbox: str
    start: str
    end: str
    immutable: bool
    size: int
    told: list[str]
    removed: list[str]
    inside: dict[str, str]
    beyond: dict[str, str]


def calendar_view_delta(tenant: Services, call: Call) -> Answer:
    """GET /users/{user}/calendarView/delta: a first round, a next page or a next round."""
    query = call.request.query
    tokens = [name for name in ("$deltatoken", "$skiptoken") if name in query]
    if not tokens:
        start, end = (instant(query, name) for name in ("startDateTime", "endDateTime"))
        return _page(tenant, call, _first(tenant, call, start, end), 0)
    if len(query) > 1:
        raise invalid_request("A token already holds every parameter.")
    text = query[tokens[0]]
    kept, skip = _read_token(tenant, call, text)
    if tokens[0] == "$skiptoken":
        return _page(tenant, call, kept, skip)
    return _page(tenant, call, _next(tenant, call, kept), 0)


# Rounds


def _first(tenant: Services, call: Call, start: datetime, end: datetime) -> _Round:
    inside, beyond = _standing(
        tenant, call.mailbox, (start, end), immutable=call.prefer.immutable_ids
    )
    return _kept(
        tenant,
        _Round(
            _new_number(tenant),
            call.mailbox.id,
            stamp(start),
            stamp(end),
            call.prefer.immutable_ids,
            call.prefer.page_size or tenant.behaviour.page_size,
            list(inside),
            [],
            inside,
            beyond,
        ),
    )


def _next(tenant: Services, call: Call, before: _Round) -> _Round:
    """What changed since a round; now and then something that did not."""
    window = (datetime.fromisoformat(before.start), datetime.fromisoformat(before.end))
    inside, beyond = _standing(tenant, call.mailbox, window, immutable=before.immutable)
    number = _new_number(tenant)
    chance = Random(tenant.mint.digest("delta", number))
    replayed = tenant.behaviour.delta_replays
    told = [
        item_id
        for item_id, etag in inside.items()
        if before.inside.get(item_id) != etag or chance.random() * 100 < replayed
    ]
    removed = [item_id for item_id in before.inside if item_id not in inside]
    # Graph also calls removed what was made or changed, but stands outside of the window.
    removed += [
        item_id
        for item_id, etag in beyond.items()
        if before.beyond.get(item_id) != etag and item_id not in before.inside
    ]
    return _kept(
        tenant,
        _Round(
            number,
            before.mailbox,
            before.start,
            before.end,
            before.immutable,
            before.size,
            [*removed, *told],
            removed,
            inside,
            beyond,
        ),
    )


def _standing(
    tenant: Services, owner: User, window: tuple[datetime, datetime], *, immutable: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Etags by id: of what stands inside the window, masters included, and of all else."""
    inside: dict[str, str] = {}
    beyond: dict[str, str] = {}
    for master in tenant.calendars.items_of(owner):
        found = list(_dates(tenant, master, window))
        kept = inside if found else beyond
        # Of a single event the only date is the event itself.
        for item in [master, *found] if master.event.is_series else [master]:
            kept[tenant.calendars.item_id(item, immutable=immutable)] = tenant.views.etag(item)
    return inside, beyond


def _dates(tenant: Services, master: Item, window: tuple[datetime, datetime]) -> Iterator[Item]:
    for found in tenant.calendars.occurrences(master.event, *window):
        item = Item(master.event, found.day, master.owner)
        if item.standing is None or not item.standing.deleted:
            yield item


# Tokens


def _new_number(tenant: Services) -> int:
    number = int((tenant.storage.get("counter", "delta") or {}).get("value", 0)) + 1
    tenant.storage.put("counter", "delta", {"value": number})
    return number


def _key(tenant: Services, number: int) -> str:
    return tenant.mint.base64url("delta", number)


def _kept(tenant: Services, one: _Round) -> _Round:
    tenant.storage.put("delta", _key(tenant, one.number), one)
    rounds = [
        (doc["number"], key)
        for key, doc in tenant.storage.documents("delta")
        if doc["mailbox"] == one.mailbox
    ]
    for _, key in sorted(rounds)[:-_ROUNDS_KEPT]:
        tenant.storage.drop("delta", key)
    return one


def _read_token(tenant: Services, call: Call, token: str) -> tuple[_Round, int]:
    """The round of a token and the page of it.

    Raises:
        GraphError: 410 (or what the tenant is set to), the token is of no use any more.
    """
    key, _, skip = token.partition(".")
    doc = tenant.storage.get("delta", key)
    refusal = tenant.behaviour.delta_refusal
    if doc is None or doc["mailbox"] != call.mailbox.id or refusal == "gone":
        raise GraphError(
            410,
            "resyncRequired",
            "The sync state is gone; start anew.",
            headers={"Location": _fresh_start(call, doc)},
        )
    if refusal != "none":
        raise GraphError(400, refusal, "The sync state generation is not found.")
    return _Round(**doc), int(skip) if skip.isdigit() else 0


def _fresh_start(call: Call, doc: Mapping[str, Any] | None) -> str:
    address = f"{call.request.base}{call.request.path}"
    if doc is None:
        return address
    return f"{address}?{urlencode({'startDateTime': doc['start'], 'endDateTime': doc['end']})}"


# Pages


def _page(tenant: Services, call: Call, one: _Round, skip: int) -> Answer:
    told = one.told[skip : skip + one.size]
    removed = set(one.removed)
    body: dict[str, Any] = {"@odata.context": _CONTEXT}
    address, key = f"{call.request.base}{call.request.path}", _key(tenant, one.number)
    if skip + one.size < len(one.told):
        body["@odata.nextLink"] = f"{address}?$skiptoken={key}.{skip + one.size}"
    else:
        body["@odata.deltaLink"] = f"{address}?$deltatoken={key}"
    body["value"] = [
        _removed(item_id) if item_id in removed else _shown(tenant, call, one, item_id)
        for item_id in told
    ]
    return Answer(200, body)


def _removed(item_id: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.event",
        "id": item_id,
        "@removed": {"reason": "deleted"},
    }


def _shown(tenant: Services, call: Call, one: _Round, item_id: str) -> dict[str, Any]:
    """An item as it stands when its page is read; by then it may be gone."""
    try:
        item = tenant.calendars.item(call.mailbox, item_id)
    except GraphError:
        return _removed(item_id)
    exception = item.day is not None and item.day in item.event.altered
    select = _STUB if item.day is not None and not exception else frozenset[str]()
    view = View(zone=call.prefer.zone or "UTC", immutable=one.immutable, select=select)
    return {"@odata.type": "#microsoft.graph.event", **tenant.views.shown(item, view)}
