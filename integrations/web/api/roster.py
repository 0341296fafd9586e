"""Importing a roster: every wrong cell at once, a dry run, and the import itself."""

from __future__ import annotations

from integrations.api_client.models import RosterImported, RosterPreview, RosterRowShown
from integrations.ports import Transaction
from integrations.records import Json
from integrations.web.access import Who
from integrations.web.api.endpoint import Call, Endpoint
from integrations.web.console.importing import import_roster
from integrations.web.page import program_of
from integrations.workflows.enrolment.enrol import Enrolment, blocked_of, check_roster
from integrations.workflows.enrolment.workbook import roster_of

PATH = "/programs/{program}/roster"


async def preview_roster(call: Call) -> RosterPreview:
    """What each row would do; nothing is kept."""
    roster = roster_of(call.raw)
    rows = await check_roster(call.visit.app, roster, program_of(call.visit).name)
    shown = [
        RosterRowShown(row=r.row.number, mentor=r.mentor, mentee=r.mentee, change=r.change)
        for r in rows
    ]
    added = sum(row.change == "added" for row in shown)
    return RosterPreview(rows=shown, added=added, known=len(shown) - added)


async def do_import(call: Call) -> RosterImported:
    """Import the roster, whole or not at all."""

    def also(tx: Transaction, done: Enrolment) -> None:
        call.mark(tx, _kept(done))

    done = await import_roster(call.visit, roster_of(call.raw), also)
    return RosterImported(**_kept(done), blocked=done.blocked)


def _kept(done: Enrolment) -> Json:
    return {
        "added": done.added,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "people": done.people,
    }


async def imported_before(call: Call, done: Json) -> RosterImported:
    """What an import did whose process died; its people are looked at now."""
    app = call.visit.app
    blocked = await blocked_of(app, roster_of(call.raw))
    app.woken.set()
    return RosterImported(**done, blocked=blocked)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=f"{PATH}/preview",
        who=Who.COORDINATOR,
        do=preview_roster,
        takes_file=True,
        answer=RosterPreview,
        summary="What importing a roster would do, row by row",
        tag="Roster",
        about="Wrong cells are told all at once, each in `faults` with its row and column.",
    ),
    Endpoint(
        method="POST",
        path=PATH,
        who=Who.COORDINATOR,
        do=do_import,
        takes_file=True,
        answer=RosterImported,
        summary="Import a roster, whole or not at all",
        tag="Roster",
        go_on=imported_before,
    ),
)
