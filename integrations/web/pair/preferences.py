"""Preferences: hours by weekday, days in the office, in person or online."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.forms import Form
from integrations.web.page import Act, Go, Page, Shown, Visit, pair_of
from integrations.web.pair.saying import actor_of, faults_of, home_path
from integrations.workflows.messages.words import WEEKDAYS as DAY_NAMES
from integrations.workflows.pair_page.preferences import Wishes, prefer, wishes_of
from integrations.workflows.reporting.recognition import choose_recognition, wishes_recognition
from scheduling.rule import WEEKDAYS

PATH = "/pairs/{pair}/preferences"
_ROWS = 2
"""Stretches a day has room for on the page: before and after something regular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One weekday of the form: its stretches, ("", "") where there is room for one more."""

    key: str
    name: str
    stretches: tuple[tuple[str, str], ...]
    fault: str = ""

    @property
    def is_used(self) -> bool:
        """Whether something is said about it."""
        return bool(self.fault) or any(start or end for start, end in self.stretches)


async def show_preferences(visit: Visit) -> Shown:
    """What is preferred now; hours that Tandem goes by where nothing was said."""
    actor = actor_of(visit)

    def look(tx: Transaction) -> tuple[Wishes, Mapping[str, list[list[str]]], str, str, bool]:
        person = tx.participants.require(actor.person_id)
        zone = person.zone or visit.app.options.zone
        is_recognised = person.id in wishes_recognition(tx, [person.id])
        return wishes_of(tx, person.id), person.hours, zone, person.name, is_recognised

    wishes, known, zone, name, is_recognised = await visit.app.store.run(look)
    hours = wishes.hours if wishes.hours is not None else known
    return Shown(
        {
            "days": _days(hours, {}),
            "own": wishes.hours is not None,
            "wishes": wishes,
            "zone": zone,
            "person": name,
            "is_recognised": is_recognised,
            "faults": {},
        }
    )


async def do_prefer(visit: Visit) -> Shown | Go:
    """Keep what the form says; a form with faults is shown again with them."""
    actor, pair, form = actor_of(visit), pair_of(visit), visit.form
    typed = _hours_in(form)
    # Whoever changes an hour means it, whatever stands above.
    changed = any(typed.values()) and typed != await _hours_shown(visit)
    own = form.get("hours") == "own" or changed
    wishes = Wishes(
        hours=typed if own else None,
        office_days=tuple(day for day in WEEKDAYS if day in form.all("office_days")),
        place=form.get("place") or None,
    )
    try:
        await visit.app.store.run(lambda tx: prefer(tx, actor, pair, wishes, visit.now))
    except FaultsError as error:
        shown = await show_preferences(visit)
        faults = faults_of(error)
        days = _days(wishes.hours or {}, faults)
        own = wishes.hours is not None
        data = {**shown.data, "days": days, "own": own, "wishes": wishes, "faults": faults}
        return Shown(data, status=400)
    said = gettext("Kept. Dates are planned by it from now on; those in your calendars stay.")
    return Go(home_path(visit), said)


async def do_recognise(visit: Visit) -> Go:
    """Keep somebody's own yes to being named, or take it back."""
    actor, pair, wished = actor_of(visit), pair_of(visit), visit.form.get("wished") == "yes"
    await visit.app.store.run(
        lambda tx: choose_recognition(tx, actor, pair, visit.now, wished=wished)
    )
    said = (
        gettext("Thank you. Your coordinators may name you from now on.")
        if wished
        else gettext("You are named no more.")
    )
    return Go(home_path(visit), said)


async def _hours_shown(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """The stretches the form began with."""
    person_id = actor_of(visit).person_id

    def look(tx: Transaction) -> Mapping[str, object]:
        said = wishes_of(tx, person_id).hours
        return tx.participants.require(person_id).hours if said is None else said

    days = _days(await visit.app.store.run(look), {})
    return {day.key: [each for each in day.stretches if any(each)] for day in days}


def _days(hours: Mapping[str, object], faults: Mapping[str, str]) -> list[Day]:
    days = []
    for key, name in zip(WEEKDAYS, DAY_NAMES, strict=True):
        said = hours.get(key) or ()
        stretches = [(str(start), str(end)) for start, end in said]  # type: ignore[attr-defined]
        room = [("", "")] * max(0, _ROWS - len(stretches))
        days.append(
            Day(
                key=key,
                name=gettext(name),
                stretches=(*stretches, *room),
                fault=faults.get(key, ""),
            )
        )
    return days


def _hours_in(form: Form) -> dict[str, list[tuple[str, str]]]:
    """Stretches by weekday; a row with both fields empty is none."""
    found = {}
    for day in WEEKDAYS:
        rows = zip(form.all(f"{day}_from"), form.all(f"{day}_to"), strict=False)
        found[day] = [(start, end) for start, end in rows if start or end]
    return found


PAGES = (
    Page(
        path=PATH,
        who=Who.OF_PAIR,
        show=show_preferences,
        template="pair/preferences.html",
        title=N_("When and where"),
        acts=(
            Act(path=PATH, do=do_prefer),
            Act(path="/pairs/{pair}/recognition", do=do_recognise, who=Who.PARTICIPANT),
        ),
    ),
)
