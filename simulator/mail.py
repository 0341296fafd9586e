"""Which mails the tenant would have sent: one entry per recipient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from simulator.storage import Storage

MailKind = Literal["invitation", "update", "cancellation", "response", "proposal", "message"]
MailCause = Literal["app", "person"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail about an event, or a message somebody wrote (``sendMail``).

    ``event_id`` is the immutable id of the event (of the master, where it is a
    series) in the organizer's calendar. ``occurrence`` is the original date of
    the one occurrence the mail is about, in the series' zone; None for a single
    event and for a whole series. ``comment`` is the text a cancellation carries.
    A message is about no event: ``event_id`` is empty, ``body`` its text as sent.
    ``by`` says who caused the mail: an app with a Graph call, or a person with what
    she did in Outlook.
    """

    at: datetime
    sender: str
    recipient: str
    kind: MailKind
    event_id: str
    occurrence: date | None
    subject: str
    comment: str = ""
    body: str = ""
    by: MailCause = "app"


class MailLog:
    """Every mail sent, oldest first, kept with the tenant's state."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._mails = [_read(doc) for doc in storage.entries("mail")]
        self._cause: MailCause = "app"

    def __iter__(self) -> Iterator[Mail]:
        return iter(self._mails)

    @contextmanager
    def caused_by(self, cause: MailCause) -> Iterator[None]:
        """Whoever causes the mails that are sent within; outside it is an app."""
        before, self._cause = self._cause, cause
        try:
            yield
        finally:
            self._cause = before

    def add(self, mails: Iterable[Mail]) -> None:
        """Send them, each bearing who causes it just now."""
        for mail in (replace(mail, by=self._cause) for mail in mails):
            self._mails.append(mail)
            self._storage.append("mail", mail)

    def listed(self) -> list[Mail]:
        """A list of its own, oldest first."""
        return list(self._mails)


def _read(doc: dict[str, Any]) -> Mail:
    return Mail(
        **{
            **doc,
            "at": datetime.fromisoformat(doc["at"]),
            "occurrence": date.fromisoformat(doc["occurrence"]) if doc["occurrence"] else None,
        }
    )
