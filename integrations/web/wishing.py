"""Asking for a pairing: anybody signed in whom a program lets ask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Viewer, Who
from integrations.web.console.saying import by_field
from integrations.web.page import Act, Go, Page, Shown, Visit
from integrations.workflows.enrolment.wishes import Wisher, ask, programs_to_ask, take_back

PATH = "/ask"
_NOTHING: Mapping[str, str] = MappingProxyType({})


def wisher_of(tx: Transaction, viewer: Viewer) -> Wisher:
    """Whoever is signed in, as somebody who may wish for a pairing."""
    pairs = tx.pairs.of_people([viewer.person_id]) if viewer.person_id else []
    return Wisher(
        directory_id=viewer.directory_id,
        mail=viewer.mail,
        name=viewer.name,
        takes_part=frozenset(pair.program_id for pair in pairs),
    )


async def show_asking(visit: Visit) -> Shown:
    """Where this person may ask, and what became of what they asked."""
    return await _shown(visit, _NOTHING)


async def _shown(visit: Visit, faults: Mapping[str, str]) -> Shown:
    def read(tx: Transaction) -> Shown:
        programs = programs_to_ask(tx, wisher_of(tx, visit.viewer))
        mine = tx.wishes.of_person(visit.viewer.directory_id)
        known = {wish.program_id: tx.programs.require(wish.program_id) for wish in mine}
        data = {
            "programs_to_ask": [(program.id, program.name) for program in programs],
            "wishes": mine,
            "known": known,
            "faults": dict(faults),
            "given": {name: visit.form.get(name) for name in ("program", "role", "partner")},
        }
        return Shown(data, status=400 if faults else 200)

    return await visit.app.store.run(read)


async def do_ask(visit: Visit) -> Shown | Go:
    """Keep the wish."""
    program, role, partner = (visit.form.get(name) for name in ("program", "role", "partner"))

    def keep(tx: Transaction) -> None:
        ask(tx, visit.app, wisher_of(tx, visit.viewer), program, role, partner)

    try:
        await visit.app.store.run(keep)
    except FaultsError as error:
        return await _shown(visit, by_field(error))
    return Go(PATH, gettext("Your wish waits for the program’s coordinators."))


async def do_take_back(visit: Visit) -> Shown | Go:
    """Forget the wish."""
    wish = visit.form.get("wish")
    await visit.app.store.run(
        lambda tx: take_back(tx, visit.app, wish, wisher_of(tx, visit.viewer))
    )
    return Go(PATH, gettext("Your wish is taken back."))


PAGES = (
    Page(
        path=PATH,
        who=Who.SIGNED_IN,
        show=show_asking,
        template="ask.html",
        title=N_("Ask for a pairing"),
        acts=(Act(path=PATH, do=do_ask), Act(path=f"{PATH}/take-back", do=do_take_back)),
    ),
)
