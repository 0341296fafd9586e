"""Stop all writing, on every page; and what that means."""

from __future__ import annotations

from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Shown, Visit
from integrations.workflows.operating.writing import let_writing_go_on, stop_writing
from integrations.workflows.work import WITHHELD
from integrations.writing import is_stopped

PATH = "/writing"


async def show_writing(visit: Visit) -> Shown:
    """Whether anything may be written, since when, and how much waits."""

    def look(tx: Transaction) -> tuple[bool, JournalEntry | None, int]:
        told = tx.journal.read(code="writing_stopped")
        waiting = sum(work.last_error == WITHHELD for work in tx.work.all()) if told else 0
        return is_stopped(tx), told[-1] if told else None, waiting

    stopped, told, waiting = await visit.app.store.run(look)
    return Shown(
        {
            "stopped": stopped,
            "since": told.at if told is not None and stopped else None,
            "waiting": waiting,
            "forbidden": visit.app.options.read_only,
            "zone": visit.app.options.zone,
        }
    )


async def do_writing(visit: Visit) -> Go:
    """Stop all writing, or let it go on."""
    by = visit.viewer.directory_id
    if visit.form.get("writing") == "stop":
        await stop_writing(visit.app, by=by)
        return Go(PATH, gettext("Stopped. Nothing is written until somebody lets it go on."))
    waited = await let_writing_go_on(visit.app, by=by)
    return Go(PATH, gettext("It goes on. What waited is taken up now (%(number)s).", number=waited))


PAGES = (
    Page(
        path=PATH,
        who=Who.STAFF_OR_ADMIN,
        show=show_writing,
        template="console/writing.html",
        title=N_("Writing"),
        acts=(Act(path=PATH, do=do_writing),),
    ),
)
