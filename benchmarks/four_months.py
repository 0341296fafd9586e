"""How long four months of a firm of 60 pairs take, the clock jumping from event to event.

    python -m benchmarks.four_months [PAIRS]

First the firm alone: its people answer, decline, plan, fall ill and come to meetings which nobody
looks after. Then with Tandem at work on it, never asleep, in one process and one thread, as the
lives of ``tests.simulation`` are: it plans, books, sweeps, watches, mails and records who met, and
the oracle of those lives judges the end. Printed are seconds of the processor. Wanted: under 60.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from time import process_time

from integrations.runtime import ease_garbage_collection
from simulator.clock import AdjustableClock
from simulator.firm import make_firm
from simulator.people import Firm
from simulator.tenant import Tenant
from tests.simulation.driver import lived
from tests.simulation.weather import BORN, ROSTER_STARTS, fair_weather

PAIRS, WEEKS, WANTED_SECONDS = 60, 17, 60.0
_DATES, _FIRST_HOUR = 8, 9


def alone(pairs: int) -> str:
    """Let the firm live by itself; what it took."""
    firm = make_firm(pairs, 1, ROSTER_STARTS, troubles=False)
    end = BORN + timedelta(weeks=WEEKS)
    began = process_time()
    with tempfile.TemporaryDirectory() as folder:
        tenant = Tenant.open(Path(folder) / "tenant.sqlite", AdjustableClock(BORN))
        tenant.take_in(firm)
        _book(tenant, firm)
        tenant.life.begin()
        struck = jumps = 0
        while (at := tenant.life.next_at()) is not None and at <= end:
            struck += tenant.life.pass_until(at)
            jumps += 1
        met = len(tenant.gatherings.past())
        tenant.close()
    seconds = process_time() - began
    return _line("the firm alone", seconds, f"{jumps} jumps, {struck} acts struck, {met} dates")


def with_tandem(pairs: int) -> str:
    """Let Tandem look after the same firm; what it took.

    Raises:
        AssertionError: a promise was broken.
    """
    began = process_time()
    outcome = lived(fair_weather(pairs, WEEKS))
    seconds = process_time() - began
    assert outcome.violations == (), "\n".join(map(str, outcome.violations))
    return _line("with Tandem at work", seconds, f"{outcome.calls} calls of Graph")


def _book(tenant: Tenant, firm: Firm) -> None:
    """A meeting every other week for each pair, by somebody who looks into no calendar."""
    boxes = cycle(firm.program_mailboxes)
    mails = {person.id: person.mail for person in firm.people}
    for number, pair in enumerate(firm.pairs):
        day = ROSTER_STARTS + timedelta(days=number % 5)
        hour = _FIRST_HOUR + number % 8
        organizer = tenant.directory.user(next(boxes).mail)
        tenant.writes.create(
            organizer, _series(day, hour, [mails[pair.mentor], mails[pair.mentee]])
        )
    tenant.storage.commit()


def _series(day: date, hour: int, people: list[str]) -> dict[str, object]:
    begins = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - a wall clock's time
    written = {"start": begins, "end": begins + timedelta(hours=1)}
    weekday = f"{day:%A}".lower()
    return {
        **{
            name: {"dateTime": at.isoformat(), "timeZone": "America/New_York"}
            for name, at in written.items()
        },
        "subject": "Mentoring",
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
        "attendees": [{"type": "required", "emailAddress": {"address": one}} for one in people],
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": [weekday]},
            "range": {
                "type": "numbered",
                "startDate": day.isoformat(),
                "numberOfOccurrences": _DATES,
            },
        },
    }


def _line(what: str, seconds: float, more: str) -> str:
    missed = "" if seconds < WANTED_SECONDS else f", {WANTED_SECONDS:.0f} s wanted"
    return f"{what}: {seconds:.1f} s of CPU ({more}){missed}"


def main() -> None:
    """Live both, and say how long it took."""
    logging.disable(logging.CRITICAL)
    ease_garbage_collection()
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    print(f"{pairs} pairs, {WEEKS} weeks")
    print(alone(pairs), flush=True)
    print(with_tandem(pairs))


if __name__ == "__main__":
    main()
