"""What is known of people beside their calendars: zone, working hours, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.ports import MailboxSettings, Transaction, Unreadable
from integrations.records import Blocker, BlockerScope, Participant
from integrations.workflows.app import App

SETTINGS_KEEP = timedelta(days=1)
BY_PERSON, BY_COORDINATOR = "person", "coordinator"
OWN_SOURCES = frozenset({BY_PERSON, BY_COORDINATOR})
"""Where working hours come from that no mailbox takes the place of."""

# A reason code of the adapter → the blocker that names it to people.
_BLOCKER_OF_REASON = {
    "unknown_mailbox": "no_mailbox",
    "no_mailbox": "no_mailbox",
    "not_found": "no_mailbox",
    "forbidden": "settings_forbidden",
}


async def refresh_settings(app: App, person_ids: Iterable[str]) -> None:
    """Read zone and working hours of those whose settings are unknown or a day old.

    What cannot be read becomes a blocker on the person; it clears itself once it can be.
    """
    now = app.clock.now()
    ids = sorted(set(person_ids))
    people = await app.store.run(lambda tx: tx.participants.many(ids))
    stale = [
        person
        for person in people.values()
        if person.enabled
        and not person.guest
        and (person.settings_read_at is None or now - person.settings_read_at > SETTINGS_KEEP)
    ]
    if not stale:
        return
    answers = await app.graph.settings.read([person.directory_id for person in stale])

    def record(tx: Transaction) -> None:
        for person in stale:
            _record(tx, person, answers[person.directory_id], app.options.zone, now)

    await app.store.run(record)


def _record(
    tx: Transaction,
    person: Participant,
    answer: MailboxSettings | Unreadable,
    default_zone: str,
    now: datetime,
) -> None:
    def block(code: str, **data: str) -> None:
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.PERSON, subject_id=person.id, code=code, since=now, data=data
            )
        )

    if isinstance(answer, Unreadable):
        block(_BLOCKER_OF_REASON.get(answer.code, "calendar_unreadable"), reason=answer.code)
        return
    tx.blockers.clear(
        BlockerScope.PERSON, person.id, now, "no_mailbox", "settings_forbidden", "zone_unknown"
    )
    if answer.zone is None:
        block("zone_unknown", zone=default_zone)
    tx.participants.put(with_settings(person, answer, default_zone, now))


def with_settings(
    person: Participant, answer: MailboxSettings, default_zone: str, now: datetime
) -> Participant:
    """The person with what the mailbox says; hours that somebody set by hand stay."""
    hours = person.hours
    source, are_bound = person.hours_source, person.hours_are_bound
    if source not in OWN_SOURCES and answer.start is not None and answer.end is not None:
        span = [answer.start.strftime("%H:%M"), answer.end.strftime("%H:%M")]
        hours = {day[:3].lower(): [span] for day in answer.weekdays}
        source, are_bound = "mailbox", True
    return replace(
        person,
        zone=answer.zone or default_zone,
        zone_is_guessed=answer.zone is None,
        hours=hours,
        hours_source=source,
        hours_are_bound=are_bound,
        settings_read_at=now,
        language=answer.language,
        time_format=answer.time_format,
    )
