"""The credit export at the end: what a coordinator would hand to the firm's time recording."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.reporting.credit import export_credit
from integrations.workflows.reporting.tables import Table
from integrations.workflows.reporting.writers import to_csv

FILE = "credit.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditExport:
    """Where it was written, its lines and hours, and whether a second one was the same bytes."""

    path: Path
    lines: int
    hours: str
    is_same: bool

    @property
    def words(self) -> str:
        """The export as one sentence."""
        same = "the same bytes" if self.is_same else "NOT the same bytes"
        return (
            f"Time credit: {self.lines} lines, {self.hours} hours, in {self.path}; exported "
            f"twice, {same}."
        )

    @property
    def faults(self) -> list[str]:
        """What is wrong with it."""
        return [] if self.is_same else ["a second export of time credit differs from the first"]


async def write_credit(tandem: App, folder: Path) -> CreditExport:
    """Export every program's credit beside the store, and once more to compare."""
    now, zone = tandem.clock.now(), tandem.options.zone

    def export(tx: Transaction) -> Table:
        # The invented firm has one program.
        (program,) = tx.programs.all()
        return export_credit(tx, program.id, now, zone).lines

    ledger = await tandem.store.run(export)
    content = to_csv(ledger, marked=False)
    again = to_csv(await tandem.store.run(export), marked=False)
    path = folder / FILE
    path.write_bytes(content)
    hours = sum((Decimal(str(line["hours"])) for line in ledger.records()), Decimal(0))
    return CreditExport(
        path=path, lines=len(ledger.rows), hours=str(hours), is_same=again == content
    )
