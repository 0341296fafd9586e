"""Importing a roster: whole or not at all, and twice the same as once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from integrations.errors import GraphError, RosterError, SettingsError
from integrations.workflows.enrolment.enrol import enrol
from simulator.faults import Fault
from tests.acceptance.oracle import remembered, writes
from tests.support.world import Empty, World, firm_of, virtually


def dump(world: World) -> list[str]:
    """All that is committed, but for who holds a permit."""
    with closing(sqlite3.connect(world.store_file)) as store:
        return [line for line in store.iterdump() if not line.startswith('INSERT INTO "permits"')]


@virtually
async def test_importing_twice_changes_nothing(empty: Empty) -> None:
    world = empty.world(firm_of(6))
    app = await world.begin()
    first = await enrol(app, world.roster)
    assert (first.added, first.updated, first.unchanged) == (6, 0, 0)
    stored = dump(world)
    again = await enrol(app, world.roster)
    assert (again.added, again.updated, again.unchanged) == (0, 0, 6)
    assert dump(world) == stored
    assert writes(world) == []
    assert world.tenant.mail_log == []
    await app.close()


@virtually
async def test_a_roster_with_an_unknown_person_leaves_the_store_as_it_was(empty: Empty) -> None:
    """Every unknown address is named by row and column; of the right rows nothing is kept."""
    world = empty.world(firm_of(6))
    app = await world.begin()
    stored = dump(world)
    header, *rows = world.roster.decode().splitlines()
    column = header.split(",").index("mentee_mail")
    cells = rows[3].split(",")
    cells[column] = "nobody@harcourt-vale.example"
    rows[3] = ",".join(cells)
    with pytest.raises(RosterError) as caught:
        await enrol(app, "\n".join([header, *rows]).encode())
    [fault] = caught.value.faults
    assert (fault.where, fault.value) == (
        "row 5, column mentee_mail",
        "nobody@harcourt-vale.example",
    )
    assert dump(world) == stored
    await app.close()


@virtually
async def test_two_addresses_of_one_person_are_no_pair(empty: Empty) -> None:
    """The directory knows her by mail and by principal name; the roster means one person."""
    world = empty.world(firm_of(6))
    app = await world.begin()
    mail = world.firm.people[0].mail
    world.tenant.change_person(mail, guest=True)
    other = world.tenant.directory.user(mail).principal_name
    assert other.lower() != mail
    stored = dump(world)
    roster = f"mentor_mail,mentee_mail,program,start_date\n{mail},{other},Spring,2027-01-11"
    with pytest.raises(RosterError, match="both addresses are one person's"):
        await enrol(app, roster.encode())
    assert dump(world) == stored
    await app.close()


@virtually
async def test_a_directory_that_does_not_answer_leaves_the_store_as_it_was(empty: Empty) -> None:
    world = empty.world(firm_of(6))
    app = await world.begin()
    stored = dump(world)
    world.tenant.faults.plan(Fault("error", path="/users", times=0))
    with pytest.raises(GraphError):
        await enrol(app, world.roster)
    assert dump(world) == stored
    world.tenant.faults.clear()
    assert (await enrol(app, world.roster)).added == 6
    await app.close()


@virtually
async def test_a_program_mailbox_that_does_not_exist_is_a_fault_of_the_settings(
    empty: Empty,
) -> None:
    world = empty.world(firm_of(6))
    app = await world.begin(program_mailboxes="nowhere@harcourt-vale.example")
    stored = dump(world)
    with pytest.raises(SettingsError, match="TANDEM_PROGRAM_MAILBOXES"):
        await enrol(app, world.roster)
    assert dump(world) == stored
    await app.close()


@virtually
async def test_a_second_roster_updates_what_it_says_anew_and_adds_what_is_new(
    empty: Empty,
) -> None:
    world = empty.world(firm_of(6))
    app = await world.begin()
    header, *rows = world.roster.decode().splitlines()
    await enrol(app, "\n".join([header, *rows[:4]]).encode())
    column = header.split(",").index("practice_group")
    cells = rows[0].split(",")
    cells[column] = "Shipping"
    changed = await enrol(app, "\n".join([header, ",".join(cells), *rows[1:]]).encode())
    assert (changed.added, changed.updated, changed.unchanged) == (2, 1, 3)
    memory = await remembered(world)
    assert [p.practice_group for p in memory.pairs.values()].count("Shipping") == 1
    await app.close()
