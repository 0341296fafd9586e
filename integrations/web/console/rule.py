"""The rule editor: every member, what a change comes to for each pair, then one yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.errors import FaultsError
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.console.rule_form import (
    altered,
    packed,
    rule_in,
    unpacked,
    values_in,
    values_of,
)
from integrations.web.console.rule_items import SECTIONS
from integrations.web.console.saying import by_field, number_of
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.rule_whatif import Comparison, OtherMailsError, compare, save_rule
from integrations.workflows.rules import ProgramRule

PATH = "/programs/{program}/rule"
_MOST_SHOWN = 200
"""So many pairs stand in the table; those changed most come first."""


async def show_rule(visit: Visit) -> Shown:
    """The rule in force, as a form."""
    version, rule = await _current(visit)
    return _form(visit, version, values_of(rule), {})


async def _current(visit: Visit) -> tuple[int, ProgramRule]:
    program = program_of(visit)

    def look(tx: Transaction) -> tuple[int, ProgramRule]:
        record = tx.rules.current(program.id)
        return record.version, parsed_rule(record.body)

    return await visit.app.store.run(look)


def _form(
    visit: Visit, version: int, values: Mapping[str, Any], faults: Mapping[str, str]
) -> Shown:
    data = {
        "sections": SECTIONS,
        "values": values,
        "faults": faults,
        "version": version,
    }
    return Shown(data, status=400 if faults else 200)


async def do_look(visit: Visit) -> Shown:
    """What the changed rule comes to; nothing is saved."""
    version, before = await _current(visit)
    try:
        rule = rule_in(visit.form, before)
    except FaultsError as error:
        return _form(visit, version, values_in(visit.form), by_field(error))
    found = await compare(visit.app, program_of(visit).id, rule)
    return _compared(before, rule, found, faults={})


def _compared(
    before: ProgramRule, rule: ProgramRule, found: Comparison, *, faults: Mapping[str, str]
) -> Shown:
    data = {
        "altered": altered(before, rule),
        "speaks_later": _spoken(before) != _spoken(rule),
        "found": found,
        "packed": packed(rule),
        "is_same": rule == before,
        "faults": faults,
        "most": _MOST_SHOWN,
        "fields": _hidden(values_of(rule)),
    }
    return Shown(
        data,
        status=400 if faults else 200,
        template="console/rule_whatif.html",
        title="What the changed rule would do",
    )


def _spoken(rule: ProgramRule) -> tuple[object, ...]:
    """What stands in invitations."""
    return rule.agenda, rule.place, rule.kinds


def _hidden(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields with their values one by one, so that the form can be gone back to."""
    fields: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, bool):
            fields += [(name, "yes")] if value else []
        elif isinstance(value, tuple):
            fields += [(name, each) for each in value]
        else:
            fields.append((name, value))
    return fields


async def do_edit(visit: Visit) -> Shown:
    """Back to the form with what was changed, nothing saved."""
    version, _ = await _current(visit)
    return _form(visit, version, values_in(visit.form), {})


async def do_save(visit: Visit) -> Shown | Go:
    """Put the rule in force if the number typed is the number of mails."""
    program = program_of(visit)
    _, before = await _current(visit)
    rule = unpacked(visit.form.get("rule"))
    try:
        await save_rule(
            visit.app,
            program.id,
            rule,
            mails=number_of(visit.form.get("mails"), "mails"),
            by=visit.viewer.directory_id,
        )
    except FaultsError as error:
        if isinstance(error, OtherMailsError):
            found = error.found
        else:
            found = await compare(visit.app, program.id, rule)
        return _compared(before, rule, found, faults=by_field(error))
    said = "Saved. Booked pairs follow now; the others are planned anew."
    return Go(f"/programs/{program.id}/rule", said)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_rule,
        template="console/rule.html",
        title="Rule",
        section="rule",
        acts=(
            Act(path=f"{PATH}/look", do=do_look),
            Act(path=f"{PATH}/edit", do=do_edit),
            Act(path=f"{PATH}/save", do=do_save),
        ),
    ),
)
