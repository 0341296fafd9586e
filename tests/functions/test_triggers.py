"""Every trigger, called as the host calls it, against a simulated tenant in process."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from azure.functions import HttpRequest, HttpResponse
from azure.functions.warmup import WarmUpContext
from typer.testing import CliRunner

import function_app
from integrations import cli
from integrations.errors import StoreLockedError
from integrations.hosting import TriggerError
from integrations.ports import Transaction, WakeUp
from integrations.queue.messages import from_message, to_message
from integrations.records import (
    BlockerScope,
    JournalEntry,
    PairState,
    ProgramState,
    Work,
    WorkState,
)
from integrations.workflows.app import App
from integrations.workflows.booking import book, launching
from integrations.workflows.enrolment.enrol import enrol
from integrations.workflows.work import BOOKING
from simulator.virtual_time import virtual_now
from tests.functions.conftest import Join
from tests.support.functions import POISON, MemoryQueues, indexed, tick
from tests.support.world import Empty, World, enrolled, firm_of, later, virtually

UNKNOWN = to_message(WakeUp("book_pair", "0" * 32))


def opening(world: World, queues: MemoryQueues | None) -> Callable[[], Awaitable[App]]:
    """How the triggers get their application in this world."""

    async def open_app() -> App:
        app = await world.begin()
        if queues is not None:
            app.queue = queues
        return app

    return open_app


async def prepared(world: World, *, launched: bool) -> None:
    """Every pair of the firm planned; with its programs running and work due, or not yet."""
    app = await world.begin()
    await enrolled(world, app)
    if launched:
        await launching.launch(app)
    await app.close()


async def work_until_done(queues: MemoryQueues, *, minutes: int) -> None:
    """Let the host live for so long: a work timer every minute, messages whenever they come."""
    for _ in range(minutes):
        await tick("look_for_work")
        await queues.deliver()
        await asyncio.sleep(60)


def states(tx: Transaction) -> dict[PairState, int]:
    return tx.pairs.count_by_state()


def journalled(code: str) -> Callable[[Transaction], list[JournalEntry]]:
    return lambda tx: list(tx.journal.read(code=code))


def all_work(tx: Transaction) -> list[Work]:
    return [work for pair in tx.pairs.all() if (work := _work_of(tx, pair.id)) is not None]


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _work_of(tx: Transaction, pair_id: str) -> Work | None:
    from integrations.store.work import _work_id

    return tx.work.get(_work_id(book.KIND, pair_id))


# --- timers ------------------------------------------------------------------------------


@virtually
async def test_the_planning_timer_plans_a_draft_but_books_nothing(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(6)), MemoryQueues()
    app = await world.begin()
    await enrol(app, world.roster)
    await app.close()
    join(opening(world, queues))
    await tick("plan_and_launch")
    assert await world.read(states) == {PairState.PLANNED: 6}
    await queues.deliver()
    assert await world.read(all_work) == []
    assert world.tenant.mail_log == []


@virtually
async def test_the_planning_timer_has_running_programs_booked(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(6)), MemoryQueues()
    app = await world.begin()
    await enrol(app, world.roster)

    def run(tx: Transaction) -> None:
        for program in tx.programs.all():
            tx.programs.put(replace(program, state=ProgramState.RUNNING))

    await app.store.run(run)
    await app.close()
    join(opening(world, queues))
    await tick("plan_and_launch")
    assert await queues.deliver() >= 6
    assert await world.read(states) == {PairState.BOOKED: 6}
    assert world.tenant.complaints == []
    assert queues.failures == []


@virtually
async def test_the_work_timer_sends_again_until_the_work_is_done(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    join(opening(world, queues))
    await tick("look_for_work")
    first = [message.body for message in queues.queues["%TANDEM_WORK_QUEUE%"]]
    await tick("look_for_work")
    assert [m.body for m in queues.queues["%TANDEM_WORK_QUEUE%"]] == first * 2
    await queues.deliver()
    await tick("look_for_work")
    left = [from_message(_bytes(m.body)).kind for m in queues.queues["%TANDEM_WORK_QUEUE%"]]
    assert not set(left) & set(BOOKING)  # what stands is due again and again
    assert await world.read(states) == {PairState.BOOKED: 3}


@virtually
async def test_without_a_queue_the_work_timer_does_the_work_itself(
    empty: Empty, join: Join
) -> None:
    world = empty.world(firm_of(6))
    await prepared(world, launched=True)
    join(opening(world, None))
    await tick("look_for_work")
    assert await world.read(states) == {PairState.BOOKED: 6}


@virtually
async def test_a_work_round_without_a_queue_ends_within_its_minute(
    empty: Empty, join: Join
) -> None:
    """At the pace of mails, booking takes longer than a round; the next one goes on."""
    world = empty.world(firm_of(20))
    await prepared(world, launched=True)

    async def open_app() -> App:
        return await world.begin(mails_per_minute="27")

    join(open_app)
    began = asyncio.get_running_loop().time()
    await tick("look_for_work")
    assert asyncio.get_running_loop().time() - began < 60
    sent = len(world.tenant.mail_log)
    assert 0 < sent < 30
    assert (await world.read(states))[PairState.PLANNED] > 0
    await tick("look_for_work")
    assert len(world.tenant.mail_log) > sent


# --- standing work -----------------------------------------------------------------------

STANDING_TIMERS = {
    "sweep_mailboxes": "sweep",
    "watch_calendars": "watch",
    "check_people": "check_people",
    "send_mails": "send_mails",
    "renew_subscriptions": "keep_subscriptions",
    "send_verdicts": "send_verdicts",
    "follow_sessions": "follow_sessions",
}


def standing_rows(*kinds: str) -> Callable[[Transaction], list[Work]]:
    """Open standing work of these kinds, whenever it is due."""
    return lambda tx: [work for work in tx.work.all() if work.kind in kinds]


@virtually
@pytest.mark.parametrize("timer", STANDING_TIMERS)
async def test_a_timer_has_its_standing_work_done_by_a_consumer(
    empty: Empty, join: Join, timer: str
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=False)
    join(opening(world, queues))
    began = virtual_now()
    await tick(timer)
    kind = STANDING_TIMERS[timer]
    rows = await world.read(standing_rows(kind))
    subjects = {box.id for box in world.firm.program_mailboxes} if "mail" in timer else {"firm"}
    assert {row.subject for row in rows} == subjects
    assert all(row.due_at <= began for row in rows)
    assert await queues.deliver() == len(rows)
    after = await world.read(standing_rows(kind))
    assert all(row.state is WorkState.OPEN and row.due_at > began for row in after)
    assert all(row.last_error is None for row in after)


@virtually
async def test_a_timer_that_comes_twice_has_the_mailbox_swept_once(
    empty: Empty, join: Join
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=False)
    join(opening(world, queues))
    for _ in range(2):
        await tick("sweep_mailboxes")
        await queues.deliver()
    swept = [call for call in world.tenant.calls if call.path.endswith("/calendarView")]
    assert len(swept) == len(world.firm.program_mailboxes)


@virtually
async def test_a_poisoned_message_leaves_standing_work_standing(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=False)
    join(opening(world, queues))
    await tick("watch_calendars")
    (row,) = await world.read(standing_rows("watch"))
    queues.queues["%TANDEM_WORK_QUEUE%"].clear()
    queues.put(to_message(WakeUp(row.kind, row.id)), POISON)
    await queues.deliver()
    (blocker,) = await world.read(lambda tx: tx.blockers.open())
    assert (blocker.scope, blocker.code) == (BlockerScope.FIRM, "watch_fails")
    assert (await world.read(standing_rows("watch")))[0].state is WorkState.OPEN


# --- hints ---------------------------------------------------------------------------------


async def posted(query: str, body: bytes = b"") -> HttpResponse:
    """The answer to a POST to the webhook's route."""
    request = HttpRequest(
        method="POST",
        url=f"https://tandem.firm.example/webhooks/graph?{query}",
        headers={"Content-Type": "application/json"},
        params=dict(parse_qsl(query)),
        body=body,
    )
    call: Callable[..., Awaitable[Any]] = indexed()["take_hints"].call
    answer = await call(req=request, context=None)
    assert isinstance(answer, HttpResponse)
    return answer


@virtually
async def test_the_webhook_shakes_hands_in_plain_text(empty: Empty, join: Join) -> None:
    join(opening(empty.world(firm_of(3)), MemoryQueues()))
    answer = await posted("validationToken=Validation%3A%20%3Cb%3E")
    assert (answer.status_code, answer.get_body()) == (200, b"Validation: <b>")
    assert answer.headers["content-type"].startswith("text/plain")


@virtually
async def test_a_notification_that_nobody_here_subscribed_to_is_ignored(
    empty: Empty, join: Join
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=False)
    join(opening(world, queues))
    notice = {"subscriptionId": "s1", "clientState": "guessed", "changeType": "updated"}
    answer = await posted("", json.dumps({"value": [notice]}).encode())
    assert answer.status_code == 202
    assert await queues.deliver() == 0
    assert await world.read(all_work) == []


@virtually
async def test_a_link_that_nobody_was_sent_leads_to_a_page_that_says_so(
    empty: Empty, join: Join
) -> None:
    join(opening(empty.world(firm_of(3)), MemoryQueues()))
    url = "https://tandem.firm.example/met/forged"
    request = HttpRequest(
        method="GET", url=url, headers={}, params={}, route_params={"path": "met/forged"}, body=b""
    )
    call: Callable[..., Awaitable[Any]] = indexed()["show_pages"].call
    answer = await call(req=request, context=None)
    assert answer.status_code == 404
    assert b"does not work" in answer.get_body()
    assert answer.headers["referrer-policy"] == "no-referrer"


@virtually
async def test_a_page_sends_whoever_is_not_signed_in_to_the_sign_in(
    empty: Empty, join: Join
) -> None:
    join(opening(empty.world(firm_of(3)), MemoryQueues()))
    url = "https://tandem.firm.example/help"
    request = HttpRequest(
        method="GET", url=url, headers={}, params={}, route_params={"path": "help"}, body=b""
    )
    call: Callable[..., Awaitable[Any]] = indexed()["show_pages"].call
    answer = await call(req=request, context=None)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fhelp"


# --- opening ------------------------------------------------------------------------------


@virtually
async def test_first_triggers_that_come_at_once_open_one_application(
    empty: Empty, join: Join
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=False)
    opened = []

    async def open_app() -> App:
        await asyncio.sleep(1)
        opened.append(await opening(world, queues)())
        return opened[-1]

    join(open_app)
    queues.put(UNKNOWN)
    await asyncio.gather(
        *(tick("look_for_work") for _ in range(5)), tick("plan_and_launch"), queues.deliver()
    )
    assert len(opened) == 1


@virtually
async def test_a_warm_instance_opens_nothing_for_its_first_webhook(
    empty: Empty, join: Join
) -> None:
    world = empty.world(firm_of(1))
    opened = []

    async def open_app() -> App:
        opened.append(await world.begin())
        return opened[-1]

    join(open_app)
    function_app.web.cache_clear()
    await indexed()["warmup"].call(instance=WarmUpContext())
    assert len(opened) == 1
    assert function_app.web.cache_info().currsize == 1
    await tick("look_for_work")
    assert len(opened) == 1


@virtually
async def test_a_failed_opening_is_tried_again_by_the_next_trigger(
    empty: Empty, join: Join
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    tries = 0

    async def open_app() -> App:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreLockedError("somebody holds the lock")
        return await opening(world, queues)()

    join(open_app)
    with pytest.raises(TriggerError, match=r"^look_for_work: StoreLockedError$"):
        await tick("look_for_work")
    await tick("look_for_work")
    await queues.deliver()
    assert tries == 2
    assert await world.read(states) == {PairState.BOOKED: 3}


@virtually
async def test_what_a_failure_quotes_reaches_neither_host_nor_log(
    empty: Empty, join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    async def open_app() -> App:
        raise RuntimeError("no calendar of jane.doe@firm.example")

    join(open_app)
    with pytest.raises(TriggerError) as caught, caplog.at_level(logging.DEBUG):
        await tick("plan_and_launch")
    assert str(caught.value) == "plan_and_launch: RuntimeError"
    assert caught.value.__cause__ is None
    assert "trigger_failed" in caplog.text
    assert "jane" not in caplog.text


# --- messages -----------------------------------------------------------------------------


@virtually
async def test_the_same_message_many_times_is_the_same_as_once(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(6)), MemoryQueues()
    await prepared(world, launched=True)
    join(opening(world, queues))
    for _ in range(3):
        await tick("look_for_work")
    messages = [message.body for message in queues.queues["%TANDEM_WORK_QUEUE%"]]
    assert len(messages) == 3 * len(set(messages))
    await queues.deliver()
    assert await world.read(states) == {PairState.BOOKED: 6}
    assert world.mails_by_kind()["invitation"] == 12
    assert world.tenant.complaints == []


@virtually
async def test_two_consumers_of_one_message_at_once_make_one_series(
    empty: Empty, join: Join
) -> None:
    world, first, second = empty.world(firm_of(3)), MemoryQueues(), MemoryQueues()
    await prepared(world, launched=True)
    join(opening(world, first))
    await tick("look_for_work")
    for message in first.queues["%TANDEM_WORK_QUEUE%"]:
        second.put(message.body)
    await asyncio.gather(first.deliver(), second.deliver())
    assert await world.read(states) == {PairState.BOOKED: 3}
    assert world.mails_by_kind()["invitation"] == 6


@virtually
async def test_a_message_for_unknown_work_changes_nothing(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    join(opening(world, queues))
    before = await world.read(all_work)
    queues.put(UNKNOWN)
    assert await queues.deliver() == 1
    assert queues.failures == []
    assert await world.read(all_work) == before


@virtually
async def test_a_message_of_somebody_else_is_journalled_by_id_and_dropped(
    empty: Empty, join: Join
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=False)
    join(opening(world, queues))
    ids = [queues.put(body) for body in (b"\xff", "book jane.doe@firm.example", "{}")]
    assert await queues.deliver() == 3
    assert queues.failures == []
    entries = await world.read(journalled("message_dropped"))
    assert [entry.data for entry in entries] == [{"message": message} for message in ids]


@virtually
async def test_an_outage_poisons_no_message_and_loses_no_work(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    out = False

    async def open_app() -> App:
        if out:
            raise StoreLockedError("somebody holds the lock")
        return await opening(world, queues)()

    join(open_app)
    await tick("look_for_work")
    join(open_app)  # another instance, which has not opened anything yet
    out = True
    await queues.deliver()
    assert queues.failures == []
    assert await world.read(states) == {PairState.PLANNED: 3}
    out = False
    await work_until_done(queues, minutes=1)
    assert await world.read(states) == {PairState.BOOKED: 3}


@virtually
async def test_a_message_that_always_fails_ends_journalled_and_its_work_visible(
    empty: Empty, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    is_broken = True

    async def open_app() -> App:
        if is_broken:
            raise RuntimeError("a fault in Tandem")
        return await opening(world, queues)()

    join(open_app)
    work, *others = await world.read(all_work)
    message = queues.put(to_message(WakeUp(work.kind, work.id)))
    for _ in range(5):
        await queues._hand_out("%TANDEM_WORK_QUEUE%", queues.queues["%TANDEM_WORK_QUEUE%"].pop())
    assert len(queues.queues[POISON]) == 1
    is_broken = False
    await queues.deliver()

    (entry,) = await world.read(journalled("message_poisoned"))
    assert entry.data == {"message": message, "work": work.id, "kind": work.kind}
    put_aside, *untouched = await world.read(all_work)
    assert put_aside.state is WorkState.POISON
    assert untouched == others
    with ThreadPoolExecutor() as elsewhere:  # the command runs an event loop of its own
        shown = elsewhere.submit(_status, world, monkeypatch).result()
    (line,) = (line for line in shown["pairs"] if line["id"] == work.subject)
    assert [blocker["code"] for blocker in line["blockers"]] == ["work_put_aside"]
    assert shown["work"]["book_pair, poison"] == 1


def _status(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `tandem status --json` prints."""
    monkeypatch.setenv("TANDEM_STORE_URL", world.store_url)
    result = CliRunner().invoke(cli.app, ["status", "--json"])
    assert result.exit_code == 0, result.output
    shown: dict[str, Any] = json.loads(result.stdout)
    return shown


@virtually
async def test_a_poisoned_message_for_done_work_is_journalled_only(
    empty: Empty, join: Join
) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    join(opening(world, queues))
    await work_until_done(queues, minutes=1)
    done, *_ = await world.read(all_work)
    assert done.state is WorkState.DONE
    queues.put(to_message(WakeUp(done.kind, done.id)), POISON)
    queues.put("none of ours", POISON)
    await queues.deliver()
    assert len(await world.read(journalled("message_poisoned"))) == 2
    assert await world.read(lambda tx: list(tx.blockers.open())) == []
    assert (await world.read(all_work))[0] == done


@virtually
async def test_work_in_somebodys_hands_is_not_put_aside(empty: Empty, join: Join) -> None:
    world, queues = empty.world(firm_of(3)), MemoryQueues()
    await prepared(world, launched=True)
    join(opening(world, queues))
    app = await world.begin()
    work, *_ = await world.read(all_work)
    now = app.clock.now()
    await app.store.run(lambda tx: tx.work.claim(work.id, "somebody", now, later(1)))
    queues.put(to_message(WakeUp(work.kind, work.id)), POISON)
    await queues.deliver()
    assert (await world.read(all_work))[0].state is WorkState.OPEN
    await app.close()


def test_every_function_has_a_caller_in_these_tests() -> None:
    others = {"plan_and_launch", "look_for_work", "do_work", "put_aside", "take_hints"}
    others |= {"show_pages", "warmup"}
    assert set(indexed()) == others | set(STANDING_TIMERS)
