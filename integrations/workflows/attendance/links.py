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
from types import MappingProxyType
from uuid import UUID

from itsdangerous import BadSignature, Signer

from integrations.attendance_records import Link
from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction

LIVES = timedelta(days=7)
DID_YOU_MEET, PULSE = "did_you_meet", "pulse"
"""What a link is for: to say whether the two met, or how it was."""
PATHS = MappingProxyType({DID_YOU_MEET: "/met", PULSE: "/pulse"})
PATH = PATHS[DID_YOU_MEET]
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """Makes links under ``public_url`` and reads them. ``keys`` sign; the first is the newest."""

    public_url: str
    keys: Sequence[str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("links need a key that signs them")

    def url(self, link_id: str, purpose: str = DID_YOU_MEET) -> str:
        """The link with this id, the same each time as long as the newest key is."""
        signed = self._signer.sign(link_id).decode("ascii")
        return f"{self.public_url.rstrip('/')}{PATHS[purpose]}/{signed}"

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


class LinkEndedError(NotPossibleError):
    """The link was used, has expired, or never was one."""

    remedy = N_("Ask the program's contact to record it.")

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(gettext("the link does not work: %(why)s", why=gettext(why)))


def why_ended(link: Link | None, purpose: str, now: datetime) -> str | None:
    """Why a link does not work for this, as a code; None while it does."""
    if link is None or link.purpose != purpose:
        return "unknown"
    if link.used_at is not None:
        return "used"
    return "expired" if link.expires_at <= now else None


def working(tx: Transaction, link_id: str, purpose: str, now: datetime) -> Link:
    """The link, which works still. Raises LinkEndedError."""
    link = tx.links.get(link_id)
    why = why_ended(link, purpose, now)
    if link is None or why is not None:
        raise LinkEndedError(why or "unknown")
    return link


def use(tx: Transaction, link_id: str, purpose: str, now: datetime) -> Link:
    """Use the link, so that it works no more. Raises LinkEndedError where it did not before."""
    link = working(tx, link_id, purpose, now)
    if not tx.links.use(link_id, now):
        raise LinkEndedError("used")
    return link
