"""Every calendar of the tenant: which events stand in it, under which ids, as seen when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import orjson

from simulator.behaviour import Behaviour
from simulator.clock import Clock
from simulator.directory import Directory, User
from simulator.errors import item_not_found
from simulator.events import Change, Event, Occurrence, Standing
from simulator.ids import ItemId, Mint
from simulator.mail import Mail, MailKind, MailLog
from simulator.people import Appointment
from simulator.recurrence import DAYS, normalised
from simulator.storage import Storage, packed
from simulator.zones import to_utc, zone_named


@dataclass(frozen=True, slots=True)
class Item:
    """An event, or one date of it, as it stands in the calendar of ``owner``."""

    event: Event
    day: date | None
    owner: User

    @property
    def is_organizers(self) -> bool:
        """Whether the owner is the event's organizer."""
        return self.owner.id == self.event.organizer

    @property
    def standing(self) -> Standing | None:
        """What the owner did about it; None for the organizer."""
        return None if self.is_organizers else self.event.standing(self.owner.mail, self.day)

    def occurrence(self) -> Occurrence | None:
        """The occurrence meant; None for a whole series and for one that was cancelled."""
        return self.event.occurrence(self.day)


_Mark = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """How an event stood until a moment; None: it was not there yet."""

    until: datetime
    event: Event | None


class Watcher(Protocol):
    """Somebody who is told of every change in the mailboxes it watches."""

    def watches(self, user_id: str) -> bool:
        """Whether changes in that user's mailbox are of interest."""

    def changed(self, event: Event, user_id: str, change: Change, day: date | None) -> None:
        """What stands in that user's mailbox of an event is now another."""


class Calendars:
    """The events of all mailboxes, found by item id, by mailbox or by transaction id."""

    def __init__(
        self, storage: Storage, mint: Mint, clock: Clock, directory: Directory, behaviour: Behaviour
    ) -> None:
        self._storage, self.mint, self.clock = storage, mint, clock
        self.directory, self.behaviour = directory, behaviour
        self.mails = MailLog(storage)
        self.watcher: Watcher | None = None
        # Keys of the events that changed since somebody last emptied it.
        self.restless: dict[str, None] = {}
        self._events: dict[str, Event] = {}
        self._keys_by_user: dict[str, dict[str, None]] = {}
        self._users_by_key: dict[str, set[str]] = {}
        self._tokens: dict[bytes, tuple[str, str]] = {}
        self._minted: dict[tuple[str, str], bytes] = {}
        self._transactions: dict[tuple[str, str], str] = {}
        self._history: dict[str, list[Past]] = {}
        self._expanded: dict[str, list[Occurrence]] = {}
        self._versions: dict[str, int] = {}
        self._marks: dict[str, dict[str, _Mark]] = {}
        self._made = int((storage.get("counter", "event") or {}).get("value", 0))
        for _, doc in storage.documents("transaction"):
            self._transactions[doc["mailbox"], doc["transaction_id"]] = doc["event"]
        for _, doc in storage.documents("event"):
            event = Event.from_document(doc)
            self._index(event)
            self._marks[event.key] = self._marks_of(event)

    # Finding

    def item(self, owner: User, item_id: str) -> Item:
        """What an item id names in a mailbox.

        Raises:
            GraphError: 404, nothing (any more), or it stands in another mailbox.
        """
        read = ItemId.read(item_id)
        if read is None:
            raise item_not_found()
        found = self._tokens.get(read.token)
        if found is None:
            event = self._appointment_by_token(owner, read.token)
        elif found[1] != owner.id:
            raise item_not_found()
        else:
            event = self._events.get(found[0])
        if event is None or (read.folder is not None and read.folder != event.folder):
            raise item_not_found()
        item = Item(event, read.day, owner)
        if not self._stands(item):
            raise item_not_found()
        return item

    def item_id(self, item: Item, *, immutable: bool) -> str:
        """The id under which the owner's mailbox holds it."""
        folder = None if immutable else item.event.folder
        return str(ItemId(self._token(item.event.key, item.owner.id), item.day, folder))

    def event(self, key: str) -> Event | None:
        """The event of that key, unless it was deleted."""
        return self._events.get(key)

    def event_of_token(self, token: bytes) -> Event | None:
        """The meeting an item id of whichever mailbox names."""
        found = self._tokens.get(token)
        return None if found is None else self._events.get(found[0])

    def event_of_transaction(self, mailbox: User, transaction_id: str) -> str | None:
        """The key of the event a mailbox once made under a transaction id."""
        return self._transactions.get((mailbox.id, transaction_id))

    def events_of(self, owner: User) -> list[Event]:
        """Events organized by a user or that she is invited to, oldest first."""
        return [self._events[key] for key in self._keys_by_user.get(owner.id, ())]

    def items_of(self, owner: User) -> Iterator[Item]:
        """Masters and single items of a calendar, the owner's own plans among them."""
        for index, appointment in enumerate(self.directory.appointments(owner)):
            yield Item(event_of_appointment(owner.id, index, appointment), None, owner)
        for event in self.events_of(owner):
            item = Item(event, None, owner)
            if self._stands(item):
                yield item

    def occurrences(self, event: Event, start: datetime, end: datetime) -> list[Occurrence]:
        """Occurrences of an event that overlap a stretch of time, by original date."""
        if event.recurrence is not None and event.recurrence["range"]["type"] == "noEnd":
            return event.occurrences_within(start, end)
        if self._events.get(event.key) is not event:
            return event.occurrences_within(start, end)
        if event.key not in self._expanded:
            self._expanded[event.key] = list(event.occurrences())
        return [found for found in self._expanded[event.key] if found.overlaps(start, end)]

    def version(self, owner: User) -> int:
        """A number that grows whenever one of the owner's meetings changes."""
        return self._versions.get(owner.id, 0)

    def _stands(self, item: Item) -> bool:
        if not item.event.is_series and item.day is not None:
            return False
        if item.day is not None and item.occurrence() is None:
            return False
        if item.is_organizers:
            return True
        standing = item.standing
        return standing is not None and not standing.deleted

    # Keeping

    def new_key(self) -> str:
        """A name for an event that no other event of the tenant bears."""
        self._made += 1
        self._storage.put("counter", "event", {"value": self._made})
        return f"e{self._made:07d}"

    def remember_transaction(self, mailbox: User, transaction_id: str, key: str) -> None:
        """Let nobody make a second event of that transaction id."""
        self._transactions[mailbox.id, transaction_id] = key
        self._storage.put(
            "transaction",
            f"{mailbox.id}/{transaction_id}",
            {"mailbox": mailbox.id, "transaction_id": transaction_id, "event": key},
        )

    def forget_transaction(self, event: Event) -> None:
        """Let the transaction id of an event be used again."""
        if event.transaction_id is not None:
            self._transactions.pop((event.organizer, event.transaction_id), None)
            self._storage.drop("transaction", f"{event.organizer}/{event.transaction_id}")

    def before_write(self, event: Event, *, is_new: bool = False) -> None:
        """Note how an event stands, for those who will read late."""
        lag = max(self.behaviour.stale_reads, self.behaviour.free_busy_lag)
        if not lag:
            return
        now = self.clock()
        kept = [past for past in self._history.get(event.key, ()) if past.until + lag > now]
        before = None if is_new else copied(event)
        self._history[event.key] = [*kept, Past(now, before)]

    def save(self, event: Event, day: date | None = None) -> None:
        """Keep an event as it is now; ``day`` is the only date of it that changed."""
        self._index(event)
        self._storage.put("event", event.key, event)
        self._tell(event, self._marks_of(event), day)

    def remove(self, event: Event) -> None:
        """Take an event out of every calendar."""
        self._touch(event)
        self._events.pop(event.key, None)
        for user_id in self._users_by_key.pop(event.key, set()):
            self._keys_by_user[user_id].pop(event.key, None)
        self._storage.drop("event", event.key)
        self._tell(event, {}, None)
        if self.behaviour.deleting_frees_transaction_id:
            self.forget_transaction(event)

    def _index(self, event: Event) -> None:
        self._touch(event)
        self._events[event.key] = event
        if event.transaction_id is not None:
            self._transactions[event.organizer, event.transaction_id] = event.key
        people = self._people_of(event)
        for user_id in self._users_by_key.get(event.key, set()) - set(people):
            self._keys_by_user[user_id].pop(event.key, None)
        self._users_by_key[event.key] = set(people)
        for user_id in people:
            self._keys_by_user.setdefault(user_id, {})[event.key] = None
            self._tokens[self._token(event.key, user_id)] = (event.key, user_id)

    def _marks_of(self, event: Event) -> dict[str, _Mark]:
        """How the event stands with each of its people, for comparing; only with whom it stands."""
        revisions = (
            event.revision,
            event.folder,
            *(one.revision for one in event.altered.values()),
        )
        marks: dict[str, _Mark] = {event.organizer: revisions}
        for attendee in event.attendees:
            user = self.directory.find(attendee.address)
            if user is None or attendee.standing.deleted:
                continue
            lower = attendee.address.lower()
            own = [
                (one[lower].own, one[lower].deleted)
                for one in event.standings.values()
                if lower in one
            ]
            marks.setdefault(user.id, (*revisions, attendee.standing.own, *own))
        return marks

    def _tell(self, event: Event, now: dict[str, _Mark], day: date | None) -> None:
        """Let the watcher know with whom the event stands otherwise than before."""
        before = self._marks.get(event.key, {})
        if now:
            self._marks[event.key] = now
        else:
            self._marks.pop(event.key, None)
        if self.watcher is None:
            return
        for user_id in {**before, **now}:
            if before.get(user_id) == now.get(user_id) or not self.watcher.watches(user_id):
                continue
            change: Change = "updated"
            if user_id not in before:
                change = "created"
            elif user_id not in now:
                change = "deleted"
            self.watcher.changed(event, user_id, change, day if change == "updated" else None)

    def _touch(self, event: Event) -> None:
        """Let go of whatever was worked out from the event as it was."""
        self._expanded.pop(event.key, None)
        self.restless[event.key] = None
        for user_id in {*self._users_by_key.get(event.key, ()), *self._people_of(event)}:
            self._versions[user_id] = self._versions.get(user_id, 0) + 1

    def _people_of(self, event: Event) -> list[str]:
        invited = (self.directory.find(attendee.address) for attendee in event.attendees)
        return [event.organizer, *(user.id for user in invited if user is not None)]

    def _token(self, key: str, user_id: str) -> bytes:
        made = self._minted.get((key, user_id))
        if made is None:
            made = self._minted[key, user_id] = self.mint.token("item", key, user_id)
        return made

    # Late readers

    def as_read(self, event: Event) -> Event:
        """The event as a read now shows it: for a while still the old state."""
        past = self._at(event.key, self.clock() - self.behaviour.stale_reads)
        return event if past is None or past.event is None else past.event

    def seen_by_free_busy(self, owner: User) -> list[Event]:
        """The owner's events as free/busy knows them, which can lag behind."""
        lag = self.behaviour.free_busy_lag
        if not lag:
            return self.events_of(owner)
        moment = self.clock() - lag
        seen = []
        for key in dict.fromkeys((*self._keys_by_user.get(owner.id, ()), *self._history)):
            past = self._at(key, moment)
            event = self._events.get(key) if past is None else past.event
            if event is not None and owner.id in self._people_of(event):
                seen.append(event)
        return seen

    def _at(self, key: str, moment: datetime) -> Past | None:
        """How the event stood at a moment, where that is not as it stands now."""
        return next((past for past in self._history.get(key, ()) if past.until > moment), None)

    # Mail

    def send(
        self,
        event: Event,
        kind: MailKind,
        recipients: list[str],
        *,
        day: date | None = None,
        comment: str = "",
    ) -> None:
        """Mail something about an event (or one date of it) from its organizer."""
        organizer = self.directory.user(event.organizer)
        event_id = self.item_id(Item(event, None, organizer), immutable=True)
        self.mails.add(
            Mail(
                at=self.clock(),
                sender=organizer.mail,
                recipient=recipient,
                kind=kind,
                event_id=event_id,
                occurrence=day,
                subject=event.fields.get("subject", ""),
                comment=comment,
            )
            for recipient in recipients
            * (self.behaviour.mails_per_update if kind == "update" else 1)
            if recipient.lower() != organizer.mail.lower()
        )

    # What people planned themselves

    def _appointment_by_token(self, owner: User, token: bytes) -> Event | None:
        for index, appointment in enumerate(self.directory.appointments(owner)):
            if self._token(_appointment_key(owner.id, index), owner.id) == token:
                return event_of_appointment(owner.id, index, appointment)
        return None


def is_appointment(event: Event) -> bool:
    """Whether an event is something its organizer planned alone, outside Graph."""
    return event.key.startswith("appointment/")


def _appointment_key(owner_id: str, index: int) -> str:
    return f"appointment/{owner_id}/{index}"


def event_of_appointment(owner_id: str, index: int, appointment: Appointment) -> Event:
    """The event as which an appointment stands in its owner's calendar."""
    recurrence = None
    if appointment.weekly_interval:
        recurrence = normalised(
            {
                "pattern": {
                    "type": "weekly",
                    "interval": appointment.weekly_interval,
                    "daysOfWeek": [DAYS[appointment.start.weekday()]],
                },
                "range": {
                    "type": "endDate" if appointment.until else "noEnd",
                    "startDate": appointment.start.date().isoformat(),
                    "endDate": appointment.until.isoformat() if appointment.until else None,
                },
            },
            appointment.start.date(),
            appointment.zone,
        )
    made = to_utc(appointment.start, zone_named(appointment.zone)) - timedelta(days=7)
    return Event(
        key=_appointment_key(owner_id, index),
        organizer=owner_id,
        created=made,
        modified=made,
        start=appointment.start,
        end=appointment.end,
        zone=appointment.zone,
        fields={
            "subject": appointment.subject,
            "showAs": appointment.show_as,
            "isAllDay": appointment.all_day,
            "sensitivity": "private" if appointment.private else "normal",
        },
        recurrence=recurrence,
        cancelled=list(appointment.skipped),
    )


def copied(event: Event) -> Event:
    """A copy that shares nothing with the event."""
    return Event.from_document(orjson.loads(packed(event)))
