"""What Teams writes down becomes presence: by id, then by address, and never by guessing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.admission import Doorkeeper, Identity, Join, Record
from scheduling.attendance.evidence import Flag, Presence, PresenceKind, VerdictKind
from tests.scheduling.attendance.builders import ANA, DAY, END, JAMES, START, judged, minutes

HOME = "11111111-aaaa"
DOOR = Doorkeeper(
    (
        Identity(ANA, frozenset({"ID-ANA"}), frozenset({"Ana@firm.example"})),
        Identity(JAMES, frozenset({"id-james", "id-james-as-guest"}), frozenset()),
    ),
    HOME,
)
RAN = (START, END)
HOUR: tuple[Join, ...] = (RAN,)


def who(record: Record) -> tuple[str | None, PresenceKind, tuple[str, ...]]:
    """Whose presence a record is, and what is flagged."""
    found = DOOR.report("r", RAN, [record])
    assert found is not None
    (presence,) = found.presences
    return presence.person, presence.kind, found.flags


@pytest.mark.parametrize(
    ("record", "person", "kind", "flags"),
    [
        pytest.param(Record(HOUR, directory_id="id-ana"), ANA, PresenceKind.MEMBER, (), id="by id"),
        pytest.param(
            Record(HOUR, address="ana@FIRM.example"), ANA, PresenceKind.MEMBER, (), id="by address"
        ),
        pytest.param(
            Record(HOUR, directory_id="other", address="ana@firm.example", tenant_id=HOME.upper()),
            ANA,
            PresenceKind.MEMBER,
            (),
            id="an id that is new, an address that is known",
        ),
        pytest.param(
            Record(HOUR, directory_id="id-james", address="ana@firm.example"),
            JAMES,
            PresenceKind.MEMBER,
            (),
            id="an id that is one's, an address that is the other's",
        ),
        pytest.param(
            Record(HOUR, directory_id="assistant", role="Attendee"),
            None,
            PresenceKind.MEMBER,
            (),
            id="somebody else",
        ),
        pytest.param(
            Record(HOUR, address="ana@firm.example", tenant_id="elsewhere"),
            None,
            PresenceKind.GUEST,
            (Flag.FOREIGN_TENANT,),
            id="an address that a foreign tenant claims",
        ),
        pytest.param(
            Record(HOUR, directory_id="id-james-as-guest", tenant_id="elsewhere"),
            JAMES,
            PresenceKind.GUEST,
            (Flag.FOREIGN_TENANT,),
            id="a guest whose link was confirmed",
        ),
        pytest.param(
            Record(HOUR, address="stranger@other.example"), None, PresenceKind.GUEST, (), id="guest"
        ),
        pytest.param(
            Record(HOUR),
            None,
            PresenceKind.ANONYMOUS,
            (Flag.MISSING_IDENTITY,),
            id="no identity at all",
        ),
        pytest.param(Record(HOUR, by_phone=True), None, PresenceKind.PHONE, (), id="a caller"),
        pytest.param(
            Record(HOUR, directory_id="id-ana", role="Overlord"),
            None,
            PresenceKind.ANONYMOUS,
            (Flag.UNKNOWN_ROLE,),
            id="a role nobody knows",
        ),
    ],
)
def test_people_are_recognised_by_id_then_by_address(
    record: Record, person: str | None, kind: PresenceKind, flags: tuple[str, ...]
) -> None:
    assert who(record) == (person, kind, flags)


@pytest.mark.parametrize(
    "join",
    [
        pytest.param((END, START), id="negative"),
        pytest.param((START, START), id="no time at all"),
        pytest.param((START, None), id="never left"),
        pytest.param((None, None), id="nothing"),
        pytest.param((START, START + 2 * DAY), id="two days"),
        pytest.param((datetime(2027, 3, 23, 10), END), id="of no zone"),  # noqa: DTZ001
    ],
)
def test_absurd_times_are_flagged_and_never_credited(join: Join) -> None:
    both = [Record((join,), directory_id=i) for i in ("id-ana", "id-james")]
    found = DOOR.report("r", RAN, both)
    assert found is not None
    assert found.flags == (Flag.ABSURD_TIMES,)
    assert [p.person for p in found.presences] == [ANA, JAMES]
    judgement = judged(found, now=END + 2 * DAY)
    assert judgement.minutes_together == 0
    assert judgement.verdict is VerdictKind.PENDING


def test_a_report_without_times_of_its_own_runs_as_long_as_somebody_was_there() -> None:
    found = DOOR.report("r", (END, START), [Record(((START, END),), directory_id="id-ana")])
    assert found is not None
    assert found.span == minutes(0, 60)
    assert found.flags == (Flag.ABSURD_TIMES,)


def test_a_report_of_a_moment_is_kept_and_one_of_no_time_is_none() -> None:
    kept = DOOR.report("r", (START, START), [])
    assert kept is not None
    assert kept.span.start == START
    assert DOOR.report("r", (None, None), []) is None


def test_the_documented_example_is_kept_and_nobody_is_credited() -> None:
    """Its intervals lie half a year before its meeting."""
    day = datetime(2021, 3, 16, tzinfo=UTC)
    ran = (
        datetime(2021, 10, 5, 4, 38, 23, tzinfo=UTC),
        datetime(2021, 10, 5, 4, 43, 49, tzinfo=UTC),
    )
    stays = (
        (day.replace(hour=18, minute=59, second=52), day.replace(hour=19, minute=6, second=47)),
        (day.replace(hour=19, minute=9, second=23), day.replace(hour=19, minute=16, second=31)),
    )
    found = DOOR.report("r", ran, [Record(stays, directory_id="id-ana", role="Presenter")])
    assert found is not None
    assert len(found.presences[0].spans) == 2
    assert judged(found, now=END + 2 * DAY).minutes_together == 0


def test_who_keeps_out_of_reports_is_counted_and_proves_no_absence() -> None:
    ana = Record(HOUR, directory_id="id-ana")
    hidden = DOOR.report("r", RAN, [ana], participants=2)
    seen = DOOR.report("r", RAN, [ana], participants=1)
    assert hidden is not None
    assert seen is not None
    assert (hidden.flags, seen.flags) == ((Flag.HIDDEN_PRESENCE,), ())
    assert judged(hidden, now=END + 2 * DAY).verdict is VerdictKind.PENDING
    assert judged(seen, now=END + 2 * DAY).verdict is VerdictKind.NOT_HELD


def test_two_devices_of_one_do_not_cover_for_somebody_hidden() -> None:
    ana = Record(HOUR, directory_id="id-ana")
    both = DOOR.report("r", RAN, [ana, ana], participants=2)
    alone = DOOR.report("r", RAN, [ana, ana], participants=1)
    strangers = DOOR.report("r", RAN, [Record(HOUR), Record(HOUR)], participants=2)
    assert both is not None
    assert alone is not None
    assert strangers is not None
    assert both.flags == (Flag.HIDDEN_PRESENCE,)
    assert Flag.HIDDEN_PRESENCE not in {*alone.flags, *strangers.flags}


anything = st.none() | st.text(max_size=5) | st.sampled_from(["id-ana", "id-james", HOME])
instants = st.none() | st.integers(-5000, 5000).map(lambda m: START + timedelta(minutes=m))
records = st.builds(
    Record,
    st.lists(st.tuples(instants, instants), max_size=3).map(tuple),
    anything,
    anything,
    anything,
    anything,
    st.booleans(),
)


@given(ran=st.tuples(instants, instants), found=st.lists(records, max_size=4))
def test_nothing_that_is_written_down_can_break_it(ran: Join, found: list[Record]) -> None:
    report = DOOR.report("r", ran, found)
    if report is None:
        assert not any(_of(record) for record in found)
    else:
        assert len(report.presences) == len(found)
        assert all(isinstance(p, Presence) for p in report.presences)
        judged(report, now=END + 30 * DAY)


def _of(record: Record) -> list[Join]:
    """Joins that can be meant."""
    return [
        (a, b) for a, b in record.joins if a and b and timedelta(0) < b - a <= timedelta(hours=24)
    ]
