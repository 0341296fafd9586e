"""Asking people for their working hours, before an hour is looked for within them.

Mailbox settings and free/busy tell of one range for all days, which can only be an outer bound:
nobody but the person knows of a short Thursday or a free Friday. Whoever has said so is not asked,
and nobody is asked twice for a program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, PairState
from integrations.workflows.changes.case import Case, load_pair
from integrations.workflows.enrolment.people import OWN_SOURCES
from integrations.workflows.messages.enqueue import Notice, enqueue

QUESTION, JOURNALLED = "hours_question", "hours_asked"
_UNBOOKED = (PairState.ENROLLED, PairState.PLANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursAsked:
    """What asking comes to: ``mails`` go out, one to each person who was not asked yet."""

    program: str
    mails: int


def asking_hours(tx: Transaction, program_id: str) -> HoursAsked:
    """What asking the people of pairs that are not booked yet would come to; nothing is changed."""
    return HoursAsked(program=program_id, mails=len(list(_to_ask(tx, program_id))))


def ask_hours_as_seen(tx: Transaction, program_id: str, now: datetime, *, mails: int) -> HoursAsked:
    """Ask them if that causes no more mails than somebody saw beforehand.

    Raises:
        FaultsError: it would cause more; nothing was changed.
    """
    asked = list(_to_ask(tx, program_id))
    if len(asked) > mails:
        raise FaultsError(
            [
                Fault(
                    "--mails",
                    gettext("at least %(number)s, which it would cause", number=len(asked)),
                    str(mails),
                )
            ],
            remedy=N_("Look at `tandem program ask-hours` without it and name that number."),
        )
    for case, person in asked:
        enqueue(tx, case, Notice(QUESTION, person, program_id), now)
    done = HoursAsked(program=program_id, mails=len(asked))
    data = {"mails": done.mails}
    tx.journal.write(JournalEntry(at=now, code=JOURNALLED, program_id=program_id, data=data))
    return done


def _to_ask(tx: Transaction, program_id: str) -> Iterator[tuple[Case, str]]:
    """Everybody who is to be asked, with the first pair of theirs that is to be booked."""
    asked: set[str] = set()
    zone = tx.programs.require(program_id).zone
    for pair in tx.pairs.in_state(*_UNBOOKED, program_id=program_id):
        if pair.mailbox_id is None or pair.withdrawn:
            continue
        case = load_pair(tx, pair.id, default_zone=zone)
        for person in case.people:
            there = person.enabled and not person.gone
            if person.id in asked or person.hours_source in OWN_SOURCES or not there:
                continue
            asked.add(person.id)
            if not _was_asked(tx, program_id, person.id):
                yield case, person.id


def _was_asked(tx: Transaction, program_id: str, person_id: str) -> bool:
    return any(
        (row.person_id, row.purpose, row.session_id) == (person_id, QUESTION, program_id)
        for pair in tx.pairs.of_people([person_id])
        for row in tx.outbox.of_pair(pair.id)
    )
