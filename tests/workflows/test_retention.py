"""A night's deleting in a firm whose pairs were booked: what was done is not done again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.attendance_records import KeptReport
from integrations.bootstrap import build_worker
from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    JournalEntry,
    OutboxMail,
    Pair,
    PairState,
    ProgramState,
    Session,
)
from integrations.workflows.app import App, Keeping
from integrations.workflows.attendance.judging import judge_session
from integrations.workflows.attendance.modes import set_mode
from integrations.workflows.operating import retention
from integrations.workflows.rulebook.rule_previews import apply_rule
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import EvidenceMode
from tests.support.world import Empty, World, virtually
from tests.workflows.looking import booked, dates, until

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERYTHING = ("book_pair", "check_mailbox", "judge_session", "reconcile_pair", "send_mails")


def closing(pair: Pair, app: App, state: str) -> OutboxMail:
    """The mail that ends a pair's time, to the mentor."""
    return OutboxMail(
        person_id=pair.mentor_id,
        purpose="closing",
        session_id=pair.id,
        due_at=app.clock.now(),
        pair_id=pair.id,
        state=state,
    )


async def a_year_on(empty: Empty) -> tuple[World, App, str, str]:
    """Two booked pairs, the first of which is over since, and more than a year has passed."""
    world, app = await booked(empty, 2)

    def end(tx: Transaction) -> tuple[str, str]:
        over, living = sorted(tx.pairs.all(), key=lambda pair: pair.id)
        tx.pairs.put(replace(over, state=PairState.COMPLETED))
        for pair in (over, living):
            tx.outbox.add(closing(pair, app, "sent"))
        return over.id, living.id

    over, living = await app.store.run(end)
    await until(app, app.clock.now() + 600 * DAY)
    return world, app, over, living


async def a_night(app: App) -> dict[str, int]:
    """One round of deleting; how many rows of which table went."""
    now = app.clock.now()
    work = await app.store.run(lambda tx: tx.work.schedule(retention.KIND, "firm", now))
    seq = await app.store.run(lambda tx: tx.journal.last_seq())
    assert await build_worker(app).do(work.id)
    told = await app.store.run(lambda tx: tx.journal.read(after=seq, code="let_go"))
    return dict(told[0].data) if told else {}


async def evidence_of(app: App, pair_id: str) -> tuple[int, int]:
    """How many intents and mails show what was done for a pair."""
    return await app.store.run(
        lambda tx: (len(tx.intents.of_pair(pair_id)), len(tx.outbox.of_pair(pair_id)))
    )


@virtually
async def test_a_pair_that_goes_on_keeps_what_shows_what_was_done_for_it(empty: Empty) -> None:
    _, app, over, living = await a_year_on(empty)
    before = await evidence_of(app, living)
    removed = await a_night(app)
    assert removed["intents"] >= 1
    assert await evidence_of(app, over) == (0, 0)
    assert await evidence_of(app, living) == before != (0, 0)
    await app.close()


@virtually
async def test_after_the_deleting_nothing_is_booked_or_mailed_again(empty: Empty) -> None:
    world, app, _, living = await a_year_on(empty)
    await a_night(app)
    mails = Counter(mail.kind for mail in world.tenant.mail_log)
    events = [len(world.tenant.events_of(box.mail)) for box in world.firm.program_mailboxes]
    now = app.clock.now()

    def all_due(tx: Transaction) -> None:
        again = closing(tx.pairs.require(living), app, "waiting")
        assert not tx.outbox.add(again), "it would be sent a second time"
        for pair in tx.pairs.all():
            for kind in ("book_pair", "reconcile_pair"):
                tx.work.schedule(kind, pair.id, now)
        for session in tx.sessions.all():
            tx.work.schedule("judge_session", session.id, now)

    await app.store.run(all_due)
    for work in await app.store.run(lambda tx: tx.work.due(now, kinds=EVERYTHING, limit=1000)):
        await build_worker(app).do(work.id)
    assert Counter(mail.kind for mail in world.tenant.mail_log) == mails
    assert [len(world.tenant.events_of(b.mail)) for b in world.firm.program_mailboxes] == events
    assert world.tenant.complaints == []
    await app.close()


@virtually
async def test_a_second_night_finds_nothing_more_and_says_nothing(empty: Empty) -> None:
    _, app, _, _ = await a_year_on(empty)
    assert await a_night(app)
    await until(app, app.clock.now() + DAY)
    assert await a_night(app) == {}
    await app.close()


@virtually
async def test_a_round_that_is_cut_short_goes_on_at_once(empty: Empty) -> None:
    _, app, over, _ = await a_year_on(empty)
    app.options = replace(app.options, keeping=Keeping(rows=1, batches=4))
    rounds = 0
    while (await evidence_of(app, over)) != (0, 0):
        await a_night(app)
        rounds += 1
        work = await app.store.run(
            lambda tx: tx.work.schedule(retention.KIND, "firm", app.clock.now() + DAY)
        )
        assert work.due_at <= app.clock.now()
        assert rounds < 50
    assert rounds > 1
    await app.close()


@virtually
async def test_pairs_are_kept_for_good_where_the_firm_says_so(empty: Empty) -> None:
    _, app, over, _ = await a_year_on(empty)
    await until(app, app.clock.now() + 4000 * DAY)
    app.options = replace(app.options, keeping=Keeping(pairs=None))
    await a_night(app)
    assert await app.store.run(lambda tx: tx.pairs.get(over)) is not None
    app.options = replace(app.options, keeping=Keeping())
    removed = await a_night(app)
    assert (removed["pairs"], removed["bookings"]) == (1, 1)
    assert await app.store.run(lambda tx: tx.pairs.get(over)) is None
    await app.close()


@virtually
async def test_each_kind_of_record_goes_when_its_own_period_is_over(empty: Empty) -> None:
    """What held somebody up, the journal of what is over, waves of closed programs."""
    _, app, over, living = await a_year_on(empty)
    early = app.clock.now()

    def leave(tx: Transaction) -> None:
        blocker = Blocker(
            scope=BlockerScope.MAILBOX, subject_id="box", code="no_teams", since=early
        )
        tx.blockers.set(blocker)
        tx.blockers.clear(BlockerScope.MAILBOX, "box", early, "no_teams")
        for pair_id in (over, living):
            tx.journal.write(JournalEntry(at=early, code="paused", pair_id=pair_id))
        program = tx.programs.require(tx.pairs.require(over).program_id)
        tx.programs.put(replace(program, state=ProgramState.CLOSED))
        tx.waves.add(
            Wave(
                id="w",
                program_id=program.id,
                name="First",
                pair_ids=(over,),
                state=WaveState.DONE,
                mails_confirmed=2,
                created_at=early,
                created_by="coordinator",
            )
        )

    await app.store.run(leave)
    keeping = app.options.keeping
    assert keeping.pairs is not None

    def kept(tx: Transaction) -> dict[str, bool]:
        return {
            "journal": bool(tx.journal.read(pair_id=over, code="paused")),
            "waves": tx.waves.get("w") is not None,
        }

    for period, table in (
        (keeping.settled, "blockers"),
        (keeping.journal, "journal"),
        (keeping.pairs, "waves"),
    ):
        await until(app, early + period - DAY)
        before = await a_night(app)
        still = await app.store.run(kept)
        assert still.get(table, table not in before), "before its time"
        await until(app, early + period + 2 * DAY)
        assert table in await a_night(app), table
        assert not (await app.store.run(kept)).get(table), table
    told = await app.store.run(lambda tx: tx.journal.read(pair_id=living, code="paused"))
    assert len(told) == 1, "the journal of a pair that goes on stays"
    await app.close()


# --- when two joined and left their own meeting -----------------------------------------------


def report_of(tx: Transaction, session: Session) -> KeptReport:
    """What Teams says of a date at which the two were there from its start to its end."""
    pair = tx.pairs.require(session.pair_id)
    spans = [[session.start.isoformat(), session.end.isoformat()]]
    return KeptReport(
        id="r",
        pair_id=pair.id,
        meeting_id="m",
        start=session.start,
        end=session.end,
        fetched_at=session.end + HOUR,
        session_id=session.id,
        presences=tuple(
            {"person": person, "kind": "member", "spans": spans}
            for person in (pair.mentor_id, pair.mentee_id)
        ),
    )


async def met(app: App, *, days: int | None) -> Session:
    """A date that Teams has seen and that was judged; ``days`` of keeping where a rule says so."""
    session = (await dates(app))[0]

    def tell(tx: Transaction) -> None:
        pair = tx.pairs.require(session.pair_id)
        early = app.clock.now()
        teams = EvidenceMode.TEAMS
        set_mode(tx, pair.program_id, teams, early, people_told=True, by="coordinator")
        if days is not None:
            rule = ProgramRule.from_body(tx.rules.current(pair.program_id).body)
            kept = replace(rule.attendance, retention_days=days)
            apply_rule(app, tx, pair.program_id, rule.model_copy(update={"attendance": kept}))
            tx.pairs.put(replace(pair, rule_id=tx.rules.current(pair.program_id).id))
        tx.reports.put_many([report_of(tx, session)])

    await app.store.run(tell)
    await until(app, session.end + 2 * HOUR)
    assert await verdict_of(app, session) == ("held", 60)
    return session


async def verdict_of(app: App, session: Session) -> tuple[str, int]:
    """What a date that is judged now is said to be, and the minutes the two had together."""
    at = app.clock.now()
    await app.store.run(lambda tx: judge_session(tx, app, session.id, at))
    kept = (await app.store.run(lambda tx: tx.verdicts.of_session(session.id)))[-1]
    return kept.verdict, kept.minutes


async def kept_of(app: App, session: Session) -> KeptReport:
    """The one report of a date, as the store has it."""
    reports = await app.store.run(lambda tx: tx.reports.of_pairs([session.pair_id]))
    [report] = reports[session.pair_id]
    return report


@pytest.mark.parametrize(("rule", "days"), [(None, 30), (10, 10)])
@virtually
async def test_when_somebody_joined_and_left_is_let_go_and_the_minutes_stay(
    empty: Empty, rule: int | None, days: int
) -> None:
    """After thirty days, or what the program's rule says: no person and no time is left."""
    _, app = await booked(empty, 1)
    session = await met(app, days=rule)
    whole = await kept_of(app, session)

    await until(app, session.end + days * DAY - HOUR)
    await a_night(app)
    assert await kept_of(app, session) == whole

    await until(app, session.end + days * DAY)
    await a_night(app)
    reduced = await kept_of(app, session)
    assert reduced == replace(
        whole, start=None, end=None, presences=(), reduced_at=reduced.reduced_at
    )
    assert reduced.reduced_at is not None
    assert await verdict_of(app, session) == ("held", 60)
    told = await app.store.run(lambda tx: tx.journal.read(code="evidence_reduced"))
    assert [entry.session_id for entry in told] == [session.id]
    await app.close()
