"""Rows of *Needs you* are found by program, and counted as they stand at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from integrations.ports import Store, Transaction
from integrations.records import Need
from tests.support.stores import NOW, enrol


async def test_waiting_rows_are_those_of_the_programs_that_nobody_put_off_or_dealt_with(
    store: Store,
) -> None:
    later = NOW + timedelta(days=2)

    def record(tx: Transaction) -> None:
        enrol(tx)
        kinds: Mapping[str, Mapping[str, Any]] = {
            "waits": {},
            "put off": {"snoozed_until": later},
            "back": {"snoozed_until": NOW},
            "dealt with": {"outcome": "done"},
            "closed": {"outcome": "done", "closed_at": NOW},
        }
        for key, changes in kinds.items():
            need = Need(id=key, key=key, pair_id="p1", code="shortfall", raised_at=NOW)
            tx.needs.add(replace(need, **changes))

    await store.run(record)
    program = await store.run(lambda tx: tx.pairs.require("p1").program_id)
    found = await store.run(lambda tx: tx.needs.of_programs([program, "another"]))
    assert {need.id for need in found} == {"waits", "put off", "back"}
    assert await store.run(lambda tx: tx.needs.count_waiting([program], NOW)) == 2
    assert await store.run(lambda tx: tx.needs.count_waiting([program], later)) == 3
    assert await store.run(lambda tx: tx.needs.count_waiting(["another"], later)) == 0
    assert await store.run(lambda tx: tx.needs.count_waiting([], later)) == 0
