"""What Tandem finds in the firm: somebody without a free hour, and a series made by hand.

Only where a program has a dozen pairs or more. The senior of its last pair has three half hours a
day to spare, so that her pairs meet half as long and twice as often. The first pair that has an
hour meets already, at that hour: a coordinator put it into a program mailbox's calendar, and Tandem
adopts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from integrations.demo.tenant import Control
from integrations.errors import IntegrationError
from integrations.ports import Transaction
from integrations.records import Pair, PairState, Participant
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case, load_case
from integrations.workflows.messages.words import names_of
from integrations.workflows.ordering.adopting import series_to_adopt
from integrations.workflows.ordering.at_once import tell_pair
from integrations.workflows.ordering.orders import COORDINATOR
from integrations.workflows.ordering.pair_acts import PairAct, telling_of

_SUBJECT = "Mentoring, as before"
_IN_COURT = (("07:00", "09:30"), ("10:00", "13:00"), ("13:30", "16:00"), ("16:30", "20:00"))
_WORKDAYS = 5
_ENOUGH_PAIRS = 12


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Whose series it is, and which, in words."""

    names: str
    series: str


async def fill_a_diary(tandem: App, control: Control) -> None:
    """Leave the senior of each program's last pair three half hours a day, before it is planned.

    Telling it twice, after a death, fills the same hours twice.
    """
    for person, monday in await tandem.store.run(_last_seniors):
        for start, end in _IN_COURT:
            for day in range(_WORKDAYS):
                on = monday + timedelta(days=day)
                control.tell(
                    "/people/appointment",
                    {
                        "person": person.mail,
                        "start": f"{on}T{start}",
                        "end": f"{on}T{end}",
                        "zone": person.zone or "UTC",
                        "show_as": "busy",
                        "subject": "Arbitration",
                        "weekly_interval": 1,
                    },
                )


def _large_programs(tx: Transaction) -> list[list[Pair]]:
    """The pairs of each program that has enough of them, in the order of the roster."""
    found: dict[str, list[Pair]] = {}
    for pair in sorted(tx.pairs.all(), key=lambda one: (one.roster_id or "", one.id)):
        found.setdefault(pair.program_id, []).append(pair)
    return [pairs for pairs in found.values() if len(pairs) >= _ENOUGH_PAIRS]


def _last_seniors(tx: Transaction) -> list[tuple[Participant, date]]:
    """With the Monday on or before each pair's first day."""
    last = [pairs[-1] for pairs in _large_programs(tx)]
    unplanned = [pair for pair in last if pair.state is PairState.ENROLLED]
    people = tx.participants.many(pair.mentee_id for pair in unplanned)
    return [
        (people[p.mentee_id], p.start_date - timedelta(days=p.start_date.weekday()))
        for p in unplanned
    ]


async def take_over_by_hand(tandem: App, control: Control, mailbox: str) -> list[TakenOver]:
    """Have one pair of each program meet already, and adopt their series; done once.

    ``mailbox`` is the address of the program mailbox in whose calendar it is made.

    Raises:
        IntegrationError: what was made cannot be adopted.
    """
    taken = []
    for case in await tandem.store.run(lambda tx: _first_planned(tx, tandem)):
        # With the permit kept for them: a telling that was killed may hold the others for a while.
        with tandem.graph.person_waiting():
            if not await series_to_adopt(tandem, case.pair.id):
                event = _event(case)
                control.tell("/organizer/make", {"mailbox": mailbox, "event": event})
            shown, *_ = await series_to_adopt(tandem, case.pair.id)
        telling = telling_of(PairAct.ADOPT, {"series": shown.key}, COORDINATOR)
        await tell_pair(tandem, case.pair.id, telling)
        pair = await tandem.store.run(partial(_pair, pair_id=case.pair.id))
        if pair.state is not PairState.BOOKED:
            raise IntegrationError(
                f"a series made by hand was not adopted: {shown.refusal or pair.state}",
                remedy="Report this fault.",
            )
        taken.append(TakenOver(names_of(case.mentor, case.mentee), shown.words))
    return taken


def _pair(tx: Transaction, pair_id: str) -> Pair:
    return tx.pairs.require(pair_id)


def _first_planned(tx: Transaction, tandem: App) -> list[Case]:
    """Each program's first pair that has an hour, unless it is booked already."""
    with_hour = [[p for p in pairs if p.series is not None] for pairs in _large_programs(tx)]
    first = [pairs[0] for pairs in with_hour if pairs]
    now, zone = tandem.clock.now(), tandem.options.zone
    return [
        load_case(tx, pair.id, now, default_zone=zone)
        for pair in first
        if pair.state is PairState.PLANNED
    ]


def _event(case: Case) -> dict[str, Any]:
    """What a coordinator would type into Outlook: the two, the hour, every so many weeks."""
    first = case.sessions[0]
    start = first.series_start.astimezone(ZoneInfo(case.zone)).replace(tzinfo=None)
    end = start + (first.end - first.start)
    return {
        "subject": _SUBJECT,
        "start": {"dateTime": start.isoformat(), "timeZone": case.zone},
        "end": {"dateTime": end.isoformat(), "timeZone": case.zone},
        "attendees": [
            {"type": "required", "emailAddress": {"address": person.mail, "name": person.name}}
            for person in case.people
        ],
        "recurrence": {
            "pattern": {
                "type": "weekly",
                "interval": case.rule.cadence.interval_weeks,
                "daysOfWeek": [f"{start:%A}".lower()],
            },
            "range": {
                "type": "numbered",
                "startDate": start.date().isoformat(),
                "numberOfOccurrences": len(case.sessions),
                "recurrenceTimeZone": case.zone,
            },
        },
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
    }
