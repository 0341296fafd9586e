"""The sponsor's page: figures of a program without a name, on one sheet of paper."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import Program
from integrations.web.access import Who
from integrations.web.charts import Columns
from integrations.web.console.programs import weeks_chart
from integrations.web.page import Page, Shown, Visit, program_of
from integrations.workflows.overview import overview_of
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.objectives import objectives_table
from integrations.workflows.reporting.sponsor import WITHHELD, sponsor_tables
from integrations.workflows.reporting.tables import Cell

FEWEST = 5
"""A program of fewer pairs has no figures here at all, not even by week."""
_OBJECTIVES = {
    "held_rate": "held, of a hundred",
    "on_course_rate": "pairs on course, of a hundred",
    "meetings_held": "meetings held",
    "hours_together": "hours together",
    "longest_gap_days": "longest gap in days",
}


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The figures: of the whole, of groups by what they are grouped by, objectives, weeks."""

    whole: dict[str, Cell]
    groups: dict[str, list[dict[str, Cell]]]
    objectives: list[dict[str, Cell]]
    weeks: Columns | None


async def show_sponsor(visit: Visit) -> Shown:
    """The figures as they stand now."""
    program = program_of(visit)
    sheet = await visit.app.store.run(lambda tx: _sheet(tx, visit, program))
    today = visit.now.astimezone(ZoneInfo(program.zone)).date()
    return Shown(
        {
            "program": program,
            "sheet": sheet,
            "withheld": WITHHELD,
            "today": today,
            "fewest": FEWEST,
            "measures": _OBJECTIVES,
        },
        title="Sponsor’s page",
    )


def _sheet(tx: Transaction, visit: Visit, program: Program) -> _Sheet:
    found = list(histories(tx, visit.now, program.id, visit.app.options.zone))
    (table,) = sponsor_tables(found)
    rows = list(table.records())
    groups: dict[str, list[dict[str, Cell]]] = {}
    for row in rows[1:]:
        groups.setdefault(str(row["breakdown"]), []).append(row)
    if len(found) < FEWEST:
        return _Sheet(rows[0] if rows else {}, groups, [], None)
    objectives = objectives_table(found[0].rule.objectives, found)
    weeks = weeks_chart(overview_of(tx, program, visit.now))
    return _Sheet(rows[0], groups, list(objectives.records()), weeks)


PAGES = (
    Page(
        path="/programs/{program}/sponsor",
        who=Who.SPONSOR,
        show=show_sponsor,
        template="console/sponsor.html",
        title="Sponsor’s page",
        section="sponsor",
    ),
)
