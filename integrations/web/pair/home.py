"""The pair's own page: its dates, and everything one may do with them."""

from __future__ import annotations

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Shown, Visit, pair_of
from integrations.web.pair.saying import (
    actor_of,
    date_is_over,
    day_in,
    faults_of,
    home_path,
    said_of,
)
from integrations.workflows.ordering.orders import LONGEST_PAUSE
from integrations.workflows.pair_page.acting import DateIsOverError
from integrations.workflows.pair_page.dates import pause, resume, skip
from integrations.workflows.pair_page.home import Home, home_of
from integrations.workflows.pair_page.regular_hour import NothingToPickError, pick
from integrations.workflows.pair_page.stopping import ask_to_stop
from integrations.workflows.pair_page.words import set_aim
from scheduling.changes.reasons import ChangeCode

PATH = "/pairs/{pair}"
_NOT_REGULAR = N_(
    "Most of your dates could not lie at that hour any more. Nothing was changed; the others are"
    " still there."
)
_PICKED_ALREADY = N_(
    "Those hours are not there to be picked any more: one was taken, or the time for it is over."
    " This is what is arranged now."
)


async def show_home(visit: Visit) -> Shown:
    """The pair's page for whoever opens it."""
    home = await _home(visit)
    return Shown(
        {
            "home": home,
            "why": None,
            "faults": {},
            "pause_typed": "",
            "pause_last": visit.now + LONGEST_PAUSE,
        },
        title=gettext("%(mentor)s and %(mentee)s", mentor=home.mentor, mentee=home.mentee),
    )


async def do_skip(visit: Visit) -> Go:
    """Leave a date out, to be made up or not."""
    home, make_up = await _home(visit), visit.form.get("make_up") == "yes"
    try:
        told = await skip(
            visit.app, actor_of(visit), home.pair.id, visit.path["session"], make_up=make_up
        )
    except DateIsOverError:
        return date_is_over(visit)
    done = (
        gettext("The date is left out; both of you get a short note. Another one is looked for.")
        if make_up
        else gettext("The date is left out; both of you get a short note.")
    )
    return Go(home_path(visit), said_of(told, done, home.zone))


async def do_pause(visit: Visit) -> Shown | Go:
    """Pause until a date, which is included; one that cannot be is asked for again."""
    home = await _home(visit)
    try:
        last = day_in(visit.form, "until")
        told = await pause(visit.app, actor_of(visit), home.pair.id, last)
    except FaultsError as error:
        shown = await show_home(visit)
        typed = {"pause_typed": visit.form.get("until"), "faults": faults_of(error)}
        return Shown({**shown.data, **typed}, status=400, title=shown.title)
    done = gettext("The two of you pause. Your dates come back by themselves after that day.")
    return Go(home_path(visit), said_of(told, done, home.zone))


async def do_resume(visit: Visit) -> Go:
    """Go on from today."""
    home = await _home(visit)
    told = await resume(visit.app, actor_of(visit), home.pair.id)
    return Go(
        home_path(visit), said_of(told, gettext("The pause is over; dates are planned."), home.zone)
    )


async def do_pick(visit: Visit) -> Shown | Go:
    """Take one of the regular hours that are offered."""
    home = await _home(visit)
    number = visit.form.get("hour")
    hour = int(number) if number.isdecimal() and len(number) < 3 else -1
    try:
        told = await pick(visit.app, actor_of(visit), home.pair.id, hour)
    except NothingToPickError:
        # As when the other one was quicker.
        shown = await show_home(visit)
        why = {"why": gettext(_PICKED_ALREADY)}
        return Shown({**shown.data, **why}, status=409, title=shown.title)
    done = gettext("Thank you. That is your hour; the invitation is on its way to both of you.")
    if told.why == ChangeCode.ORDER_FINDS_NO_HOUR:
        return Go(home_path(visit), gettext(_NOT_REGULAR))
    return Go(home_path(visit), said_of(told, done, home.zone))


async def do_stop(visit: Visit) -> Go:
    """Tell the coordinator, in confidence, that one wishes to stop."""
    await ask_to_stop(visit.app, actor_of(visit), pair_of(visit).id)
    said = gettext(
        "Your coordinator knows, and gets in touch. Nobody else is told; your dates stay so far."
    )
    return Go(home_path(visit), said)


async def do_aim(visit: Visit) -> Go:
    """Keep what a date is to be about."""
    session, text = visit.path["session"], visit.form.get("aim")

    def keep(tx: Transaction) -> None:
        set_aim(tx, actor_of(visit), session, text)

    await visit.app.store.run(keep)
    return Go(home_path(visit), gettext("Kept. The two of you alone see it."))


async def _home(visit: Visit) -> Home:
    actor, pair_id = actor_of(visit), pair_of(visit).id
    return await visit.app.store.run(lambda tx: home_of(tx, visit.app, actor, pair_id, visit.now))


PAGES = (
    Page(
        path=PATH,
        who=Who.OF_PAIR,
        show=show_home,
        template="pair/home.html",
        title=N_("Your pair"),
        acts=(
            Act(path=f"{PATH}/skip/{{session}}", do=do_skip),
            Act(path=f"{PATH}/pause", do=do_pause, who=Who.PARTICIPANT),
            Act(path=f"{PATH}/resume", do=do_resume, who=Who.PARTICIPANT),
            Act(path=f"{PATH}/pick", do=do_pick, who=Who.PARTICIPANT),
            Act(path=f"{PATH}/stop", do=do_stop, who=Who.PARTICIPANT),
            Act(path=f"{PATH}/aim/{{session}}", do=do_aim, who=Who.PARTICIPANT),
        ),
    ),
)
