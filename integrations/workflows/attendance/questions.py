"""The question behind a personal link, as its one reader sees it: did you meet, or how was it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import Participant
from integrations.workflows.app import App
from integrations.workflows.attendance.links import why_ended
from integrations.workflows.changes.case import load_pair
from integrations.workflows.messages.words import contact_of, place_of, when

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """About a date of the reader and ``other``. ``zone`` is that of the reader's wall clock.

    ``day``, ``start`` and ``minutes`` are the session's, as a form begins with them.
    """

    link_id: str
    program: str
    other: str
    when: str
    contact: str
    zone: str
    place: str
    day: str
    start: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A link that asks nothing any more: ``used``, ``expired`` or ``unknown``."""

    why: str


def reader_of(tx: Transaction, app: App, token: str) -> Participant | None:
    """Whom a link was sent to, whether it has ended or not; None if it names nobody."""
    link_id = app.links.read(token) if app.links is not None else None
    link = tx.links.get(link_id) if link_id is not None else None
    return None if link is None else tx.participants.get(link.person_id)


def question_of(
    tx: Transaction, app: App, token: str, purpose: str, now: datetime
) -> Question | Ended:
    """What a link for this purpose asks; reading it changes nothing."""
    link_id = app.links.read(token) if app.links is not None else None
    link = tx.links.get(link_id) if link_id is not None else None
    why = why_ended(link, purpose, now)
    if link is None or why is not None:
        return Ended(why or "unknown")
    session = tx.sessions.require(link.session_id)
    case = load_pair(tx, session.pair_id, default_zone=app.options.zone)
    you = next(person for person in case.people if person.id == link.person_id)
    other = next(person for person in case.people if person.id != link.person_id)
    zone = case.zone_of(you)
    local = session.start.astimezone(ZoneInfo(zone))
    return Question(
        link_id=link.id,
        program=case.program.name,
        other=other.name,
        when=when(session.start, zone, case.zone_of(other)),
        contact=contact_of(case.program),
        zone=zone,
        place=place_of(zone),
        day=local.date().isoformat(),
        start=local.strftime("%H:%M"),
        minutes=(session.end - session.start) // _MINUTE,
    )
