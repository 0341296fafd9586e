"""Stores on both databases for the contract suite."""

from tests.support.postgres import postgres
from tests.support.stores import (
    empty_postgres,
    empty_sqlite,
    postgres_url,
    sqlite_url,
    store,
    store_url,
)

__all__ = [
    "empty_postgres",
    "empty_sqlite",
    "postgres",
    "postgres_url",
    "sqlite_url",
    "store",
    "store_url",
]
