"""Creating a store and bringing it to this code's tables. Run at deploy, never at start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text

from integrations.errors import StoreNewerError
from integrations.store import tables
from integrations.store.engine import Address, open_engine
from integrations.store.failures import told_as_ours
from integrations.store.revision import CODE_REVISION, MINIMUM_CODE_REVISION
from integrations.store.rows import insert_into

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do, as long as every upgrade takes the same lock.
_UPGRADE_LOCK = 7_264_651


def upgrade(url: str, *, lock_timeout: timedelta = timedelta(seconds=60)) -> None:
    """Bring the store at ``url`` to the tables of this code, in one transaction.

    A SQLite file is made if there is none (its folder has to exist); a PostgreSQL database has
    to exist. Running it twice changes nothing, and neither does running it on a store of newer
    code that still admits this one. Two at once wait for each other.

    Raises:
        StoreNewerError: the store admits only newer code.
        StoreError: another of its kinds; nothing was changed.
    """
    address = Address.of(url)
    engine = open_engine(address, create=True, lock_timeout=lock_timeout, pool_size=1)
    try:
        with told_as_ours(address), engine.begin() as connection:
            _upgrade(connection)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:lock)")
        connection.execute(lock, {"lock": _UPGRADE_LOCK})
    if _revision(connection) > CODE_REVISION:
        return
    _migrate(connection)
    numbers = {"revision": CODE_REVISION, "minimum_code_revision": MINIMUM_CODE_REVISION}
    insert = insert_into(connection, tables.store_info).values(id=1, **numbers)
    connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=numbers))


def _revision(connection: Connection) -> int:
    """The store's revision, 0 if there is no store yet; refuses one that refuses this code."""
    if not inspect(connection).has_table(tables.store_info.name):
        return 0
    columns = tables.store_info.c
    row = connection.execute(select(columns.revision, columns.minimum_code_revision)).one()
    if row.minimum_code_revision > CODE_REVISION:
        raise StoreNewerError(row.minimum_code_revision, CODE_REVISION)
    return int(row.revision)


def _migrate(connection: Connection) -> None:
    """Let Alembic do what is missing, over a connection whose transaction is open."""
    # Here, because it takes long to load and the app never migrates.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
