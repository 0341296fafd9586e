"""What a test may believe: the store, both calendars and the mail log, compared with each other.

Nothing here asks the product's workflows what they did; it reads the store's tables and looks
into the simulated tenant as its people would.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx

from integrations.bootstrap import Surroundings, build_app
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    Booking,
    Intent,
    JournalEntry,
    Pair,
    PairState,
    Participant,
    Session,
    SessionState,
)
from integrations.runtime import EventLog, Incarnation, LoopClock, inline
from integrations.workflows.app import App
from integrations.workflows.showing.report import PairLine, pair_lines
from simulator.mail import Mail
from simulator.people import Firm, FirmPerson
from simulator.requests import LoggedCall
from simulator.seen import OccurrenceSeen
from simulator.virtual_time import virtual_now
from tests.support.world import Empty, World, enrolled, firm_of

EVENTS = "/users/{user}/events"
EVENT = "/users/{user}/events/{event}"
INSTANCES = f"{EVENT}/instances"
CANCEL = f"{EVENT}/cancel"
GET_SCHEDULE = "/users/{user}/calendar/getSchedule"
SETTINGS = "/users/{user}/mailboxSettings"
MEETINGS = "/users/{user}/onlineMeetings"

EARLY, LATE = datetime(2026, 12, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)

_PLANNED: dict[int, bytes] = {}

Respond = Callable[[httpx.Request, httpx.Response], httpx.Response]


@dataclass(frozen=True)
class Memory:
    """Everything the store remembers about pairs, read in one look."""

    pairs: Mapping[str, Pair]
    people: Mapping[str, Participant]
    sessions: Mapping[str, Sequence[Session]]
    bookings: Mapping[str, Booking]
    blockers: Sequence[Blocker]
    open_intents: Sequence[Intent]
    journal: Sequence[JournalEntry]
    lines: Sequence[PairLine]

    def in_state(self, *states: PairState) -> set[str]:
        """Ids of the pairs in one of these states."""
        return {pair.id for pair in self.pairs.values() if pair.state in states}

    def pairs_of(self, mail: str) -> set[str]:
        """Ids of the pairs in which the owner of this address is."""
        return {p.id for p in self.pairs.values() if mail.lower() in self.mails(p)}

    def mails(self, pair: Pair) -> tuple[str, str]:
        """The addresses of mentor and mentee."""
        return self.people[pair.mentor_id].mail, self.people[pair.mentee_id].mail

    def without_slot(self) -> set[str]:
        """Ids of the pairs whose calendars share no hour."""
        return {b.subject_id for b in self.blockers if b.code == "no_common_slot"}

    def announced(self) -> Counter[str]:
        """Mails the journal says were caused, by kind."""
        return Counter(entry.data["kind"] for entry in self.journal if entry.code == "mail")


async def planned_world(empty: Empty, pairs: int) -> World:
    """A world whose roster is imported and planned; worked out once per size, then copied.

    Planning writes nothing to the tenant, so a tenant of its own has nothing to be told.
    """
    world = empty.world(firm_of(pairs))
    if pairs not in _PLANNED:
        app = await world.begin()
        await enrolled(world, app)
        await app.close()
        with closing(sqlite3.connect(world.store_file)) as store:
            _PLANNED[pairs] = store.serialize()
        return empty_of_calls(world)
    for leftover in world.store_file.parent.glob(f"{world.store_file.name}*"):
        leftover.unlink()
    world.store_file.write_bytes(_PLANNED[pairs])
    world.born = 1
    return world


def empty_of_calls(world: World) -> World:
    """The world with what its tenant was asked so far forgotten."""
    world.tenant.calls.clear()
    world.log.points.clear()
    return world


async def remembered(world: World) -> Memory:
    """What the store holds now."""
    return await world.read(_memory)


def _memory(tx: Transaction) -> Memory:
    pairs = {pair.id: pair for pair in tx.pairs.all()}
    return Memory(
        pairs=pairs,
        people={person.id: person for person in tx.participants.all()},
        sessions=tx.sessions.of_pairs(pairs),
        bookings={booking.pair_id: booking for booking in tx.bookings.all()},
        blockers=tx.blockers.open(),
        open_intents=tx.intents.open(),
        journal=tx.journal.read(),
        lines=pair_lines(tx),
    )


async def assert_booked_once(world: World, booked: Iterable[str] | None = None) -> Memory:
    """Store, both calendars and mail log agree: these pairs (all by default) have one series each.

    The program mailboxes hold nothing else, nobody else was mailed, and the mails sent are
    exactly those that the journal announced.
    """
    memory = await remembered(world)
    expected = set(memory.pairs) if booked is None else set(booked)
    assert memory.in_state(PairState.BOOKED) == expected
    assert memory.open_intents == []
    for pair_id in expected:
        _assert_in_calendars(world, memory, memory.pairs[pair_id])
    events = [e for box in world.firm.program_mailboxes for e in world.tenant.events_of(box.mail)]
    assert len(events) == len(expected), "an event too many, or one is missing"
    assert Counter((mail.event_id, mail.recipient) for mail in invitations(world)) == Counter(
        (memory.bookings[pair_id].event_id, mail)
        for pair_id in expected
        for mail in memory.mails(memory.pairs[pair_id])
    )
    assert world.mails_by_kind() == memory.announced()
    assert world.tenant.complaints == []
    return memory


def _assert_in_calendars(world: World, memory: Memory, pair: Pair) -> None:
    booking = memory.bookings[pair.id]
    standing = [
        (session.start, session.end)
        for session in memory.sessions[pair.id]
        if session.state is SessionState.SCHEDULED
    ]
    assert standing, "a booked pair has dates"
    assert booking.join_url
    for mail in (*memory.mails(pair), mailbox_of(world, pair)):
        seen = shown(world, mail, booking.join_url)
        assert [(one.start, one.end) for one in seen] == sorted(standing)


def shown(world: World, mail: str, join_url: str) -> list[OccurrenceSeen]:
    """The meetings of one join link as they stand in somebody's calendar."""
    found = world.tenant.occurrences_of(mail, EARLY, LATE)
    return [one for one in found if one.join_url == join_url]


def mailbox_of(world: World, pair: Pair) -> str:
    """The address of the pair's program mailbox."""
    return next(b.mail for b in world.firm.program_mailboxes if b.id == pair.mailbox_id)


def invitations(world: World) -> list[Mail]:
    """The invitations the tenant sent."""
    return [mail for mail in world.tenant.mail_log if mail.kind == "invitation"]


def assert_untouched(world: World, mail: str) -> None:
    """Nobody invited the owner of this address to anything, nor mailed her."""
    assert world.tenant.events_of(mail) == []
    assert [sent for sent in world.tenant.mail_log if sent.recipient == mail] == []


def calls(world: World, method: str, path: str) -> list[LoggedCall]:
    """Calls of one operation that the tenant received."""
    return [call for call in world.tenant.calls if (call.method, call.path) == (method, path)]


def writes(world: World) -> list[LoggedCall]:
    """Calls that change something in the tenant."""
    reading = {"/$batch", GET_SCHEDULE, "/oauth2/v2.0/token"}
    return [c for c in world.tenant.calls if c.method != "GET" and c.path not in reading]


def with_people(firm: Firm, *changed: FirmPerson) -> Firm:
    """The firm with some of its people otherwise."""
    new = {person.id: person for person in changed}
    return replace(firm, people=tuple(new.get(person.id, person) for person in firm.people))


class Listening(httpx.AsyncBaseTransport):
    """The way to the tenant with somebody listening, who may spoil answers on their way back."""

    def __init__(self, world: World, respond: Respond | None = None) -> None:
        self._inner, self._respond = world.transport, respond
        self.requests: list[tuple[datetime, httpx.Request]] = []
        self._running: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mailbox = request.url.path.partition("/users/")[2].partition("/")[0]
        self.requests.append((virtual_now(), request))
        self._running[mailbox] += 1
        self.most_at_once[mailbox] = max(self.most_at_once[mailbox], self._running[mailbox])
        try:
            answer = await self._inner.handle_async_request(request)
        finally:
            self._running[mailbox] -= 1
        return answer if self._respond is None else self._respond(request, answer)


async def begin_listening(
    world: World,
    respond: Respond | None = None,
    listening: Listening | None = None,
    **over: str,
) -> tuple[App, Listening]:
    """A Tandem whose calls are listened to, by somebody who listens already if one is given."""
    world.born += 1
    listening = listening or Listening(world, respond)
    around = Surroundings(
        clock=LoopClock(virtual_now()),
        life=Incarnation(EventLog()),
        offload=inline,
        seed=world.seed * 1000 + world.born,
        transport=listening,
        token_http_client=world.token_http_client,
    )
    return await build_app(world.settings(**over), around).open(), listening
