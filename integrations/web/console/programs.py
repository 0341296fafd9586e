"""The programs of a coordinator, and each of them at a glance."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

from integrations.language import N_, gettext, locale
from integrations.page_records import Risk
from integrations.ports import Transaction
from integrations.records import Program
from integrations.web.access import Who
from integrations.web.charts import Columns, bars
from integrations.web.page import Page, Shown, Visit, program_of
from integrations.workflows.messages.words import is_english
from integrations.workflows.showing.overview import Overview, overview_of
from integrations.workflows.showing.standings import bring_up_to_date

_KINDS = {
    "reached": "good-mark",
    "on_course": "first",
    "with_answers": "second",
    "with_make_ups": "second",
    "out_of_reach": "danger-mark",
}
_RISKS = (
    (Risk.ON_TRACK, N_("on track"), "good"),
    (Risk.AT_RISK, N_("at risk"), "warning"),
    (Risk.BLOCKED, N_("blocked"), "danger"),
)


async def show_programs(visit: Visit) -> Shown:
    """The programs that the viewer coordinates, each with how its pairs stand."""
    await bring_up_to_date(visit.app)
    keys = sorted(visit.viewer.coordinates)

    def look(tx: Transaction) -> list[tuple[Program, Overview]]:
        found = (tx.programs.get(key) for key in keys)
        programs = sorted((p for p in found if p is not None), key=lambda p: p.name)
        return [(program, overview_of(tx, program, visit.now)) for program in programs]

    return Shown(
        {
            "rows": await visit.app.store.run(look),
            "risks": [(risk, gettext(words), kind) for risk, words, kind in _RISKS],
        }
    )


async def show_overview(visit: Visit) -> Shown:
    """How a program stands: on track, at risk, blocked; held per week; gaps; forecast."""
    program = program_of(visit)
    await bring_up_to_date(visit.app)
    seen = await visit.app.store.run(lambda tx: overview_of(tx, program, visit.now))
    return Shown(
        {
            "program": program,
            "seen": seen,
            "risks": [(risk, gettext(words), kind) for risk, words, kind in _RISKS],
            "weeks": weeks_chart(seen),
            "forecasts": bars(
                [(gettext(words), n, _KINDS[code]) for code, words, n in seen.forecasts],
                of=sum(n for _, _, n in seen.forecasts),
            ),
            "milestones": bars(
                [
                    (gettext("a first meeting"), seen.begun),
                    (gettext("half of what is required"), seen.half),
                    (gettext("all that is required"), seen.whole),
                ],
                of=seen.live,
            ),
        }
    )


def weeks_chart(seen: Overview) -> Columns:
    """What became of the dates of each week."""
    return Columns(
        label=gettext("Meetings per week"),
        head=gettext("Week from"),
        parts=(gettext("held"), gettext("not held"), gettext("not known yet")),
        rows=tuple(
            (_short_day(w.monday), (w.held, w.not_held, w.not_known + w.to_come))
            for w in seen.weeks
        ),
    )


def _short_day(on: date) -> str:
    return format_date(on, "d MMM y" if is_english() else "d. MMM y", locale=locale())


PAGES = (
    Page(
        path="/programs",
        who=Who.COORDINATOR_OF_ANY,
        show=show_programs,
        template="console/programs.html",
        title=N_("Programs"),
        section="programs",
    ),
    Page(
        path="/programs/{program}",
        who=Who.COORDINATOR,
        show=show_overview,
        template="console/overview.html",
        title=N_("Overview"),
        section="overview",
    ),
)
