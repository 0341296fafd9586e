"""Carries out what people do, on whatever stands in their calendars when they do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from simulator.behaviour_of_people import Kind, PersonAct
from simulator.calendars import Item
from simulator.deeds import Deeds
from simulator.directory import User
from simulator.errors import GraphError
from simulator.events import Event, Occurrence
from simulator.people import Appointment
from simulator.replies import Response
from simulator.zones import to_local, to_utc, zone_named

# How far ahead people look when they decline, propose or move, and how far hearings lie.
_NEAR, _FAR = timedelta(days=21), timedelta(days=30)
_NOTICE_OF_HEARING = timedelta(days=2)
_HEARING = "Hearing, listed at short notice"
_TENTATIVE_ABOVE = 0.93
# Where a moved date goes, counted from where it was: days and hours.
_MOVES = ((0, 2), (0, -2), (1, 0), (1, 1), (-1, 0), (2, 0), (0, 1), (1, -1))


@dataclass(frozen=True, slots=True)
class Done:
    """What an act came to: the meeting it struck, by the organizer's immutable id, and its date.

    An act on no meeting has an empty ``event_id``; ``day`` is None for a whole series.
    """

    act: PersonAct
    event_id: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Scene:
    """An act with the one who does it."""

    tenant: Deeds
    act: PersonAct
    who: User

    @property
    def now(self) -> datetime:
        return self.tenant.clock()

    def done(self, event: Event | None = None, day: date | None = None) -> Done:
        """That it was done, to an event."""
        if event is None:
            return Done(self.act)
        return Done(self.act, self.event_id(event), day)

    def event_id(self, event: Event) -> str:
        """The organizer's immutable id of an event."""
        calendars = self.tenant.calendars
        organizer = calendars.directory.user(event.organizer)
        return calendars.item_id(Item(event, None, organizer), immutable=True)

    def meetings(self, *, own: bool) -> list[Event]:
        """Meetings she organizes, or is invited to and has not thrown out."""
        return [
            event
            for event in self.tenant.calendars.events_of(self.who)
            if (event.organizer == self.who.id) == own
            and event.attendees
            and (own or not event.standing(self.who.mail, None).deleted)
        ]

    def dates(self, within: timedelta, *, own: bool = False) -> list[tuple[Event, Occurrence]]:
        """Dates of those meetings that begin from now on, by start."""
        found = [
            (event, one)
            for event in self.meetings(own=own)
            for one in self.tenant.calendars.occurrences(event, self.now, self.now + within)
            if one.start >= self.now and (own or not event.standing(self.who.mail, one.day).deleted)
        ]
        return sorted(found, key=lambda pair: (pair[1].start, pair[0].key))

    def chosen(self, found: Sequence[tuple[Event, Occurrence]]) -> tuple[Event, Occurrence] | None:
        """One of the next few."""
        near = found[:4]
        return near[int(self.act.draw * len(near))] if near else None


def carry_out(tenant: Deeds, act: PersonAct) -> Done | None:
    """Let somebody do what she does; None: there is nothing she could do it to.

    Somebody who has left does nothing any more.
    """
    who = tenant.directory.find(act.person)
    if who is None or not who.enabled or not who.has_mailbox:
        return None
    return _DOING[act.kind](_Scene(tenant, act, who))


# Answers


def _answer(
    scene: _Scene,
    event: Event,
    day: date | None,
    response: Response,
    proposed: tuple[datetime, datetime] | None = None,
) -> Done:
    scene.tenant.answer(
        scene.who.mail,
        scene.event_id(event),
        response,
        day=day,
        send_reply=not scene.act.silently,
        proposed=proposed,
    )
    return scene.done(event, day)


def _answer_invitations(scene: _Scene) -> Done | None:
    """Say yes, or perhaps, to every invitation and to every date that was moved."""
    response: Response = "tentativelyAccepted" if scene.act.draw > _TENTATIVE_ABOVE else "accepted"
    done = None
    for event in scene.meetings(own=False):
        if event.standing(scene.who.mail, None).own == "none":
            done = _answer(scene, event, None, response)
        for day, standings in sorted(event.standings.items()):
            own = standings.get(scene.who.mail.lower())
            if own is not None and own.own == "none" and not own.deleted:
                done = _answer(scene, event, day, response)
    return done


def _decline_date(scene: _Scene) -> Done | None:
    found = scene.chosen(scene.dates(_NEAR))
    return None if found is None else _answer(scene, found[0], found[1].day, "declined")


def _decline_series(scene: _Scene) -> Done | None:
    series = [event for event, _ in scene.dates(_FAR) if event.is_series]
    return _answer(scene, series[0], None, "declined") if series else None


def _propose_new_time(scene: _Scene) -> Done | None:
    open_to_it = [
        (event, one)
        for event, one in scene.dates(_NEAR)
        if event.fields.get("allowNewTimeProposals", True)
    ]
    found = scene.chosen(open_to_it)
    if found is None or scene.act.silently:
        return None
    event, one = found
    start, end = _moved(event, one, scene.act.draw)
    zone = zone_named(event.zone)
    times = (to_utc(start, zone), to_utc(end, zone))
    return _answer(scene, event, one.day, "tentativelyAccepted", times)


def _delete_date(scene: _Scene) -> Done | None:
    found = scene.chosen(scene.dates(_NEAR))
    if found is None:
        return None
    event, one = found
    scene.tenant.delete_from_calendar(scene.who.mail, scene.event_id(event), day=one.day)
    return scene.done(event, one.day)


def _moved(event: Event, one: Occurrence, draw: float) -> tuple[datetime, datetime]:
    """Another time for a date, in the wall clock of its zone and not on a weekend."""
    start = to_local(one.start, zone_named(event.zone))
    days, hours = _MOVES[int(draw * 997) % len(_MOVES)]
    moved = start + timedelta(days=days, hours=hours)
    if moved.weekday() >= 5:
        moved += timedelta(days=7 - moved.weekday() if days > 0 else 4 - moved.weekday())
    return moved, moved + (one.end - one.start)


# What is planned beside the meetings


def _plan(scene: _Scene, start: datetime, end: datetime, subject: str, *, away: bool) -> Done:
    scene.tenant.book_appointment(
        scene.who.mail,
        Appointment(
            start,
            end,
            scene.who.zone or "UTC",
            "oof" if away else "busy",
            subject,
            all_day=away,
        ),
    )
    return scene.done()


def _today(scene: _Scene) -> datetime:
    """The midnight with which the day begins where she is."""
    local = to_local(scene.now, zone_named(scene.who.zone or "UTC"))
    return datetime.combine(local.date(), time.min)


def _take_leave(scene: _Scene) -> Done:
    """A week or two, a fortnight to two months ahead."""
    first = _today(scene) + timedelta(days=14 + int(scene.act.draw * 45))
    first -= timedelta(days=first.weekday())
    length = timedelta(days=12 if scene.act.draw > 0.7 else 5)
    return _plan(scene, first, first + length, "Leave", away=True)


def _fall_ill(scene: _Scene) -> Done:
    length = timedelta(days=1 + int(scene.act.draw * 3))
    return _plan(scene, _today(scene), _today(scene) + length, "Off sick", away=True)


def _get_hearing(scene: _Scene) -> Done | None:
    """Court is listed over a date, now and then at exactly its hour."""
    coming = [
        (event, one)
        for event, one in scene.dates(_FAR)
        if one.start >= scene.now + _NOTICE_OF_HEARING
    ]
    found = scene.chosen(coming)
    if found is None:
        return None
    zone = zone_named(scene.who.zone or "UTC")
    start, end = to_local(found[1].start, zone), to_local(found[1].end, zone)
    if (scene.act.draw * 10) % 1 > 0.2:
        start, end = start - timedelta(minutes=30), end + timedelta(hours=1)
    _plan(scene, start, end, _HEARING, away=False)
    return scene.done(found[0], found[1].day)


def _lose_hearing(scene: _Scene) -> Done | None:
    """The case settles: one of the coming hearings is off."""
    zone = zone_named(scene.who.zone or "UTC")
    local = to_local(scene.now, zone)
    coming = [
        plan
        for plan in scene.tenant.directory.appointments(scene.who)
        if plan.subject == _HEARING and plan.start > local
    ]
    if not coming:
        return None
    off = min(coming, key=lambda plan: (plan.start, plan.end))
    scene.tenant.drop_appointment(scene.who.mail, off)
    return scene.done()


def _leave_firm(scene: _Scene) -> Done:
    scene.tenant.change_person(scene.who.mail, enabled=False, mailbox="softDeleted")
    return scene.done()


# What coordinators do in Outlook


def _move_date(scene: _Scene) -> Done | None:
    found = scene.chosen(scene.dates(_NEAR, own=True)[::3])
    if found is None:
        return None
    event, one = found
    start, end = _moved(event, one, scene.act.draw)
    changes: dict[str, Any] = {
        name: {"dateTime": moment.isoformat(), "timeZone": event.zone}
        for name, moment in (("start", start), ("end", end))
    }
    try:
        scene.tenant.change_event(scene.event_id(event), changes, day=one.day)
    except GraphError:
        # Outlook does not let a date reach its neighbour's day either.
        return None
    return scene.done(event, one.day)


def _cancel_date(scene: _Scene) -> Done | None:
    found = scene.chosen(scene.dates(_NEAR, own=True)[::3])
    if found is None:
        return None
    event, one = found
    scene.tenant.cancel_event(scene.event_id(event), day=one.day, comment="Not this time.")
    return scene.done(event, one.day)


def _cancel_series(scene: _Scene) -> Done | None:
    series = [event for event, _ in scene.dates(_FAR, own=True) if event.is_series]
    if not series:
        return None
    event = series[int(scene.act.draw * len(series))]
    event_id = scene.event_id(event)
    scene.tenant.cancel_event(event_id, comment="This series ends.")
    return Done(scene.act, event_id)


_DOING: dict[Kind, Callable[[_Scene], Done | None]] = {
    "answers_invitations": _answer_invitations,
    "declines_date": _decline_date,
    "declines_series": _decline_series,
    "proposes_new_time": _propose_new_time,
    "deletes_date": _delete_date,
    "takes_leave": _take_leave,
    "falls_ill": _fall_ill,
    "gets_hearing": _get_hearing,
    "loses_hearing": _lose_hearing,
    "leaves_firm": _leave_firm,
    "moves_date": _move_date,
    "cancels_date": _cancel_date,
    "cancels_series": _cancel_series,
}
