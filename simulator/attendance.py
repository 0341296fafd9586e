"""Who was in a Teams meeting and when, and the reports Teams makes of it.

All dates of a series share one meeting. Whoever is in it makes a call; the call ends when the
last one leaves, and some minutes later there is a report of it. So a date has no report, one or
several, and somebody who tries the link the day before makes one as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from simulator.behaviour import Behaviour
from simulator.ids import Mint
from simulator.storage import Storage

# Signed in, by telephone, or by the link without an account.
Way = Literal["account", "phone", "anonymous"]


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody's stay in a meeting, from ``joined`` to ``left`` (UTC).

    ``person`` is an address of whatever tenant, or for other ways whatever tells one caller or
    visitor from another. Each ``device`` has stays of its own. Who ``waits`` stands in the lobby
    until somebody is there to open. ``reported`` is what the policy said of reports at the time.
    """

    meeting_id: str
    person: str
    joined: datetime
    left: datetime
    way: Way = "account"
    device: str = "computer"
    waits: bool = False
    reported: bool = True

    def __post_init__(self) -> None:
        if self.joined.utcoffset() is None or self.left.utcoffset() is None:
            raise ValueError(f"a stay needs aware ends: {self.joined} / {self.left}")
        if self.joined >= self.left:
            raise ValueError(f"a stay has to last: {self.joined} / {self.left}")

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Stay:
        """The stay that storage kept."""
        ends = {name: datetime.fromisoformat(doc[name]) for name in ("joined", "left")}
        return cls(**{**doc, **ends})


@dataclass(frozen=True, slots=True)
class Report:
    """A call that is over: everybody who was let in, by when they came in."""

    id: str
    start: datetime
    end: datetime
    stays: tuple[Stay, ...]


class Attendance:
    """The stays in every meeting of the tenant."""

    def __init__(self, storage: Storage, mint: Mint, behaviour: Behaviour) -> None:
        self._storage, self._mint, self._behaviour = storage, mint, behaviour
        self._by_meeting: dict[str, list[Stay]] = defaultdict(list)
        self._reports: dict[str, list[Report]] = {}
        for doc in storage.entries("stay"):
            stay = Stay.from_document(doc)
            self._by_meeting[stay.meeting_id].append(stay)

    def note(self, stay: Stay) -> None:
        """Keep a stay, whether past or to come."""
        self._by_meeting[stay.meeting_id].append(stay)
        self._reports.pop(stay.meeting_id, None)
        self._storage.append("stay", stay)

    def is_open(self, meeting_id: str, moment: datetime) -> bool:
        """Whether somebody is in the meeting who can let others in."""
        return any(
            not stay.waits and stay.joined <= moment < stay.left
            for stay in self._by_meeting.get(meeting_id, ())
        )

    def of(self, meeting_id: str) -> list[Stay]:
        """Every stay in a meeting of those who were let in, from when they were, by that time."""
        return let_in(self._by_meeting.get(meeting_id, ()))

    def reports(self, meeting_id: str, now: datetime) -> list[Report]:
        """The reports there are of a meeting, newest first."""
        if meeting_id not in self._reports:
            self._reports[meeting_id] = list(self._made(meeting_id))
        found = self._reports[meeting_id]
        return [one for one in reversed(found) if one.end + self._delay(one) <= now]

    def report(self, meeting_id: str, report_id: str, now: datetime) -> Report | None:
        """The report of an id, once it is there."""
        return next((one for one in self.reports(meeting_id, now) if one.id == report_id), None)

    def _made(self, meeting_id: str) -> Iterator[Report]:
        for stays in _calls(self.of(meeting_id)):
            start, end = stays[0].joined, max(stay.left for stay in stays)
            # Whether a call is reported on is settled when it begins.
            if stays[0].reported:
                report_id = self._mint.guid("report", meeting_id, start.isoformat())
                yield Report(report_id, start, end, tuple(stays))

    def _delay(self, report: Report) -> timedelta:
        """How long Teams takes to make a report; the same one always as long."""
        least = self._behaviour.report_delay
        spread = max(self._behaviour.report_delay_most - least, timedelta(0))
        return least + spread * int(self._mint.number(3, "delay", report.id)) / 1000


def let_in(stays: Iterable[Stay]) -> list[Stay]:
    """The stays by when they began, those in the lobby only from when somebody opened."""
    known = list(stays)
    opening = [stay for stay in known if not stay.waits]
    inside = list(opening)
    for stay in known:
        if stay.waits:
            moments = [
                max(stay.joined, one.joined)
                for one in opening
                if stay.joined < one.left and one.joined < stay.left
            ]
            if moments:
                inside.append(replace(stay, joined=min(moments)))
    return sorted(inside, key=lambda stay: (stay.joined, stay.left, stay.person, stay.device))


def _calls(stays: Sequence[Stay]) -> Iterator[list[Stay]]:
    """The stays cut where nobody was there any more."""
    call: list[Stay] = []
    end: datetime | None = None
    for stay in stays:
        if end is not None and stay.joined >= end:
            yield call
            call, end = [], None
        call.append(stay)
        end = stay.left if end is None else max(end, stay.left)
    if call:
        yield call
