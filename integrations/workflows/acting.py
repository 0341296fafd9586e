"""Writing to Graph so that every write happens exactly once, whatever dies on the way.

A write is an *intent* in the store before it is a call. After a crash or a lost answer the intent
says what was meant, and a look at the calendar says whether it came true: equal to what was meant
is done, equal to what was before is sent again, anything else was a person's doing and stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from integrations.errors import (
    ChangedMeanwhileError,
    ClaimLostError,
    DuplicateError,
    IntegrationError,
    NoPermitError,
    OutcomeUnknownError,
    ReadOnlyModeError,
    RefusedError,
    ThrottledError,
    TokenError,
    UnreachableError,
)
from integrations.ports import Transaction
from integrations.records import Intent, IntentState, JournalEntry, Json
from integrations.restored import was_restored
from integrations.workflows.app import App
from integrations.writing import require_writing

T = TypeVar("T")

LOOK_AGAIN = timedelta(seconds=30)
DECIDE_AGAIN = timedelta(seconds=5)
STALE_FOR = timedelta(minutes=2)
"""How long a read may still show what was before our own write."""
UNCLEAR_FOR_LONG = timedelta(hours=1)
MOST_RESENDS = 3
IN_DOUBT = "mail_in_doubt"
"""The journal's code for a mail that may not have gone out."""


class NotYet(Exception):  # noqa: N818 - not an error: the work is handed back until ``due_at``
    """There is nothing to do before ``due_at``; the work is to be taken up again then.

    ``stuck``: it waits for somebody to mend something, not for its turn.
    """

    def __init__(self, due_at: datetime, reason: str, *, stuck: bool = False) -> None:
        self.due_at, self.reason, self.stuck = due_at, reason, stuck
        super().__init__(f"{reason}, again at {due_at:%Y-%m-%dT%H:%M:%SZ}")


class Withheld(NotYet):
    """A write may not be made at present; the work is taken up as soon as it may."""


class OutdatedError(NotYet):
    """What a write was decided from is not so any more: nothing of it was done, and it is to be
    decided anew at ``due_at``.
    """


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a piece of work; checked and prolonged with each write."""

    work_id: str
    holder: str


@dataclass(frozen=True, slots=True)
class Happened(Generic[T]):
    """What was meant is so; ``ours`` unless somebody else did it, and mailed for it.

    ``in_doubt``: it may have been either, as nobody knows what came of a call of ours.
    """

    value: T
    ours: bool = True
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class NotHappened:
    """A read-back found what was before; ``etag`` is the one to send again with."""

    etag: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedElsewhere:
    """A read-back found neither: a person acted, and that stands.

    ``in_doubt``: ours may have happened before, and have mailed both.
    """

    in_doubt: bool = True


ReadBack = Happened[T] | NotHappened | ChangedElsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Generic[T]):
    """One write and all that is needed to make it happen once.

    ``key`` names it for good. ``send`` makes the call, and may answer :class:`Happened` where it
    learns that somebody else was quicker to do the very same. ``look`` reads back, ``keep`` stores
    the result in the same transaction that settles the intent. ``mails`` are those it will cause.
    ``decided_from`` is when what it was decided from was so; None where it is to be done even if
    another pair of the same people has begun something since. ``still_holds``, if given, is asked
    whether it may be done all the same; it is told if anything was begun. ``believed_until`` is
    when a write that was found not to have happened is left to a new decision, instead of being
    made after all; None where it is to be made whenever that is found.
    """

    key: str
    kind: str
    mailbox_id: str
    send: Callable[[Intent], Awaitable[T | Happened[T]]]
    look: Callable[[Intent], Awaitable[ReadBack[T]]]
    keep: Callable[[Transaction, Intent, T], None]
    program_id: str | None = None
    pair_id: str | None = None
    session_id: str | None = None
    event_id: str | None = None
    etag: str | None = None
    transaction_id: str | None = None
    before: Json = field(default_factory=dict)
    after: Json = field(default_factory=dict)
    mails: tuple[Json, ...] = ()
    decided_from: datetime | None = None
    still_holds: Callable[[Transaction, bool], bool] | None = None
    believed_until: datetime | None = None


Record = Callable[[Transaction], None]
"""What is still to be stored; it goes along with the next transaction."""


def keep_nothing(tx: Transaction, intent: Intent, value: object) -> None:
    """For acts that leave no trace but their intents."""


async def perform(app: App, claim: Claim, act: Act[T]) -> T:
    """Make ``act`` happen, or find that it has; return its result.

    Raises:
        NotYet: it waits for its place in the mailbox's pace, or its outcome is not clear yet.
        WritingStoppedError: all writing is stopped; nothing was begun.
        OutdatedError: it is to be decided anew.
        ClaimLostError: somebody else works on this.
        RefusedError: the answer was no; the intent is dropped.
        IntegrationError: nothing happened; the intent waits to be sent.
    """
    intent, found = await _made(app, claim, act, None)
    await app.store.run(_conclusion(app, act, intent, found))
    return found.value


async def perform_in_turn(
    app: App, claim: Claim, acts: Iterable[Act[Any]], *, first: Record | None = None
) -> None:
    """Make ``acts`` happen as ``perform`` does, one after the other, with fewer transactions.

    ``first`` is stored with the first intent, and what became of each act with the intent of the
    next; all of it is stored if an act is not begun. Raises as ``perform``.
    """
    owed = first
    for act in acts:
        intent, found = await _made(app, claim, act, owed)
        owed = _conclusion(app, act, intent, found)
    if owed is not None:
        await app.store.run(owed)


async def _made(
    app: App, claim: Claim, act: Act[T], owed: Record | None
) -> tuple[Intent, Happened[T]]:
    """Store what is owed with the act's intent, make it happen, or find that it has."""
    intent, may_have_happened = await _begun(app, claim, act, owed)
    if may_have_happened:
        found = _if_unknown(act, await act.look(intent))
        if not isinstance(found, NotHappened):
            return intent, await _ours(app, act, intent, found)
        await _refuse_if_decided_long_ago(app, act, intent)
        intent = await _send_again(app, claim, intent, found)
    for _ in range(MOST_RESENDS):
        found = await _send(app, act, intent, doubted=may_have_happened)
        if not isinstance(found, NotHappened):
            return intent, await _ours(app, act, intent, found)
        intent = await _send_again(app, claim, intent, found)
    if not may_have_happened:
        # Every call was refused: whatever stands there then, none of them has done it.
        refused = intent
        await app.store.run(lambda tx: _was_not_sent(tx, refused))
    raise NotYet(app.clock.now() + LOOK_AGAIN, "changed under our hands")


async def _begun(app: App, claim: Claim, act: Act[T], owed: Record | None) -> tuple[Intent, bool]:
    """The act's intent on its way, and whether it may have happened already."""
    now = app.clock.now()

    def begin(tx: Transaction) -> tuple[Intent, bool]:
        if owed is not None:
            owed(tx)
        return _begin(app, tx, claim, act, now)

    try:
        intent, may_have_happened = await app.store.run(begin)
    except (ClaimLostError, NotYet):
        # Not begun, so nothing of that transaction was kept.
        if owed is not None:
            await app.store.run(owed)
        raise
    if intent.state is IntentState.PREPARED:
        raise NotYet(intent.send_at or now, "waiting for its place in the pace of mails")
    return intent, may_have_happened


async def _send(app: App, act: Act[T], intent: Intent, *, doubted: bool) -> ReadBack[T]:
    """Make the call; where its outcome is in doubt, look.

    ``doubted``: an earlier call may have happened already.
    """
    try:
        sent = await act.send(intent)
        return _told(sent, doubted) if isinstance(sent, Happened) else Happened(sent)
    except (ChangedMeanwhileError, DuplicateError) as answer:
        found = await act.look(intent)
        if isinstance(answer, ChangedMeanwhileError) and isinstance(found, Happened):
            # This call was refused: a person has done the very same.
            return _told(replace(found, ours=False), doubted)
        if isinstance(answer, ChangedMeanwhileError) and isinstance(found, ChangedElsewhere):
            return replace(found, in_doubt=found.in_doubt and doubted)
        if isinstance(found, NotHappened) and act.transaction_id is not None:
            # It exists but the search does not show it yet.
            raise _look_later(app, intent, "exists but cannot be seen") from None
        return found
    except OutcomeUnknownError:
        found = _if_unknown(act, await act.look(intent))
        if isinstance(found, NotHappened):
            # What a read shows right after a write can be stale: look again before sending.
            raise _look_later(app, intent, "no clear answer") from None
        return found
    except RefusedError as refusal:
        await drop(app, intent, f"refused_{refusal.status}")
        raise
    except (ThrottledError, NoPermitError, UnreachableError, TokenError, ReadOnlyModeError):
        # Certainly not sent: no read-back is needed next time.
        await app.store.run(lambda tx: _was_not_sent(tx, intent))
        raise


def _if_unknown(act: Act[T], found: ReadBack[T]) -> ReadBack[T]:
    """What a look says after a call of which nothing is known.

    Only what we make bears our mark. That a date stands where we meant it, or is out, does not
    tell who moved it there or took it out.
    """
    if isinstance(found, Happened) and act.event_id is not None:
        return replace(found, in_doubt=True)
    return found


def _told(found: Happened[T], doubted: bool) -> Happened[T]:
    """What a call says that need not have been made: an earlier one may have done it."""
    return found if found.ours else replace(found, ours=doubted, in_doubt=doubted)


def _was_not_sent(tx: Transaction, intent: Intent) -> None:
    """Certain by now: what becomes of it is for whoever decides next."""
    tx.intents.put(replace(intent, state=IntentState.PREPARED))


def _look_later(app: App, intent: Intent, what: str) -> Exception:
    """Look again soon; what stays unclear for long counts as failed, so that it gets seen."""
    now = app.clock.now()
    if now - (intent.send_at or intent.created_at) > UNCLEAR_FOR_LONG:
        return OutcomeUnknownError(f"{intent.kind}: {what}")
    return NotYet(now + LOOK_AGAIN, what)


def _begin(
    app: App, tx: Transaction, claim: Claim, act: Act[T], now: datetime
) -> tuple[Intent, bool]:
    """The act's intent, on its way if its time has come, and whether it may have happened."""
    intent = tx.intents.by_key(act.key)
    if intent is not None and intent.state is IntentState.SENDING:
        return intent, True
    resumed_at = require_writing(tx)
    if intent is None or intent.state is IntentState.DONE:
        intent = _new_intent(app, tx, act, now)
    elif intent.send_at is None or (resumed_at is not None and intent.send_at < resumed_at):
        # Its place in the pace passed while all writing was stopped, with everybody else's.
        intent = replace(intent, send_at=_place_in_pace(app, tx, act, now))
    intent = replace(
        intent, before=act.before, after=act.after, etag=act.etag, event_id=act.event_id
    )
    if intent.send_at is None or intent.send_at <= now:
        _hold_claim(app, tx, claim, now)
        _refuse_if_outdated(tx, act, now)
        intent = replace(intent, state=IntentState.SENDING, sent_at=now)
    tx.intents.put(intent)
    # A store put back from a backup may have forgotten that it created this.
    is_forgotten = act.transaction_id is not None and intent.state is IntentState.SENDING
    return intent, is_forgotten and was_restored(tx)


def _new_intent(app: App, tx: Transaction, act: Act[T], now: datetime) -> Intent:
    return replace(_intent_of(app, act, now), send_at=_place_in_pace(app, tx, act, now))


def _intent_of(app: App, act: Act[T], now: datetime) -> Intent:
    return Intent(
        id=UUID(int=app.chance.getrandbits(128)).hex,
        key=act.key,
        kind=act.kind,
        state=IntentState.PREPARED,
        created_at=now,
        pair_id=act.pair_id,
        session_id=act.session_id,
        mailbox_id=act.mailbox_id,
        event_id=act.event_id,
        transaction_id=act.transaction_id,
        before=act.before,
        after=act.after,
        mails=act.mails,
    )


def _place_in_pace(app: App, tx: Transaction, act: Act[T], now: datetime) -> datetime:
    pace = app.options.mail_pace
    if not act.mails or pace is None:
        return now
    return tx.mailboxes.pace_mails(act.mailbox_id, len(act.mails), now, pace.per_mail, pace.burst)


def owe(app: App, tx: Transaction, act: Act[T], now: datetime) -> None:
    """Record in this transaction that ``act`` has to follow, whatever is decided meanwhile.

    For writes that others leave behind: it is begun by ``perform`` like any other, and gets its
    place in the pace of mails only then. Owing it twice changes nothing.
    """
    known = tx.intents.by_key(act.key)
    if known is None or known.state is IntentState.DONE:
        tx.intents.put(_intent_of(app, act, now))


def _hold_claim(app: App, tx: Transaction, claim: Claim, now: datetime) -> None:
    if not tx.work.extend(claim.work_id, claim.holder, now + app.options.claim_length):
        raise ClaimLostError(f"claim on work {claim.work_id} was lost")


def _refuse_if_outdated(tx: Transaction, act: Act[T], now: datetime) -> None:
    """Begin nothing that another host may just have made wrong for one of the people.

    Two pairs of one person, decided side by side, would be given the same hour of hers, or mail
    her once more than a week allows.
    """
    if act.decided_from is None:
        return
    people = {mail["person"] for mail in act.mails}
    tx.participants.hold(people)
    began = _others_began(tx, act, people, act.decided_from)
    if not (not began if act.still_holds is None else act.still_holds(tx, began)):
        raise OutdatedError(now + DECIDE_AGAIN, "another pair of one of the people has acted")


def _others_began(tx: Transaction, act: Act[T], people: set[str], since: datetime) -> bool:
    others = [pair.id for pair in tx.pairs.of_people(people) if pair.id != act.pair_id]
    return any(
        (intent.sent_at or intent.created_at) >= since
        for intents in tx.intents.recent(others, since).values()
        for intent in intents
    )


async def _refuse_if_decided_long_ago(app: App, act: Act[T], intent: Intent) -> None:
    """Leave what did not happen to its decision, once that is not believed any more.

    A host may wake days after its predecessor has died.
    """
    now = app.clock.now()
    if act.believed_until is None or now <= act.believed_until:
        return
    certain_from = (intent.sent_at or intent.created_at) + STALE_FOR
    if now < certain_from:
        raise NotYet(certain_from, "a read may show what was before the write")
    await app.store.run(lambda tx: _was_not_sent(tx, intent))
    raise OutdatedError(now + DECIDE_AGAIN, "what it was decided from is not believed any more")


async def _send_again(app: App, claim: Claim, intent: Intent, found: NotHappened) -> Intent:
    now = app.clock.now()
    again = replace(intent, etag=found.etag or intent.etag, sent_at=now)

    def record(tx: Transaction) -> None:
        _hold_claim(app, tx, claim, now)
        tx.intents.put(again)

    await app.store.run(record)
    return again


async def _ours(
    app: App, act: Act[T], intent: Intent, found: Happened[T] | ChangedElsewhere
) -> Happened[T]:
    if isinstance(found, Happened):
        return found
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        drop_in(tx, intent, "changed_elsewhere", now)
        if found.in_doubt:
            # Counted as sent, too, so that no week gets more than it may.
            tx.journal.write(*_mails(act, intent, now), *_doubts(act, intent, now))

    await app.store.run(record)
    raise ChangedByPersonError(act.kind)


def _conclusion(app: App, act: Act[T], intent: Intent, found: Happened[T]) -> Record:
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        tx.intents.settle(intent.id, IntentState.DONE, "done", now)
        act.keep(tx, intent, found.value)
        caused = intent if found.ours else replace(intent, mails=())
        tx.journal.write(*_entries(act, caused, now))
        if found.in_doubt:
            tx.journal.write(*_doubts(act, intent, now))

    return record


def _entries(act: Act[T], intent: Intent, now: datetime) -> list[JournalEntry]:
    """The act, and each mail it caused."""
    return [_entry(act, intent, now), *_mails(act, intent, now)]


def _doubts(act: Act[T], intent: Intent, now: datetime) -> list[JournalEntry]:
    """Of each mail that a write may have caused, that it may not have gone out."""
    mails = _mails(act, intent, now)
    return [
        replace(mail, code=IN_DOUBT, data={**mail.data, "message": mail.data["kind"]})
        for mail in mails
    ]


def _mails(act: Act[T], intent: Intent, now: datetime) -> list[JournalEntry]:
    entry = _entry(act, intent, now)
    return [_of_mail(entry, mail) for mail in intent.mails]


def _entry(act: Act[T], intent: Intent, now: datetime) -> JournalEntry:
    return JournalEntry(
        at=now,
        code=act.kind,
        program_id=act.program_id,
        pair_id=act.pair_id,
        session_id=act.session_id,
        intent_id=intent.id,
        mailbox_id=act.mailbox_id,
        data=act.after,
    )


def _of_mail(entry: JournalEntry, mail: Json) -> JournalEntry:
    data = {name: value for name, value in mail.items() if name != "person"}
    return replace(entry, code="mail", person_id=mail["person"], data=data)


async def drop(app: App, intent: Intent, outcome: str) -> None:
    """Give the intent up, journalled with ``outcome``: nothing of it is in any calendar."""
    now = app.clock.now()
    await app.store.run(lambda tx: drop_in(tx, intent, outcome, now))


def drop_in(tx: Transaction, intent: Intent, outcome: str, now: datetime) -> None:
    """``drop`` within a transaction."""
    tx.intents.settle(intent.id, IntentState.DROPPED, outcome, now)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="intent_dropped",
            pair_id=intent.pair_id,
            session_id=intent.session_id,
            intent_id=intent.id,
            mailbox_id=intent.mailbox_id,
            data={"kind": intent.kind, "outcome": outcome},
        )
    )


class ChangedByPersonError(IntegrationError):
    """Somebody changed the event meanwhile; their change stands and the intent was dropped."""

    remedy = "Nothing: the calendar is looked at again and the store follows it."

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind}: the event was changed by somebody meanwhile")
