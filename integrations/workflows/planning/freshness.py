"""Looking again just before writing: a plan is a promise only while the calendars still agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.blockers import PASSING
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    IntentState,
    Pair,
    PairState,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.booking.wave_gate import is_let
from integrations.workflows.changes.case import meant_span
from integrations.workflows.changes.views import slot_of
from integrations.workflows.planning.calendars import Look, look_at, record_look
from integrations.workflows.planning.plan import Roll, horizon, load_roll, plan_with
from scheduling.cadence import SeriesSlot
from scheduling.fits import crowded, still_fits
from scheduling.freebusy import PEOPLE_PER_CALL
from scheduling.problem import Commitment
from scheduling.timespan import TimeSpan


async def require_fresh_plan(app: App, pair: Pair, blockers: Sequence[Blocker]) -> bool:
    """Have the pair's plan rest on a look that may still be believed.

    A stale look is taken again, together with the pairs that are booked next, so that twenty
    people cost one round of calls. Plans that hold stay; those that do not are made anew.

    Returns:
        Whether the pair may have changed in the store.
    """
    if not _needs_a_look(app, pair, blockers, app.clock.now()):
        return False
    async with app.locks["freshness"]:
        await _look_again(app, pair.id)
    return True


async def _look_again(app: App, pair_id: str) -> None:
    now = app.clock.now()
    ids = await app.store.run(lambda tx: _stale_pairs(app, tx, pair_id, now))
    roll = await app.store.run(lambda tx: load_roll(tx, ids, now))
    if not roll.pairs:
        return
    look = await look_at(app, list(roll.people.values()), roll.rule_of_people(), horizon(roll, now))
    sessions = await app.store.run(lambda tx: tx.sessions.of_pairs(ids))
    broken = [pair for pair in roll.pairs if not _holds(pair, sessions[pair.id], roll, look, now)]
    whole = [pair for pair in roll.pairs if pair not in broken]
    await app.store.run(lambda tx: _renew(tx, whole, look, now))
    if broken:
        again = await app.store.run(lambda tx: load_roll(tx, [p.id for p in broken], now))
        await plan_with(app, again, look, _hours(again, later=False), _hours(again, later=True))


def _hours(roll: Roll, *, later: bool) -> dict[str, SeriesSlot]:
    """Hours of series that were decided on: those of later series people are only used to."""
    found = {}
    for pair in roll.pairs:
        slot = slot_of(pair.series)
        if pair.state is PairState.BOOKING and slot is not None and (pair.generation > 1) is later:
            day = roll.terms[pair.id].starts + timedelta(days=7 * slot.phase + slot.weekday)
            found[pair.id] = replace(slot, first_date=day)
    return found


def _needs_a_look(app: App, pair: Pair, blockers: Sequence[Blocker], now: datetime) -> bool:
    """Whether the look behind the plan is too old, or a later one failed to read somebody."""
    return is_stale(app, pair, now) or any(blocker.code in PASSING for blocker in blockers)


def _stale_pairs(app: App, tx: Transaction, pair_id: str, now: datetime) -> list[str]:
    """The pair, if its look is too old, and those next in line with a look as old."""
    pair = tx.pairs.require(pair_id)
    blockers = tx.blockers.open(BlockerScope.PERSON, _members(pair))
    if not _needs_a_look(app, pair, blockers, now):
        # Somebody else has looked while we waited for our turn.
        return []
    ahead = tx.work.due(now + app.options.reading_keeps, kinds=("book_pair",), limit=50)
    ids = [pair_id]
    people = set(_members(pair))
    for work in ahead:
        other = tx.pairs.get(work.subject)
        if other is None or other.id in ids or not is_stale(app, other, now):
            continue
        if tx.bookings.get(f"{other.id}/{other.generation}") is not None:
            continue
        if len(people | set(_members(other))) > PEOPLE_PER_CALL:
            break
        ids.append(other.id)
        people |= set(_members(other))
    return [i for i in ids if not _may_exist_already(tx, i)]


def _members(pair: Pair) -> tuple[str, str]:
    return pair.mentor_id, pair.mentee_id


def is_stale(app: App, pair: Pair, now: datetime) -> bool:
    """Whether the look is too old behind the plan of a pair that has no series yet."""
    if pair.state not in (PairState.PLANNED, PairState.BOOKING):
        return False
    return (
        pair.calendars_read_at is None or now - pair.calendars_read_at > app.options.reading_keeps
    )


def still_holds(planned: Pair, now: datetime, tx: Transaction, others_began: bool) -> bool:
    """Whether the pair is planned as it was and its wave runs.

    If others began something, it must have room beside that.
    """
    pair = tx.pairs.require(planned.id)
    if not is_let(tx, pair):
        return False
    if pair.planned_at != planned.planned_at or not others_began:
        return pair.planned_at == planned.planned_at
    roll = load_roll(tx, [pair.id], now)
    if not roll.pairs:
        return False
    others = [other for other in tx.pairs.of_people(_members(pair)) if other.id != pair.id]
    meant = [
        Commitment(frozenset(_members(other)), span)
        for other in others
        for intent in tx.intents.open(other.id)
        if (span := meant_span(intent)) is not None
    ]
    request = roll.terms[pair.id].request_of(pair)
    zones = {person.id: person.zone or "UTC" for person in roll.people.values()}
    return not any(
        crowded(request, zones, TimeSpan(s.start, s.end), [*roll.commitments, *meant])
        for s in tx.sessions.of_pair(pair.id)
        if s.state is SessionState.PLANNED
    )


def _may_exist_already(tx: Transaction, pair_id: str) -> bool:
    """Whether a write for this pair is on its way: its plan must then stay as it was sent."""
    return any(intent.state is IntentState.SENDING for intent in tx.intents.open(pair_id))


def _holds(pair: Pair, sessions: Sequence[Session], roll: Roll, look: Look, now: datetime) -> bool:
    """Whether every planned date still suits both; what cannot be read does not."""
    if pair.mentor_id not in look.people or pair.mentee_id not in look.people:
        return False
    terms = roll.terms[pair.id]
    request = terms.request_of(pair)
    commitments = [*roll.commitments, *terms.commitments_of(pair)]
    people = look.people[pair.mentor_id], look.people[pair.mentee_id]
    # The notice was kept when the plan was made; waiting for one's turn may use up half of it.
    asked_at = now - request.rule.min_notice / 2
    return all(
        still_fits(
            request,
            people,
            TimeSpan(session.start, session.end),
            now=asked_at,
            commitments=commitments,
        )
        is None
        for session in sessions
        if session.state is SessionState.PLANNED and session.generation == pair.generation
    )


def _renew(tx: Transaction, pairs: Sequence[Pair], look: Look, now: datetime) -> None:
    record_look(tx, look, now)
    for pair in pairs:
        tx.pairs.put(replace(tx.pairs.require(pair.id), calendars_read_at=look.at))
        tx.blockers.clear(BlockerScope.PAIR, pair.id, now, "no_common_slot")
