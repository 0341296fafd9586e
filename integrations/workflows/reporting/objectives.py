"""A program's objectives, each with the figure it is measured by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from integrations.workflows.reporting.history import History
from integrations.workflows.reporting.sponsor import figures_of, percent
from integrations.workflows.reporting.tables import Cell, Table, table
from integrations.workflows.rulebook.rules import Figure, Objective

_COLUMNS = (
    ("objective", "Objective"),
    ("figure", "Measured by"),
    ("now", "Now"),
    ("target", "Target"),
    ("reached", "Reached"),
)


def objectives_table(objectives: Sequence[Objective], histories: Iterable[History]) -> Table:
    """One row for each objective: its words, the figure as it is now, the target."""
    found = list(histories)
    rows = [_row(objective, found) for objective in objectives]
    return table("objectives", "Objectives", _COLUMNS, rows)


def _row(objective: Objective, found: Sequence[History]) -> tuple[Cell, ...]:
    now = _figure(objective.figure, found)
    is_most = objective.figure is Figure.LONGEST_GAP_DAYS
    reached = None
    if now is not None:
        reached = (
            "yes" if (now <= objective.target if is_most else now >= objective.target) else "no"
        )
    return (objective.words, objective.figure.value, now, objective.target, reached)


def _figure(figure: Figure, found: Sequence[History]) -> int | None:
    """The figure over these pairs; None where there is nothing to measure yet."""
    if figure is Figure.LONGEST_GAP_DAYS:
        return max((history.progress.longest_gap_days for history in found), default=None)
    sums = [figures_of(history) for history in found]
    held = sum(one["held"] for one in sums)
    match figure:
        case Figure.HELD_RATE:
            return percent(held, sum(one["judged"] for one in sums))
        case Figure.ON_COURSE_RATE:
            return percent(sum(one["on_course"] for one in sums), len(found))
        case Figure.MEETINGS_HELD:
            return held
        case _:
            return sum(one["minutes"] for one in sums) // 60
