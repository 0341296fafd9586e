"""What a changed rule comes to, as its pages show it: the pairs it changes most, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.ports import Transaction
from integrations.workflows.rulebook.rule_whatif import Comparison
from integrations.workflows.rulebook.rules import ProgramRule

_MOST_SHOWN = 200
"""So many pairs stand in the table; those changed most come first."""


def comparison_shown(tx: Transaction, found: Comparison) -> dict[str, Any]:
    """The figures, and the first pairs with their names and states."""
    first = found.pairs[:_MOST_SHOWN]
    pairs = tx.pairs.many(one.pair_id for one in first)
    people = tx.participants.many({i for p in pairs.values() for i in (p.mentor_id, p.mentee_id)})
    lines = [
        (people[pair.mentor_id].name, people[pair.mentee_id].name, pair.state, one)
        for one in first
        if (pair := pairs.get(one.pair_id)) is not None
    ]
    return {"comparison": found, "lines": lines, "most": _MOST_SHOWN}


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
