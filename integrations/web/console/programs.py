"""The programs of a coordinator, and each of them at a glance."""

from __future__ import annotations

from integrations.page_records import Risk
from integrations.ports import Transaction
from integrations.records import Program
from integrations.web.access import Who
from integrations.web.charts import Columns, bars
from integrations.web.page import Page, Shown, Visit, program_of
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
    (Risk.ON_TRACK, "on track", "good"),
    (Risk.AT_RISK, "at risk", "warning"),
    (Risk.BLOCKED, "blocked", "danger"),
)


async def show_programs(visit: Visit) -> Shown:
    """The programs that the viewer coordinates, each with how its pairs stand."""
    await bring_up_to_date(visit.app)
    keys = sorted(visit.viewer.coordinates)

    def look(tx: Transaction) -> list[tuple[Program, Overview]]:
        found = (tx.programs.get(key) for key in keys)
        programs = sorted((p for p in found if p is not None), key=lambda p: p.name)
        return [(program, overview_of(tx, program, visit.now)) for program in programs]

    return Shown({"rows": await visit.app.store.run(look), "risks": _RISKS})


async def show_overview(visit: Visit) -> Shown:
    """How a program stands: on track, at risk, blocked; held per week; gaps; forecast."""
    program = program_of(visit)
    await bring_up_to_date(visit.app)
    seen = await visit.app.store.run(lambda tx: overview_of(tx, program, visit.now))
    return Shown(
        {
            "program": program,
            "seen": seen,
            "risks": _RISKS,
            "weeks": weeks_chart(seen),
            "forecasts": bars(
                [(words, n, _KINDS[code]) for code, words, n in seen.forecasts],
                of=sum(n for _, _, n in seen.forecasts),
            ),
            "milestones": bars(
                [
                    ("a first meeting", seen.begun),
                    ("half of what is required", seen.half),
                    ("all that is required", seen.whole),
                ],
                of=seen.live,
            ),
        }
    )


def weeks_chart(seen: Overview) -> Columns:
    """What became of the dates of each week."""
    return Columns(
        label="Meetings per week",
        head="Week from",
        parts=("held", "not held", "not known yet"),
        rows=tuple(
            (f"{w.monday.day} {w.monday:%b %Y}", (w.held, w.not_held, w.not_known + w.to_come))
            for w in seen.weeks
        ),
    )


PAGES = (
    Page(
        path="/programs",
        who=Who.COORDINATOR_OF_ANY,
        show=show_programs,
        template="console/programs.html",
        title="Programs",
        section="programs",
    ),
    Page(
        path="/programs/{program}",
        who=Who.COORDINATOR,
        show=show_overview,
        template="console/overview.html",
        title="Overview",
        section="overview",
    ),
)
