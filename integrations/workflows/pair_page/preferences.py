"""When and where somebody can be met, in their own words: the best source there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.page_records import Preference
from integrations.ports import Transaction
from integrations.records import JournalEntry, Json, Pair, PairState, Participant
from integrations.workflows.enrolment.people import BY_PERSON
from integrations.workflows.pair_page.acting import Actor
from integrations.workflows.rulebook.rules import ON_TEAMS
from scheduling.rule import WEEKDAYS, end_minute_of, minute_of

Week = Mapping[str, Sequence[tuple[str, str]]]
"""Ranges of wall-clock times (``09:00``, ``12:30``) by weekday (``mon`` .. ``sun``)."""

PLACES = ("teams", "in_person", "either")
IN_PERSON = "In person"
"""What a pair's place is called where the two chose to meet in person."""
_NOT_SENT = frozenset({PairState.ENROLLED, PairState.PLANNED})
_SHORTEST = timedelta(minutes=15)
MOST_RANGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person prefers. ``hours`` None: as the mailbox says. ``place`` None: no matter."""

    hours: Week | None = None
    office_days: tuple[str, ...] = ()
    place: str | None = None


def wishes_of(tx: Transaction, person_id: str) -> Wishes:
    """What the person said, nothing where nothing was."""
    said = tx.preferences.get(person_id)
    if said is None:
        return Wishes()
    hours = said.body.get("hours")
    return Wishes(
        hours=None if hours is None else {day: [(a, b) for a, b in hours[day]] for day in hours},
        office_days=tuple(said.body.get("office_days", ())),
        place=said.body.get("place"),
    )


def prefer(tx: Transaction, actor: Actor, pair: Pair, wishes: Wishes, now: datetime) -> None:
    """Keep what is preferred, and plan by it from now on; dates in calendars stay.

    An assistant sets hours alone: office days and place stay as the person left them.

    Raises:
        FaultsError: every range that is none, with its weekday; nothing was kept.
    """
    person_id = actor.person_id
    if actor.is_assistant:
        own = wishes_of(tx, person_id)
        wishes = replace(wishes, office_days=own.office_days, place=own.place)
    _require_sound(wishes)
    hours = None if wishes.hours is None else _stored(wishes.hours)
    before = tx.preferences.get(person_id)
    # What stands there of other choices is not this form's to change.
    body: Json = {
        **({} if before is None else before.body),
        "hours": hours,
        "office_days": [day for day in WEEKDAYS if day in wishes.office_days],
        "place": wishes.place,
    }
    tx.preferences.put(Preference(person_id=person_id, body=body, set_at=now, set_by=actor.word))
    tx.participants.put(_with_hours(tx.participants.require(person_id), hours))
    tx.journal.write(
        JournalEntry(
            at=now,
            code="preferences_set",
            program_id=pair.program_id,
            pair_id=pair.id,
            person_id=person_id,
            data={"by": actor.word},
        )
    )
    for each in tx.pairs.of_people([person_id]):
        _plan_by_it(tx, each)


def place_wished(tx: Transaction, pair: Pair) -> str | None:
    """Where the two want to meet: ``Teams`` if one says so, in person if one does, else None."""
    said = {wishes_of(tx, person).place for person in (pair.mentor_id, pair.mentee_id)}
    if "teams" in said:
        return ON_TEAMS
    return IN_PERSON if "in_person" in said else None


def _plan_by_it(tx: Transaction, pair: Pair) -> None:
    """A plan that nobody was sent yet is looked at again; a room somebody named stays."""
    if pair.state not in _NOT_SENT:
        return
    place = pair.place
    if place in (None, "", ON_TEAMS, IN_PERSON):
        place = place_wished(tx, pair) or place
    tx.pairs.put(replace(pair, calendars_read_at=None, place=place))


def _with_hours(person: Participant, hours: Json | None) -> Participant:
    if hours is not None:
        return replace(person, hours=hours, hours_source=BY_PERSON, hours_are_bound=False)
    if person.hours_source != BY_PERSON:
        return person
    # The mailbox is asked again before the next planning.
    return replace(
        person, hours={}, hours_source=None, hours_are_bound=False, settings_read_at=None
    )


def _stored(hours: Week) -> Json:
    return {day: [list(each) for each in sorted(hours[day])] for day in WEEKDAYS if hours.get(day)}


def _require_sound(wishes: Wishes) -> None:
    faults = []
    if wishes.place not in (None, *PLACES):
        faults.append(
            Fault("place", gettext("one of %(choices)s", choices=", ".join(PLACES)), wishes.place)
        )
    if unknown := sorted(set(wishes.office_days) - set(WEEKDAYS)):
        faults.append(Fault("office_days", N_("weekdays"), ", ".join(unknown)))
    if wishes.hours is not None:
        faults += [fault for day in WEEKDAYS if (fault := _wrong(day, wishes.hours.get(day, ())))]
        if not any(wishes.hours.values()):
            faults.append(Fault("hours", N_("at least one stretch in the week")))
    if faults:
        raise FaultsError(faults, remedy=N_("Give each stretch a start before its end."))


def _wrong(day: str, ranges: Sequence[tuple[str, str]]) -> Fault | None:
    if len(ranges) > MOST_RANGES:
        return Fault(day, gettext("at most %(most)s stretches", most=MOST_RANGES), str(len(ranges)))
    last = 0
    for start, end in sorted(ranges):
        try:
            begins = minute_of(time.fromisoformat(start))
            ends = end_minute_of(time.fromisoformat(end))
        except ValueError:
            return Fault(day, N_("times such as 09:00"), f"{start} to {end}")
        if ends - begins < _SHORTEST // timedelta(minutes=1):
            return Fault(day, N_("a start before its end"), f"{start} to {end}")
        if begins < last:
            return Fault(day, N_("stretches that do not overlap"), f"{start} to {end}")
        last = ends
    return None
