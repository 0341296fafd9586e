"""Two half hours in place of an hour, where no hour suits both and the rule allows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.ports import Transaction
from integrations.records import Pair, PairState, Participant, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.case import rule_of
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.planning.plan import PlanReport, plan_enrolled
from integrations.workflows.reporting.history import histories_of
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.showing.pair_overview import overview_of_pair
from scheduling.rule import CadenceRule, SessionKind
from simulator.people import Appointment
from simulator.virtual_time import virtual_now
from tests.support.world import START, Empty, World, book_all, firm_of, virtually

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def planned(world: World, app: App, *, allowed: bool) -> PlanReport:
    """A firm of two pairs; the first one's mentor has only half hours to spare."""
    await enrol(app, world.roster)

    def allow(tx: Transaction) -> Participant:
        for rule in tx.rules.all():
            tx.rules.put(replace(rule, body={**rule.body, "half_sessions": allowed}))
        return tx.participants.require(tx.pairs.all()[0].mentor_id)

    mentor = await app.store.run(allow)
    taken = ((time(7), time(9, 30)), (time(10), time(16)), (time(16, 30), time(19)))
    for day in range(5):
        for begins, ends in taken:
            busy(world, mentor, START + (7 + day) * DAY, begins, ends)
    return await plan_enrolled(app)


def busy(world: World, person: Participant, day: datetime, begins: time, ends: time) -> None:
    start, end = (datetime.combine(day.date(), at) for at in (begins, ends))
    zone = person.zone or "UTC"
    every_week = Appointment(start, end, zone, "busy", "a trial", weekly_interval=1)
    world.tenant.book_appointment(person.mail, every_week)


async def pair_of(world: World, state: PairState | None = None) -> Pair:
    found = await world.read(lambda tx: tx.pairs.all()[0])
    assert state is None or found.state is state
    return found


@virtually
async def test_a_pair_without_an_hour_meets_half_as_long_and_twice_as_often(empty: Empty) -> None:
    world = empty.world(firm_of(2))
    app = await world.begin()
    report = await planned(world, app, allowed=True)
    assert (report.placed, report.without_slot) == (2, 0)
    await book_all(app)
    pair = await pair_of(world, PairState.BOOKED)
    other = await world.read(lambda tx: tx.pairs.all()[1])
    assert (other.series or {}).get("cadence") is None

    sessions = await world.read(lambda tx: tx.sessions.of_pair(pair.id))
    live = [one for one in sessions if one.state is SessionState.SCHEDULED]
    assert {one.end - one.start for one in live} == {HOUR / 2}
    weeks = {one.start.astimezone(ZoneInfo("UTC")).isocalendar()[:2] for one in live}
    assert len(weeks) == len(live) >= 9
    mentor = await world.read(lambda tx: tx.participants.require(pair.mentor_id))
    (series,) = [
        event
        for event in world.tenant.events_of(mentor.mail)
        if event.is_series and pair.mailbox_id and len(event.responses) == 2
    ]
    assert series.end - series.start == HOUR / 2
    assert series.recurrence is not None
    assert series.recurrence["pattern"]["interval"] == 1

    lines = await world.read(lambda tx: tx.journal.read(pair_id=pair.id))
    (line,) = [one for one in lines if one.code == "planned_in_halves"]
    assert line.data == {"minutes": 30}
    shown = await world.read(lambda tx: overview_of_pair(tx, app, pair.id, virtual_now()))
    assert shown.rhythm == "every week, 30 minutes"
    await app.close()


@virtually
async def test_half_the_time_counts_and_twice_as_many_are_asked_for(empty: Empty) -> None:
    world = empty.world(firm_of(2))
    app = await world.begin()
    await planned(world, app, allowed=True)
    await book_all(app)
    pair = await pair_of(world)
    whole, rule = await world.read(
        lambda tx: (
            ProgramRule.from_body(tx.rules.current(pair.program_id).body),
            rule_of(tx, pair),
        )
    )
    assert (whole.attendance.held_minutes, rule.attendance.held_minutes) == (45, 22)
    assert (whole.cadence.minimum_held, rule.cadence.minimum_held) == (8, 16)
    (history,) = await world.read(lambda tx: list(histories_of(tx, [pair], virtual_now(), "UTC")))
    assert history.progress.required == 16
    await app.close()


@virtually
async def test_without_the_rules_leave_the_pair_waits_for_an_hour(empty: Empty) -> None:
    world = empty.world(firm_of(2))
    app = await world.begin()
    report = await planned(world, app, allowed=False)
    assert (report.placed, report.without_slot) == (1, 1)
    await pair_of(world, PairState.ENROLLED)
    await app.close()


def test_the_dates_of_a_halved_rule_are_of_the_kind_of_the_one_they_stand_for() -> None:
    kinds = {"1": "training", "9": "check_in"}
    body = {"half_sessions": True, "kinds": kinds, "cadence": {"minimum_held": 7}}
    halved = ProgramRule.from_body(body).halved()
    assert halved is not None
    found = {number: halved.kind_of(1, number - 1) for number in range(1, 19)}
    assert {n for n, kind in found.items() if kind is SessionKind.TRAINING} == {1, 2}
    assert {n for n, kind in found.items() if kind is SessionKind.CHECK_IN} == {17, 18}


@pytest.mark.parametrize(
    "cadence",
    [
        {"interval_weeks": 1, "occurrences": 18},
        {"duration": "PT45M"},
        {"occurrences": 60},
    ],
    ids=["no half weeks", "no half minutes", "too many dates for a series"],
)
def test_what_cannot_be_halved_stays_whole(cadence: dict[str, object]) -> None:
    body = {"half_sessions": True, "cadence": cadence}
    assert ProgramRule.from_body(body).halved() is None
    assert ProgramRule.from_body({"half_sessions": True}).halved() is not None
    assert ProgramRule.from_body({}).halved() is None


def test_nothing_is_halved_twice() -> None:
    cadence = {"interval_weeks": 4, "occurrences": 6, "minimum_held": 5}
    halved = ProgramRule.from_body({"half_sessions": True, "cadence": cadence}).halved()
    assert halved is not None
    assert halved.cadence.halved() is not None
    assert halved.halved() is None


def test_halved_it_takes_the_same_weeks_and_the_same_time() -> None:
    whole = CadenceRule()
    half = whole.halved()
    assert half is not None
    assert half.horizon_days == whole.horizon_days
    assert half.duration * half.occurrences == whole.duration * whole.occurrences
    assert half.is_half_of(whole)
    assert not whole.is_half_of(half)
    assert not replace(half, duration=whole.duration).is_half_of(whole)
