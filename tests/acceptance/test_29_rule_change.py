"""Every 14 days become every 21 after the fourth meeting: first shown, then done as shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.ports import Transaction
from integrations.records import PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.ordering import orders
from integrations.workflows.rulebook.rule_previews import PairPreview, apply_rule, preview_rule
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.rule_changes import KeptBecause
from tests.acceptance.oracle import writes
from tests.support.world import Empty, quietly
from tests.workflows.changes.reconciling import announced, mails, now, reconciled, until
from tests.workflows.changes.stage import HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(29)

MEETINGS = 4


async def _after_the_fourth(stage: Stage, app: App) -> Session:
    """Four meetings are past, the first of them held on record, and the fifth is tomorrow.

    Returns a later date that was moved by hand: nobody but a person may move it again.
    """
    sessions = sorted((await stage.case()).sessions, key=lambda s: s.start)
    live = [s for s in sessions if s.state is SessionState.SCHEDULED]
    await until(live[MEETINGS].start - 23 * HOUR, app)
    moved = live[MEETINGS + 1]

    def record(tx: Transaction) -> None:
        tx.sessions.put(replace(live[0], held=True))
        orders.move(app, tx, tx.sessions.require(moved.id), moved.start + 2 * HOUR)

    await app.store.run(record)
    await reconciled(stage, app)
    return await stage.read(lambda tx: tx.sessions.require(moved.id))


async def _slower(stage: Stage) -> ProgramRule:
    rule = (await stage.case()).rule
    assert rule.cadence.interval_weeks == 2
    return rule.model_copy(update={"cadence": replace(rule.cadence, interval_weeks=3)})


async def _preview(stage: Stage, app: App, rule: ProgramRule) -> dict[str, PairPreview]:
    program = (await stage.case()).program.id
    return {one.pair.id: one for one in await preview_rule(app, program, rule)}


def _everything(tx: Transaction) -> object:
    pairs = tx.pairs.all()
    rule = tx.rules.current(pairs[0].program_id)
    return pairs, tx.sessions.all(), rule, tx.journal.read(), tx.work.count(), tx.intents.open()


def test_the_preview_names_each_change_and_mail_and_cancelling_it_leaves_all_as_it_was(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        chosen = await _after_the_fourth(stage, app)
        store, calendars = await stage.read(_everything), await stage.outcome()
        written, began = len(writes(stage.world)), now() + timedelta(seconds=1)
        found = await _preview(stage, app, await _slower(stage))
        assert len(found) == 2, "each pair is shown"
        assert len(writes(stage.world)) == written, "nothing was written to any calendar"
        assert await stage.read(_everything) == store
        assert await stage.outcome() == calendars
        assert mails(stage, began) == []

        shown = found[await stage.pair_id()]
        assert shown.change is not None
        kept = dict(shown.change.kept)
        assert kept[chosen.id] is KeptBecause.MOVED_BY_PERSON
        assert list(kept.values()).count(KeptBecause.PAST) == MEETINGS
        frozen = min(await stage.dates(), key=lambda date: date.start)
        assert kept[frozen.id] is KeptBecause.IN_FREEZE, "locked: it begins within a day"
        changed = {c.session_id for c in shown.change.changes if c.before is not None}
        assert changed == {s.id for s in await stage.dates()} - set(kept)
        assert not changed & set(kept)
        assert shown.mails > 0
        await app.close()

    on_stage(empty, play)


def test_applying_changes_what_was_shown_and_causes_the_mails_that_were_shown(
    empty: Empty,
) -> None:
    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        chosen = await _after_the_fourth(stage, app)
        before = {s.id: s for s in (await stage.case()).sessions}
        rule, began = await _slower(stage), now() + timedelta(seconds=1)
        await until(began, app)
        found = await _preview(stage, app, rule)
        program = (await stage.case()).program.id
        await app.store.run(lambda tx: apply_rule(app, tx, program, rule))
        kinds = ("reconcile_pair", "book_pair")
        ends = began + 2 * HOUR
        await build_worker(app).run(until_quiet=False, progress=quietly, kinds=kinds, until=ends)

        shown = found[await stage.pair_id()]
        assert shown.change is not None
        case = await stage.case()
        assert case.pair.state is PairState.BOOKED
        for kept in dict(shown.change.kept):
            then, today = before[kept], case.session(kept)
            assert (today.state, today.start, today.held) == (then.state, then.start, then.held)
        assert case.session(chosen.id).start == chosen.start
        for change in shown.change.changes:
            if change.session_id is not None and change.after is None:
                assert case.session(change.session_id).state is SessionState.CANCELLED
        wanted = {c.after.start for c in shown.change.changes if c.after is not None}
        stay = {before[i].start for i in dict(shown.change.kept)}
        standing = {s.start for s in case.sessions if s.state is SessionState.SCHEDULED}
        assert standing == wanted | stay
        new = sorted(s.window for s in await stage.dates() if s.generation == 2)
        assert len(new) == len(set(new)) == len(wanted), "one date in each window of three weeks"

        await stage.assert_store_is_calendar()
        assert len(mails(stage, began)) == sum(one.mails for one in found.values())
        people = {person.mail.lower() for person in case.people}
        ours = [mail for mail in mails(stage, began) if mail[1] in people]
        assert len(ours) == shown.mails
        assert ours == await announced(stage, began)
        assert stage.world.tenant.complaints == []
        await app.close()

    on_stage(empty, play)
