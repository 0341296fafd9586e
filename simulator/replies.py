"""What attendees do: answer, propose another time, delete without a word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from simulator.calendars import Calendars, Item
from simulator.errors import invalid_request
from simulator.event_writes import standing_to_write
from simulator.events import Standing
from simulator.mail import Mail, MailKind

Response = Literal["accepted", "tentativelyAccepted", "declined"]


class Replies:
    """Writes what attendees answer into their calendars and, with a reply, the organizer's."""

    def __init__(self, calendars: Calendars) -> None:
        self._calendars = calendars

    def answer(
        self,
        item: Item,
        response: str,
        *,
        send_reply: bool = True,
        proposed: tuple[datetime, datetime] | None = None,
    ) -> None:
        """Answer an invitation, or one date of it; a proposal goes with a reply only.

        Raises:
            GraphError: 400, the owner is the organizer, or no new time may be proposed.
        """
        if item.is_organizers:
            raise invalid_request("You cannot respond to this meeting: you are the organizer.")
        if proposed is not None:
            self._check_proposal(item, send_reply=send_reply)
        self._calendars.before_write(item.event)
        now = self._calendars.clock()
        for standing in self._concerned(item):
            standing.own, standing.deleted = response, response == "declined"
            if send_reply:
                standing.response, standing.at, standing.proposed = response, now, proposed
        if send_reply:
            if self._calendars.behaviour.answers_to_dates == "master":
                # The organizer's copy of the date stays as it is; the master alone is written.
                whole = item.event.standing(item.owner.mail, None)
                whole.response, whole.at, whole.proposed = response, now, proposed
            item.event.revision += 1
            item.event.modified = now
            self._mail(item, "proposal" if proposed else "response", response)
        self._calendars.save(item.event, item.day)

    def delete_silently(self, item: Item) -> None:
        """Take the item out of the attendee's calendar; nobody is told."""
        self._calendars.before_write(item.event)
        for standing in self._concerned(item):
            standing.deleted = True
        self._calendars.save(item.event, item.day)

    def _concerned(self, item: Item) -> Iterator[Standing]:
        yield standing_to_write(item)
        if item.day is None:
            # An answer to the whole series is one to each of its dates.
            for standings in item.event.standings.values():
                if item.owner.mail.lower() in standings:
                    yield standings[item.owner.mail.lower()]

    def _check_proposal(self, item: Item, *, send_reply: bool) -> None:
        if not item.event.fields.get("allowNewTimeProposals", True):
            raise invalid_request("The organizer has not allowed new time proposals.")
        if not send_reply:
            raise invalid_request("A new time can only be proposed with a response.")

    def _mail(self, item: Item, kind: MailKind, response: str) -> None:
        organizer = self._calendars.directory.user(item.event.organizer)
        master = Item(item.event, None, organizer)
        self._calendars.mails.add(
            [
                Mail(
                    at=self._calendars.clock(),
                    sender=item.owner.mail,
                    recipient=organizer.mail,
                    kind=kind,
                    event_id=self._calendars.item_id(master, immutable=True),
                    occurrence=item.day,
                    subject=item.event.fields.get("subject", ""),
                    comment=response,
                )
            ]
        )
