"""Decides whether a request may leave, by the table of permitted operations alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import httpx

from integrations.errors import OperationNotPermittedError, ReadOnlyModeError
from integrations.graph.operations import BATCH, OPERATIONS, TELL_IN_TEAMS, Operation, Whose

MOST_IN_BATCH = 20
Body: TypeAlias = Callable[[], Mapping[str, Any]]
"""The members of a call's body, read only where the table asks for them."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that may leave.

    ``calls`` are the operations it makes: one, or those inside a batch. ``mailboxes`` are the
    program mailboxes they go to, one entry per call that goes to one.
    """

    operation: Operation
    calls: tuple[Operation, ...]
    mailboxes: tuple[str, ...]
    lanes: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether any of its calls changes something."""
        return any(call.writes for call in self.calls)


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets a request pass only if it is a row of the table, in a mailbox the row is for."""

    base_url: str
    program_mailboxes: Callable[[], Collection[str]]
    read_only: Callable[[], bool]
    own_mailbox_reads: bool = False
    news_in_teams: bool = False

    def admit(self, request: httpx.Request) -> Passage:
        """What the request amounts to.

        Raises:
            OperationNotPermittedError: it, or an item of its batch, is not in the table.
            ReadOnlyModeError: it writes, and writing is switched off.
        """
        path = self._path_below_root(request)
        if BATCH.user_in(request.method, path) is not None:
            return self._admit_batch(request)
        query = request.url.query.decode("ascii")
        call, mailbox = self._admit_call(request.method, path, query, lambda: _body_of(request))
        return _passage(call, [(call, mailbox)])

    def _path_below_root(self, request: httpx.Request) -> str:
        root = httpx.URL(self.base_url)
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        prefix = root.raw_path.decode("ascii").rstrip("/")
        same_server = (root.scheme, root.host, root.port) == (
            request.url.scheme,
            request.url.host,
            request.url.port,
        )
        if not same_server or not path.startswith(f"{prefix}/"):
            raise OperationNotPermittedError(request.method, "(another server)")
        return path.removeprefix(prefix)

    def _admit_batch(self, request: httpx.Request) -> Passage:
        items = _batch_items(request)
        admitted = [self._admit_call(*item) for item in items]
        return _passage(BATCH, admitted)

    def _admit_call(
        self, method: str, path: str, query: str, body: Body
    ) -> tuple[Operation, str | None]:
        """The row of a single call and the program mailbox it goes to, None if to none."""
        for operation in OPERATIONS:
            user = operation.user_in(method, path)
            if user is None or operation is BATCH:
                continue
            if operation.members and not operation.takes(body()):
                continue
            if operation.resource:
                user = operation.user_in_body(body())
            mailbox = self._program_mailbox(user)
            if not self._is_for(operation, mailbox) or not _options_fit(operation, query):
                continue
            if operation.writes and self.read_only():
                raise ReadOnlyModeError(f"{operation.name} was not sent: writing is switched off")
            # A subscription is Graph's business, not a call that Exchange counts for the mailbox.
            return operation, None if operation.resource else mailbox
        raise OperationNotPermittedError(method, _shape(path))

    def _program_mailbox(self, user: str) -> str | None:
        wanted = unquote(user).casefold()
        return next((m for m in self.program_mailboxes() if m.casefold() == wanted), None)

    def _is_for(self, operation: Operation, program_mailbox: str | None) -> bool:
        if operation.by_setting and not self._is_switched_on(operation):
            return False
        if operation.whose is Whose.OUTSIDER:
            return program_mailbox is None
        return operation.whose is not Whose.PROGRAM or program_mailbox is not None

    def _is_switched_on(self, operation: Operation) -> bool:
        return self.news_in_teams if operation is TELL_IN_TEAMS else self.own_mailbox_reads


def _passage(operation: Operation, calls: Sequence[tuple[Operation, str | None]]) -> Passage:
    in_mailboxes = [(call, mailbox) for call, mailbox in calls if mailbox is not None]
    return Passage(
        operation,
        tuple(call for call, _ in calls),
        tuple(mailbox for _, mailbox in in_mailboxes),
        tuple(_lane(call, mailbox) for call, mailbox in in_mailboxes),
    )


def _lane(call: Operation, mailbox: str) -> str:
    """Whose permits the call takes.

    Four calls at once is Outlook's limit for a mailbox; meetings belong to another service, which
    neither fills it nor waits for it, and gets a line of its own.

    Source: Microsoft Graph, "Service-specific throttling limits".
    """
    return mailbox if call.outlook else f"{mailbox}/teams"


def _options_fit(operation: Operation, query: str) -> bool:
    # Names are told apart by no case, and next links have been seen to change it.
    known = {name.casefold() for name in operation.options}
    return {name.casefold() for name, _ in parse_qsl(query, keep_blank_values=True)} <= known


def _body_of(request: httpx.Request) -> Mapping[str, Any]:
    """The members of a request's body; what is no JSON object has none."""
    try:
        return _members(json.loads(request.content))
    except (ValueError, httpx.RequestNotRead):
        return {}


def _members(body: object) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else {}


def _batch_items(request: httpx.Request) -> list[tuple[str, str, str, Body]]:
    """Method, path, query and body of each item; what cannot be understood is refused."""
    refusal = OperationNotPermittedError(request.method, BATCH.path)
    try:
        items = json.loads(request.content)["requests"]
        calls: list[tuple[str, str, str, Body]] = [
            (item["method"].upper(), *_split(item["url"]), partial(_members, item.get("body")))
            for item in items
        ]
    except (ValueError, TypeError, KeyError, AttributeError, httpx.RequestNotRead):
        raise refusal from None
    if not 1 <= len(calls) <= MOST_IN_BATCH:
        raise refusal
    return calls


def _split(url: str) -> tuple[str, str]:
    path, _, query = url.partition("?")
    return path, query


def _shape(path: str) -> str:
    """The path with what may tell of a person left out: only the words of Graph remain."""
    words = {word for operation in OPERATIONS for word in operation.path.split("/")}
    return "/".join(part if part in words else "…" for part in path.split("/"))
