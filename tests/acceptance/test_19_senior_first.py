"""The senior is asked first: a pick is the series, and silence does not keep the pair waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.ports import Transaction
from integrations.records import Pair, PairState, SessionState
from integrations.workflows.app import App
from integrations.workflows.booking import launching
from integrations.workflows.enrolment.enrol import enrol, set_rule
from integrations.workflows.planning.plan import plan_enrolled
from integrations.workflows.rulebook.rules import ProgramRule
from integrations.workflows.showing.journal_words import journal_lines
from tests.acceptance.keeping import live_until
from tests.acceptance.oracle import assert_booked_once, invitations, remembered, writes
from tests.support.world import START, Empty, World, firm_of, virtually
from tests.web.support import KEYS, ORIGIN, Visitor, participant
from tests.workflows.looking import appointment

pytestmark = pytest.mark.acceptance(19)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENIOR_FIRST = ProgramRule(senior_first_days=3)


async def _asked(empty: Empty) -> tuple[World, App, Sequence[Pair]]:
    """Two pairs launched on a Monday, each of whose seniors has three working days to pick."""
    world = empty.world(firm_of(2))
    app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
    await enrol(app, world.roster)

    def ask_first(tx: Transaction) -> None:
        for program in tx.programs.all():
            set_rule(app, tx, program.id, SENIOR_FIRST)

    await app.store.run(ask_first)
    await plan_enrolled(app)
    await launching.launch(app)
    await live_until(app, START + HOUR)
    return world, app, await world.read(lambda tx: tx.pairs.all())


async def _pick(app: App, pair: Pair, number: int) -> None:
    """The senior takes one of the hours offered, by a click on the pair's page."""
    senior = await participant(app, pair.mentee_id)
    page = await senior.get(f"/pairs/{pair.id}")
    assert page.text.count('name="hour"') == 5
    answer = await senior.send(f"/pairs/{pair.id}/pick", {"hour": str(number)})
    assert "That is your hour" in answer.text


@virtually
async def test_the_series_is_built_from_the_hour_that_the_senior_picks_of_five(
    empty: Empty,
) -> None:
    """The senior alone is offered five starts; until one is picked nobody is invited."""
    world, app, pairs = await _asked(empty)
    memory = await remembered(world)
    for pair in pairs:
        assert pair.offer is not None
        assert (pair.offer["to"], len(pair.offer["hours"])) == ([pair.mentee_id], 5)
    offers = sorted((mail.kind, mail.recipient.lower()) for mail in world.tenant.mail_log)
    seniors = sorted(memory.people[pair.mentee_id].mail.lower() for pair in pairs)
    assert offers == [("message", mail) for mail in seniors]
    assert memory.in_state(PairState.BOOKED) == set()

    for pair in pairs:
        await _pick(app, pair, 3)
    await live_until(app, app.clock.now() + HOUR)

    memory = await assert_booked_once(world)
    for pair in pairs:
        picked = (pair.offer or {})["hours"][3]
        series = memory.pairs[pair.id].series
        assert series is not None
        assert {name: series[name] for name in picked} == picked
        live = [s for s in memory.sessions[pair.id] if s.state is SessionState.SCHEDULED]
        usual = [s.start.astimezone(ZoneInfo(picked["zone"])) for s in live if not s.moved]
        assert len(usual) > len(live) / 2
        assert {at.weekday() for at in usual} == {picked["weekday"]}
        assert {at.time() for at in usual} == {time.fromisoformat(picked["start"])}
        assert (
            len([e for e in memory.journal if e.pair_id == pair.id and e.code == "offer_picked"])
            == 1
        )
    await app.close()


@virtually
async def test_where_nobody_picks_the_series_is_booked_on_day_four_and_says_why(
    empty: Empty,
) -> None:
    """Nothing before Thursday at the hour of the offer; nobody is reminded meanwhile."""
    world, app, pairs = await _asked(empty)
    sent = list(world.tenant.mail_log)
    await live_until(app, START + 3 * DAY - HOUR)
    assert list(world.tenant.mail_log) == sent
    # The mailbox's own trial invites nobody; a series would.
    assert [call for call in writes(world) if call.status == 201] == []
    assert (await remembered(world)).in_state(PairState.BOOKED) == set()

    await live_until(app, START + 3 * DAY + 3 * HOUR)
    await assert_booked_once(world)
    assert min(mail.at for mail in invitations(world)) >= START + 3 * DAY
    for pair in pairs:
        said = await world.read(
            lambda tx, pair=pair: journal_lines(tx, pair_id=pair.id, code="senior_did_not_pick")  # type: ignore[misc]
        )
        senior = (await remembered(world)).people[pair.mentee_id].name
        assert [line.words for line in said] == [
            f"{senior} had 3 working days to pick an hour; Tandem books now"
        ]
    await app.close()


@virtually
async def test_nobody_but_the_senior_picks_and_nobody_twice(empty: Empty) -> None:
    """The junior sees that hours are being picked; what was not offered is not taken."""
    _world, app, pairs = await _asked(empty)
    pair = pairs[0]
    junior, senior = [await participant(app, i) for i in (pair.mentor_id, pair.mentee_id)]
    page = await junior.get(f"/pairs/{pair.id}")
    assert 'name="hour"' not in page.text
    assert "Hours are being picked" in page.text
    assert await _refused(junior, pair, "0")
    assert await _refused(senior, pair, "5")
    assert await _refused(senior, pair, "-1")
    await _pick(app, pair, 0)
    assert await _refused(senior, pair, "1")
    await app.close()


async def _refused(visitor: Visitor, pair: Pair, hour: str) -> bool:
    answer = await visitor.post(f"/pairs/{pair.id}/pick", {"hour": hour})
    return answer.status_code == 409


@virtually
async def test_an_hour_that_nothing_is_left_of_books_nothing_and_says_so(empty: Empty) -> None:
    """The senior's calendar has filled up between the offer and her pick."""
    world, app, pairs = await _asked(empty)
    pair = pairs[0]
    senior = await participant(app, pair.mentee_id)
    mail = (await remembered(world)).people[pair.mentee_id].mail
    for day in range(200):
        busy = appointment(START + day * DAY - 12 * HOUR, START + (day + 1) * DAY - 12 * HOUR)
        world.tenant.book_appointment(mail, busy)
    answer = await senior.send(f"/pairs/{pair.id}/pick", {"hour": "0"})
    assert "That hour has been taken" in answer.text
    await live_until(app, app.clock.now() + HOUR)
    assert pair.id not in (await remembered(world)).in_state(PairState.BOOKED)
    assert mail.lower() not in {sent.recipient.lower() for sent in invitations(world)}
    await app.close()
