"""What ``tandem plan --from`` and ``tandem slots --from`` do."""

import os
from dataclasses import dataclass
from pathlib import Path

from integrations.planfiles.errors import PlanFileError
from integrations.planfiles.ics_folder import read_ics_problem
from integrations.planfiles.parallel import plan_shared
from integrations.planfiles.plan_file import explanation_lines, plan_document
from integrations.planfiles.problem_file import read_problem
from integrations.planfiles.slots_file import slots_document
from scheduling.plan import Plan
from scheduling.problem import Problem


def load_problem(source: Path) -> Problem:
    """The problem a file holds.

    Raises:
        PlanFileError: names file and JSON path of what is missing or wrong.
    """
    try:
        return read_problem(source.read_bytes())
    except OSError as error:
        raise PlanFileError(source.name, error.strerror or "cannot be read") from None
    except PlanFileError as error:
        raise PlanFileError(f"{source.name} {error.where}", error.problem) from None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a problem comes from: one problem file, or calendars with a roster and a rule."""

    problem: Path | None = None
    calendars: Path | None = None
    roster: Path | None = None
    rule: Path | None = None

    def load(self) -> Problem:
        """The problem.

        Raises:
            PlanFileError: names the file and the place in it; or what was not named.
        """
        if self.problem is not None:
            return load_problem(self.problem)
        if self.calendars is None or self.roster is None or self.rule is None:
            raise PlanFileError("--ics", "expected a folder of calendars, --roster and --rule")
        return read_ics_problem(self.calendars, self.roster, self.rule)


def plan_file(source: Path, target: Path, *, explained: bool = False) -> Plan:
    """Plan a problem file and write the plan; with ``explained`` reasons and remedies too."""
    return write_plan(load_problem(source), target, explained=explained)


def slots_file(source: Path, target: Path) -> None:
    """Write every mutual slot of a problem file."""
    write_slots(load_problem(source), target)


def write_plan(problem: Problem, target: Path, *, explained: bool = False) -> Plan:
    """Plan a problem, from whatever source, and write the plan."""
    found = plan_shared(problem, explained=explained, processes=os.cpu_count() or 1)
    _write(target, plan_document(found, explained=explained))
    return found


def write_slots(problem: Problem, target: Path) -> None:
    """Write every mutual slot of a problem."""
    _write(target, slots_document(problem))


def explained_lines(found: Plan) -> list[str]:
    """The explanation of a plan for the terminal."""
    return explanation_lines(found)


def _write(target: Path, content: bytes) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        raise PlanFileError(target.name, error.strerror or "cannot be written") from None
