"""Time credit: the ledger of a program, exported again and again with the same lines.

What was exported stands in the store as it left; what a later verdict changes is a line of its own.
The core decides (``scheduling.attendance.credit``); it knows people by their internal id, and the
timekeeper's number is put in as the file is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from integrations import attendance_records as kept
from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.reporting.history import History, Judged, histories
from integrations.workflows.reporting.tables import Table, table
from integrations.workflows.rulebook.roles import mentor_on
from scheduling.attendance.credit import (
    Attended,
    CreditAccount,
    CreditLine,
    Purpose,
    Role,
    ledger,
)
from scheduling.attendance.evidence import VerdictKind
from scheduling.rule import SessionKind

_COLUMNS = (
    ("line", "Line"),
    ("timekeeper", "Timekeeper"),
    ("date", "Date"),
    ("purpose", "Purpose"),
    ("code", "Code"),
    ("hours", "Hours"),
    ("narrative", "Narrative"),
    ("correction_of", "Correction of"),
)
_NARRATIVE = CreditAccount(purpose=Purpose.DEVELOPMENT, code="-").narrative


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """The ledger as a table, how many of its lines are new, and who could not be credited.

    ``without_number`` are the ids of people who have no timekeeper's number.
    """

    lines: Table
    added: int
    without_number: frozenset[str]


def export_credit(tx: Transaction, program_id: str, now: datetime, default_zone: str) -> Credit:
    """Bring the ledger of a program up to its verdicts, keep what is new, and show all of it.

    Raises:
        NotPossibleError: the program's rule names no account.
    """
    accounts = accounts_of(tx, program_id)
    found = list(histories(tx, now, program_id, default_zone))
    numbers = _numbers(found)
    parts = list(_taking_part(found, numbers))
    versions = {one.session.id: len(one.versions) for h in found for one in h.sessions}
    pairs = {one.session.id: h.pair.id for h in found for one in h.sessions}
    stored = tx.credit_lines.of_pairs([history.pair.id for history in found])
    before = [_line(line, accounts) for lines in stored.values() for line in lines]
    lines = ledger(parts, accounts, before)
    known = {line.id for line in before}
    added = [line for line in lines if line.id not in known]
    tx.credit_lines.add_all(
        [_kept(line, pairs[line.session_id], versions[line.session_id], now) for line in added]
    )
    # Somebody who lost the number since keeps the lines that left.
    shown = [line for line in lines if line.tenths]
    people = tx.participants.many({line.timekeeper for line in shown})
    timekeepers = {key: person.timekeeper or "" for key, person in people.items()}
    return Credit(
        lines=table("credit", "Time credit", _COLUMNS, [_row(line, timekeepers) for line in shown]),
        added=len(added),
        without_number=frozenset(key for key, number in numbers.items() if not number),
    )


def accounts_of(tx: Transaction, program_id: str) -> Sequence[CreditAccount]:
    """The accounts of the program's rule in force.

    Raises:
        NotPossibleError: it names none.
    """
    accounts = parsed_rule(tx.rules.current(program_id).body).credit
    if not accounts:
        raise NotPossibleError(
            gettext("the program credits no time"),
            remedy=N_(
                "Name its accounts in the rule's `credit`: `tandem program rule --template`."
            ),
        )
    return accounts


def _numbers(found: Iterable[History]) -> dict[str, str]:
    """Timekeepers' numbers by person; empty where there is none."""
    people = (person for history in found for person in (history.mentor, history.mentee))
    return {person.id: (person.timekeeper or "").strip() for person in people}


def _taking_part(found: Iterable[History], numbers: Mapping[str, str]) -> Iterator[Attended]:
    for history in found:
        for judged in history.sessions:
            is_of_two = judged.session.group_title is None
            if judged.versions and is_of_two and judged.outcome.kind is SessionKind.MEETING:
                yield from _parts(history, judged, numbers)


def _parts(history: History, judged: Judged, numbers: Mapping[str, str]) -> Iterator[Attended]:
    session, outcome = judged.session, judged.outcome
    planned = max(1, int((session.end - session.start).total_seconds()) // 60)
    mentor = mentor_on(history.pair, outcome.day)
    for person in (history.mentor, history.mentee):
        if numbers[person.id]:
            yield Attended(
                session_id=session.id,
                timekeeper=person.id,
                role=Role.MENTOR if person.id == mentor else Role.MENTEE,
                day=outcome.day,
                verdict=outcome.verdict or VerdictKind.PENDING,
                minutes=outcome.minutes,
                planned_minutes=planned,
                evidence=outcome.evidence,
            )


def _line(stored: kept.CreditLine, accounts: Sequence[CreditAccount]) -> CreditLine:
    purpose = Purpose(stored.id.split(":")[-2])
    narratives = {account.purpose: account.narrative for account in accounts}
    return CreditLine(
        id=stored.id,
        session_id=stored.session_id,
        timekeeper=stored.person_id,
        purpose=purpose,
        code=stored.code,
        day=stored.day,
        tenths=stored.tenths,
        narrative=stored.narrative or narratives.get(purpose, _NARRATIVE),
        corrects=stored.corrects,
    )


def _kept(line: CreditLine, pair_id: str, version: int, now: datetime) -> kept.CreditLine:
    return kept.CreditLine(
        id=line.id,
        pair_id=pair_id,
        session_id=line.session_id,
        person_id=line.timekeeper,
        version=version,
        day=line.day,
        code=line.code,
        tenths=line.tenths,
        exported_at=now,
        corrects=line.corrects,
        narrative=line.narrative,
    )


def _row(line: CreditLine, timekeepers: Mapping[str, str]) -> tuple[str | Decimal | None, ...]:
    return (
        line.id,
        timekeepers.get(line.timekeeper, ""),
        line.day.isoformat(),
        line.purpose.value,
        line.code,
        Decimal(line.tenths).scaleb(-1),
        line.narrative,
        line.corrects,
    )
