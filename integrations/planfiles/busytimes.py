"""The ``busy`` lists of many people as arrays, decoded together.

A large problem is nearly all busy entries: they are read as one block of bytes,
and only if something in it is wrong is each entry looked at alone to name it.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from integrations.planfiles.members import Node
from scheduling.people import STATUS_EFFECT, BusyTable, epoch_minute

_WIDTH = len("2027-01-11T14:00Z")
_PATTERN = np.frombuffer(b"0000-00-00T00:00Z", dtype=np.uint8)
_DIGITS = np.flatnonzero(ord("0") == _PATTERN)
_MARKS = np.flatnonzero(ord("0") != _PATTERN)


def busy_tables(members: Sequence[Node]) -> list[BusyTable]:
    """The calendars that the ``busy`` members of people hold, in order.

    Raises:
        PlanFileError: an entry is not a start, an end and a status, or not in this order.
    """
    lists = [member.sequence() for member in members]
    try:
        columns = _decoded(lists)
    except (ValueError, KeyError, TypeError):
        return [_slowly(member) for member in members]
    edges = np.cumsum([len(entries) for entries in lists])[:-1]
    split = [np.split(column, edges) for column in columns]
    return [BusyTable(s, e, f) for s, e, f in zip(*split, strict=True)]


def _decoded(
    lists: Sequence[Sequence[Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
    flat = list(chain.from_iterable(chain.from_iterable(lists)))
    count = sum(map(len, lists))
    if len(flat) != 3 * count:
        raise ValueError("entries of three members")
    start, end = _minutes(flat[0::3]), _minutes(flat[1::3])
    effect = np.fromiter(map(STATUS_EFFECT.__getitem__, flat[2::3]), dtype=np.int8, count=count)
    if np.any(end < start):
        raise ValueError("an end before its start")
    return start, end, effect


def _minutes(texts: list[str]) -> NDArray[np.int64]:
    """Epoch minutes of texts that are all written ``YYYY-MM-DDThh:mmZ``."""
    block = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8)
    if len(block) != _WIDTH * len(texts):
        raise ValueError("texts of one length")
    rows = block.reshape(len(texts), _WIDTH)
    if np.any(rows[:, _MARKS] != _PATTERN[_MARKS]):
        raise ValueError("marks out of place")
    digits = rows[:, _DIGITS].T.astype(np.int32) - ord("0")
    if digits.size and (digits.min() < 0 or digits.max() > 9):
        raise ValueError("digits out of place")
    year = ((digits[0] * 10 + digits[1]) * 10 + digits[2]) * 10 + digits[3]
    month = digits[4] * 10 + digits[5]
    day = digits[6] * 10 + digits[7]
    hour = digits[8] * 10 + digits[9]
    minute = digits[10] * 10 + digits[11]
    found: NDArray[np.int64] = (_days(year, month, day) * 24 + hour) * 60 + _checked(minute, hour)
    return found


def _checked(minute: NDArray[np.int32], hour: NDArray[np.int32]) -> NDArray[np.int32]:
    if np.any(minute > 59) or np.any(hour > 23):
        raise ValueError("no time of day")
    return minute


def _days(
    year: NDArray[np.int32], month: NDArray[np.int32], day: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Days from 1970-01-01; refuses dates no calendar has."""
    if not len(year):
        return year.astype(np.int64)
    first, last = int(year.min()), int(year.max())
    if first < 1970 or last > 2261 or month.min() < 1 or month.max() > 12 or day.min() < 1:
        raise ValueError("no date")
    starts = np.arange(f"{first}-01", f"{last + 1}-02", dtype="datetime64[M]")
    month_first = starts.astype("datetime64[D]").astype(np.int64)
    index = (year - first) * 12 + month - 1
    if np.any(day > np.diff(month_first)[index]):
        raise ValueError("no day of that month")
    days: NDArray[np.int64] = month_first[index] + day - 1
    return days


def _slowly(busy: Node) -> BusyTable:
    """One calendar, entry by entry: names what is wrong, and reads other ways of writing times."""
    starts, ends, effects = [], [], []
    for entry in busy.elements():
        parts = entry.elements()
        if len(parts) != 3:
            raise entry.wrong("a start, an end and a status")
        start, end = parts[0].instant(), parts[1].instant()
        if end < start:
            raise parts[1].wrong("an end that is not before its start")
        if parts[2].text() not in STATUS_EFFECT:
            raise parts[2].wrong("one of " + ", ".join(STATUS_EFFECT))
        if start.second or start.microsecond or end.second or end.microsecond:
            raise entry.wrong("whole minutes")
        starts.append(epoch_minute(start))
        ends.append(epoch_minute(end))
        effects.append(STATUS_EFFECT[parts[2].text()])
    return BusyTable(
        np.array(starts, dtype=np.int64),
        np.array(ends, dtype=np.int64),
        np.array(effects, dtype=np.int8),
    )
