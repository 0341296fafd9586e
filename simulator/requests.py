"""A Graph request and its answer, free of HTTP, so that a batch item is one as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.directory import User
from simulator.odata import Preferences
from simulator.registration import AppRegistration


class ConnectionCutError(Exception):
    """The caller gets no answer; what was done before stays done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body (None: no body) and headers; ``page`` is a body of HTML instead."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """A request as it arrived. ``path`` is decoded and relative to ``/v1.0``.

    ``number`` counts all calls of the tenant; ids of the answer are made from
    it. ``base`` is how the caller addresses the version root.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    base: str
    number: int
    arrived: datetime
    in_batch: bool = False

    @property
    def client_request_id(self) -> str:
        """What the caller calls this request; empty where it says nothing."""
        return self.headers.get("client-request-id", "")


@dataclass(frozen=True, slots=True)
class Call:
    """An operation's own view of a request: who asks, of whom, with which path parts."""

    request: GraphRequest
    app: AppRegistration
    parts: Mapping[str, str]
    user: User | None
    prefer: Preferences

    @property
    def mailbox(self) -> User:
        """The user the path names."""
        if self.user is None:
            raise RuntimeError(f"{self.request.path} names no user")
        return self.user


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call received. ``status`` is 0 where the connection was cut before anything happened.

    ``path`` is a template; ``mailbox`` the mail address its user part stands for.
    """

    at: datetime
    method: str
    path: str
    mailbox: str
    status: int
    client_request_id: str
    in_batch: bool = False
    cut: bool = False
