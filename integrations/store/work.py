"""Due work: rows that are claimed, extended, finished and put aside.

Each act is one UPDATE that says under which conditions it holds, so two claimants never both
succeed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from integrations.records import Work, WorkState
from integrations.store import tables
from integrations.store.rows import KeyedRows, insert_into

_COLUMNS = tables.work.c
_NAMESPACE = uuid.UUID("5d0c1ff2-5d1f-4a43-8f0c-0d1d3f2b7c11")
_UNCLAIMED = {"claimed_by": None, "claimed_until": None, "again_at": None}


class WorkRows(KeyedRows[Work]):
    """Due work, keyed by id.

    There is one row per kind and subject, opened again whenever there is more to do: the table
    does not grow with time, and an id made from both is the same in every run. A wake-up that
    comes while the row is claimed may be news to its holder: it is kept in ``again_at``, and
    opens the row again when the holder is through.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.work, Work)

    def schedule(self, kind: str, subject: str, due_at: datetime) -> Work:
        """Make sure there is open work of this kind for ``subject``.

        An open row keeps the earlier of the two due times. A poisoned row stays as it is.
        """
        self.schedule_all(kind, [subject], due_at)
        return self.require(_work_id(kind, subject))

    def schedule_all(self, kind: str, subjects: Iterable[str], due_at: datetime) -> None:
        """``schedule`` for many subjects at once."""
        # In one order everywhere, so that two transactions never wait for each other.
        wanted = [
            Work(id=_work_id(kind, subject), kind=kind, subject=subject, due_at=due_at)
            for subject in sorted(set(subjects))
        ]
        if wanted:
            upsert = self._built("schedule", self._opening)
            self._connection.execute(upsert, [self._row(work) for work in wanted])

    def _opening(self) -> Executable:
        insert = insert_into(self._connection, tables.work)
        due_at = insert.excluded.due_at
        done, is_open = _COLUMNS.state == WorkState.DONE, _COLUMNS.state == WorkState.OPEN
        claimed = is_open & _COLUMNS.claimed_by.is_not(None)
        sooner = is_open & (_COLUMNS.due_at > due_at)
        return insert.on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={
                "state": case((done, WorkState.OPEN), else_=_COLUMNS.state),
                "attempts": case((done, 0), else_=_COLUMNS.attempts),
                "due_at": case((done | sooner, due_at), else_=_COLUMNS.due_at),
                "again_at": case(
                    (claimed, _earlier(_COLUMNS.again_at, due_at)), else_=_COLUMNS.again_at
                ),
            },
        )

    def due(self, now: datetime, *, kinds: Sequence[str] = (), limit: int = 100) -> list[Work]:
        """Open work that is due and not claimed by anybody at ``now``, oldest due first."""
        query = self._query().where(*_of_kinds(kinds), _COLUMNS.due_at <= now, _is_free(now))
        return self._fetch(query.order_by(_COLUMNS.due_at, _COLUMNS.id).limit(limit))

    def next_due_at(self, *, kinds: Sequence[str] = ()) -> datetime | None:
        """When the next open row can be claimed (its due time, or the end of its claim)."""
        claimable_at = case(
            (_COLUMNS.claimed_until > _COLUMNS.due_at, _COLUMNS.claimed_until),
            else_=_COLUMNS.due_at,
        )
        query = select(func.min(claimable_at)).where(*_of_kinds(kinds))
        return self._connection.execute(query).scalar_one_or_none()

    def claim(self, work_id: str, holder: str, now: datetime, length: timedelta) -> Work | None:
        """Take the row if it is open, due and free (or its claim ran out); None otherwise."""
        taken = self._change(
            work_id,
            _COLUMNS.due_at <= now,
            _is_free(now),
            claimed_by=holder,
            claimed_until=now + length,
            attempts=_COLUMNS.attempts + 1,
        )
        return self.get(work_id) if taken else None

    def claimed_until(self, kinds: Sequence[str], subject: str, now: datetime) -> datetime | None:
        """Until when open work of these kinds for ``subject`` is claimed; None if none is."""
        query = select(_COLUMNS.claimed_until).where(*_of_kinds(kinds), _COLUMNS.subject == subject)
        # Unclaimed rows are locked as well: somebody may be claiming one at this moment.
        rows = self._connection.execute(query.with_for_update()).scalars()
        return max((until for until in rows if until is not None and until > now), default=None)

    def extend(self, work_id: str, holder: str, until: datetime) -> bool:
        """Hold the claim until ``until``; False if it went to somebody else or is over."""
        held = self._built("extend", _prolong)
        values = {"claim_id": work_id, "holder": holder, "claimed_until": until}
        return bool(self._connection.execute(held, values).rowcount)

    def finish(self, work_id: str, holder: str) -> bool:
        """Mark done, or open it again for a wake-up that came meanwhile.

        False if the claim was lost; nothing is changed then.
        """
        woken = _COLUMNS.again_at.is_not(None)
        return self._change(
            work_id,
            _COLUMNS.claimed_by == holder,
            state=case((woken, WorkState.OPEN), else_=WorkState.DONE),
            due_at=case((woken, _COLUMNS.again_at), else_=_COLUMNS.due_at),
            attempts=case((woken, 0), else_=_COLUMNS.attempts),
            last_error=None,
            **_UNCLAIMED,
        )

    def postpone(
        self,
        work_id: str,
        holder: str,
        due_at: datetime,
        *,
        error: str | None = None,
        forgive: bool = False,
    ) -> bool:
        """Give the row back until ``due_at``, or until an earlier wake-up that came meanwhile."""
        return self._change(
            work_id,
            _COLUMNS.claimed_by == holder,
            due_at=_earlier(_COLUMNS.again_at, due_at),
            attempts=_COLUMNS.attempts - 1 if forgive else _COLUMNS.attempts,
            last_error=error,
            **_UNCLAIMED,
        )

    def poison(self, work_id: str, error: str) -> None:
        """Put the row aside, visible, until somebody revives it."""
        self._change(work_id, state=WorkState.POISON, last_error=error, **_UNCLAIMED)

    def revive(self, work_id: str, due_at: datetime) -> None:
        """Open a poisoned row again with its attempts at nought."""
        poisoned = (_COLUMNS.id == work_id) & (_COLUMNS.state == WorkState.POISON)
        opened = {"state": WorkState.OPEN, "due_at": due_at, "attempts": 0}
        self._connection.execute(update(tables.work).where(poisoned).values(opened))

    def count(self) -> dict[tuple[str, str], int]:
        """How many rows there are by (kind, state)."""
        both = (_COLUMNS.kind, _COLUMNS.state)
        rows = self._connection.execute(select(*both, func.count()).group_by(*both).order_by(*both))
        return {(row[0], row[1].value): row[2] for row in rows}

    def _change(self, work_id: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
        """Change the row if it is open and meets ``conditions``; whether it did."""
        change = update(tables.work).where(_COLUMNS.id == work_id, tables.WORK_IS_OPEN, *conditions)
        changed = self._connection.execute(change.values(values))
        return bool(changed.rowcount)


def _prolong() -> Executable:
    """The one change that every write to Graph makes."""
    return update(tables.work).where(
        _COLUMNS.id == bindparam("claim_id"),
        _COLUMNS.claimed_by == bindparam("holder"),
        tables.WORK_IS_OPEN,
    )


def _work_id(kind: str, subject: str) -> str:
    return uuid.uuid5(_NAMESPACE, f"{kind}\n{subject}").hex


def _is_free(now: datetime) -> ColumnElement[bool]:
    """That nobody's claim is in force."""
    return or_(_COLUMNS.claimed_until.is_(None), _COLUMNS.claimed_until <= now)


def _of_kinds(kinds: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """That a row is open and, if any are named, of one of ``kinds``."""
    is_open: Any = tables.WORK_IS_OPEN
    return (is_open, _COLUMNS.kind.in_(kinds)) if kinds else (is_open,)


def _earlier(column: ColumnElement[Any], at: Any) -> ColumnElement[Any]:
    """The earlier of ``column`` and ``at``, ``at`` where the column is empty."""
    return case((column < at, column), else_=at)
