"""What a write does to an event, and which mails follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from simulator.calendars import Calendars, Item, copied, is_appointment
from simulator.directory import User
from simulator.errors import (
    GraphError,
    NotSimulatedError,
    invalid_property,
    invalid_request,
    unknown_zone,
)
from simulator.event_body import Wall, Written, read_body
from simulator.event_views import EventViews
from simulator.events import Altered, Attendee, Event, Standing
from simulator.ids import ItemId
from simulator.meetings import Meetings, join_block
from simulator.recurrence import normalised
from simulator.zones import UnknownZoneError, to_utc, zone_named


class EventWrites:
    """Creates, changes, cancels and deletes events as Exchange does."""

    def __init__(self, calendars: Calendars, views: EventViews, meetings: Meetings) -> None:
        self._calendars, self._views, self._meetings = calendars, views, meetings

    def create(self, owner: User, body: object) -> Item:
        """Make the event ``body`` describes and invite everybody in it.

        Raises:
            GraphError: 400, something Exchange would not take; 400 or 409, the
                transaction id was used before.
        """
        written = read_body(body)
        self._refuse_second(owner, written.transaction_id)
        if written.start is None or written.end is None:
            raise invalid_property("An event needs start and end.")
        zone = written.start.zone or "UTC"
        now = self._calendars.clock()
        event = Event(
            key=self._calendars.new_key(),
            organizer=owner.id,
            created=now,
            modified=now,
            start=written.start.local,
            end=_in_zone(written.end, zone),
            zone=zone,
            fields=written.fields,
            attendees=_invited(written.attendees or [], owner),
            extended=written.extended,
            transaction_id=written.transaction_id,
        )
        _check_span(event)
        if written.recurrence is not None:
            event.recurrence = normalised(written.recurrence, event.start.date(), zone)
            if not any(True for _ in event.occurrences(event.start.date() + timedelta(days=3660))):
                raise invalid_property("The recurrence has no occurrence.")
        self._go_online(event, owner, written)
        self._calendars.before_write(event, is_new=True)
        self._calendars.save(event)
        if event.transaction_id is not None:
            self._calendars.remember_transaction(owner, event.transaction_id, event.key)
        self._calendars.send(event, "invitation", _addresses(event.attendees))
        return Item(event, None, owner)

    def change(self, item: Item, body: object, if_match: str | None) -> Item:
        """Change what ``body`` names, of a whole event or of one date of a series.

        Raises:
            GraphError: 400, something Exchange would not take; 412, ``if_match``
                is not the item's etag.
        """
        _refuse_appointment(item)
        self._check_etag(item, if_match)
        written = read_body(body)
        if written.transaction_id is not None:
            raise invalid_property("transactionId cannot be changed.")
        _check_zones_given(written)
        if not item.is_organizers:
            raise NotSimulatedError("a change to an attendee's copy")
        self._calendars.before_write(item.event)
        # A refusal half-way must leave nothing changed, so the change is made to a copy.
        changed = Item(copied(item.event), item.day, item.owner)
        if item.day is None:
            self._change_event(changed, written)
        else:
            self._change_occurrence(changed, written)
        return changed

    def cancel(self, item: Item, comment: str) -> None:
        """Cancel an event, or one date of a series, with a word to everybody invited.

        Raises:
            GraphError: 400, the calendar's owner is not the organizer.
        """
        if not item.is_organizers:
            raise GraphError(
                400, "ErrorInvalidRequest", "You need to be an organizer to cancel a meeting."
            )
        self._take_out(item, comment)

    def delete(self, item: Item, if_match: str | None) -> None:
        """Delete an event: the organizer's goes with a cancellation, an attendee's silently."""
        self._check_etag(item, if_match)
        if item.is_organizers:
            self._take_out(item, "")
            return
        self._calendars.before_write(item.event)
        standing_to_write(item).deleted = True
        self._calendars.save(item.event, item.day)

    # Creating

    def _refuse_second(self, owner: User, transaction_id: str | None) -> None:
        if transaction_id is None:
            return
        key = self._calendars.event_of_transaction(owner, transaction_id)
        if key is None:
            return
        behaviour = self._calendars.behaviour
        members: dict[str, Any] = {}
        if behaviour.duplicate_names_existing_event:
            token = self._calendars.mint.token("item", key, owner.id)
            members["@event.existingEventId"] = str(ItemId(token, None, None))
        raise GraphError(
            behaviour.duplicate_transaction_status,
            "ErrorDuplicateTransactionId",
            "The TransactionId specified in the request has already been used to create a "
            "different event.",
            members=members,
        )

    def _go_online(self, event: Event, owner: User, written: Written) -> None:
        wanted = written.online and written.provider in (None, "teamsForBusiness")
        if not wanted or owner.mailbox != "licensed":
            return
        event.meeting = self._meetings.arrange(event, owner, self._calendars.clock())
        event.fields["onlineMeetingProvider"] = "teamsForBusiness"
        body = event.fields.get("body") or read_body({"body": {"content": ""}}).fields["body"]
        event.fields["body"] = {
            "contentType": "html",
            "content": body["content"].replace("</body>", join_block(event.meeting) + "</body>"),
        }

    # Changing

    def _check_etag(self, item: Item, if_match: str | None) -> None:
        if if_match in (None, "*"):
            return
        if if_match not in (self._views.etag(item), self._views.change_key(item)):
            raise GraphError(
                412,
                "ErrorIrresolvableConflict",
                "The send or update operation could not be performed because the change key "
                "passed in the request does not match the current change key for the item.",
            )

    def _change_event(self, item: Item, written: Written) -> None:
        event = item.event
        before = (event.start, event.end, event.zone, event.recurrence)
        self._move(event, written)
        moved = before != (event.start, event.end, event.zone, event.recurrence)
        self._write_fields(event, written)
        event.extended.update(written.extended)
        added, removed = self._write_attendees(item, written)
        if moved:
            _forget_answers(event)
        shortened = before[:3] == (event.start, event.end, event.zone)
        if moved and not (shortened and self._calendars.behaviour.truncating_keeps_exceptions):
            event.altered.clear()
            event.cancelled.clear()
        event.revision += 1
        event.modified = self._calendars.clock()
        self._calendars.save(event)
        self._calendars.send(event, "invitation", _addresses(added))
        self._calendars.send(event, "cancellation", _addresses(removed))
        if written.only_attendees:
            return
        staying = [one for one in event.attendees if one not in added]
        self._calendars.send(event, "update", _addresses(staying))
        for day in sorted(event.altered):
            self._calendars.send(event, "update", _addresses(staying), day=day)

    def _move(self, event: Event, written: Written) -> None:
        """Write the times of a single event or of a whole series."""
        if written.start is None and written.end is None and written.recurrence is None:
            return
        length = event.end - event.start
        zone = (written.start or written.end or Wall(event.start, event.zone)).zone
        if event.is_series and _differs(zone, event.zone):
            raise invalid_property("The time zone of a recurring master cannot be changed.")
        if not event.is_series and written.start is not None:
            event.zone = zone
        if written.start is not None:
            event.start = _in_zone(written.start, event.zone)
            event.end = event.start + length
        if written.end is not None:
            event.end = _in_zone(written.end, event.zone)
        _check_span(event)
        self._write_recurrence(event, written.recurrence)

    def _write_recurrence(self, event: Event, wanted: Mapping[str, Any] | None) -> None:
        if wanted is not None:
            event.recurrence = normalised(wanted, event.start.date(), event.zone)
        elif event.recurrence is not None:
            span = {**event.recurrence["range"], "startDate": event.start.date().isoformat()}
            event.recurrence = normalised(
                {**event.recurrence, "range": span}, event.start.date(), event.zone
            )

    def _write_fields(self, event: Event, written: Written) -> None:
        event.fields.update(written.fields)
        if event.meeting is None:
            return
        body = written.fields.get("body")
        if body is not None and event.meeting["joinUrl"] not in body["content"]:
            # The block Exchange wrote is gone, and with it the online meeting.
            event.meeting = None

    def _write_attendees(
        self, item: Item, written: Written
    ) -> tuple[list[Attendee], list[Attendee]]:
        """The attendees added and those removed."""
        event = item.event
        if written.attendees is None:
            return [], []
        before = {one.address.lower(): one for one in event.attendees}
        wanted = _invited(written.attendees, item.owner)
        event.attendees = [before.get(one.address.lower(), one) for one in wanted]
        staying = {one.address.lower() for one in event.attendees}
        removed = [one for address, one in before.items() if address not in staying]
        added = [one for one in event.attendees if one.address.lower() not in before]
        for standings in event.standings.values():
            for one in removed:
                standings.pop(one.address.lower(), None)
        return added, removed

    def _change_occurrence(self, item: Item, written: Written) -> None:
        event, day = item.event, item.day
        if written.attendees is not None or written.recurrence is not None:
            raise NotSimulatedError("other attendees or a recurrence for one occurrence")
        occurrence = item.occurrence()
        if day is None or occurrence is None:
            raise invalid_request("The occurrence does not exist.")
        event.extended.update(written.extended)
        if written.says_nothing_people_see:
            event.revision += 1
        else:
            altered = event.altered.get(day)
            if altered is None:
                zone = zone_named(event.zone)
                altered = Altered(
                    occurrence.start.astimezone(zone).replace(tzinfo=None),
                    occurrence.end.astimezone(zone).replace(tzinfo=None),
                    revision=0,
                )
            start, end = _moved_times(event, altered, written)
            if (start, end) != (altered.start, altered.end):
                self._check_neighbours(event, day, start)
                self._forget_answers_of(event, day)
            altered.start, altered.end = start, end
            altered.fields.update(written.fields)
            altered.revision += 1
            altered.modified = self._calendars.clock()
            event.altered[day] = altered
            self._calendars.send(event, "update", _addresses(event.attendees), day=day)
        self._calendars.save(event, day)

    def _check_neighbours(self, event: Event, day: date, start: datetime) -> None:
        """Refuse a date on, or beyond, the day of the occurrence before or after it."""
        zone = zone_named(event.zone)
        around = list(event.occurrences(day + timedelta(days=800)))
        place = next(index for index, found in enumerate(around) if found.day == day)
        days = [found.start.astimezone(zone).date() for found in around]
        too_early = place > 0 and start.date() <= days[place - 1]
        too_late = place + 1 < len(days) and start.date() >= days[place + 1]
        if too_early or too_late:
            raise GraphError(
                400,
                "ErrorOccurrenceCrossingBoundary",
                "Modified occurrence is crossing or overlapping adjacent occurrence.",
            )

    def _forget_answers_of(self, event: Event, day: date) -> None:
        event.standings[day] = {one.address.lower(): Standing() for one in event.attendees}

    # Taking out

    def _take_out(self, item: Item, comment: str) -> None:
        _refuse_appointment(item)
        event = item.event
        self._calendars.before_write(event)
        self._calendars.send(
            event, "cancellation", _addresses(event.attendees), day=item.day, comment=comment
        )
        if item.day is None:
            self._calendars.remove(event)
            return
        event.cancelled.append(item.day)
        event.altered.pop(item.day, None)
        event.standings.pop(item.day, None)
        event.revision += 1
        event.modified = self._calendars.clock()
        self._calendars.save(event, item.day)


def standing_to_write(item: Item) -> Standing:
    """The attendee's standing to change: her own for one date, or the one for the whole event."""
    lower = item.owner.mail.lower()
    if item.day is None:
        return item.event.standing(lower, None)
    kept = item.event.standings.setdefault(item.day, {})
    if lower not in kept:
        whole = item.event.standing(lower, None)
        kept[lower] = Standing(whole.response, whole.own, whole.deleted, whole.at)
    return kept[lower]


def _forget_answers(event: Event) -> None:
    for attendee in event.attendees:
        attendee.standing = Standing()
    event.standings.clear()


def _refuse_appointment(item: Item) -> None:
    if is_appointment(item.event):
        raise NotSimulatedError("a write to what a person planned herself")


def _addresses(attendees: list[Attendee]) -> list[str]:
    return [attendee.address for attendee in attendees]


def _invited(attendees: list[Attendee], organizer: User) -> list[Attendee]:
    """Each address once; the organizer is not invited by herself."""
    seen = {organizer.mail.lower(): None}
    kept = []
    for attendee in attendees:
        if attendee.address.lower() not in seen:
            seen[attendee.address.lower()] = None
            kept.append(attendee)
    return kept


def _check_span(event: Event) -> None:
    if event.end < event.start:
        raise GraphError(
            400, "ErrorCalendarEndDateIsEarlierThanStartDate", "End lies before start."
        )
    if event.fields.get("isAllDay"):
        whole = event.start.time() == event.end.time() == time(0) and event.end > event.start
        if not whole:
            raise invalid_property("An all-day event starts and ends at midnight.")


def _check_zones_given(written: Written) -> None:
    for moment in (written.start, written.end):
        if moment is not None and not moment.zone:
            raise unknown_zone("")


def _differs(one: str, other: str) -> bool:
    try:
        return zone_named(one) != zone_named(other)
    except UnknownZoneError as unknown:
        raise unknown_zone(unknown.name) from None


def _in_zone(moment: Wall, zone: str) -> datetime:
    """The wall-clock time in ``zone`` of a time that may be written in another."""
    if not _differs(moment.zone or "UTC", zone):
        return moment.local
    instant = to_utc(moment.local, zone_named(moment.zone or "UTC"))
    return instant.astimezone(zone_named(zone)).replace(tzinfo=None)


def _moved_times(event: Event, altered: Altered, written: Written) -> tuple[datetime, datetime]:
    start, end = altered.start, altered.end
    if written.start is not None:
        moved = _in_zone(written.start, event.zone)
        start, end = moved, end + (moved - start)
    if written.end is not None:
        end = _in_zone(written.end, event.zone)
    if end < start:
        raise GraphError(
            400, "ErrorCalendarEndDateIsEarlierThanStartDate", "End lies before start."
        )
    return start, end
