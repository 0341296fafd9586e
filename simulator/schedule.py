"""Free/busy: what ``getSchedule`` tells of people's time.

Items are kept ready as JSON per mailbox, zone and depth of detail, because one
answer for twenty people over two months holds thousands of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from simulator.behaviour import SCHEDULE_WINDOW, Behaviour
from simulator.calendars import Calendars, Item, event_of_appointment
from simulator.directory import Directory, User, clock_time
from simulator.errors import GraphError, invalid_property
from simulator.event_body import wall
from simulator.event_views import shown_as, zoned
from simulator.people import Appointment
from simulator.registration import AppRegistration
from simulator.zones import custom_zone, to_utc, zone_named

T = TypeVar("T")

# Digits of the availability view; the highest of a slot wins.
_DIGIT = {"free": 0, "workingElsewhere": 0, "unknown": 0, "tentative": 1, "busy": 2, "oof": 3}
# How far beyond a window the plans of people are expanded, so that the next one is ready.
_AHEAD = timedelta(days=180)
_STEP_DAYS = 64
# Whose entries are kept ready; a firm of twenty thousand, read whole, would take up 14 GB.
_KEPT_READY = 2_000
_ANSWERED = frozenset({"accepted", "declined", "tentativelyAccepted"})


@dataclass(frozen=True, slots=True)
class Busy:
    """One entry of somebody's free/busy; start and end are seconds since 1970."""

    start: int
    end: int
    status: str
    subject: str
    location: str
    private: bool


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for, in seconds since 1970, and the length of a slot."""

    start: int
    end: int
    slot: int

    @property
    def slots(self) -> int:
        """Digits of the view; the last slot can reach beyond the window."""
        return -(-(self.end - self.start) // self.slot)


class Timetable:
    """Somebody's entries by start, and their JSON in the forms asked for so far."""

    def __init__(self, entries: list[Busy]) -> None:
        self._entries = sorted(entries, key=lambda entry: (entry.start, entry.end, entry.status))
        self._starts = [entry.start for entry in self._entries]
        self._longest = max((entry.end - entry.start for entry in entries), default=0)
        self._json: dict[tuple[str, bool], dict[int, bytes]] = {}

    def overlapping(self, window: Window) -> list[int]:
        """Numbers of the entries that touch a window, by start."""
        first = bisect_left(self._starts, window.start - self._longest)
        last = bisect_left(self._starts, window.end)
        entries = self._entries
        return [number for number in range(first, last) if entries[number].end > window.start]

    def items(self, numbers: list[int], zone: str, *, detailed: bool) -> orjson.Fragment:
        """Entries as ``scheduleItems``, in no order of time."""
        ready = self._json.setdefault((zone, detailed), {})
        for number in numbers:
            if number not in ready:
                ready[number] = _item(self._entries[number], zone, detailed=detailed)
        unsorted = numbers[1::2] + numbers[::2]
        return orjson.Fragment(b"[" + b",".join([ready[number] for number in unsorted]) + b"]")

    def view(self, numbers: list[int], window: Window) -> str:
        """One digit per slot."""
        digits = bytearray(b"0" * window.slots)
        start, slot, last = window.start, window.slot, window.slots
        spans: tuple[list[tuple[int, int]], ...] = ([], [], [], [])
        for number in numbers:
            entry = self._entries[number]
            first = max(0, (entry.start - start) // slot)
            spans[_DIGIT[entry.status]].append((first, min(last, -((start - entry.end) // slot))))
        for digit in (1, 2, 3):
            mark = b"%d" % digit
            for first, end in spans[digit]:
                digits[first:end] = mark * (end - first)
        return digits.decode()


# A timetable is made anew whenever one entry changes; all the others stay what they were.
@lru_cache(maxsize=50_000)
def _item(entry: Busy, zone: str, *, detailed: bool) -> bytes:
    shown: dict[str, Any] = {}
    if detailed:
        shown["isPrivate"] = entry.private
    shown["status"] = entry.status
    if detailed and not entry.private:
        shown["subject"] = entry.subject
        shown["location"] = entry.location
    known = zone_named(zone)
    for name, seconds in (("start", entry.start), ("end", entry.end)):
        shown[name] = zoned(datetime.fromtimestamp(seconds, UTC), known, zone)
    return orjson.dumps(shown)


def _far_enough(until: datetime) -> datetime:
    """Not before ``until``, and the same for many of its days, so that less is worked out twice."""
    day = -(-(until.toordinal() + 1) // _STEP_DAYS) * _STEP_DAYS
    return datetime.fromordinal(day).replace(tzinfo=UTC)


# Tenants of one firm, and one tenant whose people plan something else, share most appointments.
@lru_cache(maxsize=50_000)
def _entries_of(appointment: Appointment, until: date) -> tuple[Busy, ...]:
    """What an appointment puts into free/busy, on days up to ``until`` if it recurs."""
    zone = zone_named(appointment.zone)
    spans = [(to_utc(appointment.start, zone), to_utc(appointment.end, zone))]
    if appointment.weekly_interval:
        event = event_of_appointment("", 0, appointment)
        spans = [(found.start, found.end) for found in event.occurrences(until)]
    return tuple(
        Busy(
            int(start.timestamp()),
            int(end.timestamp()),
            appointment.show_as,
            appointment.subject,
            "",
            appointment.private,
        )
        for start, end in spans
    )


class FreeBusy:
    """Answers ``getSchedule`` from the calendars; of ``kept_ready`` people without working anew."""

    def __init__(
        self,
        directory: Directory,
        calendars: Calendars,
        behaviour: Behaviour,
        *,
        kept_ready: int = _KEPT_READY,
    ) -> None:
        self._directory, self._calendars, self._behaviour = directory, calendars, behaviour
        self._kept_ready = kept_ready
        self._planned: dict[str, tuple[object, datetime, list[Busy]]] = {}
        self._tables: dict[str, tuple[object, Timetable]] = {}
        self.unreadable: set[str] = set()

    def answer(self, reader: AppRegistration, body: object, zone: str) -> list[dict[str, Any]]:
        """One entry per schedule asked for; an unreadable one says so and spoils no other.

        Parameters:
            reader: the app that asks, whose rights decide what it sees of each.
            zone: the zone for the times of items.

        Raises:
            GraphError: 400, more schedules, a longer window or another slot than allowed.
        """
        asked = {str(name).lower(): value for name, value in _mapping(body).items()}
        schedules = asked.get("schedules")
        if not isinstance(schedules, list) or not schedules:
            raise invalid_property("schedules has to name at least one mailbox.")
        most = self._behaviour.schedules_per_call
        if len(schedules) > most:
            raise GraphError(
                400,
                "ErrorMailboxDataArrayTooBig",
                f"The value of the array in mailbox data is too big: allowed size = {most}; the "
                f"actual size = {len(schedules)}.",
            )
        window = _window(asked)
        return [self._entry(reader, str(name), window, zone) for name in schedules]

    def _entry(
        self, reader: AppRegistration, name: str, window: Window, zone: str
    ) -> dict[str, Any]:
        user = self._directory.find(name)
        error = self._error(user, name)
        detailed = user is not None and _may_see_details(reader, user)
        if error is None and not detailed:
            detailed = self._behaviour.default_sharing == "details"
            if self._behaviour.default_sharing == "none":
                error = ("ErrorNoFreeBusyAccess", "The caller does not have access to free/busy.")
        if error is not None or user is None:
            return _failed(name, *(error or ("", "")))
        table = self._timetable(user, window)
        numbers = table.overlapping(window)
        most = self._behaviour.schedule_items
        if len(numbers) > most:
            return _failed(
                name,
                "5006",
                f"The result set contains too many calendar entries. The allowed size is {most}; "
                f"the actual size is {len(numbers)}.",
            )
        return {
            "scheduleId": name,
            "availabilityView": table.view(numbers, window),
            "scheduleItems": table.items(numbers, zone, detailed=detailed),
            "workingHours": self.working_hours(user),
        }

    def _error(self, user: User | None, name: str) -> tuple[str, str] | None:
        if user is None or user.guest or user.mailbox == "missing":
            return (
                self._behaviour.unknown_mailbox_code,
                f"Unable to resolve e-mail address {name} to an Active Directory object.",
            )
        if name.lower() in self.unreadable:
            return (
                "ErrorMailboxStoreUnavailable",
                "The mailbox database is temporarily unavailable.",
            )
        return {
            "onPremises": ("ErrorProxyRequestProcessingFailed", "Proxy web request failed."),
            "softDeleted": ("5009", "The mailbox is soft-deleted."),
        }.get(user.mailbox)

    def working_hours(self, user: User) -> dict[str, Any]:
        """``workingHours`` of a mailbox: one range for all its days."""
        zone: dict[str, Any] = {"name": user.zone or "UTC"}
        if user.mail.lower() in self._behaviour.custom_hours_zone:
            zone = custom_zone(
                zone_named(user.zone or "UTC"),
                self._calendars.clock().year,
                swapped=self._behaviour.custom_hours_zone_swapped,
            )
        return {
            "daysOfWeek": list(user.workdays),
            "startTime": clock_time(user.hours[0]),
            "endTime": clock_time(user.hours[1]),
            "timeZone": zone,
        }

    def _timetable(self, user: User, window: Window) -> Timetable:
        planned = self._plans(user, datetime.fromtimestamp(window.end, UTC))
        if self._behaviour.free_busy_lag:
            return Timetable([*planned, *self._meetings(user, window)])
        version = (self._calendars.version(user), id(planned), self._horizon(user, window))
        kept = self._tables.get(user.id)
        if kept is None or kept[0] != version:
            kept = (version, Timetable([*planned, *self._meetings(user, window)]))
            self._keep(self._tables, user.id, kept)
        return kept[1]

    def _keep(self, ready: dict[str, T], user_id: str, value: T) -> None:
        """Keep what was worked out for somebody, in place of whoever's was longest ago."""
        ready.pop(user_id, None)
        if len(ready) >= self._kept_ready:
            del ready[next(iter(ready))]
        ready[user_id] = value

    def _horizon(self, user: User, window: Window) -> object:
        """What of the window the user's meetings depend on: only endless series reach on."""
        for event in self._calendars.events_of(user):
            if event.recurrence is not None and event.recurrence["range"]["type"] == "noEnd":
                return window
        return None

    def _plans(self, user: User, until: datetime) -> list[Busy]:
        """The user's own plans from the beginning to at least ``until``."""
        appointments = self._directory.appointments(user)
        kept = self._planned.get(user.id)
        if kept is not None and kept[0] is appointments and kept[1] >= until:
            return kept[2]
        horizon = _far_enough(until + _AHEAD)
        entries = [
            entry
            for appointment in appointments
            for entry in _entries_of(appointment, horizon.date())
        ]
        self._keep(self._planned, user.id, (appointments, horizon, entries))
        return entries

    def _meetings(self, user: User, window: Window) -> list[Busy]:
        """The user's meetings as organizer or attendee, as far as they take up her time."""
        start = datetime(1990, 1, 1, tzinfo=UTC)
        end = datetime.fromtimestamp(window.end, UTC) + _AHEAD
        bounded = datetime(2099, 1, 1, tzinfo=UTC)
        entries = []
        for event in self._calendars.seen_by_free_busy(user):
            endless = event.recurrence is not None and event.recurrence["range"]["type"] == "noEnd"
            for found in self._calendars.occurrences(event, start, end if endless else bounded):
                item = Item(event, found.day, user)
                standing = item.standing
                if standing is not None and not standing.stands:
                    continue
                entry = _busy(item, found.start, found.end)
                if standing is None or standing.own in _ANSWERED or entry.status == "free":
                    entries.append(entry)
                elif self._behaviour.unanswered_shown_as != "absent":
                    shown = self._behaviour.unanswered_shown_as
                    entries.append(replace(entry, status=shown))
        return entries


def _busy(item: Item, start: datetime, end: datetime) -> Busy:
    fields = item.event.fields
    return Busy(
        int(start.timestamp()),
        int(end.timestamp()),
        shown_as(item),
        fields.get("subject", ""),
        (fields.get("location") or {}).get("displayName", ""),
        fields.get("sensitivity", "normal") in ("private", "confidential"),
    )


def _may_see_details(reader: AppRegistration, user: User) -> bool:
    return reader.may("Calendars.ReadBasic", user.mail) or reader.may("Calendars.Read", user.mail)


def _failed(name: str, code: str, message: str) -> dict[str, Any]:
    return {"scheduleId": name, "error": {"message": message, "responseCode": code}}


def _mapping(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise invalid_property("The request body has to be a JSON object.")
    return body


def _window(asked: Mapping[str, Any]) -> Window:
    start, end = (_moment(asked.get(name), name) for name in ("starttime", "endtime"))
    try:
        slot = int(asked.get("availabilityviewinterval") or 30)
    except (TypeError, ValueError):
        raise invalid_property("availabilityViewInterval has to be a whole number.") from None
    if not 5 <= slot <= 1440:
        raise GraphError(
            400,
            "ErrorInvalidMergedFreeBusyInterval",
            "The interval must be between 5 and 1440 minutes.",
        )
    if end <= start:
        raise _no_time_window()
    if end - start >= SCHEDULE_WINDOW:
        raise GraphError(
            400,
            "ErrorTimeIntervalTooBig",
            "The specified time duration is too large: at most 62 days can be asked for.",
        )
    return Window(int(start.timestamp()), int(end.timestamp()), slot * 60)


def _moment(value: object, name: str) -> datetime:
    given = (
        {str(key).lower(): part for key, part in value.items()}
        if isinstance(value, Mapping)
        else {}
    )
    written = given.get("datetime")
    # A bare date or an instant with a Z is read as no time at all.
    if not isinstance(written, str) or "T" not in written or written.endswith("Z"):
        raise _no_time_window()
    moment = wall({"dateTime": written, "timeZone": given.get("timezone")}, name)
    return to_utc(moment.local, zone_named(moment.zone or "UTC"))


def _no_time_window() -> GraphError:
    return GraphError(
        400,
        "ErrorInvalidTimeInterval",
        "The duration of FreeBusyViewOptions.TimeWindow is not valid.",
    )
