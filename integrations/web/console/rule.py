"""The rule editor: every member, what a change comes to for each pair, then one yes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from integrations.errors import FaultsError
from integrations.language import N_, gettext
from integrations.page_records import TriedRule
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
from integrations.web.console.rule_shown import comparison_shown, hidden_fields, speaks_later
from integrations.web.console.saying import by_field, number_of
from integrations.web.page import Act, Go, Page, Shown, Visit, program_of
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.rulebook import rule_trials
from integrations.workflows.rulebook.rule_whatif import (
    Comparison,
    OtherMailsError,
    compare,
    save_rule,
)
from integrations.workflows.rulebook.rules import ProgramRule

PATH = "/programs/{program}/rule"
_NONE: Mapping[str, str] = MappingProxyType({})


async def show_rule(visit: Visit) -> Shown:
    """The rule in force, as a form."""
    version, rule = await _current(visit)
    tried = await visit.app.store.run(lambda tx: tx.tried_rules.get(program_of(visit).id))
    return _form(version, values_of(rule), {}, tried)


async def _current(visit: Visit) -> tuple[int, ProgramRule]:
    program = program_of(visit)

    def look(tx: Transaction) -> tuple[int, ProgramRule]:
        record = tx.rules.current(program.id)
        return record.version, parsed_rule(record.body)

    return await visit.app.store.run(look)


def _form(
    version: int,
    values: Mapping[str, Any],
    faults: Mapping[str, str],
    tried: TriedRule | None = None,
) -> Shown:
    data = {
        "sections": SECTIONS,
        "values": values,
        "faults": faults,
        "version": version,
        "tried": tried,
    }
    return Shown(data, status=400 if faults else 200)


async def do_look(visit: Visit) -> Shown | Go:
    """What the changed rule comes to; nothing is saved. Of a large program it is due work."""
    version, before = await _current(visit)
    try:
        rule = rule_in(visit.form, before)
    except FaultsError as error:
        return _form(version, values_in(visit.form), by_field(error))
    program_id = program_of(visit).id
    if await rule_trials.is_large(visit.app, program_id):
        await rule_trials.begin(visit.app, program_id, rule, by=visit.viewer.directory_id)
        return Go(f"/programs/{program_id}/rule/what-if")
    found = await compare(visit.app, program_id, rule)
    return await _compared(visit, before, rule, found)


async def _compared(
    visit: Visit,
    before: ProgramRule,
    rule: ProgramRule,
    found: Comparison,
    faults: Mapping[str, str] = _NONE,
) -> Shown:
    data = {
        **await visit.app.store.run(lambda tx: comparison_shown(tx, found.totals, found.pairs)),
        "altered": altered(before, rule),
        "speaks_later": speaks_later(before, rule),
        "packed": packed(rule),
        "is_same": rule == before,
        "faults": faults,
        "fields": hidden_fields(values_of(rule)),
    }
    return Shown(
        data,
        status=400 if faults else 200,
        template="console/rule_whatif.html",
        title=gettext("What the changed rule would do"),
    )


async def do_edit(visit: Visit) -> Shown:
    """Back to the form with what was changed, nothing saved."""
    version, _ = await _current(visit)
    return _form(version, values_in(visit.form), {})


async def do_save(visit: Visit) -> Shown | Go:
    """Put the rule in force if the number typed is the number of mails."""
    program = program_of(visit)
    _, before = await _current(visit)
    rule = unpacked(visit.form.get("rule"))
    if await rule_trials.is_large(visit.app, program.id):
        await rule_trials.begin(visit.app, program.id, rule, by=visit.viewer.directory_id)
        return Go(f"/programs/{program.id}/rule/what-if")
    try:
        await save_rule(
            visit.app,
            program.id,
            rule,
            mails=number_of(visit.form.get("mails"), "mails"),
            by=visit.viewer.directory_id,
        )
    except FaultsError as error:
        found = error.found if isinstance(error, OtherMailsError) else None
        found = found or await compare(visit.app, program.id, rule)
        return await _compared(visit, before, rule, found, by_field(error))
    said = gettext("Saved. Booked pairs follow now; the others are planned anew.")
    return Go(f"/programs/{program.id}/rule", said)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_rule,
        template="console/rule.html",
        title=N_("Rule"),
        section="rule",
        acts=(
            Act(path=f"{PATH}/look", do=do_look),
            Act(path=f"{PATH}/edit", do=do_edit),
            Act(path=f"{PATH}/save", do=do_save),
        ),
    ),
)
