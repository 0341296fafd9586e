"""How a meeting was: each of the two is asked by themselves, and only coordinators see the answer.

A program asks nobody unless its rule says after how many meetings (``pulse_every``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.attendance_records import KeptPulse
from integrations.ports import Transaction
from integrations.records import JournalEntry, Session
from integrations.workflows.app import App
from integrations.workflows.attendance.asking import ask_one, were_asked
from integrations.workflows.attendance.links import PULSE, use
from integrations.workflows.changes.case import Case
from integrations.workflows.telling.needs import hand_over
from scheduling.attendance.pulse import is_asked_after, is_early_sign
from scheduling.changes.acts import RaiseNeed, ReadyAct
from scheduling.changes.reasons import ChangeCode

LONGEST_TEXT = 500
_FRESH = timedelta(days=14)
"""Nobody remembers longer how an hour was."""
_READY = (ReadyAct.TALK, ReadyAct.PAUSE, ReadyAct.PAIR_AGAIN, ReadyAct.END)


@dataclass(frozen=True, slots=True)
class Pulse:
    """An answer: one of ``scheduling.attendance.pulse.SCALE``, and a word if they like."""

    score: int
    text: str = ""


def ask_how_it_was(tx: Transaction, app: App, case: Case, session: Session, now: datetime) -> None:
    """Ask both about a meeting that was held, each once, if the program asks after this one.

    Without settings for links nobody is asked.
    """
    if app.links is None or now - session.end > _FRESH:
        return
    held = [one for one in tx.sessions.of_pair(case.pair.id) if one.held]
    if not is_asked_after(sum(one.start <= session.start for one in held), case.rule.pulse_every):
        return
    asked = were_asked(tx, session, PULSE)
    for person in case.people:
        if person.id not in asked and person.enabled and not person.gone:
            ask_one(tx, app, case, session, person.id, PULSE, now)


def say_how_it_was(
    tx: Transaction, app: App, link_id: str, pulse: Pulse, now: datetime
) -> KeptPulse:
    """Use the link to say how it was. Two low answers in a row are handed to the coordinator.

    A better answer takes that row away again.

    Raises:
        LinkEndedError: nothing was kept.
    """
    link = use(tx, link_id, PULSE, now)
    pair = tx.pairs.require(tx.sessions.require(link.session_id).pair_id)
    kept = KeptPulse(
        id=link.id,
        pair_id=pair.id,
        session_id=link.session_id,
        person_id=link.person_id,
        score=pulse.score,
        at=now,
        text=pulse.text.strip()[:LONGEST_TEXT],
    )
    tx.pulses.add(kept)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="pulse_given",
            program_id=pair.program_id,
            pair_id=pair.id,
            person_id=link.person_id,
            session_id=link.session_id,
        )
    )
    mine = [
        p.score for p in tx.pulses.of_pairs([pair.id])[pair.id] if p.person_id == kept.person_id
    ]
    row = RaiseNeed(ChangeCode.LOW_PULSE, ready=_READY, about=kept.person_id)
    if is_early_sign(mine):
        hand_over(tx, app, pair, row, kept.person_id, now)
    else:
        tx.needs.close(pair.id, row.key, "cause_gone", now)
    return kept
