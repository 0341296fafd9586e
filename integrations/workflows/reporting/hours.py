"""What one person gave: the hours held, and for mentors a record they may show in reviews.

The record names nobody else and says nothing that was said; it is the person's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from integrations.records import Pair
from integrations.workflows.reporting.adherence import label_of
from integrations.workflows.reporting.history import History
from integrations.workflows.reporting.tables import Cell, Table, table
from integrations.workflows.rulebook.roles import mentor_on
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import held_meetings

_ROLES = ((True, "mentor"), (False, "mentee"))
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
        held = sorted(held_meetings(history.outcomes), key=lambda o: o.day)
        days: list[date] = [o.day for o in held]
        summary.append(
            (
                history.program.name,
                _role(history.pair, person_id, days or [history.pair.start_date]),
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
                _role(history.pair, person_id, [o.day]),
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


def _role(pair: Pair, person_id: str, days: Iterable[date]) -> str:
    """What somebody was on these days; both, where the roles were swapped between them."""
    mentored = {mentor_on(pair, day) == person_id for day in days}
    return " and ".join(word for is_mentor, word in _ROLES if is_mentor in mentored)


def tenths_of_hours(minutes: int) -> Decimal:
    """Minutes as hours with one decimal, the half rounded up."""
    return Decimal((minutes + 3) // 6).scaleb(-1)
