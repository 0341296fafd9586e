"""Check-ins: the program's contact is invited beside the pair, and follows the pair's date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from integrations.attendance_records import CheckInInvitation
from integrations.errors import ThrottledError
from integrations.ports import Transaction
from integrations.records import (
    BlockerScope,
    IntentState,
    Pair,
    PairState,
    ProgramState,
    Session,
    SessionState,
    Work,
)
from integrations.runtime import Death
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking.check_ins import KIND, due, invite_to_check_ins
from integrations.workflows.looking.watch import watch
from integrations.workflows.standing_work import DueAgain
from integrations.workflows.work import scope_of
from scheduling.changes.check_ins import GuestState
from simulator.seen import EventSeen
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.workflows.changes.stage import DAY, HOUR, MIDWAY, Stage, on_stage

NIGHT = MIDWAY + 7 * HOUR


async def wanting(stage: Stage, contact: str | None = None, **rule: Any) -> None:
    """The pair's next date is a check-in, to which the second pair's mentor is invited."""
    window = (await stage.dates())[0].window
    body = {"kinds": {str(window + 1): "check_in"}, "contact_at_check_ins": True, **rule}
    mail = contact or await guest(stage)

    def change(tx: Transaction) -> None:
        for record in tx.rules.all():
            tx.rules.put(replace(record, body={**record.body, **body}))
        for program in tx.programs.all():
            contacts = {"mail": mail, "name": "Mira Holm"}
            tx.programs.put(replace(program, contact=contacts, state=ProgramState.RUNNING))

    await stage.eyes.run(change)


async def guest(stage: Stage) -> str:
    def look(tx: Transaction) -> str:
        return tx.participants.require(tx.pairs.all()[1].mentor_id).mail

    return await stage.read(look)


async def look(stage: Stage, app: App) -> None:
    """One look at the program's check-ins, as its work would do it."""
    program_id = (await stage.case()).program.id
    for _ in range(40):
        claim = await _claimed(app, program_id)
        try:
            await invite_to_check_ins(app, claim, program_id)
        except NotYet as wait:
            await app.clock.sleep(max(wait.due_at - app.clock.now(), timedelta(seconds=1)))
        except ThrottledError as wait:
            await app.clock.sleep(wait.retry_after)
        else:
            await app.store.run(partial(_finish, claim=claim))
            return
    raise AssertionError("it never comes to rest")


def _finish(tx: Transaction, claim: Claim) -> None:
    tx.work.finish(claim.work_id, claim.holder)


async def _claimed(app: App, program_id: str) -> Claim:
    def take(tx: Transaction) -> str | None:
        work = tx.work.schedule(KIND, program_id, app.clock.now())
        taken = tx.work.claim(work.id, holder, app.clock.now(), app.options.claim_length)
        return None if taken is None else work.id

    holder = f"{app.holder}/{app.chance.random()}"
    while (work_id := await app.store.run(take)) is None:
        await app.clock.sleep(timedelta(seconds=30))
    return Claim(work_id, holder)


async def of_pair(stage: Stage) -> list[CheckInInvitation]:
    pair_id = await stage.pair_id()
    return (await stage.read(lambda tx: tx.check_ins.of_pairs([pair_id])))[pair_id]


async def entries(stage: Stage) -> list[tuple[datetime, datetime]]:
    """What stands in the program mailbox for the guest alone, to come."""
    who = (await guest(stage)).lower()
    found = stage.world.tenant.occurrences_of(
        await stage.box(), virtual_now(), virtual_now() + 200 * DAY
    )
    return [(one.start, one.end) for one in found if {a.lower() for a in one.responses} == {who}]


async def mails(stage: Stage) -> Counter[str]:
    """What the guest got since then, beside what the guest's own pair got."""
    who = (await guest(stage)).lower()
    mailed = [m for m in stage.world.tenant.mail_log if m.at >= MIDWAY]
    assert {m.recipient.lower() for m in mailed} <= {who}
    return Counter(m.kind for m in mailed)


async def announced(stage: Stage) -> Counter[str]:
    written = await stage.read(lambda tx: tx.journal.read(code="mail"))
    ours = [e for e in written if str(e.person_id).startswith("contact:")]
    return Counter(str(entry.data["kind"]) for entry in ours)


async def put(stage: Stage, session: Session, **facts: Any) -> None:
    """The pair's date as something else has made it."""
    await stage.eyes.run(lambda tx: tx.sessions.put(replace(session, **facts)))


async def truthful(stage: Stage) -> None:
    """What was announced was sent, nothing is open, and the pair's own calendar is as it was."""
    assert await mails(stage) == await announced(stage)
    open_ones = await stage.read(lambda tx: tx.intents.open())
    assert [i for i in open_ones if i.state is not IntentState.DROPPED] == []
    assert stage.world.tenant.complaints == []
    await stage.assert_store_is_calendar()


def test_the_contact_gets_an_entry_beside_the_pairs_own_with_its_link(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await wanting(stage)
        app = await stage.world.begin()
        await look(stage, app)
        await look(stage, app)
        date, case = (await stage.dates())[0], await stage.case()
        assert await entries(stage) == [(date.start, date.end)]
        assert await mails(stage) == {"invitation": 1}
        (kept,) = await of_pair(stage)
        (entry,) = await standing(stage)
        assert (entry.join_url, entry.id) == (None, kept.event_id)
        body = bodies(stage)[entry.transaction_id or ""]
        assert case.booking is not None
        assert str(case.booking.join_url) in body
        assert all(person.name in body for person in case.people)
        await truthful(stage)
        await app.close()

    on_stage(empty, play)


@pytest.mark.parametrize(
    "rule",
    [{"contact_at_check_ins": False}, {"kinds": {"1": "check_in"}}, {"kinds": {}}],
    ids=["not asked for", "another date", "no check-in"],
)
def test_nobody_is_invited_unasked(empty: Empty, rule: dict[str, Any]) -> None:
    async def play(stage: Stage) -> None:
        await wanting(stage, **rule)
        app = await stage.world.begin()
        calls = len(stage.world.tenant.calls)
        await look(stage, app)
        assert (await entries(stage), await of_pair(stage)) == ([], [])
        assert len(stage.world.tenant.calls) == calls
        await app.close()

    on_stage(empty, play)


def test_the_entry_follows_the_pairs_date(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await wanting(stage)
        app = await stage.world.begin()
        await look(stage, app)
        date = (await stage.dates())[0]
        later = {"start": date.start + DAY, "end": date.end + DAY}
        stage.world.tenant.change_event(date.event_id or "", graph_ends(**later))
        pairs_own = len(stage.world.tenant.mail_log)
        await put(stage, date, **later, moved=True)
        await look(stage, app)
        assert await entries(stage) == [(later["start"], later["end"])]
        assert [m.kind for m in stage.world.tenant.mail_log[pairs_own:]] == ["update"]
        await look(stage, app)
        assert len(stage.world.tenant.mail_log) == pairs_own + 1
        assert await announced(stage) == {"invitation": 1, "update": 1}
        await app.close()

    on_stage(empty, play)


def _gone(tx: Transaction, pair: Pair) -> None:
    for session in tx.sessions.of_pair(pair.id):
        if session.start > MIDWAY:
            tx.sessions.put(replace(session, state=SessionState.CANCELLED, cause="left_out"))


def _over(tx: Transaction, pair: Pair) -> None:
    tx.pairs.put(replace(pair, state=PairState.WITHDRAWN))


def _not_wanted(tx: Transaction, pair: Pair) -> None:
    for record in tx.rules.all():
        tx.rules.put(replace(record, body={**record.body, "contact_at_check_ins": False}))


def _closed(tx: Transaction, pair: Pair) -> None:
    program = tx.programs.require(pair.program_id)
    tx.programs.put(replace(program, state=ProgramState.CLOSED))


def _nobody(tx: Transaction, pair: Pair) -> None:
    tx.programs.put(replace(tx.programs.require(pair.program_id), contact={}))


@pytest.mark.parametrize("change", [_gone, _over, _not_wanted, _closed, _nobody])
def test_the_entry_goes_with_whatever_it_was_for(
    empty: Empty, change: Callable[[Transaction, Pair], None]
) -> None:
    async def play(stage: Stage) -> None:
        await wanting(stage)
        app = await stage.world.begin()
        await look(stage, app)
        pair_id = await stage.pair_id()
        await stage.eyes.run(lambda tx: change(tx, tx.pairs.require(pair_id)))
        await app.store.run(lambda tx: due(tx, app))
        assert [
            w.subject
            for w in await stage.read(lambda tx: tx.work.due(MIDWAY, kinds=[KIND], limit=9))
        ]
        await look(stage, app)
        await look(stage, app)
        assert await entries(stage) == []
        assert await mails(stage) == {"invitation": 1, "cancellation": 1}
        assert await mails(stage) == await announced(stage)
        await app.close()

    on_stage(empty, play)


def test_another_contact_is_invited_after_the_first_is_let_go(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await wanting(stage, contact="mira.holm@elsewhere.example")
        app = await stage.world.begin()
        await look(stage, app)
        await wanting(stage)
        await look(stage, app)
        await look(stage, app)
        date = (await stage.dates())[0]
        assert await entries(stage) == [(date.start, date.end)]
        mailed = [(m.recipient, m.kind) for m in stage.world.tenant.mail_log if m.at >= MIDWAY]
        assert mailed == [
            ("mira.holm@elsewhere.example", "invitation"),
            ("mira.holm@elsewhere.example", "cancellation"),
            (await guest(stage), "invitation"),
        ]
        await app.close()

    on_stage(empty, play)


def test_what_a_person_did_to_the_entry_stands(empty: Empty) -> None:
    """Taken out of the program mailbox, it does not come back with the date's next move."""

    async def play(stage: Stage) -> None:
        await wanting(stage)
        app = await stage.world.begin()
        await look(stage, app)
        (entry,) = await standing(stage)
        stage.world.tenant.cancel_event(entry.id, comment="Not this time.")
        date = (await stage.dates())[0]
        await put(stage, date, start=date.start + DAY, end=date.end + DAY)
        for _ in range(2):
            await look(stage, app)
        assert await entries(stage) == []
        assert [one.state for one in await of_pair(stage)] == [GuestState.LEFT]
        assert await announced(stage) == {"invitation": 1}
        await app.close()

    on_stage(empty, play)


def test_it_is_called_off_at_night_only_if_it_is_near(empty: Empty) -> None:
    async def play(stage: Stage) -> tuple[bool, bool]:
        await wanting(stage)
        app = await stage.world.begin()
        await look(stage, app)
        invited = await entries(stage)
        pair_id = await stage.pair_id()
        date = (await stage.dates())[0]
        await app.clock.sleep(NIGHT - app.clock.now())
        await stage.eyes.run(lambda tx: _gone(tx, tx.pairs.require(pair_id)))
        await look(stage, app)
        far_off = await entries(stage) == invited
        evening = (date.start - DAY).replace(hour=21)
        await app.clock.sleep(evening + HOUR - app.clock.now())
        await look(stage, app)
        await app.close()
        return far_off, await entries(stage) == []

    assert on_stage(empty, play) == (True, True)


def test_the_watch_has_it_looked_at(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        await wanting(stage)
        app = await stage.world.begin()
        with pytest.raises(DueAgain) as again:
            await watch(app, Claim("watch", "test"), "firm")
        await app.store.run(again.value.keep)
        program = (await stage.case()).program
        work = await stage.read(lambda tx: tx.work.due(virtual_now(), kinds=[KIND], limit=9))
        assert [one.subject for one in work] == [program.id]
        await app.close()

    on_stage(empty, play)


_MAY_MAIL: dict[str, list[dict[str, int]]] = {
    "invited": [{"invitation": 1}],
    "moved": [{"invitation": 1, "update": 1}],
    "called off": [{"invitation": 1, "cancellation": 1}],
    "invited, then gone": [{}, {"invitation": 1, "cancellation": 1}],
}


def test_what_cannot_be_done_is_shown_of_the_firm_and_not_of_a_pair() -> None:
    """Its subject is a program: no pair's page would have shown the blocker."""
    work = Work(id="one", kind=KIND, subject="prog", due_at=MIDWAY)
    assert scope_of(work) is BlockerScope.FIRM


@pytest.mark.parametrize("doing", _MAY_MAIL)
def test_a_death_anywhere_leaves_what_is_wanted_and_no_mail_twice(empty: Empty, doing: str) -> None:
    async def play(stage: Stage, dies_at: int) -> bool:
        pair_id = await stage.pair_id()
        date = (await stage.dates())[0]
        await wanting(stage)
        if not doing.startswith("invited"):
            app = await stage.world.begin()
            await look(stage, app)
            await app.close()
        if doing == "moved":
            await put(stage, date, start=date.start + DAY, end=date.end + DAY)
        if doing == "called off":
            await stage.eyes.run(lambda tx: _gone(tx, tx.pairs.require(pair_id)))
        died = await _looks_and_dies(stage, dies_at)
        if doing == "invited, then gone":
            await stage.eyes.run(lambda tx: _gone(tx, tx.pairs.require(pair_id)))
        app = await stage.world.begin()
        await look(stage, app)
        entry = {"invited": date.start, "moved": date.start + DAY}.get(doing)
        assert [start for start, _ in await entries(stage)] == ([] if entry is None else [entry])
        mailed, told = await mails(stage), await announced(stage)
        assert mailed in _MAY_MAIL[doing]
        assert set(told) == set(mailed)
        open_ones = await stage.read(lambda tx: tx.intents.open())
        assert [i for i in open_ones if i.state is not IntentState.DROPPED] == []
        await app.close()
        return died

    deaths = 0
    for dies_at in range(1, 200):
        if not on_stage(empty, lambda stage, at=dies_at: play(stage, at)):  # type: ignore[misc]
            break
        deaths += 1
    assert deaths > 10


async def _looks_and_dies(stage: Stage, dies_at: int) -> bool:
    app = await stage.world.build(dies_at=dies_at)
    try:
        await app.open()
        await look(stage, app)
    except Death:
        return True
    await app.close()
    return False


async def standing(stage: Stage) -> list[EventSeen]:
    """The guest's own events in the program mailbox."""
    who = {(await guest(stage)).lower()}
    found = stage.world.tenant.events_of(await stage.box())
    return [one for one in found if {a.lower() for a in one.responses} == who]


def bodies(stage: Stage) -> dict[str, str]:
    """What events say, by transaction id."""
    tenant = stage.world.tenant
    owners = [tenant.directory.user(box.mail) for box in stage.world.firm.program_mailboxes]
    events = [event for owner in owners for event in tenant.calendars.events_of(owner)]
    return {e.transaction_id or "": str(e.fields["body"]["content"]) for e in events}


def graph_ends(start: datetime, end: datetime) -> dict[str, dict[str, str]]:
    ends = (("start", start), ("end", end))
    return {name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"} for name, at in ends}
