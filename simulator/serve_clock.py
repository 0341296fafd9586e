"""A tenant's clock that outlives the process."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from simulator.clock import AdjustableClock, machine_clock

ClockMode = Literal["stepped", "running"]


class KeptClock(AdjustableClock):
    """A clock whose time stands in a file and is written there before anybody hears of it.

    A stepped clock says after a restart what it said before. A running one went on
    in between, as the machine's clock did.
    """

    def __init__(self, path: Path, start: datetime, mode: ClockMode) -> None:
        self._path, self._mode = path, mode
        super().__init__(start, runs=mode == "running")
        self._keep()

    @classmethod
    def reopen(cls, path: Path, mode: ClockMode | None = None) -> KeptClock:
        """The clock that stands in ``path``, from now on in ``mode`` if one is given.

        Raises:
            OSError, ValueError, KeyError: the file is missing or is not one of ours.
        """
        doc = json.loads(path.read_text())
        now = datetime.fromisoformat(doc["now"])
        kept: ClockMode = "running" if doc["mode"] == "running" else "stepped"
        if kept == "running":
            now += machine_clock() - datetime.fromisoformat(doc["machine"])
        return cls(path, now, mode or kept)

    def set(self, now: datetime) -> None:
        super().set(now)
        self._keep()

    def _keep(self) -> None:
        doc = {
            "now": self().isoformat(),
            "mode": self._mode,
            "machine": machine_clock().isoformat(),
        }
        # Not synced, as the tenant's other state is not at each commit: a process that is killed
        # loses nothing, and a clock that jumps does so several times an hour of its time.
        replace_file(self._path, json.dumps(doc), is_synced=False)


def replace_file(path: Path, text: str, *, mode: int = 0o644, is_synced: bool = True) -> None:
    """Write ``path`` so that a reader finds the old text or the new one, never a part.

    Only what ``is_synced`` outlives a power cut, too.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        if is_synced:
            os.fsync(file.fileno())
    draft.replace(path)
