"""The store as the oracle reads it: rows by plain SQL, no logic of the product's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_JSON = frozenset(
    {"data", "mails", "before", "after", "pause", "series", "hours", "offer", "body", "conflicts"}
)
_INSTANTS = frozenset(
    {"start", "end", "series_start", "planned_start", "since", "cleared_at", "expires_at"}
)


def instant(text: str | None) -> datetime | None:
    """An instant as SQLite keeps it: text in UTC."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Books:
    """All tables that invariants are about, as they stood at one moment."""

    pairs: list[Row]
    people: dict[str, Row]
    sessions: list[Row]
    bookings: list[Row]
    intents: list[Row]
    work: list[Row]
    blockers: list[Row]
    needs: list[Row]
    outbox: list[Row]
    journal: list[Row]
    mailboxes: dict[str, Row]

    def mails_of(self, pair: Row) -> tuple[str, ...]:
        """The addresses of the two, lower case, sorted."""
        both = (self.people[pair["mentor_id"]], self.people[pair["mentee_id"]])
        return tuple(sorted(person["mail"].lower() for person in both))

    def open_blockers(self, *subjects: str | None) -> list[Row]:
        """What holds any of these up, visibly."""
        return [
            row
            for row in self.blockers
            if row["cleared_at"] is None and row["subject_id"] in subjects
        ]

    def open_needs(self, pair_id: str) -> list[Row]:
        """What the coordinator is asked about a pair."""
        return [row for row in self.needs if row["closed_at"] is None and row["pair_id"] == pair_id]

    def holding_up(self, pair: Row) -> list[Row]:
        """Everything visible that holds a pair up: its own, its people's, its mailbox's."""
        subjects = (pair["id"], pair["mentor_id"], pair["mentee_id"], pair["mailbox_id"])
        return [*self.open_blockers(*subjects), *self.open_needs(pair["id"])]


class Ledger:
    """The store's file, open for reading as long as the run lasts.

    Opening it costs more than reading from it, and it is read at each call to a program mailbox.
    Between two questions nothing is held, so that each sees what was committed last.
    """

    def __init__(self, file: Path) -> None:
        self._store = sqlite3.connect(file, isolation_level=None)
        self._store.execute("PRAGMA query_only=ON")

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def books(self) -> Books:
        """Everything, read in one transaction."""
        self._store.execute("BEGIN")
        try:
            return Books(
                pairs=self._rows("pairs", "id"),
                people={row["id"]: row for row in self._rows("participants", "id")},
                sessions=self._rows("sessions", "pair_id, generation, window, id"),
                bookings=self._rows("bookings", "pair_id, generation"),
                intents=self._rows("intents", "created_at, id"),
                work=self._rows("work", "kind, subject"),
                blockers=self._rows("blockers", "id"),
                needs=self._rows("needs", "raised_at, id"),
                outbox=self._rows("outbox", "person_id, purpose, session_id"),
                journal=self._rows("journal", "seq"),
                mailboxes={row["id"]: row for row in self._rows("mailboxes", "id")},
            )
        finally:
            self._store.execute("COMMIT")

    def _rows(self, table: str, order: str) -> list[Row]:
        found = self._store.execute(f'SELECT * FROM "{table}" ORDER BY {order}')  # noqa: S608
        names = [column[0] for column in found.description]
        return [_read(dict(zip(names, row, strict=True))) for row in found]

    def due_rows(self, now: datetime, *, but: Collection[str] = ()) -> list[str]:
        """Ids of the work that can be claimed now, oldest first, without kinds in ``but``."""
        stamp = _stamp(now)
        found = self._store.execute(
            "SELECT id, kind FROM work WHERE state = 'open' AND due_at <= ?"
            " AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY due_at, kind, subject",
            (stamp, stamp),
        )
        return [row[0] for row in found if row[1] not in but]

    def next_due(self, *, but: Collection[str] = ()) -> datetime | None:
        """When the next open row can be claimed, kinds in ``but`` apart."""
        found = self._store.execute(
            "SELECT kind, min(max(due_at, coalesce(claimed_until, due_at))) FROM work"
            " WHERE state = 'open' GROUP BY kind"
        )
        return instant(min((text for kind, text in found if kind not in but), default=None))

    def is_claimed(self, subject: str, now: datetime) -> bool:
        """Whether somebody holds work about this subject at ``now``."""
        [[held]] = self._store.execute(
            "SELECT count(*) FROM work WHERE subject = ? AND claimed_until > ?",
            (subject, _stamp(now)),
        )
        return bool(held)

    def state_of(self, pair_id: str) -> str:
        """What a pair's state is now."""
        [[state]] = self._store.execute("SELECT state FROM pairs WHERE id = ?", (pair_id,))
        return str(state)

    def permits_in_force(self, mailbox_id: str, now: datetime) -> int:
        """How many calls to a mailbox are permitted at ``now``."""
        [[held]] = self._store.execute(
            "SELECT count(*) FROM permits WHERE mailbox_id = ? AND expires_at > ?",
            (mailbox_id, _stamp(now)),
        )
        return int(held)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _read(row: Row) -> Row:
    for name, value in row.items():
        if name in _JSON and isinstance(value, str):
            row[name] = json.loads(value)
        elif value is not None and (name in _INSTANTS or name.endswith("_at") or name == "at"):
            row[name] = instant(value)
    return row
