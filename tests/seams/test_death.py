"""The dead do nothing: every port of a dead incarnation refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from integrations.ports import SeriesDraft, WakeUp
from integrations.queue.mortal_queue import MortalQueue
from integrations.runtime import Death, EventLog, Incarnation
from integrations.workflows.app import App
from scheduling.timespan import TimeSpan
from tests.acceptance.oracle import planned_world
from tests.support.world import START, Empty, World, book_all, dies, virtually

SPAN = TimeSpan(START, START + timedelta(hours=1))
DRAFT = SeriesDraft(
    subject="A / B",
    body_html="<p>words</p>",
    zone="Europe/London",
    start=START.replace(tzinfo=None),
    duration=timedelta(hours=1),
    weekday="monday",
    interval_weeks=2,
    occurrences=9,
    attendees=(),
    location=None,
    transaction_id="transaction",
    tag="tag",
)
Port = Callable[[App, str], Awaitable[object]]
PORTS: dict[str, Port] = {
    "store, reading": lambda app, box: app.store.run(lambda tx: tx.pairs.all()),
    "store, writing": lambda app, box: app.store.run(lambda tx: tx.switches.set("dead", "on")),
    "store check": lambda app, box: app.store.check(),
    "directory": lambda app, box: app.graph.directory.find(["ada@firm.example"]),
    "settings": lambda app, box: app.graph.settings.read([box]),
    "free/busy": lambda app, box: app.graph.free_busy.read(box, ["ada@firm.example"], [SPAN]),
    "teams offered": lambda app, box: app.graph.calendar.teams_offered(box),
    "create series": lambda app, box: app.graph.calendar.create_series(box, DRAFT),
    "create trial": lambda app, box: app.graph.calendar.create_trial(box, SPAN, "UTC", "t", "t"),
    "find tagged": lambda app, box: app.graph.calendar.find_tagged(box, "tag"),
    "read": lambda app, box: app.graph.calendar.read(box, "event"),
    "instances": lambda app, box: app.graph.calendar.instances(box, "event", SPAN),
    "move": lambda app, box: app.graph.calendar.move(box, "event", SPAN, "UTC", None),
    "cancel": lambda app, box: app.graph.calendar.cancel(box, "event", ""),
    "delete": lambda app, box: app.graph.calendar.delete(box, "event"),
    "meetings": lambda app, box: app.graph.meetings.find(box, "https://teams.example/1"),
}


async def _dead(empty: Empty) -> tuple[World, App]:
    """A world, and a Tandem that died in the middle of booking."""
    world = await planned_world(empty, 6)
    app = await world.begin(dies_at=60)
    assert await dies(book_all(app))
    return world, app


@virtually
async def test_every_port_of_a_dead_incarnation_refuses_and_changes_nothing(empty: Empty) -> None:
    world, app = await _dead(empty)
    box = world.firm.program_mailboxes[0].id
    called, points = len(world.tenant.calls), len(world.log.points)
    for name, port in PORTS.items():
        assert await dies(port(app, box)), name
    assert len(world.tenant.calls) == called
    assert len(world.log.points) == points, "the dead leave no trace either"
    assert await world.read(lambda tx: tx.switches.get("dead")) is None


@virtually
async def test_nothing_tidies_up_after_a_death(empty: Empty) -> None:
    """Claims, permits and intents stand as they stood: a power cut gives nothing back."""
    world, _ = await _dead(empty)
    claimed, intents = await world.read(
        lambda tx: (
            [work for work in tx.work.due(START + timedelta(days=1)) if work.claimed_by],
            tx.intents.open(),
        )
    )
    assert claimed or intents


def test_an_incarnation_counts_its_points_and_dies_at_the_one_it_was_given() -> None:
    life = Incarnation(EventLog(), dies_at=3)
    life.check("one")
    life.check("two")
    for point in ("three", "four"):
        with pytest.raises(Death):
            life.check(point)
    assert life.log.points == ["one", "two", "three", "death three"]


@virtually
async def test_the_dead_wake_nobody(empty: Empty) -> None:
    """A wake-up that leaves after a death would make the living look for what was not kept."""
    sent: list[WakeUp] = []

    class Recorder:
        async def send(self, wake_ups: Sequence[WakeUp]) -> None:
            sent.extend(wake_ups)

        async def close(self) -> None:
            """Nothing is held open."""

    life = Incarnation(EventLog(), dies_at=3)
    queue = MortalQueue(Recorder(), life)
    first, second = WakeUp("book_pair", "1"), WakeUp("book_pair", "2")
    await queue.send([first])
    assert await dies(queue.send([second]))
    assert await dies(queue.send([second]))
    assert sent == [first]
