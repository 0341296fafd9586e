"""The tenant's state on disk: documents by kind and key, and logs that only grow.

Every answered call ends with :meth:`Storage.commit`. What was committed
survives the death of the process, because SQLite's write-ahead log is in the
hands of the operating system by then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

_TABLES = """
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL, key TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT, log TEXT NOT NULL, doc BLOB NOT NULL
);
"""


def packed(doc: Any) -> bytes:
    """A document as it is stored; dataclasses become objects, dates ISO text, also as keys."""
    return orjson.dumps(doc, option=orjson.OPT_NON_STR_KEYS)


class Storage:
    """A document store in one SQLite file; ``":memory:"`` forgets everything when closed."""

    def __init__(self, path: str | Path) -> None:
        # The thread check is off because a served tenant is opened in one thread
        # and answers in another; only one of them ever uses it.
        self._db = sqlite3.connect(str(path), check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)

    def snapshot(self) -> bytes:
        """The whole state as the bytes of a SQLite file: what a power cut now would leave."""
        return self._db.serialize()

    def put(self, kind: str, key: str, doc: Any) -> None:
        """Write a document (whatever :func:`packed` takes), replacing the one of that key."""
        self._db.execute(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, key, packed(doc))
        )

    def drop(self, kind: str, key: str) -> None:
        """Remove a document; one that is not there is no error."""
        self._db.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))

    def get(self, kind: str, key: str) -> Any | None:
        """The document of that key, or None."""
        row = self._db.execute(
            "SELECT doc FROM document WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return None if row is None else orjson.loads(row[0])

    def documents(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Every (key, document) of a kind, by key."""
        for key, doc in self._db.execute(
            "SELECT key, doc FROM document WHERE kind = ? ORDER BY key", (kind,)
        ):
            yield key, orjson.loads(doc)

    def append(self, log: str, doc: Any) -> None:
        """Add an entry at the end of a log."""
        self._db.execute("INSERT INTO entry (log, doc) VALUES (?, ?)", (log, packed(doc)))

    def entries(self, log: str) -> Iterator[Any]:
        """Everything a log holds, oldest first."""
        for (doc,) in self._db.execute(
            "SELECT doc FROM entry WHERE log = ? ORDER BY number", (log,)
        ):
            yield orjson.loads(doc)

    def commit(self) -> None:
        """Make everything since the last commit survive."""
        if self._db.in_transaction:
            self._db.commit()

    def roll_back(self) -> None:
        """Forget everything since the last commit."""
        if self._db.in_transaction:
            self._db.rollback()

    def close(self) -> None:
        """Commit and let go of the file."""
        self.commit()
        self._db.close()
