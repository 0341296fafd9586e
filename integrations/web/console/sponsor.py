"""The sponsor's page: figures of a program without a name, on one sheet of paper."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.charts import Columns
from integrations.web.console.programs import weeks_chart
from integrations.web.console.surveys import words_of_groups
from integrations.web.page import Page, Shown, Visit, program_of
from integrations.workflows.reporting.sheets import FEWEST, Sheet, sheet_of
from integrations.workflows.reporting.sponsor import WITHHELD
from integrations.workflows.showing.overview import overview_of

_OBJECTIVES = {
    "held_rate": N_("held, of a hundred"),
    "on_course_rate": N_("pairs on course, of a hundred"),
    "meetings_held": N_("meetings held"),
    "hours_together": N_("hours together"),
    "longest_gap_days": N_("longest gap in days"),
}


async def show_sponsor(visit: Visit) -> Shown:
    """The figures as they stand now."""
    program = program_of(visit)
    zone = visit.app.options.zone

    def look(tx: Transaction) -> tuple[Sheet, Columns | None]:
        sheet = sheet_of(tx, program, visit.now, zone)
        if sheet.pairs < FEWEST:
            return sheet, None
        return sheet, weeks_chart(overview_of(tx, program, visit.now))

    sheet, weeks = await visit.app.store.run(look)
    return Shown(
        {
            "program": program,
            "sheet": sheet,
            "weeks": weeks,
            "withheld": WITHHELD,
            "today": sheet.counted_at.astimezone(ZoneInfo(program.zone)).date(),
            "is_kept": sheet.counted_at != visit.now,
            "fewest": FEWEST,
            **words_of_groups(),
            "measures": {name: gettext(words) for name, words in _OBJECTIVES.items()},
        },
        title=gettext("Sponsor’s page"),
    )


PAGES = (
    Page(
        path="/programs/{program}/sponsor",
        who=Who.SPONSOR,
        show=show_sponsor,
        template="console/sponsor.html",
        title=N_("Sponsor’s page"),
        section="sponsor",
    ),
)
