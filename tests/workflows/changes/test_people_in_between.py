"""Somebody is quicker than a write of ours, and does the very same or something else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integrations.records import JournalEntry, Session, SessionState
from integrations.workflows.acting import perform
from integrations.workflows.booking.booking_case import Case as BookingCase
from integrations.workflows.booking.booking_dates import cancel_date
from integrations.workflows.changes.case import Case
from scheduling.changes.acts import CancelDate, Decision, MoveDate, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import CancelCause
from simulator.faults import Effect, Fault
from tests.support.world import Empty
from tests.workflows.changes.reconciling import moved_by_coordinator
from tests.workflows.changes.stage import DAY, HOUR, MIDWAY, Stage, claimed, on_stage, span_from


def test_a_date_that_a_person_put_where_we_meant_it_is_not_said_to_be_mailed_by_us(
    empty: Empty,
) -> None:
    """Our move was refused, the date found where it was meant to be, and our mail journalled."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[1]
        to = span_from(date.start + 2 * HOUR)

        def decide(case: Case) -> Decision | None:
            if case.session(date.id).start == to.start:
                return None
            return decision(ChangeCode.DATE_DECLINED, MoveDate(date.id, to), session=date.id)

        await moved_by_coordinator(stage, date, to.start)
        theirs = len(stage.world.tenant.mail_log)
        announced = await stage.read(lambda tx: tx.journal.read(code="mail"))
        await stage.live(decide)
        assert (await stage.case()).session(date.id).start == to.start
        assert len(stage.world.tenant.mail_log) == theirs
        assert await stage.read(lambda tx: tx.journal.read(code="mail")) == announced
        await stage.assert_store_is_calendar()

    on_stage(empty, play)


def test_a_date_put_into_the_past_while_its_cancellation_is_in_doubt_stays_there(
    empty: Empty,
) -> None:
    """Found to stand, it was cancelled again wherever it stood by then."""

    async def play(stage: Stage) -> None:
        date = (await stage.dates())[0]
        yesterday = MIDWAY - DAY

        acts = [CancelDate(date.id, CancelCause.DECLINED)]

        def decide(case: Case) -> Decision | None:
            return decision(ChangeCode.DECLINED_DATE_TAKEN_OUT, acts.pop()) if acts else None

        async def says_it_was_yesterday() -> None:
            await asyncio.sleep(timedelta(seconds=10).total_seconds())
            await moved_by_coordinator(stage, date, yesterday)

        path = "/users/{user}/events/{event}/cancel"
        stage.world.tenant.faults.plan(Fault("error", method="POST", path=path, status=504))
        meddling = asyncio.ensure_future(says_it_was_yesterday())
        await stage.live(decide)
        await meddling
        assert yesterday in [start for start, _ in await stage.shown(await stage.box())]
        assert (await stage.case()).session(date.id).state is SessionState.SCHEDULED

    on_stage(empty, play)


PATCHED = "/users/{user}/events/{event}"


@pytest.mark.parametrize(
    ("effect", "sent", "doubts"),
    [("cut_after", 2, 2), ("cut_before", 0, 2), ("error", 0, 0)],
    ids=["took place", "never came", "was refused"],
)
def test_a_move_that_somebody_overtakes_is_a_doubt_only_if_it_may_have_mailed(
    empty: Empty, effect: Effect, sent: int, doubts: int
) -> None:
    """A lost answer left two mails that nothing told of, and that no week counted."""

    async def play(stage: Stage) -> None:
        tenant, date = stage.world.tenant, (await stage.dates())[1]
        acts = [MoveDate(date.id, span_from(date.start + 2 * HOUR))]

        def decide(case: Case) -> Decision | None:
            return decision(ChangeCode.DATE_DECLINED, acts.pop(), session=date.id) if acts else None

        async def somebody_is_quick() -> None:
            await asyncio.sleep(10)
            await moved_by_coordinator(stage, date, date.start + 4 * HOUR)

        # The first one is refused, as its change key is an old one. The look that follows the
        # second has to wait until somebody has moved the date.
        tenant.faults.plan(Fault(effect, method="PATCH", path=PATCHED, nth=2, status=412))
        tenant.faults.plan(Fault("throttle", method="GET", path=PATCHED, nth=2, retry_after=30))
        before = len(tenant.mail_log)
        meddling = asyncio.ensure_future(somebody_is_quick())
        await stage.live(decide)
        await meddling
        assert len(tenant.mail_log[before:]) == sent + 2, "two of them are somebody's"

        people = sorted(person.id for person in (await stage.case()).people)
        lines = await stage.read(lambda tx: tx.journal.read(code="mail_in_doubt"))
        assert [line.data["message"] for line in lines] == ["update"] * doubts
        assert sorted(str(line.person_id) for line in lines) == people[:doubts]
        counted = await stage.read(lambda tx: tx.journal.read(code="mail"))
        assert sum(line.at >= MIDWAY for line in counted) == doubts
        assert (await stage.case()).mails_this_week == dict.fromkeys(people, doubts // 2)

    on_stage(empty, play)


CANCELLED = "/users/{user}/events/{event}/cancel"
STALE = timedelta(seconds=20)


def taken_out_by_coordinator(stage: Stage, session: Session) -> None:
    """Let somebody with rights on the organizer's calendar take a date out."""
    stage.world.tenant.cancel_event(session.event_id or "", comment="Not this time.")


async def lines(stage: Stage, code: str) -> list[JournalEntry]:
    """What the journal says of mails since the play began."""
    found = await stage.read(lambda tx: tx.journal.read(code=code))
    return [line for line in found if line.at >= MIDWAY]


def test_a_date_that_somebody_takes_out_while_it_is_booked_is_not_said_to_be_mailed_by_us(
    empty: Empty,
) -> None:
    """Graph said that there was nothing to cancel, and the booking journalled two mails."""

    async def play(stage: Stage) -> None:
        date, case = (await stage.dates())[1], await stage.case()
        booked_by = BookingCase(
            pair=case.pair,
            program=case.program,
            rule=case.rule,
            mentor=case.mentor,
            mentee=case.mentee,
            sessions=case.sessions,
            booking=None,
            being_created=False,
            mailbox=case.mailbox,
            blockers=(),
        )
        app = await stage.world.begin()
        claim = await claimed(app, case.pair.id)
        taken_out_by_coordinator(stage, date)
        await perform(app, claim, cancel_date(app, booked_by, date))
        assert (await stage.case()).session(date.id).event_id is None
        assert len(await lines(stage, "date_taken_out")) == 1
        assert await lines(stage, "mail") == await lines(stage, "mail_in_doubt") == []
        await app.close()

    on_stage(empty, play)


def test_a_date_found_gone_after_a_cancellation_that_may_have_come_is_a_doubt(
    empty: Empty,
) -> None:
    """Somebody took it out, and the journal told of two mails as if they had been ours."""

    async def play(stage: Stage) -> None:
        tenant, date = stage.world.tenant, (await stage.dates())[1]
        acts = [CancelDate(date.id, CancelCause.DECLINED)]

        def decide(case: Case) -> Decision | None:
            return decision(ChangeCode.DECLINED_DATE_TAKEN_OUT, acts.pop()) if acts else None

        async def somebody_takes_it_out() -> None:
            # Between the call that never came and the look that follows it.
            await asyncio.sleep(25)
            taken_out_by_coordinator(stage, date)

        tenant.behaviour.stale_reads = STALE
        tenant.faults.plan(Fault("cut_before", method="POST", path=CANCELLED))
        before = len(tenant.mail_log)
        meddling = asyncio.ensure_future(somebody_takes_it_out())
        await stage.live(decide)
        await meddling
        assert len(tenant.mail_log[before:]) == 2, "both are somebody's"
        assert (await stage.case()).session(date.id).state is SessionState.CANCELLED
        assert len(await lines(stage, "mail")) == len(await lines(stage, "mail_in_doubt")) == 2

    on_stage(empty, play)


def test_a_move_that_was_refused_each_time_has_mailed_nobody(empty: Empty) -> None:
    """Reads showed the date where it was: half a minute later it was taken for moved by us."""

    async def play(stage: Stage) -> None:
        tenant, date = stage.world.tenant, (await stage.dates())[1]
        to = span_from(date.start + 2 * HOUR)

        def decide(case: Case) -> Decision | None:
            if case.session(date.id).start == to.start:
                return None
            return decision(ChangeCode.DATE_DECLINED, MoveDate(date.id, to), session=date.id)

        tenant.behaviour.stale_reads = STALE
        await moved_by_coordinator(stage, date, to.start)
        before = len(tenant.mail_log)
        await stage.live(decide)
        assert len(tenant.mail_log) == before
        assert (await stage.case()).session(date.id).start == to.start
        assert await lines(stage, "mail") == await lines(stage, "mail_in_doubt") == []
        await stage.assert_store_is_calendar()

    on_stage(empty, play)
