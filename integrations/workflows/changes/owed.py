"""Writes that are under way or owed: gone on with before anything new is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.errors import NotFoundError, RefusedError
from integrations.ports import EventSnapshot, Transaction
from integrations.records import Intent, IntentState
from integrations.workflows.acting import (
    STALE_FOR,
    ChangedByPersonError,
    Claim,
    NotYet,
    OutdatedError,
    drop,
    drop_in,
    owe,
)
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.dates import numbers_of, single_key
from integrations.workflows.changes.ending import single_step
from integrations.workflows.changes.steps import Step, StepKind, step_of
from integrations.workflows.changes.writes import CROSSING, act_of, keep_done, write
from scheduling.timespan import TimeSpan

_DAY = timedelta(days=1)


async def settle_open(app: App, claim: Claim, case: Case) -> bool:
    """Go on with what may have been sent and what is owed; whether there was anything.

    Their decisions may not come again. What was certainly not sent and is not owed is left to its
    decision. The case is not what the store holds any more if this returns True.

    Raises:
        NotYet, ClaimLostError, IntegrationError: as ``perform``; nothing is to be decided yet.
    """
    if not _going_on(case.open_intents):
        return False
    await settle_owed(app, claim, case)
    return True


async def settle_owed(app: App, claim: Claim, case: Case) -> None:
    """As ``settle_open``, for what is under way and owed in the store by now.

    What seems to be so already is believed once a read cannot show any more what was before the
    write that left it owing; all else is done first.
    """
    while going_on := await app.store.run(lambda tx: _going_on(tx.intents.open(case.pair.id))):
        instances = await _instances(app, [step for _, step in going_on])
        doubted = []
        for intent, step in going_on:
            if not await _go_on(app, claim, case, intent, step, instances):
                doubted.append(intent)
        if len(doubted) == len(going_on):
            due_at = min(intent.created_at for intent in doubted) + STALE_FOR
            raise NotYet(due_at, "a read may show what was before the series was cut")


async def drop_unwanted(app: App, case: Case) -> None:
    """Give up what was prepared, never sent, and is wanted by no decision any more.

    To be called once nothing is left to decide: a write still wanted was decided again.
    """
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        for intent in tx.intents.open(case.pair.id):
            if intent.state is IntentState.PREPARED and step_of(intent) is not None:
                drop_in(tx, intent, "not_wanted_any_more", now)

    if any(step_of(intent) is not None for intent in case.open_intents):
        await app.store.run(record)


def _going_on(intents: Iterable[Intent]) -> list[tuple[Intent, Step]]:
    """Those that do not wait for a decision, in the order in which they were begun."""
    steps = [(intent, step) for intent in intents if (step := step_of(intent)) is not None]
    return [(i, step) for i, step in steps if step.owed or i.state is IntentState.SENDING]


async def _instances(app: App, steps: Sequence[Step]) -> Mapping[datetime, EventSnapshot]:
    """The occurrences that owed steps name by their series alone, by recurrence id."""
    named = [s for s in steps if s.event_id is None and s.recurrence_id is not None]
    if not named:
        return {}
    starts = [at for s in named if (at := s.recurrence_id) is not None]
    starts += [s.to.start for s in named if s.to is not None]
    around = TimeSpan(min(starts) - _DAY, max(starts) + _DAY)
    try:
        found = await app.graph.calendar.instances(
            named[0].mailbox_id, named[0].master_id or "", around
        )
    except NotFoundError:
        return {}
    return {event.original_start or event.span.start: event for event in found}


async def _go_on(
    app: App,
    claim: Claim,
    case: Case,
    intent: Intent,
    step: Step,
    instances: Mapping[datetime, EventSnapshot],
) -> bool:
    """Do one of them; False if a read that may be stale shows it as done."""
    if step.recurrence_id is not None and step.event_id is None:
        event = instances.get(step.recurrence_id)
        if event is None or event.span == step.to:
            if app.clock.now() < intent.created_at + STALE_FOR:
                return False
            await _needless(app, case, intent, step, event)
            return True
        step = replace(step, event_id=event.id, etag=event.etag, stands=event.span)
    has_begun = step.is_new_date and step.target.start <= app.clock.now()
    if has_begun and intent.state is IntentState.PREPARED:
        await drop(app, intent, "decided_long_ago")
        return True
    try:
        await write(app, claim, case, step)
    except (ChangedByPersonError, OutdatedError):
        # It is given up: the calendar is looked at afresh, and what is to be done decided anew.
        return True
    except RefusedError as refusal:
        if step.kind is StepKind.RESTORE and refusal.code == CROSSING:
            await _owe_single(app, case, step)
        elif step.owed:
            await _owe_again(app, case, step)
            raise
    return True


async def _needless(
    app: App, case: Case, intent: Intent, step: Step, event: EventSnapshot | None
) -> None:
    """It is so already, and nobody was mailed."""
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        drop_in(tx, intent, "so_already", now)
        keep_done(app, tx, case, step, event)

    await app.store.run(record)


async def _owe_single(app: App, case: Case, step: Step) -> None:
    """A kept date that Exchange lets no occurrence hold: an event of its own instead."""
    numbers = await numbers_of(app, case)
    now = app.clock.now()
    session_id = step.session_id or ""
    taken_out = replace(
        step,
        kind=StepKind.CANCEL,
        key=f"{step.key}/single",
        session_id=None,
        to=None,
        owes=(
            single_step(
                step.mailbox_id, step.zone, single_key(session_id, numbers), session_id, step.target
            ),
        ),
    )
    await app.store.run(lambda tx: owe(app, tx, act_of(app, case, taken_out), now))


async def _owe_again(app: App, case: Case, step: Step) -> None:
    """A refusal does not end what is owed: somebody has to mend its cause."""
    now = app.clock.now()
    await app.store.run(lambda tx: owe(app, tx, act_of(app, case, step), now))
