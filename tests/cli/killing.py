"""SIGKILL at moments nobody chose: ``python -m tests.cli.killing`` (``make kills``).

A demonstration is told once undisturbed. Then it is told again and killed after a stretch of real
time that chance draws, begun again with the same command, killed again, until it gets through.
Windows, mails and who was refused have to be the same in the end. ``KILLS`` is how often it is
killed at most (40), ``SEED`` from what the stretches are drawn (1). The last line is
``N kills, D differences``; any difference ends it with 1.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.cli.telling import Left, left_in, said, started, told_to_the_end

_SHORTEST, _LONGEST = 1.5, 9.0
"""Seconds of real time: before the first of them hardly anything has been begun."""


def killed_on_the_way(folder: Path, kills: int, chance: Random) -> int:
    """Tell it until it ends, killed at most so often; how often it was."""
    for done in range(kills):
        with started(folder) as process:
            until = time.monotonic() + chance.uniform(_SHORTEST, _LONGEST)
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            if process.poll() is not None:
                if process.returncode != 0:
                    raise RuntimeError(said(folder))
                return done
            process.kill()
            process.wait()
    told_to_the_end(folder)
    return kills


def differences(undisturbed: Left, killed: Left) -> list[str]:
    """What is in one and not in the other, a line each."""
    found = [f"refused: {complaint}" for complaint in killed.complaints]
    for what, here, there in (
        ("date", undisturbed.dates, killed.dates),
        ("mail", undisturbed.mails, killed.mails),
    ):
        found += [f"{what} missing: {one}" for one in _more(here, there)]
        found += [f"{what} too many: {one}" for one in _more(there, here)]
    return found


def _more(here: Counter[tuple[str, ...]], there: Counter[tuple[str, ...]]) -> list[str]:
    return [" | ".join(key) for key in (here - there).elements()]


def main() -> int:
    """Tell, kill, compare; 1 if anything differs."""
    kills, seed = int(os.environ.get("KILLS", "40")), int(os.environ.get("SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="tandem-kills-") as name:
        folder = Path(name)
        undisturbed = told_to_the_end(folder / "undisturbed")
        done = killed_on_the_way(folder / "killed", kills, Random(seed))
        found = differences(undisturbed, left_in(folder / "killed"))
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{done} kills, {len(found)} differences\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
