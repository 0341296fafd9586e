"""A program's end: nothing after it, a shortfall said, a closing note; longer means dates added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import pytest

from integrations.ports import Transaction
from integrations.records import PairState, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance.telling import correct
from integrations.workflows.rulebook.rule_previews import apply_rule
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.attendance.evidence import Correction, VerdictKind
from tests.acceptance.keeping import live_until
from tests.acceptance.oracle import remembered
from tests.acceptance.test_25_26_27_webhooks import URL, Way
from tests.support.world import Empty
from tests.workflows.changes.reconciling import (
    announced,
    lines,
    live,
    mails,
    now,
    to_both,
)
from tests.workflows.changes.stage import DAY, HOUR, Stage, on_stage

pytestmark = pytest.mark.acceptance(30)


async def _apply(app: App, *, ends_on: date | None = None, **cadence: object) -> None:
    """Put every program under its rule with some members of the cadence otherwise."""

    def change(tx: Transaction) -> None:
        for program in tx.programs.all():
            old = ProgramRule.from_body(tx.rules.current(program.id).body)
            new = {
                "cadence": replace(old.cadence, **cadence),  # type: ignore[arg-type]
                "ends_on": ends_on or old.ends_on,
            }
            apply_rule(app, tx, program.id, old.model_copy(update=new))

    await app.store.run(change)


async def _sent(stage: Stage, since: datetime) -> list[tuple[str, str]]:
    """What the two of the pair were sent since an instant; the firm's other pair aside."""
    own = {person.mail.lower() for person in (await stage.case()).people}
    return [(kind, mail) for kind, mail in mails(stage, since) if mail in own]


async def _starts(stage: Stage) -> Sequence[object]:
    return sorted((s.start, s.event_id) for s in await live(stage))


def test_nothing_stays_after_the_end_and_extending_it_sends_no_old_date_again(
    empty: Empty,
) -> None:
    """The last date lies beyond the end and is taken out; what cannot be made up before it is a
    shortfall. When the end moves on, the lost date alone comes back, as an event of its own."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        *kept, last = await stage.dates()
        end: date = kept[-1].start.date() + DAY
        began = now()
        await _apply(app, ends_on=end)
        await live_until(app, now() + DAY)

        assert [s.start for s in await stage.dates()] == [s.start for s in kept]
        case = await stage.case()
        assert (case.session(last.id).state, case.session(last.id).cause) == (
            SessionState.CANCELLED,
            "ended",
        )
        assert [(need.code, need.data["missing"]) for need in case.needs] == [("shortfall", 1)]
        assert len(await lines(stage, "program_ended")) == 1
        assert set(await _sent(stage, began)) == set(await to_both(stage, "cancellation"))
        await stage.assert_store_is_calendar()

        extended = now()
        standing = await _starts(stage)
        await _apply(app, ends_on=end + 30 * DAY)
        await live_until(app, now() + 2 * DAY)
        added = [s for s in await live(stage) if (s.start, s.event_id) not in standing]
        assert [(s.id, s.single) for s in added] == [(last.id, True)]
        assert set(standing) <= set(await _starts(stage))
        assert (await stage.case()).needs == []
        assert await _sent(stage, extended) == await to_both(stage, "invitation")
        assert await _sent(stage, extended) == await announced(stage, extended)
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_more_dates_are_added_without_the_old_ones_being_sent_again(empty: Empty) -> None:
    """Two dates more: two single events after the last one, an invitation each."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin()
        began, standing = now(), await _starts(stage)
        occurrences = (await stage.case()).rule.cadence.occurrences
        await _apply(app, occurrences=occurrences + 2)
        await live_until(app, now() + 14 * DAY)

        added = [s for s in await live(stage) if (s.start, s.event_id) not in standing]
        assert [(s.window, s.single) for s in sorted(added, key=lambda s: s.start)] == [
            (occurrences, True),
            (occurrences + 1, True),
        ]
        assert set(standing) <= set(await _starts(stage))
        assert len(await lines(stage, "extended")) == 2
        both = await to_both(stage, "invitation")
        assert await _sent(stage, began) == sorted([*both, *both])
        assert await _sent(stage, began) == await announced(stage, began)
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)


def test_after_the_last_date_both_get_one_closing_note_and_the_mailbox_is_watched_no_more(
    empty: Empty,
) -> None:
    """The subscription lives while any pair of the mailbox goes on, and ends with the last."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin(webhook_url=URL)
        stage.world.tenant.outbound = Way(app)
        first, *_ = await stage.dates()
        window = first.window
        await _apply(
            app,
            occurrences=window + 1,
            minimum_held=None,
            shorter_than_four_months=True,
        )
        case = await stage.case()
        held = [s for s in case.sessions if s.end <= now() and s.id != first.id][:2]
        for session, minutes in zip(held, (50, 55), strict=True):
            word = Correction(VerdictKind.HELD, minutes, now())
            await app.store.run(lambda tx, s=session, w=word: correct(tx, app, s, w))  # type: ignore[misc]
        began = now()
        await live_until(app, first.start - HOUR)
        assert [s.id for s in await stage.dates()] == [first.id]
        assert len(list(stage.world.tenant.subscriptions)) == 1
        await live_until(app, first.end + 10 * DAY)

        memory = await remembered(stage.world)
        assert memory.in_state(PairState.COMPLETED) == set(memory.pairs)
        notes = [m for m in stage.world.tenant.mail_log if m.at >= began and m.kind == "message"]
        assert sorted(m.recipient.lower() for m in notes) == sorted(
            p.lower() for pair in memory.pairs.values() for p in memory.mails(pair)
        )
        own = {person.mail.lower() for person in case.people}
        told = {m.recipient.lower(): "2 of your meetings are on record" in m.body for m in notes}
        assert len(held) == 2
        assert {mail for mail, says_so in told.items() if says_so} == own
        assert sum("on record" in m.body for m in notes) == len(own)
        assert sum("That makes 1.8 hours together." in m.body for m in notes) == len(own)
        assert list(stage.world.tenant.subscriptions) == []
        assert await stage.read(lambda tx: tx.subscriptions.all()) == []
        await stage.assert_store_is_calendar()
        await app.close()

    on_stage(empty, play)
