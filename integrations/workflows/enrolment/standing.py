"""Checking accounts: who has left, was switched off or is a guest now, and who is back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from integrations.ports import DirectoryUser, Transaction
from integrations.records import (
    GOING_ON,
    Blocker,
    BlockerScope,
    JournalEntry,
    Participant,
)
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking.lost_mailbox import keep_account
from integrations.workflows.look_times import last_night, next_night, zones_of_work
from integrations.workflows.noticed import due_pairs
from integrations.workflows.standing_work import DueAgain

KIND = "check_people"
MEMORY = "people_checked"


async def check_people(app: App, claim: Claim, subject: str) -> None:
    """Ask the directory for everybody in a pair that is not over, once a night.

    Raises:
        NotYet: always; the next check is due then, and what this one saw is kept with it.
    """
    now = app.clock.now()
    again_at, people = await app.store.run(lambda tx: _round(tx, app, now))
    if people is None:
        raise NotYet(again_at, "asked since last night")
    asked_for = [person.directory_id for person in people]
    mailboxes = sorted(app.mailbox_ids)
    users = await app.graph.directory.standing([*asked_for, *mailboxes])

    def record(tx: Transaction) -> None:
        for mailbox_id in mailboxes:
            keep_account(tx, app, mailbox_id, users[mailbox_id], now)
        known = tx.participants.many(person.id for person in people)
        held_up = {b.subject_id for b in tx.blockers.open(BlockerScope.PERSON, known)}
        for asked in people:
            if (person := known.get(asked.id)) is None:
                continue
            found = _as_now(person, users[asked.directory_id])
            # Of hardly anybody there is news, and a look costs less than closing what is not open.
            if found != person or person.id in held_up or not _is_well(found):
                _keep_news(tx, person, found, now)
        tx.switches.set(MEMORY, now.isoformat())

    raise DueAgain(again_at, "the next night", record)


def _round(
    tx: Transaction, app: App, now: datetime
) -> tuple[datetime, Sequence[Participant] | None]:
    zone = zones_of_work(tx, app)[0]
    return next_night(now, zone), _to_be_asked(tx, last_night(now, zone))


def _to_be_asked(tx: Transaction, night: datetime) -> Sequence[Participant] | None:
    """Everybody in a pair that is not over; None if they were asked since ``night``."""
    asked_at = tx.switches.get(MEMORY)
    if asked_at is not None and datetime.fromisoformat(asked_at) >= night:
        return None
    pairs = tx.pairs.in_state(*GOING_ON)
    people = tx.participants.many({p for pair in pairs for p in (pair.mentor_id, pair.mentee_id)})
    return [people[key] for key in sorted(people)]


def _is_well(person: Participant) -> bool:
    return person.enabled and not person.guest


def _keep_news(tx: Transaction, known: Participant, person: Participant, now: datetime) -> None:
    """Keep what the account is now; where that is news, their pairs are due."""
    keep_blockers(tx, person, now)
    if person == known:
        return
    tx.participants.put(person)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="account_changed",
            person_id=person.id,
            data={"enabled": person.enabled, "guest": person.guest, "gone": person.gone},
        )
    )
    due_pairs(tx, (p.id for p in tx.pairs.of_people([person.id])), now, states=GOING_ON)


def _as_now(person: Participant, user: DirectoryUser | None) -> Participant:
    if user is None:
        return replace(person, enabled=False, gone=True)
    return replace(person, enabled=user.enabled, guest=user.guest, gone=False)


def keep_blockers(tx: Transaction, person: Participant, now: datetime) -> None:
    """Have a blocker for what no look into a calendar can help, and none for what is over."""
    for code, holds in (("account_disabled", not person.enabled), ("guest", person.guest)):
        if holds:
            data = {"gone": True} if person.gone else {}
            tx.blockers.set(
                Blocker(
                    scope=BlockerScope.PERSON, subject_id=person.id, code=code, since=now, data=data
                )
            )
        else:
            tx.blockers.clear(BlockerScope.PERSON, person.id, now, code)
