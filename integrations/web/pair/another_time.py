"""Another time for one date: five hours that suit both, one click."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext, ngettext
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Shown, Visit, pair_of
from integrations.web.pair.saying import actor_of, date_is_over, home_path, refused, said_of
from integrations.workflows.messages.words import when
from integrations.workflows.pair_page.acting import DateIsOverError, Outcome
from integrations.workflows.pair_page.another_time import CannotBeReadError, hours_for, move_to
from integrations.workflows.pair_page.clocks import clocks, zones_of
from integrations.workflows.pair_page.shortening import shorten, shorter_lengths

PATH = "/pairs/{pair}/another-time/{session}"
_MINUTE = timedelta(minutes=1)


async def show_hours(visit: Visit) -> Shown | Go:
    """Hours that suit both, as the calendars are now."""
    return await _shown(visit)


async def do_move(visit: Visit) -> Shown | Go:
    """Move the date to the hour that was clicked; one that is gone is refused with new ones."""
    pair_id, session_id = pair_of(visit).id, visit.path["session"]
    if visit.form.get("minutes"):
        return await _shortened(visit)
    start = _start_in(visit.form.get("start"))
    try:
        told = await move_to(visit.app, actor_of(visit), pair_id, session_id, start)
    except DateIsOverError:
        return date_is_over(visit)
    if told.outcome is Outcome.REFUSED:
        return await _shown(visit, refused(told))
    zone = await _zone(visit)
    done = gettext(
        "The date is moved to %(at)s time. Both of you get one update.", at=when(start, zone)
    )
    return Go(home_path(visit), said_of(told, done, zone))


async def _shortened(visit: Visit) -> Go:
    pair_id, session_id, typed = pair_of(visit).id, visit.path["session"], visit.form.get("minutes")
    minutes = int(typed) if typed.isdecimal() and len(typed) < 4 else 0
    try:
        told = await shorten(visit.app, actor_of(visit), pair_id, session_id, minutes)
    except DateIsOverError:
        return date_is_over(visit)
    done = ngettext(
        "The date has %(num)s minute now. Both of you get one update.",
        "The date has %(num)s minutes now. Both of you get one update.",
        minutes,
    )
    return Go(home_path(visit), said_of(told, done, await _zone(visit)))


async def _shown(visit: Visit, why: str | None = None) -> Shown | Go:
    actor, pair_id = actor_of(visit), pair_of(visit).id
    status = 200 if why is None else 409
    try:
        found = await hours_for(visit.app, pair_id, visit.path["session"])
    except DateIsOverError:
        return date_is_over(visit)
    except CannotBeReadError:
        return Shown({"unread": True, "why": why}, status=503)
    reader, case = actor.person_id, found.case
    present = case.session(found.session_id)
    other = next(person.name for person in case.people if person.id != reader)
    data = {
        "unread": False,
        "why": why,
        "present": clocks(case, reader, present.start),
        "hours": [clocks(case, reader, span.start) for span in found.spans],
        "read_at": found.read_at,
        "zone": zones_of(case, reader)[0],
        "other": other,
        "lengths": shorter_lengths(case.rule, present),
        "minutes": (present.end - present.start) // _MINUTE,
    }
    return Shown(data, status=status)


async def _zone(visit: Visit) -> str:
    from integrations.workflows.changes.case import load_pair

    pair_id, default = pair_of(visit).id, visit.app.options.zone
    case = await visit.app.store.run(lambda tx: load_pair(tx, pair_id, default_zone=default))
    return zones_of(case, actor_of(visit).person_id)[0]


def _start_in(text: str) -> datetime:
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise FaultsError([Fault("start", N_("one of the hours shown"))])
    return start


PAGES = (
    Page(
        path=PATH,
        who=Who.OF_PAIR,
        show=show_hours,
        template="pair/another_time.html",
        title=N_("Another time"),
        acts=(Act(path=PATH, do=do_move),),
    ),
)
