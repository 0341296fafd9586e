"""How Tandem may find out who met: per program and office, and since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import JournalEntry, Json, Program
from scheduling.attendance.evidence import EvidenceMode

_UNTIL = "until"


class PeopleNotToldError(NotPossibleError):
    """Reading Teams' attendance begins once people were told of it, and not before."""

    remedy = N_("Tell the people of the program, then say so: --people-were-told.")

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(f"{program_id}: nobody confirmed that people were told")


def mode_at(program: Program, office: str | None, at: datetime) -> EvidenceMode:
    """The mode under which a session of a pair of that office took place at ``at``.

    What is switched on later is not for meetings of before: people had not been told then.
    """
    said: Json = program.evidence
    for past in said.get("past", ()):
        if at < datetime.fromisoformat(past[_UNTIL]):
            said = past
            break
    mode = said.get("offices", {}).get(office or "", said.get("mode"))
    return EvidenceMode(mode or EvidenceMode.SELF_REPORT)


def modes_of(program: Program) -> Json:
    """The program's mode, that of offices with one of their own, and what was in force before."""
    return {"mode": EvidenceMode.SELF_REPORT.value, "offices": {}, **program.evidence}


def set_mode(
    tx: Transaction,
    program_id: str,
    mode: EvidenceMode,
    now: datetime,
    *,
    office: str | None = None,
    people_told: bool = False,
    by: str,
) -> Program:
    """Put a program, or one office of it, under another mode from now on; past dates keep theirs.

    Raises:
        PeopleNotToldError: ``teams`` without the word that people were told; nothing was changed.
        FaultsError: no pair of the program is of that office; nothing was changed.
    """
    _require_office(tx, program_id, office)
    if mode is EvidenceMode.TEAMS and not people_told:
        raise PeopleNotToldError(program_id)
    program = tx.programs.require(program_id)
    before = program.evidence
    offices: dict[str, Any] = dict(before.get("offices", {}))
    kept = before.get("mode", EvidenceMode.SELF_REPORT.value)
    if office is None:
        kept = mode.value
    else:
        offices[office] = mode.value
    ended = {
        _UNTIL: now.isoformat(),
        "mode": before.get("mode"),
        "offices": before.get("offices", {}),
    }
    told = {"told_at": before.get("told_at"), "told_by": before.get("told_by")}
    if mode is EvidenceMode.TEAMS:
        told = {"told_at": now.isoformat(), "told_by": by}
    evidence = {
        "mode": kept,
        "offices": offices,
        **told,
        "past": [*before.get("past", ()), ended],
    }
    changed = replace(program, evidence=evidence)
    tx.programs.put(changed)
    tx.journal.write(
        JournalEntry(
            at=now,
            code="evidence_mode_set",
            program_id=program_id,
            data={"mode": mode.value, "office": office, "people_told": people_told, "by": by},
        )
    )
    return changed


def _require_office(tx: Transaction, program_id: str, office: str | None) -> None:
    """Refuse an office that no pair is of: whoever mistypes it would switch nothing off."""
    pairs = (pair for pair in tx.pairs.all() if pair.program_id == program_id)
    known = sorted({pair.office for pair in pairs if pair.office})
    if office is not None and office not in known:
        expected = f"one of {', '.join(known)}" if known else "no office: the pairs have none"
        raise FaultsError(
            [Fault("--office", expected, office)], remedy=N_("Spell the office as in the roster.")
        )
