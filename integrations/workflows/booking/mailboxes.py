"""Program mailboxes: fit to book from today, or stopped with a remedy.

A mailbox without Teams still answers 201 and creates events without a join link, and a closed
lobby keeps people waiting for an organizer who never comes. So before the first booking of a day
one event without attendees is made, looked at and deleted.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from integrations.blockers import STOPPING
from integrations.errors import NotFoundError, RefusedError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Blocker, BlockerScope, Intent, JournalEntry, Mailbox, Work
from integrations.workflows.acting import (
    Act,
    Claim,
    Happened,
    NotHappened,
    NotYet,
    keep_nothing,
    perform,
)
from integrations.workflows.app import App
from scheduling.timespan import TimeSpan

KIND = "check_mailbox"
TRIAL_DELETED = "trial_deleted"
LOOK_AGAIN = timedelta(hours=1)
OTHERS_TRY = timedelta(seconds=5)
"""How long whoever waits for another process's trial waits before asking again."""
CODES = ("no_teams", "trial_without_link", "lobby_closed", "lobby_unverified", "mailbox_refused")
OPEN_LOBBIES = frozenset(
    {
        "everyone",
        "organization",
        "organizationandfederated",
        "organizationexcludingguests",
        "invited",
    }
)


async def check_mailbox(app: App, claim: Claim, mailbox_id: str) -> None:
    """Do the day's trial of a mailbox now, whether or not it was done before (doctor asks)."""
    async with app.locks[f"mailbox {mailbox_id}"]:
        mailbox = await app.store.run(lambda tx: tx.mailboxes.require(mailbox_id))
        await _try_out(app, claim, mailbox)


async def require_ready(app: App, mailbox_id: str) -> None:
    """Return once the mailbox has passed today's trial, made by whoever needs it first.

    Raises:
        NotYet: it has not; a blocker on the mailbox says why.
    """
    async with app.locks[f"mailbox {mailbox_id}"]:
        mailbox, stopped = await app.store.run(lambda tx: _state(tx, mailbox_id))
        now = app.clock.now()
        if mailbox.checked_on != now.date():
            if stopped and max(b.since for b in stopped) + LOOK_AGAIN > now:
                raise NotYet(
                    max(b.since for b in stopped) + LOOK_AGAIN, "the mailbox is stopped", stuck=True
                )
            await _try_out_alone(app, mailbox)
        elif stopped:
            raise NotYet(now + LOOK_AGAIN, "the mailbox is stopped", stuck=True)


async def _try_out_alone(app: App, mailbox: Mailbox) -> None:
    """Make the trial unless another process is at it.

    Two trials side by side would find and settle each other's event.

    Raises:
        NotYet: another process tries the mailbox out, or the trial failed.
    """

    def take(tx: Transaction) -> Work | None:
        now = app.clock.now()
        if tx.work.claimed_until([KIND], mailbox.id, now) is not None:
            return None
        work = tx.work.schedule(KIND, mailbox.id, now)
        return tx.work.claim(work.id, app.holder, now, app.options.claim_length)

    work = await app.store.run(take)
    if work is None:
        raise NotYet(app.clock.now() + OTHERS_TRY, "another process tries the mailbox out")
    try:
        await _try_out(app, Claim(work.id, app.holder), mailbox)
    finally:
        await app.store.run(lambda tx: tx.work.finish(work.id, app.holder))


def _state(tx: Transaction, mailbox_id: str) -> tuple[Mailbox, list[Blocker]]:
    blockers = tx.blockers.open(BlockerScope.MAILBOX, [mailbox_id])
    return tx.mailboxes.require(mailbox_id), [b for b in blockers if b.code in STOPPING]


async def stop(app: App, mailbox_id: str, code: str, **data: str) -> None:
    """Stop a mailbox: nothing is booked from it until its next trial passes."""
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        # Opened afresh, so that its age tells when the next trial is due.
        tx.blockers.clear(BlockerScope.MAILBOX, mailbox_id, now, code)
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.MAILBOX, subject_id=mailbox_id, code=code, since=now, data=data
            )
        )
        tx.mailboxes.put(replace(tx.mailboxes.require(mailbox_id), checked_on=None))
        tx.journal.write(
            JournalEntry(at=now, code="mailbox_stopped", mailbox_id=mailbox_id, data={"why": code})
        )

    await app.store.run(record)


async def _try_out(app: App, claim: Claim, mailbox: Mailbox) -> None:
    try:
        why, warning = await _trial(app, claim, mailbox)
    except RefusedError as refusal:
        why, warning = "mailbox_refused", None
        await stop(app, mailbox.id, why, status=str(refusal.status), graph_code=refusal.code)
        raise NotYet(app.clock.now() + LOOK_AGAIN, why, stuck=True) from None
    if why is not None:
        await stop(app, mailbox.id, why)
        raise NotYet(app.clock.now() + LOOK_AGAIN, why, stuck=True)
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        tx.blockers.clear(BlockerScope.MAILBOX, mailbox.id, now, *CODES)
        if warning is not None:
            tx.blockers.set(
                Blocker(scope=BlockerScope.MAILBOX, subject_id=mailbox.id, code=warning, since=now)
            )
        tx.mailboxes.put(replace(tx.mailboxes.require(mailbox.id), checked_on=now.date()))
        tx.journal.write(JournalEntry(at=now, code="mailbox_checked", mailbox_id=mailbox.id))

    await app.store.run(record)


async def _trial(app: App, claim: Claim, mailbox: Mailbox) -> tuple[str | None, str | None]:
    """What stops the mailbox, and what is to be noted without stopping it."""
    calendar = app.graph.calendar
    if not await calendar.teams_offered(mailbox.id):
        return "no_teams", None
    for event_id in await app.store.run(lambda tx: _deletions_under_way(tx, mailbox.id)):
        await perform(app, claim, _delete(app, mailbox, event_id))
    event = await perform(app, claim, _create(app, mailbox))
    # Whatever carries the tag goes: an earlier trial may have been cut off after its creation.
    lobby, tagged = await asyncio.gather(
        _lobby(app, mailbox, event.join_url), calendar.find_tagged(mailbox.id, _tag(mailbox))
    )
    for event_id in sorted({event.id, *(found.id for found in tagged)}):
        await perform(app, claim, _delete(app, mailbox, event_id))
    if event.join_url is None:
        return "trial_without_link", None
    return lobby


async def _lobby(app: App, mailbox: Mailbox, join_url: str | None) -> tuple[str | None, str | None]:
    if join_url is None:
        return None, None
    try:
        meeting = await app.graph.meetings.find(mailbox.id, join_url)
    except RefusedError:
        return None, "lobby_unverified"
    if meeting is None or meeting.lobby_scope is None:
        return None, "lobby_unverified"
    return (None, None) if meeting.lobby_scope.lower() in OPEN_LOBBIES else ("lobby_closed", None)


def _deletions_under_way(tx: Transaction, mailbox_id: str) -> list[str]:
    """Trial events whose deletion was begun, and may have happened, in an earlier trial."""
    return [
        intent.event_id
        for intent in tx.intents.open()
        if intent.kind == TRIAL_DELETED and intent.mailbox_id == mailbox_id and intent.event_id
    ]


def _tag(mailbox: Mailbox) -> str:
    return f"trial/{mailbox.id}"


def _create(app: App, mailbox: Mailbox) -> Act[EventSnapshot]:
    tag = _tag(mailbox)
    start = app.clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    span = TimeSpan(start, start + timedelta(minutes=30))

    async def send(intent: Intent) -> EventSnapshot:
        return await app.graph.calendar.create_trial(
            mailbox.id, span, app.options.zone, intent.transaction_id or "", tag
        )

    async def look(intent: Intent) -> Happened[EventSnapshot] | NotHappened:
        found = await app.graph.calendar.find_tagged(mailbox.id, tag)
        return Happened(found[0]) if found else NotHappened()

    return Act(
        key=tag,
        kind="trial_created",
        mailbox_id=mailbox.id,
        # A new one for each trial: an event once deleted may hold on to its transaction id.
        transaction_id=str(UUID(int=app.chance.getrandbits(128))),
        send=send,
        look=look,
        keep=keep_nothing,
    )


def _delete(app: App, mailbox: Mailbox, event_id: str) -> Act[None]:
    async def send(intent: Intent) -> None:
        await app.graph.calendar.delete(mailbox.id, event_id)

    async def look(intent: Intent) -> Happened[None] | NotHappened:
        try:
            await app.graph.calendar.read(mailbox.id, event_id)
        except NotFoundError:
            return Happened(None)
        return NotHappened()

    return Act(
        key=f"trial/{mailbox.id}/{event_id}",
        kind=TRIAL_DELETED,
        mailbox_id=mailbox.id,
        event_id=event_id,
        send=send,
        look=look,
        keep=keep_nothing,
    )
