"""What the organizer's calendar shows, as the core sees it; and what may not be believed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from integrations.ports import AttendeeAnswer, EventSnapshot
from integrations.records import (
    Booking,
    Intent,
    IntentState,
    Mailbox,
    Pair,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.workflows.acting import STALE_FOR
from integrations.workflows.changes.calendar_view import Reading, digest, series_view
from integrations.workflows.changes.case import Case
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.freebusy import Answer
from scheduling.timespan import TimeSpan
from tests.scheduling.changes.builders import DAY, HOUR, START, hour, tuesday

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
READ = TimeSpan(NOW - 7 * DAY, NOW + 100 * DAY)


def _event(window: int, **facts: object) -> EventSnapshot:
    usual = hour(tuesday(window))
    plain = EventSnapshot(
        id=f"e{window}",
        etag="key",
        ical_uid="uid",
        kind="occurrence",
        span=usual,
        cancelled=False,
        join_url="https://join.example/1",
        original_start=usual.start,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def _session(window: int, **facts: object) -> Session:
    usual = hour(tuesday(window))
    plain = Session(
        id=f"p.{window}",
        pair_id="p",
        window=window,
        state=SessionState.SCHEDULED,
        series_start=usual.start,
        start=usual.start,
        end=usual.end,
        event_id=f"e{window}",
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def _case(*sessions: Session, settled: tuple[Intent, ...] = ()) -> Case:
    def person(name: str) -> Participant:
        return Participant(id=name, directory_id=name, mail=f"{name.title()}@firm.example", name="")

    return Case(
        pair=Pair(id="p", program_id="g", mentor_id="jo", mentee_id="sam", start_date=START),
        program=Program(id="g", name="G", zone="Europe/London"),
        rule=ProgramRule(),
        mentor=person("jo"),
        mentee=person("sam"),
        sessions=sessions,
        needs=(),
        default_zone="UTC",
        bookings=(
            Booking(
                pair_id="p",
                generation=1,
                mailbox_id="box",
                event_id="master",
                ical_uid="uid",
                etag="key",
                zone="Europe/London",
                join_url=None,
                booked_at=NOW - 60 * DAY,
            ),
        ),
        mailbox=Mailbox(id="box", address="program@firm.example"),
        settled_lately=settled,
    )


def _written(session_id: str | None, at: datetime) -> Intent:
    return Intent(
        id="i",
        key="k",
        kind="date_moved",
        mailbox_id="box",
        state=IntentState.DONE,
        created_at=at,
        session_id=session_id,
        settled_at=at,
    )


def _reading(
    *instances: EventSnapshot,
    singles: Mapping[str, EventSnapshot | None] | None = None,
    after: Intent | None = None,
) -> Reading:
    master = _event(0, id="master", kind="seriesMaster")
    return Reading(
        at=NOW,
        span=READ,
        masters={1: master},
        instances={1: instances},
        singles=singles or {},
        after=frozenset({after.id} if after else ()),
    )


def test_a_moved_occurrence_is_known_by_where_the_series_puts_it() -> None:
    moved = _event(1, span=hour(tuesday(1) + DAY))
    (shown,) = series_view(_case(_session(1)), _reading(moved)).series.occurrences
    assert (shown.recurrence_id, shown.span) == (hour(tuesday(1)).start, moved.span)


def test_people_are_known_by_address_in_any_case_and_others_stay_strangers() -> None:
    answers = {
        "jo@firm.example": AttendeeAnswer(response="declined", at=NOW),
        "sam@firm.example": AttendeeAnswer(response="of another kind"),
        "assistant@firm.example": AttendeeAnswer(response="accepted"),
        "program@firm.example": AttendeeAnswer(response="organizer"),
    }
    shown = series_view(_case(_session(1)), _reading(_event(1, answers=answers)))
    found = {r.person: r.answer for r in shown.series.occurrences[0].responses}
    assert found == {
        "jo": Answer.DECLINED,
        "sam": Answer.NONE,
        "assistant@firm.example": Answer.ACCEPTED,
    }


def test_a_date_written_a_moment_ago_is_believed_where_the_store_has_it() -> None:
    to = hour(tuesday(1) + DAY)
    at = NOW - timedelta(seconds=30)
    written = _written("p.1", at)
    case = _case(_session(1, start=to.start, end=to.end), settled=(written,))
    shown = series_view(case, _reading(_event(1), after=written))
    assert shown.series.occurrences[0].span == to
    assert shown.look_again_at == at + STALE_FOR


def test_what_was_read_in_the_very_instant_after_our_own_write_is_looked_at_again() -> None:
    """A person's move just then went unnoticed until the next sweep, an hour later."""
    written = _written("p.1", NOW)
    theirs = _event(1, span=hour(tuesday(1) + DAY))
    shown = series_view(_case(_session(1), settled=(written,)), _reading(theirs, after=written))
    assert shown.series.occurrences[0].span == hour(tuesday(1))
    assert shown.look_again_at == NOW + STALE_FOR


def test_what_was_read_before_our_own_write_asks_for_no_second_look() -> None:
    to = hour(tuesday(1) + DAY)
    case = _case(_session(1, start=to.start, end=to.end), settled=(_written("p.1", NOW),))
    shown = series_view(case, _reading(_event(1)))
    assert shown.series.occurrences[0].span == to
    assert shown.look_again_at is None


def test_a_date_that_we_did_not_write_is_shown_as_it_was_read() -> None:
    case = _case(_session(1), _session(2), settled=(_written("p.2", NOW),))
    moved = _event(1, span=hour(tuesday(1) + DAY))
    shown = series_view(case, _reading(moved, _event(2)))
    assert [o.span for o in shown.series.occurrences] == [moved.span, hour(tuesday(2))]
    assert shown.look_again_at is None


def test_a_cancelled_date_that_is_still_shown_is_left_out_after_our_own_write() -> None:
    gone = _session(1, state=SessionState.CANCELLED, cause="paused")
    lately = _case(gone, settled=(_written("p.1", NOW - timedelta(minutes=1)),))
    assert series_view(lately, _reading(_event(1))).series.occurrences == ()
    assert len(series_view(_case(gone), _reading(_event(1))).series.occurrences) == 1


def test_a_single_event_that_is_gone_is_not_shown_and_one_unknown_is() -> None:
    single = _session(7, single=True, event_id="alone")
    shown = series_view(_case(single), _reading(_event(3), singles={"p.7": None}))
    assert [o.event_id for o in shown.series.occurrences] == ["e3"]


def test_a_series_is_dead_where_its_master_is_gone_unless_we_wrote_it_a_moment_ago() -> None:
    reading = replace(_reading(), masters={1: None})
    assert not series_view(_case(_session(1)), reading).series.alive
    lately = _case(_session(1), settled=(_written(None, NOW - timedelta(seconds=5)),))
    assert series_view(lately, reading).series.alive


def test_a_series_that_nobody_asked_after_counts_as_alive() -> None:
    """One that Tandem ended itself is not read any more; that is no deletion."""
    reading = replace(_reading(), masters={}, instances={})
    assert series_view(_case(), reading).series.alive


def test_whatever_may_lead_to_something_tells_in_the_digest_of_a_date() -> None:
    plain = _event(1, answers={"jo@firm.example": AttendeeAnswer()})
    later = TimeSpan(NOW, NOW + HOUR)
    no = AttendeeAnswer(response="declined")
    others = [
        replace(plain, span=later),
        replace(plain, cancelled=True),
        replace(plain, answers={"jo@firm.example": no}),
        replace(plain, answers={"jo@firm.example": replace(no, at=NOW)}),
        replace(plain, answers={"jo@firm.example": replace(no, proposed=later)}),
        replace(plain, answers={"jo@firm.example": AttendeeAnswer(proposed=later)}),
        replace(plain, answers={"sam@firm.example": no}),
    ]
    assert len({digest(event) for event in (plain, *others)}) == len(others) + 1


def test_a_yes_a_guest_and_a_change_key_do_not_tell_in_the_digest_of_a_date() -> None:
    """Acceptances are most of what changes in a calendar, and nothing is decided about them."""
    plain = _event(1, answers={"jo@firm.example": AttendeeAnswer()})
    yes = AttendeeAnswer(response="accepted", at=NOW)
    maybe = AttendeeAnswer(response="tentativelyAccepted", at=NOW)
    others = [
        replace(plain, etag="another", id="another"),
        replace(plain, answers={"jo@firm.example": yes}),
        replace(plain, answers={"jo@firm.example": maybe, "sam@firm.example": AttendeeAnswer()}),
    ]
    assert {digest(event) for event in others} == {digest(plain)}
