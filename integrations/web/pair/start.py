"""The one short page before the first booking."""

from __future__ import annotations

from datetime import date

from integrations.days import day_in
from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.records import OVER, SessionState
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Shown, Visit, pair_of
from integrations.web.pair.saying import actor_of, faults_of, home_path
from integrations.web.rendering import day_in_full
from integrations.workflows.messages.words import every
from integrations.workflows.pair_page.beginning import (
    Beginning,
    Confirming,
    beginning_of,
    confirm,
)
from integrations.workflows.pair_page.clocks import clocks, zones_of
from integrations.workflows.pair_page.words import MOST_CHARACTERS
from integrations.workflows.rulebook.roles import mentee_on, mentor_on

PATH = "/pairs/{pair}/start"


async def show_start(visit: Visit) -> Shown | Go:
    """What is planned, to be confirmed or adjusted; of a pair that has ended its own page."""
    if pair_of(visit).state in OVER:
        return Go(home_path(visit))
    return await _shown(visit)


async def _shown(visit: Visit) -> Shown:
    pair_id = pair_of(visit).id
    found = await visit.app.store.run(lambda tx: beginning_of(tx, visit.app, pair_id, visit.now))
    data = _data(visit, found)
    return Shown(data, title=gettext("Your goal") if data["has_begun"] else None)


async def do_confirm(visit: Visit) -> Shown | Go:
    """Confirm; what was adjusted is planned anew."""
    form, pair_id = visit.form, pair_of(visit).id
    weeks = form.get("weeks")
    told = Confirming(
        goal=form.get("goal"),
        focus=form.get("focus"),
        start=_day(form.get("starts")),
        interval_weeks=int(weeks) if weeks.isdecimal() and len(weeks) < 3 else None,
    )
    try:
        found = await confirm(visit.app, actor_of(visit), pair_id, told)
    except FaultsError as error:
        shown = await _shown(visit)
        typed = {"focus": told.focus, "goal": told.goal}
        data = {**shown.data, "faults": faults_of(error), **typed}
        return Shown(data, status=400, title=shown.title)
    if found.is_open and not found.dates:
        said = gettext(
            "Confirmed. No common hour was found for this yet; it is looked for again by itself."
        )
        return Go(home_path(visit), said)
    if _has_begun(visit, found):
        return Go(home_path(visit), gettext("Kept. The two of you alone see it."))
    return Go(home_path(visit), gettext("Confirmed. Thank you."))


def _data(visit: Visit, found: Beginning) -> dict[str, object]:
    case, reader = found.case, actor_of(visit).person_id
    names = {person.id: person.name for person in case.people}
    other = next(person for person in names if person != reader)
    return {
        "found": found,
        "mentor": names[mentor_on(case.pair, found.start)],
        "mentee": names[mentee_on(case.pair, found.start)],
        "other": names[other],
        "is_mentee": reader == mentee_on(case.pair, found.start),
        "focus": case.pair.focus or "",
        "goal": found.goals.get(reader, ""),
        "their_goal": found.goals.get(other),
        # What lies behind them is on their own page; here it would only be in the way.
        "has_begun": _has_begun(visit, found),
        "dates": [clocks(case, reader, s.start) for s in found.dates if s.end > visit.now],
        "zone": zones_of(case, reader)[0],
        "starts": [(day.isoformat(), _monday(day)) for day in found.starts],
        "rhythms": [(weeks, every(weeks)) for weeks in found.rhythms],
        "rhythm": every(found.interval_weeks),
        "mixed": case.program.mixed,
        "confirmed": reader in found.confirmed,
        "most": MOST_CHARACTERS,
        "faults": {},
    }


def _has_begun(visit: Visit, found: Beginning) -> bool:
    """Whether a date of the pair is over: then there is nothing left to look over beforehand."""
    return any(
        session.state is SessionState.SCHEDULED and session.end <= visit.now
        for session in found.case.sessions
    )


def _monday(day: date) -> str:
    return day_in_full(day)


def _day(text: str) -> date | None:
    try:
        return day_in(text)
    except ValueError:
        return None


PAGES = (
    Page(
        path=PATH,
        who=Who.PARTICIPANT,
        show=show_start,
        template="pair/start.html",
        title=N_("Before you begin"),
        acts=(Act(path=PATH, do=do_confirm),),
    ),
)
