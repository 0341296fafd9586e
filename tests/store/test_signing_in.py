"""Signing in to PostgreSQL by an identity, as a role that may read and write and nothing more."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import certifi
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, make_url

from integrations.errors import StoreMissingError, StoreReadOnlyError, StoreUnreachableError
from integrations.store.admission import admit
from integrations.store.identity import SCOPE, identity_password
from integrations.store.store import SqlTransaction
from tests.support.postgres import PostgresServer
from tests.support.stores import open_store

ROLE = 'id-tandem\'s "own" 100%'
"""A name that has to be quoted everywhere."""
TOKEN = "a-token-that-must-not-show"


@pytest.fixture(scope="module")
def azure(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The server with Azure's function that makes a role for an identity of the directory."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION pgaadauth_create_principal(name text, is_admin bool, is_mfa bool)"
            " RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
            " EXECUTE format('CREATE ROLE %I LOGIN', name); RETURN 'Created role'; END $$"
        )
    yield postgres
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP FUNCTION pgaadauth_create_principal")


@pytest.fixture
def admitted(azure: PostgresServer, postgres_url: str) -> Iterator[str]:
    """The address of a store to which the role was admitted, as the role would have it."""
    assert admit(postgres_url, ROLE)
    url = make_url(postgres_url).set(username=ROLE, password=None)
    yield url.render_as_string()
    name = sql.Identifier(ROLE)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {name}").format(name=name))
        connection.execute(sql.SQL("DROP ROLE {name}").format(name=name))


def _let_in(server: PostgresServer, password: str) -> None:
    """Have the server take ``password`` from the role, as Azure takes a token."""
    words = {"name": sql.Identifier(ROLE), "password": sql.Literal(password)}
    server.execute(sql.SQL("ALTER ROLE {name} PASSWORD {password}").format(**words))


def _write(tx: SqlTransaction) -> None:
    tx.switches.set("signed in", "yes")


async def test_the_admitted_role_reads_and_writes_the_store(
    azure: PostgresServer, admitted: str
) -> None:
    _let_in(azure, TOKEN)
    store = open_store(admitted, password=lambda: TOKEN)
    await store.check()
    await store.run(_write)
    assert await store.run(lambda tx: tx.switches.get("signed in")) == "yes"
    await store.close()


async def test_the_admitted_role_changes_no_table_and_makes_nothing(
    azure: PostgresServer, admitted: str
) -> None:
    _let_in(azure, TOKEN)
    store = open_store(admitted, password=lambda: TOKEN)
    for statement in (
        "DROP TABLE switches",
        "ALTER TABLE pairs ADD COLUMN own text",
        "CREATE TABLE own (id int)",
        "TRUNCATE journal",
        "CREATE ROLE another",
    ):
        with pytest.raises(StoreReadOnlyError):
            await store.run(lambda tx, it=statement: tx._connection.exec_driver_sql(it))  # type: ignore[misc]
    await store.close()


async def test_tables_of_later_migrations_are_open_to_the_role(
    azure: PostgresServer, admitted: str, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY, word text)")
    _let_in(azure, TOKEN)
    store = open_store(admitted, password=lambda: TOKEN)
    await store.run(
        lambda tx: tx._connection.exec_driver_sql("INSERT INTO later (word) VALUES ('x')")
    )
    await store.close()


def test_admitting_twice_makes_no_second_role(admitted: str, postgres_url: str) -> None:
    assert not admit(postgres_url, ROLE)


def test_a_sqlite_store_admits_nobody(sqlite_url: str) -> None:
    with pytest.raises(StoreMissingError, match="no roles"):
        admit(sqlite_url, ROLE)


async def test_each_new_connection_asks_for_the_password_again(
    azure: PostgresServer, admitted: str
) -> None:
    """A token lives an hour; a process lives for weeks."""
    tokens = iter(["first", "second"])
    store = open_store(admitted, password=lambda: next(tokens))
    _let_in(azure, "first")
    await store.run(_write)
    _let_in(azure, "second")
    # Connections that stand are not asked again.
    await store.run(_write)
    store.engine.pool.dispose()
    store.engine.pool = store.engine.pool.recreate()
    await store.run(_write)
    assert next(tokens, None) is None
    await store.close()


def _options_of(url: str) -> dict[str, Any]:
    """What the driver would be given for a connection to ``url``."""
    store = open_store(url)
    seen: dict[str, Any] = {}

    @event.listens_for(store.engine, "do_connect")
    def look(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        seen.update(options)
        raise StoreUnreachableError("seen")

    with pytest.raises(StoreUnreachableError):
        store.engine.connect()
    return seen


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
def test_a_certificate_that_is_checked_is_checked_against_the_public_authorities(mode: str) -> None:
    assert _options_of(f"postgresql://h/tandem?sslmode={mode}")["sslrootcert"] == certifi.where()


@pytest.mark.parametrize(
    ("query", "found"),
    [("", None), ("?sslmode=require", None), ("?sslmode=verify-full&sslrootcert=/a.pem", "/a.pem")],
)
def test_the_address_may_name_other_authorities_or_none(query: str, found: str | None) -> None:
    assert _options_of(f"postgresql://h/tandem{query}").get("sslrootcert") == found


# --- the identity -----------------------------------------------------------------------------


@dataclass
class Endpoint:
    """What a function app finds at IDENTITY_ENDPOINT; keeps what it was asked."""

    status: int = 200
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)

    def answer(self, query: str, header: str | None) -> bytes:
        """The body for a request."""
        self.asked.append(parse_qs(query))
        self.headers.append(header)
        if self.status != 200:
            return json.dumps({"error": {"code": "x", "message": TOKEN}}).encode()
        told = {"access_token": TOKEN, "expires_on": "4102444800", "token_type": "Bearer"}
        return json.dumps({**told, "resource": "x"}).encode()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A function app's identity endpoint on this machine."""
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = told.answer(urlsplit(self.path).query, self.headers.get("X-IDENTITY-HEADER"))
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "the-header")
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_password_is_a_token_of_the_identity_for_postgresql(endpoint: Endpoint) -> None:
    assert identity_password("1b9e")() == TOKEN
    [asked] = endpoint.asked
    assert asked["resource"] == [SCOPE.removesuffix("/.default")]
    assert asked["client_id"] == ["1b9e"]
    assert endpoint.headers == ["the-header"]


def test_a_refused_token_is_told_without_quoting_the_answer(endpoint: Endpoint) -> None:
    endpoint.status = 400
    with pytest.raises(StoreUnreachableError, match="managed identity") as caught:
        identity_password("1b9e")()
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
