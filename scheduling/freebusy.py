"""What ``getSchedule`` means: a calendar from items and digits, with our own sessions taken out.

Unknown is not free: whatever the answer leaves open blocks.
Source: Graph ``scheduleInformation``, ``scheduleItem``, ``availabilityView``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Protocol, TypeVar

import numpy as np

from scheduling.cadence import zone_info
from scheduling.people import BLOCKS, BY_START, NOTHING, STATUS_EFFECT, BusyItem, FreeBusyStatus
from scheduling.timespan import TimeSpan, free_within

LONGEST_READING = timedelta(days=61)
"""A reading window must be shorter than 62 days of local time, clock changes included."""
PEOPLE_PER_CALL = 20
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)

T = TypeVar("T")


class ItemRead(Protocol):
    """One entry of an answer: aware start and end, status as Graph spells it."""

    @property
    def start(self) -> datetime:
        """When it begins."""
        ...

    @property
    def end(self) -> datetime:
        """When it ends; not part of it."""
        ...

    @property
    def status(self) -> str:
        """Graph's ``freeBusyStatus``, in any case."""
        ...


class ScheduleRead(Protocol):
    """One person's answer for one reading window.

    ``digits`` is the availabilityView: one digit per ``digit_minutes`` from ``span.start``.
    """

    @property
    def span(self) -> TimeSpan:
        """What was asked for."""
        ...

    @property
    def items(self) -> Sequence[ItemRead]:
        """Entries in any order, unclipped."""
        ...

    @property
    def digits(self) -> str:
        """The availabilityView."""
        ...

    @property
    def digit_minutes(self) -> int:
        """Minutes one digit stands for."""
        ...


def reading_windows(start: datetime, end: datetime) -> list[TimeSpan]:
    """The fewest windows of at most 61 days that cover the span, of nearly one length, touching."""
    days = -((start - end) // _DAY)
    count = -(-days // LONGEST_READING.days)
    edges = [start + k * days // count * _DAY for k in range(count)] if count else []
    return [TimeSpan(a, b) for a, b in zip(edges, [*edges[1:], end], strict=True)]


def chunks(people: Iterable[T], size: int = PEOPLE_PER_CALL) -> list[list[T]]:
    """People in order, at most ``size`` to a call."""
    left = iter(people)
    found = []
    while chunk := list(islice(left, size)):
        found.append(chunk)
    return found


def calendar_of(readings: Iterable[ScheduleRead], zone: str) -> list[BusyItem]:
    """One person's entries from the answers of all reading windows, sorted by start.

    Each answer's items are checked against its digits: a digit without an item that
    explains it becomes an entry, a digit Graph does not define and a stretch without
    digits become ``unknown``. Items that reach over a seam are given by both windows
    and counted once; two equal entries of one window stay two. Day-long items are
    widened to whole local days of ``zone``, the person's own. Entries that lie
    outside every reading window are dropped, the others kept unclipped.
    """
    given = [(reading.span, _told_by(reading)) for reading in readings]
    found = (wide for item in _over_seams(given) for wide in _whole_days(item, zone))
    return sorted(found, key=BY_START)


def _told_by(reading: ScheduleRead) -> list[BusyItem]:
    """What one answer tells, by its items and by its digits."""
    items = [_item(item) for item in reading.items]
    return [*items, *_unexplained(reading, items)]


def _over_seams(given: Sequence[tuple[TimeSpan, list[BusyItem]]]) -> Iterable[BusyItem]:
    """The entries of all windows that touch one of them, what two windows tell of once."""
    if len(given) == 1:
        # Most looks have one window: nothing has to be counted.
        [(span, items)] = given
        return [item for item in items if item.start < span.end and span.start < item.end]
    most: Counter[BusyItem] = Counter()
    for _, items in given:
        most |= Counter(items)
    return [
        item
        for item in most.elements()
        if any(item.start < span.end and span.start < item.end for span, _ in given)
    ]


def _item(item: ItemRead) -> BusyItem:
    return BusyItem(item.start.astimezone(UTC), item.end.astimezone(UTC), _status(item.status))


_STATUS_BY_NAME = {status.value.lower(): status for status in FreeBusyStatus}


def _status(name: str) -> FreeBusyStatus:
    """The status of that name in any case; one we do not know is ``unknown`` and blocks."""
    return _STATUS_BY_NAME.get(name.strip().lower(), FreeBusyStatus.UNKNOWN)


_DIGITS = {
    "0": FreeBusyStatus.FREE,
    "1": FreeBusyStatus.TENTATIVE,
    "2": FreeBusyStatus.BUSY,
    "3": FreeBusyStatus.OOF,
    "4": FreeBusyStatus.WORKING_ELSEWHERE,
}
_NO_DIGIT = "?"
# What each possible byte of a view does to a session; a byte Graph does not define blocks.
_EFFECT_OF_BYTE = np.full(256, BLOCKS, dtype=np.int8)
_EFFECT_OF_BYTE[[ord(digit) for digit in _DIGITS]] = [STATUS_EFFECT[s] for s in _DIGITS.values()]
_DEFINED_BYTE = np.zeros(256, dtype=np.bool_)
_DEFINED_BYTE[[ord(digit) for digit in _DIGITS]] = True


def _unexplained(reading: ScheduleRead, items: Sequence[BusyItem]) -> list[BusyItem]:
    """Entries for stretches whose digit no item of at least that effect accounts for."""
    length = timedelta(minutes=reading.digit_minutes)
    slots = -((reading.span.start - reading.span.end) // length)
    view = reading.digits[:slots].ljust(slots, _NO_DIGIT)
    digits = np.frombuffer(view.encode("ascii", "replace"), dtype=np.uint8)
    effects = _EFFECT_OF_BYTE[digits]
    explained = np.zeros(slots, dtype=np.int8)
    for item in items:
        first, after = _slots_touched(item, reading.span.start, length)
        stretch = explained[max(0, first) : max(0, after)]
        np.maximum(stretch, STATUS_EFFECT[item.status], out=stretch)
    open_slots = (effects != NOTHING) & (~_DEFINED_BYTE[digits] | (explained < effects))
    found = []
    for number in np.flatnonzero(open_slots).tolist():
        begin = reading.span.start + number * length
        end = min(begin + length, reading.span.end)
        status = _DIGITS.get(view[number], FreeBusyStatus.UNKNOWN)
        found.append(BusyItem(begin.astimezone(UTC), end.astimezone(UTC), status))
    return found


def _slots_touched(item: BusyItem, origin: datetime, length: timedelta) -> tuple[int, int]:
    """The first slot an item touches and the one after its last; an empty item touches none."""
    if item.start == item.end:
        return 0, 0
    return (item.start - origin) // length, -((origin - item.end) // length)


def _whole_days(item: BusyItem, zone: str) -> list[BusyItem]:
    """The item and, if it is day-long, one more entry over the local days it stands for."""
    length = item.end - item.start
    beyond = length % _DAY
    if length < _DAY - _HOUR or _HOUR < beyond < _DAY - _HOUR or STATUS_EFFECT[item.status] == 0:
        return [item]
    first, after = _days_meant(item, zone)
    start = _midnight(first, zone)
    end = _midnight(after, zone)
    if item.start <= start and end <= item.end:
        return [item]
    return [item, BusyItem(start, end, item.status)]


def _days_meant(item: BusyItem, zone: str) -> tuple[date, date]:
    """First local day meant by a day-long item, and the one after its last.

    Midnight UTC is how a day without a zone is written, so its date counts, not
    its instant; otherwise a day counts when the greater part of it is covered.
    """
    if item.start.time() == time(0) and item.end.time() == time(0):
        return item.start.date(), item.end.date()
    noon = timedelta(hours=12)
    local = zone_info(zone)
    return (
        (item.start.astimezone(local) + noon).date(),
        (item.end.astimezone(local) + noon).date(),
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), zone_info(zone)).astimezone(UTC)


class Answer(StrEnum):
    """What the organizer's copy says a person answered to one of our sessions."""

    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session of ours as it may stand in an attendee's calendar."""

    span: TimeSpan
    answer: Answer


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Entries without our own sessions, and sessions that are not in the calendar any more.

    ``missing`` are invitations that were not declined and still have no entry.
    """

    items: tuple[BusyItem, ...]
    missing: tuple[OwnSession, ...]


_FITTING: dict[Answer, FreeBusyStatus] = {
    Answer.ACCEPTED: FreeBusyStatus.BUSY,
    Answer.TENTATIVE: FreeBusyStatus.TENTATIVE,
    Answer.NONE: FreeBusyStatus.TENTATIVE,
}
_LIKELIEST = (
    FreeBusyStatus.BUSY,
    FreeBusyStatus.TENTATIVE,
    FreeBusyStatus.OOF,
    FreeBusyStatus.WORKING_ELSEWHERE,
    FreeBusyStatus.UNKNOWN,
    FreeBusyStatus.FREE,
)


def without_own_sessions(items: Iterable[BusyItem], own: Iterable[OwnSession]) -> TakenOut:
    """Take each of our sessions out of a calendar exactly once.

    A declined session is in no calendar: nothing is removed. Otherwise exactly one
    entry with the same start and end goes, the one whose status fits the answer if
    there is one, so that a foreign meeting at the identical time is still seen.
    """
    left = sorted(items, key=BY_START)
    missing: list[OwnSession] = []
    for session in own:
        if session.answer is Answer.DECLINED:
            continue
        same = [
            item
            for item in left
            if item.start == session.span.start and item.end == session.span.end
        ]
        if not same:
            missing.append(session)
            continue
        fitting = _FITTING[session.answer]
        left.remove(min(same, key=lambda i: (i.status is not fitting, _LIKELIEST.index(i.status))))
    return TakenOut(tuple(left), tuple(missing))


def with_standing(items: Iterable[BusyItem], standing: Iterable[TimeSpan]) -> list[BusyItem]:
    """Lay sessions that stand (kept ones of the person's other pairs) back as firm."""
    firm = (BusyItem(span.start, span.end, FreeBusyStatus.BUSY) for span in standing)
    return sorted((*items, *firm), key=BY_START)


def clipped(items: Iterable[BusyItem], span: TimeSpan) -> list[BusyItem]:
    """The parts of entries that lie inside ``span``."""
    return [
        BusyItem(max(item.start, span.start), min(item.end, span.end), item.status)
        for item in items
        if item.start < span.end and span.start < item.end
    ]


def blocked_time(items: Iterable[BusyItem], span: TimeSpan) -> timedelta:
    """How much of ``span`` is blocked by firm entries, overlaps counted once."""
    firm = [
        TimeSpan(item.start, item.end)
        for item in items
        if STATUS_EFFECT[item.status] == BLOCKS and item.start < item.end
    ]
    free = sum((gap.length for gap in free_within(span, firm, at_least=timedelta(0))), timedelta(0))
    return span.length - free
