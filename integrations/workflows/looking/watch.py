"""Watching people's calendars for appointments over dates, nearer dates more often.

A watch decides and changes nothing: it makes pairs due, and what their reconciliation notes of an
appointment makes its own next look due. Dates within three working days are looked at every hour
of looks, within four weeks once a night, beyond that once a week. The farther ranges include the
nearer ones, so that a night costs one look and not two.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import BlockerScope, Pair, PairState, Participant, Session
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking import check_ins
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.changes.views import stood_of
from integrations.workflows.look_times import (
    WORKING_DAYS,
    is_hour_of_looks,
    last_night,
    next_look,
    zones_of_work,
)
from integrations.workflows.noticed import due_pairs
from integrations.workflows.planning.calendars import Look, look_at, record_look
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.standing_work import DueAgain
from scheduling.changes.conflicts import has_news_over, is_alone_over
from scheduling.changes.working_time import working_days_after
from scheduling.freebusy import Answer, OwnSession, without_own_sessions
from scheduling.people import BusyTable, Person
from scheduling.timespan import TimeSpan

KIND = "watch"
NEAR_DAYS = 3
"""Working days within which dates are looked at every hour."""
DAILY, EVER = timedelta(weeks=4), timedelta(days=3650)
A_WEEK = timedelta(days=6, hours=12)
"""From one night to that a week later, whatever the clocks did between."""
TOO_SOON = timedelta(minutes=30)
MEMORY = "watched"


@dataclass(frozen=True, slots=True)
class Watched:
    """When dates near by, within four weeks, and beyond were last looked at."""

    near_at: datetime | None = None
    daily_at: datetime | None = None
    far_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Round:
    """What is to be looked at now: dates until ``end`` (None: nothing), and whose they are."""

    end: datetime | None
    next_at: datetime
    leaves: Watched
    pairs: Mapping[str, Pair]
    sessions: Sequence[Session]
    people: Mapping[str, Participant]
    rules: Mapping[str, ProgramRule]


async def watch(app: App, claim: Claim, subject: str) -> None:
    """Make pairs due over whose dates an appointment lies, or lay, if it is time to look.

    And invitations to check-ins, which follow these dates.

    Raises:
        NotYet: always; the next look is due then, and what this one saw is kept with it.
    """
    now = app.clock.now()
    this = await app.store.run(lambda tx: _round(tx, app, now))
    if this.end is None:
        raise NotYet(this.next_at, "not an hour of looks")
    look = await _look(app, this, now)

    def record(tx: Transaction) -> None:
        readable_again = _readable_again(tx, look)
        record_look(tx, look, now)
        for at, pair_ids in _concerned(tx, this, look, now).items():
            due_pairs(tx, pair_ids, at)
        due_pairs(tx, _pairs_with(this.pairs, readable_again), now)
        check_ins.due(tx, app)
        _keep(tx, this.leaves)

    raise DueAgain(this.next_at, "the next look", record)


async def _look(app: App, this: _Round, now: datetime) -> Look:
    if not this.sessions:
        return Look({}, {}, now)
    span = TimeSpan(now, max(session.end for session in this.sessions))
    rules = {
        person: this.rules[pair.program_id] for pair in this.pairs.values() for person in _two(pair)
    }
    return await look_at(app, list(this.people.values()), rules, span)


def _two(pair: Pair) -> tuple[str, str]:
    return pair.mentor_id, pair.mentee_id


def _pairs_with(pairs: Mapping[str, Pair], people: Iterable[str]) -> set[str]:
    wanted = set(people)
    return {pair.id for pair in pairs.values() if wanted & set(_two(pair))}


def last_look_at(tx: Transaction) -> datetime | None:
    """When people's calendars were last looked at for dates that stand; None if they never were."""
    seen = _watched(tx)
    looks = (seen.near_at, seen.daily_at, seen.far_at)
    return max((at for at in looks if at is not None), default=None)


# --- what is due ----------------------------------------------------------------------------


def _round(tx: Transaction, app: App, now: datetime) -> _Round:
    watched, zones = _watched(tx), zones_of_work(tx, app)
    end, leaves = _range(watched, zones, now)
    next_at = next_look(now, zones)
    nothing = _Round(None, next_at, watched, {}, (), {}, {})
    if end is None:
        return nothing
    booked = {pair.id: pair for pair in tx.pairs.in_state(PairState.BOOKED)}
    sessions = [s for s in tx.sessions.starting(now, end) if s.pair_id in booked]
    pairs = {session.pair_id: booked[session.pair_id] for session in sessions}
    people = tx.participants.many({person for pair in pairs.values() for person in _two(pair)})
    # Of whoever has left there is nothing to be read; their pairs end by the check of people.
    readable = {i: p for i, p in people.items() if p.enabled and not p.guest and not p.gone}
    rules = {
        program: parsed_rule(tx.rules.current(program).body)
        for program in {pair.program_id for pair in pairs.values()}
    }
    return replace(
        nothing,
        end=end,
        leaves=leaves,
        pairs=pairs,
        sessions=sessions,
        people=readable,
        rules=rules,
    )


def _range(
    watched: Watched, zones: Sequence[str], now: datetime
) -> tuple[datetime | None, Watched]:
    """Until when dates are looked at now, None for not at all, and what that leaves behind."""
    if watched.far_at is None or last_night(now, zones[0]) - watched.far_at >= A_WEEK:
        return now + EVER, Watched(now, now, now)
    if watched.daily_at is None or watched.daily_at < last_night(now, zones[0]):
        return now + DAILY, replace(watched, near_at=now, daily_at=now)
    is_repeated = watched.near_at is not None and now - watched.near_at < TOO_SOON
    if is_repeated or not is_hour_of_looks(now, zones):
        return None, watched
    ends = [working_days_after(now, NEAR_DAYS, zone, WORKING_DAYS) for zone in zones]
    return max(ends), replace(watched, near_at=now)


# --- what was seen --------------------------------------------------------------------------


def _concerned(
    tx: Transaction, this: _Round, look: Look, now: datetime
) -> dict[datetime, set[str]]:
    """Pairs over whose dates there is something new, by when it is their turn."""
    doubtful = [session for session in this.sessions if _is_doubtful(session, this, look)]
    read = {person for session in doubtful for person in _two(this.pairs[session.pair_id])}
    cleared = _without_our_own(tx, look, read)
    found: dict[datetime, set[str]] = defaultdict(set)
    for session in doubtful:
        pair = this.pairs[session.pair_id]
        if _has_news(session, [cleared[person] for person in _two(pair)]):
            rule = this.rules[pair.program_id]
            found[_counts_from(session, pair, rule, now)].add(pair.id)
    return found


def _is_doubtful(session: Session, this: _Round, look: Look) -> bool:
    """Whether both were read and there may be news: most dates have nothing but themselves."""
    people = [look.people.get(person) for person in _two(this.pairs[session.pair_id])]
    span = TimeSpan(session.start, session.end)
    return None not in people and (
        bool(session.conflicts) or any(p and not is_alone_over(p, span) for p in people)
    )


def _without_our_own(tx: Transaction, look: Look, wanted: Iterable[str]) -> dict[str, Person]:
    """These people, with the sessions of all their pairs taken out.

    What they answered is not asked here. Taking a tentative entry first errs towards looking
    closer: a firm appointment at the identical time is then left over, never our own session.
    """
    read = [look.people[person] for person in sorted(wanted)]
    pairs = {pair.id: pair for pair in tx.pairs.of_people(person.id for person in read)}
    own: dict[str, list[OwnSession]] = defaultdict(list)
    for pair_id, sessions in tx.sessions.of_pairs(pairs).items():
        for session in sessions:
            if session.event_id is not None and session.end > look.at:
                meeting = OwnSession(TimeSpan(session.start, session.end), Answer.NONE)
                for person in _two(pairs[pair_id]):
                    own[person].append(meeting)

    def cleared(person: Person) -> Person:
        left = without_own_sessions(person.busy.items(), own[person.id]).items
        return replace(person, busy=BusyTable.of(left))

    return {person.id: cleared(person) for person in read}


def _has_news(session: Session, people: Sequence[Person]) -> bool:
    """Whether something firm lies over the date that is not noted, or what was noted is gone.

    What is noted and still there has its next look from the pair's own reconciliation.
    """
    span = TimeSpan(session.start, session.end)
    stood = stood_of(session)
    hit = {person.id for person in people if has_news_over(person, span, stood)}
    noted = {data["person"] for data in session.conflicts if "since" in data}
    return not hit & noted if hit else bool(noted)


def _counts_from(session: Session, pair: Pair, rule: ProgramRule, now: datetime) -> datetime:
    """When appointments over this date begin to count: now, or when it comes near enough."""
    zone = str((pair.series or {}).get("zone", "UTC"))
    days, worked = rule.limits.conflict_days, rule.cadence.weekdays
    closed = rule.cadence.blackout_dates
    at = now
    while working_days_after(at, days, zone, worked, closed) < session.start:
        at += timedelta(days=1)
    return at


def _readable_again(tx: Transaction, look: Look) -> set[str]:
    """Whose calendar could not be read before and can be now."""
    open_before = tx.blockers.open(BlockerScope.PERSON, look.people)
    return {b.subject_id for b in open_before if b.code == "calendar_unreadable"}


# --- what is remembered of a watch ------------------------------------------------------------


def _watched(tx: Transaction) -> Watched:
    known = json.loads(tx.switches.get(MEMORY) or "{}")
    return Watched(**{name: datetime.fromisoformat(at) for name, at in known.items()})


def _keep(tx: Transaction, watched: Watched) -> None:
    known = {"near_at": watched.near_at, "daily_at": watched.daily_at, "far_at": watched.far_at}
    stamps = {name: at.isoformat() for name, at in known.items() if at is not None}
    tx.switches.set(MEMORY, json.dumps(stamps))
