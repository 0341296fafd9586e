"""Acceptance 40: adherence and credit export.

"Given a cohort with paused, short, self-reported and unknown meetings, Then the coordinator report
gives per pair planned / held / short / unknown / possible and longest gap, totals reconcile to the
journal, groups smaller than five are suppressed in the sponsor view, and the credit export lists
only qualifying minutes with rounding and cap applied, is identical when run twice, and shows
corrections as separate lines."
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.attendance_records import KeptCorrection, KeptStatement
from integrations.ports import Transaction
from integrations.records import PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance.judging import judge_session
from integrations.workflows.reporting.adherence import Adherence
from integrations.workflows.reporting.credit import Credit, export_credit
from integrations.workflows.reporting.history import histories
from integrations.workflows.reporting.sponsor import WITHHELD, sponsor_tables
from integrations.workflows.reporting.writers import to_csv
from integrations.workflows.rulebook.rules import ProgramRule
from tests.support.world import Empty, enrolled, firm_of, virtually

pytestmark = pytest.mark.acceptance(40)

WEEK = timedelta(weeks=1)
ACCOUNTS: list[dict[str, Any]] = [
    {"purpose": "development", "code": "DEV-100", "rounding": "nearest", "period": "program"},
    {
        "purpose": "billable_credit",
        "code": "BC-7",
        "roles": ["mentor"],
        "rounding": "down",
        "cap_tenths": 15,
        "period": "program",
    },
]


@dataclass
class Cohort:
    """Six booked pairs of one program, some months on; nobody has said anything yet."""

    app: App
    program_id: str
    now: datetime
    pairs: list[str]

    @classmethod
    async def of(cls, app: App) -> Cohort:
        """Everybody has a timekeeper's number; five pairs are of one office, one of another."""

        def record(tx: Transaction) -> tuple[str, datetime, list[str]]:
            program = tx.programs.all()[0]
            pairs = sorted(tx.pairs.all(), key=lambda pair: pair.id)
            rule = tx.rules.current(program.id)
            body = {**ProgramRule.from_body(rule.body).to_body(), "credit": ACCOUNTS}
            tx.rules.put(replace(rule, body=body))
            for at, person in enumerate(tx.participants.all()):
                tx.participants.put(replace(person, timekeeper=f"TK{at:03}"))
            for at, pair in enumerate(pairs):
                office = "London" if at else "Munich"
                tx.pairs.put(
                    replace(
                        pair,
                        program_id=program.id,
                        state=PairState.BOOKED,
                        office=office,
                        practice_group="Disputes",
                    )
                )
                for session in tx.sessions.of_pair(pair.id):
                    if session.state is SessionState.PLANNED:
                        tx.sessions.put(replace(session, state=SessionState.SCHEDULED))
            dates = tx.sessions.of_pair(pairs[0].id)
            return program.id, dates[6].end + 3 * WEEK, [pair.id for pair in pairs]

        program_id, now, pairs = await app.store.run(record)
        return cls(app, program_id, now, pairs)

    async def session(self, pair: int, number: int) -> Session:
        """The n-th date of a pair."""

        def read(tx: Transaction) -> Session:
            found = tx.sessions.of_pair(self.pairs[pair])
            return [s for s in found if s.state is SessionState.SCHEDULED][number]

        return await self.app.store.run(read)

    async def both_say_met(self, pair: int, number: int, minutes: int = 60) -> None:
        """Both sides say that they met, for so long; judged."""
        session = await self.session(pair, number)

        def record(tx: Transaction) -> None:
            found = tx.pairs.require(session.pair_id)
            for person in (found.mentor_id, found.mentee_id):
                statement = KeptStatement(
                    id=f"{session.id}/{person}",
                    session_id=session.id,
                    person_id=person,
                    said="met",
                    at=session.end + timedelta(hours=20),
                    via="link",
                    start=session.start,
                    end=session.start + timedelta(minutes=minutes),
                )
                tx.statements.add(statement)
            judge_session(tx, self.app, session.id, self.now)

        await self.app.store.run(record)

    async def correct(self, pair: int, number: int, verdict: str, minutes: int | None) -> None:
        """A coordinator's word; judged."""
        session = await self.session(pair, number)

        def record(tx: Transaction) -> None:
            word = KeptCorrection(
                id=f"{session.id}/{verdict}",
                session_id=session.id,
                verdict=verdict,
                at=self.now,
                given_by="coordinator",
                minutes=minutes,
            )
            tx.corrections.add(word)
            judge_session(tx, self.app, session.id, self.now)

        await self.app.store.run(record)

    async def judge_the_rest(self) -> None:
        """Whoever said nothing: judged, too."""

        def record(tx: Transaction) -> None:
            for session in tx.sessions.all():
                if session.state is SessionState.SCHEDULED and session.end <= self.now:
                    judge_session(tx, self.app, session.id, self.now)

        await self.app.store.run(record)

    async def pause_over(self, pair: int, number: int) -> None:
        """A date that lay inside a pause."""
        session = await self.session(pair, number)
        day = session.start.date()

        def record(tx: Transaction) -> None:
            tx.sessions.put(replace(session, state=SessionState.CANCELLED, cause="paused"))
            found = tx.pairs.require(session.pair_id)
            first, last = day - timedelta(days=10), day + timedelta(days=10)
            pause = {"first": first.isoformat(), "last": last.isoformat()}
            tx.pairs.put(replace(found, past_pauses=(pause,)))

        await self.app.store.run(record)

    async def report(self) -> Adherence:
        """The coordinator's report, now."""
        return await self.app.store.run(
            lambda tx: Adherence.of(histories(tx, self.now, self.program_id, "UTC"), self.now)
        )

    async def sponsor(self) -> list[dict[str, Any]]:
        """The sponsor's figures, now."""

        def read(tx: Transaction) -> list[dict[str, Any]]:
            (found,) = sponsor_tables(histories(tx, self.now, self.program_id, "UTC"))
            return list(found.records())

        return await self.app.store.run(read)

    async def credit(self) -> Credit:
        """The ledger, exported now."""
        return await self.app.store.run(
            lambda tx: export_credit(tx, self.program_id, self.now, "UTC")
        )


def with_cohort(play: Callable[[Cohort], Awaitable[None]]) -> Callable[[Empty], None]:
    """A test on a cohort of its own."""

    @virtually
    async def test(empty: Empty) -> None:
        world = empty.world(firm_of(6))
        app = await world.begin()
        await enrolled(world, app)
        await play(await Cohort.of(app))
        await app.close()

    test.__name__ = play.__name__
    return test


def _pairs(report: Adherence) -> dict[str, dict[str, Any]]:
    return {str(row["pair"]): dict(row) for row in report.tables[0].records()}


async def _lived(cohort: Cohort) -> None:
    """The first pair: held by both's word twice, short, a pause; the others never said a word."""
    await cohort.both_say_met(0, 0, minutes=60)
    await cohort.both_say_met(0, 1, minutes=52)
    await cohort.correct(0, 2, "short", 20)
    await cohort.pause_over(0, 3)
    await cohort.judge_the_rest()


@with_cohort
async def test_each_pair_has_its_counts_and_its_longest_gap(cohort: Cohort) -> None:
    await _lived(cohort)
    report = await cohort.report()
    row = _pairs(report)[cohort.pairs[0]]
    assert (row["held"], row["self_reported"], row["short"]) == (2, 2, 1)
    assert row["unknown"] + row["pending"] >= 3
    counted = ("held", "short", "not_held", "to_confirm", "pending", "unknown", "disputed")
    assert row["planned"] == sum(row[name] for name in counted) + row["to_come"]
    open_ones = row["to_confirm"] + row["pending"] + row["unknown"] + row["disputed"]
    assert row["still_possible"] >= row["to_come"] + open_ones
    silent = _pairs(report)[cohort.pairs[1]]
    assert silent["held"] == 0
    # Of the eleven windows to the last chance of a make-up nine have a date.
    silent_open = silent["to_confirm"] + silent["pending"] + silent["unknown"] + silent["disputed"]
    assert silent["still_possible"] == silent["to_come"] + silent_open + 2
    # The pause of three weeks is no gap.
    assert 0 < row["longest_gap_days"] < silent["longest_gap_days"]


@with_cohort
async def test_a_meeting_of_which_only_people_tell_is_labelled_as_such(cohort: Cohort) -> None:
    await _lived(cohort)
    labels = Counter(row["label"] for row in (await cohort.report()).tables[1].records())
    assert labels["held, self-reported"] == 2
    assert labels["short, corrected by the coordinator"] == 1
    assert labels["held"] == 0


@with_cohort
async def test_totals_are_those_of_the_journal(cohort: Cohort) -> None:
    await _lived(cohort)
    await cohort.correct(0, 1, "not_held", None)
    report = await cohort.report()
    entries = await cohort.app.store.run(lambda tx: tx.journal.read(code="verdict"))
    last = {entry.session_id: entry.data["verdict"] for entry in entries}
    journalled = Counter(last.values())
    totals = {str(r["what"]): r["count"] for r in report.tables[2].records()}
    for verdict in ("held", "short", "not_held", "unknown", "pending", "disputed", "to_confirm"):
        assert totals[verdict] == journalled[verdict], verdict
        assert totals[verdict] == sum(row[verdict] for row in _pairs(report).values())
    assert totals["not_held"] == 1


@with_cohort
async def test_a_verdict_that_was_corrected_is_marked_as_revised(cohort: Cohort) -> None:
    await cohort.both_say_met(0, 0)
    await cohort.both_say_met(0, 1)
    await cohort.correct(0, 1, "not_held", None)
    rows = {str(r["session"]): r for r in (await cohort.report()).tables[1].records()}
    first, second = await cohort.session(0, 0), await cohort.session(0, 1)
    assert rows[first.id]["revised_on"] is None
    assert rows[second.id]["revised_on"] == f"{cohort.now:%Y-%m-%d %H:%M}"


@with_cohort
async def test_a_sponsor_sees_no_group_of_fewer_than_five(cohort: Cohort) -> None:
    await _lived(cohort)
    rows = await cohort.sponsor()
    by_group = {(row["breakdown"], row["group"]): row for row in rows}
    munich, london = by_group["office", "Munich"], by_group["office", "London"]
    assert (munich["pairs"], munich["held"]) == (WITHHELD, None)
    # With London shown, Munich would be the whole less London.
    assert (london["pairs"], london["held"]) == (WITHHELD, None)
    whole = by_group["whole", "all"]
    assert (whole["pairs"], whole["held"], whole["self_reported"]) == (6, 2, 2)
    people = await cohort.app.store.run(lambda tx: tx.participants.all())
    said = str(rows)
    assert not any(person.name in said for person in people)
    assert not any(pair in said for pair in cohort.pairs)


@with_cohort
async def test_who_led_is_told_by_turns_where_the_program_is_mixed(cohort: Cohort) -> None:
    await _lived(cohort)
    (whole, *_) = await cohort.sponsor()
    assert (whole["led_by_mentor"], whole["led_by_mentee"]) == (2, 0)

    def mix(tx: Transaction) -> None:
        tx.programs.put(replace(tx.programs.require(cohort.program_id), mixed=True))

    await cohort.app.store.run(mix)
    (whole, *_) = await cohort.sponsor()
    assert (whole["led_by_mentor"], whole["led_by_mentee"], whole["mentors_led_rate"]) == (1, 1, 50)


@with_cohort
async def test_credit_is_for_qualifying_minutes_rounded_and_capped(cohort: Cohort) -> None:
    await _lived(cohort)
    credit = await cohort.credit()
    rows = [dict(row) for row in credit.lines.records()]
    of_development = [row for row in rows if row["purpose"] == "development"]
    # 60 and 52 minutes of both people; the short one and those nobody told of are worth nothing.
    assert sorted(str(row["hours"]) for row in of_development) == ["0.9", "0.9", "1.0", "1.0"]
    billable = [row for row in rows if row["purpose"] == "billable_credit"]
    # The mentor alone, rounded down, and 15 tenths in all: the second meeting is cut.
    assert [str(row["hours"]) for row in billable] == ["1.0", "0.5"]
    assert len({row["timekeeper"] for row in billable}) == 1
    assert {row["code"] for row in rows} == {"DEV-100", "BC-7"}
    assert {row["narrative"] for row in rows} == {"Mentoring program"}


@with_cohort
async def test_credit_exported_twice_is_the_same_bytes(cohort: Cohort) -> None:
    await _lived(cohort)
    first, again = await cohort.credit(), await cohort.credit()
    assert to_csv(first.lines, marked=False) == to_csv(again.lines, marked=False)
    assert (first.added, again.added) == (6, 0)


@with_cohort
async def test_lines_that_left_keep_their_words_when_the_rule_gets_others(cohort: Cohort) -> None:
    await _lived(cohort)
    before = to_csv((await cohort.credit()).lines)

    def reword(tx: Transaction) -> None:
        rule = tx.rules.current(cohort.program_id)
        accounts = [{**account, "narrative": "Learning from juniors"} for account in ACCOUNTS]
        tx.rules.put(replace(rule, body={**rule.body, "credit": accounts}))

    await cohort.app.store.run(reword)
    assert to_csv((await cohort.credit()).lines) == before
    await cohort.correct(0, 0, "not_held", None)
    rows = [dict(row) for row in (await cohort.credit()).lines.records()]
    corrections = {row["narrative"] for row in rows if row["correction_of"]}
    assert corrections == {"Learning from juniors"}


@with_cohort
async def test_a_correction_is_a_line_of_its_own_and_the_first_ones_stay(cohort: Cohort) -> None:
    await _lived(cohort)
    before = [dict(row) for row in (await cohort.credit()).lines.records()]
    await cohort.correct(0, 0, "not_held", None)
    after = [dict(row) for row in (await cohort.credit()).lines.records()]
    assert [row for row in after if row in before] == before
    new = [row for row in after if row not in before]
    taken = [row for row in new if row["purpose"] == "development"]
    assert [str(row["hours"]) for row in taken] == ["-1.0", "-1.0"]
    assert {row["correction_of"] for row in taken} <= {row["line"] for row in before}
    left = [Decimal(str(row["hours"])) for row in after if row["purpose"] == "development"]
    assert sum(left) == Decimal("1.8")


@with_cohort
async def test_who_has_no_timekeepers_number_is_named_and_not_credited(cohort: Cohort) -> None:
    await _lived(cohort)
    mentor = await cohort.app.store.run(lambda tx: tx.pairs.require(cohort.pairs[0]).mentor_id)

    def forget(tx: Transaction) -> None:
        tx.participants.put(replace(tx.participants.require(mentor), timekeeper=None))

    await cohort.app.store.run(forget)
    credit = await cohort.credit()
    assert credit.without_number == {mentor}
    assert {row["purpose"] for row in credit.lines.records()} == {"development"}
    assert credit.added == 2
