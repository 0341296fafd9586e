"""Announcing a program: counted first, told once to each, and booked not before people answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.records import PairState, Program, ProgramState
from integrations.workflows.app import App
from integrations.workflows.booking import book, launching
from integrations.workflows.booking.announce import (
    AnnouncedLaterError,
    Announcement,
    RunningProgramError,
    announce,
    announcement,
)
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from tests.support.world import Empty, World, firm_of, quietly, virtually

# Five working days after the Monday on which every world begins.
NEXT_MONDAY = date(2027, 1, 11)
CONTACT = {"name": "Mira Holm", "mail": "mira.holm@firm.example", "sponsor": "Elena Marsh"}


async def _enrolled(empty: Empty, *, rows: int | None = None) -> tuple[World, App, str]:
    """Pairs on the roster and nothing planned yet; the program's id."""
    world = empty.world(firm_of(3))
    app = await world.begin(page_url="https://tandem.firm.example/pairs")
    lines = world.roster.decode().splitlines()
    await enrol(app, "\n".join(lines if rows is None else lines[: rows + 1]).encode())
    program = await _program(world)
    await app.store.run(lambda tx: tx.programs.put(replace(program, contact=CONTACT)))
    return world, app, program.id


async def _program(world: World) -> Program:
    (program,) = await world.read(lambda tx: tx.programs.all())
    return program


async def _announced(app: App, program_id: str, books_on: date | None = None) -> Announcement:
    now = app.clock.now()
    return await app.store.run(lambda tx: announce(tx, program_id, now, books_on))


async def _sent(app: App) -> None:
    until = app.clock.now() + timedelta(hours=3)
    await build_worker(app).run(
        until_quiet=False, progress=quietly, kinds=("send_mails",), until=until
    )


def _everything(tx: Transaction) -> object:
    pairs = tx.pairs.all()
    rows = [tx.outbox.of_pair(pair.id) for pair in pairs]
    return tx.programs.all(), pairs, rows, tx.journal.read(), tx.work.all()


@virtually
async def test_what_it_will_come_to_is_told_beforehand_and_changes_nothing(empty: Empty) -> None:
    world, app, program = await _enrolled(empty)
    before, now = await world.read(_everything), app.clock.now()
    found = await app.store.run(lambda tx: announcement(tx, program, now))
    assert (found.pairs, found.mails, found.books_on) == (3, 6, NEXT_MONDAY)
    assert await world.read(_everything) == before
    await app.close()


@virtually
async def test_each_of_the_two_is_told_once_in_the_sponsors_name_and_nothing_is_booked(
    empty: Empty,
) -> None:
    world, app, program = await _enrolled(empty)
    told = await _announced(app, program)
    assert (await _program(world)).state is ProgramState.ANNOUNCED
    await _sent(app)
    people = await world.read(lambda tx: {p.id: p.mail.lower() for p in tx.participants.all()})
    pairs = await world.read(lambda tx: tx.pairs.all())
    expected = Counter(people[p] for pair in pairs for p in (pair.mentor_id, pair.mentee_id))
    assert Counter(mail.recipient.lower() for mail in world.tenant.mail_log) == expected
    assert told.mails == len(world.tenant.mail_log)
    for mail in world.tenant.mail_log:
        assert mail.kind == "message"
        assert "Elena Marsh invites you" in mail.body
        assert "every other week" in mail.body
        assert "The invitation comes from 11 January 2027 on." in mail.body
    assert (await _announced(app, program)).mails == 0, "nobody is told twice"
    await _sent(app)
    assert told.mails == len(world.tenant.mail_log)
    assert {pair.state for pair in pairs} == {PairState.ENROLLED}
    await app.close()


@virtually
async def test_who_is_enrolled_later_is_told_alone_and_the_day_stands(empty: Empty) -> None:
    world, app, program = await _enrolled(empty, rows=2)
    later = NEXT_MONDAY + timedelta(days=4)
    assert (await _announced(app, program, later)).mails == 4
    await enrol(app, world.roster)
    again = await _announced(app, program)
    assert (again.pairs, again.mails, again.books_on) == (1, 2, later)
    with pytest.raises(FaultsError, match=f"a date from {later} on"):
        await _announced(app, program, later - timedelta(days=1))
    await app.close()


@virtually
async def test_people_get_five_working_days(empty: Empty) -> None:
    _, app, program = await _enrolled(empty)
    with pytest.raises(FaultsError, match="books-on: expected a date from 2027-01-11 on"):
        await _announced(app, program, NEXT_MONDAY - timedelta(days=1))
    assert (await _announced(app, program, NEXT_MONDAY)).books_on == NEXT_MONDAY
    await app.close()


@virtually
async def test_an_announced_program_is_booked_from_its_day_on_and_not_before(
    empty: Empty,
) -> None:
    world, app, program = await _enrolled(empty)
    await plan_enrolled(app)
    await _announced(app, program)
    with pytest.raises(AnnouncedLaterError, match="11 January 2027"):
        await launching.launch(app, program)
    assert (await _program(world)).state is ProgramState.ANNOUNCED
    assert book.KIND not in {work.kind for work in await world.read(lambda tx: tx.work.all())}
    await app.clock.sleep(timedelta(days=7))
    assert await launching.launch(app, program) > 0
    assert (await _program(world)).state is ProgramState.RUNNING
    with pytest.raises(RunningProgramError, match="cannot be announced"):
        await _announced(app, program)
    await app.close()


@virtually
async def test_an_announcement_that_comes_too_late_is_not_sent(empty: Empty) -> None:
    """Who is booked already needs none: it waited for a working day, or for a week with room."""
    world, app, program = await _enrolled(empty)
    await _announced(app, program)

    def booked(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, state=PairState.BOOKED))

    await app.store.run(booked)
    await _sent(app)
    assert world.tenant.mail_log == []
    dropped = await world.read(lambda tx: tx.journal.read(code="mail_dropped"))
    assert {line.data["why"] for line in dropped} == {"booked_already"}
    await app.close()
