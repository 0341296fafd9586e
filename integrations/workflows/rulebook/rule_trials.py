"""A changed rule tried on every pair of a large program, as due work: progress, stop, one yes.

Looking at a pair takes a tenth of a second, so of thousands nobody waits for the end. The trial is
a row of the store, what it comes to for each pair another; a worker goes through those that are
not known yet, so that it may die, be stopped and go on. What is found stays until somebody says
yes, drops it or tries another rule. Pairs that changed meanwhile are told by the journal and
looked at again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext, ngettext
from integrations.page_records import RuleTotals, TriedPair, TriedRule, TryState
from integrations.ports import Transaction
from integrations.records import Pair, Work, WorkState
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.holding import held
from integrations.workflows.planning.calendar_age import OLD
from integrations.workflows.rulebook.rule_previews import LIVING
from integrations.workflows.rulebook.rule_whatif import (
    Figures,
    OtherMailsError,
    WhatIf,
    compare_pairs,
    is_living,
    living_pairs,
    put_in_force,
)
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.work import wake

KIND = "try_rule"
AT_A_TIME = 40
"""So many booked pairs are looked at between two looks at whether somebody stopped it."""
TURN = timedelta(minutes=4)
"""After this the row is given back, so that no host ends a function that runs for too long."""
_ENTRIES = 5_000


class NoTrialError(NotPossibleError):
    """No rule is being tried, or another one by now."""

    remedy = N_("Open the rule and look at what a change would do.")

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(gettext("this rule is no longer being tried"))


class OutdatedTrialError(FaultsError):
    """What was found may not be said yes to: ``why`` says what has changed since."""

    remedy = N_("Try the rule again and look at what it comes to now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HowFar:
    """How far the trial of a program's rule is.

    ``trouble`` is the code of what keeps it from going on, ``again_at`` when it is tried again
    (None where it was put aside).
    """

    trial: TriedRule
    done: int
    trouble: str | None
    again_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a tried rule comes to, and what has changed since.

    ``outdated`` are pairs that changed, came or went after they were looked at; ``looked_from`` is
    when the first of the others was. ``is_other_rule``: another rule is in force by now.
    """

    trial: TriedRule
    totals: RuleTotals
    outdated: frozenset[str]
    looked_from: datetime | None
    is_other_rule: bool

    def is_old(self, now: datetime) -> bool:
        """Whether calendars may have changed that nothing has told of."""
        return self.looked_from is not None and now - self.looked_from > OLD


# --- asking for it ------------------------------------------------------------------------


async def is_large(app: App, program_id: str) -> bool:
    """Whether trying a rule on the program's pairs takes longer than anybody waits."""
    pairs = await app.store.run(lambda tx: living_pairs(tx, program_id))
    return len(pairs) > app.options.tried_at_once


async def begin(app: App, program_id: str, rule: ProgramRule, *, by: str) -> None:
    """Try the rule on all pairs; what another trial of the program has found is forgotten."""

    def record(tx: Transaction) -> Work:
        now = app.clock.now()
        work = tx.work.take_up(KIND, program_id, now)
        tx.tried_rules.forget(program_id)
        tx.tried_rules.add(
            TriedRule(
                program_id=program_id,
                id=uuid.UUID(int=app.secrets.getrandbits(128)).hex,
                rule=rule.to_body(),
                version=tx.rules.current(program_id).version,
                pairs=len(living_pairs(tx, program_id)),
                state=TryState.RUNNING,
                begun_at=now,
                begun_by=by,
                work_id=work.id,
            )
        )
        return work

    await wake(app, await app.store.run(record))


async def stop(app: App, program_id: str) -> None:
    """Look at no more pairs; what was found stays."""

    def record(tx: Transaction) -> None:
        trial = trial_of(tx, program_id)
        if trial.state is TryState.RUNNING:
            tx.tried_rules.put(replace(trial, state=TryState.STOPPED))

    await app.store.run(record)


async def go_on(app: App, program_id: str) -> None:
    """Look at the pairs that are not known yet, and at those that have changed since."""

    def record(tx: Transaction) -> Work:
        trial = trial_of(tx, program_id)
        for pair_id in _outdated(tx, trial):
            tx.tried_pairs.remove(f"{program_id}/{pair_id}")
        tx.tried_rules.put(replace(trial, state=TryState.RUNNING, ended_at=None))
        return tx.work.take_up(KIND, program_id, app.clock.now())

    await wake(app, await app.store.run(record))


async def drop(app: App, program_id: str) -> None:
    """Leave everything as it is and forget what was found."""
    await app.store.run(lambda tx: tx.tried_rules.forget(program_id))


def trial_of(tx: Transaction, program_id: str) -> TriedRule:
    """The rule that is tried on the program.

    Raises:
        NoTrialError: there is none.
    """
    trial = tx.tried_rules.get(program_id)
    if trial is None:
        raise NoTrialError(program_id)
    return trial


# --- doing it -----------------------------------------------------------------------------


async def try_rule(app: App, claim: Claim, program_id: str) -> None:
    """Look at pairs of the program under its tried rule until all are known or it is stopped.

    Raises:
        NotYet: its turn is over and there are more.
    """
    async with held(app, claim):
        turn_ends = app.clock.now() + TURN
        while True:
            trial, left = await app.store.run(lambda tx: _left(tx, program_id, app.clock.now()))
            if trial is None or not left:
                return
            for some in _portions(left):
                if not await _look_at(app, trial, some):
                    return
                if app.clock.now() >= turn_ends:
                    raise NotYet(app.clock.now(), "the other pairs under a tried rule")


def _left(tx: Transaction, program_id: str, now: datetime) -> tuple[TriedRule | None, list[Pair]]:
    """The trial if it goes on, and the pairs it has not looked at; without any, it is done."""
    trial = tx.tried_rules.get(program_id)
    if trial is None or trial.state is not TryState.RUNNING:
        return None, []
    known = tx.tried_pairs.ids(program_id)
    pairs = living_pairs(tx, program_id)
    left = [pair for pair in pairs if pair.id not in known]
    if not left:
        tx.tried_rules.put(replace(trial, state=TryState.DONE, ended_at=now, pairs=len(pairs)))
    return trial, left


def _portions(pairs: Sequence[Pair]) -> Iterable[list[Pair]]:
    """Booked pairs some at a time; the others are planned together, and come last."""
    booked = [pair for pair in pairs if pair.state in LIVING]
    for first in range(0, len(booked), AT_A_TIME):
        yield booked[first : first + AT_A_TIME]
    others = [pair for pair in pairs if pair.state not in LIVING]
    if others:
        yield others


async def _look_at(app: App, trial: TriedRule, pairs: Sequence[Pair]) -> bool:
    """Find out and keep what the rule does to these pairs; False if the trial is over."""
    seq, now = await app.store.run(lambda tx: tx.journal.last_seq()), app.clock.now()
    found = await compare_pairs(app, pairs, parsed_rule(trial.rule))

    def keep(tx: Transaction) -> bool:
        current = tx.tried_rules.get(trial.program_id)
        if current is None or current.id != trial.id:
            return False
        tx.tried_pairs.put_many([_kept(trial.program_id, one, now, seq) for one in found])
        return current.state is not TryState.STOPPED

    return await app.store.run(keep)


def _kept(program_id: str, one: WhatIf, now: datetime, seq: int) -> TriedPair:
    return TriedPair(
        program_id=program_id,
        pair_id=one.pair_id,
        dates_before=one.before.dates,
        moved_before=one.before.moved,
        dates_after=one.after.dates if one.after else None,
        moved_after=one.after.moved if one.after else None,
        changed=one.changed,
        mails=one.mails,
        why=one.why,
        looked_at=now,
        journal_seq=seq,
    )


def _what_if(one: TriedPair) -> WhatIf:
    after = None
    if one.dates_after is not None and one.moved_after is not None:
        after = Figures(dates=one.dates_after, moved=one.moved_after)
    return WhatIf(
        pair_id=one.pair_id,
        before=Figures(dates=one.dates_before, moved=one.moved_before),
        after=after,
        changed=one.changed,
        mails=one.mails,
        why=one.why,
    )


# --- saying yes ---------------------------------------------------------------------------


async def save(app: App, program_id: str, *, mails: int, by: str) -> None:
    """Put the tried rule in force if it causes exactly the mails that were named.

    Of few pairs that have changed since it is found out anew what it comes to.

    Raises:
        NoTrialError: nothing is tried.
        OutdatedTrialError: not all pairs are known, too many have changed, or another rule is in
            force by now.
        OtherMailsError: it would cause another number. Nothing was changed in all three.
    """
    found = await app.store.run(lambda tx: found_of(tx, program_id))
    _refuse_outdated(found, app.options.tried_at_once)
    if found.outdated:
        await _look_again(app, found)
        found = await app.store.run(lambda tx: found_of(tx, program_id))
    if found.totals.mails != mails:
        raise OtherMailsError(found.totals.mails, mails)

    def record(tx: Transaction) -> None:
        version = tx.rules.current(program_id).version
        if trial_of(tx, program_id) != found.trial or version != found.trial.version:
            raise NoTrialError(program_id)
        rule = parsed_rule(found.trial.rule)
        put_in_force(app, tx, program_id, rule, mails=mails, by=by)
        tx.tried_rules.forget(program_id)

    await app.store.run(record)
    app.woken.set()


def _refuse_outdated(found: Found, at_once: int) -> None:
    expected = None
    if found.is_other_rule:
        expected = N_("the rule that was in force when this was tried; another one is by now")
    elif found.trial.state is not TryState.DONE:
        expected = N_("that every pair was looked at first")
    elif len(found.outdated) > at_once:
        expected = ngettext(
            "that the %(num)s pair that has changed is looked at again",
            "that the %(num)s pairs that have changed are looked at again",
            len(found.outdated),
        )
    if expected is not None:
        raise OutdatedTrialError([Fault("mails", expected)])


async def _look_again(app: App, found: Found) -> None:
    def forget(tx: Transaction) -> list[Pair]:
        for pair_id in found.outdated:
            tx.tried_pairs.remove(f"{found.trial.program_id}/{pair_id}")
        return [pair for pair in tx.pairs.many(found.outdated).values() if is_living(pair)]

    await _look_at(app, found.trial, await app.store.run(forget))


# --- looking at it ------------------------------------------------------------------------


def how_far(tx: Transaction, program_id: str) -> HowFar:
    """How far the trial is.

    Raises:
        NoTrialError: there is none.
    """
    trial = trial_of(tx, program_id)
    work = tx.work.get(trial.work_id)
    trouble = work.last_error if work is not None else None
    return HowFar(
        trial=trial,
        done=tx.tried_pairs.count(program_id),
        trouble=trouble,
        again_at=work.due_at if work and trouble and work.state is WorkState.OPEN else None,
    )


def found_of(tx: Transaction, program_id: str) -> Found:
    """What the trial has found so far.

    Raises:
        NoTrialError: there is none.
    """
    trial = trial_of(tx, program_id)
    outdated = frozenset(_outdated(tx, trial))
    return Found(
        trial=trial,
        totals=tx.tried_pairs.totals(program_id),
        outdated=outdated,
        looked_from=tx.tried_pairs.looked_from(program_id, without=outdated),
        is_other_rule=tx.rules.current(program_id).version != trial.version,
    )


def pairs_of(tx: Transaction, program_id: str, *, offset: int, limit: int) -> list[WhatIf]:
    """A stretch of what was found pair by pair, those first that change most."""
    return [
        _what_if(one) for one in tx.tried_pairs.of_program(program_id, offset=offset, limit=limit)
    ]


def _outdated(tx: Transaction, trial: TriedRule) -> set[str]:
    """Pairs that the journal tells of since they were looked at, and those that came since."""
    first = tx.tried_pairs.first_seq(trial.program_id)
    newest = dict(_told_of(tx, tx.journal.last_seq() if first is None else first))
    seen = tx.tried_pairs.seqs(trial.program_id, newest)
    changed = {pair_id for pair_id, seq in newest.items() if seq > seen.get(pair_id, seq)}
    came = tx.pairs.many(pair_id for pair_id in newest if pair_id not in seen).values()
    return changed | {
        pair.id for pair in came if pair.program_id == trial.program_id and is_living(pair)
    }


def _told_of(tx: Transaction, after: int) -> Iterable[tuple[str, int]]:
    """Each pair that the journal tells of after this entry, with the entry's number."""
    while entries := tx.journal.touched(after=after, limit=_ENTRIES):
        people = {e.person_id for e in entries if e.person_id and not e.pair_id}
        pairs = tx.pairs.of_people(people)
        for entry in entries:
            if entry.pair_id:
                yield entry.pair_id, entry.seq
            else:
                theirs = (p for p in pairs if entry.person_id in (p.mentor_id, p.mentee_id))
                yield from ((pair.id, entry.seq) for pair in theirs)
        after = entries[-1].seq
