"""Every file that can be taken out of a program, by its name: what a page and a link offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from integrations.language import N_
from integrations.ports import Transaction
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.history import histories, histories_of_person
from integrations.workflows.reporting.hours import hours_tables
from integrations.workflows.reporting.objectives import objectives_table
from integrations.workflows.reporting.people import find_person
from integrations.workflows.reporting.recognition import badges_table, recognition_table
from integrations.workflows.reporting.sponsor import sponsor_tables
from integrations.workflows.reporting.surveys import surveys_table
from integrations.workflows.reporting.tables import Table
from integrations.workflows.reporting.writers import Format, written

Made = Callable[[Transaction, str, datetime, str], Sequence[Table]]
"""Tables from a transaction, a program's id, the instant and the zone where there is no other."""


@dataclass(frozen=True, slots=True)
class Export:
    """One thing to take out: its title, what is in it, and how to make it."""

    title: str
    about: str
    made: Made


def _pairs(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sequence[Table]:
    found = list(histories(tx, now, program_id, zone))
    tables = Adherence.of(found, now, with_sessions=False).tables
    if not found:
        return tables
    goals = objectives_table(found[0].rule.objectives, found)
    return (*tables, goals) if goals.rows else tables


def _sessions(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sequence[Table]:
    pairs, sessions, totals = Adherence.of(histories(tx, now, program_id, zone), now).tables
    return (sessions, pairs, totals)


def _totals(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sequence[Table]:
    found = histories(tx, now, program_id, zone)
    return Adherence.of(found, now, with_sessions=False).tables[-1:]


def _sponsor(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sequence[Table]:
    figures = sponsor_tables(histories(tx, now, program_id, zone))
    return (*figures, *_surveys(tx, program_id, now, zone))


def _recognition(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sequence[Table]:
    return (recognition_table(tx, list(histories(tx, now, program_id, zone)), now),)


def _surveys(tx: Transaction, program_id: str, now: datetime, zone: str) -> Sequence[Table]:
    found = surveys_table(tx, [program_id])
    return (found,) if found.rows else ()


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        "pairs": Export(
            N_("Pairs"),
            N_(
                "each pair with what is held, short, unknown and still possible, its longest gap"
                " and forecast; as a workbook or JSON with totals and objectives"
            ),
            _pairs,
        ),
        "sessions": Export(
            N_("Sessions"),
            N_(
                "each judged session with verdict, minutes together, evidence and reasons, revised"
                " ones marked; as a workbook or JSON with pairs and totals"
            ),
            _sessions,
        ),
        "totals": Export(
            N_("Totals"), N_("the sums over all pairs, which agree with the journal"), _totals
        ),
        "sponsor": Export(
            N_("Sponsor’s figures"),
            N_(
                "the whole, by office and by practice group, without names and with groups under"
                " five withheld"
            ),
            _sponsor,
        ),
        "recognition": Export(
            N_("Recognition"),
            N_(
                "those who wish to be named, with meetings held and led, hours and badges; nobody"
                " without their own yes"
            ),
            _recognition,
        ),
        "surveys": Export(
            N_("Surveys"),
            N_(
                "what surveys found before and after, by role, office and practice group of people,"
                " nobody’s own score and groups under five withheld"
            ),
            lambda tx, program_id, now, zone: (surveys_table(tx, [program_id]),),
        ),
    }
)


def file_of(
    tx: Transaction, program_id: str, name: str, form: Format, now: datetime, zone: str
) -> bytes:
    """An export as a file; CSV holds its first table. Raises KeyError: there is no such export."""
    return _bytes(EXPORTS[name].made(tx, program_id, now, zone), form)


def hours_of(
    tx: Transaction, program_id: str, person: str, form: Format, now: datetime, zone: str
) -> bytes:
    """What somebody gave to this program, by address or id.

    Raises:
        NotPossibleError: nobody here is called that.
    """
    key = find_person(tx, person).id
    found = histories_of_person(tx, now, key, zone)
    mine = [history for history in found if history.program.id == program_id]
    badges = badges_table(tx, key, mine, now)
    return _bytes((*hours_tables(key, mine), *((badges,) if badges.rows else ())), form)


def _bytes(tables: Sequence[Table], form: Format) -> bytes:
    return written(tables[:1] if form is Format.CSV else tables, form)
