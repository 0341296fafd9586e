"""Ids made from the seed: the same seed and the same calls give the same ids.

An item's id says which item it is (twelve bytes), which date of a series, and
whether it is of the immutable or of the default kind; a default id also holds
the folder, so that a move changes it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from uuid import UUID

_IMMUTABLE = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
_DEFAULT = "AAMkAGViNDU5ZTZjLWQ0YTgtNDFkYy1hNzQ2"
_TOKEN_BYTES = 12


@dataclass(frozen=True, slots=True)
class ItemId:
    """What an item id says. ``folder`` is None for an immutable id."""

    token: bytes
    day: date | None
    folder: int | None

    def __str__(self) -> str:
        ordinal = 0 if self.day is None else self.day.toordinal()
        raw = self.token + ordinal.to_bytes(3, "big") + (self.folder or 0).to_bytes(3, "big")
        prefix = _IMMUTABLE if self.folder is None else _DEFAULT
        return prefix + base64.urlsafe_b64encode(raw).decode()

    @classmethod
    def read(cls, text: str) -> ItemId | None:
        """What ``text`` says, or None when it was never one of our ids."""
        for prefix in (_IMMUTABLE, _DEFAULT):
            if text.startswith(prefix):
                return cls._unpack(text[len(prefix) :], immutable=prefix == _IMMUTABLE)
        return None

    @classmethod
    def _unpack(cls, packed: str, *, immutable: bool) -> ItemId | None:
        try:
            raw = base64.b64decode(packed, altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        if len(raw) != _TOKEN_BYTES + 6:
            return None
        ordinal = int.from_bytes(raw[12:15], "big")
        folder = None if immutable else int.from_bytes(raw[15:], "big")
        return cls(raw[:12], date.fromordinal(ordinal) if ordinal else None, folder)


class Mint:
    """Makes names out of a seed and whatever tells one thing from another."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def digest(self, *parts: object, size: int = 16) -> bytes:
        """Bytes that depend on the seed and the parts alone."""
        text = "\x1f".join(map(str, (self.seed, *parts)))
        return blake2b(text.encode(), digest_size=size).digest()

    def guid(self, *parts: object) -> str:
        """A GUID, lower case, of version 4 in form."""
        return str(UUID(bytes=self.digest(*parts), version=4))

    def token(self, *parts: object) -> bytes:
        """The twelve bytes that name an item."""
        return self.digest(*parts, size=_TOKEN_BYTES)

    def base64(self, *parts: object, size: int = 18) -> str:
        """Ordinary base64 text, as change keys are."""
        return base64.b64encode(self.digest(*parts, size=size)).decode()

    def base64url(self, *parts: object, size: int = 18) -> str:
        """Base64 text that can stand in a path."""
        return base64.urlsafe_b64encode(self.digest(*parts, size=size)).decode()

    def number(self, digits: int, *parts: object) -> str:
        """A decimal number of exactly that many digits, not beginning with 0."""
        low = 10 ** (digits - 1)
        return str(low + int.from_bytes(self.digest(*parts, size=8), "big") % (9 * low))
