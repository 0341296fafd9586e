"""What the usual report shows is found directly; it has to be what is found of any other."""

from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.evidence import Presence, PresenceKind, Report
from scheduling.attendance.presence import seen_in
from scheduling.timespan import TimeSpan
from tests.scheduling.attendance.builders import ANA, JAMES, USUAL, minutes, occasion

stays = st.builds(
    lambda first, length: minutes(first, first + length),
    st.one_of(st.integers(-10, 70), st.sampled_from([-1500, -121, -120, -119, 179, 180, 181])),
    st.one_of(st.integers(1, 70), st.sampled_from([0.5, 120, 300, 1440, 1441])),
)


@given(first=stays, second=stays, is_turned=st.booleans(), same=st.booleans())
def test_a_report_without_anybody_in_it_changes_nothing_of_what_was_seen(
    first: TimeSpan, second: TimeSpan, is_turned: bool, same: bool
) -> None:
    people = [(ANA, first), (ANA if same else JAMES, second)]
    presences = [Presence(person, PresenceKind.MEMBER, (stay,)) for person, stay in people]
    told = Report("r1", minutes(0, 60), tuple(reversed(presences) if is_turned else presences))
    empty = Report("r2", minutes(0, 60))
    alone, beside = ([told], [told, empty])
    assert seen_in(occasion(), alone, USUAL.slack) == seen_in(occasion(), beside, USUAL.slack)


def test_a_short_stay_within_a_longer_one_takes_nothing_away() -> None:
    stays = (minutes(0, 60), minutes(10, 20))
    told = Report(
        "r1",
        minutes(0, 60),
        (
            Presence(ANA, PresenceKind.MEMBER, stays),
            Presence(JAMES, PresenceKind.MEMBER, (minutes(0, 60),)),
        ),
    )
    assert seen_in(occasion(), [told], USUAL.slack).minutes == 60


def test_stays_written_down_backwards_are_the_same_minutes() -> None:
    stays = (minutes(40, 60), minutes(15, 30), minutes(0, 20))
    told = Report(
        "r1",
        minutes(0, 60),
        (
            Presence(ANA, PresenceKind.MEMBER, stays),
            Presence(JAMES, PresenceKind.MEMBER, (minutes(0, 60),)),
        ),
    )
    forwards = Report(
        "r1", told.span, (Presence(ANA, PresenceKind.MEMBER, stays[::-1]), told.presences[1])
    )
    seen = seen_in(occasion(), [told], USUAL.slack)
    assert seen.minutes == 50
    assert seen == seen_in(occasion(), [forwards], USUAL.slack)
