"""Real processes over real sockets: killed in the middle, interrupted, and run again."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from tests.cli.conftest import Installation

PAIRS = 6
EVENTS = "/users/{user}/events"


def _written(installation: Installation) -> int:
    """How many writes the tenant has seen."""
    calls = installation.asked("/calls")
    return sum(
        call["method"] in ("POST", "PATCH") and call["path"].startswith(EVENTS) for call in calls
    )


def _kill_after(
    installation: Installation, writes: int, number: signal.Signals, command: str = "book"
) -> int:
    """Let a command run until the tenant has seen so many writes, then send the signal."""
    # One after the other: otherwise all six are begun at once, and Ctrl-C would end them all.
    with installation.start(command, TANDEM_WORKERS="1") as process:
        until = time.monotonic() + 60
        while _written(installation) < writes and process.poll() is None:
            assert time.monotonic() < until, "the writes never came"
        process.send_signal(number)
        process.communicate(timeout=60)
    return process.returncode


def _let_claims_run_out(installation: Installation) -> None:
    """What ten minutes do: the claims and permits of the dead end by themselves."""
    long_ago = "2026-01-01 00:00:00.000000"
    with closing(sqlite3.connect(installation.store)) as store:
        store.execute("UPDATE work SET claimed_until = ? WHERE claimed_until > ?", (long_ago,) * 2)
        store.execute("DELETE FROM permits")
        store.commit()


def _assert_booked_once(installation: Installation) -> None:
    status = installation.data("status")
    assert {pair["state"] for pair in status["pairs"]} == {"booked"}
    mails = installation.asked("/mails")
    invited = Counter((m["event_id"], m["recipient"]) for m in mails if m["kind"] == "invitation")
    assert len(invited) == 2 * PAIRS
    assert set(invited.values()) == {1}, "somebody was invited twice"
    assert dict(sorted(Counter(m["kind"] for m in mails).items())) == status["mails"]
    [box] = installation.tenant.ready["program_mailboxes"]
    events = installation.asked(f"/events?mailbox={box['mail']}")
    assert len(events) == PAIRS, "one event per pair, and no trial left behind"
    for event in events:
        for address in event["responses"]:
            theirs = installation.asked(f"/events?mailbox={address}")
            assert event["join_url"] in {one["join_url"] for one in theirs}
    assert installation.asked("/complaints") == []


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
        _let_claims_run_out(installation)
    code, _, err = installation.tandem("book")
    assert code == 0, err
    _assert_booked_once(installation)


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
    code = _kill_after(installation, _written(installation) + 2, signal.SIGTERM, "work")
    assert code == 0
    booked = Counter(pair["state"] for pair in installation.data("status")["pairs"])
    assert states["booked"] < booked["booked"]
    assert booked["booking"] == 0, "what was begun is ended"
    installation.data("book")
    _assert_booked_once(installation)
