"""Opening a database so that a commit means the same on both.

Every transaction sees one state of the store and is refused or repeated if somebody else changed
what it changes: on SQLite because it holds the write lock from its first statement on, on
PostgreSQL by REPEATABLE READ.

What is committed outlives the process and, with SQLite as set up here, a power cut: the
write-ahead log is synced at every commit (``synchronous=FULL``). One that may lose its last
commits would forget intents of writes that went out. PostgreSQL does the same unless its
administrator switched ``fsync`` or ``synchronous_commit`` off.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import certifi
import orjson
from sqlalchemy import URL, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.util import LRUCache

from integrations.errors import StoreMissingError

_SYNCHRONOUS = frozenset({"full", "normal", "off"})
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_CONNECT_SECONDS = 10
_VERIFYING = ("verify-ca", "verify-full")
_PLAIN = (
    orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)
# Whether an INSERT that may have met a conflict wrote anything.
_OPTIONS = {"preserve_rowcount": True}
# A process that opens many stores, as tests do, would spend a quarter of its time compiling anew.
_COMPILED: LRUCache[Any, Any] = LRUCache(1000)


class _OurSqlite(SQLiteDialect_pysqlite):
    """SQLite as set up here, the same in every engine of a process.

    So what an engine compiled serves them all: SQLAlchemy looks it up by dialect and statement.
    """

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


class ImmediateSqlite(_OurSqlite):
    """SQLite whose transactions hold the write lock from their first statement on."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin, or wait for whoever writes."""
        dbapi_connection.execute("BEGIN IMMEDIATE")


class LookingSqlite(_OurSqlite):
    """SQLite whose transactions only read: they see one moment of it and hold nobody up."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin; what stands in the store then is seen to the end."""
        dbapi_connection.execute("BEGIN")


# SQLAlchemy finds dialects by name only.
registry.register("sqlite.immediate", __name__, ImmediateSqlite.__name__)
registry.register("sqlite.looking", __name__, LookingSqlite.__name__)


class NotingWrites(DefaultExecutionContext):
    """Remembers in its connection that the transaction wrote something."""

    def pre_exec(self) -> None:
        """Called by SQLAlchemy before each statement."""
        if self.isinsert or self.isupdate or self.isdelete:
            self.root_connection.info[WROTE] = True
        super().pre_exec()  # type: ignore[no-untyped-call]


WROTE = "tandem wrote"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is. Shows neither in ``str`` nor in ``repr`` a password."""

    url: URL

    @classmethod
    def of(cls, text: str) -> Address:
        """The address that ``text`` gives; ``StoreMissingError`` if no store can be there."""
        try:
            url = make_url(text)
        except ArgumentError:
            # Its message may quote the text, and with it a password.
            raise StoreMissingError("the store's address is not a database URL") from None
        if url.drivername in _POSTGRESQL:
            return cls(url.set(drivername="postgresql+psycopg"))
        if url.drivername not in ("sqlite", "sqlite+pysqlite"):
            raise StoreMissingError(f"{url.drivername} is neither sqlite nor postgresql")
        if not url.database or url.database == ":memory:":
            raise StoreMissingError("a SQLite store needs a file; one in memory would be lost")
        if str(url.query.get("synchronous", "full")).lower() not in _SYNCHRONOUS:
            raise StoreMissingError("a SQLite store's synchronous is one of full, normal, off")
        return cls(url)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite store, None for PostgreSQL."""
        if self.url.get_backend_name() != "sqlite":
            return None
        return Path(self.url.database or "").absolute()

    @property
    def synchronous(self) -> str:
        """How sure SQLite makes of the disk at a commit: ``full``, unless the URL says otherwise.

        With less, a commit survives the death of the process, but perhaps not a power cut:
        ``?synchronous=off`` is for rehearsals, whose store is worth nothing.
        """
        return str(self.url.query.get("synchronous", "full")).lower()

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Address({self})"


def _json_text(value: Any) -> str:
    """JSON of plain values; like Python's own it refuses instants and records."""
    return orjson.dumps(value, option=_PLAIN).decode()


def open_engine(
    address: Address,
    *,
    create: bool = False,
    lock_timeout: timedelta,
    pool_size: int,
    password: Callable[[], str] | None = None,
    looks: bool = False,
) -> Engine:
    """An engine for the store at ``address``; connects when first used.

    Parameters:
        create: make the SQLite file if there is none. PostgreSQL databases are never made.
        lock_timeout: how long to wait for a lock somebody else holds.
        pool_size: connections to PostgreSQL. SQLite has one writer at a time and gets one
            connection: who waits for it in this process queues up, instead of polling the file.
        password: asked at each new connection to PostgreSQL, instead of the address's own.
        looks: for transactions that only read, which of SQLite then hold nobody up.
    """
    if address.file is not None:
        engine = _open_sqlite(address, create, lock_timeout, "looking" if looks else "immediate")
    else:
        engine = _open_postgresql(address, lock_timeout, pool_size)
        if password is not None:
            _ask_at_each_connection(engine, password)
    # No event listener: SQLAlchemy would ask for four kinds of them at each statement.
    contexts = (NotingWrites, engine.dialect.execution_ctx_cls)
    engine.dialect.execution_ctx_cls = type(NotingWrites.__name__, contexts, {})
    return engine


def _open_postgresql(address: Address, lock_timeout: timedelta, pool_size: int) -> Engine:
    milliseconds = max(1, int(lock_timeout / timedelta(milliseconds=1)))
    return create_engine(
        address.url,
        hide_parameters=True,
        execution_options=_OPTIONS,
        json_serializer=_json_text,
        json_deserializer=orjson.loads,
        isolation_level="REPEATABLE READ",
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c timezone=UTC -c lock_timeout={milliseconds}",
            **_authorities(address),
        },
    )


def _authorities(address: Address) -> dict[str, str]:
    """The public authorities, where the server's certificate is checked and none are named.

    The driver's own libraries look for them in places that no function app's image has.
    """
    query = address.url.query
    if query.get("sslmode") not in _VERIFYING or "sslrootcert" in query:
        return {}
    return {"sslrootcert": certifi.where()}


def _ask_at_each_connection(engine: Engine, password: Callable[[], str]) -> None:
    @event.listens_for(engine, "do_connect")
    def sign_in(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        options["password"] = password()


def _open_sqlite(address: Address, create: bool, lock_timeout: timedelta, dialect: str) -> Engine:
    file = os.fspath(address.file or "")
    uri = f"file:{quote(file)}?mode={'rwc' if create else 'rw'}"
    synchronous = address.synchronous

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            uri,
            uri=True,
            timeout=lock_timeout.total_seconds(),
            check_same_thread=False,
            # Python would begin transactions by itself, and too late for ours.
            isolation_level=None,
        )

    engine = create_engine(
        f"sqlite+{dialect}://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        # Those who queue up in this process wait for each other's whole transactions.
        pool_timeout=max(6 * lock_timeout.total_seconds(), 60.0),
        hide_parameters=True,
        execution_options={**_OPTIONS, "compiled_cache": _COMPILED},
        # With Python's own json, small JSON columns took half of what reading or writing sessions
        # takes.
        json_serializer=_json_text,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        if create:
            # The file itself remembers this one.
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine
