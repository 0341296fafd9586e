"""Free/busy of participants, read in the name of a program mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
    GetSchedulePostRequestBody,
)

from integrations.errors import (
    RefusedError,
    UnreachableError,
)
from integrations.graph import models
from integrations.graph.client import Wire, together
from integrations.graph.events import wire_time
from integrations.graph.hours import settings_from
from integrations.graph.operations import GET_SCHEDULE
from integrations.graph.permits import MOST_AT_ONCE
from integrations.graph.refusals import TOO_MANY_ENTRIES, UNAVAILABLE, reason_unreadable
from integrations.ports import Schedule, ScheduleItem, Unreadable
from scheduling.timespan import TimeSpan

PEOPLE_PER_CALL = 20
"""The documented bound; a larger call fails as a whole somewhere above it."""

LONGEST_WINDOW = timedelta(days=62)
SHORTEST_WINDOW = timedelta(days=7)

DIGIT_MINUTES = 15
"""Minutes per digit. Digits matter where items are missing: a reader who may see only whether
somebody is free gets digits alone. A quarter of an hour is then as fine as sessions are placed,
and adds 6 kB a person to a window whose items take some 90 kB; five minutes would add 18 kB and
say nothing more."""

_Reading: TypeAlias = "tuple[Schedule, ...] | Unreadable"


_UNREACHED = Unreadable("unreachable")


@dataclass(frozen=True, slots=True)
class _Window:
    reader_id: str
    mails: tuple[str, ...]
    span: TimeSpan


class FreeBusy:
    """Implements :class:`integrations.ports.FreeBusySource`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def read(
        self, reader_id: str, mails: Sequence[str], spans: Sequence[TimeSpan]
    ) -> dict[str, _Reading]:
        if any(span.end - span.start >= LONGEST_WINDOW for span in spans):
            raise ValueError("a reading window must be shorter than 62 days")
        people = list(dict.fromkeys(mails))
        chunks = [
            tuple(people[i : i + PEOPLE_PER_CALL]) for i in range(0, len(people), PEOPLE_PER_CALL)
        ]
        windows = [_Window(reader_id, chunk, span) for chunk in chunks for span in spans]
        readings = await together(
            (self._read_window(window) for window in windows), at_once=MOST_AT_ONCE
        )
        if readings and all(set(r.values()) == {_UNREACHED} for r in readings):
            raise UnreachableError("Graph cannot be reached")
        return {mail: _joined([r[mail] for r in readings if mail in r]) for mail in people}

    async def _read_window(self, window: _Window) -> dict[str, _Reading]:
        """One call, and more for those whose answer was too large: their window is halved."""
        found = await self._call(window)
        crowded = tuple(
            mail for mail, reading in found.items() if reading == Unreadable(TOO_MANY_ENTRIES)
        )
        halves = _halves(window.span)
        if not crowded or not halves:
            return found
        parts = [
            await self._read_window(_Window(window.reader_id, crowded, half)) for half in halves
        ]
        return found | {mail: _joined([part[mail] for part in parts]) for mail in crowded}

    async def _call(self, window: _Window) -> dict[str, _Reading]:
        body = GetSchedulePostRequestBody(
            schedules=list(window.mails),
            start_time=wire_time(window.span.start),
            end_time=wire_time(window.span.end),
            availability_view_interval=DIGIT_MINUTES,
        )

        try:
            answer = await self._wire.fetch(
                models.FreeBusyAnswer,
                GET_SCHEDULE,
                lambda graph, c: graph.users.by_user_id(
                    window.reader_id
                ).calendar.get_schedule.post(body, c),
            )
        except RefusedError as error:
            return dict.fromkeys(window.mails, Unreadable(_call_refused(error)))
        except UnreachableError:
            return dict.fromkeys(window.mails, _UNREACHED)
        return _by_mail(answer, window)


def _call_refused(error: RefusedError) -> str:
    """A refused call says something about the reader, not about the people asked for."""
    reason = reason_unreadable(error.status, error.code)
    return "reader_forbidden" if reason == "forbidden" else UNAVAILABLE


def _by_mail(answer: models.FreeBusyAnswer, window: _Window) -> dict[str, _Reading]:
    entries = {str(raw.get("scheduleId", "")).casefold(): raw for raw in answer.value}
    return {mail: _reading(entries.get(mail.casefold()), window.span) for mail in window.mails}


def _reading(raw: object, span: TimeSpan) -> _Reading:
    """One entry of an answer; whatever is missing or odd in it makes the person unreadable."""
    try:
        entry = models.parse_data(models.FreeBusyEntry, raw)
        if entry.fault is not None:
            return Unreadable(reason_unreadable(0, entry.fault.code or ""))
        if entry.digits is None and entry.items is None:
            return Unreadable(UNAVAILABLE)
        schedule = Schedule(
            span=span,
            items=tuple(
                ScheduleItem(start=item.start, end=item.end, status=item.status)
                for item in entry.items or ()
            ),
            digits=entry.digits or "",
            digit_minutes=DIGIT_MINUTES,
            hours=None if entry.hours is None else settings_from(None, entry.hours),
        )
        return (schedule,)
    except models.MalformedAnswerError:
        return Unreadable("malformed_answer")


def _joined(readings: Sequence[_Reading]) -> _Reading:
    """All windows of one person: unreadable as soon as one of them is."""
    schedules: list[Schedule] = []
    for reading in readings:
        if isinstance(reading, Unreadable):
            return reading
        schedules.extend(reading)
    return tuple(schedules)


def _halves(span: TimeSpan) -> tuple[TimeSpan, TimeSpan] | None:
    """The span in two, on a whole day after its start; None if they would be too short."""
    half = timedelta(days=(span.end - span.start).days // 2)
    if half < SHORTEST_WINDOW:
        return None
    middle = span.start + half
    return TimeSpan(span.start, middle), TimeSpan(middle, span.end)
