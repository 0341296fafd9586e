"""One run: a seed becomes a firm, a life under faults, and what the oracle says of it.

Everything happens on one loop whose time jumps, in one thread and without sockets. Four things
go on side by side: people act, the weather changes, the tenant notifies, and Tandem works
whenever its host is awake.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from integrations.ports import Transaction
from integrations.records import PairState
from integrations.runtime import EventLog
from integrations.settings import Settings
from integrations.store.upgrade import upgrade
from integrations.web.app import asgi_app
from integrations.workflows import rounds
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.registry import HANDLERS
from integrations.workflows.standing_work import STANDING, ensure_standing
from integrations.workflows.work import Worker
from simulator.asgi import application
from simulator.faults import Chance, Fault
from simulator.firm import make_firm
from simulator.people import Firm
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient
from simulator.virtual_time import run_virtually, virtual_now
from tests.simulation.books import Ledger
from tests.simulation.chronicle import Chronicle
from tests.simulation.incarnations import Consumer, Doorway, Fate, side_by_side, surroundings
from tests.simulation.meddling import Hearing, MeddledTransport
from tests.simulation.oracle import Oracle, Violation
from tests.simulation.orders_given import give_order
from tests.simulation.weather import (
    BORN,
    ROSTER_STARTS,
    Awake,
    OrderGiven,
    Storm,
    Weather,
    weather_of,
)
from tests.support.world import Empty, World

WEBHOOK = "https://tandem.firm.example/webhooks/graph"
_SOON, _AWAKE_AFTER_CALL = timedelta(seconds=10), timedelta(minutes=3)
_AFTER_DEATH = timedelta(minutes=4)
_MOST_PIECES = 400
"""Pieces of work at one instant above which something goes round in circles."""
_OF_TIMERS = frozenset({"watch", "check_people", "plan", "reduce_evidence", "refresh_standings"})
"""What a call from outside does not wake: looks at the whole firm, which are the timers'."""
_FAULTY = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    seed: int
    hash: str
    violations: tuple[Violation, ...]
    faults: Counter[str]
    calls: int
    lines: tuple[str, ...] = ()


@dataclass
class Run:
    """A run under way."""

    weather: Weather
    world: World
    chronicle: Chronicle
    oracle: Oracle
    log: EventLog
    faults: Counter[str] = field(default_factory=Counter)
    storm: Storm | None = None
    woken_until: datetime = BORN
    consumers: list[Consumer] = field(default_factory=list)

    def __post_init__(self) -> None:
        seed = self.weather.seed
        self.chance = Random(f"run {seed}")
        self.transport = MeddledTransport(
            self.tenant,
            self.chronicle,
            Random(f"meddling {seed}"),
            self._meddled,
            self._loses,
            Hearing(self._begins, self._ends, self._told_to_wait),
        )
        self.sign_in = TenantHttpClient(application(self.tenant))
        self.consumers = [self._consumer(number) for number in range(self.weather.consumers)]
        self._stretches = list(self.weather.awake)
        self._timed: Awake | None = None
        self._call = asyncio.Event()
        if self.weather.webhooks:
            self.tenant.outbound = Doorway(asgi_app(self._answering))

    @property
    def tenant(self) -> Tenant:
        """The firm's tenant."""
        return self.world.tenant

    @property
    def ledger(self) -> Ledger:
        """The store, read with the oracle's eyes."""
        return self.oracle.ledger

    def _consumer(self, number: int) -> Consumer:
        seed = self.weather.seed

        def around(fate: Fate, born: int) -> Any:
            incarnation = seed * 1_000_000 + number * 10_000 + born
            return surroundings(
                fate, incarnation, self.transport, self.sign_in, holder=f"host-{fate.name}"
            )

        def fate(name: str) -> Fate:
            return Fate(name, self.log, Random(f"fate {seed} {name}"), self._deadly, self._died)

        return Consumer(number, self._settings, around, fate)

    def _settings(self) -> Settings:
        return (
            self.world.settings(webhook_url=WEBHOOK)
            if self.weather.webhooks
            else (self.world.settings(webhooks="off"))
        )

    def _deadly(self) -> float:
        return 0.0 if self.weather.is_calm(virtual_now()) else self.weather.deadly

    def _meddled(self) -> float:
        return 0.0 if self.weather.is_calm(virtual_now()) else self.weather.meddled

    def _loses(self) -> float:
        return 0.0 if self.weather.is_calm(virtual_now()) else self.weather.lost

    def _begins(self, mailbox_id: str, path: str) -> None:
        self.oracle.begins(mailbox_id, path, virtual_now())

    def _ends(self, mailbox_id: str, path: str) -> None:
        self.oracle.permitted(mailbox_id, path, virtual_now())

    def _told_to_wait(self, mailbox_id: str, path: str, seconds: int) -> None:
        self.oracle.told_to_wait(mailbox_id, path, virtual_now(), seconds)

    def _died(self) -> None:
        self.oracle.died(virtual_now())

    # --- four things side by side -----------------------------------------------------------

    async def live(self) -> None:
        """From the roster to the end of the last calm."""
        beside = (
            self._people(),
            self._twins(),
            self._skies(),
            self._coordinator(),
            self.tenant.keep_delivering(),
        )
        others = [asyncio.ensure_future(one) for one in beside]
        try:
            await self._begin_program()
            for calm in self.weather.calms:
                await self._work_until(calm.end)
                self.oracle.judge(virtual_now(), calm.start)
        finally:
            for other in others:
                other.cancel()
            ends = await asyncio.gather(*others, return_exceptions=True)
            for consumer in self.consumers:
                await consumer.close()
        for ended in ends:
            if isinstance(ended, Exception):
                raise ended

    async def _people(self) -> None:
        """Everybody does what she does, at the minute at which she does it."""
        day = BORN.date() - timedelta(days=1)
        while True:
            day += timedelta(days=1)
            for act in self.tenant.acts_on(day, self.weather.rates):
                await _until(act.at)
                if self.weather.is_calm(virtual_now()):
                    continue
                done = self.chronicle.carry_out(act)
                if done is not None:
                    self.log.write(f"{virtual_now():%m-%d %H:%M} {act.kind} {act.person}")
            await _until(datetime(day.year, day.month, day.day, tzinfo=UTC))

    async def _twins(self) -> None:
        """Appointments at the very hour of a date."""
        for twin in self.weather.twins:
            await _until(twin.at)
            if self.chronicle.plan_over(twin.draw):
                self.log.write(f"{virtual_now():%m-%d %H:%M} a twin of a date")

    async def _coordinator(self) -> None:
        """What is ordered on the command line."""
        for order in self.weather.orders:
            await _until(order.at)
            await self.consumers[0].live(lambda app, _, order=order: self._give(app, order))  # type: ignore[misc]

    async def _give(self, app: App, order: OrderGiven) -> None:
        now = virtual_now()
        self.log.write(f"{now:%m-%d %H:%M} ordered {order.kind}")

        def give(tx: Transaction) -> tuple[str, ...]:
            pairs = tx.pairs.in_state(PairState.BOOKED, PairState.PAUSED)
            if not pairs:
                return ()
            pair = pairs[int(order.draw * len(pairs))]
            people = tx.participants.many((pair.mentor_id, pair.mentee_id)).values()
            if give_order(app, tx, pair, order, now):
                self.faults["ordered"] += 1
            return tuple(sorted(person.mail.lower() for person in people))

        self.chronicle.ordered.add(await app.store.run(give))

    async def _skies(self) -> None:
        """Storms come and go; calms have none."""
        edges = {one.start for one in self.weather.storms} | {
            one.end for one in self.weather.storms
        }
        edges |= {one.start for one in self.weather.calms} | {one.end for one in self.weather.calms}
        for edge in sorted(edges):
            await _until(edge)
            now = virtual_now()
            over = [one for one in self.weather.storms if one.start <= now < one.end]
            self._storm(None if self.weather.is_calm(now) or not over else over[-1])

    def _storm(self, storm: Storm | None) -> None:
        if storm is self.storm:
            return
        self.storm = storm
        faults = self.tenant.faults
        faults.clear()
        if storm is None:
            self.log.write(f"{virtual_now():%m-%d %H:%M} the sky clears")
            return
        self.log.write(f"{virtual_now():%m-%d %H:%M} a storm comes")
        faults.chance = Chance(
            storm.throttle, storm.error, storm.cut_before, storm.cut_after, storm.retry_after
        )
        for number in range(storm.gateway):
            faults.plan(Fault("error", nth=3 + 11 * number, times=2, status=504, html=True))
        for number in range(storm.slow):
            length = timedelta(seconds=40)
            faults.plan(Fault("slow", nth=5 + 17 * number, times=2, latency=length))

    # --- Tandem at work ---------------------------------------------------------------------

    async def _begin_program(self) -> None:
        """Roster, plan and launch, again and again until it has worked."""

        async def begin(app: App, _: Worker) -> None:
            await enrol(app, self.world.roster)
            await rounds.planning_round(app)
            await launching.launch(app)

        while not await self.consumers[0].live(begin):
            await _until(virtual_now() + _AFTER_DEATH)

    async def _work_until(self, end: datetime) -> None:
        """Work whenever the host is awake: in its stretches, and when somebody has called."""
        while virtual_now() < end:
            now = virtual_now()
            while self._stretches and self._stretches[0].end <= now:
                del self._stretches[0]
            stretch = self._stretches[0] if self._stretches else None
            starts = end if stretch is None else min(stretch.start, end)
            if now < starts and now >= self.woken_until:
                await self._sleep_until(starts)
                continue
            if stretch is not None and stretch.start <= now and stretch is not self._timed:
                self._timed = stretch
                await self._timers()
            is_timed = stretch is not None and now >= stretch.start
            leaves = () if is_timed else _OF_TIMERS
            await self._work_off(leaves)
            awake = max(self.woken_until, stretch.end if stretch and is_timed else now)
            due = self.ledger.next_due(but=leaves)
            soon = virtual_now() + _SOON
            await self._sleep_until(min(awake, end, max(due, soon)) if due else min(awake, end))

    async def _sleep_until(self, moment: datetime) -> None:
        """Let time pass until then, or until somebody calls."""
        left = (moment - virtual_now()).total_seconds()
        if left <= 0:
            return
        self._call.clear()
        try:
            async with asyncio.timeout(left):
                await self._call.wait()
        except TimeoutError:
            return

    async def _answering(self) -> App:
        """The incarnation that answers a call from outside, which wakes the host."""
        self.woken_until = virtual_now() + _AWAKE_AFTER_CALL
        self._call.set()
        return await self.chance.choice(self.consumers).app()

    async def _timers(self) -> None:
        """What Azure's timers do once the host is awake: see to it that standing work stands."""

        async def ensure(app: App, _: Worker) -> None:
            kinds = [kind for kind in STANDING if kind in HANDLERS]
            now = app.clock.now()
            await app.store.run(lambda tx: ensure_standing(tx, app, now, kinds))

        for consumer in self.consumers:
            await consumer.live(ensure)

    async def _work_off(self, leaves: Collection[str]) -> None:
        """Do all that is due now, several pieces at once and some by two hosts at once.

        Kinds in ``leaves`` are left to another time.
        """
        for _ in range(_MOST_PIECES):
            due = self.ledger.due_rows(virtual_now(), but=leaves)[:8]
            if not due:
                return
            before = virtual_now()
            await side_by_side([one.do(work) for work in due for one in self._hosts()])
            if any(one.died for one in self.consumers) and virtual_now() == before:
                await _until(virtual_now() + self._rebirth())
        self.oracle.note("going_round_in_circles", virtual_now(), due=due)

    def _hosts(self) -> list[Consumer]:
        """Who gets a piece of work: one host, or two because a message came twice."""
        if len(self.consumers) > 1 and self.chance.random() < 0.3:
            return self.consumers
        return [self.chance.choice(self.consumers)]

    def _rebirth(self) -> timedelta:
        return timedelta(seconds=self.chance.choice((1, 20, 240)))

    # --- what came of it --------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """To be asked when the run is over."""
        tenant = self.tenant
        self.faults["died"] = sum(one.deaths for one in self.consumers)
        self.faults["meddled"] = self.transport.count
        self.faults["answer lost"] = self.transport.lost
        for call in tenant.calls:
            if call.cut:
                self.faults["cut"] += 1
            elif call.status in _FAULTY:
                self.faults[str(call.status)] += 1
        for kind in ("dropped", "doubled", "forged", "lost", "retried"):
            self.faults[f"notification {kind}"] = tenant.delivery.tally[kind]
        return Outcome(
            self.weather.seed,
            self._hash(),
            tuple(self.oracle.violations),
            +self.faults,
            len(tenant.calls),
            tuple(self.log.points),
        )

    def _hash(self) -> str:
        """Of every point passed, every mail sent and everything stored at the end."""
        digest = hashlib.sha256(self.log.hash.encode())
        for mail in self.tenant.mail_log:
            line = (mail.at, mail.recipient, mail.kind, mail.event_id, mail.occurrence)
            digest.update(repr(line).encode())
        books = self.ledger.books()
        for rows in (books.pairs, books.sessions, books.intents, books.journal):
            digest.update(repr(rows).encode())
        return digest.hexdigest()


async def _until(moment: datetime) -> None:
    """Let time pass; none if the moment is over."""
    left = (moment - virtual_now()).total_seconds()
    if left > 0:
        await asyncio.sleep(left)


def simulate(seed: int) -> Outcome:
    """Live the life of this seed; the same seed gives the same outcome."""
    return lived(weather_of(seed))


def lived(weather: Weather) -> Outcome:
    """Live a life in which all this happens."""
    with _folder() as folder:
        return run_virtually(BORN, _simulated(weather, folder))


async def _simulated(weather: Weather, folder: Path) -> Outcome:
    firm = _firm(weather.pairs, weather.firm, weather.troubles)
    world = Empty(_template(), folder).world(firm, seed=weather.seed)
    for name, value in weather.behaviour.items():
        setattr(world.tenant.behaviour, name, value)
    chronicle = Chronicle(world.tenant, firm, weather.end + timedelta(days=200))
    lag = weather.behaviour["free_busy_lag"]
    ledger = Ledger(world.store_file)
    oracle = Oracle(weather.seed, chronicle, ledger, lag, weather.consumers)
    chronicle.observer = oracle.see
    run = Run(weather, world, chronicle, oracle, world.log)
    try:
        await run.live()
        if chronicle.broken is not None:
            raise chronicle.broken
        return run.outcome()
    finally:
        ledger.close()
        world.tenant.close()


@functools.lru_cache(maxsize=128)
def _firm(pairs: int, number: int, troubles: bool) -> Firm:
    return make_firm(pairs, number, ROSTER_STARTS, troubles=troubles)


@functools.cache
def _template() -> Path:
    """An empty store to copy; it lives as long as the process."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-simulation-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "empty.sqlite"
    upgrade(f"sqlite:///{file}")
    return file


@contextmanager
def _folder() -> Iterator[Path]:
    """Where the store lies; in memory where the machine offers that, as commits sync."""
    memory = Path("/dev/shm")  # noqa: S108
    where = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="tandem-simulation-", dir=where) as folder:
        yield Path(folder)
