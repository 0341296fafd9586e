"""A series that somebody took away is not brought back date by date."""

from dataclasses import replace

from scheduling.changes.acts import BookDate, FollowCancel
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from tests.scheduling.changes.builders import (
    DAY,
    RULE,
    acts,
    calendar,
    codes,
    decided,
    hour,
    pair,
    tuesday,
)


def test_nothing_is_made_up_while_the_coordinator_decides_about_a_deleted_series() -> None:
    """The minimum asks for every date, so each lost one would be booked apart."""
    view = pair(rule=replace(RULE, minimum_held=6))
    now = hour(tuesday(1)).start + DAY
    shown = replace(calendar(view), alive=False, occurrences=())
    found = decided(now, view, shown)
    assert ChangeCode.SERIES_DELETED in codes(found)
    assert acts(found, FollowCancel)
    assert acts(found, BookDate) == []

    for one in found:
        for act in one.acts:
            view = remembered(view, act, now)
    assert acts(decided(now + DAY, view, shown), BookDate) == []
