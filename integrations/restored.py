"""The mark of a store that was put back from a backup: the tenant may know more than it does.

Under the mark nothing is created before the calendar was searched for it. The transaction id alone
would not do: nobody knows for how long Exchange remembers one.
"""

from __future__ import annotations

from integrations.ports import Transaction

SWITCH = "restored"


def was_restored(tx: Transaction) -> bool:
    """Whether this store was put back from a backup at some time."""
    return tx.switches.get(SWITCH) is not None
