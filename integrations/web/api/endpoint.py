"""What an endpoint is: what it declares, what it is handed, and what it answers with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from integrations.api_client.orders import Query
from integrations.api_client.shapes import Answer, Shape
from integrations.ports import Transaction
from integrations.records import Json
from integrations.web.access import Who
from integrations.web.page import Visit

ROOT = "/api/v1"
Mark: TypeAlias = Callable[[Transaction, Json], None]
"""Keeps, in the transaction that does what was asked, how to go on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, checked: who makes it, what its path names, its query and its body.

    ``query`` and ``body`` are of the shapes that the endpoint declares, ``raw`` a file's bytes.
    """

    visit: Visit
    query: Any
    body: Any
    raw: bytes
    mark: Mark


Do: TypeAlias = Callable[[Call], Awaitable[Answer]]
GoOn: TypeAlias = Callable[[Call, Json], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method of an address: whom it is for, what it takes, answers and does.

    ``go_on``, of those that change something, answers for one whose process died after it was done.
    """

    method: str
    path: str
    who: Who
    do: Do
    answer: type[Answer]
    summary: str
    tag: str
    about: str = ""
    query: type[Query] = Query
    body: type[Shape] | None = None
    takes_file: bool = False
    go_on: GoOn | None = None

    @property
    def address(self) -> str:
        """Its address with the API's root."""
        return ROOT + self.path

    @property
    def is_write(self) -> bool:
        """Whether it changes something, and therefore asks for an idempotency key."""
        return self.go_on is not None

    @property
    def name(self) -> str:
        """A name of its own, for clients that are made from the document."""
        words = [part.strip("{}").replace("-", "_") for part in self.path.split("/") if part]
        return "_".join([self.method.lower(), *words])
