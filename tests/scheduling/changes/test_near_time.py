"""People's time that was read some way only: nothing is decided about what lies beyond."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduling.changes.acts import MoveDate
from scheduling.changes.decide import decide
from scheduling.changes.views import KnownTime
from scheduling.errors import TimeNotReadError
from scheduling.people import BusyTable, Person
from tests.scheduling.builders import at
from tests.scheduling.changes.builders import (
    DAY,
    LONDON,
    START,
    acts,
    answered,
    blocked,
    calendar,
    known,
    pair,
    situation,
    tuesday,
)
from tests.scheduling.changes.strategies import situations

NOW = at(LONDON, START, "12:00")
MONTH = timedelta(weeks=4)


def _read_until(time: KnownTime, until: datetime) -> KnownTime:
    """As it would be read: entries that begin later are not there."""

    def read(person: Person) -> Person:
        items = [item for item in person.busy.items() if item.start < until]
        return replace(person, busy=BusyTable.of(items))

    return replace(time, mentor=read(time.mentor), mentee=read(time.mentee), until=until)


@settings(max_examples=100)
@given(situations(), st.integers(0, 80))
def test_what_is_decided_from_near_time_is_what_all_of_it_leads_to(before, days) -> None:  # type: ignore[no-untyped-def]
    if before.known is None:
        return
    near = _read_until(before.known, before.now + timedelta(days=days))
    try:
        found = decide(replace(before, time=near))
    except TimeNotReadError:
        event("more was asked for")
        return
    event("near time was enough")
    assert found == decide(before)


@pytest.mark.parametrize(("window", "enough"), [(0, True), (4, False)])
def test_a_declined_date_asks_for_the_time_of_its_own_window(window: int, enough: bool) -> None:
    view = pair()
    shown = answered(calendar(view), window, "sam", at=NOW - DAY)
    seen = situation(NOW - 3 * DAY, view, shown, known())
    near = replace(seen, time=_read_until(known(), seen.now + MONTH))
    if enough:
        assert acts(decide(near), MoveDate) == acts(decide(seen), MoveDate) != []
        return
    with pytest.raises(TimeNotReadError) as short:
        decide(near)
    assert short.value.until == seen.now + MONTH


def test_an_appointment_beyond_what_was_read_is_not_taken_for_gone() -> None:
    """A date is free only where somebody has looked."""
    near = _read_until(known([blocked(tuesday(0))]), at(LONDON, tuesday(0), "08:00"))
    with pytest.raises(TimeNotReadError):
        decide(replace(situation(NOW), time=near))
