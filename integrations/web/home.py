"""Where somebody works: the start page of each role, and of people with several."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import OVER, Pair
from integrations.web.access import Viewer, Who
from integrations.web.page import Go, Page, Shown, Visit
from integrations.web.wishing import PATH as ASKING
from integrations.web.wishing import wisher_of
from integrations.workflows.enrolment.wishes import programs_to_ask
from integrations.workflows.messages.words import contact_of


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go, with its name."""

    path: str
    name: str
    about: str


async def show_home(visit: Visit) -> Shown | Go:
    """Go where there is one place to work, or show which there are.

    That one may ask for a pairing as well keeps nobody from their pair: Help leads there, too.
    """
    places = await visit.app.store.run(lambda tx: places_of(tx, visit.viewer))
    work = [place for place in places if place.path != ASKING] or places
    if len(work) == 1:
        return Go(work[0].path)
    return Shown({"places": places})


async def show_help(visit: Visit) -> Shown:
    """What Tandem does, and whom to ask."""

    def look(tx: Transaction) -> Shown:
        may_ask = bool(programs_to_ask(tx, wisher_of(tx, visit.viewer)))
        return Shown({"contacts": _contacts(tx, visit.viewer), "may_ask": may_ask})

    return await visit.app.store.run(look)


def places_of(tx: Transaction, viewer: Viewer) -> list[Place]:
    """Where this viewer has something to do."""
    places = []
    if viewer.is_coordinator:
        places.append(
            Place("/needs", gettext("Needs you"), gettext("what Tandem hands over to coordinators"))
        )
    elif viewer.is_administrator:
        places.append(Place("/health", gettext("Health"), gettext("permissions, mailboxes, work")))
    for program_id in sorted(viewer.sponsors - viewer.coordinates):
        program = tx.programs.get(program_id)
        if program is not None:
            path = f"/programs/{program_id}/sponsor"
            places.append(Place(path, program.name, gettext("the sponsor's page")))
    places += _pairs_of(tx, viewer)
    if programs_to_ask(tx, wisher_of(tx, viewer)):
        about = gettext("with somebody you name, or whom the coordinators find")
        places.append(Place(ASKING, gettext("Ask for a pairing"), about))
    return places


def _pairs_of(tx: Transaction, viewer: Viewer) -> list[Place]:
    """The living pairs of this viewer, and those they assist in; without any, what has ended."""
    mine = tx.pairs.of_people([viewer.person_id]) if viewer.person_id else []
    assisted = [pair for pair in tx.pairs.assisted_by(viewer.mail) if pair not in mine]
    living = [pair for pair in (*mine, *assisted) if pair.state not in OVER]
    pairs = living or mine
    people = tx.participants.many(id_ for p in pairs for id_ in (p.mentor_id, p.mentee_id))
    return [
        Place(
            f"/pairs/{pair.id}",
            gettext(
                "%(mentor)s and %(mentee)s",
                mentor=people[pair.mentor_id].name,
                mentee=people[pair.mentee_id].name,
            ),
            _about(pair, is_theirs=pair in mine),
        )
        for pair in pairs
    ]


def _about(pair: Pair, *, is_theirs: bool) -> str:
    if pair.state in OVER:
        return gettext("your pair, which has ended")
    return gettext("your pair") if is_theirs else gettext("a pair you assist in")


def _contacts(tx: Transaction, viewer: Viewer) -> list[tuple[str, str]]:
    """Programs of this viewer with whom to ask about them."""
    mine = tx.pairs.of_people([viewer.person_id]) if viewer.person_id else []
    pairs = (*mine, *tx.pairs.assisted_by(viewer.mail))
    keys = {pair.program_id for pair in pairs} | viewer.coordinates | viewer.sponsors
    found = (tx.programs.get(key) for key in sorted(keys))
    return [(program.name, contact_of(program)) for program in found if program is not None]


PAGES = (
    Page(path="/", who=Who.SIGNED_IN, show=show_home, template="home.html", title=N_("Tandem")),
    Page(path="/help", who=Who.SIGNED_IN, show=show_help, template="help.html", title=N_("Help")),
)
