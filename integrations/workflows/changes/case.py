"""Everything the store knows of one pair, read in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Booking,
    Intent,
    IntentState,
    Json,
    Mailbox,
    Need,
    Order,
    Pair,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.restored import was_restored
from integrations.workflows.acting import STALE_FOR
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.limits import week_began
from scheduling.changes.views import CancelCause
from scheduling.problem import Commitment
from scheduling.timespan import TimeSpan

EXEMPT_MAILS = frozenset({"invitation", "cancellation"})
"""Mails that the weekly cap does not count unless they say so: first invitations, cancellations."""

_STANDING = (SessionState.PLANNED, SessionState.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything the store knows of one pair.

    ``rule`` is the version its present generation lives under, with the pair's own cadence.
    ``bookings`` are all generations, oldest first; ``needs``, ``blockers`` and ``orders`` the open
    ones.
    ``open_intents`` are neither done nor dropped; ``settled_lately`` those made so recently that
    a read may not show them yet. ``mails_this_week`` counts capped mails by person since Monday
    in their own zone, those on their way included. ``commitments`` are standing sessions of
    the two people's other pairs, with those only planned and where open writes will move them;
    ``elsewhere`` those of them that stand in calendars, by person. ``loaded_at`` is when all of
    this was so; ``may_have_ended`` is the pair view's.
    """

    pair: Pair
    program: Program
    rule: ProgramRule
    mentor: Participant
    mentee: Participant
    sessions: Sequence[Session]
    needs: Sequence[Need]
    default_zone: str
    bookings: Sequence[Booking] = ()
    mailbox: Mailbox | None = None
    blockers: Sequence[Blocker] = ()
    open_intents: Sequence[Intent] = ()
    settled_lately: Sequence[Intent] = ()
    mails_this_week: Mapping[str, int] = field(default_factory=dict)
    commitments: Sequence[Commitment] = ()
    elsewhere: Mapping[str, Sequence[Session]] = field(default_factory=dict)
    orders: Sequence[Order] = ()
    loaded_at: datetime | None = None
    may_have_ended: bool = False

    @property
    def people(self) -> tuple[Participant, Participant]:
        """Mentor and mentee, in this order."""
        return (self.mentor, self.mentee)

    @property
    def mailbox_id(self) -> str:
        """The organizer of this pair's meetings; chosen at enrolment."""
        if self.pair.mailbox_id is None:
            raise LookupError(f"{self.pair.id} has no program mailbox")
        return self.pair.mailbox_id

    def mailbox_of(self, session: Session) -> str:
        """The mailbox in which the session's event stands: that of its generation's series."""
        booking = self.booking_of(session.generation)
        return self.mailbox_id if booking is None else booking.mailbox_id

    @property
    def booking(self) -> Booking | None:
        """The series of the current generation, if there is one."""
        return self.booking_of(self.pair.generation)

    @property
    def zone(self) -> str:
        """IANA zone in which the pair's dates are written: its series', else the mentor's."""
        if self.pair.series is not None:
            return str(self.pair.series["zone"])
        return self.zone_of(self.mentor)

    def zone_of(self, person: Participant) -> str:
        """IANA zone of a person's wall clock; the program's while theirs is unknown."""
        return person.zone or self.program.zone or self.default_zone

    def booking_of(self, generation: int) -> Booking | None:
        """The series of a generation, if there is one."""
        return next((b for b in self.bookings if b.generation == generation), None)

    def session(self, session_id: str) -> Session:
        """The session of that id; ``LookupError`` if the pair has none."""
        for session in self.sessions:
            if session.id == session_id:
                return session
        raise LookupError(f"{self.pair.id} has no session {session_id}")

    def mails(self, kind: str) -> tuple[Json, ...]:
        """What an intent says of a write that mails both of the two."""
        return tuple({"person": person.id, "kind": kind} for person in self.people)


def load_case(tx: Transaction, pair_id: str, now: datetime, *, default_zone: str) -> Case:
    """The pair as the store has it at ``now``; ``LookupError`` if there is no such pair."""
    case = load_pair(tx, pair_id, default_zone=default_zone)
    pair = case.pair
    others = [p for p in tx.pairs.of_people([p.id for p in case.people]) if p.id != pair.id]
    recent = tx.intents.recent([pair_id, *(other.id for other in others)], now - STALE_FOR)
    intents = recent.pop(pair_id)
    theirs = {other: [i for i in some if i.settled_at is None] for other, some in recent.items()}
    sessions = tx.sessions.of_pairs([other.id for other in others])
    case = replace(
        case,
        bookings=tx.bookings.of_pair(pair_id),
        mailbox=tx.mailboxes.get(pair.mailbox_id or ""),
        blockers=_blockers(tx, pair),
        open_intents=[i for i in intents if i.settled_at is None],
        settled_lately=[
            i
            for i in intents
            if i.state is IntentState.DONE and now - (i.settled_at or now) < STALE_FOR
        ],
        commitments=_commitments(others, sessions, theirs, now),
        elsewhere=_elsewhere(case.people, others, sessions, now),
        loaded_at=now,
        may_have_ended=(
            any(session.cause == CancelCause.IN_CALENDAR for session in case.sessions)
            and was_restored(tx)
        ),
    )
    return replace(case, mails_this_week=_mails_this_week(tx, case, others, theirs, now))


def load_pair(tx: Transaction, pair_id: str, *, default_zone: str) -> Case:
    """What a pair view is made of and nothing else: no writes, no mails, nothing of others."""
    pair = tx.pairs.require(pair_id)
    people = tx.participants.many([pair.mentor_id, pair.mentee_id])
    return Case(
        pair=pair,
        program=tx.programs.require(pair.program_id),
        rule=rule_of(tx, pair),
        mentor=people[pair.mentor_id],
        mentee=people[pair.mentee_id],
        sessions=tx.sessions.of_pair(pair_id),
        needs=tx.needs.open([pair_id]),
        orders=tx.orders.open(pair_id),
        default_zone=default_zone,
    )


def rule_of(tx: Transaction, pair: Pair) -> ProgramRule:
    """The rule a pair lives under: its version's, with the cadence of its own if it has one."""
    record = tx.rules.get(pair.rule_id) if pair.rule_id else None
    rule = parsed_rule((record or tx.rules.current(pair.program_id)).body)
    own = (pair.series or {}).get("cadence")
    if own is None:
        return rule
    return rule.with_own(parsed_rule({"cadence": own}).cadence)


def parsed_rule(body: Json) -> ProgramRule:
    """``ProgramRule.from_body``, remembered: the same few bodies are read again and again."""
    return _parsed(json.dumps(body, sort_keys=True))


@lru_cache(maxsize=256)
def _parsed(text: str) -> ProgramRule:
    return ProgramRule.from_body(json.loads(text))


def _blockers(tx: Transaction, pair: Pair) -> list[Blocker]:
    subjects = {
        BlockerScope.PAIR: pair.id,
        BlockerScope.MAILBOX: pair.mailbox_id,
    }
    people = (pair.mentor_id, pair.mentee_id)
    return [
        blocker
        for blocker in tx.blockers.open(None, [pair.id, *people, pair.mailbox_id or ""])
        if (
            blocker.subject_id in people
            if blocker.scope is BlockerScope.PERSON
            else subjects[blocker.scope] == blocker.subject_id
        )
    ]


def _elsewhere(
    people: Iterable[Participant],
    others: Sequence[Pair],
    sessions: Mapping[str, Sequence[Session]],
    now: datetime,
) -> dict[str, list[Session]]:
    return {
        person.id: [
            session
            for pair in others
            if person.id in (pair.mentor_id, pair.mentee_id)
            for session in sessions[pair.id]
            if session.state is SessionState.SCHEDULED and session.end > now
        ]
        for person in people
    }


def _commitments(
    others: Iterable[Pair],
    sessions: Mapping[str, Sequence[Session]],
    open_intents: Mapping[str, Sequence[Intent]],
    now: datetime,
) -> list[Commitment]:
    people = {pair.id: frozenset((pair.mentor_id, pair.mentee_id)) for pair in others}
    standing = [
        Commitment(people[pair_id], TimeSpan(session.start, session.end))
        for pair_id in people
        for session in sessions[pair_id]
        if session.state in _STANDING and session.end > now
    ]
    meant = [
        Commitment(people[pair_id], span)
        for pair_id, intents in open_intents.items()
        for intent in intents
        if (span := meant_span(intent)) is not None and span.end > now
    ]
    return [*standing, *meant]


def meant_span(intent: Intent) -> TimeSpan | None:
    """Where a write will put a date, if its intent says so (``after`` with start and end)."""
    start, end = intent.after.get("start"), intent.after.get("end")
    if start is None or end is None:
        return None
    return TimeSpan(datetime.fromisoformat(start), datetime.fromisoformat(end))


def _mails_this_week(
    tx: Transaction,
    case: Case,
    others: Sequence[Pair],
    open_intents: Mapping[str, Sequence[Intent]],
    now: datetime,
) -> Mapping[str, int]:
    mondays = {p.id: week_began(now, case.zone_of(p)) for p in case.people}
    counted: Counter[str] = Counter(dict.fromkeys(mondays, 0))
    sent = tx.journal.of_person_since(list(mondays), "mail", min(mondays.values()))
    for entry in sent:
        if entry.person_id is not None and entry.at >= mondays[entry.person_id]:
            counted[entry.person_id] += is_capped(entry.data)
    on_their_way = [m for i in open_intents.values() for intent in i for m in intent.mails]
    for mail in on_their_way:
        if mail["person"] in counted:
            counted[mail["person"]] += is_capped(mail)
    for waiting in tx.outbox.waiting([case.pair.id, *(other.id for other in others)]):
        if not waiting.urgent and waiting.person_id in counted:
            counted[waiting.person_id] += 1
    return dict(counted)


def is_capped(mail: Json) -> bool:
    """Whether the weekly cap counts a mail, as its intent or its line in the journal says it."""
    return bool(mail.get("capped", mail["kind"] not in EXEMPT_MAILS))
