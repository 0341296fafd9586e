"""Letting the app read and write the store's tables, and nothing more. Run at deploy.

Whoever migrates owns the tables; the app's own role cannot change or drop them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, text

from integrations.errors import StoreMissingError
from integrations.store.engine import Address, open_engine
from integrations.store.failures import told_as_ours

_SERVER_DATABASE = "postgres"
"""Where Azure keeps the function that makes a role for an identity of the directory."""
_LOCK_TIMEOUT = timedelta(seconds=10)
_KNOWN = text("SELECT 1 FROM pg_roles WHERE rolname = :name")
# Neither an administrator nor held to multi-factor sign-in: an identity has no second factor.
_MAKE = text("SELECT * FROM pgaadauth_create_principal(:name, false, false)")


def admit(url: str, role: str) -> bool:
    """Let ``role``, the name of a managed identity, read and write the tables of the store.

    Makes the role in Azure's PostgreSQL if there is none; elsewhere it has to exist. Whoever
    calls it is the server's administrator and owns the tables. Twice changes nothing.

    Returns:
        Whether the role was made now.

    Raises:
        StoreMissingError: the address is no PostgreSQL.
        StoreError: another of its kinds.
    """
    address = Address.of(url)
    if address.file is not None:
        raise StoreMissingError("a SQLite store has no roles")
    server = Address(address.url.set(database=_SERVER_DATABASE))
    with _connected(server) as connection:
        is_known = connection.execute(_KNOWN, {"name": role}).first() is not None
        if not is_known:
            connection.execute(_MAKE, {"name": role})
    with _connected(address) as connection:
        _grant(connection, role)
    return not is_known


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    """One transaction of one connection, which is closed after it."""
    engine = open_engine(address, lock_timeout=_LOCK_TIMEOUT, pool_size=1)
    try:
        with told_as_ours(address), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _grant(connection: Connection, role: str) -> None:
    name = connection.dialect.identifier_preparer.quote_identifier(role)
    rows, numbers = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"
    for granted in (
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT {rows} ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT {numbers} ON ALL SEQUENCES IN SCHEMA public TO {name}",
        # Those that later migrations make.
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rows} ON TABLES TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {numbers} ON SEQUENCES TO {name}",
    ):
        connection.exec_driver_sql(granted)
