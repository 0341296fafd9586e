"""The reconciliation of the pair on stage, by the real core and the real client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import JournalEntry, Participant, Session, SessionState
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.changes.reconcile import KIND, reconcile_pair
from integrations.workflows.standing_work import DueAgain
from simulator.people import Appointment
from simulator.replies import Response
from simulator.virtual_time import virtual_now
from tests.workflows.changes.stage import Stage

SHORTLY = timedelta(minutes=5)


async def once(app: App, pair_id: str) -> datetime | None:
    """Reconcile the pair one time; when it wants to be looked at again."""
    now = app.clock.now()

    def take(tx: Transaction) -> Claim:
        work = tx.work.schedule(KIND, pair_id, now)
        claimed = tx.work.claim(work.id, "test", now, app.options.claim_length)
        assert claimed is not None
        return Claim(work.id, "test")

    claim = await app.store.run(take)
    again_at = None
    try:
        await reconcile_pair(app, claim, pair_id)
    except NotYet as wait:
        again_at = wait.due_at
        if isinstance(wait, DueAgain):
            await app.store.run(wait.keep)
    await app.store.run(lambda tx: tx.work.finish(claim.work_id, "test"))
    return again_at


async def reconciled(stage: Stage, app: App) -> datetime | None:
    """Reconcile until what is due is not due within minutes; when it is then."""
    pair_id = await stage.pair_id()
    for _ in range(10):
        again_at = await once(app, pair_id)
        if again_at is None or again_at > app.clock.now() + SHORTLY:
            return again_at
        await until(again_at, app)
    raise AssertionError("it never comes to rest")


async def until(at: datetime, app: App) -> None:
    """Let time pass."""
    await app.clock.sleep(max(at - app.clock.now(), timedelta(0)))


async def senior(stage: Stage) -> Participant:
    """The mentee of the pair."""
    return (await stage.case()).mentee


async def junior(stage: Stage) -> Participant:
    """The mentor of the pair."""
    return (await stage.case()).mentor


async def answers(
    stage: Stage,
    person: Participant,
    session: Session,
    response: Response = "declined",
    *,
    proposed: tuple[datetime, datetime] | None = None,
    send_reply: bool = True,
) -> None:
    """Let somebody answer one date."""
    stage.world.tenant.answer(
        person.mail, session.event_id or "", response, proposed=proposed, send_reply=send_reply
    )


async def takes(stage: Stage, person: Participant, start: datetime, end: datetime) -> Appointment:
    """Let somebody plan something of her own."""
    utc = ZoneInfo("UTC")
    local = [at.astimezone(utc).replace(tzinfo=None) for at in (start, end)]
    own = Appointment(local[0], local[1], "UTC", "busy", "a hearing")
    stage.world.tenant.book_appointment(person.mail, own)
    return own


async def session(stage: Stage, session_id: str) -> Session:
    """A session as the store has it."""
    return await stage.read(lambda tx: tx.sessions.require(session_id))


async def lines(stage: Stage, *codes: str) -> list[JournalEntry]:
    """The pair's journal since the stage was set, as far as it has these codes."""
    pair_id = await stage.pair_id()
    entries = await stage.read(lambda tx: tx.journal.read(pair_id=pair_id))
    return [e for e in entries if (not codes or e.code in codes)]


async def live(stage: Stage) -> Sequence[Session]:
    """The sessions that stand."""
    return [s for s in (await stage.case()).sessions if s.state is SessionState.SCHEDULED]


def now() -> datetime:
    """The instant on stage."""
    return virtual_now()


def mails(stage: Stage, since: datetime) -> list[tuple[str, str]]:
    """What the tenant sent since an instant, answers of people aside: kind and address, sorted."""
    boxes = {box.mail.lower() for box in stage.world.firm.program_mailboxes}
    return sorted(
        (mail.kind, mail.recipient.lower())
        for mail in stage.world.tenant.mail_log
        if mail.at >= since and mail.recipient.lower() not in boxes
    )


async def announced(stage: Stage, since: datetime) -> list[tuple[str, str]]:
    """What the journal says was sent to the two since an instant: kind and address, sorted."""
    people = {person.id: person.mail.lower() for person in (await stage.case()).people}
    entries = [entry for entry in await lines(stage, "mail") if entry.at >= since]
    return sorted((str(e.data["kind"]), people[str(e.person_id)]) for e in entries)


async def to_both(stage: Stage, kind: str) -> list[tuple[str, str]]:
    """One mail of a kind to each of the two."""
    return sorted((kind, person.mail.lower()) for person in (await stage.case()).people)


async def moved_by_coordinator(stage: Stage, session: Session, to: datetime) -> None:
    """Let somebody with rights on the organizer's calendar move a date."""
    ends = (to, to + (session.end - session.start))
    names = ("start", "end")
    times = [{"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"} for at in ends]
    stage.world.tenant.change_event(session.event_id or "", dict(zip(names, times, strict=True)))
