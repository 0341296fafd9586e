"""Reminding whoever is mentored to say thanks, at the pair's milestones: once each, by mail.

Off unless the program's rule says so (``thanks``). Nobody else hears of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import Session
from integrations.workflows.changes.case import Case
from integrations.workflows.messages.enqueue import Notice, enqueue
from integrations.workflows.rulebook.roles import mentee_on
from scheduling.attendance.progress import usual_milestones

THANKS = "thanks"
_FRESH = timedelta(days=14)


def remind_of_thanks(tx: Transaction, case: Case, session: Session, now: datetime) -> None:
    """Put the reminder into the outbox if this meeting, which was held, reached a milestone."""
    if not case.rule.thanks or now - session.end > _FRESH:
        return
    pair = case.pair
    sessions = tx.sessions.of_pair(pair.id)
    held = sum(one.held is True and one.start <= session.start for one in sessions)
    if held not in {m.held for m in usual_milestones(case.rule.cadence.minimum_held or 0)}:
        return
    zone = (pair.series or {}).get("zone") or case.program.zone
    day = session.start.astimezone(ZoneInfo(zone)).date()
    reader = next(person for person in case.people if person.id == mentee_on(pair, day))
    if reader.enabled and not reader.gone:
        enqueue(tx, case, Notice(THANKS, reader.id, f"{pair.id}#{held}", {"held": held}), now)
