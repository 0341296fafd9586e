"""Four months of fifty pairs' calendars: how often Graph is asked, and whether all arrives."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.records import PairState
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.enrolment.people import refresh_settings
from integrations.workflows.planning.calendars import look_at
from integrations.workflows.planning.plan import horizon, load_roll, plan_enrolled
from scheduling.freebusy import reading_windows
from scheduling.people import Person, instant_at
from scheduling.timespan import TimeSpan
from simulator.people import Appointment, FirmPerson, ShowAs
from tests.acceptance.oracle import GET_SCHEDULE, Listening, begin_listening, calls, planned_world
from tests.support.world import MANY, Empty, firm_of, virtually

pytestmark = pytest.mark.acceptance(14)

HOUR = timedelta(hours=1)
EFFECT = {"tentative": 1, "busy": 2, "oof": 2}
Entry = tuple[datetime, datetime, int]


def _asked(listening: Listening) -> list[dict[str, object]]:
    """The bodies of every getSchedule that left."""
    return [
        {name.lower(): value for name, value in json.loads(request.content).items()}
        for _, request in listening.requests
        if request.url.path.endswith("/calendar/getSchedule")
    ]


def _window(body: dict[str, object]) -> tuple[datetime, datetime]:
    def at(name: str) -> datetime:
        said = body[name]
        assert isinstance(said, dict)
        assert said["timeZone"] == "UTC"
        return datetime.fromisoformat(said["dateTime"][:19]).replace(tzinfo=UTC)

    return at("starttime"), at("endtime")


@virtually
async def test_many_pairs_cost_one_call_per_twenty_people_and_window_four_at_once(
    empty: Empty,
) -> None:
    """A four-month horizon and more than 45 people: calls of at most 20 people and under 62 days,
    ceil(P / 20) x W of them, at most four at once per mailbox."""
    world = empty.world(firm_of(MANY))
    app, listening = await begin_listening(world)
    await enrol(app, world.roster)
    world.tenant.behaviour.latency = timedelta(milliseconds=200)
    world.tenant.calls.clear()
    listening.requests.clear()
    listening.most_at_once.clear()
    report = await plan_enrolled(app)
    assert report.unreadable == 0

    asked = _asked(listening)
    people = {mail for body in asked for mail in _schedules(body)}
    spans = sorted({_window(body) for body in asked})
    assert len(people) > 45
    assert spans[-1][1] - spans[0][0] > timedelta(days=120)
    assert len(asked) == math.ceil(len(people) / 20) * len(spans)
    assert len(calls(world, "POST", GET_SCHEDULE)) == len(asked)
    assert max(len(_schedules(body)) for body in asked) <= 20
    assert max(end - start for start, end in spans) < timedelta(days=62)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans)), "windows touch"
    each = Counter((mail, _window(body)) for body in asked for mail in _schedules(body))
    assert set(each.values()) == {1}, "somebody was read twice over one window"
    for box in world.firm.program_mailboxes:
        assert 1 < listening.most_at_once[box.id] <= 4
    assert {call.status for call in world.tenant.calls} <= {200}
    assert world.tenant.complaints == []
    assert world.tenant.mail_log == []
    assert await world.read(lambda tx: tx.pairs.count_by_state()) == {
        PairState.PLANNED: report.placed,
        PairState.ENROLLED: report.without_slot,
    }
    await app.close()


def _schedules(body: dict[str, object]) -> list[str]:
    named = body["schedules"]
    assert isinstance(named, list)
    return named


@virtually
async def test_two_instances_that_read_at_once_share_the_four_of_a_mailbox(empty: Empty) -> None:
    """Queues and timers run on many instances; the mailbox counts all of them together."""
    world = await planned_world(empty, 50)
    world.tenant.behaviour.latency = timedelta(milliseconds=200)
    first, listening = await begin_listening(world)
    second, _ = await begin_listening(world, listening=listening)
    ids = await first.store.run(lambda tx: [pair.id for pair in tx.pairs.all()])
    roll = await first.store.run(lambda tx: load_roll(tx, ids, first.clock.now()))
    people, rules = list(roll.people.values()), roll.rule_of_people()
    span = horizon(roll, first.clock.now())
    one, other = await asyncio.gather(
        look_at(first, people, rules, span), look_at(second, people, rules, span)
    )
    assert one.unreadable == other.unreadable == {}
    [box] = world.firm.program_mailboxes
    assert 1 < listening.most_at_once[box.id] <= 4
    assert {call.status for call in calls(world, "POST", GET_SCHEDULE)} == {200}
    await first.close()
    await second.close()


@virtually
async def test_busy_blocks_at_the_seams_are_neither_lost_nor_doubled(empty: Empty) -> None:
    """What the planner is given of fifty pairs' people is what stands in their calendars,
    entries over, up to and from each seam included, two equal ones counted twice."""
    world = empty.world(firm_of(MANY))
    app = await world.begin()
    await enrol(app, world.roster)
    ids = await app.store.run(lambda tx: [pair.id for pair in tx.pairs.all()])
    roll = await app.store.run(lambda tx: load_roll(tx, ids, app.clock.now()))
    await refresh_settings(app, roll.people)
    span = horizon(roll, app.clock.now())
    seams = [window.start for window in reading_windows(span.start, span.end)[1:]]
    assert len(seams) >= 2
    people = {person.id: person for person in world.firm.people}
    enrolled_people = list(roll.people.values())
    for one in enrolled_people[:10]:
        for appointment in _around(seams):
            world.tenant.book_appointment(one.mail, appointment)
            person = people[one.directory_id]
            people[person.id] = _with(person, appointment)

    look = await look_at(app, enrolled_people, roll.rule_of_people(), span)
    assert look.unreadable == {}
    for one in enrolled_people:
        truth = _truth(people[one.directory_id], span)
        assert _known(look.people[one.id], span) == truth
    assert world.tenant.complaints == []
    await app.close()


def _around(seams: list[datetime]) -> list[Appointment]:
    """Entries over each seam (one of them twice), up to it and from it on."""
    spans: list[tuple[datetime, datetime, ShowAs]] = []
    for seam in seams:
        spans += [(seam - HOUR, seam + HOUR, "busy")] * 2
        spans += [(seam - 3 * HOUR, seam, "oof"), (seam, seam + 2 * HOUR, "tentative")]
    return [
        Appointment(start.replace(tzinfo=None), end.replace(tzinfo=None), "UTC", how, "seam")
        for start, end, how in spans
    ]


def _with(person: FirmPerson, appointment: Appointment) -> FirmPerson:
    return replace(person, appointments=(*person.appointments, appointment))


def _known(person: Person, span: TimeSpan) -> Counter[Entry]:
    """What the core was given, but for what blocks nothing."""
    table = person.busy
    entries = zip(table.start, table.end, table.effect, strict=True)
    found = [(instant_at(s), instant_at(e), int(f)) for s, e, f in entries if f]
    return Counter(one for one in found if one[0] < span.end and span.start < one[1])


def _truth(person: FirmPerson, span: TimeSpan) -> Counter[Entry]:
    """The same from the firm itself, worked out by counting days."""
    found = [
        (start, end, EFFECT[one.show_as])
        for one in person.appointments
        if one.show_as in EFFECT
        for start, end in _dates_of(one)
    ]
    return Counter(one for one in found if one[0] < span.end and span.start < one[1])


def _dates_of(one: Appointment) -> list[tuple[datetime, datetime]]:
    zone = ZoneInfo(one.zone)
    length = one.end - one.start
    last = one.until or date(2028, 1, 1)
    found, start = [], one.start
    while True:
        if start.date() not in one.skipped:
            found.append(
                (
                    start.replace(tzinfo=zone).astimezone(UTC),
                    (start + length).replace(tzinfo=zone).astimezone(UTC),
                )
            )
        start += timedelta(weeks=one.weekly_interval)
        if not one.weekly_interval or start.date() > last:
            return found
