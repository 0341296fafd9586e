"""``python -m simulator``: a simulated Microsoft 365 tenant on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from simulator.serve import ServeOptions, serve
from simulator.serve_state import ClockWish, FirmWish, ServeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop.

    Returns:
        The exit code: 0 told to stop, 1 not able to serve (standard error says why), 130
        interrupted before it listened. Wrong options leave with 2.
    """
    try:
        serve(_options(arguments))
    except ServeError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    except KeyboardInterrupt:
        # Interrupted while the firm was being made; the next start begins again.
        return 130
    return 0


def _options(arguments: Sequence[str] | None) -> ServeOptions:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Serve a simulated Microsoft 365 tenant on localhost. When it listens, it "
        "prints one line of JSON with everything a client needs. A folder that was served "
        "before goes on where it was.",
    )
    add = parser.add_argument
    add("--state", type=Path, required=True, metavar="DIR", help="folder the tenant lives in")
    add("--port", type=_port, default=0, help="0, the default, takes a free one")
    add("--sign-in-port", type=_port, default=0, help="of the pages that people sign in on")
    add("--pairs", type=_positive, help="pairs in a new firm's roster (default 24)")
    add("--seed", type=int, help="another seed is another firm (default 1)")
    add("--start-date", type=_date, help="first day of the program (default 2027-01-11)")
    add("--problem", type=Path, metavar="FILE", help="take the new firm from a planning problem")
    add("--ics", type=Path, metavar="FOLDER", help="take it from exported calendars and --roster")
    add("--roster", type=Path, metavar="FILE", help="CSV of the pairs whose calendars --ics holds")
    add("--now", type=_instant, help="time in a new tenant (default 2027-01-04T14:00Z)")
    add(
        "--clock",
        choices=("stepped", "running"),
        help="stepped stands still until the control API moves it (default); running goes on",
    )
    add("--ready-file", type=Path, metavar="FILE", help="gets the same line, all at once")
    add("--latency-ms", type=_latency, default=timedelta(0), metavar="N", help="of each call")
    add("--no-strict", action="store_true", help="let clients do what Tandem itself must not")
    add("--plain-http", action="store_true", help="for tools on localhost without TLS")
    add("--webhook-ca", type=Path, metavar="FILE", help="trusted in endpoints of notifications")
    given = parser.parse_args(arguments)
    if (given.ics is None) != (given.roster is None):
        parser.error("--ics and --roster go together")
    return ServeOptions(
        state=given.state,
        port=given.port,
        sign_in_port=given.sign_in_port,
        firm=FirmWish(
            given.pairs, given.seed, given.start_date, given.problem, given.ics, given.roster
        ),
        clock=ClockWish(given.now, given.clock),
        ready_file=given.ready_file,
        latency=given.latency_ms,
        strict=not given.no_strict,
        plain_http=given.plain_http,
        webhook_ca=given.webhook_ca,
    )


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return number


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"expected 0 to 65535, got {text!r}")
    return int(text)


def _latency(text: str) -> timedelta:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected milliseconds, got {text!r}")
    return timedelta(milliseconds=int(text))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(
            f"expected a date like 2027-01-11, got {text!r}"
        ) from fault


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if instant.utcoffset() is None:
        raise argparse.ArgumentTypeError(
            f"expected an instant with a zone like 2027-01-04T14:00Z, got {text!r}"
        )
    return instant.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
