"""Standing work: sessions that have ended get their rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.ports import Transaction
from integrations.records import BlockerScope, Session
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.attendance import harvest, judging
from integrations.workflows.attendance.asking import NO_LINKS
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.standing_work import FIRM, DueAgain
from scheduling.attendance.evidence import EvidenceMode

KIND = "follow_sessions"
MEMORY = "sessions_followed"
_IDLE = timedelta(hours=4)
_LOOK_BACK = timedelta(days=2)
"""So far back dates may still turn up as over: a move that is noticed late, an outage."""


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
