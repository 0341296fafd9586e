"""What a changed rule would do to every pair, before anybody says yes; and saying yes.

A preview reads calendars and writes nothing at all. Applying stores the rule and gives each
booked pair an order: its reconciliation then does what the preview said, from calendars as they
are by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from integrations.ports import Transaction
from integrations.records import Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import read_calendar, series_view
from integrations.workflows.changes.case import load_case
from integrations.workflows.changes.known_time import horizon_of, read_time
from integrations.workflows.changes.views import pair_view
from integrations.workflows.enrolment.enrol import set_rule
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.rule_changes import RuleChangePreview, preview_rule_change
from scheduling.changes.situation import Situation
from scheduling.changes.views import KnownTime

LIVING = (PairState.BOOKED, PairState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPreview:
    """What would become of one pair; ``change`` is None while somebody cannot be read."""

    pair: Pair
    mentor: str
    mentee: str
    change: RuleChangePreview | None

    @property
    def mails(self) -> int:
        """How many mails would go out, to both together."""
        return 0 if self.change is None else 2 * self.change.mails


async def preview_rule(app: App, program_id: str, rule: ProgramRule) -> list[PairPreview]:
    """For each booked pair of the program, in the order of ids, what ``rule`` would change.

    Raises:
        ThrottledError, UnreachableError, TokenError: Microsoft 365 cannot be read.
    """
    pairs = await app.store.run(lambda tx: tx.pairs.in_state(*LIVING, program_id=program_id))
    return await preview_pairs(app, pairs, rule)


async def preview_pairs(app: App, pairs: Sequence[Pair], rule: ProgramRule) -> list[PairPreview]:
    """For each of these booked pairs, in their order, what ``rule`` would change.

    Raises:
        ThrottledError, UnreachableError, TokenError: Microsoft 365 cannot be read.
    """
    room = asyncio.Semaphore(app.options.workers)

    async def one(pair: Pair) -> PairPreview:
        async with room:
            return await _preview(app, pair.id, rule)

    return list(await asyncio.gather(*map(one, pairs)))


async def _preview(app: App, pair_id: str, rule: ProgramRule) -> PairPreview:
    now, zone = app.clock.now(), app.options.zone
    case = await app.store.run(lambda tx: load_case(tx, pair_id, now, default_zone=zone))
    horizon = horizon_of(case, now, rule.cadence)
    reading = await read_calendar(app, case, horizon)
    time = (await read_time(app, case, reading, horizon)).time
    change = None
    if isinstance(time, KnownTime):
        shown = series_view(case, reading).series if reading else None
        situation = Situation.at(now, pair_view(case), shown, time, limits=case.rule.limits)
        # In a thread, so that pages are answered while many pairs are looked at.
        change = await app.offload(lambda: preview_rule_change(situation, time, rule.cadence))
    return PairPreview(
        pair=case.pair, mentor=case.mentor.name, mentee=case.mentee.name, change=change
    )


def apply_rule(app: App, tx: Transaction, program_id: str, rule: ProgramRule) -> int:
    """Put the program under ``rule`` and tell each booked pair to follow; how many were told."""
    set_rule(app, tx, program_id, rule)
    cadence = rule.to_body()["cadence"]
    pairs = tx.pairs.in_state(*LIVING, program_id=program_id)
    for pair in pairs:
        orders.apply_rule(app, tx, pair, cadence)
    return len(pairs)
