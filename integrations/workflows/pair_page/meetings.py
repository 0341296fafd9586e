"""Whether the two met, told by one of them on their page; the other may say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import Pair, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance.telling import Answer, say_on_page, tell_of_meeting
from integrations.workflows.changes.case import Case, load_pair
from integrations.workflows.pair_page.acting import Actor, DateIsOverError
from scheduling.attendance.evidence import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the page about one date asks; ``mine`` and ``theirs`` is what was said last, if any."""

    case: Case
    session: Session
    mine: Said | None
    theirs: Said | None


def question_about(tx: Transaction, app: App, actor: Actor, pair_id: str, session_id: str) -> Asked:
    """Did they meet on this date? Raises NotTheirsError, DateIsOverError (no such date)."""
    actor.alone(N_("tell who met"))
    case = load_pair(tx, pair_id, default_zone=app.options.zone)
    session = _own(tx, case.pair, session_id)
    said = tx.statements.of_sessions([session_id])[session_id]
    last = {one.person_id: Said(one.said) for one in said}
    other = next(person.id for person in case.people if person.id != actor.person_id)
    return Asked(case=case, session=session, mine=last.get(actor.person_id), theirs=last.get(other))


def say(tx: Transaction, app: App, actor: Actor, pair: Pair, session_id: str, said: Answer) -> None:
    """Keep somebody's word on a date that has begun.

    Raises:
        NotTheirsError, DateIsOverError; NoMeetingError: they cannot have met then.
    """
    actor.alone(N_("tell who met"))
    session = _own(tx, pair, session_id)
    say_on_page(tx, app, session, actor.person_id, said, app.clock.now())


def tell_met(tx: Transaction, app: App, actor: Actor, pair: Pair, told: Answer) -> Session:
    """Keep that the two met at a time that is no date of theirs, or is.

    Raises:
        NotTheirsError; NoMeetingError: they cannot have met then.
    """
    actor.alone(N_("tell who met"))
    return tell_of_meeting(tx, app, pair, actor.person_id, told, app.clock.now())


def is_asked(session: Session, now: datetime) -> bool:
    """Whether a word on this date would still tell something: it began, and is not settled."""
    began = session.state is SessionState.SCHEDULED and session.start <= now
    return began and session.verdict not in ("held", "short")


def _own(tx: Transaction, pair: Pair, session_id: str) -> Session:
    session = tx.sessions.get(session_id)
    if session is None or session.pair_id != pair.id:
        raise DateIsOverError(session_id)
    return session
