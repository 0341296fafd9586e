"""What a database cannot do is told as one of our own errors, with a remedy and no secret."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copy
from threading import Thread

import psycopg
import pytest
from sqlalchemy import event

from integrations.errors import (
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreMissingError,
    StoreOutdatedError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from integrations.ports import Transaction
from integrations.runtime import in_thread
from integrations.store import SqlStore, upgrade
from tests.support.postgres import PASSWORD, PostgresServer, free_port
from tests.support.stores import enrol, open_store, person

NOBODY = 65534
AT_ONCE = timedelta(0)


def write(tx: Transaction) -> None:
    tx.switches.set("a", "on")


async def failure(store: SqlStore) -> StoreError:
    """What a write is told; the check has to tell the same."""
    with pytest.raises(StoreError) as checked:
        await store.check()
    with pytest.raises(StoreError) as told:
        await store.run(write)
    await store.close()
    assert type(checked.value) in (type(told.value), StoreMissingError)
    assert told.value.remedy
    return told.value


@pytest.fixture
def anybodys_folder() -> Iterator[Path]:
    """A folder that other accounts can reach, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Run as an account whose file permissions count: root may write everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield
    if root:
        os.seteuid(0)


def protected_copy(file: Path, folder: Path, mode: int) -> Path:
    """A copy with this mode, in a folder where nobody may make files any more."""
    made = Path(copy(file, folder / "store.db"))
    made.chmod(mode)
    folder.chmod(0o555)
    return made


# --- SQLite ------------------------------------------------------------------------------


async def test_a_missing_file_is_told_and_not_made(tmp_path: Path) -> None:
    told = await failure(open_store(f"sqlite:///{tmp_path}/none.db"))
    assert isinstance(told, StoreMissingError)
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # not awaited either way


def test_a_missing_folder_is_told_by_the_upgrade(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError):
        upgrade(f"sqlite:///{tmp_path}/none/store.db")


async def test_an_empty_file_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(StoreMissingError):
        await store.check()
    with pytest.raises(StoreOutdatedError):
        await store.run(write)
    await store.close()


async def test_a_file_of_another_kind_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam, " * 100)
    assert isinstance(await failure(open_store(f"sqlite:///{file}")), StoreMissingError)


async def test_a_lock_of_another_program_is_told(sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told = await failure(open_store(sqlite_url, lock_timeout=AT_ONCE))
    assert isinstance(told, StoreLockedError)
    other.execute("ROLLBACK")
    other.close()


async def test_a_lock_that_is_gone_leaves_no_trace(sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = open_store(sqlite_url, lock_timeout=AT_ONCE)
    with pytest.raises(StoreLockedError):
        await store.run(write)
    other.execute("ROLLBACK")
    other.close()
    await store.run(write)
    assert await store.run(lambda tx: tx.switches.get("a")) == "on"
    await store.close()


async def test_a_write_protected_file_is_told(
    empty_sqlite: Path, anybodys_folder: Path, request: pytest.FixtureRequest
) -> None:
    file = protected_copy(empty_sqlite, anybodys_folder, 0o444)
    request.getfixturevalue("unprivileged")
    assert isinstance(await failure(open_store(f"sqlite:///{file}")), StoreReadOnlyError)


async def test_a_write_protected_folder_is_told(
    empty_sqlite: Path, anybodys_folder: Path, request: pytest.FixtureRequest
) -> None:
    """SQLite keeps its log beside the file, so write permission on the file is not enough."""
    file = protected_copy(empty_sqlite, anybodys_folder, 0o666)
    request.getfixturevalue("unprivileged")
    assert isinstance(await failure(open_store(f"sqlite:///{file}")), StoreReadOnlyError)


async def test_a_full_disk_is_told_and_loses_nothing(sqlite_url: str) -> None:
    store = open_store(sqlite_url)

    @event.listens_for(store.engine, "connect")
    def limit_pages(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    await store.run(write)
    with pytest.raises(StoreFullError) as told:
        await store.run(lambda tx: tx.switches.set("long", "x" * 100_000))
    assert told.value.remedy
    assert await store.run(lambda tx: tx.switches.get("a")) == "on"
    assert await store.run(lambda tx: tx.switches.get("long")) is None
    await store.close()


async def test_every_commit_is_synced_to_disk(sqlite_url: str) -> None:
    """2 is FULL: in this mode a power cut loses no commit that was reported as done."""
    store = open_store(sqlite_url)
    with store.engine.connect() as connection:
        modes = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert modes == ["wal", 2, 1]
    await store.close()


# --- PostgreSQL --------------------------------------------------------------------------


async def test_a_server_that_does_not_answer_is_told() -> None:
    url = f"postgresql://tandem:{PASSWORD}@127.0.0.1:{free_port()}/store"
    assert isinstance(await failure(open_store(url)), StoreUnreachableError)


async def test_a_wrong_password_is_told(postgres: PostgresServer) -> None:
    store = open_store(postgres.url("postgres", password="wrong"))
    assert isinstance(await failure(store), StoreUnreachableError)


async def test_a_missing_database_is_told(postgres: PostgresServer) -> None:
    assert isinstance(await failure(open_store(postgres.url("nowhere"))), StoreMissingError)


async def test_a_database_without_our_tables_is_no_store(postgres: PostgresServer) -> None:
    with postgres.database() as name:
        store = open_store(postgres.url(name))
        with pytest.raises(StoreMissingError):
            await store.check()
        with pytest.raises(StoreOutdatedError):
            await store.run(write)
        await store.close()


async def test_a_row_locked_for_too_long_is_told(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE switches")
        store = open_store(postgres_url, lock_timeout=timedelta(milliseconds=1))
        assert isinstance(await failure(store), StoreLockedError)


async def test_a_read_only_database_is_told(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert isinstance(await failure(open_store(postgres_url)), StoreReadOnlyError)


async def test_a_server_out_of_room_is_told(postgres_url: str) -> None:
    """The server itself raises its code for a full disk here; the disk has room."""
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            """
            CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$
            """
        )
        other.execute(
            "CREATE TRIGGER fills BEFORE INSERT ON switches FOR EACH ROW EXECUTE FUNCTION fill()"
        )
    assert isinstance(await failure(open_store(postgres_url)), StoreFullError)


async def test_a_connection_the_server_ended_is_made_anew(postgres_url: str) -> None:
    store = open_store(postgres_url)
    await store.run(write)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(f"{end} AND datname = current_database()")
    assert await store.run(lambda tx: tx.switches.get("a")) == "on"
    await store.close()


# --- secrets and addresses ---------------------------------------------------------------


async def test_no_error_and_no_repr_shows_the_password(postgres: PostgresServer) -> None:
    urls = [
        f"postgresql://tandem:{PASSWORD}@127.0.0.1:{free_port()}/store",
        postgres.url("nowhere"),
    ]
    for url in urls:
        store = open_store(url)
        told: BaseException | None = await failure(store)
        shown = [repr(store), repr(store.engine)]
        while told is not None:
            shown += [str(told), repr(told)]
            told = told.__cause__ or told.__context__
        assert [text for text in shown if PASSWORD in text] == []


@pytest.mark.parametrize(
    "url",
    [
        f"://user:{PASSWORD}@host",
        f"mysql://user:{PASSWORD}@host/store",
        "sqlite://",
        "sqlite:///:memory:",
        "",
    ],
)
def test_an_address_at_which_no_store_can_be_is_refused(url: str) -> None:
    with pytest.raises(StoreMissingError) as told:
        open_store(url)
    assert PASSWORD not in str(told.value)


async def test_what_clashes_is_not_quoted(postgres_url: str) -> None:
    """PostgreSQL's own words name the values, which may be an address."""
    store = open_store(postgres_url)
    await store.run(enrol)
    twin = person("twin", directory_id="dir-mia")
    with pytest.raises(ValueError, match="uq_participants_directory_id") as told:
        await store.run(lambda tx: tx.participants.put(twin))
    assert "dir-mia" not in str(told.value)
    assert told.value.__suppress_context__
    await store.close()


async def test_who_clashes_with_a_row_made_meanwhile_reads_it_and_goes_on(
    postgres_url: str,
) -> None:
    """Two processes give one account two ids; the later one has to find the earlier one's."""
    ours, theirs = open_store(postgres_url), open_store(postgres_url, offload=in_thread)
    tries = []

    def enrol_account(tx: Transaction, name: str) -> str:
        known = tx.participants.by_account("dir-new")
        if known is not None:
            return known.id
        if name == "ours":
            tries.append(name)
            elsewhere = Thread(
                target=lambda: asyncio.run(theirs.run(lambda tx: enrol_account(tx, "theirs")))
            )
            elsewhere.start()
            elsewhere.join()
        tx.participants.put(person(name, directory_id="dir-new"))
        return name

    assert await ours.run(lambda tx: enrol_account(tx, "ours")) == "theirs"
    assert tries == ["ours"]
    await ours.close()
    await theirs.close()


async def test_how_sure_sqlite_makes_of_the_disk_is_told_by_the_address(sqlite_url: str) -> None:
    async def asked(url: str) -> int:
        store = open_store(url)
        with store.engine.connect() as connection:
            found: int = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        await store.close()
        return found

    assert await asked(sqlite_url) == 2
    assert await asked(f"{sqlite_url}?synchronous=off") == 0
    with pytest.raises(StoreMissingError, match="full, normal, off"):
        open_store(f"{sqlite_url}?synchronous=perhaps")
