"""Programs by their names, and what is said about them in messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import available_timezones

from integrations.errors import Fault, FaultsError
from integrations.language import N_
from integrations.ports import Transaction
from integrations.records import Program
from integrations.workflows.enrolment.enrol import program_id


def find_program(tx: Transaction, name: str) -> Program:
    """The program of this name. Raises FaultsError."""
    found = tx.programs.get(program_id(name))
    if found is None:
        raise FaultsError(
            [Fault("program", N_("the name of a program"), name)],
            remedy=N_("Use the name that stands in the column `program` of the roster."),
        )
    return found


def program_key(tx: Transaction, name: str | None) -> str | None:
    """The id of the program with this name; None, which is all of them, if none is named.

    Raises:
        FaultsError: none is called that.
    """
    return None if name is None else find_program(tx, name).id


def describe_program(
    tx: Transaction,
    name: str,
    *,
    zone: str | None = None,
    mixed: bool | None = None,
    contact: Mapping[str, str | None],
    links: Mapping[str, str | None],
) -> Program:
    """Change what a program's messages say; what is None stays as it is.

    Raises:
        FaultsError: no program is called that, or there is no such zone; nothing was changed.
    """
    if zone is not None and zone not in available_timezones():
        raise FaultsError([Fault("zone", N_("an IANA zone such as Europe/London"), zone)])
    known = find_program(tx, name)
    changed = replace(
        known,
        zone=zone or known.zone,
        mixed=known.mixed if mixed is None else mixed,
        contact={**known.contact, **_given(contact)},
        links={**known.links, **_given(links)},
    )
    tx.programs.put(changed)
    return changed


def _given(changes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in changes.items() if value is not None}
