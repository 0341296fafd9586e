"""Appointments over a date: two looks, four working hours, moved once, at most twice in all."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduling.changes.acts import (
    ForgetConflict,
    Message,
    MoveDate,
    NoteConflict,
    RaiseNeed,
    Tell,
)
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.remembered import remembered
from scheduling.changes.views import ConflictSeen, UnreadableTime
from scheduling.people import BusyItem, FreeBusyStatus
from tests.scheduling.builders import at, busy
from tests.scheduling.changes.builders import (
    DAY,
    HOUR,
    LONDON,
    START,
    acts,
    blocked,
    calendar,
    codes,
    decided,
    hour,
    known,
    pair,
    tuesday,
    with_session,
)

DATE = tuesday(1)
FRIDAY_NOON = at(LONDON, DATE - 4 * DAY, "12:00")
FRIDAY_EVENING = at(LONDON, DATE - 4 * DAY, "16:00")
APPOINTMENT = blocked(DATE, "10:30", "11:30")
SEEN = ConflictSeen("jo", FRIDAY_NOON, FRIDAY_NOON)


def seen(**facts: object) -> tuple[ConflictSeen, ...]:
    return (replace(SEEN, **facts),)  # type: ignore[arg-type]


def test_a_date_that_somebody_put_over_an_appointment_stays_until_another_one_comes() -> None:
    """A coordinator's move onto an existing appointment was undone four working hours later."""
    shown = calendar(with_session(pair(), 1, span=hour(DATE, "12:00")))
    stood = blocked(DATE, "11:30", "12:30")
    time = known(jo=[stood])
    (follow,) = acts(decided(FRIDAY_NOON, pair(), shown, time))
    view = remembered(pair(), follow, FRIDAY_NOON)
    for now in (FRIDAY_EVENING, FRIDAY_EVENING + 3 * DAY):
        assert decided(now, view, shown, time) == ()
    another = known(jo=[stood, blocked(DATE, "12:30", "13:30")])
    assert codes(decided(FRIDAY_EVENING, view, shown, another)) == [ChangeCode.CONFLICT_SEEN]
    other_ones = known(jo=[stood], sam=[stood])
    assert codes(decided(FRIDAY_EVENING, view, shown, other_ones)) == [ChangeCode.CONFLICT_SEEN]


def test_an_appointment_over_a_date_that_is_too_close_to_another_is_answered() -> None:
    """The coordinator's row about the distance let no one see what had come up over the date."""
    view = with_session(pair(), 2, span=hour(DATE + 4 * DAY), moved_by_person=True)
    (row,) = acts(decided(FRIDAY_NOON, view, calendar(view)))
    assert isinstance(row, RaiseNeed)
    assert (row.code, row.session_id) == (ChangeCode.TOO_CLOSE, "s1")
    view = remembered(view, row, FRIDAY_NOON)
    assert decided(FRIDAY_NOON, view, calendar(view)) == ()
    found = decided(FRIDAY_NOON, view, calendar(view), known(jo=[APPOINTMENT]))
    assert codes(found) == [ChangeCode.CONFLICT_SEEN]
    view = with_session(view, 1, conflicts=seen())
    found = decided(FRIDAY_EVENING, view, calendar(view), known(jo=[APPOINTMENT]))
    assert codes(found) == [ChangeCode.NO_OTHER_HOUR]


@pytest.mark.acceptance(24)
@pytest.mark.parametrize(
    ("since", "now", "code"),
    [
        pytest.param(None, FRIDAY_NOON, ChangeCode.CONFLICT_SEEN, id="seen for the first time"),
        pytest.param(
            FRIDAY_NOON, FRIDAY_NOON + HOUR, ChangeCode.CONFLICT_WAITS, id="stood for one hour"
        ),
        pytest.param(
            FRIDAY_NOON, FRIDAY_EVENING, ChangeCode.CONFLICT_MOVED, id="stood for four hours"
        ),
        pytest.param(
            at(LONDON, DATE - 5 * DAY, "16:30"),
            at(LONDON, DATE - 4 * DAY, "11:30"),
            ChangeCode.CONFLICT_WAITS,
            id="overnight hours are no working hours",
        ),
        pytest.param(
            at(LONDON, DATE - 5 * DAY, "16:30"),
            at(LONDON, DATE - 4 * DAY, "12:00"),
            ChangeCode.CONFLICT_MOVED,
            id="an hour in the evening and three in the morning",
        ),
    ],
)
def test_an_appointment_moves_a_date_once_it_has_stood_for_four_working_hours(
    since: datetime | None, now: datetime, code: ChangeCode
) -> None:
    conflicts = seen(since=since, last_look=since) if since else ()
    view = with_session(pair(), 1, conflicts=conflicts)
    assert codes(decided(now, view, None, known(jo=[APPOINTMENT]))) == [code]


@pytest.mark.acceptance(24)
@pytest.mark.parametrize("who", ["jo", "sam"])
def test_the_move_avoids_the_appointment_of_either(who: str) -> None:
    view = with_session(pair(), 1, conflicts=seen(person=who))
    time = known(jo=[APPOINTMENT]) if who == "jo" else known(sam=[APPOINTMENT])
    (move,) = acts(decided(FRIDAY_EVENING, view, None, time))
    assert isinstance(move, MoveDate)
    assert not (move.to.start < APPOINTMENT.end and APPOINTMENT.start < move.to.end)


def test_one_look_is_not_enough_however_long_ago() -> None:
    found = decided(FRIDAY_EVENING, pair(), None, known(jo=[APPOINTMENT]))
    assert [type(a) for a in acts(found)] == [NoteConflict]


@pytest.mark.parametrize(
    ("item", "counts"),
    [
        pytest.param(blocked(DATE, "11:00", "12:00"), False, id="touches at the end"),
        pytest.param(blocked(DATE, "09:00", "10:00"), False, id="touches at the start"),
        pytest.param(blocked(DATE, "10:59", "12:00"), True, id="one minute over"),
        pytest.param(
            busy(LONDON, DATE, "10:00", "11:00", FreeBusyStatus.TENTATIVE),
            False,
            id="an unanswered invitation",
        ),
        pytest.param(
            busy(LONDON, DATE, "10:00", "11:00", FreeBusyStatus.OOF), True, id="out of office"
        ),
        pytest.param(
            busy(LONDON, DATE, "10:00", "11:00", FreeBusyStatus.UNKNOWN), True, id="unknown status"
        ),
        pytest.param(
            busy(LONDON, DATE, "10:00", "11:00", FreeBusyStatus.WORKING_ELSEWHERE),
            False,
            id="working elsewhere",
        ),
    ],
)
def test_only_firm_entries_over_the_date_are_a_conflict(item: BusyItem, counts: bool) -> None:
    assert bool(decided(FRIDAY_NOON, pair(), None, known(sam=[item]))) is counts


@pytest.mark.parametrize(
    ("window", "counts"),
    [pytest.param(1, True, id="within ten working days"), pytest.param(2, False, id="beyond")],
)
def test_only_the_next_ten_working_days_are_looked_at(window: int, counts: bool) -> None:
    item = blocked(tuesday(window))
    assert bool(decided(FRIDAY_NOON, pair(), None, known(jo=[item]))) is counts


@pytest.mark.acceptance(24)
def test_inside_the_freeze_nothing_moves_and_only_the_person_concerned_is_told_once() -> None:
    now = at(LONDON, DATE - DAY, "15:00")
    view = with_session(pair(), 1, conflicts=seen())
    found = decided(now, view, None, known(jo=[APPOINTMENT]))
    (tell,) = acts(found)
    assert tell == Tell("jo", Message.YOUR_APPOINTMENT, "s1")
    told = remembered(view, tell, now)
    assert acts(decided(now + HOUR, told, None, known(jo=[APPOINTMENT]))) == []


@pytest.mark.acceptance(24)
@pytest.mark.parametrize(("moves", "moved"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_date_moves_at_most_twice_in_all(moves: int, moved: bool) -> None:
    view = with_session(pair(), 1, conflicts=seen(), moves=moves)
    found = acts(decided(FRIDAY_EVENING, view, None, known(jo=[APPOINTMENT])))
    assert [type(a) for a in found] == [MoveDate if moved else RaiseNeed]


def test_an_appointment_that_goes_away_is_forgotten() -> None:
    view = with_session(pair(), 1, conflicts=seen())
    found = decided(FRIDAY_EVENING, view)
    assert acts(found) == [ForgetConflict("s1", "jo")]


def test_a_conflict_is_not_seen_while_a_calendar_is_unreadable() -> None:
    view = with_session(pair(), 1, conflicts=seen())
    assert acts(decided(FRIDAY_EVENING, view, None, UnreadableTime(("jo",)))) == []


def test_two_looks_at_the_same_moment_are_one() -> None:
    view = pair()
    (note,) = acts(decided(FRIDAY_NOON, view, None, known(jo=[APPOINTMENT])))
    view = remembered(view, note, FRIDAY_NOON)
    assert acts(decided(FRIDAY_NOON, view, None, known(jo=[APPOINTMENT]))) == []
    later = FRIDAY_NOON + timedelta(minutes=1)
    (second,) = acts(decided(later, view, None, known(jo=[APPOINTMENT])))
    assert isinstance(second, NoteConflict)
    assert second.conflict.looks == 2


def test_two_dates_moved_in_one_look_keep_their_distance() -> None:
    """Both weeks are nearly full, so that each alone would move close to the other."""
    since = at(LONDON, tuesday(0) - 5 * DAY, "09:00")
    now = at(LONDON, tuesday(0) - 4 * DAY, "16:00")
    full = [n for n in range(14) if n not in (11, 15)] + list(range(14, 28))
    items = [blocked(START + n * DAY, "09:00", "17:30") for n in full if n != 15]
    view = with_session(pair(), 0, conflicts=seen(since=since, last_look=since))
    found = acts(decided(now, view, None, known(items)))
    after = view
    for act in found:
        after = remembered(after, act, now)
    days = [s.span.start.date() for s in sorted(after.sessions, key=lambda s: s.span)]
    assert all((b - a).days >= 6 for a, b in itertools.pairwise(days))
