"""What a changed rule comes to for every pair, against today; and saying yes to it.

Booked pairs are shown as their reconciliation would change them, the others as planning would
place them. Nothing is written to find that out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from integrations.errors import Fault, FaultsError
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
from integrations.workflows.calendars import look_at
from integrations.workflows.plan import Roll, back_to_enrolled, horizon, load_roll, plan_of
from integrations.workflows.rule_previews import PairPreview, apply_rule, preview_rule
from integrations.workflows.rules import ProgramRule
from scheduling.plan import PairPlan

_UNBOOKED = (PairState.ENROLLED, PairState.PLANNED)
_LIVE = (SessionState.PLANNED, SessionState.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a pair, or all of them, stand: dates that have an hour, and those off the series."""

    dates: int = 0
    moved: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(dates=self.dates + other.dates, moved=self.moved + other.moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One pair today and under the changed rule; ``after`` is None while it cannot be told.

    ``mails`` are those the change causes, to both together; ``changed`` is how many dates become
    others. ``why`` says it in words.
    """

    pair: Pair
    mentor: str
    mentee: str
    before: Figures
    after: Figures | None
    changed: int
    mails: int
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
    def mails(self) -> int:
        """How many mails go out in all."""
        return sum(one.mails for one in self.pairs)

    @property
    def changed(self) -> int:
        """How many dates become others in all."""
        return sum(one.changed for one in self.pairs)

    @property
    def placed_before(self) -> int:
        """How many pairs have dates today."""
        return sum(one.before.dates > 0 for one in self.pairs)

    @property
    def placed_after(self) -> int:
        """How many pairs would have dates."""
        return sum(one.is_placed for one in self.pairs)

    @property
    def unknown(self) -> int:
        """Of how many pairs nothing can be told, because somebody's calendar cannot be read."""
        return sum(one.after is None for one in self.pairs)

    @property
    def before(self) -> Figures:
        """All pairs today."""
        return sum((one.before for one in self.pairs), Figures())

    @property
    def after(self) -> Figures:
        """All pairs under the changed rule; those that cannot be told stay as they are."""
        return sum((one.after or one.before for one in self.pairs), Figures())


async def compare(app: App, program_id: str, rule: ProgramRule) -> Comparison:
    """What ``rule`` would change for every living pair of the program.

    Raises:
        ThrottledError, UnreachableError, TokenError: Microsoft 365 cannot be read.
    """
    booked = await preview_rule(app, program_id, rule)
    sessions = await app.store.run(lambda tx: tx.sessions.of_pairs([one.pair.id for one in booked]))
    now = app.clock.now()
    found = [_of_booked(one, [s for s in sessions[one.pair.id] if s.end > now]) for one in booked]
    found += await _of_unbooked(app, program_id, rule)
    return Comparison(pairs=tuple(sorted(found, key=lambda one: (-one.changed, one.mentor))))


def _of_booked(one: PairPreview, to_come: Sequence[Session]) -> WhatIf:
    before = _figures(to_come)
    if one.change is None:
        why = "somebody's calendar cannot be read now"
        return _what_if(one.pair, (one.mentor, one.mentee), before, None, why)
    changes = one.change.changes
    gone = sum(change.before is not None for change in changes)
    new = sum(change.after is not None for change in changes)
    changed_ids = {change.session_id for change in changes}
    kept_moved = sum(s.moved for s in to_come if s.state in _LIVE and s.id not in changed_ids)
    after = Figures(dates=before.dates - gone + new, moved=kept_moved)
    return replace(
        _what_if(one.pair, (one.mentor, one.mentee), before, after, _words(one)),
        changed=max(gone, new),
        mails=one.mails,
    )


def _words(one: PairPreview) -> str:
    if one.change is None or not one.change.changes:
        return "stays as it is"
    return one.change.decision.reason.words


def _what_if(
    pair: Pair, names: tuple[str, str], before: Figures, after: Figures | None, why: str
) -> WhatIf:
    return WhatIf(
        pair=pair,
        mentor=names[0],
        mentee=names[1],
        before=before,
        after=after,
        changed=0,
        mails=0,
        why=why,
    )


def _figures(sessions: Sequence[Session]) -> Figures:
    live = [session for session in sessions if session.state in _LIVE]
    return Figures(dates=len(live), moved=sum(session.moved for session in live))


# --- pairs that are not booked yet --------------------------------------------------------


async def _of_unbooked(app: App, program_id: str, rule: ProgramRule) -> list[WhatIf]:
    now = app.clock.now()

    def load(tx: Transaction) -> tuple[Roll, Mapping[str, list[Session]], list[Pair]]:
        pairs = [p for p in tx.pairs.in_state(*_UNBOOKED, program_id=program_id) if not p.withdrawn]
        ids = [pair.id for pair in pairs]
        return load_roll(tx, ids, now), tx.sessions.of_pairs(ids), pairs

    roll, sessions, pairs = await app.store.run(load)
    if not pairs:
        return []
    terms = {i: replace(each, rule=rule) for i, each in roll.terms.items()}
    roll = replace(roll, terms=terms)
    outcomes: Mapping[str, object] = {}
    if roll.pairs:
        span = horizon(roll, now)
        look = await look_at(app, list(roll.people.values()), roll.rule_of_people(), span)
        outcomes = (await plan_of(app, roll, look)).pairs
    people = await app.store.run(
        lambda tx: tx.participants.many({i for p in pairs for i in (p.mentor_id, p.mentee_id)})
    )
    return [
        _of_plan(
            pair,
            (people[pair.mentor_id].name, people[pair.mentee_id].name),
            _figures(sessions[pair.id]),
            outcomes.get(pair.id),
        )
        for pair in pairs
    ]


def _of_plan(pair: Pair, names: tuple[str, str], before: Figures, outcome: object) -> WhatIf:
    if outcome is None:
        return _what_if(pair, names, before, None, "somebody's calendar cannot be read now")
    if not isinstance(outcome, PairPlan):
        after = Figures()
        why = "no common hour would be left" if before.dates else "no common hour either"
    else:
        after = Figures(dates=len(outcome.sessions), moved=len(outcome.moved))
        why = "is planned anew before it is booked" if after != before else "stays as it is"
    what_if = _what_if(pair, names, before, after, why)
    return replace(what_if, changed=abs(after.dates - before.dates))


# --- saying yes ---------------------------------------------------------------------------


class OtherMailsError(FaultsError):
    """The rule would cause another number of mails than was named; ``found`` is what it does."""

    remedy = "Look at what would change again and type the number of mails shown."

    def __init__(self, found: Comparison, named: int) -> None:
        self.found = found
        expected = f"exactly {found.mails}, the number it would cause now"
        super().__init__([Fault("mails", expected, str(named))])


async def save_rule(
    app: App, program_id: str, rule: ProgramRule, *, mails: int, by: str
) -> Comparison:
    """Put the program under the rule if that causes exactly the mails that were named.

    Booked pairs follow by their reconciliation, the others are planned anew.

    Raises:
        OtherMailsError: it would cause another number; nothing was changed.
    """
    found = await compare(app, program_id, rule)
    if found.mails != mails:
        raise OtherMailsError(found, mails)

    def record(tx: Transaction) -> None:
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

    await app.store.run(record)
    app.woken.set()
    return found
