"""Program stores for tests: empty ones on both databases, and records to put into them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.ports import Transaction
from integrations.records import (
    Booking,
    Intent,
    IntentState,
    Mailbox,
    Pair,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.runtime import Immortal, inline
from integrations.store import SqlStore, upgrade
from tests.support.postgres import PostgresServer

# The Sunday on which London's clocks go forward, a minute before they do.
NOW = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty SQLite store, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "store.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def empty_postgres(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database that holds an empty store, to be copied."""
    with postgres.database() as name:
        upgrade(postgres.url(name))
        yield name


@pytest.fixture
def sqlite_url(empty_sqlite: Path, tmp_path: Path) -> str:
    """The address of an empty SQLite store."""
    return f"sqlite:///{shutil.copy(empty_sqlite, tmp_path / 'store.db')}"


@pytest.fixture
def postgres_url(postgres: PostgresServer, empty_postgres: str) -> Iterator[str]:
    """The address of an empty PostgreSQL store."""
    with postgres.database(like=empty_postgres) as name:
        yield postgres.url(name)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store: each test runs once per database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[SqlStore]:
    """An empty store of somebody who does not die."""
    opened = open_store(store_url)
    yield opened
    await opened.close()


def open_store(url: str, **options: Any) -> SqlStore:
    """A store without threads."""
    return SqlStore(url, **{"offload": inline, "life": Immortal(), **options})


def person(name: str, **facts: Any) -> Participant:
    """A participant whose ids and address come from ``name``."""
    given: dict[str, Any] = {
        "directory_id": f"dir-{name}",
        "mail": f"{name}@example.com",
        "name": name.title(),
    }
    return Participant(id=name, **(given | facts))


def pair(key: str, **facts: Any) -> Pair:
    """A pair of the two people that ``enrol`` puts into the store."""
    given: dict[str, Any] = {"program_id": "prog", "mentor_id": "mia", "mentee_id": "sam"}
    given["start_date"] = date(2026, 4, 6)
    return Pair(id=key, **(given | facts))


def session(key: str, pair_id: str = "p1", window: int = 0, **facts: Any) -> Session:
    """A planned session on the day after ``NOW``."""
    start = datetime(2026, 3, 30, 8, 0, tzinfo=UTC)
    given: dict[str, Any] = {"state": SessionState.PLANNED, "series_start": start, "start": start}
    given["end"] = start + timedelta(hours=1)
    return Session(id=key, pair_id=pair_id, window=window, **(given | facts))


def booking(pair_id: str = "p1", generation: int = 1) -> Booking:
    """A series of a pair in the mailbox that ``enrol`` puts into the store."""
    return Booking(
        pair_id=pair_id,
        generation=generation,
        mailbox_id="box",
        event_id=f"event-{pair_id}-{generation}",
        ical_uid="uid",
        etag='W/"1"',
        zone="Europe/London",
        join_url="https://teams.example/join",
        booked_at=NOW,
    )


def intent(key: str, act: str = "book/p1/1", **facts: Any) -> Intent:
    """An intent that was not sent yet."""
    given: dict[str, Any] = {
        "kind": "book",
        "pair_id": "p1",
        "mailbox_id": "box",
        "created_at": NOW,
    }
    given["state"] = IntentState.PREPARED
    return Intent(id=key, key=act, **(given | facts))


def enrol(tx: Transaction) -> None:
    """One program, two people, one mailbox and the pair ``p1``."""
    tx.programs.add(Program(id="prog", name="Reverse mentoring", zone="Europe/London"))
    tx.participants.put_many([person("mia"), person("sam")])
    tx.mailboxes.add(Mailbox(id="box", address="program@example.com"))
    tx.pairs.add(pair("p1"))
