"""Every error of the JSON API in one form: problem details (RFC 9457), each with a remedy."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

from pydantic import ValidationError
from starlette.responses import Response

from integrations.api_client.shapes import Problem, ProblemFault
from integrations.errors import (
    ClaimLostError,
    Fault,
    FaultsError,
    IntegrationError,
    NotPossibleError,
    ReadOnlyModeError,
    SignInFailedError,
)
from integrations.logs import log_event
from integrations.web.access import NEEDED
from integrations.web.frame import NotForYouError
from integrations.web.headers import HEADERS
from integrations.web.page import NoSuchPageError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_MOST_FAULTS = 200
_LATER = timedelta(seconds=30)

KINDS: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "malformed": (400, "The request cannot be read", "Send what the OpenAPI document says."),
        "no_key": (
            400,
            "A request that changes something names no key",
            "Send an Idempotency-Key of your own, 1 to 200 printable characters, with each act.",
        ),
        "not_signed_in": (
            401,
            "Nobody is signed in",
            "Send an access token for Tandem from Entra ID as `Authorization: Bearer …`.",
        ),
        "not_for_you": (
            403,
            "This is for people with another role",
            "Ask whoever has that role, or to be given it.",
        ),
        "not_found": (
            404,
            "There is no such thing, or it is not yours",
            "Check the ids; `GET /api/v1/me` says what is yours.",
        ),
        "wrong_method": (405, "The address takes another method", "See the header Allow."),
        "not_possible": (409, "It cannot be done now; nothing was changed", ""),
        "more_mails": (
            409,
            "It would cause more mails than were named; nothing was changed",
            "Ask for the preview again and name its number of mails.",
        ),
        "in_progress": (
            409,
            "A request with this key is being carried out",
            "Ask again with the same key after the time named.",
        ),
        "too_large": (413, "The body is too large", "Send less; the document says how much."),
        "wrong_type": (
            415,
            "The body is of another type",
            "Send JSON; a roster as text/csv or as an Excel workbook.",
        ),
        "faults": (422, "Something that was sent is wrong; nothing was changed", "See `faults`."),
        "key_reused": (
            422,
            "The key was used for another request",
            "Use a new key for each act, and the same one only to ask the same again.",
        ),
        "too_many": (429, "Too many requests", "Wait for the time named."),
        "failed": (500, "Something went wrong", "Try again; tell whoever looks after Tandem."),
        "later": (503, "It cannot be done at this moment", "Try again after the time named."),
    }
)
"""Each kind of problem by its code: status, title, and remedy where there is none better."""


class ApiError(Exception):
    """A problem of the API's own; the code is one of ``KINDS``."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after: timedelta | None = None,
        mails: int | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        self.code, self.detail, self.retry_after, self.mails = code, detail, retry_after, mails
        self.faults = tuple(faults)
        super().__init__(detail)


def faults_of(error: ValidationError) -> list[Fault]:
    """What is wrong with a body or query, by where; what was sent is not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [Fault(".".join(map(str, e["loc"])) or "body", e["msg"]) for e in found]


def problem(
    code: str,
    detail: str,
    *,
    remedy: str = "",
    faults: Iterable[Fault] = (),
    mails: int | None = None,
) -> Problem:
    """A problem of a kind."""
    status, title, usual = KINDS[code]
    return Problem(
        type=f"urn:tandem:problem:{code}",
        title=title,
        status=status,
        code=code,
        detail=detail,
        remedy=remedy or usual or "Look at what stands now, and decide anew.",
        faults=[ProblemFault(where=f.where, expected=f.expected) for f in faults][:_MOST_FAULTS],
        mails=mails,
    )


def answer_of(error: Exception) -> Response:
    """The answer to an error; what is not ours to explain is logged by its kind alone."""
    match error:
        case ApiError():
            found = problem(error.code, error.detail, faults=error.faults, mails=error.mails)
            return sent(found, error.retry_after)
        case SignInFailedError():
            return sent(problem("not_signed_in", f"The token is not accepted: {error.code}."))
        case NoSuchPageError():
            return sent(problem("not_found", "Nothing is there for you."))
        case NotForYouError():
            needed = NEEDED.get(error.who, "people with another role")
            return sent(problem("not_for_you", f"This is for {needed}."))
        case FaultsError():
            detail = "; ".join(f"{f.where}: expected {f.expected}" for f in error.faults[:3])
            return sent(problem("faults", detail, remedy=error.remedy, faults=error.faults))
        case NotPossibleError() | ReadOnlyModeError() | ClaimLostError():
            return sent(problem("not_possible", f"{error}.", remedy=error.remedy))
        case IntegrationError():
            log_event(logger, "api_failed", logging.WARNING, error=type(error).__name__)
            found = problem("later", "Something that is needed cannot be reached.")
            return sent(found.model_copy(update={"remedy": error.remedy or found.remedy}), _LATER)
        case _:
            log_event(logger, "api_failed", logging.ERROR, error=type(error).__name__)
            return sent(problem("failed", "This is a fault in Tandem."))


def sent(found: Problem, retry_after: timedelta | None = None) -> Response:
    """A problem as it leaves."""
    headers = {**HEADERS}
    if found.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Tandem"'
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, int(retry_after.total_seconds()) + 1))
    return Response(found.model_dump_json(), found.status, headers, MEDIA_TYPE)
