"""What the store knows of each pair, read in bulk and given to the core.

Pairs are read a few hundred at a time, so that a report over ten thousand of them stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from integrations.attendance_records import VerdictShown
from integrations.ports import Transaction
from integrations.records import Pair, PairState, PersonShown, Program, SessionDate, SessionState
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.changes.views import pause_of, windows_from
from integrations.workflows.rulebook.roles import leader_on
from integrations.workflows.rulebook.rules import ProgramRule, kind_of
from scheduling.attendance.evidence import EvidenceKind, VerdictKind
from scheduling.attendance.progress import Calm, Progress, SessionOutcome, progress_of
from scheduling.changes.acts import RaiseNeed
from scheduling.changes.reasons import ChangeCode

AT_ONCE = 500
LATE_REPORT = timedelta(days=1)
"""So long after its end a date whose report is missing is asked about."""
_TO_COME = frozenset({SessionState.PLANNED, SessionState.SCHEDULED})
_VERDICTS: Mapping[str, VerdictKind] = MappingProxyType({each.value: each for each in VerdictKind})
_EVIDENCE: Mapping[str | None, EvidenceKind | None] = MappingProxyType(
    {None: None, **{each.value: each for each in EvidenceKind}}
)
_in_order = attrgetter("start", "id")
_PENDING = VerdictKind.PENDING
_NO_ROOM = RaiseNeed(ChangeCode.SHORTFALL).key


class Judged(NamedTuple):
    """A session and every version of its verdict, oldest first; none while it stands ahead."""

    session: SessionDate
    versions: tuple[VerdictShown, ...]
    outcome: SessionOutcome

    @property
    def in_force(self) -> VerdictShown | None:
        """The verdict in force."""
        return self.versions[-1] if self.versions else None

    @property
    def revised_at(self) -> datetime | None:
        """When the verdict in force took the place of one that reports had shown.

        That is one that was more than pending, or one that was pending where a report of Teams
        came late: reports had been written by then, and said that nothing was known.
        """
        said = [v for v in self.versions if v.verdict != VerdictKind.PENDING]
        if len({(v.verdict, v.minutes) for v in said}) > 1:
            return said[-1].at
        if not said or said[-1].kind != EvidenceKind.TEAMS:
            return None
        is_late = said[-1].at - self.session.end > LATE_REPORT
        return said[-1].at if is_late and len(self.versions) > len(said) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A pair with its two people, its sessions that count for something, and where it stands.

    ``dates`` are all its sessions, those included that were cancelled or never booked. ``scores``
    are what the two said to the pulse question, oldest first.
    """

    program: Program
    rule: ProgramRule
    pair: Pair
    mentor: PersonShown
    mentee: PersonShown
    zone: ZoneInfo
    dates: Sequence[SessionDate]
    sessions: tuple[Judged, ...]
    progress: Progress
    scores: tuple[int, ...] = ()

    @property
    def outcomes(self) -> tuple[SessionOutcome, ...]:
        """The sessions as the core counts them."""
        return tuple(judged.outcome for judged in self.sessions)


def histories(
    tx: Transaction, now: datetime, program_id: str | None, default_zone: str
) -> Iterator[History]:
    """The pairs of a program, or of all, in the order of the roster's ids."""
    pairs = [p for p in tx.pairs.all() if program_id in (None, p.program_id)]
    pairs.sort(key=lambda p: (p.program_id, p.roster_id or "", p.id))
    yield from histories_of(tx, pairs, now, default_zone)


def histories_of_person(
    tx: Transaction, now: datetime, person_id: str, default_zone: str
) -> list[History]:
    """Every pair, of whatever program, that a person is or was in."""
    pairs = sorted(tx.pairs.of_people([person_id]), key=lambda p: (p.start_date, p.id))
    return list(_Reader(tx, now, default_zone).read(pairs))


def histories_of(
    tx: Transaction, pairs: Sequence[Pair], now: datetime, default_zone: str
) -> Iterator[History]:
    """These pairs, in the order given."""
    reader = _Reader(tx, now, default_zone)
    for first in range(0, len(pairs), AT_ONCE):
        yield from reader.read(pairs[first : first + AT_ONCE])


class _Reader:
    """Reads pairs; what many of them share is read and worked out once."""

    def __init__(self, tx: Transaction, now: datetime, default_zone: str) -> None:
        self._tx, self._now, self._default_zone = tx, now, default_zone
        self._programs = {program.id: program for program in tx.programs.all()}
        self._rules = {rule.id: parsed_rule(rule.body) for rule in tx.rules.all()}
        self._current: dict[str, ProgramRule] = {}
        self._closed: dict[tuple[object, ...], frozenset[date]] = {}

    def read(self, pairs: Sequence[Pair]) -> Iterator[History]:
        tx, ids = self._tx, [pair.id for pair in pairs]
        people = tx.participants.shown({i for p in pairs for i in (p.mentor_id, p.mentee_id)})
        sessions = tx.sessions.dates_of_pairs(ids)
        versions = tx.verdicts.shown_of_pairs(ids)
        full = {need.pair_id for need in tx.needs.open(ids) if need.key == _NO_ROOM}
        pulses = tx.pulses.of_pairs(ids)
        for pair in pairs:
            history = self._history(pair, people, sessions[pair.id], versions[pair.id], full)
            scores = tuple(pulse.score for pulse in pulses[pair.id])
            yield replace(history, scores=scores) if scores else history

    def _history(
        self,
        pair: Pair,
        people: Mapping[str, PersonShown],
        sessions: Sequence[SessionDate],
        versions: Iterable[VerdictShown],
        full: set[str],
    ) -> History:
        program, rule = self._programs[pair.program_id], self._rule(pair)
        mentor, mentee = people[pair.mentor_id], people[pair.mentee_id]
        zone = ZoneInfo((pair.series or {}).get("zone") or program.zone or self._default_zone)
        by_session: dict[str, list[VerdictShown]] = {}
        for version in versions:
            by_session.setdefault(version.session_id, []).append(version)
        counted = [s for s in sessions if s.id in by_session or s.state in _TO_COME]
        judged = tuple(
            self._judged(program, rule, pair, session, by_session.get(session.id, ()), zone)
            for session in sorted(counted, key=_in_order)
        )
        today = self._now.astimezone(zone).date()
        room = 0 if pair.id in full else _room(pair, rule, counted, today)
        progress = progress_of(
            (one.outcome for one in judged),
            required=rule.cadence.minimum_held or 0,
            today=today,
            room=room,
            calm=self._calm(pair, rule, (mentor, mentee), today),
        )
        return History(
            program=program,
            rule=rule,
            pair=pair,
            mentor=mentor,
            mentee=mentee,
            zone=zone,
            dates=sessions,
            sessions=judged,
            progress=progress,
        )

    def _rule(self, pair: Pair) -> ProgramRule:
        """As ``case.rule_of``, from what was read at once."""
        if pair.rule_id is not None and pair.rule_id in self._rules:
            rule = self._rules[pair.rule_id]
        else:
            if pair.program_id not in self._current:
                current = self._tx.rules.current(pair.program_id)
                self._current[pair.program_id] = self._rules[current.id]
            rule = self._current[pair.program_id]
        own = (pair.series or {}).get("cadence")
        if own is None:
            return rule
        return rule.with_own(parsed_rule({"cadence": own}).cadence)

    def _judged(
        self,
        program: Program,
        rule: ProgramRule,
        pair: Pair,
        session: SessionDate,
        versions: Sequence[VerdictShown],
        zone: ZoneInfo,
    ) -> Judged:
        last = versions[-1] if versions else None
        if last is not None:
            verdict: VerdictKind | None = _VERDICTS[last.verdict]
            minutes, evidence = last.minutes, _EVIDENCE[last.kind]
        else:
            # If it is over, nobody has looked at it yet.
            verdict = _PENDING if session.end <= self._now else None
            minutes, evidence = 0, None
        day = session.start.astimezone(zone).date()
        kind = kind_of(rule, session)
        leader = leader_on(pair, day, session.window, mixed=program.mixed)
        outcome = SessionOutcome(session.id, day, verdict, minutes, evidence, kind, leader)
        return Judged(session, tuple(versions), outcome)

    def _calm(
        self, pair: Pair, rule: ProgramRule, people: Iterable[PersonShown], today: date
    ) -> Calm:
        pauses = (pause_of(data) for data in (*pair.past_pauses, pair.pause) if data)
        offices = tuple(sorted({person.office or "" for person in people}))
        key = (pair.rule_id or pair.program_id, offices, pair.start_date, today)
        if key not in self._closed:
            found = set(rule.cadence.blackout_dates)
            for office in offices:
                if office in rule.holidays:
                    found |= rule.holidays[office].dates(pair.start_date, today)
            self._closed[key] = frozenset(found)
        return Calm(tuple(pause for pause in pauses if pause), self._closed[key])


def _room(pair: Pair, rule: ProgramRule, sessions: Iterable[SessionDate], today: date) -> int:
    """Cadence windows from today's to the last chance of a make-up that have no date yet."""
    if pair.state is not PairState.BOOKED:
        return 0
    cadence, first = rule.cadence, windows_from(pair)
    last = first + timedelta(days=cadence.horizon_days, weeks=rule.limits.make_up_weeks)
    if rule.ends_on is not None:
        last = min(last, rule.ends_on + timedelta(days=1))
    here = max(0, (today - first).days // cadence.window_days)
    beyond = -(-(last - first).days // cadence.window_days)
    full = {session.window for session in sessions if session.generation == pair.generation}
    return max(0, beyond - here) - sum(here <= window < beyond for window in full)
