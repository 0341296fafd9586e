"""Asking one of two people about a date: a mail with a personal link, once per person and date."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from types import MappingProxyType

from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, JournalEntry, Session
from integrations.workflows.app import App
from integrations.workflows.attendance.links import DID_YOU_MEET, PULSE, issue
from integrations.workflows.changes.case import Case
from integrations.workflows.messages.enqueue import Notice, enqueue
from integrations.workflows.standing_work import FIRM

NO_LINKS = "no_links"
_JOURNALLED = MappingProxyType({DID_YOU_MEET: "asked_whether_met", PULSE: "pulse_asked"})


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
    asked = were_asked(tx, session, DID_YOU_MEET)
    for person in case.people:
        there = person.enabled and not person.gone
        if person.id in people and person.id not in asked and there:
            ask_one(tx, app, case, session, person.id, DID_YOU_MEET, now)


def were_asked(tx: Transaction, session: Session, purpose: str) -> frozenset[str]:
    """Who has had a link about this date for this purpose."""
    links = tx.links.of_sessions([session.id])[session.id]
    return frozenset(link.person_id for link in links if link.purpose == purpose)


def ask_one(
    tx: Transaction,
    app: App,
    case: Case,
    session: Session,
    person_id: str,
    purpose: str,
    now: datetime,
) -> None:
    """Put the question into the outbox; its message is called as the link's purpose is."""
    link = issue(tx, person_id, session.id, purpose, now, app.secrets)
    facts = {"session": session.id, "start": session.start.isoformat(), "link": link.id}
    enqueue(tx, case, Notice(purpose, person_id, session.id, facts), now)
    tx.journal.write(
        JournalEntry(
            at=now,
            code=_JOURNALLED[purpose],
            program_id=case.program.id,
            pair_id=case.pair.id,
            person_id=person_id,
            session_id=session.id,
        )
    )
