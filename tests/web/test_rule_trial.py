"""A rule tried on more pairs than anybody waits for: due work with progress, a stop and one yes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.bootstrap import build_worker
from integrations.page_records import TryState
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, PairState
from integrations.web.console import rule_trial
from integrations.workflows.app import App
from integrations.workflows.rulebook import rule_trials
from integrations.workflows.rulebook.rule_whatif import WhatIf, compare_pairs
from integrations.workflows.rulebook.rules import ProgramRule
from simulator.faults import Fault
from tests.acceptance.oracle import remembered, writes
from tests.support.world import Empty, quietly
from tests.web.support import signed_in
from tests.web.test_launch import HOUR, Desk, at_the_desk, mails_asked
from tests.web.test_rule import _booked, _everything, form_of

PAIRS = 4


def large(desk: Desk) -> str:
    """Have the desk's program count as a large one; the address of its what-if."""
    desk.app.options = replace(desk.app.options, tried_at_once=1)
    return f"{desk.path}/rule/what-if"


async def asked(desk: Desk) -> str:
    """Ask what every third week would do; the page that comes of it."""
    page = await desk.visitor.get(f"{desk.path}/rule")
    fields = form_of(page.text, f"{desk.path}/rule/look")
    fields |= {"interval_weeks": ["3"], "occurrences": ["6"], "minimum_held": ["5"]}
    return (await desk.visitor.send(f"{desk.path}/rule/look", fields)).text


async def tried(desk: Desk, length: timedelta = HOUR) -> None:
    """Have the loop try rules, and nothing else."""
    ends = desk.app.clock.now() + length
    worker = build_worker(desk.app)
    await worker.run(until_quiet=False, progress=quietly, kinds=(rule_trials.KIND,), until=ends)


async def trial(desk: Desk) -> tuple[TryState, int]:
    """How far it is."""
    return await desk.world.read(
        lambda tx: (
            tx.tried_rules.require(desk.program).state,
            tx.tried_pairs.count(desk.program),
        )
    )


def test_a_large_program_is_answered_at_once_and_looked_at_by_the_worker(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await _booked(desk)
        page = await desk.visitor.get(f"{desk.path}/rule")
        fields = form_of(page.text, f"{desk.path}/rule/look")
        fields |= {"interval_weeks": ["3"], "occurrences": ["6"], "minimum_held": ["5"]}
        expected = mails_asked((await desk.visitor.post(f"{desk.path}/rule/look", fields)).text)
        at, before = large(desk), await desk.world.read(lambda tx: tx.rules.current(desk.program))
        mails, written = len(desk.world.tenant.mail_log), len(writes(desk.world))

        calls = len(desk.world.tenant.calls)
        begun = await asked(desk)
        assert len(desk.world.tenant.calls) == calls, "nothing is looked at while somebody waits"
        assert f"0 of {PAIRS} pairs looked at" in begun
        assert 'hx-trigger="every 5s"' in begun
        assert "A changed rule is being tried" in (await desk.visitor.get(f"{desk.path}/rule")).text

        await tried(desk)
        part = await desk.visitor.get(f"{at}?part=progress", **{"HX-Request": "true"})
        assert "Every pair was looked at" in part.text
        assert "<html" not in part.text
        assert "hx-trigger" not in part.text, "it polls no more"
        found = await desk.visitor.get(at)
        assert mails_asked(found.text) == expected > 0, "the same as for those who wait"
        assert len(writes(desk.world)) == written
        assert await desk.world.read(lambda tx: tx.rules.current(desk.program)) == before

        wrong = await desk.visitor.post(f"{at}/save", {"mails": str(expected - 1)})
        assert wrong.status_code == 400
        assert f"Expected exactly {expected}" in wrong.text
        saved = await desk.visitor.send(f"{at}/save", {"mails": str(expected)})
        assert "Saved." in saved.text
        assert "being tried" not in saved.text
        await desk.worked(3 * HOUR)
        assert len(desk.world.tenant.mail_log) - mails == expected
        after = await remembered(desk.world)
        assert [e.data["mails"] for e in after.journal if e.code == "rule_saved"] == [expected]

    at_the_desk(empty, play, PAIRS)


def test_it_is_stopped_goes_on_where_it_was_and_is_dropped(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await _booked(desk)
        at = large(desk)
        await asked(desk)
        stopped = await desk.visitor.send(f"{at}/stop")
        assert "Let it go on" in stopped.text
        await tried(desk)
        assert await trial(desk) == (TryState.STOPPED, 0)
        refused = await desk.visitor.post(f"{at}/save", {"mails": "0"})
        assert "every pair was looked at first" in refused.text
        (first, *_) = await desk.world.read(lambda tx: tx.pairs.all())
        await desk.visitor.send(f"{at}/go-on")
        await tried(desk)
        assert await trial(desk) == (TryState.DONE, PAIRS)
        looked_at = await desk.world.read(
            lambda tx: tx.tried_pairs.require(f"{desk.program}/{first.id}").looked_at
        )
        await desk.visitor.send(f"{at}/go-on")
        await tried(desk)
        kept = await desk.world.read(
            lambda tx: tx.tried_pairs.require(f"{desk.program}/{first.id}").looked_at
        )
        assert kept == looked_at, "what is known and has not changed is not looked at again"
        before = await desk.world.read(_everything)
        gone = await desk.visitor.send(f"{at}/drop")
        assert "nothing was changed" in gone.text
        assert await desk.world.read(_everything) == before
        assert "No changed rule is being tried" in (await desk.visitor.get(at)).text

    at_the_desk(empty, play, PAIRS)


def test_a_stop_between_two_portions_ends_it_there_and_it_goes_on_with_the_rest(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_trials, "AT_A_TIME", 1)
    looked_at: list[str] = []

    async def play(desk: Desk) -> None:
        await _booked(desk)
        at = large(desk)
        await asked(desk)

        async def stopped_meanwhile(
            app: App, pairs: Sequence[Pair], rule: ProgramRule
        ) -> list[WhatIf]:
            looked_at.extend(pair.id for pair in pairs)
            if len(looked_at) == 2:
                await rule_trials.stop(app, desk.program)
            return await compare_pairs(app, pairs, rule)

        monkeypatch.setattr(rule_trials, "compare_pairs", stopped_meanwhile)
        await tried(desk)
        assert await trial(desk) == (TryState.STOPPED, 2), "what was under way is kept"
        page = (await desk.visitor.get(at)).text
        assert f"2 of {PAIRS} pairs looked at" in page
        await desk.visitor.send(f"{at}/go-on")
        await tried(desk)
        assert await trial(desk) == (TryState.DONE, PAIRS)
        assert sorted(looked_at) == sorted(set(looked_at)), "nobody twice"

    at_the_desk(empty, play, PAIRS)


def test_pairs_that_changed_are_told_and_looked_at_again_before_the_yes(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await _booked(desk)
        at = large(desk)
        await asked(desk)
        await tried(desk)
        pairs = await desk.world.read(lambda tx: tx.pairs.all())
        mails = mails_asked((await desk.visitor.get(at)).text)

        def touch(tx: Transaction, some: int) -> None:
            for pair in pairs[:some]:
                entry = JournalEntry(at=desk.app.clock.now(), code="moved", pair_id=pair.id)
                tx.journal.write(entry)

        await desk.app.store.run(lambda tx: touch(tx, 1))
        shown = (await desk.visitor.get(at)).text
        assert "1 pair changed, came or went after being looked at" in shown
        assert "looked at again before anything is saved" in shown
        await desk.app.store.run(lambda tx: touch(tx, 2))
        assert 'name="mails"' not in (await desk.visitor.get(at)).text, "too many to wait for"
        refused = await desk.visitor.post(f"{at}/save", {"mails": str(mails)})
        assert "the 2 pairs that have changed are looked at again" in refused.text
        await desk.visitor.send(f"{at}/go-on")
        assert await trial(desk) == (TryState.RUNNING, PAIRS - 2)
        await tried(desk)
        assert "changed, came or went" not in (await desk.visitor.get(at)).text

        gone = pairs[0]

        def withdraw(tx: Transaction) -> None:
            tx.pairs.put(replace(tx.pairs.require(gone.id), state=PairState.WITHDRAWN))
            touch(tx, 1)

        await desk.app.store.run(withdraw)
        stale = await desk.visitor.post(f"{at}/save", {"mails": str(mails)})
        assert stale.status_code == 400, "its mails are not caused any more"
        assert mails_asked(stale.text) < mails

    at_the_desk(empty, play, PAIRS)


def test_another_rule_in_force_and_old_calendars_are_said(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await _booked(desk)
        at = large(desk)
        await asked(desk)
        await tried(desk)
        mails = mails_asked((await desk.visitor.get(at)).text)
        assert "over two hours ago" not in await _notices(desk, at)
        await desk.app.clock.sleep(2 * HOUR + timedelta(minutes=1))
        desk.visitor = await signed_in(desk.app, desk.world.firm.people[-1].id)
        assert "Calendars were read over two hours ago" in await _notices(desk, at)

        def change(tx: Transaction) -> None:
            in_force = tx.rules.current(desk.program)
            tx.rules.add(replace(in_force, id="next", version=in_force.version + 1))

        await desk.app.store.run(change)
        assert "Another rule is in force by now" in await _notices(desk, at)
        refused = await desk.visitor.post(f"{at}/save", {"mails": str(mails)})
        assert refused.status_code == 400
        await desk.visitor.send(f"{at}/again")
        await tried(desk)
        assert "Another rule" not in await _notices(desk, at)

    at_the_desk(empty, play, PAIRS)


def test_its_result_is_shown_by_the_page_with_figures_of_all_pairs(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_trial, "AT_ONCE", 3)

    async def play(desk: Desk) -> None:
        await _booked(desk)
        at = large(desk)
        await asked(desk)
        await tried(desk)
        pairs = await desk.world.read(
            lambda tx: {
                f"{tx.participants.require(one.mentor_id).name} / "
                f"{tx.participants.require(one.mentee_id).name}"
                for one in tx.pairs.all()
            }
        )
        first = (await desk.visitor.get(at)).text
        further = re.search(r'href="([^"]+)" rel="next"', first)
        assert further is not None
        second = (await desk.visitor.get(further[1])).text
        assert 'rel="next"' not in second
        assert [_named(first, pairs), _named(second, pairs)] == [3, PAIRS - 3]
        assert mails_asked(first) == mails_asked(second) > 0, "the one yes is for all of them"

    at_the_desk(empty, play, PAIRS)


def _named(page: str, pairs: set[str]) -> int:
    return sum(f">{pair}<" in page for pair in pairs)


async def _notices(desk: Desk, at: str) -> str:
    page = (await desk.visitor.get(at)).text
    return " ".join(re.findall(r'class="notice[^>]*>(.*?)</div>\s*</div>', page, re.DOTALL))


def test_what_keeps_it_up_is_said_and_it_goes_on_by_itself(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        await _booked(desk)
        at = large(desk)
        await asked(desk)
        desk.world.tenant.faults.plan(Fault("cut_before", times=0))
        await tried(desk, timedelta(minutes=10))
        assert (await trial(desk))[0] is TryState.RUNNING
        assert "It cannot go on at present" in (await desk.visitor.get(at)).text

    at_the_desk(empty, play, PAIRS)
