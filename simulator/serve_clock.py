"""A tenant's clock that outlives the process."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from simulator.clock import AdjustableClock, machine_clock

ClockMode = Literal["stepped", "running"]
_WRITTEN = 256
"""Characters of the file, blanks at the end among them."""


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
        text = json.dumps(doc).ljust(_WRITTEN)
        if not self._path.exists():
            replace_file(self._path, text)
            return
        # Over the old text, in one piece of always the same length: a process that is killed has
        # written all of it or nothing. A clock that jumps does so several times an hour of its
        # time, and a new file for each took a quarter of that.
        file = os.open(self._path, os.O_WRONLY)
        try:
            os.pwrite(file, text.encode(), 0)
        finally:
            os.close(file)


def replace_file(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write ``path`` so that a reader finds the old text or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
