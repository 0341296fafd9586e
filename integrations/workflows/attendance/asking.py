"""Asking whether two people met: one mail with a personal link, once per person and session."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, JournalEntry, Session
from integrations.workflows.app import App
from integrations.workflows.attendance.links import issue
from integrations.workflows.changes.case import Case
from integrations.workflows.messages.enqueue import Notice, enqueue
from integrations.workflows.standing_work import FIRM

DID_YOU_MEET = "did_you_meet"
NO_LINKS = "no_links"


def ask(
    tx: Transaction,
    app: App,
    case: Case,
    session: Session,
    people: Collection[str],
    now: datetime,
) -> None:
    """Put the question into the outbox for those of the people who were not asked before.

    Without settings for links nobody can be asked: one blocker says so.
    """
    if app.links is None:
        blocker = Blocker(scope=BlockerScope.FIRM, subject_id=FIRM, code=NO_LINKS, since=now)
        tx.blockers.set(blocker)
        return
    links = tx.links.of_sessions([session.id])[session.id]
    asked = {link.person_id for link in links if link.purpose == DID_YOU_MEET}
    for person in case.people:
        there = person.enabled and not person.gone
        if person.id in people and person.id not in asked and there:
            _ask_one(tx, app, case, session, person.id, now)


def _ask_one(
    tx: Transaction, app: App, case: Case, session: Session, person_id: str, now: datetime
) -> None:
    link = issue(tx, person_id, session.id, DID_YOU_MEET, now, app.secrets)
    facts = {"session": session.id, "start": session.start.isoformat(), "link": link.id}
    enqueue(tx, case, Notice(DID_YOU_MEET, person_id, session.id, facts), now)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="asked_whether_met",
            program_id=case.program.id,
            pair_id=case.pair.id,
            person_id=person_id,
            session_id=session.id,
        )
    )
