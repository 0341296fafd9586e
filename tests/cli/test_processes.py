"""Real processes over real sockets: killed in the middle, interrupted, and run again."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from tests.support.installation import Installation

PAIRS = 6


def _kill_after(
    installation: Installation, writes: int, number: signal.Signals, command: str = "book"
) -> int:
    """Let a command run until the tenant has seen so many writes, then send the signal."""
    # One after the other: otherwise all six are begun at once, and Ctrl-C would end them all.
    with installation.start(command, TANDEM_WORKERS="1") as process:
        until = time.monotonic() + 60
        while installation.written() < writes and process.poll() is None:
            assert time.monotonic() < until, "the writes never came"
        process.send_signal(number)
        process.communicate(timeout=60)
    return process.returncode


@pytest.mark.slow
def test_killed_at_several_moments_of_booking_everybody_is_invited_once(
    installation: Installation,
) -> None:
    """SIGKILL when the tenant has seen the first, the third and the seventh write; each
    time the command is simply given again."""
    assert installation.data("import", str(installation.roster))["added"] == PAIRS
    assert installation.data("plan")["placed"] == PAIRS
    for writes in (1, 3, 7):
        assert _kill_after(installation, writes, signal.SIGKILL) == -signal.SIGKILL
        installation.let_claims_run_out()
    code, _, err = installation.tandem("book")
    assert code == 0, err
    installation.assert_booked_once(PAIRS)


@pytest.mark.slow
def test_sigterm_ends_what_was_begun_and_the_next_run_goes_on(installation: Installation) -> None:
    """As Ctrl-C does: nothing more is taken up, it ends well and leaves no open intent. The loop
    that serves without Azure takes up the rest, and is ended like that as well.

    A host that shuts down sends it; what it kills after its patience is the case of SIGKILL above.
    """
    installation.data("import", str(installation.roster))
    installation.data("plan")
    code = _kill_after(installation, 2, signal.SIGTERM)
    assert code == 0
    states = Counter(pair["state"] for pair in installation.data("status")["pairs"])
    assert states["booked"] < PAIRS
    assert states["booking"] == 0, "what was begun is ended"
    code = _kill_after(installation, installation.written() + 2, signal.SIGTERM, "work")
    assert code == 0
    booked = Counter(pair["state"] for pair in installation.data("status")["pairs"])
    assert states["booked"] < booked["booked"]
    assert booked["booking"] == 0, "what was begun is ended"
    installation.data("book")
    installation.assert_booked_once(PAIRS)
