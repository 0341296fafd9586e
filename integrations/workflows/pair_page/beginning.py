"""The one page before the first booking: the two confirm what is planned for them, or adjust it.

Whoever does not confirm is booked all the same; coordinators see that it was not confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.page_records import Confirmation
from integrations.ports import Transaction
from integrations.records import OVER, JournalEntry, Pair, PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case, load_pair
from integrations.workflows.ordering.orders import WrongStateError
from integrations.workflows.pair_page.acting import Actor
from integrations.workflows.pair_page.words import set_goal
from integrations.workflows.planning.plan import plan_pairs
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.rulebook.terms import first_monday
from scheduling.rule import MOST_OCCURRENCES, CadenceRule

LATEST_START = timedelta(weeks=8)
"""How much later than today the two may begin."""
MOST_FOCUS = 200
_BEFORE = frozenset({PairState.ENROLLED, PairState.PLANNED})
_STANDING = frozenset({SessionState.PLANNED, SessionState.SCHEDULED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What is planned for a pair before its first booking.

    ``starts`` are the Mondays on which it may begin, ``rhythms`` the weeks there may be between
    its dates. ``is_open`` says whether anything can still be changed; confirming can be done later,
    too. ``confirmed`` are the two by participant id, as far as they did.
    """

    case: Case
    dates: tuple[Session, ...]
    start: date
    interval_weeks: int
    starts: tuple[date, ...]
    rhythms: tuple[int, ...]
    is_open: bool
    confirmed: frozenset[str]
    goals: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """What somebody confirms with: None leaves as it is."""

    goal: str = ""
    focus: str | None = None
    start: date | None = None
    interval_weeks: int | None = None


def rhythms(cadence: CadenceRule) -> tuple[int, ...]:
    """Weeks there may be between dates: the rule's, and one less or more where the minimum holds.

    The pair's time together lasts as long as under the rule.
    """
    least = cadence.minimum_held or 1
    return tuple(
        weeks
        for weeks in range(cadence.interval_weeks - 1, cadence.interval_weeks + 2)
        if weeks >= 1 and least <= _occurrences(cadence, weeks) <= MOST_OCCURRENCES
    )


def unconfirmed(tx: Transaction, pairs: Iterable[Pair]) -> dict[str, frozenset[str]]:
    """By pair id, those of the two who have not confirmed; pairs that both confirmed are left out.

    What a coordinator is shown beside a pair that was booked unconfirmed.
    """
    known = {pair.id: frozenset({pair.mentor_id, pair.mentee_id}) for pair in pairs}
    done = tx.confirmations.of_pairs(known)
    return {i: people - set(done[i]) for i, people in known.items() if people - set(done[i])}


def beginning_of(tx: Transaction, app: App, pair_id: str, now: datetime) -> Beginning:
    """What the start page shows."""
    case = load_pair(tx, pair_id, default_zone=app.options.zone)
    pair, cadence = case.pair, case.rule.cadence
    is_open = _is_open(pair)
    dates = [s for s in case.sessions if s.generation == pair.generation and s.state in _STANDING]
    program = ProgramRule.from_body(tx.rules.current(pair.program_id).body)
    return Beginning(
        case=case,
        dates=tuple(sorted(dates, key=lambda session: session.start)),
        start=_begins(pair, now),
        interval_weeks=cadence.interval_weeks,
        starts=_starts(pair, program, now) if is_open else (),
        rhythms=rhythms(program.cadence) if is_open else (),
        is_open=is_open,
        confirmed=frozenset(tx.confirmations.of_pairs([pair_id])[pair_id]),
        goals={person: goal.text for person, goal in tx.goals.of_pair(pair_id).items()},
    )


async def confirm(app: App, actor: Actor, pair_id: str, told: Confirming) -> Beginning:
    """Confirm roles, focus, dates and rhythm, with a goal of one's own; plan anew what changed.

    Another start or rhythm holds for both, and clears what the other one confirmed.

    Raises:
        NotTheirsError: an assistant asks.
        FaultsError: a start or rhythm out of bounds, or too much text; nothing was kept.
        WrongStateError: the pair has ended.
    """
    actor.alone("confirm")
    now = app.clock.now()

    def keep(tx: Transaction) -> dict[str, ProgramRule] | None:
        found = beginning_of(tx, app, pair_id, now)
        if found.case.pair.state in OVER:
            raise WrongStateError(pair_id, found.case.pair.state, N_("confirm how it begins"))
        _require_within(found, told)
        start = told.start or found.start
        weeks = told.interval_weeks or found.interval_weeks
        changed = found.is_open and (start, weeks) != (found.start, found.interval_weeks)
        pair = found.case.pair
        if told.focus is not None and found.is_open:
            pair = replace(pair, focus=told.focus.strip() or None)
        if changed:
            tx.sessions.replace_planned(pair_id, ())
            pair = replace(
                pair,
                start_date=start,
                state=PairState.ENROLLED,
                series=None,
                rule_id=None,
                windows_from=None,
            )
            for person in found.confirmed - {actor.person_id}:
                tx.confirmations.remove(f"{pair_id}/{person}")
        tx.pairs.put(pair)
        set_goal(tx, actor, pair, told.goal)
        _keep_confirmed(tx, pair, actor, now)
        return _in_rhythm(tx, pair, weeks) if changed else None

    rules = await app.store.run(keep)
    if rules is not None:
        with app.graph.person_waiting():
            await plan_pairs(app, [pair_id], rules=rules)
    return await app.store.run(lambda tx: beginning_of(tx, app, pair_id, app.clock.now()))


def _keep_confirmed(tx: Transaction, pair: Pair, actor: Actor, now: datetime) -> None:
    tx.confirmations.put(Confirmation(pair_id=pair.id, person_id=actor.person_id, at=now))
    tx.journal.write(
        JournalEntry(
            at=now,
            code="start_confirmed",
            program_id=pair.program_id,
            pair_id=pair.id,
            person_id=actor.person_id,
        )
    )


def _is_open(pair: Pair) -> bool:
    """Whether nothing of the pair stands in calendars and no hours are offered."""
    return pair.state in _BEFORE and pair.generation == 1 and pair.offer is None


def _begins(pair: Pair, now: datetime) -> date:
    if pair.windows_from is not None:
        return pair.windows_from
    return first_monday(max(pair.start_date, now.date()))


def _starts(pair: Pair, rule: ProgramRule, now: datetime) -> tuple[date, ...]:
    soonest = first_monday(now.date() + timedelta(days=1))
    latest = max(soonest, _begins(pair, now)) + LATEST_START
    if rule.ends_on is not None:
        lasts = timedelta(days=rule.cadence.horizon_days)
        latest = max(_begins(pair, now), min(latest, rule.ends_on - lasts))
    weeks = range((latest - soonest).days // 7 + 1)
    return tuple(soonest + timedelta(weeks=n) for n in weeks)


def _in_rhythm(tx: Transaction, pair: Pair, weeks: int) -> dict[str, ProgramRule]:
    """The rule of the pair's own with that many weeks between dates; none where it needs none."""
    rule = ProgramRule.from_body(tx.rules.current(pair.program_id).body)
    cadence = rule.cadence
    if weeks == cadence.interval_weeks:
        return {}
    occurrences = _occurrences(cadence, weeks)
    own = replace(
        cadence,
        interval_weeks=weeks,
        occurrences=occurrences,
        # As long as the rule's own, give or take the part of a window that is left over.
        shorter_than_four_months=True,
    )
    return {pair.id: rule.model_copy(update={"cadence": own})}


def _occurrences(cadence: CadenceRule, weeks: int) -> int:
    return cadence.horizon_days // (7 * weeks)


def _require_within(found: Beginning, told: Confirming) -> None:
    faults = []
    if told.focus is not None and len(told.focus.strip()) > MOST_FOCUS:
        faults.append(
            Fault(
                "focus",
                gettext("at most %(most)s characters", most=MOST_FOCUS),
                str(len(told.focus)),
            )
        )
    if found.is_open and told.start not in (None, found.start, *found.starts):
        faults.append(Fault("start", N_("one of the Mondays shown"), str(told.start)))
    if found.is_open and told.interval_weeks not in (None, found.interval_weeks, *found.rhythms):
        faults.append(
            Fault("interval_weeks", N_("one of the rhythms shown"), str(told.interval_weeks))
        )
    if faults:
        raise FaultsError(faults, remedy=N_("Choose among what the page shows."))
