"""The one door to a verdict: all evidence of a session goes to the core, its word into the store.

Nothing else writes a verdict. Whoever adds evidence calls ``judge_session`` in the same
transaction; what only time changes is due work (``judge_session`` by its row).
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256

from integrations.attendance_records import KeptCorrection, KeptReport, KeptStatement, KeptVerdict
from integrations.ports import Transaction
from integrations.records import (
    JournalEntry,
    Json,
    Pair,
    Participant,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.attendance.asking import ask
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.attendance.pulse import ask_how_it_was
from integrations.workflows.attendance.thanks import remind_of_thanks
from integrations.workflows.changes.case import Case, load_pair
from integrations.workflows.changes.views import is_on_record
from integrations.workflows.noticed import due_pairs
from integrations.workflows.rulebook.rules import ON_TEAMS, ProgramRule
from scheduling.attendance.evidence import (
    Correction,
    Evidence,
    EvidenceKind,
    EvidenceMode,
    Occasion,
    Presence,
    PresenceKind,
    Report,
    Said,
    Statement,
    VerdictKind,
)
from scheduling.attendance.thresholds import WorkingDays
from scheduling.attendance.verdict import Judgement, judge
from scheduling.changes.reasons import ChangeCode
from scheduling.timespan import TimeSpan

KIND = "judge_session"
"""The kind of work that judges again when the clock alone may change a verdict."""
REFUSED, NO_MEETING = "attendance_refused", "attendance_not_found"
"""Blockers of a mailbox and of a pair whose reports Graph does not give."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def judge_session(tx: Transaction, app: App, session_id: str, now: datetime) -> Judgement | None:
    """Judge a session by what the store has; None if it is not one to be judged.

    Where the word changes it becomes a new version and is journalled, and the pair is due if
    something may follow from it: a date is owed or no longer, or a stretch without a meeting gets
    longer or ends. Who is to be asked is asked; when the clock alone may change the word, it is
    judged again. A session whose reports were reduced keeps its verdict unless somebody says
    something after that.
    """
    session = tx.sessions.require(session_id)
    case = load_pair(tx, session.pair_id, default_zone=app.options.zone)
    versions = tx.verdicts.of_session(session_id)
    in_force = versions[-1] if versions else None
    evidence = _evidence(tx, case, session, in_force)
    if evidence is None:
        return None
    occasion = occasion_of(case.rule, case.pair, session)
    judgement = judge(occasion, evidence, case.rule.attendance, now, working_days(case, now))
    _keep(tx, case, session, judgement, in_force, now)
    _keep_readable(tx, app, case.pair, evidence, now)
    if judgement.counts:
        ask_how_it_was(tx, app, case, session, now)
        remind_of_thanks(tx, case, session, now)
    if judgement.ask:
        ask(tx, app, case, session, judgement.ask, now)
    if judgement.look_again_at is not None:
        tx.work.schedule(KIND, session_id, judgement.look_again_at)
    return judgement


def occasion_of(rule: ProgramRule, pair: Pair, session: Session) -> Occasion:
    """The session as the core judges it; a pair with a place may meet there."""
    return Occasion(
        session_id=session.id,
        span=TimeSpan(session.start, session.end),
        mentor=pair.mentor_id,
        mentee=pair.mentee_id,
        in_person=rule.place_of(pair.place) != ON_TEAMS,
    )


def report_of(kept: KeptReport) -> Report | None:
    """A kept report as the core reads it; None if its times are gone or never could be meant."""
    if kept.start is None or kept.end is None or kept.start >= kept.end:
        return None
    presences = tuple(
        Presence(
            person=presence["person"],
            kind=PresenceKind(presence["kind"]),
            spans=tuple(_span(start, end) for start, end in presence["spans"]),
        )
        for presence in kept.presences
    )
    return Report(kept.id, TimeSpan(kept.start, kept.end), presences, kept.flags)


def working_days(case: Case, now: datetime) -> dict[str, WorkingDays]:
    """The working days of the two by person, with their offices' holidays around ``now``."""
    return {person.id: _days_of(case, person, now) for person in case.people}


def _days_of(case: Case, person: Participant, now: datetime) -> WorkingDays:
    own = frozenset(at for at, day in enumerate(_DAYS) if person.hours.get(day))
    holidays = case.rule.holidays.get(person.office or "")
    years = date(now.year - 1, 1, 1), date(now.year + 1, 12, 31)
    return WorkingDays(
        zone=case.zone_of(person),
        weekdays=own or frozenset(case.rule.cadence.weekdays),
        closed=holidays.dates(*years) if holidays else frozenset(),
    )


# --- evidence from the store --------------------------------------------------------------


def _evidence(
    tx: Transaction, case: Case, session: Session, in_force: KeptVerdict | None
) -> Evidence | None:
    corrections = tx.corrections.of_sessions([session.id])[session.id]
    statements = tx.statements.of_sessions([session.id])[session.id]
    took_place = session.state is SessionState.SCHEDULED
    if not (took_place or corrections or statements):
        return None
    kept = [r for r in tx.reports.of_pairs([case.pair.id])[case.pair.id] if _is_of(r, session)]
    reduced_at = max((r.reduced_at for r in kept if r.reduced_at is not None), default=None)
    said_at = [*(word.at for word in corrections), *(word.at for word in statements)]
    if reduced_at and all(at < reduced_at for at in said_at):
        return None
    return Evidence(
        mode=mode_at(case.program, case.pair.office, session.start),
        reports=tuple(found for report in kept if (found := report_of(report)) is not None),
        statements=tuple(map(_statement, statements)),
        correction=_correction(corrections[-1]) if corrections else None,
        blocked=_is_blocked(tx, case.pair),
        minutes_kept=_teams_minutes(in_force) if reduced_at else None,
    )


def _is_of(report: KeptReport, session: Session) -> bool:
    return report.session_id == session.id


def _teams_minutes(in_force: KeptVerdict | None) -> int | None:
    rests_on_teams = in_force is not None and in_force.kind == EvidenceKind.TEAMS
    return in_force.minutes if in_force is not None and rests_on_teams else None


def _is_blocked(tx: Transaction, pair: Pair) -> bool:
    found = tx.blockers.open(None, [pair.id, pair.mailbox_id or ""])
    return any(blocker.code in (REFUSED, NO_MEETING) for blocker in found)


def _statement(kept: KeptStatement) -> Statement:
    span = TimeSpan(kept.start, kept.end) if kept.start and kept.end else None
    return Statement(kept.person_id, Said(kept.said), kept.at, span, kept.in_person)


def _correction(kept: KeptCorrection) -> Correction:
    return Correction(VerdictKind(kept.verdict), kept.minutes, kept.at)


def _span(start: str, end: str) -> TimeSpan:
    return TimeSpan(datetime.fromisoformat(start), datetime.fromisoformat(end))


# --- what comes of it -----------------------------------------------------------------------


def _keep(
    tx: Transaction,
    case: Case,
    session: Session,
    judgement: Judgement,
    in_force: KeptVerdict | None,
    now: datetime,
) -> None:
    reasons: tuple[Json, ...] = tuple(
        {"code": reason.code.value, **reason.facts} for reason in judgement.reasons
    )
    digest = _digest(judgement, reasons)
    if in_force is not None and in_force.digest == digest:
        return
    verdict = KeptVerdict(
        session_id=session.id,
        version=1 if in_force is None else in_force.version + 1,
        pair_id=session.pair_id,
        verdict=judgement.verdict.value,
        minutes=judgement.minutes_together,
        kind=judgement.kind.value if judgement.kind else None,
        digest=digest,
        at=now,
        reasons=reasons,
    )
    tx.verdicts.add(verdict)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="verdict",
            program_id=case.program.id,
            pair_id=session.pair_id,
            session_id=session.id,
            data={
                "version": verdict.version,
                "verdict": verdict.verdict,
                "minutes": verdict.minutes,
                "kind": verdict.kind,
                "was": in_force.verdict if in_force else None,
                "reasons": [reason["code"] for reason in reasons],
            },
        )
    )
    _keep_counts(tx, session.id, verdict.verdict, judgement.counts, now)


def _digest(judgement: Judgement, reasons: tuple[Json, ...]) -> str:
    """Of what a version says. Waiting for another reason is the same word."""
    is_open = judgement.verdict is VerdictKind.PENDING
    said = [
        judgement.verdict.value,
        judgement.minutes_together,
        judgement.kind.value if judgement.kind else None,
        [] if is_open else reasons,
    ]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _keep_counts(
    tx: Transaction, session_id: str, verdict: str, counts: bool | None, now: datetime
) -> None:
    session = tx.sessions.require(session_id)
    judged = replace(session, held=counts, verdict=verdict)
    tx.sessions.put(judged)
    # Owed is what was lost for certain: a date that was held counted already while it stood.
    is_owed_otherwise = (session.held is False) != (counts is False)
    had, has = is_on_record(session), is_on_record(judged)
    if is_owed_otherwise or (had and not has) or (has and not had and _alerted(tx, judged.pair_id)):
        due_pairs(tx, [session.pair_id], now)


def _alerted(tx: Transaction, pair_id: str) -> bool:
    """Whether a stretch without a meeting has been reported, which a meeting ends."""
    codes = {need.key.partition(":")[0] for need in tx.needs.open([pair_id])}
    return ChangeCode.NOTHING_ON_RECORD in codes


def _keep_readable(
    tx: Transaction, app: App, pair: Pair, evidence: Evidence, now: datetime
) -> None:
    """Whether a meeting would have been told of: no alert where nobody could know."""
    if evidence.mode is EvidenceMode.TEAMS:
        readable = not evidence.blocked
    else:
        readable = evidence.mode is EvidenceMode.SELF_REPORT and app.links is not None
    known = tx.pairs.require(pair.id)
    if known.evidence_readable != readable:
        tx.pairs.put(replace(known, evidence_readable=readable))
        # The days without a meeting count again, or no more: the day of the alert is another.
        due_pairs(tx, [pair.id], now)
