"""Sessions: a random key in a cookie, and its hash in the store."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from starlette.requests import Request
from starlette.responses import Response

from integrations.page_records import WebSession
from integrations.ports import DirectoryUser, Identity, Transaction

COOKIE = "__Host-tandem"
LONGEST = timedelta(hours=8)
REST = timedelta(hours=1)
"""How long somebody may do nothing before signing in again."""
_NOTED_EVERY = timedelta(minutes=5)
_KEY_BITS = 256
_LONGEST_KEY = 64


def key_in(request: Request) -> str | None:
    """The key that the browser sent, if it could be one."""
    key = request.cookies.get(COOKIE, "")
    return key if 0 < len(key) <= _LONGEST_KEY else None


def hash_of(key: str) -> str:
    """What the store knows a key by."""
    return sha256(key.encode("utf-8", errors="replace")).hexdigest()


def begin(
    tx: Transaction, identity: Identity, account: DirectoryUser, secrets: Random, now: datetime
) -> str:
    """Sign somebody in; the new key. Sessions that are over are forgotten by the way."""
    drawn = secrets.getrandbits(_KEY_BITS).to_bytes(_KEY_BITS // 8)
    key = base64.urlsafe_b64encode(drawn).decode("ascii").rstrip("=")
    tx.web_sessions.remove_expired(now)
    tx.web_sessions.add(
        WebSession(
            id=hash_of(key),
            directory_id=identity.directory_id,
            mail=account.mail,
            name=account.name,
            roles=identity.roles,
            created_at=now,
            seen_at=now,
            expires_at=now + REST,
        )
    )
    return key


def find(tx: Transaction, key: str, now: datetime) -> WebSession | None:
    """The session with this key if it is in force; it lives on by being used."""
    session = tx.web_sessions.get(hash_of(key))
    if session is None or now >= session.expires_at:
        return None
    if now - session.seen_at >= _NOTED_EVERY:
        ends = min(now + REST, session.created_at + LONGEST)
        session = replace(session, seen_at=now, expires_at=ends)
        tx.web_sessions.put(session)
    return session


def end(tx: Transaction, key: str) -> None:
    """Sign out."""
    tx.web_sessions.remove(hash_of(key))


def give(response: Response, key: str) -> None:
    """Have the browser keep the key."""
    set_cookie(response, COOKIE, key, LONGEST)


def set_cookie(response: Response, name: str, value: str, keeps: timedelta) -> None:
    """A cookie of this host alone, out of reach of scripts; an empty value takes it away."""
    response.set_cookie(
        name,
        value,
        max_age=int(keeps.total_seconds()) if value else 0,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
