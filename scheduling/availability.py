"""People as bytes over a raster: whether each start would do, and what it would cost them.

One byte per start: ``BLOCKED`` rules it out; otherwise two bits count soft hits,
one bit marks tentative time that is a last resort, two bits grade preference.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scheduling.people import BLOCKS, TENTATIVE, Person, Week
from scheduling.raster import Raster, ZoneTable
from scheduling.rule import TentativePolicy, end_minute_of, minute_of
from scheduling.zonetime import day_number

BLOCKED = 0x80
LAST_RESORT = 0x04
SOFT_BITS = 0x03
NOT_PREFERRED = 0x08

State = NDArray[np.uint8]
_CHUNK = 128


def availability(
    raster: Raster, people: Sequence[Person], earliest_start: int
) -> Mapping[str, State]:
    """The state of every person over ``raster``, keyed by person id.

    ``earliest_start`` is an epoch minute before which nothing may start.
    """
    too_soon = int(raster.at_or_after(np.array([earliest_start], dtype=np.int64))[0])
    hours: dict[tuple[object, ...], State] = {}
    states: dict[str, State] = {}
    for chunk in _chunks(people):
        matrix = np.empty((len(chunk), len(raster)), dtype=np.uint8)
        for row, person in enumerate(chunk):
            key = (person.zone, person.hours, person.absent_dates, person.no_go, person.preferred)
            if key not in hours:
                hours[key] = _hours_state(raster, person)
            matrix[row] = hours[key]
        _add_calendars(raster, chunk, matrix)
        matrix[:, :too_soon] |= BLOCKED
        states.update((person.id, matrix[row]) for row, person in enumerate(chunk))
    return states


def _chunks(people: Sequence[Person]) -> Iterable[Sequence[Person]]:
    for first in range(0, len(people), _CHUNK):
        yield people[first : first + _CHUNK]


def _hours_state(raster: Raster, person: Person) -> State:
    """What rule, working hours, absence and preferences alone leave of each start."""
    rule, table = raster.rule, raster.zones[person.zone]
    weekday = table.day % 7
    worked, begin, close = _worked(table, weekday, person.hours.week)
    absent = [day_number(day) - raster.first_day for day in person.absent_dates]
    usable = table.bookable & worked & ~np.isin(table.day, absent)
    usable &= ~_touches(table, weekday, person.no_go)
    state = np.zeros(len(raster), dtype=np.uint8)
    if rule.lunch is not None:
        lunch_start, lunch_end = minute_of(rule.lunch[0]), end_minute_of(rule.lunch[1])
        state += (table.start < lunch_end) & (table.end > lunch_start)
    edge = rule.edge.total_seconds() / 60
    state += (table.start < begin + edge) | (table.end > close - edge)
    if any(person.preferred):
        liked, _, _ = _worked(table, weekday, person.preferred)
        state[~liked] |= NOT_PREFERRED
    state[~usable] = BLOCKED
    return state


def _worked(
    table: ZoneTable, weekday: NDArray[np.int32], week: Week
) -> tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.int32]]:
    """Whether the whole session is inside one range, and that day's first start and last end."""
    inside = np.zeros(len(weekday), dtype=np.bool_)
    begin = np.zeros(7, dtype=np.int32)
    close = np.zeros(7, dtype=np.int32)
    for number, ranges in enumerate(week):
        for local in ranges:
            inside |= (weekday == number) & (table.start >= local.start) & (table.end <= local.end)
        if ranges:
            begin[number], close[number] = ranges[0].start, ranges[-1].end
    return inside, begin[weekday], close[weekday]


def _touches(table: ZoneTable, weekday: NDArray[np.int32], week: Week) -> NDArray[np.bool_]:
    touched = np.zeros(len(weekday), dtype=np.bool_)
    for number, ranges in enumerate(week):
        for local in ranges:
            touched |= (weekday == number) & (table.start < local.end) & (table.end > local.start)
    return touched


def _add_calendars(raster: Raster, people: Sequence[Person], matrix: State) -> None:
    """Mark what the calendars of ``people`` (row by row of ``matrix``) rule out or hold."""
    rule = raster.rule
    counts = [len(person.busy.start) for person in people]
    row = np.repeat(np.arange(len(people), dtype=np.int64), counts)
    start = np.concatenate([person.busy.start for person in people])
    end = np.concatenate([person.busy.end for person in people])
    effect = np.concatenate([person.busy.effect for person in people])
    real = end > start
    tentative = (effect == TENTATIVE) & real
    blocking = (effect == BLOCKS) & real
    if rule.tentative is TentativePolicy.BLOCKS:
        blocking |= tentative
    elif tentative.any():
        held = _covered(raster, matrix.shape, (row, start, end), tentative, 0)
        if rule.tentative is TentativePolicy.SOFT:
            matrix += held
        else:
            matrix[held] |= LAST_RESORT
    matrix[_covered(raster, matrix.shape, (row, start, end), blocking, rule.buffer_minutes)] = (
        BLOCKED
    )


def _covered(
    raster: Raster,
    shape: tuple[int, ...],
    entries: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    chosen: NDArray[np.bool_],
    buffer: int,
) -> NDArray[np.bool_]:
    """Starts at which a session would overlap a chosen entry, ``buffer`` minutes added around."""
    rows, columns = shape
    row, start, end = (column[chosen] for column in entries)
    first = raster.at_or_after(start - raster.rule.duration_minutes - buffer + 1)
    after = raster.at_or_after(end + buffer)
    depth = np.zeros(rows * (columns + 1), dtype=np.int16)
    base = row * (columns + 1)
    np.add.at(depth, base + first, 1)
    np.add.at(depth, base + after, -1)
    return np.cumsum(depth.reshape(rows, columns + 1), axis=1, dtype=np.int16)[:, :columns] > 0
