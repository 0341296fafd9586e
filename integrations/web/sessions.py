"""Sessions: a random key in a cookie, and its hash in the store.

In a browser's own window the cookie goes along with what comes from our pages alone
(``SameSite=Lax``). In a tab of Teams, where our pages stand in a frame of another site, no such
cookie would come back: there it is another one, ``SameSite=None``, kept by the browser for that
site alone (``Partitioned``, CHIPS). Only a sign-in through Teams sets it.
"""

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
TEAMS_COOKIE = "__Host-tandem-teams"
LONGEST = timedelta(hours=8)
REST = timedelta(hours=1)
"""How long somebody may do nothing before signing in again."""
_NOTED_EVERY = timedelta(minutes=5)
_KEY_BITS = 256
_LONGEST_KEY = 64


def key_in(request: Request) -> str | None:
    """The key that the browser sent, if it could be one."""
    return _key(request, COOKIE) or _key(request, TEAMS_COOKIE)


def is_in_teams(request: Request) -> bool:
    """Whether the key came as it does from a tab of Teams, and in no other way."""
    return _key(request, COOKIE) is None and _key(request, TEAMS_COOKIE) is not None


def _key(request: Request, name: str) -> str | None:
    key = request.cookies.get(name, "")
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


def give(response: Response, key: str, *, in_teams: bool = False) -> None:
    """Have the browser keep the key."""
    set_cookie(response, TEAMS_COOKIE if in_teams else COOKIE, key, LONGEST, in_teams=in_teams)


def set_cookie(
    response: Response, name: str, value: str, keeps: timedelta, *, in_teams: bool = False
) -> None:
    """A cookie of this host alone, out of reach of scripts; an empty value takes it away.

    With ``in_teams`` it is kept and sent within a frame of the site on top, and only there.
    """
    response.set_cookie(
        name,
        value,
        max_age=int(keeps.total_seconds()) if value else 0,
        path="/",
        secure=True,
        httponly=True,
        samesite="none" if in_teams else "lax",
    )
    if in_teams:
        # The library knows the attribute from Python 3.14 on.
        kept, value_ = response.raw_headers[-1]
        response.raw_headers[-1] = (kept, value_ + b"; Partitioned")
