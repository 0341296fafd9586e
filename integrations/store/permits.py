"""Permits: at most so many calls at once to one mailbox, over every process of the fleet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Executable, Select, bindparam, delete, select

from integrations.records import Permit
from integrations.store import tables
from integrations.store.rows import Rows, insert_into

_COLUMNS = tables.permits.c
_IN_MAILBOX = _COLUMNS.mailbox_id == bindparam("mailbox")
_OF_HOLDER = _COLUMNS.holder == bindparam("by")


class PermitRows(Rows[Permit]):
    """Permits, one row per mailbox and slot. A row whose time ran out counts for nothing."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.permits, Permit)

    def acquire(
        self, mailbox_id: str, holder: str, now: datetime, length: timedelta, slots: range
    ) -> Permit | datetime:
        """A permit in one of ``slots``, or when to ask again.

        The instant is the end of the mailbox's wait, or of the permit that ends first; permits
        are usually given back sooner.
        """
        not_before = self._not_before(mailbox_id)
        if not_before is not None and not_before > now:
            return not_before
        held = {permit.slot: permit for permit in self.held(mailbox_id, now)}
        own = [permit.slot for permit in held.values() if permit.holder == holder]
        free = own or [slot for slot in slots if slot not in held]
        if not free:
            return min(held[slot].expires_at for slot in slots)
        permit = Permit(mailbox_id=mailbox_id, slot=free[0], holder=holder, expires_at=now + length)
        self._take(permit)
        return permit

    def release(self, permit: Permit) -> None:
        """Give the permit back, unless somebody else has it by now."""
        values = {"mailbox": permit.mailbox_id, "by": permit.holder, "in_slot": permit.slot}
        self._connection.execute(self._built("release", _give_back), values)

    def held(self, mailbox_id: str, now: datetime) -> list[Permit]:
        """Permits in force, in the order of their slots."""
        return self._fetch(self._built("held", self._in_force), {"mailbox": mailbox_id, "now": now})

    def _in_force(self) -> Select[Any]:
        query = self._query().where(_IN_MAILBOX, _COLUMNS.expires_at > bindparam("now"))
        return query.order_by(_COLUMNS.slot)

    def _take(self, permit: Permit) -> None:
        """Write the permit over whatever ran out in its slot, and over the holder's old ones."""
        values = {"mailbox": permit.mailbox_id, "by": permit.holder, "in_slot": permit.slot}
        self._connection.execute(self._built("let go", _let_go_of_others), values)
        self._connection.execute(self._built("take", self._upsert), self._row(permit))

    def _upsert(self) -> Executable:
        insert = insert_into(self._connection, tables.permits)
        excluded = insert.excluded
        return insert.on_conflict_do_update(
            index_elements=["mailbox_id", "slot"],
            set_={"holder": excluded.holder, "expires_at": excluded.expires_at},
        )

    def _not_before(self, mailbox_id: str) -> datetime | None:
        query = self._built("not_before", _gate_opens)
        return self._connection.execute(query, {"mailbox": mailbox_id}).scalar_one_or_none()


def _give_back() -> Executable:
    return delete(tables.permits).where(
        _IN_MAILBOX, _OF_HOLDER, _COLUMNS.slot == bindparam("in_slot")
    )


def _let_go_of_others() -> Executable:
    return delete(tables.permits).where(
        _IN_MAILBOX, _OF_HOLDER, _COLUMNS.slot != bindparam("in_slot")
    )


def _gate_opens() -> Select[Any]:
    gates = tables.mailbox_gates.c
    return select(gates.not_before).where(gates.mailbox_id == bindparam("mailbox"))
