"""Permits: at most so many calls at once to one mailbox, over every process of the fleet."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from integrations.records import Permit
from integrations.store import tables
from integrations.store.rows import Rows, insert_into

_COLUMNS = tables.permits.c


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
        self._connection.execute(
            delete(tables.permits).where(
                _COLUMNS.mailbox_id == permit.mailbox_id,
                _COLUMNS.slot == permit.slot,
                _COLUMNS.holder == permit.holder,
            )
        )

    def held(self, mailbox_id: str, now: datetime) -> list[Permit]:
        """Permits in force, in the order of their slots."""
        query = self._query().where(_COLUMNS.mailbox_id == mailbox_id, _COLUMNS.expires_at > now)
        return self._fetch(query.order_by(_COLUMNS.slot))

    def _take(self, permit: Permit) -> None:
        """Write the permit over whatever ran out in its slot, and over the holder's old ones."""
        self._connection.execute(
            delete(tables.permits).where(
                _COLUMNS.mailbox_id == permit.mailbox_id,
                _COLUMNS.holder == permit.holder,
                _COLUMNS.slot != permit.slot,
            )
        )
        insert = insert_into(self._connection, tables.permits)
        upsert = insert.on_conflict_do_update(
            index_elements=["mailbox_id", "slot"],
            set_={"holder": permit.holder, "expires_at": permit.expires_at},
        )
        self._connection.execute(upsert, self._row(permit))

    def _not_before(self, mailbox_id: str) -> datetime | None:
        gates = tables.mailbox_gates.c
        query = select(gates.not_before).where(gates.mailbox_id == mailbox_id)
        return self._connection.execute(query).scalar_one_or_none()
