"""The work that is due, and who has claimed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from integrations.ports.rows import Records
from integrations.records import Work


class DueWork(Records[Work], Protocol):
    """Due work: the truth that queue messages only point to. Keyed by id."""

    def schedule(self, kind: str, subject: str, due_at: datetime) -> Work:
        """Make sure there is open work of this kind for ``subject``.

        An open row keeps the earlier of the two due times, so a repeated wake-up changes nothing;
        one that is claimed is opened again once its holder is through, because the holder may
        not have seen what the wake-up was about. A row that is done is opened again. A poisoned
        one stays as it is until it is revived.
        """
        ...

    def take_up(self, kind: str, subject: str, due_at: datetime) -> Work:
        """``schedule``, and open the row with its attempts at nought if it was put aside."""
        ...

    def schedule_all(self, kind: str, subjects: Iterable[str], due_at: datetime) -> None:
        """``schedule`` for many subjects at once."""
        ...

    def due(self, now: datetime, *, kinds: Sequence[str] = (), limit: int = 100) -> list[Work]:
        """Open work that is due and not claimed by anybody at ``now``, oldest due first."""
        ...

    def next_due_at(self, *, kinds: Sequence[str] = ()) -> datetime | None:
        """When the next open row can be claimed (its due time, or the end of its claim)."""
        ...

    def claim(self, work_id: str, holder: str, now: datetime, length: timedelta) -> Work | None:
        """Take the row if it is open, due and free (or its claim ran out); None otherwise.

        Counts an attempt. Two claimants never both succeed.
        """
        ...

    def claimed_until(self, kinds: Sequence[str], subject: str, now: datetime) -> datetime | None:
        """Until when open work of these kinds for ``subject`` is claimed; None if none is.

        Of two who each claim a row of one subject and then ask about the other's, at most one is
        told None: the rows stay locked for the rest of the transaction.
        """
        ...

    def extend(self, work_id: str, holder: str, until: datetime) -> bool:
        """Hold the claim until ``until``; False if it went to somebody else or is over.

        A claim that ran out and was taken by nobody is still its holder's.
        """
        ...

    def finish(self, work_id: str, holder: str) -> bool:
        """Mark done, or open again if a wake-up came meanwhile.

        False if the claim was lost (nothing is changed then).
        """
        ...

    def postpone(
        self,
        work_id: str,
        holder: str,
        due_at: datetime,
        *,
        error: str | None = None,
        forgive: int = 0,
    ) -> bool:
        """Give the row back until ``due_at``; ``forgive`` attempts are not counted.

        A wake-up that came meanwhile and is earlier wins. False if the claim was lost.
        """
        ...

    def poison(self, work_id: str, error: str) -> None:
        """Put the row aside, visible, until somebody revives it."""
        ...

    def revive(self, work_id: str, due_at: datetime) -> None:
        """Open a poisoned row again with its attempts at nought."""
        ...

    def hurry(self, error: str, due_at: datetime) -> int:
        """Have the open rows that were given back with this ``error`` due by ``due_at``.

        Returns how many became due earlier by it.
        """
        ...

    def count(self) -> dict[tuple[str, str], int]:
        """How many rows there are by (kind, state)."""
        ...
