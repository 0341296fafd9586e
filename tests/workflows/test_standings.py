"""How pairs stand: what makes them at risk, and that the journal alone brings changes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from integrations.page_records import Risk, Standing
from integrations.ports import Transaction
from integrations.records import Blocker, BlockerScope, JournalEntry, PairState
from integrations.standing_records import ProgramWeek
from integrations.workflows.planning.calendar_age import old_calendars
from integrations.workflows.showing import standings
from tests.support.world import START, Empty
from tests.web.console_firm import Console, at_the_console, put_session


async def caught_up(console: Console, **limits: int) -> bool:
    """Whether one look through the journal took all of it in."""
    now = console.app.clock.now()
    return await console.app.store.run(
        lambda tx: standings.catch_up(tx, console.app, now, **limits)
    )


async def standing(console: Console, number: int) -> Standing:
    """How a pair stands by now."""
    pair_id = console.pairs[number].id
    return await console.app.store.run(lambda tx: tx.standings.require(pair_id))


def test_a_pair_stands_by_its_dates_verdicts_rows_and_blockers(empty: Empty) -> None:
    async def play(console: Console) -> None:
        assert await caught_up(console)
        first = await standing(console, 0)
        assert (first.held, first.required, first.planned) == (2, 8, 8)
        assert (first.last_met, first.next_start) == (
            date(2026, 12, 8),
            datetime(2027, 1, 5, 10, tzinfo=START.tzinfo),
        )
        assert (first.forecast, first.risk, first.longest_gap_days) == (
            "with_make_ups",
            Risk.AT_RISK,
            27,
        )
        assert (await standing(console, 1)).needs == 1
        blocked = await standing(console, 3)
        assert (blocked.risk, blocked.blocker, blocked.forecast) == (
            Risk.BLOCKED,
            "no_mailbox",
            None,
        )
        # Not booked yet and nothing in the way: that is nothing to worry about.
        assert (await standing(console, 4)).risk is Risk.ON_TRACK

    at_the_console(empty, play)


@pytest.mark.parametrize("state", [PairState.COMPLETED, PairState.WITHDRAWN])
def test_a_pair_that_is_over_is_at_no_risk_whatever_stood_against_it(
    empty: Empty, state: PairState
) -> None:
    async def play(console: Console) -> None:
        def over(tx: Transaction) -> None:
            tx.pairs.put(replace(console.pairs[1], state=state))

        await console.app.store.run(over)
        await caught_up(console)
        assert (await standing(console, 1)).risk is Risk.OVER

    at_the_console(empty, play, firm=4)


def test_what_only_hampers_a_pair_does_not_block_it(empty: Empty) -> None:
    async def play(console: Console) -> None:
        pair = console.pairs[4]
        blocker = Blocker(
            scope=BlockerScope.PAIR, subject_id=pair.id, code="dates_short", since=START
        )
        await console.app.store.run(lambda tx: tx.blockers.set(blocker))
        await caught_up(console)
        about = await standing(console, 4)
        assert (about.risk, about.blocker) == (Risk.ON_TRACK, None)

    at_the_console(empty, play)


def test_only_pairs_that_the_journal_tells_of_are_worked_out_again(empty: Empty) -> None:
    async def play(console: Console) -> None:
        assert await caught_up(console)
        before = await console.app.store.run(lambda tx: tx.standings.all())
        changed = console.pairs[0]

        def judge(tx: Transaction) -> None:
            put_session(tx, changed, 3, "held")
            put_session(tx, console.pairs[1], 3, "held")
            tx.journal.write(JournalEntry(at=START, code="verdict", pair_id=changed.id))

        await console.app.store.run(judge)
        assert await caught_up(console)
        assert (await standing(console, 0)).held == 3
        after = await console.app.store.run(lambda tx: tx.standings.all())
        assert [s for s in after if s.pair_id != changed.id] == [
            s for s in before if s.pair_id != changed.id
        ]

    at_the_console(empty, play)


def test_news_of_a_person_concern_each_of_their_pairs(empty: Empty) -> None:
    async def play(console: Console) -> None:
        assert await caught_up(console)
        person = console.pairs[4].mentor_id

        def leave(tx: Transaction) -> None:
            tx.blockers.set(
                Blocker(
                    scope=BlockerScope.PERSON,
                    subject_id=person,
                    code="account_disabled",
                    since=START,
                )
            )
            tx.journal.write(JournalEntry(at=START, code="account_changed", person_id=person))

        await console.app.store.run(leave)
        assert await caught_up(console)
        assert (await standing(console, 4)).risk is Risk.BLOCKED

    at_the_console(empty, play)


def test_a_long_journal_is_taken_in_by_several_looks_and_never_twice(empty: Empty) -> None:
    async def play(console: Console) -> None:
        looks = []
        while not await caught_up(console, limit=2):
            looks.append(await console.app.store.run(lambda tx: len(tx.standings.all())))
        assert looks == sorted(looks)
        assert looks[0] == 2
        seen = await console.app.store.run(lambda tx: tx.switches.get(standings.SEEN))
        assert seen == str(await console.app.store.run(lambda tx: tx.journal.last_seq()))

    at_the_console(empty, play)


def test_weeks_count_dates_by_the_program_s_own_mondays(empty: Empty) -> None:
    async def play(console: Console) -> None:
        def count(tx: Transaction) -> list[ProgramWeek]:
            # Monday 07:30 in Sydney is still Sunday in UTC.
            tx.programs.put(replace(console.program, zone="Australia/Sydney"))
            late = datetime(2027, 1, 3, 20, 30, tzinfo=START.tzinfo)
            put_session(tx, console.pairs[0], 0, "held")
            session = tx.sessions.require(f"{console.pairs[0].id}.0")
            tx.sessions.put(replace(session, start=late, end=late + timedelta(hours=1)))
            standings.count_weeks(tx, console.app.clock.now())
            return tx.standings.weeks(console.program.id)

        weeks = await console.app.store.run(count)
        assert weeks == [ProgramWeek(console.program.id, date(2027, 1, 4), held=1)]

    at_the_console(empty, play, firm=2, lived=False)


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        (2, None),
        (2.01, "two hours"),
        (14, "14 hours"),
        (47.9, "47 hours"),
        (49, "two days"),
    ],
)
def test_calendars_older_than_two_hours_are_said_to_be(hours: float, says: Any) -> None:
    said = old_calendars(START - timedelta(hours=hours), START)
    assert said is None if says is None else said and f"last read {says} ago" in said


def test_calendars_that_were_never_read_are_not_called_old() -> None:
    assert old_calendars(None, START) is None
