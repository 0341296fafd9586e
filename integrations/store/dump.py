"""Everything in the store as files, one line of JSON for each row."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from integrations.store import tables
from integrations.store.engine import Address, open_engine
from integrations.store.failures import told_as_ours

SECRET_TABLES = frozenset({"web_sessions", "permits"})
"""Who is signed in, and who holds a permit: of no use to anybody afterwards."""
SECRET_COLUMNS = frozenset({"client_state"})


def dump(url: str, folder: Path) -> dict[str, int]:
    """Write each table to ``folder`` as ``NAME.jsonl``; how many rows each has.

    Read in one transaction, so that all of it is of one moment. Names and addresses of people
    are in it, secrets are not. Files that are there are replaced.

    Raises:
        StoreError
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = Address.of(url)
    engine = open_engine(address, lock_timeout=timedelta(seconds=30), pool_size=1)
    counts = {}
    try:
        with told_as_ours(address), engine.connect() as connection, connection.begin():
            for table in tables.metadata.sorted_tables:
                if table.name in SECRET_TABLES:
                    continue
                columns = [c for c in table.columns if c.name not in SECRET_COLUMNS]
                rows = connection.execute(select(*columns)).mappings()
                counts[table.name] = _write(folder / f"{table.name}.jsonl", rows)
    finally:
        engine.dispose()
    return counts


def _write(file: Path, rows: Any) -> int:
    count = 0
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(dict(row), default=str, ensure_ascii=False) + "\n")
            count += 1
    return count
