"""Setting programs running: work for every pair that is to be booked, each mailbox in turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest

from integrations.ports import Transaction
from integrations.records import BlockerScope, Pair, PairState, ProgramState
from integrations.workflows.app import App
from integrations.workflows.booking.announce import require_its_day
from integrations.workflows.booking.book import KIND
from integrations.workflows.booking.wave_gate import those_let
from integrations.workflows.changes.case import parsed_rule
from scheduling.changes.views import Mode

GIVEN_UP = ("refused", "work_put_aside", "changed_by_person", "instances_differ")


async def launch(app: App, program_id: str | None = None, *, again: bool = False) -> int:
    """Set the programs running and have work for every planned pair; return how many there are.

    ``again`` also takes up pairs that were given up or refused before.

    Raises:
        AnnouncedLaterError: a program was announced to begin later; nothing is set running.
    """
    now = app.clock.now()

    def record(tx: Transaction) -> int:
        for program in tx.programs.all():
            if program_id in (None, program.id) and program.state is not ProgramState.CLOSED:
                require_its_day(tx, program, now)
                tx.programs.put(replace(program, state=ProgramState.RUNNING))
        return schedule_bookings(tx, now, program_id, again=again)

    return await app.store.run(record)


def _is_picked(tx: Transaction, rule_id: str) -> bool:
    """Whether somebody of the pair picks the hour before a series is booked."""
    rule = parsed_rule(tx.rules.require(rule_id).body)
    return rule.mode is Mode.LIGHT or rule.senior_first_days is not None


def _in_turn(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs of each program mailbox in turn, so that none is left behind with its share."""
    of_mailbox: dict[str, list[Pair]] = {}
    for pair in pairs:
        of_mailbox.setdefault(pair.mailbox_id or "", []).append(pair)
    rounds = zip_longest(*of_mailbox.values())
    return [pair for each in rounds for pair in each if pair is not None]


def schedule_bookings(
    tx: Transaction, now: datetime, program_id: str | None = None, *, again: bool = False
) -> int:
    """Have open work for every pair of running programs whose booking is not complete.

    Of a program that was begun in waves only the pairs of running ones are taken up.
    """
    running = {p.id for p in tx.programs.all() if p.state is ProgramState.RUNNING}
    blocked = tx.blockers.open(BlockerScope.PAIR)
    unknown = {b.subject_id for b in blocked if b.code == "meeting_unknown"}
    begun = (PairState.PLANNED, PairState.BOOKING, PairState.BOOKED)
    pairs = [
        pair
        for pair in those_let(tx, tx.pairs.in_state(*begun, program_id=program_id))
        if pair.program_id in running and (pair.state is not PairState.BOOKED or pair.id in unknown)
    ]
    under = {p.rule_id for p in pairs if p.state is PairState.PLANNED and p.rule_id is not None}
    picking = {rule_id for rule_id in under if _is_picked(tx, rule_id)}
    for place, pair in enumerate(reversed(_in_turn(pairs)), start=1):
        asked_first = pair.state is PairState.PLANNED and pair.rule_id in picking
        # Rows are taken up by when they were due: a moment apart they keep their turn.
        due_at = now - timedelta(microseconds=place)
        kind = "reconcile_pair" if asked_first else KIND
        if again:
            tx.blockers.clear(BlockerScope.PAIR, pair.id, now, *GIVEN_UP)
            tx.work.take_up(kind, pair.id, due_at)
        else:
            tx.work.schedule(kind, pair.id, due_at)
    return len(pairs)
