"""What a changed rule comes to, as its pages show it: the pairs it changes most, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.page_records import RuleTotals
from integrations.ports import Transaction
from integrations.web.paging import Listed
from integrations.workflows.rulebook.rule_whatif import WhatIf
from integrations.workflows.rulebook.rules import ProgramRule


def comparison_shown(
    tx: Transaction, totals: RuleTotals, some: Sequence[WhatIf], listed: Listed | None = None
) -> dict[str, Any]:
    """The figures, and these pairs with their names and states; ``listed`` where there are more."""
    pairs = tx.pairs.many(one.pair_id for one in some)
    people = tx.participants.many({i for p in pairs.values() for i in (p.mentor_id, p.mentee_id)})
    lines = [
        (people[pair.mentor_id].name, people[pair.mentee_id].name, pair.state, one)
        for one in some
        if (pair := pairs.get(one.pair_id)) is not None
    ]
    return {"totals": totals, "lines": lines, "listed": listed}


def speaks_later(before: ProgramRule, after: ProgramRule) -> bool:
    """Whether something is otherwise that stands in invitations, which are never changed."""
    return (before.agenda, before.place, before.kinds) != (after.agenda, after.place, after.kinds)


def hidden_fields(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The form's fields with their values one by one, so that it can be gone back to."""
    fields: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, bool):
            fields += [(name, "yes")] if value else []
        elif isinstance(value, tuple):
            fields += [(name, each) for each in value]
        else:
            fields.append((name, value))
    return fields
