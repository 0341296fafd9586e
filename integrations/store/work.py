"""Due work: rows that are claimed, extended, finished and put aside.

Each act is one UPDATE that says under which conditions it holds, so two claimants never both
succeed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Select,
    Update,
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
        query = self._built("about", self._about)
        return self._fetch(query, {"kind_is": kind, "about": subject})[0]

    def take_up(self, kind: str, subject: str, due_at: datetime) -> Work:
        """``schedule``, and open the row with its attempts at nought if it was put aside."""
        work = self.schedule(kind, subject, due_at)
        if work.state is not WorkState.POISON:
            return work
        self.revive(work.id, due_at)
        return self.require(work.id)

    def _about(self) -> Select[Any]:
        # Not by the id: a row may have come with one of its own.
        is_kind = _COLUMNS.kind == bindparam("kind_is")
        return self._query().where(is_kind, _COLUMNS.subject == bindparam("about"))

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
        query = self._of_kinds("due", kinds, self._due)
        return self._fetch(query, {"now": now, "most": limit, **_named(kinds)})

    def _due(self) -> Select[Any]:
        is_due = _COLUMNS.due_at <= bindparam("now")
        query = self._query().where(tables.WORK_IS_OPEN, is_due, _is_free())
        return query.order_by(_COLUMNS.due_at, _COLUMNS.id).limit(bindparam("most"))

    def next_due_at(self, *, kinds: Sequence[str] = ()) -> datetime | None:
        """When the next open row can be claimed (its due time, or the end of its claim)."""
        query = self._of_kinds("next", kinds, _next_due)
        return self._connection.execute(query, _named(kinds)).scalar_one_or_none()

    def _of_kinds(
        self, name: str, kinds: Sequence[str], build: Callable[[], Select[Any]]
    ) -> Select[Any]:
        """What ``build`` makes, of the kinds bound as ``_named`` says, if any are named."""
        if not kinds:
            return self._built(name, build)
        named = _COLUMNS.kind.in_(bindparam("kinds", expanding=True))
        return self._built(f"{name} of kinds", lambda: build().where(named))

    def claim(self, work_id: str, holder: str, now: datetime, length: timedelta) -> Work | None:
        """Take the row if it is open, due and free (or its claim ran out); None otherwise."""
        values = {"now": now, "holder": holder, "until": now + length}
        taken = self._change("claim", _claiming, work_id, values)
        return self.get(work_id) if taken else None

    def claimed_until(self, kinds: Sequence[str], subject: str, now: datetime) -> datetime | None:
        """Until when open work of these kinds for ``subject`` is claimed; None if none is."""
        query = self._of_kinds("claimed_until", kinds, _claims)
        rows = self._connection.execute(query, {"about": subject, **_named(kinds)}).scalars()
        return max((until for until in rows if until is not None and until > now), default=None)

    def extend(self, work_id: str, holder: str, until: datetime) -> bool:
        """Hold the claim until ``until``; False if it went to somebody else or is over."""
        return self._change("extend", _prolonging, work_id, {"holder": holder, "until": until})

    def finish(self, work_id: str, holder: str) -> bool:
        """Mark done, or open it again for a wake-up that came meanwhile.

        False if the claim was lost; nothing is changed then.
        """
        return self._change("finish", _finishing, work_id, {"holder": holder})

    def postpone(
        self,
        work_id: str,
        holder: str,
        due_at: datetime,
        *,
        error: str | None = None,
        forgive: int = 0,
    ) -> bool:
        """Give the row back until ``due_at``, or until an earlier wake-up that came meanwhile."""
        values = {"holder": holder, "again": due_at, "error": error, "forgiven": forgive}
        return self._change("postpone", _postponing, work_id, values)

    def poison(self, work_id: str, error: str) -> None:
        """Put the row aside, visible, until somebody revives it."""
        self._change("poison", _poisoning, work_id, {"error": error})

    def revive(self, work_id: str, due_at: datetime) -> None:
        """Open a poisoned row again with its attempts at nought."""
        poisoned = (_COLUMNS.id == work_id) & (_COLUMNS.state == WorkState.POISON)
        opened = {"state": WorkState.OPEN, "due_at": due_at, "attempts": 0}
        self._connection.execute(update(tables.work).where(poisoned).values(opened))

    def hurry(self, error: str, due_at: datetime) -> int:
        """Have the open rows that were given back with this ``error`` due by ``due_at``."""
        later = (_COLUMNS.last_error == error) & (_COLUMNS.due_at > due_at)
        sooner = update(tables.work).where(tables.WORK_IS_OPEN, later).values(due_at=due_at)
        return self._connection.execute(sooner).rowcount

    def count(self) -> dict[tuple[str, str], int]:
        """How many rows there are by (kind, state)."""
        both = (_COLUMNS.kind, _COLUMNS.state)
        rows = self._connection.execute(select(*both, func.count()).group_by(*both).order_by(*both))
        return {(row[0], row[1].value): row[2] for row in rows}

    def _change(
        self, name: str, build: Callable[[], Update], work_id: str, values: dict[str, Any]
    ) -> bool:
        """Change the row if it is open and meets the statement's conditions; whether it did."""
        change = self._built(
            name,
            lambda: build().where(_COLUMNS.id == bindparam("row"), tables.WORK_IS_OPEN),
        )
        changed = self._connection.execute(change, {"row": work_id, **values})
        return bool(changed.rowcount)


# The statements, built once for each database. Bound names are none of the columns': those would
# become values.


def _next_due() -> Select[Any]:
    claimable_at = case(
        (_COLUMNS.claimed_until > _COLUMNS.due_at, _COLUMNS.claimed_until),
        else_=_COLUMNS.due_at,
    )
    return select(func.min(claimable_at)).where(tables.WORK_IS_OPEN)


def _claims() -> Select[Any]:
    about = _COLUMNS.subject == bindparam("about")
    # Unclaimed rows are locked as well: somebody may be claiming one at this moment.
    return select(_COLUMNS.claimed_until).where(tables.WORK_IS_OPEN, about).with_for_update()


def _claiming() -> Update:
    is_due = _COLUMNS.due_at <= bindparam("now")
    return (
        update(tables.work)
        .where(is_due, _is_free())
        .values(
            claimed_by=bindparam("holder"),
            claimed_until=bindparam("until"),
            attempts=_COLUMNS.attempts + 1,
        )
    )


def _held() -> Update:
    return update(tables.work).where(_COLUMNS.claimed_by == bindparam("holder"))


def _prolonging() -> Update:
    """The one change that every write to Graph makes."""
    return _held().values(claimed_until=bindparam("until"))


def _finishing() -> Update:
    woken = _COLUMNS.again_at.is_not(None)
    return _held().values(
        state=case((woken, WorkState.OPEN), else_=WorkState.DONE),
        due_at=case((woken, _COLUMNS.again_at), else_=_COLUMNS.due_at),
        attempts=case((woken, 0), else_=_COLUMNS.attempts),
        last_error=None,
        **_UNCLAIMED,
    )


def _postponing() -> Update:
    return _held().values(
        due_at=_earlier(_COLUMNS.again_at, bindparam("again", type_=_COLUMNS.due_at.type)),
        attempts=_COLUMNS.attempts - bindparam("forgiven", type_=Integer),
        last_error=bindparam("error"),
        **_UNCLAIMED,
    )


def _poisoning() -> Update:
    return update(tables.work).values(
        state=WorkState.POISON, last_error=bindparam("error"), **_UNCLAIMED
    )


def _named(kinds: Sequence[str]) -> dict[str, Any]:
    return {"kinds": list(kinds)} if kinds else {}


def _work_id(kind: str, subject: str) -> str:
    return uuid.uuid5(_NAMESPACE, f"{kind}\n{subject}").hex


def _is_free() -> ColumnElement[bool]:
    """That nobody's claim is in force at the instant bound as ``now``."""
    ran_out = _COLUMNS.claimed_until <= bindparam("now")
    return or_(_COLUMNS.claimed_until.is_(None), ran_out)


def _earlier(column: ColumnElement[Any], at: Any) -> ColumnElement[Any]:
    """The earlier of ``column`` and ``at``, ``at`` where the column is empty."""
    return case((column < at, column), else_=at)
