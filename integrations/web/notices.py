"""The body of a notification, read with suspicion: anybody on the internet may post one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from integrations.workflows.looking.hints import LIFECYCLE, Notice

MOST_ENTRIES = 10_000
_SUBSCRIPTION_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
# Ids of Exchange are Base64, in one of its two alphabets.
_EVENT_ID = re.compile(r"[0-9A-Za-z_\-+/=]{1,512}")
_LONGEST_STATE = 128


def read_notices(body: bytes) -> tuple[list[Notice], int]:
    """The entries that have the form of one, and how many others there are.

    Raises:
        ValueError: the body is no collection of entries; nothing of it is quoted.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ValueError("not JSON") from None
    entries = document.get("value") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise ValueError("not a collection of notifications")
    notices = [notice for notice in map(_notice, entries) if notice is not None]
    return notices, len(entries) - len(notices)


def _notice(entry: object) -> Notice | None:
    if not isinstance(entry, dict):
        return None
    subscription, state = entry.get("subscriptionId"), entry.get("clientState")
    lifecycle = entry.get("lifecycleEvent")
    if not isinstance(subscription, str) or not isinstance(state, str):
        return None
    if not _SUBSCRIPTION_ID.fullmatch(subscription):
        return None
    if len(state) > _LONGEST_STATE or (lifecycle is not None and lifecycle not in LIFECYCLE):
        return None
    return Notice(
        subscription_id=subscription,
        client_state=state,
        event_id=_event_id(entry),
        lifecycle=lifecycle,
    )


def _event_id(entry: Mapping[str, Any]) -> str | None:
    """The event that changed: ``resource`` is spelled in many ways, the id in one."""
    data = entry.get("resourceData")
    event_id = data.get("id") if isinstance(data, dict) else None
    return event_id if isinstance(event_id, str) and _EVENT_ID.fullmatch(event_id) else None
