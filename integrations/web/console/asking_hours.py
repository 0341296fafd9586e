"""Asking people for their working hours before an hour is looked for: counted, then asked."""

from __future__ import annotations

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext, ngettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.console.saying import by_field, number_of
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.workflows.ordering.asking_hours import HoursAsked, ask_hours_as_seen, asking_hours

PATH = "/programs/{program}/hours"


async def show_asking(visit: Visit) -> Shown:
    """How many people are to be asked."""
    return await _shown(visit, {})


async def _shown(visit: Visit, faults: dict[str, str]) -> Shown:
    program = program_of(visit)
    found = await visit.app.store.run(lambda tx: asking_hours(tx, program.id))
    return Shown({"found": found, "faults": faults}, status=400 if faults else 200)


async def do_ask(visit: Visit) -> Shown | Go:
    """Ask them if the number typed is the number of mails."""
    program = program_of(visit)

    def ask(tx: Transaction) -> HoursAsked:
        mails = number_of(visit.form.get("mails"), "mails")
        expected = asking_hours(tx, program.id).mails
        if expected != mails:
            raise FaultsError(
                [
                    Fault(
                        "mails",
                        gettext("exactly %(number)s, the number it causes now", number=expected),
                    )
                ]
            )
        return ask_hours_as_seen(tx, program.id, visit.now, mails=mails)

    try:
        done = await visit.app.store.run(ask)
    except FaultsError as error:
        return await _shown(visit, by_field(error))
    visit.app.woken.set()
    said = ngettext(
        "One person is asked; the mails leave in mail hours.",
        "%(num)s people are asked; the mails leave in mail hours.",
        done.mails,
    )
    return Go(f"/programs/{program.id}/hours", said)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_asking,
        template="console/asking_hours.html",
        title=N_("Ask for working hours"),
        section="launch",
        acts=(Act(path=f"{PATH}/ask", do=do_ask),),
    ),
)
