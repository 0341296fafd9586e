"""Standing work: sessions that have ended get their rows, and old intervals are let go."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import BlockerScope, JournalEntry, Session
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.attendance import harvest, judging
from integrations.workflows.attendance.asking import NO_LINKS
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.changes.case import rule_of
from integrations.workflows.look_times import next_night, zones_of_work
from integrations.workflows.standing_work import FIRM, DueAgain
from scheduling.attendance.evidence import EvidenceMode

KIND = "follow_sessions"
RETENTION = "reduce_evidence"
MEMORY = "sessions_followed"
_IDLE = timedelta(hours=4)
_LOOK_BACK = timedelta(days=2)
"""So far back dates may still turn up as over: a move that is noticed late, an outage."""
_AT_ONCE = 500


async def follow_sessions(app: App, claim: Claim, subject: str) -> None:
    """Have every session judged that has ended since the last look, and its reports looked for.

    Raises:
        NotYet: always; the next look is due when the next session ends.
    """
    now = app.clock.now()

    def look(tx: Transaction) -> datetime:
        # Nobody is asked about dates of before Tandem began to follow them.
        seen = tx.switches.get(MEMORY) or now.isoformat()
        back = datetime.fromisoformat(seen) - _LOOK_BACK
        if app.links is not None:
            tx.blockers.clear(BlockerScope.FIRM, FIRM, now, NO_LINKS)
        known = tx.sessions.starting(back, now + _IDLE)
        for session in known:
            if session.end <= now and session.verdict is None:
                _follow(tx, session, now)
        return min((s.end for s in known if s.end > now), default=now + _IDLE)

    again_at = await app.store.run(look)
    raise DueAgain(
        min(again_at, now + _IDLE),
        "the next session ends then",
        lambda tx: tx.switches.set(MEMORY, now.isoformat()),
    )


def _follow(tx: Transaction, session: Session, now: datetime) -> None:
    pair = tx.pairs.require(session.pair_id)
    program = tx.programs.require(pair.program_id)
    tx.work.schedule(judging.KIND, session.id, now)
    mode = mode_at(program, pair.office, session.start)
    first = harvest.next_look(session.end, now)
    if mode is EvidenceMode.TEAMS and first is not None:
        tx.work.schedule(harvest.KIND, session.id, min(first, session.end + harvest.LOOKS[0]))


async def judge_again(app: App, claim: Claim, session_id: str) -> None:
    """Judge a session because time has passed.

    Raises:
        NotYet: the clock may change its word once more.
    """
    now = app.clock.now()
    judgement = await app.store.run(lambda tx: judging.judge_session(tx, app, session_id, now))
    if judgement is not None and judgement.look_again_at is not None:
        raise NotYet(judgement.look_again_at, "the clock may change the verdict")


async def reduce_evidence(app: App, claim: Claim, subject: str) -> None:
    """Let go of intervals whose time is over; minutes and kind of evidence stay.

    Raises:
        NotYet: always; the next round is at night.
    """
    now = app.clock.now()
    last = ""
    while last := await app.store.run(lambda tx, last=last: _reduce_some(tx, last, now)):  # type: ignore[misc]
        pass
    zone = (await app.store.run(lambda tx: zones_of_work(tx, app)))[0]
    raise NotYet(next_night(now, zone), "the next night")


def _reduce_some(tx: Transaction, last: str, now: datetime) -> str:
    """Reduce what is due of the reports beyond ``last``; return how far it came, "" at the end."""
    old = tx.reports.whole(now, after=last, limit=_AT_ONCE)
    kept_for: dict[str, timedelta] = {}
    reduced = []
    for report in old:
        if report.pair_id not in kept_for:
            rule = rule_of(tx, tx.pairs.require(report.pair_id))
            kept_for[report.pair_id] = timedelta(days=rule.attendance.retention_days)
        ended = min(at for at in (report.end, report.fetched_at) if at is not None)
        if ended + kept_for[report.pair_id] <= now:
            reduced.append(replace(report, start=None, end=None, presences=(), reduced_at=now))
    tx.reports.put_many(reduced)
    for session_id in sorted({r.session_id for r in reduced if r.session_id is not None}):
        pair_id = next(r.pair_id for r in reduced if r.session_id == session_id)
        tx.journal.write(
            JournalEntry(at=now, code="evidence_reduced", pair_id=pair_id, session_id=session_id)
        )
    return old[-1].id if old else ""
