"""People who sign in to the pages, and what their organization says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from integrations.records import (
    Json,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunSignIn:
    """Where to send somebody's browser, and what only that browser may bring back (secret)."""

    url: str
    flow: Json = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signed in: the account's object id in our directory, and its app roles.

    ``is_app`` of a service that comes for itself, with no account of a person. ``asked_by`` is the
    app that an access token was given to; empty where somebody signed in to us.
    Nothing else of the token is believed: names and addresses in it can be edited by people.
    """

    directory_id: str
    roles: tuple[str, ...] = ()
    is_app: bool = False
    asked_by: str = ""


class SignIn(Protocol):
    """Signs people in by the firm's directory."""

    async def begin(self, redirect_uri: str) -> BegunSignIn:
        """Begin for one browser. Raises UnreachableError."""
        ...

    async def finish(self, flow: Json, answer: Mapping[str, str]) -> Identity:
        """Who came back with ``answer`` (the query of the redirect), for the ``flow`` of ``begin``.

        Raises:
            SignInFailedError: nobody is signed in; its code says why.
            UnreachableError
        """
        ...

    async def bearer(self, token: str) -> Identity:
        """Whose access token for Tandem this is: a person's by another app, or a service's own.

        Raises:
            SignInFailedError: it is none that may be believed; its code says why.
            UnreachableError
        """
        ...
