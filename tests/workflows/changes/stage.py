"""A booked pair in its world, and a reconciler that decides by heart: for tests of writes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from integrations.bootstrap import Surroundings, build_app
from integrations.errors import NoPermitError, ReadOnlyModeError, ThrottledError
from integrations.ports import Transaction
from integrations.records import IntentState, PairState, Session, SessionState
from integrations.runtime import Death, Immortal, LoopClock, inline
from integrations.store import SqlStore
from integrations.workflows.acting import ChangedByPersonError, Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking import book
from integrations.workflows.changes.carry_out import carry_out, drop_unwanted, settle_open
from integrations.workflows.changes.case import Case, load_case
from scheduling.changes.acts import Decision
from scheduling.timespan import TimeSpan
from simulator.tenant import Tenant
from simulator.virtual_time import run_virtually, virtual_now
from tests.crash.test_power_cuts import Photograph, Photographer
from tests.support.world import START, Empty, World, book_all, enrolled, firm_of

T = TypeVar("T")
Decide = Callable[[Case], Decision | None]
Play = Callable[["Stage"], Coroutine[Any, Any, Decide]]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# Five weeks after the first Monday of the program: dates lie behind and before the pair.
MIDWAY = datetime(2027, 2, 17, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Photo:
    """Store and tenant of a firm of two pairs, everybody booked."""

    store: bytes
    tenant: bytes


async def _booked(empty: Empty) -> Photo:
    world = empty.world(firm_of(2))
    app = await world.begin()
    await enrolled(world, app)
    await book_all(app)
    await app.close()
    return Photo(world.store_file.read_bytes(), world.tenant.storage.snapshot())


_PHOTOS: dict[tuple[Path, str], Photo] = {}


def as_booked(empty: Empty) -> Photo:
    """Taken once in a test run."""
    return _kept(empty, "booked", lambda: run_virtually(START, _booked(empty)))


def once_played(empty: Empty, name: str, play: Play, *, at: datetime) -> Photo:
    """What an act leaves behind, photographed; taken once in a test run."""

    async def run(stage: Stage) -> Photo:
        await stage.live(await play(stage))
        # Its file alone would lack what still stands in the write-ahead log.
        with closing(sqlite3.connect(stage.world.store_file)) as store:
            return Photo(store.serialize(), stage.world.tenant.storage.snapshot())

    return _kept(empty, name, lambda: on_stage(empty, run, at=at))


def _kept(empty: Empty, name: str, take: Callable[[], Photo]) -> Photo:
    key = (empty.template, name)
    if key not in _PHOTOS:
        _PHOTOS[key] = take()
    return _PHOTOS[key]


def on_stage(
    empty: Empty,
    play: Callable[[Stage], Coroutine[Any, Any, T]],
    *,
    at: datetime = MIDWAY,
    photo: Photo | Photograph | None = None,
) -> T:
    """Play before a booked pair at an instant, or from a photograph, in a world of its own."""
    photo = photo or as_booked(empty)
    store, state = empty.new_file("store"), empty.new_file("tenant")
    store.write_bytes(photo.store)
    state.write_bytes(photo.tenant)

    async def run() -> T:
        tenant = Tenant.open(state, virtual_now, sign_in_clock=virtual_now)
        world = World(tenant, firm_of(2), store, seed=2)
        eyes = SqlStore(world.store_url, offload=inline, life=Immortal())
        try:
            return await play(Stage(world, eyes))
        finally:
            await eyes.close()
            tenant.close()

    return run_virtually(at, run())


def photographed(
    empty: Empty, act: Play, *, photo: Photo | None = None
) -> tuple[list[Photograph], Decide]:
    """What a power cut would leave behind at each point of an act, and how it was decided."""

    async def play(stage: Stage) -> tuple[list[Photograph], Decide]:
        decide = await act(stage)
        photographer = Photographer(stage.world)
        around = Surroundings(
            clock=LoopClock(virtual_now()),
            life=photographer,
            offload=inline,
            seed=1,
            transport=stage.world.transport,
            token_http_client=stage.world.token_http_client,
        )
        app = await build_app(stage.world.settings(), around).open()
        await _reconcile(app, await stage.pair_id(), decide)
        await app.close()
        return list(photographer.pictures.values()), decide

    return on_stage(empty, play, photo=photo)


@dataclass
class Stage:
    """The world of one pair, ``"pair"`` being the first of the firm."""

    world: World
    eyes: SqlStore

    async def read(self, look: Callable[[Transaction], T]) -> T:
        """Look into the store with eyes that never die."""
        return await self.eyes.run(look)

    async def pair_id(self) -> str:
        """The pair that is played with."""
        return await self.read(lambda tx: tx.pairs.all()[0].id)

    async def case(self) -> Case:
        """The pair as the store has it."""
        pair_id = await self.pair_id()
        return await self.read(lambda tx: load_case(tx, pair_id, virtual_now(), default_zone="UTC"))

    async def dates(self) -> list[Session]:
        """Its scheduled dates to come, soonest first."""
        sessions = (await self.case()).sessions
        live = [s for s in sessions if s.state is SessionState.SCHEDULED]
        return sorted((s for s in live if s.start > virtual_now()), key=lambda s: s.start)

    async def live(self, decide: Decide, *, dies_at: int | None = None, **over: str) -> bool:
        """Reconcile until nothing is left to decide; whether it died of it."""
        app = await self.world.begin(dies_at=dies_at, **over)
        try:
            await _reconcile(app, await self.pair_id(), decide)
        except Death:
            return True
        await app.close()
        return False

    async def book(self) -> None:
        """Do the booking that is due, as its own work."""
        app = await self.world.begin()
        pair_id = await self.pair_id()
        claim = await claimed(app, pair_id, book.KIND)
        last = await book.book_pair(app, claim, pair_id)
        if last is not None:
            await app.store.run(last)
        await app.close()

    async def forget_booking(self) -> None:
        """Let the store know nothing of the pair but its two people."""
        pair_id = await self.pair_id()

        def forget(tx: Transaction) -> None:
            for session in tx.sessions.of_pair(pair_id):
                tx.sessions.remove(session.id)
            tx.bookings.remove(f"{pair_id}/1")
            pair = tx.pairs.require(pair_id)
            # A new number: a transaction id is taken for good, whatever became of its event.
            blank = replace(pair, state=PairState.ENROLLED, series=None, booked_at=None)
            tx.pairs.put(replace(blank, generation=3))

        await self.eyes.run(forget)

    async def box(self) -> str:
        """The address of the pair's program mailbox."""
        mailbox = (await self.case()).mailbox
        assert mailbox is not None
        return mailbox.address

    async def box_id(self) -> str:
        """The id of that mailbox in the directory."""
        mailbox = (await self.case()).mailbox
        assert mailbox is not None
        return mailbox.id

    async def shown(self, mail: str) -> list[tuple[datetime, datetime]]:
        """Meetings that stand in a calendar and are the pair's: both are in them."""
        people = {person.mail.lower() for person in (await self.case()).people}
        found = self.world.tenant.occurrences_of(mail, START, START + 60 * WEEK)
        pairs = [one for one in found if people <= {address.lower() for address in one.responses}]
        return [(one.start, one.end) for one in pairs]

    async def outcome(self) -> tuple[object, ...]:
        """Everything that may be compared of two plays: store, three calendars, mails."""
        case = await self.case()
        sessions = [_essence(session) for session in case.sessions]
        calendars = [await self.shown(await self.box())]
        calendars += [await self.shown(person.mail) for person in case.people]
        return case.pair.state, sessions, calendars, self.mails()

    def mails(self) -> Counter[tuple[str, str, object]]:
        """What the tenant sent since the booking: kind, reader, date of the series."""
        return Counter(
            (mail.kind, mail.recipient.lower(), mail.occurrence)
            for mail in self.world.tenant.mail_log
            if mail.at >= START + 10 * DAY
        )

    async def assert_told_the_truth(self) -> None:
        """What the journal announced is what the tenant sent; nothing is left open."""
        pair_id = await self.pair_id()
        case = await self.case()
        entries = await self.read(lambda tx: tx.journal.read(pair_id=pair_id, code="mail"))
        announced = Counter(
            (str(entry.data["kind"]), str(entry.person_id))
            for entry in entries
            if entry.at >= START + 10 * DAY
        )
        ids = {person.mail.lower(): person.id for person in case.people}
        sent: Counter[tuple[str, str]] = Counter()
        for (kind, reader, _), count in self.mails().items():
            sent[kind, ids[reader]] += count
        assert sent == announced
        assert [i for i in case.open_intents if i.state is not IntentState.DROPPED] == []
        assert self.world.tenant.complaints == []

    async def assert_store_is_calendar(self) -> None:
        """Each date of the store stands in all three calendars, and nothing else does."""
        case = await self.case()
        live = sorted((s.start, s.end) for s in case.sessions if s.state is SessionState.SCHEDULED)
        assert sorted(await self.shown(await self.box())) == live
        for person in case.people:
            assert sorted(await self.shown(person.mail)) == live


def _essence(session: Session) -> tuple[object, ...]:
    return (
        session.id,
        session.state,
        session.start,
        session.end,
        session.single,
        session.cause,
        session.moves,
        session.make_up,
    )


async def _reconcile(app: App, pair_id: str, decide: Decide) -> None:
    """What the reconciliation of a pair does, with decisions made by heart."""
    for _ in range(50):
        claim = await claimed(app, pair_id)
        try:
            case = await _load(app, pair_id)
            if await settle_open(app, claim, case):
                case = await _load(app, pair_id)
            decision = decide(case)
            if decision is None:
                await drop_unwanted(app, case)
                return
            await carry_out(app, claim, case, decision)
        except ChangedByPersonError:
            return
        except NotYet as wait:
            await _until(app, wait.due_at)
        except NoPermitError as wait:
            await _until(app, wait.retry_at)
        except ThrottledError as wait:
            await app.clock.sleep(wait.retry_after)
        except ReadOnlyModeError:
            return
    raise AssertionError("it never comes to rest")


async def _load(app: App, pair_id: str) -> Case:
    now = app.clock.now()
    return await app.store.run(lambda tx: load_case(tx, pair_id, now, default_zone="UTC"))


async def _until(app: App, at: datetime) -> None:
    await app.clock.sleep(max(at - app.clock.now(), timedelta(seconds=1)))


async def claimed(app: App, pair_id: str, kind: str = "reconcile_pair") -> Claim:
    """The right to work on the pair; one lost with its holder runs out."""
    while (claim := await _try_to_claim(app, pair_id, kind)) is None:
        await app.clock.sleep(timedelta(seconds=30))
    return claim


async def _try_to_claim(app: App, pair_id: str, kind: str) -> Claim | None:
    now, holder = app.clock.now(), f"{app.holder}/{app.chance.random()}"

    def take(tx: Transaction) -> Claim | None:
        work = tx.work.schedule(kind, pair_id, now)
        taken = tx.work.claim(work.id, holder, now, app.options.claim_length)
        return None if taken is None else Claim(work.id, holder)

    return await app.store.run(take)


def span_from(start: datetime, hours: float = 1) -> TimeSpan:
    """A stretch of time."""
    return TimeSpan(start, start + timedelta(hours=hours))


def local(zone: str, start: datetime) -> datetime:
    """An instant on a wall clock."""
    return start.astimezone(ZoneInfo(zone))
