"""Old and new code on one store: what a migration may do while the last release still writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, inspect, select

from integrations.errors import StoreNewerError
from integrations.runtime import Immortal, inline
from integrations.store import CODE_REVISION, MINIMUM_CODE_REVISION, SqlStore, tables
from integrations.store.upgrade import _MIGRATIONS, upgrade

STILL_WRITE = list(range(MINIMUM_CODE_REVISION, CODE_REVISION))
"""Code revisions before this one that the store still admits."""


def _columns(connection: Connection) -> dict[str, dict[str, dict[str, object]]]:
    found = inspect(connection)
    return {
        table: {str(column["name"]): dict(column) for column in found.get_columns(table)}
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def _as_of(revision: int, folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    """The tables as code of that revision knows them."""
    engine = create_engine(f"sqlite:///{folder / f'as-of-{revision}.sqlite'}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, f"{revision:04d}")
        columns = _columns(connection)
    engine.dispose()
    return columns


@pytest.mark.parametrize("revision", STILL_WRITE)
def test_what_older_code_writes_fits_the_newest_tables(revision: int, tmp_path: Path) -> None:
    """Nothing it names is gone, and it may leave out whatever it does not know."""
    before, now = _as_of(revision, tmp_path), _as_of(CODE_REVISION, tmp_path)
    gone = [
        f"{table}.{name}"
        for table, columns in before.items()
        for name in columns
        if name not in now.get(table, {})
    ]
    assert gone == []
    narrower = [
        f"{table}.{name}"
        for table, columns in before.items()
        for name, column in columns.items()
        if (column["nullable"] and not now[table][name]["nullable"])
        or str(column["type"]) != str(now[table][name]["type"])
    ]
    assert narrower == []
    demanded = [
        f"{table}.{name}"
        for table, columns in before.items()
        for name, column in now[table].items()
        if name not in columns and not column["nullable"] and column["default"] is None
    ]
    assert demanded == []


def _marked(url: str, *, revision: int, minimum: int) -> None:
    """Make the store what a later release would have made of it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            tables.store_info.update().values(revision=revision, minimum_code_revision=minimum)
        )
    engine.dispose()


async def test_this_code_goes_on_with_the_store_of_the_next_release(sqlite_url: str) -> None:
    _marked(sqlite_url, revision=CODE_REVISION + 1, minimum=CODE_REVISION)
    store = SqlStore(sqlite_url, offload=inline, life=Immortal())
    await store.check()
    assert await store.run(lambda tx: tx.programs.all()) == []
    await store.close()
    # Put back after a failed deployment, its own upgrade leaves the newer store alone.
    upgrade(sqlite_url)
    engine = create_engine(sqlite_url)
    with engine.connect() as connection:
        assert connection.scalar(select(tables.store_info.c.revision)) == CODE_REVISION + 1
    engine.dispose()


async def test_this_code_refuses_a_store_that_admits_it_no_more(sqlite_url: str) -> None:
    _marked(sqlite_url, revision=CODE_REVISION + 2, minimum=CODE_REVISION + 1)
    store = SqlStore(sqlite_url, offload=inline, life=Immortal())
    with pytest.raises(StoreNewerError):
        await store.check()
    await store.close()
