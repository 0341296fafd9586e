"""The switch that stops all writing: one row of the store, asked wherever something would leave.

While it is stopped no call that changes anything leaves for Microsoft Graph, no mail and no message
to another system, from whatever process; reading and planning go on. The environment's
``TANDEM_READ_ONLY`` is stronger: what it forbids no switch allows.
"""

from __future__ import annotations

from datetime import datetime

from integrations.errors import WritingStoppedError
from integrations.ports import Store, Transaction

SWITCH = "writing"
STOPPED = "stopped"
"""What the switch stands at while nobody may write; else when writing was last let go on."""


DECOMMISSIONED = "decommissioned"
"""The switch of an installation that is being taken away: nothing is booked any more, ever."""


def is_stopped(tx: Transaction) -> bool:
    """Whether somebody has stopped all writing."""
    return tx.switches.get(SWITCH) == STOPPED


def is_decommissioned(tx: Transaction) -> bool:
    """Whether this installation is being taken away, or was: nothing is booked from it again."""
    return tx.switches.get(DECOMMISSIONED) is not None


async def writing_stopped(store: Store) -> bool:
    """``is_stopped`` in a transaction of its own."""
    return await store.run(is_stopped)


def require_writing(tx: Transaction) -> datetime | None:
    """Return if writing may go on, with the instant at which it did after having been stopped.

    Raises:
        WritingStoppedError: it is stopped.
    """
    stands = tx.switches.get(SWITCH)
    if stands == STOPPED:
        raise WritingStoppedError("nothing is written")
    return None if stands is None else datetime.fromisoformat(stands)
