"""What a changed rule would do to each pair: told beforehand, done when somebody says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.errors import UnreachableError
from integrations.ports import Transaction
from integrations.records import PairState
from integrations.workflows.app import App
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.rule_previews import PairPreview, apply_rule, preview_rule
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.rule_changes import KeptBecause
from simulator.faults import Fault
from tests.acceptance.oracle import writes
from tests.support.world import Empty, quietly
from tests.workflows.changes.reconciling import lines, mails, now, takes
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage


async def rule_with(stage: Stage, **cadence: object) -> ProgramRule:
    """The rule of the pair's program, its cadence changed."""
    rule = (await stage.case()).rule
    return rule.model_copy(update={"cadence": replace(rule.cadence, **cadence)})  # type: ignore[arg-type]


async def previewed(stage: Stage, app: App, rule: ProgramRule) -> list[PairPreview]:
    """What the rule would do to every pair of the program."""
    program = (await stage.case()).program.id
    return await preview_rule(app, program, rule)


async def applied(stage: Stage, app: App, rule: ProgramRule) -> None:
    """Apply a rule and let Tandem's loop do what that makes due."""
    program = (await stage.case()).program.id
    await app.store.run(lambda tx: apply_rule(app, tx, program, rule))
    kinds = ("reconcile_pair", "book_pair")
    until = now() + 6 * HOUR
    await build_worker(app).run(until_quiet=False, progress=quietly, kinds=kinds, until=until)


async def _left(stage: Stage) -> object:
    """Everything a preview might leave behind."""

    def read(tx: Transaction) -> object:
        pairs = tx.pairs.all()
        return (
            pairs,
            tx.sessions.all(),
            tx.rules.current(pairs[0].program_id),
            tx.journal.last_seq(),
            tx.work.count(),
            tx.blockers.open(),
            list(tx.needs.open()),
        )

    return await stage.read(read)


def test_a_preview_speaks_of_each_booked_pair_and_leaves_nothing_behind(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        before, written = await _left(stage), writes(stage.world)
        found = await previewed(stage, app, await rule_with(stage, interval_weeks=3))
        pairs = await stage.read(lambda tx: tx.pairs.in_state(PairState.BOOKED))
        assert [one.pair.id for one in found] == [pair.id for pair in pairs]
        assert all(one.change is not None for one in found)
        assert await _left(stage) == before
        assert writes(stage.world) == written
        assert mails(stage, now() - HOUR) == []
        await app.close()

    on_stage(empty, play)


def test_the_rule_that_holds_already_changes_nothing_and_mails_nobody(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        rule = await rule_with(stage)
        for one in await previewed(stage, app, rule):
            assert one.change is not None
            assert one.change.decision.reason.code is ChangeCode.RULE_CHANGE_NEEDS_NOTHING
            assert (one.mails, one.change.changes) == (0, ())
        dates = await stage.dates()
        await applied(stage, app, rule)
        assert [(s.id, s.start) for s in await stage.dates()] == [(s.id, s.start) for s in dates]
        assert mails(stage, now() - DAY) == []
        await app.close()

    on_stage(empty, play)


def test_other_weekdays_move_only_the_dates_that_break_them_as_previewed(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        dates, began = await stage.dates(), now()
        weekday = dates[0].start.weekday()
        rule = await rule_with(stage, weekdays=frozenset(range(5)) - {weekday})
        pair_id = await stage.pair_id()
        (found,) = [one for one in await previewed(stage, app, rule) if one.pair.id == pair_id]
        assert found.change is not None
        moves = {c.session_id: c.after for c in found.change.changes}
        assert moves
        assert found.mails == 2 * len(moves)
        assert {KeptBecause.PAST} <= {why for _, why in found.change.kept}

        await applied(stage, app, rule)
        after = {s.id: s for s in (await stage.case()).sessions}
        done = {i for i, span in moves.items() if span and after[i or ""].start == span.start}
        assert done, "the first are moved at once, the others when the weekly limit has room"
        sent = Counter(address for kind, address in mails(stage, began) if kind == "update")
        people = (await stage.case()).people
        assert {sent[p.mail.lower()] for p in people} == {len(done)}
        untouched = {s.id: s.start for s in dates if s.id not in moves}
        assert untouched == {i: after[i].start for i in untouched}
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_a_rule_under_which_nothing_fits_takes_nothing_away(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        case, began = await stage.case(), now()
        last = (await stage.dates())[-1].end
        await takes(stage, case.mentee, now(), last + 200 * DAY)
        rule = await rule_with(stage, interval_weeks=3)
        pair_id = await stage.pair_id()
        (found,) = [one for one in await previewed(stage, app, rule) if one.pair.id == pair_id]
        assert found.change is not None
        assert found.change.decision.reason.code is ChangeCode.RULE_CHANGE_DOES_NOT_FIT
        assert found.change.decision.acts == ()
        assert found.change.without_hour > 0
        assert mails(stage, began) == []
        await app.close()

    on_stage(empty, play)


def test_a_pair_that_cannot_be_read_is_shown_as_such_and_the_others_are_told(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        case = await stage.case()
        unreadable = Fault("unreadable", mailbox=case.mentee.mail, times=0)
        stage.world.tenant.faults.plan(unreadable)
        found = await previewed(stage, app, await rule_with(stage, interval_weeks=3))
        unread = [one for one in found if one.change is None]
        assert [(one.pair.id, one.mails) for one in unread] == [(case.pair.id, 0)]
        assert len(found) == 2
        await app.close()

    on_stage(empty, play)


def test_orders_are_given_to_booked_pairs_alone(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        pair = (await stage.case()).pair
        await app.store.run(lambda tx: orders.withdraw(tx, pair, now()))
        kinds = ("reconcile_pair",)
        await build_worker(app).run(
            until_quiet=False, progress=quietly, kinds=kinds, until=now() + timedelta(minutes=5)
        )
        rule = await rule_with(stage, interval_weeks=3)
        told = await app.store.run(lambda tx: apply_rule(app, tx, pair.program_id, rule))
        others = await stage.read(lambda tx: tx.pairs.in_state(PairState.BOOKED))
        assert told == len(others) == 1
        assert await lines(stage, "order_given") == []
        current = await stage.read(lambda tx: tx.rules.current(pair.program_id))
        assert current.body == rule.to_body()
        await app.close()

    on_stage(empty, play)


def test_a_tenant_that_is_out_of_reach_gives_no_preview_at_all(empty: Empty) -> None:
    """Half a preview would show half of the mails."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        before = await _left(stage)
        stage.world.tenant.faults.plan(Fault("cut_before", times=0))
        with pytest.raises(UnreachableError):
            await previewed(stage, app, await rule_with(stage, interval_weeks=3))
        assert await _left(stage) == before
        await app.close()

    on_stage(empty, play)
