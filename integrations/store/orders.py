"""What people told Tandem to do with a pair, kept until it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, update

from integrations.records import Order
from integrations.store import tables
from integrations.store.rows import KeyedRows


class OrderRows(KeyedRows[Order]):
    """Orders, keyed by id."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.orders, Order)

    def open(self, pair_id: str) -> list[Order]:
        """Those of a pair that are not done yet, in the order in which they were given."""
        return self._fetch(self._built("open", self._open), {"pair": pair_id})

    def _open(self) -> Select[Any]:
        columns = tables.orders.c
        of_pair = self._query().where(columns.pair_id == bindparam("pair"), tables.ORDER_IS_OPEN)
        return of_pair.order_by(columns.given_at, columns.id)

    def settle(self, order_id: str, outcome: str, at: datetime) -> bool:
        """Mark done; False if it was already."""
        settled = self._connection.execute(
            update(tables.orders)
            .where(tables.orders.c.id == order_id, tables.ORDER_IS_OPEN)
            .values(outcome=outcome, settled_at=at)
        )
        return bool(settled.rowcount)
