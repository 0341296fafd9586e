"""Memory of a process and all it started, watched from outside while it works.

Linux only: reads ``/proc``. A process that shares pages with others counts its share
of them (PSS), so the sum over processes counts no page twice.
"""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY = 0.25
_PROC = Path("/proc")


@dataclass
class Footprint:
    """The most seen at any look, in MB: of the largest process, and of all together."""

    largest: float = 0.0
    together: float = 0.0


def watched(command: Sequence[str]) -> tuple[str, Footprint]:
    """What a command prints, and the memory it and its descendants took.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    found = Footprint()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        while running.poll() is None:
            _look(running.pid, found)
            time.sleep(_LOOK_EVERY)
        printed = running.stdout.read() if running.stdout is not None else ""
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command, printed)
    return printed, found


def _look(root: int, found: Footprint) -> None:
    family = _family(root)
    found.together = max(
        found.together, sum(_kilobytes(p, "smaps_rollup", "Pss") for p in family) / 1024
    )
    # The kernel keeps the peak of each process itself, so no look can miss it.
    peaks = [_kilobytes(p, "status", "VmHWM") for p in family]
    found.largest = max(found.largest, max(peaks, default=0) / 1024)


def _family(root: int) -> list[int]:
    """A process and its descendants."""
    family = [root]
    for pid in family:
        for task in _lines(_PROC / str(pid) / "task" / str(pid) / "children"):
            family += [int(child) for child in task.split()]
    return family


def _kilobytes(pid: int, file: str, name: str) -> int:
    for line in _lines(_PROC / str(pid) / file):
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def _lines(file: Path) -> list[str]:
    """The lines of a file; none if its process has ended."""
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
