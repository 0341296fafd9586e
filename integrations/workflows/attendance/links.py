"""Personal links: for one person, about one session, worth nothing once used or expired.

The link is a random id and its signature. The store holds the id alone, so reading the store gives
nobody a link; the signature alone says nothing, so whether a link still works is the store's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from uuid import UUID

from itsdangerous import BadSignature, Signer

from integrations.attendance_records import Link
from integrations.ports import Transaction

LIVES = timedelta(days=7)
PATH = "/met"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """Makes links under ``public_url`` and reads them. ``keys`` sign; the first is the newest."""

    public_url: str
    keys: Sequence[str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("links need a key that signs them")

    def url(self, link_id: str) -> str:
        """The link with this id, the same each time as long as the newest key is."""
        return f"{self.public_url.rstrip('/')}{PATH}/{self._signer.sign(link_id).decode('ascii')}"

    def read(self, token: str) -> str | None:
        """The id in the last part of a link; None if it was not signed with one of the keys."""
        if len(token) > _LONGEST:
            return None
        try:
            return self._signer.unsign(token).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    @property
    def _signer(self) -> Signer:
        # The library signs with the last of its keys and takes any of them.
        return Signer(list(reversed(self.keys)), salt="tandem link", digest_method=sha256)


def issue(
    tx: Transaction,
    person_id: str,
    session_id: str,
    purpose: str,
    now: datetime,
    secrets: Random,
) -> Link:
    """A new link; several for one purpose may live side by side."""
    link = Link(
        id=UUID(int=secrets.getrandbits(128)).hex,
        person_id=person_id,
        session_id=session_id,
        purpose=purpose,
        issued_at=now,
        expires_at=now + LIVES,
    )
    tx.links.add(link)
    return link


def prolong(tx: Transaction, link: Link, now: datetime) -> Link:
    """The link counted from ``now``: its mail leaves only today."""
    renewed = replace(link, expires_at=now + LIVES)
    tx.links.put(renewed)
    return renewed
