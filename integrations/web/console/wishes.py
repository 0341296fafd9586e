"""Who asked for a pairing in a program, and the coordinator's yes or not now."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.web.access import Who
from integrations.web.console.saying import by_field
from integrations.web.forms import day_or_none
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.workflows.enrolment.wishes import approve, decline, waiting

PATH = "/programs/{program}/wishes"
_NOTHING: Mapping[str, str] = MappingProxyType({})


async def show_wishes(visit: Visit) -> Shown:
    """Everybody who waits, oldest first."""
    return await _shown(visit, _NOTHING)


async def _shown(visit: Visit, faults: Mapping[str, str]) -> Shown:
    found = await visit.app.store.run(lambda tx: waiting(tx, program_of(visit).id))
    given = {name: visit.form.get(name) for name in ("wish", "partner", "starts")}
    data = {"wishes": found, "faults": dict(faults), "given": given}
    return Shown(data, status=400 if faults else 200)


async def do_approve(visit: Visit) -> Shown | Go:
    """Enrol and plan the two; they are booked with the program."""
    program, form, by = program_of(visit).id, visit.form, visit.viewer.directory_id
    try:
        starts = day_or_none(form.get("starts"), "starts")
        new_id = await approve(
            visit.app, program, form.get("wish"), form.get("partner"), starts, by=by
        )
    except FaultsError as error:
        return await _shown(visit, by_field(error))
    said = gettext("The new pair is enrolled and planned; it is booked with its program.")
    return Go(f"/programs/{program}/pairs/{new_id}", said)


async def do_decline(visit: Visit) -> Shown | Go:
    """Not now."""
    program, wish, by = program_of(visit).id, visit.form.get("wish"), visit.viewer.directory_id
    await visit.app.store.run(lambda tx: decline(tx, visit.app, program, wish, by))
    return Go(
        f"/programs/{program}/wishes",
        gettext("It waits no longer. A short mail says so, without a reason."),
    )


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_wishes,
        template="console/wishes.html",
        title=N_("Asked for a pairing"),
        section="pairs",
        acts=(
            Act(path=f"{PATH}/approve", do=do_approve),
            Act(path=f"{PATH}/decline", do=do_decline),
        ),
    ),
)
