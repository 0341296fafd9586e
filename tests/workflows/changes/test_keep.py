"""What is written down is what the core remembers, for every kind of act."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings

from integrations.ports import EventSnapshot
from integrations.records import Order, PairState
from integrations.workflows.changes.calendar_view import digest
from integrations.workflows.changes.keep import remember
from scheduling.changes.acts import (
    Act,
    AdoptSeries,
    BookDate,
    BookSeries,
    CancelDate,
    ChangeOrganizer,
    ChangeRule,
    CloseNeed,
    Complete,
    EndSeries,
    FollowCancel,
    FollowMove,
    ForgetConflict,
    ForgetSeriesDecline,
    Message,
    MoveDate,
    NoteConflict,
    NoteReply,
    NoteSeriesDecline,
    OfferDates,
    OfferHours,
    RaiseNeed,
    ReadyAct,
    ReplaceDate,
    Resume,
    SettleOrder,
    StartGeneration,
    StartPause,
    Tell,
    Truncation,
)
from scheduling.changes.decide import decide
from scheduling.changes.reasons import ChangeCode, ChangeReason
from scheduling.changes.remembered import remembered
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    CancelCause,
    ConflictSeen,
    Pause,
    ReplyKey,
    SeriesDecline,
    SessionState,
    StoodAlready,
)
from scheduling.changes.views import PairState as CorePairState
from scheduling.timespan import TimeSpan
from tests.scheduling.changes.builders import (
    DAY,
    HOUR,
    RULE,
    START,
    hour,
    pair,
    slot,
    tuesday,
    with_session,
)
from tests.scheduling.changes.strategies import situations
from tests.workflows.changes.records import Desk, without_evidence

NOW = datetime(2027, 3, 15, 12, tzinfo=UTC)
REPLY = ReplyKey("e1", "jo", "", NOW.isoformat())
SEEN = ConflictSeen("jo", NOW - 5 * HOUR, NOW, 2)
STOOD = StoodAlready("jo", hour(tuesday(3), "09:30"))
PAUSE = Pause(START, START + 9 * DAY)
NEW = replace(RULE, interval_weeks=3, occurrences=3)


@pytest.fixture(scope="module")
def desk(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    file = tmp_path_factory.mktemp("desk") / "store.sqlite"
    return Desk(f"sqlite:///{shutil.copy(store_template, file)}")


ACTS: tuple[Act, ...] = (
    MoveDate("s2", hour(tuesday(2) + DAY), REPLY, decline=True),
    MoveDate("s2", hour(tuesday(2) + DAY, "11:30"), by_person=True, stood=(STOOD,)),
    ReplaceDate("s2", hour(tuesday(3)), REPLY),
    CancelDate("s2", CancelCause.SHORT_NOTICE, at_once=True),
    BookDate("s1", 1, hour(tuesday(1) + DAY)),
    BookDate("p.7", 7, hour(tuesday(7))),
    EndSeries(Truncation(None, ("s3", "s4")), CancelCause.ENDED, closes=True),
    EndSeries(Truncation(None, ("s4",), singles=(("s3", hour(tuesday(3) + DAY)),)), closes=False),
    FollowMove("s3", TimeSpan(hour(tuesday(3)).start + HOUR, hour(tuesday(3)).end + 2 * HOUR)),
    FollowMove("s3", hour(tuesday(3) + DAY), (STOOD, replace(STOOD, person="sam"))),
    FollowCancel("s3"),
    NoteConflict("s3", SEEN),
    ForgetConflict("s4", "sam"),
    NoteReply("s3", REPLY),
    NoteSeriesDecline(SeriesDecline("sam", NOW, offered=True)),
    ForgetSeriesDecline("jo"),
    Tell("jo", Message.YOUR_APPOINTMENT, "s3"),
    Tell("sam", Message.PROPOSAL, "s3", hour(tuesday(3) + DAY)),
    OfferDates("sam", "s3", (hour(tuesday(3) + DAY),)),
    OfferHours(("jo", "sam"), (slot(),)),
    RaiseNeed(ChangeCode.NO_OTHER_HOUR, "s3", (ReadyAct.TALK,)),
    ChangeOrganizer("another box"),
    CloseNeed("shortfall::"),
    StartPause(PAUSE),
    Complete(),
    ChangeRule(replace(RULE, occurrences=8)),
    ChangeRule(RULE),
    BookSeries(slot()),
    BookSeries(),
    StartGeneration(NEW, START + 21 * DAY, slot(), ((0, hour(tuesday(2))), (1, hour(tuesday(4))))),
)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: type(act).__name__)
def test_an_act_leaves_what_the_core_says(desk: Desk, act: Act) -> None:
    view = with_session(pair(needs=frozenset({"shortfall::"})), 1, state=SessionState.CANCELLED)
    view = with_session(view, 1, cause=CancelCause.DECLINED)
    view = with_session(view, 4, conflicts=(ConflictSeen("sam", NOW, NOW),))
    view = replace(view, series_declines=(SeriesDecline("jo", NOW),))
    _leaves(desk, without_evidence(view), act)


def _leaves(desk: Desk, view: object, act: Act) -> None:
    desk.hold(view, NOW)  # type: ignore[arg-type]
    before = desk.view()
    assert before == view
    desk.run(lambda tx: remember(tx, desk.app, "p", act, NOW))
    assert desk.view() == remembered(before, act, NOW)
    assert act_changes(act) == (desk.view() != before)


def act_changes(act: Act) -> bool:
    """Whether the core's memory of the pair differs after the act."""
    same = isinstance(act, OfferDates | ChangeOrganizer) or act == ChangeRule(RULE)
    return not same


def test_what_is_booked_next_stands_in_the_new_organizers_calendar(desk: Desk) -> None:
    _leaves(desk, without_evidence(pair()), ChangeOrganizer("another box"))
    assert desk.run(lambda tx: tx.pairs.require("p")).mailbox_id == "another box"


def test_a_resumed_pair_keeps_its_pause_among_the_past_ones(desk: Desk) -> None:
    view = pair(state=CorePairState.PAUSED, pause=PAUSE)
    _leaves(desk, without_evidence(view), Resume())


def test_an_adopted_series_leaves_its_dates(desk: Desk) -> None:
    view = pair(state=CorePairState.PLANNED, sessions=(), series=None, booked_at=None)
    dates = tuple((k, hour(tuesday(k)).start, hour(tuesday(k))) for k in range(1, 4))
    _leaves(desk, without_evidence(view), AdoptSeries("their event", slot(), dates))


def test_a_completed_pair_whose_rule_gets_more_dates_is_booked_again(desk: Desk) -> None:
    view = pair(state=CorePairState.COMPLETED)
    _leaves(desk, without_evidence(view), ChangeRule(replace(RULE, occurrences=9)))
    assert desk.run(lambda tx: tx.pairs.require("p")).state is PairState.BOOKED


def test_every_kind_of_act_is_tried() -> None:
    tried = {type(act) for act in ACTS} | {Resume, AdoptSeries, SettleOrder}
    assert tried == set(Act.__args__)


def test_a_settled_order_is_among_the_open_ones_no_more(desk: Desk) -> None:
    desk.hold(without_evidence(pair()), NOW)
    order = Order(id="o1", pair_id="p", kind="skip", given_at=NOW, data={"session": "s3"})
    desk.run(lambda tx: tx.orders.put(order))
    before = desk.view()
    assert [o.id for o in before.orders] == ["o1"]
    act = SettleOrder("o1", ChangeCode.LEFT_OUT)
    desk.run(lambda tx: remember(tx, desk.app, "p", act, NOW))
    assert desk.view() == remembered(before, act, NOW)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(situation=situations())
def test_what_is_decided_for_any_pair_is_written_down_as_the_core_remembers_it(
    desk: Desk, situation: Situation
) -> None:
    desk.hold(without_evidence(situation.pair), situation.now)
    before = desk.view()
    assert before == without_evidence(situation.pair)
    for decision in decide(replace(situation, pair=before)):
        for act in decision.acts:
            event(type(act).__name__)
            expected = remembered(before, act, situation.now)
            desk.run(lambda tx, act=act: remember(tx, desk.app, "p", act, situation.now))  # type: ignore[misc]
            before = desk.view()
            # A verdict belongs to its date: where that stands tells when they last met.
            assert before == without_evidence(expected)


def test_an_event_that_was_made_gives_the_session_its_id_and_counts_as_compared(
    desk: Desk,
) -> None:
    desk.hold(without_evidence(pair()), NOW)
    made = EventSnapshot(
        id="new event",
        etag="key 2",
        ical_uid="uid",
        kind="singleInstance",
        span=hour(tuesday(7)),
        cancelled=False,
        join_url="https://join.example/1",
    )
    act = BookDate("p.7", 7, hour(tuesday(7)))
    desk.run(lambda tx: remember(tx, desk.app, "p", act, NOW, events={"p.7": made}))
    session = desk.run(lambda tx: tx.sessions.require("p.7"))
    assert (session.event_id, session.etag, session.seen) == ("new event", "key 2", digest(made))
    assert session.single


def test_a_row_for_the_coordinator_holds_the_facts_of_its_reason(desk: Desk) -> None:
    desk.hold(without_evidence(pair()), NOW)
    reason = ChangeReason(ChangeCode.NO_OTHER_HOUR, {"until": "2027-04-01 09:00Z"})
    act = RaiseNeed(ChangeCode.NO_OTHER_HOUR, "s3", (ReadyAct.TALK,), spans=(hour(tuesday(3)),))
    desk.run(lambda tx: remember(tx, desk.app, "p", act, NOW, reason=reason))
    desk.run(lambda tx: remember(tx, desk.app, "p", act, NOW + timedelta(hours=1), reason=reason))
    (need,) = desk.run(lambda tx: tx.needs.open(["p"]))
    assert need.data["until"] == "2027-04-01 09:00Z"
    assert need.data["spans"] == [["2027-04-13T09:00:00+00:00", "2027-04-13T10:00:00+00:00"]]
    assert (need.raised_at, need.ready) == (NOW, ("talk",))
