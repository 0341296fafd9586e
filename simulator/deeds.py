"""What people do to their own calendars and to each other's meetings, one deed at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from simulator.attendance import Stay, Way
from simulator.calendars import Item
from simulator.clock import Clock
from simulator.errors import GraphError, item_not_found
from simulator.events import Event
from simulator.ids import ItemId
from simulator.meetings import Admission
from simulator.people import Appointment
from simulator.people_in_meetings import Gatherings
from simulator.people_sign_in import SentBackError
from simulator.replies import Response
from simulator.services import Services
from simulator.stays import invited_to, note_stay
from simulator.storage import Storage


class Deeds(Services):
    """A tenant in which people act; dates that were to begin meanwhile begin first."""

    def __init__(self, storage: Storage, clock: Clock, seed: int, sign_in_clock: Clock) -> None:
        super().__init__(storage, clock, seed, sign_in_clock)
        self.gatherings = Gatherings(self)

    def answer(
        self,
        person: str,
        item_id: str,
        response: Response,
        *,
        day: date | None = None,
        send_reply: bool = True,
        proposed: tuple[datetime, datetime] | None = None,
    ) -> None:
        """Let an attendee answer.

        Parameters:
            item_id: any id of the event, series or occurrence, of whichever mailbox.
            day: the original date of an occurrence, where the id names its series.
            proposed: start and end of a new time, proposed along with the answer.
        """
        self.gatherings.catch_up()
        item = self._item_for(person, item_id, day)
        with self.calendars.mails.caused_by("person"):
            self.replies.answer(item, response, send_reply=send_reply, proposed=proposed)
        self.storage.commit()

    def delete_from_calendar(self, person: str, item_id: str, *, day: date | None = None) -> None:
        """Let an attendee delete an event (or one date) without telling anybody."""
        self.gatherings.catch_up()
        self.replies.delete_silently(self._item_for(person, item_id, day))
        self.storage.commit()

    def sign_in_as(self, person: str, url: str) -> str:
        """Let somebody sign in without a page.

        Parameters:
            url: the authorization request an app sent a browser to.

        Returns:
            The address, with a code or a refusal, that the browser is sent back to.

        Raises:
            SignInRefusedError: Entra's own page would say so, and send nobody back.
        """
        try:
            asked = self.people_sign_in.asked(dict(parse_qsl(urlsplit(url).query)))
        except SentBackError as refused:
            return refused.location
        return self.people_sign_in.choose(asked, person)

    def book_appointment(self, person: str, appointment: Appointment) -> None:
        """Let somebody plan something of her own."""
        self.gatherings.catch_up()
        user = self.directory.user(person)
        self.directory.plan(user, (*self.directory.appointments(user), appointment))
        self.storage.commit()

    def drop_appointment(self, person: str, appointment: Appointment) -> None:
        """Let somebody give up something of her own.

        Raises:
            ValueError: she has planned no such thing.
        """
        self.gatherings.catch_up()
        user = self.directory.user(person)
        kept = list(self.directory.appointments(user))
        kept.remove(appointment)
        self.directory.plan(user, kept)
        self.storage.commit()

    def change_event(
        self, item_id: str, changes: Mapping[str, Any], *, day: date | None = None
    ) -> None:
        """Let somebody with rights on the organizer's calendar change an event there.

        ``changes`` is a PATCH body.
        """
        self.gatherings.catch_up()
        with self.calendars.mails.caused_by("person"):
            self.writes.change(self._organizers_item(item_id, day), changes, None)
        self.storage.commit()

    def make_event(self, organizer: str, body: Mapping[str, Any]) -> str:
        """Let somebody with rights on the organizer's calendar make an event there by hand.

        ``body`` is a POST body.

        Returns:
            The organizer's immutable id of it.
        """
        self.gatherings.catch_up()
        user = self.directory.mailbox(organizer)
        with self.calendars.mails.caused_by("person"):
            item = self.writes.create(user, body)
        self.storage.commit()
        return self.calendars.item_id(item, immutable=True)

    def cancel_event(self, item_id: str, *, day: date | None = None, comment: str = "") -> None:
        """Let somebody with rights on the organizer's calendar cancel an event or a date."""
        self.gatherings.catch_up()
        with self.calendars.mails.caused_by("person"):
            self.writes.cancel(self._organizers_item(item_id, day), comment)
        self.storage.commit()

    def move_to_other_folder(self, item_id: str) -> None:
        """Move an event, whereupon its default ids change and the immutable ones do not."""
        event = self._event_of(item_id)[0]
        event.folder += 1
        self.calendars.save(event)
        self.storage.commit()

    def change_person(self, mail: str, **changes: Any) -> None:
        """Change fields of a user (:class:`simulator.directory.User`), such as ``enabled``."""
        self.gatherings.catch_up()
        self.directory.change(self.directory.user(mail), **changes)
        self.storage.commit()

    def join(self, person: str, join_url: str, at: datetime | None = None) -> Admission:
        """Let somebody open a join link.

        Raises:
            KeyError: no meeting has that link.
        """
        invited = invited_to(self, self.meetings.of_url(join_url))
        admission = self.meetings.join(person, join_url, at or self.clock(), invited)
        self.storage.commit()
        return admission

    def attend(
        self,
        person: str,
        join_url: str,
        joined: datetime,
        left: datetime,
        *,
        way: Way = "account",
        device: str = "computer",
    ) -> Stay:
        """Let somebody be in a meeting for a while, past or to come, as Teams' reports will tell.

        Who does not pass the lobby comes in once somebody is there who can open.

        Raises:
            KeyError: no meeting has that link.
            ValueError: the stay ends before it begins.
        """
        return note_stay(self, person, join_url, joined, left, way=way, device=device)

    def _event_of(self, item_id: str) -> tuple[Event, date | None]:
        read = ItemId.read(item_id)
        event = None if read is None else self.calendars.event_of_token(read.token)
        if read is None or event is None:
            raise item_not_found()
        return event, read.day

    def _item_for(self, person: str, item_id: str, day: date | None) -> Item:
        event, named = self._event_of(item_id)
        user = self.directory.user(person)
        if not event.invites(user.mail):
            raise GraphError(404, "ErrorItemNotFound", f"{person} is not invited.")
        return Item(event, day or named, user)

    def _organizers_item(self, item_id: str, day: date | None) -> Item:
        event, named = self._event_of(item_id)
        return Item(event, day or named, self.directory.user(event.organizer))
