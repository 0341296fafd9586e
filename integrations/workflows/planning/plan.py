"""Planning pairs: read calendars, let the core decide, keep what it decided and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as midnight_time
from types import MappingProxyType

from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    IntentState,
    JournalEntry,
    Json,
    Pair,
    PairState,
    Participant,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.enrolment.people import refresh_settings
from integrations.workflows.planning.calendars import Look, look_at, record_look
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.rulebook.terms import Terms, terms_of
from scheduling.cadence import SeriesSlot
from scheduling.changes.views import session_id_of
from scheduling.plan import PairPlan, Plan, PlannedSession, Unplaced
from scheduling.planner import plan as plan_problem
from scheduling.problem import Commitment, Problem
from scheduling.reasons import Reason, Remedy
from scheduling.timespan import TimeSpan

# Accounts that no look into a calendar can help.
HOPELESS = ("account_disabled", "guest")


NO_HOURS: Mapping[str, SeriesSlot] = MappingProxyType({})
NO_RULES: Mapping[str, ProgramRule] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PlanReport:
    """How a planning run went, in pairs.

    ``blocked`` pairs have somebody whose account no look into a calendar can help.
    """

    placed: int = 0
    without_slot: int = 0
    unreadable: int = 0
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Roll:
    """Pairs to be planned and all that the store knows about them.

    ``terms`` are under what each pair is planned, by its id.
    """

    pairs: Sequence[Pair]
    terms: Mapping[str, Terms]
    people: Mapping[str, Participant]
    commitments: Sequence[Commitment]

    def rule_of_people(self) -> dict[str, ProgramRule]:
        """Each person's rule: that of the first of their pairs."""
        rules: dict[str, ProgramRule] = {}
        for pair in self.pairs:
            for person in (pair.mentor_id, pair.mentee_id):
                rules.setdefault(person, self.terms[pair.id].rule)
        return rules


async def plan_enrolled(app: App, program_id: str | None = None) -> PlanReport:
    """Plan every pair that is enrolled and not planned yet, those that failed before included."""
    pairs = await app.store.run(
        lambda tx: tx.pairs.in_state(PairState.ENROLLED, program_id=program_id)
    )
    return await plan_pairs(app, [pair.id for pair in pairs])


async def plan_pairs(
    app: App,
    pair_ids: Sequence[str],
    hours: Mapping[str, SeriesSlot] = NO_HOURS,
    rules: Mapping[str, ProgramRule] = NO_RULES,
) -> PlanReport:
    """Plan these pairs together, everything else staying as it is.

    By pair id, ``hours`` are series hours already chosen and ``rules`` stand in for those of their
    programs. Who cannot be read keeps their pairs unplanned, visibly; the others proceed.
    """
    roll = await app.store.run(lambda tx: load_roll(tx, pair_ids, app.clock.now()))
    blocked = len(pair_ids) - len(roll.pairs)
    if not roll.pairs:
        return PlanReport(blocked=blocked)
    await refresh_settings(app, roll.people)
    roll = await app.store.run(lambda tx: load_roll(tx, pair_ids, app.clock.now()))
    own = {i: replace(roll.terms[i], rule=rule, is_own=True) for i, rule in rules.items()}
    roll = replace(roll, terms={**roll.terms, **own})
    look = await look_at(
        app, list(roll.people.values()), roll.rule_of_people(), horizon(roll, app.clock.now())
    )
    return replace(await plan_with(app, roll, look, hours), blocked=blocked)


async def plan_with(
    app: App,
    roll: Roll,
    look: Look,
    hours: Mapping[str, SeriesSlot] = NO_HOURS,
    wishes: Mapping[str, SeriesSlot] = NO_HOURS,
) -> PlanReport:
    """Plan from a look already taken, and store the outcome.

    ``wishes`` are series hours, by pair id, that are kept where no date is lost by it.
    """
    now = app.clock.now()
    problem = await _problem(app, roll, look, now)
    plan = await _planned(app, problem, {**hours, **wishes})
    lost = {i for i in wishes if i in plan.pairs and _loses_dates(plan.pairs[i])}
    if lost:
        plan = await _planned(
            app, problem, {**hours, **{i: wishes[i] for i in wishes.keys() - lost}}
        )
    roll, plan = await _in_halves(app, roll, problem, plan)
    return await app.store.run(lambda tx: _keep(tx, roll, look, plan, now))


async def plan_of(app: App, roll: Roll, look: Look) -> Plan:
    """What planning these pairs from a look comes to; nothing is kept."""
    problem = await _problem(app, roll, look, app.clock.now())
    _, plan = await _in_halves(app, roll, problem, await _planned(app, problem, NO_HOURS))
    return plan


async def _in_halves(app: App, roll: Roll, problem: Problem, plan: Plan) -> tuple[Roll, Plan]:
    """Plan two dates in place of each where too few have a place and the rule allows it.

    Beside what is planned for all others, which stays as it is.
    """
    terms: dict[str, Terms] = {}
    for pair in roll.pairs:
        whole, outcome = roll.terms[pair.id], plan.pairs.get(pair.id)
        rule = whole.rule.halved() if pair.generation == 1 else None
        if rule is not None and outcome is not None and not _has_enough(outcome, pair, whole):
            terms[pair.id] = replace(whole, rule=rule, is_own=True, is_in_halves=True)
    if not terms:
        return roll, plan
    pairs = {pair.id: pair for pair in roll.pairs}
    beside = [
        Commitment(frozenset((pairs[i].mentor_id, pairs[i].mentee_id)), TimeSpan(s.start, s.end))
        for i, outcome in plan.pairs.items()
        if i not in terms and isinstance(outcome, PairPlan)
        for s in outcome.sessions
    ]
    halves = replace(
        problem,
        pairs=tuple(each.request_of(pairs[i]) for i, each in terms.items()),
        commitments=(*problem.commitments, *beside),
    )
    found = (await _planned(app, halves, NO_HOURS)).pairs
    better = {i: one for i, one in found.items() if _has_enough(one, pairs[i], terms[i])}
    roll = replace(roll, terms={**roll.terms, **{i: terms[i] for i in better}})
    return roll, replace(plan, pairs={**plan.pairs, **better})


async def _problem(app: App, roll: Roll, look: Look, now: datetime) -> Problem:
    pairs = [p for p in roll.pairs if p.mentor_id in look.people and p.mentee_id in look.people]
    zones = sorted(
        {look.people[p].zone for pair in pairs for p in (pair.mentor_id, pair.mentee_id)}
    )
    span = horizon(roll, now)
    days = [span.start.date() + timedelta(days=d) for d in range(span.length.days + 1)]
    own = [c for pair in pairs for c in roll.terms[pair.id].commitments_of(pair)]
    return Problem(
        people=look.people,
        pairs=tuple(roll.terms[pair.id].request_of(pair) for pair in pairs),
        now=now,
        commitments=(*roll.commitments, *own),
        anchor_zones=await app.graph.anchor_zones(zones, days),
    )


async def _planned(app: App, problem: Problem, hours: Mapping[str, SeriesSlot]) -> Plan:
    pairs = tuple(replace(request, series=hours.get(request.id)) for request in problem.pairs)
    return await app.offload(lambda: plan_problem(replace(problem, pairs=pairs), explained=True))


def _loses_dates(outcome: PairPlan | Unplaced) -> bool:
    return isinstance(outcome, Unplaced) or bool(outcome.skipped)


def load_roll(tx: Transaction, pair_ids: Iterable[str], now: datetime) -> Roll:
    """These pairs, without those whose people are beyond any look, and what binds their people."""
    wanted = [pair for pair_id in pair_ids if (pair := tx.pairs.get(pair_id)) is not None]
    ids = sorted({person for pair in wanted for person in (pair.mentor_id, pair.mentee_id)})
    hopeless = {
        blocker.subject_id
        for blocker in tx.blockers.open(BlockerScope.PERSON, ids)
        if blocker.code in HOPELESS
    }
    pairs = [p for p in wanted if not {p.mentor_id, p.mentee_id} & hopeless]
    versions = {
        program: tx.rules.current(program) for program in {pair.program_id for pair in pairs}
    }
    current = {program: (rule.id, parsed_rule(rule.body)) for program, rule in versions.items()}
    terms = {pair.id: terms_of(tx, pair, current[pair.program_id], now) for pair in pairs}
    people = tx.participants.many({p for pair in pairs for p in (pair.mentor_id, pair.mentee_id)})
    commitments = commitments_of(tx, people, {p.id for p in pairs}, now)
    return Roll(pairs, terms, people, commitments)


def commitments_of(
    tx: Transaction, person_ids: Iterable[str], leaving_out: set[str], now: datetime
) -> list[Commitment]:
    """Sessions to come of these people's other pairs, of whatever program."""
    others = {
        pair.id: frozenset((pair.mentor_id, pair.mentee_id))
        for pair in tx.pairs.of_people(person_ids)
        if pair.id not in leaving_out
    }
    standing = (SessionState.PLANNED, SessionState.SCHEDULED)
    return [
        Commitment(others[pair_id], TimeSpan(session.start, session.end))
        for pair_id, sessions in tx.sessions.of_pairs(others).items()
        for session in sessions
        if session.state in standing and session.end > now
    ]


def horizon(roll: Roll, now: datetime) -> TimeSpan:
    """Everything any of these pairs may be placed in, whole days of every zone included."""
    starts = [terms.starts for terms in roll.terms.values()]
    ends = [
        terms.starts + timedelta(days=terms.rule.cadence.horizon_days)
        for terms in roll.terms.values()
    ]
    first = datetime.combine(min(starts), midnight_time(), UTC) - timedelta(days=1)
    last = datetime.combine(max(ends), midnight_time(), UTC) + timedelta(days=1)
    return TimeSpan(first, last)


# --- keeping what was decided -------------------------------------------------------------


def _keep(tx: Transaction, roll: Roll, look: Look, plan: Plan, now: datetime) -> PlanReport:
    record_look(tx, look, now)
    counts = {"placed": 0, "without_slot": 0, "unreadable": 0}
    for pair in roll.pairs:
        if tx.pairs.require(pair.id) != pair or is_begun(tx, pair):
            # Somebody else planned it, or has begun to book it, while this was worked out.
            continue
        terms = roll.terms[pair.id]
        outcome = plan.pairs.get(pair.id)
        if outcome is None:
            kind = "unreadable"
            back_to_enrolled(tx, pair)
        elif isinstance(outcome, Unplaced) or not _has_enough(outcome, pair, terms):
            kind = "without_slot"
            _keep_unplaced(tx, pair, outcome, now)
        else:
            kind = "placed"
            _keep_placed(tx, pair, outcome, terms, look.at, now)
        counts[kind] += 1
    return PlanReport(**counts)


def is_begun(tx: Transaction, pair: Pair) -> bool:
    """Whether the pair's series stands, or may: its plan must then stay as it was sent."""
    series = tx.intents.by_key(f"series/{pair.id}/{pair.generation}")
    return series is not None and series.state in (IntentState.SENDING, IntentState.DONE)


def _has_enough(outcome: PairPlan | Unplaced, pair: Pair, terms: Terms) -> bool:
    """Whether so many windows have a date, those of earlier series included, as a series needs."""
    if isinstance(outcome, Unplaced):
        return False
    rule = terms.rule
    dates = len(outcome.sessions) + len(terms.request_of(pair).kept)
    return dates >= math.ceil(rule.cadence.occurrences * rule.least_share)


def back_to_enrolled(tx: Transaction, pair: Pair) -> None:
    """Without a plan; but a later series keeps its terms and its last plan, and waits."""
    if pair.state is PairState.BOOKING and pair.generation > 1:
        return
    _replace_plan(tx, pair, ())
    tx.pairs.put(
        replace(pair, state=PairState.ENROLLED, series=None, rule_id=None, windows_from=None)
    )


def _replace_plan(tx: Transaction, pair: Pair, sessions: Sequence[Session]) -> None:
    """Put another plan in place of one that was never booked, its left out dates included."""
    for session in tx.sessions.of_pair(pair.id):
        if session.generation == pair.generation and session.state is SessionState.SKIPPED:
            tx.sessions.remove(session.id)
    tx.sessions.replace_planned(pair.id, sessions)


def _keep_unplaced(
    tx: Transaction, pair: Pair, outcome: Unplaced | PairPlan, now: datetime
) -> None:
    placed = 0 if isinstance(outcome, Unplaced) else len(outcome.sessions)
    back_to_enrolled(tx, pair)
    data = {
        "placed": placed,
        "reason": reason_data(outcome.reason),
        "remedies": [remedy_data(remedy) for remedy in outcome.remedies],
    }
    new = tx.blockers.set(
        Blocker(
            scope=BlockerScope.PAIR,
            subject_id=pair.id,
            code="no_common_slot",
            since=now,
            data=data,
        )
    )
    if new:
        _journal(tx, pair, "no_common_slot", now, placed=placed, reason=outcome.reason.code.value)


def _keep_placed(
    tx: Transaction, pair: Pair, plan: PairPlan, terms: Terms, read_at: datetime, now: datetime
) -> None:
    rule = terms.rule
    sessions = sessions_of(pair, plan, rule)
    _replace_plan(tx, pair, sessions)
    series = {
        "zone": plan.series.zone,
        "weekday": plan.series.weekday,
        "start": plan.series.start.strftime("%H:%M"),
        "phase": plan.series.phase,
        "first_date": plan.series.first_date.isoformat(),
        "interval_weeks": rule.cadence.interval_weeks,
        "first_window": sessions[0].window,
        "occurrences": len(sessions),
        "reason": reason_data(plan.reason),
        "proven_optimal": plan.proven_optimal,
    }
    if terms.is_own:
        series["cadence"] = rule.to_body()["cadence"]
    is_ordered = pair.state is PairState.BOOKING
    tx.pairs.put(
        replace(
            pair,
            # Nobody is asked again about a series that was decided on.
            state=PairState.BOOKING if is_ordered else PairState.PLANNED,
            rule_id=terms.rule_id,
            windows_from=terms.starts,
            series=series,
            calendars_read_at=read_at,
            planned_at=now,
        )
    )
    tx.blockers.clear(BlockerScope.PAIR, pair.id, now, "no_common_slot", "dates_short")
    if plan.skipped:
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.PAIR,
                subject_id=pair.id,
                code="dates_short",
                since=now,
                data={
                    "placed": len(plan.sessions),
                    "skipped": [s.window for s in plan.skipped],
                    "remedies": [remedy_data(remedy) for remedy in plan.remedies],
                },
            )
        )
    _journal(
        tx,
        pair,
        "planned",
        now,
        placed=len(plan.sessions),
        moved=len(plan.moved),
        skipped=len(plan.skipped),
        proven_optimal=plan.proven_optimal,
    )
    if terms.is_in_halves:
        minutes = rule.cadence.duration_minutes
        _journal(tx, pair, "planned_in_halves", now, minutes=minutes)


def _journal(tx: Transaction, pair: Pair, code: str, now: datetime, **data: object) -> None:
    tx.journal.write(
        JournalEntry(at=now, code=code, program_id=pair.program_id, pair_id=pair.id, data=data)
    )


def sessions_of(pair: Pair, plan: PairPlan, rule: ProgramRule) -> list[Session]:
    """A session for every window from the first to the last that has a date.

    Windows without one at either end are left out of the series; those between are skipped.
    """
    placed = {session.window: session for session in plan.sessions}
    why = {skipped.window: skipped.reason for skipped in plan.skipped}
    return [
        _session(pair, plan, rule, window, placed.get(window), why.get(window))
        for window in range(min(placed), max(placed) + 1)
    ]


def _session(
    pair: Pair,
    plan: PairPlan,
    rule: ProgramRule,
    window: int,
    placed: PlannedSession | None,
    why_not: Reason | None,
) -> Session:
    series_start = plan.series.utc_start(window, rule.cadence.interval_weeks)
    reason = placed.reason if placed else why_not
    return Session(
        id=session_id_of(pair.id, pair.generation, window),
        pair_id=pair.id,
        window=window,
        generation=pair.generation,
        state=SessionState.PLANNED if placed else SessionState.SKIPPED,
        series_start=series_start,
        start=placed.start if placed else series_start,
        end=placed.end if placed else series_start + rule.cadence.duration,
        planned_start=placed.start if placed else series_start,
        moved=placed.moved if placed else False,
        reason=reason_data(reason) if reason else None,
    )


def reason_data(reason: Reason) -> Json:
    """A reason as stored: its code and its facts, which name people by id alone."""
    return {"code": reason.code.value, "facts": dict(reason.facts)}


def remedy_data(remedy: Remedy) -> Json:
    """A remedy as stored."""
    return {"code": str(remedy.code), "gain": remedy.gain, "facts": dict(remedy.facts)}
