"""A pair as its coordinator sees it, and every act on it: looked at first, then done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.console.outcomes import (
    look_at,
    said_of,
    two_of,
)
from integrations.web.console.pair_forms import FORMS, Asked, Choices, choices_of
from integrations.web.console.saying import by_field
from integrations.web.forms import day_or_none
from integrations.web.page import Act, Go, Page, Shown, Visit, pair_of, program_of
from integrations.workflows.attendance.telling import confirm_identity_of
from integrations.workflows.ordering import at_once, orders
from integrations.workflows.ordering.adopting import ExistingShown, series_to_adopt
from integrations.workflows.ordering.pair_acts import Given, PairAct, telling_of
from integrations.workflows.ordering.pairing_again import NewPartner, pair_again
from integrations.workflows.ordering.regular_hours import regular_hours
from integrations.workflows.pair_page.another_time import CannotBeReadError
from integrations.workflows.reporting.adherence import FORECASTS
from integrations.workflows.showing.pair_overview import PairShown, overview_of_pair
from scheduling.changes.acts import ReadyAct

PATH = "/programs/{program}/pairs/{pair}"
_ALL_LINES = 5_000


def path_of(visit: Visit) -> str:
    """The page of the pair that the path names."""
    return f"/programs/{program_of(visit).id}/pairs/{pair_of(visit).id}"


async def show_pair(visit: Visit) -> Shown:
    """The pair with its dates, its story and the acts that can be done now."""
    most = _ALL_LINES if visit.query.get("story") == "all" else 60

    def read(tx: Transaction) -> Shown:
        shown = overview_of_pair(tx, visit.app, pair_of(visit).id, visit.now, most_lines=most)
        staff = {m.directory_id: m.name for m in tx.staff.of_program(program_of(visit).id)}
        data = {
            "pair": shown,
            "path": path_of(visit),
            "acts": acts_of(shown),
            "staff": staff,
            "forecasts": FORECASTS,
        }
        return Shown(data, title=shown.names)

    return await visit.app.store.run(read)


@dataclass(frozen=True, slots=True)
class ActShown:
    """An act as a link to where it is looked at, with whom it mails."""

    name: str
    label: str
    mails: str


def acts_of(shown: PairShown) -> list[ActShown]:
    """The acts that make sense for the pair as it stands."""
    state, has_dates = shown.pair.state.value, bool(shown.to_come)
    is_gone = any(ReadyAct.BOOK_AGAIN in line.need.ready for line in shown.needs)
    found = []
    for act, form in FORMS.items():
        fits = state in form.states and (has_dates or not form.of_date)
        if act is PairAct.RESUME:
            fits = fits and shown.pause is not None
        if act is PairAct.BOOK_AGAIN:
            # Dates with events of their own outlive their series.
            fits = fits and (not has_dates or is_gone)
        if fits:
            found.append(ActShown(act.value, gettext(form.label), gettext(form.mails)))
    return found


# --- one act -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A form as it was filled in; ``is_asked`` unless it is only to be shown."""

    act: PairAct
    given: Given
    is_asked: bool
    faults: Mapping[str, str] = field(default_factory=dict)
    more: str | None = None


async def show_act(visit: Visit, act: PairAct) -> Shown:
    """The fields of an act; once they are filled in, what it would do, and the yes to it."""
    is_asked = "look" in visit.query or not FORMS[act].fields
    return await _shown(visit, _Look(act=act, given=visit.query, is_asked=is_asked))


async def do_act(visit: Visit, act: PairAct) -> Shown | Go:
    """Do it, if it mails no more than was said."""
    given = {name: visit.form.get(name) for name in visit.form.fields}
    look = _Look(act=act, given=given, is_asked=True)
    try:
        telling = telling_of(act, given, visit.viewer.directory_id)
        told = await look_at(visit, pair_of(visit).id, telling)
        if told.count > _number(given.get("mails", "")):
            more = gettext(
                "Meanwhile it would cause more mails than were shown. Please look again."
            )
            again = _Look(act=act, given=given, is_asked=True, more=more)
            return Shown((await _shown(visit, again)).data, status=409)
        with visit.app.graph.person_waiting():
            outcome = await at_once.tell_pair(visit.app, pair_of(visit).id, telling)
    except FaultsError:
        return await _shown(visit, look)
    return Go(path_of(visit), said_of(outcome))


async def _shown(visit: Visit, look: _Look) -> Shown:
    told, faults = None, dict(look.faults)
    if look.is_asked:
        try:
            telling = telling_of(look.act, look.given, visit.viewer.directory_id)
            told = await look_at(visit, pair_of(visit).id, telling)
        except FaultsError as error:
            faults = by_field(error)
    choices = await visit.app.store.run(
        lambda tx: choices_of(tx, visit.app, pair_of(visit).id, visit.now)
    )
    form, cannot_be_read = FORMS[look.act], False
    if look.act is PairAct.CHANGE_HOUR:
        try:
            hours = await regular_hours(visit.app, pair_of(visit).id)
            choices = replace(choices, hours=tuple((hour.key, hour.words) for hour in hours))
        except CannotBeReadError:
            cannot_be_read = True
    unfit: tuple[ExistingShown, ...] = ()
    if look.act is PairAct.ADOPT:
        try:
            with visit.app.graph.person_waiting():
                found = await series_to_adopt(visit.app, pair_of(visit).id)
            unfit = tuple(one for one in found if one.refusal is not None)
            fit = tuple((one.key, one.words) for one in found if one.refusal is None)
            choices = replace(choices, series=fit)
        except CannotBeReadError:
            cannot_be_read = True
    return Shown(
        {
            "act": look.act.value,
            "form": form,
            "asked": [_asked(one, look.given, choices) for one in form.fields],
            "faults": faults,
            "told": told,
            "more": look.more,
            "cannot_be_read": cannot_be_read,
            "unfit": unfit,
            "choices": choices,
            "path": path_of(visit),
            "kept": {one.name: look.given.get(one.name, "") for one in form.fields},
        },
        status=400 if faults else 200,
        title=gettext(form.label),
    )


def _asked(one: Asked, given: Given, choices: Choices) -> Asked:
    """A field with what was filled in, or what stands now."""
    return one.filled(given.get(one.name), choices)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


# --- pairing somebody anew -----------------------------------------------------------------


async def show_again(visit: Visit) -> Shown:
    """Who stays, with whom from now on, and what ending the old pair mails."""
    return await _again(visit, visit.query)


async def do_again(visit: Visit) -> Shown | Go:
    """End the old pair, enrol and plan the new one."""
    given = {name: visit.form.get(name) for name in visit.form.fields}
    try:
        wanted = NewPartner(
            stays=given.get("stays", ""),
            mail=given.get("mail", ""),
            starts=day_or_none(given.get("starts", ""), "starts"),
        )
        by = visit.viewer.directory_id
        new_id = await pair_again(visit.app, pair_of(visit).id, wanted, by=by)
    except FaultsError as error:
        return await _again(visit, given, by_field(error))
    await at_once.reconcile_pairs(visit.app, pair_of(visit).id)
    said = gettext(
        "The new pair is enrolled and planned; it is booked with its program. The old one ended."
    )
    return Go(f"/programs/{program_of(visit).id}/pairs/{new_id}", said)


async def _again(
    visit: Visit, given: Given, faults: Mapping[str, str] = MappingProxyType({})
) -> Shown:
    pair_id = pair_of(visit).id
    told = await look_at(visit, pair_id, lambda app, tx, pair, now: orders.withdraw(tx, pair, now))
    choices = await visit.app.store.run(lambda tx: choices_of(tx, visit.app, pair_id, visit.now))
    usual = next((p.id for p in choices.people if p.enabled and not p.gone), "")
    return Shown(
        {
            "choices": choices,
            "stays": given.get("stays") or usual,
            "mail": given.get("mail", ""),
            "starts": given.get("starts", ""),
            "faults": dict(faults),
            "told": told,
            "path": path_of(visit),
        },
        status=400 if faults else 200,
    )


# --- another account of one of the two -----------------------------------------------------


async def show_identity(visit: Visit) -> Shown:
    """Which other account is one of the two."""
    return await _identity(visit, visit.query)


async def do_identity(visit: Visit) -> Shown | Go:
    """Confirm that another account is one of the two; what they attended is looked at again."""
    given = {name: visit.form.get(name) for name in visit.form.fields}
    by, now = visit.viewer.directory_id, visit.now

    def keep(tx: Transaction) -> list[str]:
        person = two_of(tx, pair_of(visit)).get(given.get("person", ""))
        if person is None:
            raise FaultsError([Fault("person", N_("one of the two"))])
        if not given.get("mail"):
            raise FaultsError([Fault("mail", N_("the address of the other account"))])
        return confirm_identity_of(tx, person.mail, mail=given["mail"], now=now, by=by)

    try:
        await visit.app.store.run(keep)
    except FaultsError as error:
        return await _identity(visit, given, by_field(error))
    return Go(path_of(visit), gettext("Confirmed: what that account attended counts from now on."))


async def _identity(
    visit: Visit, given: Given, faults: Mapping[str, str] = MappingProxyType({})
) -> Shown:
    pair_id = pair_of(visit).id
    choices = await visit.app.store.run(lambda tx: choices_of(tx, visit.app, pair_id, visit.now))
    outside = next((p.id for p in choices.people if p.guest), choices.people[0].id)
    data = {
        "choices": choices,
        "person": given.get("person") or outside,
        "mail": given.get("mail", ""),
        "faults": dict(faults),
        "path": path_of(visit),
    }
    return Shown(data, status=400 if faults else 200)


def _page_of(act: PairAct) -> Page:
    async def show(visit: Visit) -> Shown:
        return await show_act(visit, act)

    async def do(visit: Visit) -> Shown | Go:
        return await do_act(visit, act)

    path = f"{PATH}/acts/{act.value}"
    return Page(
        path=path,
        who=Who.COORDINATOR,
        show=show,
        template="console/pair_act.html",
        title=FORMS[act].label,
        section="pairs",
        acts=(Act(path=path, do=do),),
    )


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_pair,
        template="console/pair.html",
        title=N_("Pair"),
        section="pairs",
    ),
    *map(_page_of, PairAct),
    Page(
        path=f"{PATH}/again",
        who=Who.COORDINATOR,
        show=show_again,
        template="console/pair_again.html",
        title=N_("Pair again"),
        section="pairs",
        acts=(Act(path=f"{PATH}/again", do=do_again),),
    ),
    Page(
        path=f"{PATH}/identity",
        who=Who.COORDINATOR,
        show=show_identity,
        template="console/pair_identity.html",
        title=N_("Another account"),
        section="pairs",
        acts=(Act(path=f"{PATH}/identity", do=do_identity),),
    ),
)
