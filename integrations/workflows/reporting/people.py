"""Finding a person by what a coordinator knows of them."""

from __future__ import annotations

from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import Participant


def find_person(tx: Transaction, named: str) -> Participant:
    """The person with this address or internal id.

    Raises:
        NotPossibleError: there is none.
    """
    found = tx.participants.get(named) or tx.participants.by_mail([named]).get(named.lower())
    if found is None:
        raise NotPossibleError(
            gettext("nobody here is %(name)s", name=repr(named)),
            remedy=N_("Name an address of the roster, or an internal id."),
        )
    return found
