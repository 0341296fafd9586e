"""docs/reference/data.md names every table and field of the store, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from integrations.store import tables
from integrations.store.retention import KEPT

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "data.md"


def test_the_page_names_every_field_of_every_table_and_no_other() -> None:
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    documented = {
        section.split("\n", 1)[0]: {
            name
            for first_cell in re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
            for name in re.findall(r"`(\w+)`", first_cell)
        }
        for section in sections
    }
    stored = {table.name: set(table.columns.keys()) for table in tables.metadata.sorted_tables}
    assert documented == stored


def test_the_page_says_how_long_each_table_is_kept() -> None:
    head = PAGE.read_text(encoding="utf-8").split("\n## ", 1)[0]
    rows = re.findall(r"^\| \*(.+?)\* \|.*\| (`.*?) \|$", head, flags=re.MULTILINE)
    stated = {table: word for word, names in rows for table in re.findall(r"`(\w+)`", names)}
    assert stated == dict(KEPT)
