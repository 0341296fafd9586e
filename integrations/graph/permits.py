"""Permits: at most four calls at once to one program mailbox, over the whole fleet.

The store's permits are the truth. In front of them each process keeps a line per mailbox, first
come first served, so that a busy mailbox costs the store about one transaction a second instead
of two per call: a permit given back goes straight to the next in line while its life lasts, and
waits a moment for one where nobody stands in line, since the next call of the same work is near.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from random import Random
from typing import Any

from integrations.errors import NoPermitError
from integrations.ports import Clock, Store, Transaction
from integrations.records import Permit


class Urgency(Enum):
    """Who waits for the answer; the value is the slots such a call may take, in their order."""

    ROUTINE = range(3)
    PERSON_WAITING = range(3, -1, -1)


_urgency: ContextVar[Urgency] = ContextVar("urgency", default=Urgency.ROUTINE)

MOST_AT_ONCE = len(Urgency.ROUTINE.value)
"""Permits one envelope takes at most, however many items it holds."""

_FRESH_FOR = timedelta(seconds=1)
"""How long a permit is handed on without asking the store, hence how late another process's
``Retry-After`` can be noticed here."""

_LINGER = timedelta(milliseconds=150)
"""How long a permit nobody waits for is kept for this process's next call. Others who want it
meanwhile poll about as often."""

_POLITE_PAUSE = timedelta(milliseconds=200)
"""A process whose permit is used up lets others ask first."""

_FIRST_POLL, _LONGEST_POLL = timedelta(milliseconds=50), timedelta(milliseconds=500)
_SHORTEST_WAIT = timedelta(milliseconds=1)


@contextmanager
def person_waiting() -> Iterator[None]:
    """Calls made inside may take the slot kept for people waiting at a page."""
    token = _urgency.set(Urgency.PERSON_WAITING)
    try:
        yield
    finally:
        _urgency.reset(token)


@dataclass(frozen=True, slots=True)
class PermitTerms:
    """``length``: life of a permit; ``needed``: life a call needs; ``patience``: longest wait."""

    length: timedelta
    needed: timedelta
    patience: timedelta


@dataclass(frozen=True, slots=True)
class _Refusal:
    """No permit ``until`` then; because the mailbox has to be left alone, if ``mailbox_waits``."""

    until: datetime
    mailbox_waits: bool


class Gates:
    """One gate per mailbox, within one event loop."""

    def __init__(self, store: Store, clock: Clock, chance: Random, terms: PermitTerms) -> None:
        self._store, self._clock, self._chance, self._terms = store, clock, chance, terms
        self._gates: dict[str, _Gate] = {}

    @asynccontextmanager
    async def hold(self, mailboxes: Sequence[str]) -> AsyncIterator[None]:
        """Hold a permit per entry of ``mailboxes``, at most three per mailbox.

        Raises:
            NoPermitError: within the patience there was none, or the mailbox asked us to wait
                longer than that.
        """
        held: list[tuple[_Gate, list[Permit]]] = []
        urgency = _urgency.get()
        try:
            # In one order everywhere, so that two envelopes never wait for each other.
            for mailbox, calls in sorted(Counter(mailboxes).items()):
                gate = self._gate(mailbox)
                held.append((gate, await gate.take(min(calls, MOST_AT_ONCE), urgency)))
            for number, (gate, permits) in enumerate(held[:-1]):
                # The wait for those after it may have used up much of their life.
                held[number] = (gate, await gate.made_to_last(permits))
            yield
        finally:
            for gate, permits in held:
                gate.give_back(permits)

    async def defer(self, mailbox_id: str, until: datetime) -> None:
        """Let nobody in the fleet call the mailbox before ``until``."""
        self._gate(mailbox_id).close_until(until)
        await self._store.run(lambda t: t.mailboxes.defer(mailbox_id, until))

    async def close(self) -> None:
        """Give back what is kept for calls that will not come."""
        for gate in self._gates.values():
            await gate.close()

    def _gate(self, mailbox_id: str) -> _Gate:
        if mailbox_id not in self._gates:
            name = f"{self._chance.getrandbits(64):016x}"
            self._gates[mailbox_id] = _Gate(mailbox_id, name, self._store, self._clock, self._terms)
        return self._gates[mailbox_id]


class _Gate:
    """The line in front of one mailbox's permits."""

    def __init__(
        self, mailbox_id: str, name: str, store: Store, clock: Clock, terms: PermitTerms
    ) -> None:
        self._mailbox_id, self._name = mailbox_id, name
        self._store, self._clock, self._terms = store, clock, terms
        self._lines = {urgency: asyncio.Lock() for urgency in Urgency}
        self._waiting: Counter[Urgency] = Counter()
        self._spare: deque[Permit] = deque()
        self._given_back = asyncio.Event()
        self._serial = count()
        self._asked_at: datetime | None = None
        self._closed_until: datetime | None = None
        # When the store may be asked again, and what it said last; shared by all in the line.
        self._ask_again_at = dict.fromkeys(Urgency, clock.now())
        self._told = dict.fromkeys(Urgency, clock.now())
        self._poll = _FIRST_POLL
        self._tidying: asyncio.Task[None] | None = None

    async def take(self, number: int, urgency: Urgency) -> list[Permit]:
        """``number`` permits, all or none, when it is our turn."""
        deadline = self._clock.now() + self._terms.patience
        self._waiting[urgency] += 1
        try:
            async with self._lines[urgency]:
                return await self._take_first_in_line(number, urgency, deadline)
        finally:
            self._waiting[urgency] -= 1
            self._tidy_soon()

    async def made_to_last(self, permits: list[Permit]) -> list[Permit]:
        """The permits with life enough for a call; renewed where they have not.

        Raises:
            NoPermitError: one ran out and is somebody else's by now, or the mailbox has to be
                left alone.
        """
        now = self._clock.now()
        if all(self._lasts(permit, now) for permit in permits):
            return permits

        def renew(t: Transaction) -> list[Permit | datetime]:
            length = self._terms.length
            return [
                t.permits.acquire(p.mailbox_id, p.holder, now, length, range(p.slot, p.slot + 1))
                for p in permits
            ]

        renewed: list[Permit] = []
        for answer in await self._store.run(renew):
            if isinstance(answer, datetime):
                raise NoPermitError(answer)
            renewed.append(answer)
        return renewed

    def give_back(self, permits: Sequence[Permit]) -> None:
        """Hand the permits to whoever waits here or comes soon; after that, back to the store."""
        self._spare.extend(permits)
        self._given_back.set()
        self._tidy_soon()

    async def close(self) -> None:
        """Give everything back that is not in use, as far as the store takes it."""
        if self._tidying is not None:
            self._tidying.cancel()
        await asyncio.wait({_unwatched(self._release(list(self._spare)))})

    def close_until(self, moment: datetime) -> None:
        """Hand nothing on before ``moment``."""
        if self._closed_until is None or moment > self._closed_until:
            self._closed_until = moment

    def _tidy_soon(self) -> None:
        if self._spare and (self._tidying is None or self._tidying.done()):
            self._tidying = _unwatched(self._tidy())

    async def _tidy(self) -> None:
        """Give back what nobody has used for a moment."""
        while self._spare:
            kept = {permit.holder for permit in self._spare}
            await self._clock.sleep(_LINGER)
            await self._release(
                [p for p in self._spare if p.holder in kept and not self._wanted(p)]
            )

    async def _take_first_in_line(
        self, number: int, urgency: Urgency, deadline: datetime
    ) -> list[Permit]:
        while True:
            handed = self._from_spare(number, urgency)
            if handed:
                return handed
            await self._let_used_up_go()
            self._given_back.clear()
            if self._clock.now() >= self._ask_again_at[urgency]:
                answer = await self._ask(number, urgency)
                if isinstance(answer, list):
                    return answer
            now = self._clock.now()
            opens = max(self._closed_until or now, now)
            if now >= deadline or opens > deadline:
                raise NoPermitError(max(self._told[urgency], opens))
            until = opens if opens > now else self._ask_again_at[urgency]
            await self._wait(max(min(until, deadline) - now, _SHORTEST_WAIT))

    def _from_spare(self, number: int, urgency: Urgency) -> list[Permit]:
        now = self._clock.now()
        stale = self._asked_at is None or now - self._asked_at >= _FRESH_FOR
        if stale or (self._closed_until is not None and now < self._closed_until):
            return []
        fit = [p for p in self._spare if p.slot in urgency.value and self._lasts(p, now)]
        if len(fit) < number:
            return []
        for permit in fit[:number]:
            self._spare.remove(permit)
        return fit[:number]

    async def _let_used_up_go(self) -> None:
        now = self._clock.now()
        used_up = [p for p in self._spare if not self._lasts(p, now)]
        if used_up:
            await self._release(used_up)
            await self._clock.sleep(_POLITE_PAUSE)

    async def _ask(self, number: int, urgency: Urgency) -> list[Permit] | datetime:
        """Ask the store for ``number`` permits, giving it the spare ones in the same breath."""
        returned = list(self._spare)
        self._spare.clear()
        holders = [f"{self._name}/{next(self._serial)}" for _ in range(number)]
        now = self._clock.now()

        def exchange(t: Transaction) -> list[Permit] | _Refusal:
            for permit in returned:
                t.permits.release(permit)
            return self._acquire(t, holders, now, urgency)

        answer = await self._store.run(exchange)
        self._asked_at = now
        if not isinstance(answer, _Refusal):
            self._poll = _FIRST_POLL
            return answer
        if answer.mailbox_waits:
            self.close_until(answer.until)
        self._told[urgency] = answer.until
        # The store tells when a permit runs out; most are given back long before that.
        self._ask_again_at[urgency] = min(answer.until, now + self._poll)
        self._poll = min(self._poll * 2, _LONGEST_POLL)
        return answer.until

    def _acquire(
        self, t: Transaction, holders: Sequence[str], now: datetime, urgency: Urgency
    ) -> list[Permit] | _Refusal:
        got: list[Permit] = []
        for holder in holders:
            answer = t.permits.acquire(
                self._mailbox_id, holder, now, self._terms.length, urgency.value
            )
            if isinstance(answer, datetime):
                ends = {p.slot: p.expires_at for p in t.permits.held(self._mailbox_id, now)}
                first_end = min((ends.get(slot, now) for slot in urgency.value), default=now)
                for permit in got:
                    t.permits.release(permit)
                return _Refusal(until=answer, mailbox_waits=answer != first_end)
            got.append(answer)
        return got

    async def _wait(self, length: timedelta) -> None:
        """Until a permit is given back here, ``length`` at most."""
        sleep = asyncio.ensure_future(self._clock.sleep(length))
        event = asyncio.ensure_future(self._given_back.wait())
        try:
            await asyncio.wait({sleep, event}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            event.cancel()

    async def _release(self, permits: Sequence[Permit]) -> None:
        if not permits:
            return
        for permit in permits:
            if permit in self._spare:
                self._spare.remove(permit)

        def release(t: Transaction) -> None:
            for permit in permits:
                t.permits.release(permit)

        await self._store.run(release)

    def _wanted(self, permit: Permit) -> bool:
        return any(n > 0 and permit.slot in urgency.value for urgency, n in self._waiting.items())

    def _lasts(self, permit: Permit, now: datetime) -> bool:
        return permit.expires_at - now >= self._terms.needed


def _unwatched(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """``work`` beside everything else. Its failure troubles nobody: permits run out anyway."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
