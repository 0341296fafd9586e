"""What one person gave: the hours held, and for mentors a record they may show in reviews.

The record names nobody else and says nothing that was said; it is the person's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from integrations.workflows.reporting.adherence import label_of
from integrations.workflows.reporting.history import History
from integrations.workflows.reporting.tables import Cell, Table, table
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import held_meetings

_SUMMARY = (
    ("program", "Program"),
    ("role", "Role"),
    ("first", "First meeting"),
    ("last", "Last meeting"),
    ("held", "Meetings held"),
    ("led", "of them led"),
    ("self_reported", "of them self-reported"),
    ("hours", "Hours together"),
)
_MEETINGS = (
    ("program", "Program"),
    ("date", "Date"),
    ("role", "Role"),
    ("led", "Led"),
    ("minutes", "Minutes"),
    ("label", "In words"),
)


def hours_tables(person_id: str, histories: Iterable[History]) -> tuple[Table, Table]:
    """A person's record: a line for each pair, and each held meeting."""
    summary: list[tuple[Cell, ...]] = []
    meetings: list[tuple[Cell, ...]] = []
    for history in histories:
        role = "mentor" if person_id == history.pair.mentor_id else "mentee"
        held = sorted(held_meetings(history.outcomes), key=lambda o: o.day)
        days: list[date] = [o.day for o in held]
        summary.append(
            (
                history.program.name,
                role,
                days[0] if days else None,
                days[-1] if days else None,
                len(held),
                sum(o.led_by == person_id for o in held),
                history.progress.self_reported,
                tenths_of_hours(sum(o.minutes for o in held)),
            )
        )
        meetings += [
            (
                history.program.name,
                o.day,
                role,
                "yes" if o.led_by == person_id else "no",
                o.minutes,
                label_of(VerdictKind.HELD, o.evidence),
            )
            for o in held
        ]
    return (
        table("summary", "Hours given", _SUMMARY, summary),
        table("meetings", "Meetings held", _MEETINGS, meetings),
    )


def tenths_of_hours(minutes: int) -> Decimal:
    """Minutes as hours with one decimal, the half rounded up."""
    return Decimal((minutes + 3) // 6).scaleb(-1)
