"""What pages of the console share: what their path names, numbers typed, faults by field."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.web.faults import expected_in, given_in

_NONE: Mapping[str, str] = MappingProxyType({})


def number_of(typed: str, field: str) -> int:
    """A whole number as somebody types it, thousands apart or not.

    Raises:
        FaultsError: it is none.
    """
    plain = typed.replace(",", "").replace(" ", "").replace("\u202f", "").replace(".", "")
    if not plain.isascii() or not plain.isdigit() or len(plain) > 9:
        raise FaultsError([Fault(field, N_("a whole number"), typed[:40])])
    return int(plain)


def by_field(error: FaultsError, fields: Mapping[str, str] = _NONE) -> dict[str, str]:
    """What is expected of each field, by its name; ``fields`` maps places of faults to names."""
    found: dict[str, str] = {}
    for fault in error.faults:
        name = fields.get(fault.where, fault.where)
        expected, given = expected_in(fault), given_in(fault)
        words = (
            gettext("Expected %(expected)s (not %(given)s).", expected=expected, given=given)
            if given and fault.value
            else gettext("Expected %(expected)s.", expected=expected)
        )
        found[name] = f"{found[name]} {words}" if name in found else words
    return found
