"""Faults planted into the product, one at a time, to see whether the oracle sees them.

Each patches one documented seam, and stands for a mistake somebody might make there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from integrations.graph import calendar, permits
from integrations.ports import Transaction
from integrations.records import Intent, IntentState
from integrations.store import permits as stored_permits
from integrations.store.work import WorkRows
from integrations.workflows import acting, registry
from integrations.workflows.acting import Happened, NotHappened
from integrations.workflows.booking import book
from integrations.workflows.changes import calendar_view, case, ending, known_time, owed, writes
from integrations.workflows.changes.remembering import store_only
from integrations.workflows.changes.steps import packed
from integrations.workflows.looking import watch
from integrations.workflows.messages import hours, room
from integrations.workflows.telling import outbox
from scheduling import freebusy
from scheduling.changes import limits
from scheduling.changes.situation import Situation

_WRITING = (book, writes)
"""Whoever writes to calendars."""

Plant = Callable[[], AbstractContextManager[object]]


def _no_intent() -> AbstractContextManager[object]:
    """What is sent is written down only once it has been answered."""

    def begin(app: Any, tx: Transaction, claim: Any, act: Any, now: Any) -> tuple[Intent, bool]:
        intent = replace(
            acting._new_intent(app, tx, act, now), etag=act.etag, state=IntentState.SENDING
        )
        return intent, False

    conclusion = acting._conclusion

    def late(app: Any, act: Any, intent: Intent, found: Any) -> acting.Record:
        conclude = conclusion(app, act, intent, found)

        def record(tx: Transaction) -> None:
            tx.intents.put(intent)
            conclude(tx)

        return record

    return _patched((acting, "_begin", begin), (acting, "_conclusion", late))


def _no_read_back() -> AbstractContextManager[object]:
    """After a doubt it is sent again without a look, first bookings included."""

    async def nothing(intent: Intent) -> NotHappened:
        return NotHappened()

    perform, perform_in_turn = acting.perform, acting.perform_in_turn

    async def performed(app: Any, claim: Any, act: Any) -> Any:
        return await perform(app, claim, replace(act, look=nothing))

    async def in_turn(app: Any, claim: Any, acts: Any, *, first: Any = None) -> None:
        unseen = [replace(act, look=nothing) for act in acts]
        await perform_in_turn(app, claim, unseen, first=first)

    return _patched(
        *((one, "perform", performed) for one in _WRITING), (book, "perform_in_turn", in_turn)
    )


def _doubt_is_done() -> AbstractContextManager[object]:
    """What got no clear answer is taken for done, the dates of first bookings included."""
    perform_in_turn = acting.perform_in_turn

    async def look(self: Any, intent: Intent) -> Any:
        found = await self.found(intent)
        return Happened(None) if isinstance(found, NotHappened) else found

    def believing(app: Any, act: Any) -> Any:
        async def look(intent: Intent) -> Any:
            found = await act.look(intent)
            if not isinstance(found, NotHappened):
                return found
            return Happened(await app.graph.calendar.read(act.mailbox_id, act.event_id))

        return replace(act, look=look)

    async def in_turn(app: Any, claim: Any, acts: Any, *, first: Any = None) -> None:
        await perform_in_turn(app, claim, (believing(app, act) for act in acts), first=first)

    return _patched((writes.Calls, "look", look), (book, "perform_in_turn", in_turn))


def _no_if_match() -> AbstractContextManager[object]:
    """A move is sent whatever has become of the date meanwhile."""
    move = calendar.ProgramCalendar.move

    async def moved(self: Any, mailbox: str, event: str, to: Any, zone: str, _: Any) -> Any:
        return await move(self, mailbox, event, to, zone, None)

    async def sent(self: Any, intent: Intent) -> Any:
        step = self.step
        return await self.calendar.move(
            step.mailbox_id, self.event_id, step.target, step.zone, None
        )

    return _patched((calendar.ProgramCalendar, "move", moved), (writes.Moving, "send", sent))


def _own_taken_out_twice() -> AbstractContextManager[object]:
    """A foreign meeting at the identical time is taken for ours, too."""

    def without(items: Any, own: Any) -> Any:
        ours = {(session.span.start, session.span.end) for session in own}
        left = tuple(item for item in sorted(items) if (item.start, item.end) not in ours)
        return freebusy.TakenOut(left, ())

    return _patched(
        (known_time, "without_own_sessions", without), (watch, "without_own_sessions", without)
    )


def _own_not_taken_out() -> AbstractContextManager[object]:
    """Our own meeting is taken for somebody else's."""

    def without(items: Any, own: Any) -> Any:
        return freebusy.TakenOut(tuple(sorted(items)), ())

    return _patched((known_time, "without_own_sessions", without))


def _expired_permit_used() -> AbstractContextManager[object]:
    """A permit is taken for good, and kept in the store for a second only."""
    acquire = stored_permits.PermitRows.acquire

    def acquired(self: Any, mailbox: str, holder: str, now: Any, _: Any, slots: range) -> Any:
        return acquire(self, mailbox, holder, now, timedelta(milliseconds=1), slots)

    return _patched((stored_permits.PermitRows, "acquire", acquired))


def _sweeps_left_to_hints() -> AbstractContextManager[object]:
    """Notifications are the only source: no sweep looks at anything."""

    async def idle(app: Any, claim: Any, subject: str) -> None:
        raise acting.NotYet(app.clock.now() + timedelta(hours=1), "left to hints")

    return _patched(
        (registry, "HANDLERS", MappingProxyType({**registry.HANDLERS, "sweep": idle})),
        ("integrations.bootstrap", "HANDLERS", {**registry.HANDLERS, "sweep": idle}),
    )


def _cap_ignored() -> AbstractContextManager[object]:
    """Nobody counts the mails of a week."""
    return _patched(
        (limits.MailRoom, "full_for", lambda *_, **__: None),
        (room, "has_room", lambda *_, **__: True),
        (outbox, "has_room", lambda *_, **__: True),
    )


def _mail_hours_ignored() -> AbstractContextManager[object]:
    """Mails go out whenever something is decided."""
    return _patched(*((one, "next_mailable", lambda now, *_, **__: now) for one in (limits, hours)))


def _past_dates_cancelled() -> AbstractContextManager[object]:
    """A series that ends is cancelled whole, its past dates included."""
    end = ending.end_series

    async def ended(app: Any, claim: Any, one: Any, act: Any, then: Any, **more: Any) -> None:
        whole = replace(act, truncation=replace(act.truncation, range=None))
        await end(app, claim, one, whole, then, **more)

    return _patched(
        ("integrations.workflows.changes.carry_out", "end_series", ended),
        (ending, "end_series", ended),
    )


def _mails_sent_twice() -> AbstractContextManager[object]:
    """A mail is marked when it has been answered for, and sent again after any doubt."""
    ready = outbox._ready

    def again(*given: Any) -> Any:
        found = ready(*given)
        return None if found is None else replace(found, again=True)

    return _patched((outbox, "_ready", again))


def _freeze_ignored() -> AbstractContextManager[object]:
    """There is no time before a date in which nothing is moved."""
    at = Situation.at

    def unfrozen(*given: Any, limits: Any, **named: Any) -> Situation:
        return at(*given, limits=replace(limits, freeze=timedelta(0)), **named)

    return _patched((Situation, "at", unfrozen))


def _duplicates_not_told() -> AbstractContextManager[object]:
    """Each POST has a transaction id of its own, and nobody searches for what it may have made."""

    async def nothing(self: Any, mailbox_id: str, tag: str) -> list[Any]:
        return []

    create, single = calendar.ProgramCalendar.create_series, calendar.ProgramCalendar.create_event

    async def series(self: Any, mailbox_id: str, draft: Any) -> Any:
        return await create(self, mailbox_id, replace(draft, transaction_id=str(uuid.uuid4())))

    async def event(self: Any, mailbox_id: str, draft: Any) -> Any:
        return await single(self, mailbox_id, replace(draft, transaction_id=str(uuid.uuid4())))

    return _patched(
        (calendar.ProgramCalendar, "find_tagged", nothing),
        (calendar.ProgramCalendar, "create_series", series),
        (calendar.ProgramCalendar, "create_event", event),
    )


def _claim_not_checked() -> AbstractContextManager[object]:
    """Nobody asks, before a write, whether the work is still his, and claims are short."""
    claim = WorkRows.claim

    def shortly(self: Any, work_id: str, holder: str, now: Any, _: Any) -> Any:
        return claim(self, work_id, holder, now, timedelta(seconds=1))

    return _patched((acting, "_hold_claim", lambda *_: None), (WorkRows, "claim", shortly))


def _stale_read_believed() -> AbstractContextManager[object]:
    """What a read shows right after our own write is taken for what is."""
    return _patched(
        *((one, "STALE_FOR", timedelta(0)) for one in (case, owed, writes, calendar_view))
    )


def _retry_after_ignored() -> AbstractContextManager[object]:
    """Nobody waits as long as told."""

    async def defer(self: Any, mailbox_id: str, until: Any) -> None:
        return None

    return _patched((permits.Gates, "defer", defer))


def _doubts_forgotten() -> AbstractContextManager[object]:
    """What a dead incarnation may have sent is forgotten by the next."""
    begin = acting._begin

    def begun(app: Any, tx: Transaction, claim: Any, act: Any, now: Any) -> tuple[Intent, bool]:
        known = tx.intents.by_key(act.key)
        if known is not None and known.state is IntentState.SENDING:
            tx.intents.settle(known.id, IntentState.DROPPED, "forgotten", now)
        return begin(app, tx, claim, act, now)

    return _patched((acting, "_begin", begun))


def _two_generations_alive() -> AbstractContextManager[object]:
    """A series that is replaced or ended keeps its dates in the calendars."""

    async def kept(app: Any, claim: Any, one: Any, act: Any, then: Any, **_: Any) -> None:
        await store_only(app, one.pair.id, (*packed((act,)), *then))

    return _patched(("integrations.workflows.changes.carry_out", "end_series", kept))


PLANTED: Mapping[str, Plant] = MappingProxyType(
    {
        "no intent before a write": _no_intent,
        "no read-back after a doubt": _no_read_back,
        "a doubt is taken for done": _doubt_is_done,
        "doubts of the dead forgotten": _doubts_forgotten,
        "no If-Match": _no_if_match,
        "own meeting taken out twice": _own_taken_out_twice,
        "own meeting not taken out": _own_not_taken_out,
        "expired permit used": _expired_permit_used,
        "claim not checked": _claim_not_checked,
        "hints the only source": _sweeps_left_to_hints,
        "cap ignored": _cap_ignored,
        "mail hours ignored": _mail_hours_ignored,
        "past dates cancelled": _past_dates_cancelled,
        "mail sent again after a doubt": _mails_sent_twice,
        "freeze ignored": _freeze_ignored,
        "duplicates not told": _duplicates_not_told,
        "stale read believed": _stale_read_believed,
        "Retry-After ignored": _retry_after_ignored,
        "two generations alive": _two_generations_alive,
    }
)


@contextmanager
def _patched(*seams: tuple[Any, str, object]) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, value in seams:
            if isinstance(owner, str):
                stack.enter_context(patch(f"{owner}.{name}", value))
            else:
                stack.enter_context(patch.object(owner, name, value))
        yield
