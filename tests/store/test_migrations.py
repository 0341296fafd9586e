"""Migrations make what the models say, and nothing gets lost on the way."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from integrations.store import CODE_REVISION, MINIMUM_CODE_REVISION, tables
from integrations.store.upgrade import _MIGRATIONS
from tests.support.stores import open_store

PARTIAL = {
    "intents": {"uq_intents_key_open", "ix_intents_created_at_open"},
    "work": {"ix_work_due_at_open"},
    "blockers": {"uq_blockers_open"},
    "outbox": {"ix_outbox_due_at_waiting"},
    "needs": {"uq_needs_pair_id_key_open"},
    "orders": {"ix_orders_pair_id_open"},
    "reports": {"ix_reports_id_whole"},
    "deliveries": {"ix_deliveries_due_at_waiting"},
}


async def test_migrations_and_models_agree(store_url: str) -> None:
    store = open_store(store_url)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    await store.close()


async def test_partial_indices_cover_only_open_rows(store_url: str) -> None:
    """Alembic does not compare their conditions."""
    store = open_store(store_url)
    with store.engine.connect() as connection:
        inspector = inspect(connection)
        where = f"{connection.dialect.name}_where"
        found = {
            table: {
                str(index["name"])
                for index in inspector.get_indexes(table)
                if index.get("dialect_options", {}).get(where) is not None
            }
            for table in tables.metadata.tables
        }
    assert {table: names for table, names in found.items() if names} == PARTIAL
    await store.close()


def test_the_code_revision_is_the_number_of_migrations() -> None:
    migrations = sorted(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert len(migrations) == CODE_REVISION
    assert [int(name[:4]) for name in migrations] == list(range(1, CODE_REVISION + 1))
    assert 1 <= MINIMUM_CODE_REVISION <= CODE_REVISION


async def test_open_work_is_found_by_its_index(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    query = "EXPLAIN QUERY PLAN SELECT id FROM work WHERE state = 'open' ORDER BY due_at LIMIT 9"
    with store.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(query)))
    assert "ix_work_due_at_open" in plan
    await store.close()
