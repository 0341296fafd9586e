"""What a changed rule comes to for every pair, against today; and saying yes to it.

Booked pairs are shown as their reconciliation would change them, the others as planning would
place them. Nothing is written to find that out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext, sentence
from integrations.page_records import RuleTotals
from integrations.ports import Transaction
from integrations.records import (
    IntentState,
    JournalEntry,
    Pair,
    PairState,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.planning.calendars import look_at
from integrations.workflows.planning.plan import back_to_enrolled, horizon, load_roll, plan_of
from integrations.workflows.rulebook.rule_previews import (
    LIVING,
    PairPreview,
    apply_rule,
    preview_pairs,
)
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.reasons import WORDS
from scheduling.plan import PairPlan

_UNBOOKED = (PairState.ENROLLED, PairState.PLANNED)
WHY: Mapping[str, str] = MappingProxyType(
    {
        "unreadable": N_("somebody's calendar cannot be read now"),
        "same": N_("stays as it is"),
        "planned_anew": N_("is planned anew before it is booked"),
        "none_left": N_("no common hour would be left"),
        "none_either": N_("no common hour either"),
        **{code.value: words for code, words in WORDS.items()},
    }
)
"""Why a pair would change or not, by code."""
_LIVE = (SessionState.PLANNED, SessionState.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a pair stands: dates that have an hour, and those off the series."""

    dates: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One pair today and under the changed rule; ``after`` is None while it cannot be told.

    ``mails`` are those the change causes, to both together; ``changed`` is how many dates become
    others. ``why`` is a code with facts, for ``why_in_words``.
    """

    pair_id: str
    before: Figures
    after: Figures | None
    changed: int = 0
    mails: int = 0
    why: str

    @property
    def is_placed(self) -> bool:
        """Whether the pair has dates under the changed rule."""
        return self.after is not None and self.after.dates > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A changed rule against today, pair by pair; the pairs it changes most come first."""

    pairs: tuple[WhatIf, ...]

    @property
    def totals(self) -> RuleTotals:
        """What the rule comes to for all pairs together."""
        after = [one.after or one.before for one in self.pairs]
        return RuleTotals(
            pairs=len(self.pairs),
            unknown=sum(one.after is None for one in self.pairs),
            placed_before=sum(one.before.dates > 0 for one in self.pairs),
            placed_after=sum(one.is_placed for one in self.pairs),
            dates_before=sum(one.before.dates for one in self.pairs),
            dates_after=sum(figures.dates for figures in after),
            moved_before=sum(one.before.moved for one in self.pairs),
            moved_after=sum(figures.moved for figures in after),
            changed=sum(one.changed for one in self.pairs),
            mails=sum(one.mails for one in self.pairs),
        )


def living_pairs(tx: Transaction, program_id: str) -> list[Pair]:
    """The pairs that a changed rule is about: those booked, paused or still to be booked."""
    return [
        pair
        for pair in tx.pairs.in_state(*LIVING, *_UNBOOKED, program_id=program_id)
        if is_living(pair)
    ]


def is_living(pair: Pair) -> bool:
    """Whether a changed rule is about this pair."""
    return pair.state in LIVING or (pair.state in _UNBOOKED and not pair.withdrawn)


async def compare(app: App, program_id: str, rule: ProgramRule) -> Comparison:
    """What ``rule`` would change for every living pair of the program.

    Raises:
        ThrottledError, UnreachableError, TokenError: Microsoft 365 cannot be read.
    """
    pairs = await app.store.run(lambda tx: living_pairs(tx, program_id))
    found = await compare_pairs(app, pairs, rule)
    return Comparison(pairs=tuple(sorted(found, key=lambda one: (-one.changed, one.pair_id))))


async def compare_pairs(app: App, pairs: Sequence[Pair], rule: ProgramRule) -> list[WhatIf]:
    """What ``rule`` would change for these living pairs; those not booked yet are planned together.

    Raises:
        ThrottledError, UnreachableError, TokenError: Microsoft 365 cannot be read.
    """
    booked = await preview_pairs(app, [pair for pair in pairs if pair.state in LIVING], rule)
    sessions = await app.store.run(lambda tx: tx.sessions.of_pairs([one.pair.id for one in booked]))
    now = app.clock.now()
    found = [_of_booked(one, [s for s in sessions[one.pair.id] if s.end > now]) for one in booked]
    return found + await _of_unbooked(app, [p for p in pairs if p.state in _UNBOOKED], rule)


def _of_booked(one: PairPreview, to_come: Sequence[Session]) -> WhatIf:
    before = _figures(to_come)
    if one.change is None:
        return WhatIf(pair_id=one.pair.id, before=before, after=None, why=_because("unreadable"))
    changes = one.change.changes
    gone = sum(change.before is not None for change in changes)
    new = sum(change.after is not None for change in changes)
    changed_ids = {change.session_id for change in changes}
    kept_moved = sum(s.moved for s in to_come if s.state in _LIVE and s.id not in changed_ids)
    return WhatIf(
        pair_id=one.pair.id,
        before=before,
        after=Figures(dates=before.dates - gone + new, moved=kept_moved),
        changed=max(gone, new),
        mails=one.mails,
        why=_why(one),
    )


def _why(one: PairPreview) -> str:
    if one.change is None or not one.change.changes:
        return _because("same")
    reason = one.change.decision.reason
    return _because(reason.code.value, **reason.facts)


def _because(code: str, **facts: Any) -> str:
    return json.dumps({"code": code, **facts})


def why_in_words(why: str) -> str:
    """A ``WhatIf.why`` as people read it, in the language spoken just now."""
    if not why.startswith("{"):
        # Kept as a sentence by an earlier version.
        return why
    facts = json.loads(why)
    return sentence(WHY[facts.pop("code")], facts)


def _figures(sessions: Sequence[Session]) -> Figures:
    live = [session for session in sessions if session.state in _LIVE]
    return Figures(dates=len(live), moved=sum(session.moved for session in live))


# --- pairs that are not booked yet --------------------------------------------------------


async def _of_unbooked(app: App, pairs: Sequence[Pair], rule: ProgramRule) -> list[WhatIf]:
    if not pairs:
        return []
    ids, now = [pair.id for pair in pairs], app.clock.now()
    roll, sessions = await app.store.run(
        lambda tx: (load_roll(tx, ids, now), tx.sessions.of_pairs(ids))
    )
    terms = {i: replace(each, rule=rule) for i, each in roll.terms.items()}
    roll = replace(roll, terms=terms)
    outcomes: Mapping[str, object] = {}
    if roll.pairs:
        span = horizon(roll, now)
        look = await look_at(app, list(roll.people.values()), roll.rule_of_people(), span)
        outcomes = (await plan_of(app, roll, look)).pairs
    return [_of_plan(i, _figures(sessions[i]), outcomes.get(i)) for i in ids]


def _of_plan(pair_id: str, before: Figures, outcome: object) -> WhatIf:
    if outcome is None:
        return WhatIf(pair_id=pair_id, before=before, after=None, why=_because("unreadable"))
    if not isinstance(outcome, PairPlan):
        after = Figures()
        why = _because("none_left" if before.dates else "none_either")
    else:
        after = Figures(dates=len(outcome.sessions), moved=len(outcome.moved))
        why = _because("planned_anew" if after != before else "same")
    changed = abs(after.dates - before.dates)
    return WhatIf(pair_id=pair_id, before=before, after=after, changed=changed, why=why)


# --- saying yes ---------------------------------------------------------------------------


class OtherMailsError(FaultsError):
    """The rule would cause another number of mails than was named.

    ``mails`` is that number; ``found`` what the rule does, where every pair was just looked at.
    """

    remedy = N_("Look at what would change again and type the number of mails shown.")

    def __init__(self, mails: int, named: int, found: Comparison | None = None) -> None:
        self.mails, self.found = mails, found
        expected = gettext("exactly %(number)s, the number it would cause now", number=mails)
        super().__init__([Fault("mails", expected, str(named))])


async def save_rule(
    app: App,
    program_id: str,
    rule: ProgramRule,
    *,
    mails: int,
    by: str,
    also: Callable[[Transaction], None] = lambda tx: None,
) -> Comparison:
    """Put the program under the rule if that causes exactly the mails that were named.

    Booked pairs follow by their reconciliation, the others are planned anew. ``also`` is done in
    the transaction that puts the rule in force.

    Raises:
        OtherMailsError: it would cause another number; nothing was changed.
    """
    found = await compare(app, program_id, rule)
    if found.totals.mails != mails:
        raise OtherMailsError(found.totals.mails, mails, found)

    def record(tx: Transaction) -> None:
        put_in_force(app, tx, program_id, rule, mails=mails, by=by)
        also(tx)

    await app.store.run(record)
    app.woken.set()
    return found


def put_in_force(
    app: App, tx: Transaction, program_id: str, rule: ProgramRule, *, mails: int, by: str
) -> None:
    """Put the program under the rule: booked pairs follow it, the others are planned anew."""
    now = app.clock.now()
    before = tx.rules.current(program_id)
    apply_rule(app, tx, program_id, rule)
    after = tx.rules.current(program_id)
    if after.id == before.id:
        return
    data = {"by": by, "version": after.version, "mails": mails}
    tx.journal.write(JournalEntry(at=now, code="rule_saved", program_id=program_id, data=data))
    for pair in tx.pairs.in_state(PairState.PLANNED, program_id=program_id):
        intents = tx.intents.open(pair.id)
        if all(intent.state is not IntentState.SENDING for intent in intents):
            back_to_enrolled(tx, pair)
    tx.work.schedule("plan", "firm", now)
