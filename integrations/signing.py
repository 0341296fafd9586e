"""Signing what is sent, in the manner of the Standard Webhooks specification, symmetric keys.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, none itself
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def key_of(secret: str) -> bytes:
    """The key behind a secret: ``whsec_`` and 24 to 64 bytes in Base64.

    Raises:
        ValueError: it is none; the message does not quote it.
    """
    expected = f"{SECRET_PREFIX} and {_FEWEST_BYTES} to {_MOST_BYTES} bytes in Base64"
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(expected)
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(expected) from None
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(expected)
    return key


def signed_headers(
    message_id: str, at: datetime, body: bytes, keys: Sequence[bytes]
) -> dict[str, str]:
    """Headers that let a receiver check who sent ``body``, and when.

    One signature for each key, so that a receiver may go from one secret to the next.
    """
    seconds = str(int(at.timestamp()))
    content = b".".join((message_id.encode("ascii"), seconds.encode("ascii"), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{_signature(key, content)}" for key in keys),
    }


def _signature(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode("ascii")
