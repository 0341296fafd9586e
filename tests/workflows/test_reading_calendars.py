"""Who reads whose free/busy, and in how many calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

import pytest

from integrations.errors import NoPermitError, ThrottledError
from integrations.ports import Schedule, Unreadable
from integrations.records import BlockerScope, PairState
from integrations.workflows.app import App
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import plan_enrolled
from scheduling.timespan import TimeSpan
from simulator.faults import Fault
from simulator.firm_staff import program_mailbox
from simulator.requests import LoggedCall
from tests.support.world import Empty, World, enrolled, firm_of, least_rights, virtually


@virtually
async def test_everybody_is_read_through_their_own_mailbox_where_settings_say_so(
    empty: Empty,
) -> None:
    firm = firm_of(3)
    world = empty.world(firm)
    rights = least_rights(firm)
    world.tenant.register_app(replace(rights, roles={**rights.roles, "Calendars.ReadBasic": None}))
    app = await world.begin(free_busy_reader="own_mailbox")
    await enrolled(world, app)
    readers = {call.mailbox for call in world.tenant.calls if "getSchedule" in call.path}
    people = {mail for pair in firm.pairs for mail in _mails(world, pair.mentor, pair.mentee)}
    assert readers == people
    assert world.tenant.complaints == []
    await app.close()


@virtually
async def test_two_program_mailboxes_share_the_reading(empty: Empty) -> None:
    firm = firm_of(60)
    world = empty.world(firm)
    app = await world.begin()
    await enrolled(world, app)
    calls = [call for call in world.tenant.calls if "getSchedule" in call.path]
    assert {call.mailbox for call in calls} == {box.mail for box in firm.program_mailboxes}
    people = await world.read(lambda tx: len(tx.participants.all()))
    assert len(calls) == -(-people // 20) * 3
    await app.close()


@virtually
async def test_what_a_waiting_mailbox_has_left_is_read_by_the_other(empty: Empty) -> None:
    world, app, boxes = await _one_waits(empty, waiting=1)
    await plan_enrolled(app)
    planned = await world.read(lambda tx: tx.pairs.in_state(PairState.PLANNED))
    assert len(planned) > len(world.firm.pairs) / 2
    read = [call for call in _readings(world) if call.status == HTTPStatus.OK]
    assert {call.mailbox for call in read} == {boxes[1]}
    people = await world.read(lambda tx: len(tx.participants.all()))
    assert len(read) == -(-people // 20) * 3
    await app.close()


@virtually
async def test_a_look_fails_as_a_whole_where_every_mailbox_is_to_wait(empty: Empty) -> None:
    world, app, _ = await _one_waits(empty, waiting=2)
    with pytest.raises((ThrottledError, NoPermitError)):
        await plan_enrolled(app)
    assert await world.read(lambda tx: tx.pairs.in_state(PairState.PLANNED)) == []
    assert await world.read(lambda tx: tx.blockers.open(BlockerScope.PERSON)) == []
    await app.close()


class _Readers:
    """Free/busy that tells nothing, and how many mailboxes were at it at the same time."""

    def __init__(self) -> None:
        self.at_work: set[str] = set()
        self.seen: set[str] = set()
        self.most = 0

    async def read(
        self, reader_id: str, mails: Sequence[str], spans: Sequence[TimeSpan]
    ) -> dict[str, tuple[Schedule, ...] | Unreadable]:
        assert reader_id not in self.at_work
        self.at_work.add(reader_id)
        self.seen.add(reader_id)
        self.most = max(self.most, len(self.at_work))
        for _ in range(3):
            await asyncio.sleep(0)
        self.at_work.remove(reader_id)
        return dict.fromkeys(mails, Unreadable("calendar_unreadable"))


@virtually
async def test_of_many_mailboxes_eight_read_at_once_and_each_its_part(empty: Empty) -> None:
    firm = firm_of(160)
    office = firm.offices[0]
    boxes = tuple(program_mailbox(number, 1, office) for number in range(1, 13))
    world = empty.world(replace(firm, program_mailboxes=boxes))
    app = await world.begin()
    await enrol(app, world.roster)
    readers = _Readers()
    app.graph.free_busy = readers  # type: ignore[misc] # nobody else asks for it
    await plan_enrolled(app)
    assert len(readers.seen) == len(boxes)
    assert readers.most == 8
    await app.close()


async def _one_waits(empty: Empty, *, waiting: int) -> tuple[World, App, list[str]]:
    """A firm with two program mailboxes, some of which are to wait an hour before free/busy."""
    firm = firm_of(60)
    world = empty.world(firm)
    app = await world.begin()
    await enrol(app, world.roster)
    boxes = [box.mail for box in firm.program_mailboxes]
    assert len(boxes) == 2
    for mail in boxes[:waiting]:
        world.tenant.faults.plan(
            Fault(
                "throttle",
                path="/users/{user}/calendar/getSchedule",
                mailbox=mail,
                times=0,
                retry_after=3600,
            )
        )
    return world, app, boxes


def _readings(world: World) -> list[LoggedCall]:
    return [call for call in world.tenant.calls if "getSchedule" in call.path]


def _mails(world: World, *ids: str) -> list[str]:
    return [person.mail for person in world.firm.people if person.id in ids]
