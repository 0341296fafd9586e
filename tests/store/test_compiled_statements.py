"""What one engine has compiled serves the others of its process."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, literal, select
from sqlalchemy.engine.default import DefaultDialect

from integrations.store.engine import Address, open_engine
from tests.support.world import Empty


def _engine(empty: Empty, *, looks: bool = False) -> Engine:
    address = Address.of(f"sqlite:///{empty.new_file('store')}")
    return open_engine(
        address, create=True, lock_timeout=timedelta(seconds=1), pool_size=1, looks=looks
    )


def _compiled_or_found(engine: Engine) -> str:
    """Whether a statement was compiled for this use of it."""
    found: list[str] = []

    def note(connection: Connection, *parts: object) -> None:
        found.append(parts[3].cache_hit.name)  # type: ignore[attr-defined]

    event.listen(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        connection.execute(select(literal(1).label("kept under this name")))
    engine.dispose()
    return found[-1]


@pytest.mark.parametrize("looks", [False, True])
def test_a_statement_is_compiled_once_for_all_stores_of_a_kind(empty: Empty, looks: bool) -> None:
    hit = DefaultDialect.CACHE_HIT.name
    _compiled_or_found(_engine(empty, looks=looks))
    assert _compiled_or_found(_engine(empty, looks=looks)) == hit
