"""Acceptance 40, from life: what is reported and credited arises from what people did.

One pair meets for an hour, then for twenty minutes, is paused over a date, meets without Teams and
says so with the links of its mails, and at last neither comes nor says anything. The other pair
never does. ``test_40_adherence_and_credit`` has the rest of the behaviour, told to the store.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.ports import Transaction
from integrations.workflows.attendance import telling
from integrations.workflows.ordering import orders
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.credit import Credit, export_credit
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.sponsor import WITHHELD, sponsor_tables
from integrations.workflows.reporting.writers import to_csv
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import Correction, VerdictKind
from tests.acceptance.attending import Attending, attending
from tests.acceptance.keeping import live_unseen_until
from tests.support.world import Empty
from tests.workflows.changes.reconciling import now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(40)

ACCOUNTS: list[dict[str, Any]] = [
    {"purpose": "development", "code": "DEV-100", "period": "program"},
    {
        "purpose": "billable_credit",
        "code": "BC-7",
        "roles": ["mentor"],
        "cap_tenths": 15,
        "period": "program",
    },
]


def _with_accounts(tx: Transaction, program_id: str) -> None:
    rule = tx.rules.current(program_id)
    body = {**ProgramRule.from_body(rule.body).to_body(), "credit": ACCOUNTS}
    tx.rules.put(replace(rule, body=body))
    for at, person in enumerate(tx.participants.all()):
        tx.participants.put(replace(person, timekeeper=f"TK{at:03}"))


async def _next(there: Attending) -> None:
    there.date = (await there.stage.dates())[0]


async def _meet(there: Attending, minutes: int) -> None:
    """Both come to the next date, for so long."""
    await _next(there)
    for person in (there.junior, there.senior):
        await there.attends(person.mail, 0, minutes)
    await live_unseen_until(there.app, there.end + DAY)


async def _are_away(there: Attending) -> None:
    """Both are away over the next date, and somebody pauses them."""
    await _next(there)
    day, pair_id = there.date.start.date(), await there.stage.pair_id()
    week = timedelta(days=3)

    def pause(tx: Transaction) -> None:
        orders.pause(tx, tx.pairs.require(pair_id), day - week, day + week, now())

    await there.app.store.run(pause)
    await live_unseen_until(there.app, there.end + 4 * DAY)


async def _meet_elsewhere(there: Attending) -> None:
    """Nobody comes online; the day after both say that they met."""
    await _next(there)
    await live_unseen_until(there.app, there.end + DAY + 16 * HOUR)
    for person in (there.junior, there.senior):
        await there.answers(person, said="met")


async def _forget(there: Attending) -> None:
    """Nobody comes, and nobody answers for as long as links work."""
    await _next(there)
    await live_unseen_until(there.app, there.end + 10 * DAY)


async def _credit(there: Attending, program_id: str) -> Credit:
    return await there.app.store.run(lambda tx: export_credit(tx, program_id, now(), "UTC"))


def _hours(credit: Credit, purpose: str) -> list[str]:
    rows = (dict(row) for row in credit.lines.records())
    return sorted(str(row["hours"]) for row in rows if row["purpose"] == purpose)


def test_what_people_did_is_what_is_reported_and_credited(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        there = await attending(stage)
        program_id, pair_id = (await stage.case()).program.id, await stage.pair_id()
        await there.app.store.run(lambda tx: _with_accounts(tx, program_id))
        first = there.date
        await _meet(there, 60)
        await _meet(there, 20)
        await _are_away(there)
        await _meet_elsewhere(there)
        await _forget(there)

        at = now()
        report = await stage.read(lambda tx: Adherence.of(histories(tx, at, program_id, "UTC"), at))
        rows = {str(row["pair"]): dict(row) for row in report.tables[0].records()}
        row = rows[pair_id]
        assert (row["held"], row["self_reported"], row["short"]) == (2, 1, 1)
        assert row["unknown"] == 1
        assert row["minutes_held"] == 120
        labels = Counter(r["label"] for r in report.tables[1].records() if r["pair"] == pair_id)
        assert labels >= Counter(["held", "held, self-reported", "short", "unknown"])

        journal = await stage.read(lambda tx: tx.journal.read(code="verdict"))
        last = Counter({e.session_id: e.data["verdict"] for e in journal}.values())
        totals = {str(r["what"]): r["count"] for r in report.tables[2].records()}
        for word in ("held", "short", "not_held", "unknown", "disputed", "to_confirm"):
            assert totals[word] == last[word], word

        (sponsor,) = await stage.read(
            lambda tx: sponsor_tables(histories(tx, at, program_id, "UTC"))
        )
        assert {r["pairs"] for r in sponsor.records()} == {WITHHELD}

        credit, again = await _credit(there, program_id), await _credit(there, program_id)
        assert _hours(credit, "development") == ["1.0"] * 4
        assert _hours(credit, "billable_credit") == ["0.5", "1.0"]
        assert to_csv(credit.lines) == to_csv(again.lines)
        denied = Correction(VerdictKind.NOT_HELD, None, now())
        await there.app.store.run(lambda tx: telling.correct(tx, there.app, first, denied))
        corrected = await _credit(there, program_id)
        assert _hours(corrected, "development") == ["-1.0"] * 2 + ["1.0"] * 4
        before = {str(r["line"]) for r in credit.lines.records()}
        taken = [r for r in corrected.lines.records() if r["correction_of"]]
        assert {r["correction_of"] for r in taken} <= before
        await there.app.close()

    on_stage(empty, play)
