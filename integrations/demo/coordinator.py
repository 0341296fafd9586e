"""What a coordinator does before anybody is booked: says how time is credited and who is watched.

It goes through the workflows that the commands call, and is done once, however often it is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from integrations.demo.opted_in import CHOICES, opt_in
from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.attendance.modes import mode_at, set_mode
from integrations.workflows.enrolment.enrol import set_rule
from integrations.workflows.enrolment.programs import describe_program
from integrations.workflows.ordering.orders import COORDINATOR
from integrations.workflows.rulebook.rules import CreditRule, ProgramRule
from scheduling.attendance.credit import CapPeriod, Purpose, Role
from scheduling.attendance.evidence import EvidenceKind, EvidenceMode

CREDIT = (
    CreditRule(
        purpose=Purpose.BILLABLE_CREDIT,
        code="M-2027",
        roles=frozenset({Role.MENTOR}),
        cap_tenths=100,
        period=CapPeriod.YEAR,
        evidence=frozenset({EvidenceKind.TEAMS, EvidenceKind.CORRECTED}),
    ),
    CreditRule(purpose=Purpose.DEVELOPMENT, code="D-310"),
)
"""Ten hours a year count as billable where Teams saw them; all of it counts as development."""


def set_up(tx: Transaction, app: App, contact: Mapping[str, str]) -> list[tuple[str, str]]:
    """Credit time, and read Teams' reports for the office with most pairs of each program.

    ``contact`` is whom people can turn to, by mail and name.

    Returns:
        Names of programs with that office; everybody else is asked.
    """
    chosen = []
    for named in tx.programs.all():
        program = describe_program(tx, named.name, contact=contact, links={})
        rule = ProgramRule.from_body(tx.rules.current(program.id).body)
        set_rule(app, tx, program.id, rule.model_copy(update={"credit": CREDIT, **CHOICES}))
        offices = Counter(
            pair.office or "" for pair in tx.pairs.all() if pair.program_id == program.id
        )
        office = min(offices, key=lambda name: (-offices[name], name))
        now = app.clock.now()
        if mode_at(program, office, now) is not EvidenceMode.TEAMS:
            set_mode(
                tx,
                program.id,
                EvidenceMode.TEAMS,
                now,
                office=office,
                people_told=True,
                by=COORDINATOR,
            )
        chosen.append((program.name, office))
    opt_in(tx, app)
    return chosen
