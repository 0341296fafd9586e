"""Cursors: where a list goes on, as a word that means nothing to anybody else.

A cursor names the last thing of a stretch, never a count, so that things added meanwhile neither
repeat nor hide any. It is no secret and needs no signature: what it names is looked for among what
the caller may see. It holds ids, instants and numbers, no names: addresses end up in logs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson

from integrations.web.api.problems import ApiError

T = TypeVar("T")


def cursor_of(last: Sequence[str | int]) -> str:
    """The cursor after the thing with these values."""
    return base64.urlsafe_b64encode(orjson.dumps(list(last))).decode("ascii").rstrip("=")


def values_in(cursor: str | None, *kinds: type[str | int]) -> list[str | int] | None:
    """What ``cursor_of`` was given; None where there is no cursor.

    Raises:
        ApiError: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        values = None
    is_ours = isinstance(values, list) and len(values) == len(kinds)
    if not is_ours or any(type(v) is not kind for v, kind in zip(values, kinds, strict=True)):
        raise ApiError("malformed", "The cursor is none of this list.")
    return list(values)


def stretch(
    items: Sequence[T],
    key: Callable[[T], tuple[str, ...]],
    last: Sequence[str | int] | None,
    limit: int,
) -> tuple[list[T], str | None]:
    """At most ``limit`` of ``items``, which are in the order of their keys, and the next cursor."""
    after = None if last is None else tuple(map(str, last))
    rest = [item for item in items if after is None or key(item) > after]
    here = rest[:limit]
    return here, cursor_of(key(here[-1])) if len(rest) > limit else None
