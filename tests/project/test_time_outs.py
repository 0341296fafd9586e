"""Nothing that speaks to a network waits for ever, follows elsewhere, or believes anybody."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.queue.storage_queue import _TIME_OUTS
from tests.support.sources import tree_of

ROOT = Path(__file__).parents[2]
CLIENTS = {
    "httpx.AsyncClient": {"timeout", "follow_redirects"},
    "httpx.Client": {"timeout", "follow_redirects"},
    "QueueClient": {"connection_timeout", "read_timeout"},
    "QueueClient.from_connection_string": {"connection_timeout", "read_timeout"},
    "ManagedIdentityCredential": {"connection_timeout", "read_timeout"},
    "sqlite3.connect": {"timeout"},
}
"""What each client has to be told where it is made; ``requests`` is told at each request."""
WITHOUT_CLIENT = {"httpx.get", "httpx.post", "httpx.request", "requests.get", "requests.post"}
WITHOUT_CLIENT |= {
    "requests.request",
    "urllib.request.urlopen",
    "urlopen",
    "socket.create_connection",
}


@functools.cache
def _calls() -> list[tuple[str, str, ast.Call]]:
    """Every call of a name in what is deployed: where, the name, and the call."""
    return [found for path in sorted((ROOT / "integrations").rglob("*.py")) for found in _in(path)]


def _in(path: Path) -> Iterator[tuple[str, str, ast.Call]]:
    if "demo" in path.parts:
        return
    tree = tree_of(path)
    # Our own values of settings are called like the libraries' clients.
    ours = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("integrations")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := _name(node.func)) not in ours:
            yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", name, node


def _name(called: ast.expr) -> str:
    match called:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.expr() as value, attr=name):
            return f"{_name(value)}.{name}"
        case _:
            return ""


def test_every_client_is_told_how_long_to_wait() -> None:
    made = [(where, name, call) for where, name, call in _calls() if name in CLIENTS]
    silent = [
        f"{where} {name}: {', '.join(sorted(CLIENTS[name] - told))}"
        for where, name, call in made
        if not (told := _told(call)) >= CLIENTS[name]
    ]
    assert silent == []
    assert {"httpx.AsyncClient", "QueueClient", "sqlite3.connect"} <= {name for _, name, _ in made}


def _told(call: ast.Call) -> set[str]:
    """The names of its arguments, those of the table of time-outs included."""
    told = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    spread = [ast.unparse(k.value) for k in call.keywords if k.arg is None]
    if "_TIME_OUTS" in spread:
        told |= set(_TIME_OUTS)
    return told


def test_nothing_is_called_without_a_client() -> None:
    assert [where for where, name, _ in _calls() if name in WITHOUT_CLIENT] == []


@pytest.mark.parametrize(("word", "wrong"), [("verify", False), ("follow_redirects", True)])
def test_no_client_believes_or_follows_whatever_comes(word: str, wrong: bool) -> None:
    careless = [
        where
        for where, _, call in _calls()
        for keyword in call.keywords
        if keyword.arg == word
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is wrong
    ]
    assert careless == []
