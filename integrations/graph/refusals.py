"""Answers that are not yes, translated into Tandem's errors: the one seam for it.

Branches on status and code, never on Graph's message, which is neither kept nor logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from integrations.errors import (
    ChangedMeanwhileError,
    DuplicateError,
    MailboxGoneError,
    NotFoundError,
    RefusedError,
)

TRANSIENT = frozenset({500, 502, 503, 504, 509})
"""Statuses after which a read is asked again."""

TOO_MANY = 429

_DUPLICATE_TRANSACTION = "ErrorDuplicateTransactionId"
_NOT_ENABLED = frozenset({"MailboxNotEnabledForRESTAPI", "ErrorMailboxNotEnabledForRESTAPI"})
_MAILBOX_GONE = _NOT_ENABLED | {"ErrorInvalidUser"}
"""The mailbox of the path is not there: that says nothing of an event which was asked for."""
_UNKNOWN_MAILBOX = frozenset(
    {"ErrorMailRecipientNotFound", "5009", "ErrorInvalidUser", "Request_ResourceNotFound"}
)
_FORBIDDEN = frozenset(
    {"ErrorAccessDenied", "Authorization_RequestDenied", "Forbidden", "Unauthorized"}
    | {"ErrorNoFreeBusyAccess"}
)

TOO_MANY_ENTRIES = "too_many_entries"
UNAVAILABLE = "unavailable"

_TEAMS_POLICY = "Unauthorized"
"""The code with 403 where no Teams application access policy names the organizer."""

_GRANT_POLICY = (
    "Grant the Teams application access policy to the program mailbox; it can take half an hour."
)
_REMEDIES = {
    401: "Check that the app registration belongs to this tenant.",
    403: "Grant the permission named in docs/reference/permissions.md; it can take two hours.",
    404: "Check that the account exists and has an Exchange Online mailbox.",
}


def refusal(status: int, content: bytes, *, operation: str) -> RefusedError:
    """The error behind an answer's status and body, whatever form the body has."""
    return refusal_from(status, _error_object(content), operation=operation)


def refusal_from(status: int, error: Mapping[str, Any], *, operation: str) -> RefusedError:
    """As :func:`refusal`, from the ``error`` object of the answer."""
    code = code_of(error)
    if code == _DUPLICATE_TRANSACTION or status == 409:
        return DuplicateError(status, code, operation=operation, existing_id=_existing_id(error))
    if code in _MAILBOX_GONE:
        return MailboxGoneError(status, code, operation=operation, remedy=_REMEDIES[404])
    if status in (404, 410):
        return NotFoundError(status, code, operation=operation, remedy=_REMEDIES[404])
    if status == 412:
        return ChangedMeanwhileError(status, code, operation=operation)
    policy = status == 403 and code == _TEAMS_POLICY
    remedy = _GRANT_POLICY if policy else _REMEDIES.get(status, "")
    return RefusedError(status, code, operation=operation, remedy=remedy)


def error_in(body: object) -> Mapping[str, Any]:
    """The ``error`` object of a parsed body, empty if there is none."""
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def code_of(error: Mapping[str, Any]) -> str:
    """The code; where it is empty, the one nested in the inner error, in either spelling."""
    code = error.get("code")
    if isinstance(code, str) and code:
        return code
    nested = (inner.get("code") for inner in _inner(error))
    return next((code for code in nested if isinstance(code, str) and code), "")


def reason_unreadable(status: int, code: str) -> str:
    """Why one mailbox could not be read, in Tandem's words.

    ``unknown_mailbox``, ``no_mailbox`` (an account without Exchange Online), ``forbidden``,
    ``too_many_entries`` or ``unavailable``.
    """
    if code in _NOT_ENABLED:
        return "no_mailbox"
    if code == "5006":
        return TOO_MANY_ENTRIES
    if code in _UNKNOWN_MAILBOX or status == 404:
        return "unknown_mailbox"
    if code in _FORBIDDEN or status == 403:
        return "forbidden"
    return UNAVAILABLE


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the answer asks to wait: seconds or a date; None if it does not say."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if not value:
        return None
    try:
        return max(timedelta(seconds=float(value)), timedelta(0))
    except (ValueError, OverflowError):
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(aware - now, timedelta(0))


def dated(headers: Mapping[str, str]) -> datetime | None:
    """When the answer was given by its server's clock; None if it does not say."""
    try:
        at = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _error_object(content: bytes) -> Mapping[str, Any]:
    try:
        return error_in(orjson.loads(content))
    except orjson.JSONDecodeError:
        return {}


def _inner(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The inner errors: documented and seen in two spellings."""
    found = (error.get(spelling) for spelling in ("innerError", "innererror"))
    return [inner for inner in found if isinstance(inner, Mapping)]


def _existing_id(error: Mapping[str, Any]) -> str | None:
    for place in (error, *_inner(error)):
        found = place.get("@event.existingEventId")
        if isinstance(found, str) and found:
            return found
    return None
