"""Saying whether the two met: on one of their dates, or at a time of their own."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.answers import answer_in, span_in
from integrations.web.page import Act, Go, Page, Shown, Visit, pair_of
from integrations.web.pair.saying import actor_of, faults_of, home_path
from integrations.workflows.attendance.telling import Answer, NoMeetingError
from integrations.workflows.changes.case import load_pair
from integrations.workflows.pair_page.clocks import clocks, zones_of
from integrations.workflows.pair_page.meetings import Asked, question_about, say, tell_met
from scheduling.attendance.evidence import Said

OF_DATE, OF_ANY = "/pairs/{pair}/we-met/{session}", "/pairs/{pair}/we-met"
_IMPOSSIBLE = N_(
    "That cannot have been the meeting: it has to be over, of at most eight hours, and within"
    " sixty days of the date."
)
_THANKS = N_("Thank you. It is kept as your own word.")
_MINUTE = timedelta(minutes=1)


async def show_date(visit: Visit) -> Shown:
    """Did you meet on this date?"""
    return Shown(_data(visit, await _asked(visit)))


async def do_say(visit: Visit) -> Shown | Go:
    """Keep the answer; one that cannot be is asked again."""
    asked, actor, pair = await _asked(visit), actor_of(visit), pair_of(visit)
    zone = zones_of(asked.case, actor.person_id)[0]
    try:
        said = answer_in(visit.form, zone)
        await visit.app.store.run(
            lambda tx: say(tx, visit.app, actor, pair, asked.session.id, said)
        )
    except FaultsError as error:
        return Shown({**_data(visit, asked), "faults": faults_of(error)}, status=400)
    except NoMeetingError:
        return Shown({**_data(visit, asked), "faults": {"day": gettext(_IMPOSSIBLE)}}, status=400)
    return Go(home_path(visit), gettext(_THANKS))


async def show_any(visit: Visit) -> Shown:
    """When did you meet? For a meeting that is none of the dates."""
    zone, other = await _zone(visit)
    local = visit.now.astimezone(ZoneInfo(zone))
    data = {"zone": zone, "other": other, "day": local.date().isoformat(), "faults": {}}
    return Shown({**data, "start": "", "minutes": 60, "in_person": False})


async def do_tell(visit: Visit) -> Shown | Go:
    """Keep that the two met then."""
    actor, pair, form = actor_of(visit), pair_of(visit), visit.form
    zone, _ = await _zone(visit)
    in_person = form.get("in_person") == "yes"
    try:
        told = Answer(said=Said.MET, span=span_in(form, zone), in_person=in_person)

        def keep(tx: Transaction) -> None:
            tell_met(tx, visit.app, actor, pair, told)

        await visit.app.store.run(keep)
    except FaultsError as error:
        return await _again(visit, faults_of(error))
    except NoMeetingError:
        return await _again(visit, {"day": gettext(_IMPOSSIBLE)})
    return Go(home_path(visit), gettext(_THANKS))


async def _again(visit: Visit, faults: dict[str, str]) -> Shown:
    shown, form = await show_any(visit), visit.form
    typed = {name: form.get(name) for name in ("day", "start", "minutes")}
    in_person = form.get("in_person") == "yes"
    return Shown({**shown.data, **typed, "in_person": in_person, "faults": faults}, status=400)


async def _asked(visit: Visit) -> Asked:
    actor, pair_id, session_id = actor_of(visit), pair_of(visit).id, visit.path["session"]
    return await visit.app.store.run(
        lambda tx: question_about(tx, visit.app, actor, pair_id, session_id)
    )


async def _zone(visit: Visit) -> tuple[str, str]:
    """The reader's zone, and the other's name."""
    reader, pair_id, default = actor_of(visit).person_id, pair_of(visit).id, visit.app.options.zone
    case = await visit.app.store.run(lambda tx: load_pair(tx, pair_id, default_zone=default))
    other = next(person.name for person in case.people if person.id != reader)
    return zones_of(case, reader)[0], other


def _data(visit: Visit, asked: Asked) -> dict[str, object]:
    case, session, reader = asked.case, asked.session, actor_of(visit).person_id
    zone = zones_of(case, reader)[0]
    local = session.start.astimezone(ZoneInfo(zone))
    return {
        "other": next(person.name for person in case.people if person.id != reader),
        "begins": clocks(case, reader, session.start),
        "has_begun": session.start <= visit.now,
        "mine": asked.mine,
        "theirs": asked.theirs,
        "zone": zone,
        "day": local.date().isoformat(),
        "start": local.strftime("%H:%M"),
        "minutes": (session.end - session.start) // _MINUTE,
        "faults": {},
    }


PAGES = (
    Page(
        path=OF_DATE,
        who=Who.PARTICIPANT,
        show=show_date,
        template="pair/we_met.html",
        title=N_("Did you meet?"),
        acts=(Act(path=OF_DATE, do=do_say),),
    ),
    Page(
        path=OF_ANY,
        who=Who.PARTICIPANT,
        show=show_any,
        template="pair/we_met_any.html",
        title=N_("We met at another time"),
        acts=(Act(path=OF_ANY, do=do_tell),),
    ),
)
