"""The store as the oracle reads it: rows by plain SQL, no logic of the product's."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_JSON = frozenset({"data", "mails", "before", "after", "pause", "series", "hours", "offer", "body"})
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

    @classmethod
    def read(cls, file: Path) -> Books:
        """Read everything in one transaction."""
        with closing(sqlite3.connect(file)) as store:
            store.row_factory = sqlite3.Row
            store.execute("BEGIN")

            def rows(table: str, order: str) -> list[Row]:
                found = store.execute(f'SELECT * FROM "{table}" ORDER BY {order}')  # noqa: S608
                return [_read(dict(row)) for row in found]

            return cls(
                pairs=rows("pairs", "id"),
                people={row["id"]: row for row in rows("participants", "id")},
                sessions=rows("sessions", "pair_id, generation, window, id"),
                bookings=rows("bookings", "pair_id, generation"),
                intents=rows("intents", "created_at, id"),
                work=rows("work", "kind, subject"),
                blockers=rows("blockers", "id"),
                needs=rows("needs", "raised_at, id"),
                outbox=rows("outbox", "person_id, purpose, session_id"),
                journal=rows("journal", "seq"),
                mailboxes={row["id"]: row for row in rows("mailboxes", "id")},
            )

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


def due_rows(file: Path, now: datetime) -> list[str]:
    """Ids of the work that can be claimed now, oldest first."""
    stamp = _stamp(now)
    with closing(sqlite3.connect(file)) as store:
        found = store.execute(
            "SELECT id FROM work WHERE state = 'open' AND due_at <= ?"
            " AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY due_at, kind, subject",
            (stamp, stamp),
        )
        return [row[0] for row in found]


def next_due(file: Path) -> datetime | None:
    """When the next open row can be claimed."""
    with closing(sqlite3.connect(file)) as store:
        [[text]] = store.execute(
            "SELECT min(max(due_at, coalesce(claimed_until, due_at))) FROM work"
            " WHERE state = 'open'"
        )
    return instant(text)


def is_claimed(file: Path, subject: str, now: datetime) -> bool:
    """Whether somebody holds work about this subject at ``now``."""
    with closing(sqlite3.connect(file)) as store:
        [[held]] = store.execute(
            "SELECT count(*) FROM work WHERE subject = ? AND claimed_until > ?",
            (subject, _stamp(now)),
        )
    return bool(held)


def permits_in_force(file: Path, mailbox_id: str, now: datetime) -> int:
    """How many calls to a mailbox are permitted at ``now``."""
    with closing(sqlite3.connect(file)) as store:
        [[held]] = store.execute(
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
