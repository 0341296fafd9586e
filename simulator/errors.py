"""What Graph refuses, as exceptions that carry the answer's status, code and message.

GraphError            Graph answers with an error body
└── NotSimulatedError      the tenant does not know the request; strict tests fail on it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GraphError(Exception):
    """A refusal: ``status`` and ``code`` are what a client branches on, never ``message``.

    ``members`` stand beside code and message in the error object, ``headers``
    are the answer's own.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.code, self.message = status, code, message
        self.members = dict(members or {})
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {message}")


class NotSimulatedError(GraphError):
    """A request this tenant has no honest answer to; ``what`` says which part of it."""

    def __init__(self, what: str, *, status: int = 501) -> None:
        self.what = what
        super().__init__(status, "NotSimulated", f"the simulated tenant does not know {what}")


def invalid_property(message: str) -> GraphError:
    """A member whose value Exchange does not accept."""
    return GraphError(400, "ErrorPropertyValidationFailure", message)


def invalid_request(message: str) -> GraphError:
    """A request that makes no sense as it stands."""
    return GraphError(400, "ErrorInvalidRequest", message)


def item_not_found() -> GraphError:
    """An event that is not there (any more)."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def unknown_zone(name: str) -> GraphError:
    """A zone name Exchange does not accept; the empty one is a zone left out."""
    return GraphError(
        400,
        "TimeZoneNotSupportedException",
        "A valid TimeZone value must be specified. The following TimeZone value is not "
        f"supported: '{name}'.",
    )
