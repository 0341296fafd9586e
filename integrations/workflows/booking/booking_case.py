"""All that booking one pair looks at, read from the store at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from integrations.blockers import PASSING, STOPPING
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Booking,
    IntentState,
    Json,
    Mailbox,
    Pair,
    Participant,
    Program,
    Session,
)
from integrations.workflows.app import App
from integrations.workflows.booking.crossing import shares_people
from integrations.workflows.booking.wave_gate import is_let
from integrations.workflows.changes.case import rule_of
from integrations.workflows.rulebook.rules import ProgramRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that booking one pair looks at."""

    pair: Pair
    program: Program
    rule: ProgramRule
    mentor: Participant
    mentee: Participant
    sessions: Sequence[Session]
    booking: Booking | None
    being_created: bool
    mailbox: Mailbox | None
    blockers: Sequence[Blocker]
    is_let: bool = True
    shares_people: bool = False

    @property
    def stopped_by(self) -> list[Blocker]:
        """What only a person's act can clear; a new look may clear the rest."""
        clearing = PASSING | {"no_common_slot"}
        return [
            blocker
            for blocker in self.blockers
            if blocker.scope is not BlockerScope.MAILBOX and blocker.code in STOPPING - clearing
        ]

    def mailbox_is_ready(self, today: date) -> bool:
        """Whether the mailbox passed today's trial and nothing stopped it since."""
        stopped = any(
            blocker.scope is BlockerScope.MAILBOX and blocker.code in STOPPING
            for blocker in self.blockers
        )
        return self.mailbox is not None and self.mailbox.checked_on == today and not stopped

    @property
    def mailbox_id(self) -> str:
        """The organizer of this pair's meetings; chosen at enrolment."""
        if self.pair.mailbox_id is None:
            raise LookupError(f"{self.pair.id} has no program mailbox")
        return self.pair.mailbox_id

    @property
    def series(self) -> Json:
        """The planned series slot."""
        if self.pair.series is None:
            raise LookupError(f"{self.pair.id} is not planned")
        return self.pair.series

    @property
    def zone(self) -> str:
        """IANA zone that anchors the series."""
        return str(self.series["zone"])


def booking_key(pair: Pair) -> str:
    """The key of the booking of the pair's present series."""
    return f"{pair.id}/{pair.generation}"


async def load_case(app: App, pair_id: str) -> Case:
    """The pair as the store has it now."""

    def load(tx: Transaction) -> Case:
        pair = tx.pairs.require(pair_id)
        people = tx.participants.many([pair.mentor_id, pair.mentee_id])
        creating = tx.intents.by_key(series_key(pair))
        return Case(
            pair=pair,
            program=tx.programs.require(pair.program_id),
            rule=rule_of(tx, pair),
            mentor=people[pair.mentor_id],
            mentee=people[pair.mentee_id],
            sessions=_in_series(pair, tx.sessions.of_pair(pair.id)),
            booking=tx.bookings.get(booking_key(pair)),
            being_created=creating is not None and creating.state is IntentState.SENDING,
            mailbox=tx.mailboxes.get(pair.mailbox_id or ""),
            blockers=_blockers_on(tx, pair),
            is_let=is_let(tx, pair),
            shares_people=shares_people(tx, pair),
        )

    return await app.store.run(load)


def _blockers_on(tx: Transaction, pair: Pair) -> list[Blocker]:
    """What holds up the pair itself, its people or its mailbox."""
    subjects = {
        (BlockerScope.PAIR, pair.id),
        (BlockerScope.PERSON, pair.mentor_id),
        (BlockerScope.PERSON, pair.mentee_id),
        (BlockerScope.MAILBOX, pair.mailbox_id),
    }
    ids = [subject_id for _, subject_id in subjects if subject_id is not None]
    return [b for b in tx.blockers.open(None, sorted(ids)) if (b.scope, b.subject_id) in subjects]


def _in_series(pair: Pair, sessions: Sequence[Session]) -> list[Session]:
    """The dates of the present series; earlier generations and single events are not booked."""
    return [s for s in sessions if s.generation == pair.generation and not s.single]


def series_key(pair: Pair) -> str:
    """What tags the pair's present series, and the intent that creates it."""
    return f"series/{pair.id}/{pair.generation}"


def invitation_mails(case: Case, kind: str) -> tuple[Json, ...]:
    """The mails of one write while a pair is being booked, one to each of the two."""
    # All of it is the first invitation, which the weekly cap does not count.
    people = (case.mentor, case.mentee)
    return tuple({"person": p.id, "kind": kind, "capped": False} for p in people)
