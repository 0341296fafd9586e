"""The same key does nothing twice: not when it is asked again, at the same time, or after death.

The request is on record before anything is done. What does it, keeps in its own transaction that
it is done (``Mark``); so whoever finds the request later knows whether to do it or to go on from
there. A request that was refused is forgotten: nothing was changed, and the key is free again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from integrations.api_client.shapes import Answer
from integrations.errors import ClaimLostError
from integrations.page_records import KeptAnswer
from integrations.ports import Transaction
from integrations.records import Json
from integrations.web.api.endpoint import Mark
from integrations.web.api.problems import ApiError
from integrations.workflows.app import App

KEEPS = timedelta(hours=24)
"""So long an answer is kept, and a key is taken."""
_LONGEST_KEY = 200
_HOLDER_BITS = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a key: ``id`` says who asks with which key, ``digest`` what for."""

    id: str
    digest: str

    @classmethod
    def of(cls, caller: str, key: str | None, what: bytes) -> Asked:
        """The request of ``caller``.

        Raises:
            ApiError: there is no key, or none that could be one.
        """
        if (
            key is None
            or not 0 < len(key) <= _LONGEST_KEY
            or not (key.isascii() and _printable(key))
        ):
            raise ApiError("no_key", "The header Idempotency-Key is missing or not of its form.")
        return cls(_hash(f"{caller}\n{key}".encode()), _hash(what))


def _printable(key: str) -> bool:
    return key.isprintable() and bool(key.strip())


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Answered:
    """What is answered; ``is_kept`` where it was answered before."""

    body: Json
    is_kept: bool = False


async def answered_once(
    app: App,
    asked: Asked,
    do: Callable[[Mark], Awaitable[Answer]],
    go_on: Callable[[Json], Awaitable[Answer]],
) -> Answered:
    """Do what is asked for unless it is done, and answer.

    Parameters:
        do: does it; it hands on to its transaction what it is given.
        go_on: answers for what is done already, from what was kept of it.

    Raises:
        ApiError: the key was used for something else, or is being carried out.
    """
    holder = f"{app.secrets.getrandbits(_HOLDER_BITS):016x}"
    kept = await app.store.run(lambda tx: _begin(tx, app, asked, holder))
    if kept.status is not None:
        return Answered(kept.body or {}, is_kept=True)

    def mark(tx: Transaction, done: Json) -> None:
        tx.kept_answers.put(replace(_held(tx, asked, holder), done=done))

    try:
        answer = await (do(mark) if kept.done is None else go_on(kept.done))
    except Exception:
        await app.store.run(lambda tx: _let_go(tx, asked, holder, app.clock.now()))
        raise
    body: Json = answer.model_dump(mode="json")

    def keep(tx: Transaction) -> None:
        tx.kept_answers.put(replace(_held(tx, asked, holder), status=200, body=body))

    await app.store.run(keep)
    return Answered(body)


def _begin(tx: Transaction, app: App, asked: Asked, holder: str) -> KeptAnswer:
    now = app.clock.now()
    until = now + app.options.claim_length
    tx.kept_answers.remove_expired(now)
    known = tx.kept_answers.get(asked.id)
    if known is None:
        begun = KeptAnswer(
            id=asked.id,
            asked=asked.digest,
            holder=holder,
            claimed_until=until,
            expires_at=now + KEEPS,
        )
        tx.kept_answers.add(begun)
        return begun
    if known.asked != asked.digest:
        raise ApiError("key_reused", "Another request was made with this key.")
    if known.status is not None:
        return known
    if now < known.claimed_until:
        waits = known.claimed_until - now
        raise ApiError("in_progress", "It is not answered yet.", retry_after=waits)
    taken = replace(known, holder=holder, claimed_until=until)
    tx.kept_answers.put(taken)
    return taken


def _held(tx: Transaction, asked: Asked, holder: str) -> KeptAnswer:
    """The request while it is ours; nothing is done by whoever was given up."""
    kept = tx.kept_answers.get(asked.id)
    if kept is None or kept.holder != holder:
        raise ClaimLostError("the request was taken up by another process")
    return kept


def _let_go(tx: Transaction, asked: Asked, holder: str, now: datetime) -> None:
    kept = tx.kept_answers.get(asked.id)
    if kept is None or kept.holder != holder:
        return
    if kept.done is None:
        tx.kept_answers.remove(asked.id)
    else:
        tx.kept_answers.put(replace(kept, claimed_until=now))
