"""What the store knows of a pair, and how the core sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from integrations.ports import Transaction
from integrations.records import (
    IntentState,
    JournalEntry,
    OutboxMail,
    PairState,
    SessionState,
)
from integrations.workflows.changes.case import is_capped, load_case, meant_span, parsed_rule
from integrations.workflows.changes.views import (
    offer_data,
    offer_of,
    pair_view,
    pause_data,
    pause_of,
    slot_data,
    slot_of,
    standing_of,
    windows_from,
)
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.cadence import SeriesSlot
from scheduling.changes.views import Offer, Pause, Standing
from scheduling.timespan import TimeSpan
from tests.support.stores import intent, pair, person
from tests.support.world import Empty
from tests.workflows.changes.reconciling import now
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

SLOT = SeriesSlot("America/New_York", 3, time(9), 1, date(2027, 1, 21))
PAUSE = Pause(date(2027, 3, 3), date(2027, 3, 21))


# --- case --------------------------------------------------------------------------------


def test_a_pair_without_mailbox_series_or_session_says_what_it_lacks(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        with pytest.raises(LookupError, match="has no session nowhere"):
            case.session("nowhere")
        bare = replace(case, pair=replace(case.pair, mailbox_id=None, series=None, generation=7))
        with pytest.raises(LookupError, match="no program mailbox"):
            _ = bare.mailbox_id
        assert bare.booking is None
        assert bare.zone == bare.zone_of(bare.mentor)
        nowhere = replace(bare.mentor, zone=None)
        assert bare.zone_of(nowhere) == bare.program.zone

    on_stage(empty, play)


def test_dates_of_a_persons_other_pairs_bind_where_they_stand_and_where_they_are_to_go(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        others = await stage.read(lambda tx: [p for p in tx.pairs.all() if p.id != case.pair.id])
        other = replace(others[0], mentee_id=case.mentee.id)
        dates = await stage.read(lambda tx: tx.sessions.of_pair(other.id))
        coming = [s for s in dates if s.state is SessionState.SCHEDULED and s.end > now()]
        to = TimeSpan(coming[0].start + DAY, coming[0].end + DAY)
        after = {"start": to.start.isoformat(), "end": to.end.isoformat()}

        def share(tx: Transaction) -> None:
            tx.pairs.put(other)
            tx.intents.add(intent("i", "move/x", pair_id=other.id, after=after))

        before = {c.span for c in case.commitments}
        await stage.read(share)
        shared = await stage.case()
        spans = {c.span for c in shared.commitments} - before
        assert spans == {TimeSpan(s.start, s.end) for s in coming} | {to}
        assert all(s.end > now() for s in shared.elsewhere[case.mentee.id])
        assert {s.id for s in coming} <= {s.id for s in shared.elsewhere[case.mentee.id]}
        assert not {s.id for s in coming} & {s.id for s in shared.elsewhere[case.mentor.id]}

    on_stage(empty, play)


def test_the_mails_of_a_week_are_those_sent_since_monday_and_the_notes_that_wait(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        who, at = case.mentor.id, now()

        def record(tx: Transaction) -> None:
            for days, kind in ((0, "update"), (0, "cancellation"), (7, "update")):
                tx.journal.write(
                    JournalEntry(
                        at=at - days * DAY,
                        code="mail",
                        pair_id=case.pair.id,
                        person_id=who,
                        data={"kind": kind},
                    )
                )
            for purpose, urgent in (("paused", False), ("hour_is_off", True)):
                tx.outbox.add(
                    OutboxMail(
                        person_id=who,
                        purpose=purpose,
                        session_id="s",
                        due_at=at,
                        pair_id=case.pair.id,
                        mailbox_id=case.mailbox_id,
                        urgent=urgent,
                    )
                )

        began = case.mails_this_week
        await stage.read(record)
        counted = (await stage.case()).mails_this_week
        assert counted[who] - began[who] == 2, "an update and a waiting note"
        assert counted[case.mentee.id] == began[case.mentee.id]

    on_stage(empty, play)


def test_what_was_written_a_moment_ago_may_not_show_yet(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        pair_id, at = await stage.pair_id(), now()

        def record(tx: Transaction) -> None:
            tx.intents.add(intent("i", "move/x", pair_id=pair_id))
            tx.intents.settle("i", IntentState.DONE, "done", at)

        await stage.read(record)

        async def lately(later: timedelta) -> list[str]:
            case = await stage.read(
                lambda tx: load_case(tx, pair_id, at + later, default_zone="UTC")
            )
            assert "i" not in {i.id for i in case.open_intents}
            return [i.id for i in case.settled_lately]

        assert await lately(timedelta(seconds=119)) == ["i"]
        assert await lately(timedelta(seconds=121)) == []

    on_stage(empty, play)


@pytest.mark.parametrize(
    ("mail", "counted"),
    [
        ({"kind": "update"}, True),
        ({"kind": "message"}, True),
        ({"kind": "invitation"}, False),
        ({"kind": "cancellation"}, False),
        ({"kind": "invitation", "capped": True}, True),
        ({"kind": "update", "capped": False}, False),
    ],
)
def test_the_cap_leaves_out_first_invitations_and_cancellations_unless_they_say_otherwise(
    mail: dict[str, object], counted: bool
) -> None:
    assert is_capped(mail) is counted


def test_a_write_that_puts_nothing_anywhere_means_no_stretch() -> None:
    assert meant_span(intent("i", after={"start": "2027-03-03T10:00:00+00:00"})) is None
    both = {"start": "2027-03-03T10:00:00+00:00", "end": "2027-03-03T11:00:00+00:00"}
    start = datetime(2027, 3, 3, 10, tzinfo=UTC)
    assert meant_span(intent("i", after=both)) == TimeSpan(start, start + HOUR)


# --- views -------------------------------------------------------------------------------


def test_what_is_stored_of_a_pair_comes_back_as_it_was_meant() -> None:
    assert pause_of(pause_data(PAUSE)) == PAUSE
    assert slot_of(slot_data(SLOT)) == SLOT
    at = datetime(2027, 2, 17, 15, tzinfo=UTC)
    for picked in (None, SLOT):
        offer = Offer(to=("jo", "sam"), at=at, hours=(SLOT,), picked=picked)
        assert offer_of(offer_data(offer)) == offer
    assert (pause_of(None), slot_of(None), offer_of(None)) == (None, None, None)


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        ({}, Standing.ACTIVE),
        ({"guest": True}, Standing.EXTERNAL),
        ({"enabled": False, "guest": True}, Standing.DISABLED),
        ({"gone": True, "enabled": False, "guest": True}, Standing.LEFT),
    ],
)
def test_the_weightiest_fact_says_what_a_person_is_to_the_firm(
    facts: dict[str, bool], standing: Standing
) -> None:
    assert standing_of(person("jo", **facts)) is standing


def test_windows_count_from_the_monday_of_the_series_first_week() -> None:
    thursday_of_the_second_week = {**slot_data(SLOT), "cadence": None}
    booked = pair("p", state=PairState.BOOKED, series=thursday_of_the_second_week)
    assert windows_from(booked) == date(2027, 1, 11)
    fixed = date(2027, 2, 1)
    assert windows_from(replace(booked, windows_from=fixed)) == fixed
    wednesday = date(2027, 1, 13)
    assert windows_from(replace(booked, series=None, start_date=wednesday)).weekday() == 0


def test_a_pair_with_a_cadence_of_its_own_lives_under_that(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        case = await stage.case()
        slower = replace(case.rule.cadence, interval_weeks=3)
        own = ProgramRule(cadence=slower).to_body()["cadence"]
        series = {**(case.pair.series or {}), "cadence": own}
        await stage.read(lambda tx: tx.pairs.put(replace(case.pair, series=series)))
        again = await stage.case()
        assert again.rule.cadence == slower
        assert again.rule.limits == case.rule.limits
        assert pair_view(again).rule == slower
        body = case.rule.to_body()
        assert parsed_rule(body) == case.rule

    on_stage(empty, play)
