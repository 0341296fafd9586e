"""What the JSON API promises: stretches that do not shift, keys that do nothing twice, problems."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from integrations.api_client import ApiProblemError
from integrations.api_client.orders import Listed, NeedsAsked, Note, PairsAsked, Pause
from integrations.page_records import Risk, Standing
from integrations.ports import Transaction
from integrations.records import JournalEntry, Need, PairState
from integrations.runtime import Death
from integrations.web.app import endpoints
from integrations.workflows.app import App
from simulator.virtual_time import virtual_now
from tests.support.world import Empty
from tests.web.api_callers import Caller, problem_of, serving, token_of
from tests.web.console_firm import Console, at_the_console
from tests.web.support import KEYS, ORIGIN, staff
from tests.workflows.changes.stage import Stage, on_stage

DAY = date(2027, 3, 20)
UNTIL = DAY.isoformat()


def caller_at(console: Console) -> Caller:
    """A service that coordinates the console's program."""
    return Caller(console.app, token_of(console.world, "coordinator", is_app=True))


# --- stretches -----------------------------------------------------------------------------


def add_pair(console: Console, key: str) -> Callable[[Transaction], None]:
    """A pair of the same two with an id of one's choice, and how it stands."""
    pair = replace(console.pairs[0], id=key, roster_id=key, state=PairState.WITHDRAWN)
    standing = Standing(
        pair_id=key,
        program_id=pair.program_id,
        state=pair.state,
        risk=Risk.OVER,
        updated_at=console.app.clock.now(),
    )

    def add(tx: Transaction) -> None:
        tx.pairs.add(pair)
        tx.standings.put(standing)

    return add


@pytest.mark.parametrize("sort", ["id", "name", "-risk", "gap"])
def test_pairs_that_are_added_between_stretches_neither_repeat_nor_hide_any(
    empty: Empty, sort: str
) -> None:
    async def play(console: Console) -> None:
        caller, path = caller_at(console), f"/programs/{console.program.id}/pairs"
        whole = [pair["id"] for pair in (await caller.get(path, sort=sort))["items"]]
        assert len(whole) == len(console.pairs) > 4
        seen, cursor = [], None
        while True:
            more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
            page = await caller.get(path, sort=sort, limit=2, **more)
            seen += [pair["id"] for pair in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
            # One that comes before everything by its id, and one that comes last.
            for key in (f"!{len(seen)}", f"~{len(seen)}"):
                await console.app.store.run(add_pair(console, key))
        assert [key for key in seen if key in whole] == whole
        assert len(seen) == len(set(seen))

    at_the_console(empty, play)


def test_lists_are_found_filtered_and_sorted_as_on_the_page(empty: Empty) -> None:
    async def play(console: Console) -> None:
        caller, path = caller_at(console), f"/programs/{console.program.id}/pairs"
        booked = (await caller.get(path, state="booked"))["items"]
        assert {pair["id"] for pair in booked} == {pair.id for pair in console.pairs[:3]}
        blocked = (await caller.get(path, risk="blocked"))["items"]
        assert [pair["id"] for pair in blocked] == [console.pairs[3].id]
        word = booked[0]["mentor"].split()[-1].lower()
        found = (await caller.get(path, q=word))["items"]
        assert booked[0]["id"] in [pair["id"] for pair in found]
        held = [pair["held"] for pair in (await caller.get(path, sort="-held"))["items"]]
        assert held == sorted(held, reverse=True)
        assert held[0] > 0

    at_the_console(empty, play)


def test_the_journal_goes_on_where_a_stretch_ended_whatever_is_written_meanwhile(
    empty: Empty,
) -> None:
    async def play(console: Console) -> None:
        caller, path = caller_at(console), f"/programs/{console.program.id}/journal"
        whole = [line["seq"] for line in (await caller.get(path, limit=200))["items"]]
        assert whole == sorted(whole, reverse=True)
        first = await caller.get(path, limit=3)
        entry = JournalEntry(at=virtual_now(), code="booked", program_id=console.program.id)
        await console.app.store.run(lambda tx: tx.journal.write(entry))
        second = await caller.get(path, limit=200, cursor=first["next"])
        assert [line["seq"] for line in (*first["items"], *second["items"])] == whole
        assert second["next"] is None

    at_the_console(empty, play)


def test_rows_wait_oldest_first_and_go_on_after_the_last_one(empty: Empty) -> None:
    async def play(console: Console) -> None:
        def raise_rows(tx: Transaction) -> None:
            tx.needs.remove("n1")
            for number in range(4):
                at = console.app.clock.now() - timedelta(days=number)
                pair = console.pairs[2]
                row = Need(
                    id=f"row{number}",
                    key=f"k{number}",
                    pair_id=pair.id,
                    code="nothing_on_record",
                    raised_at=at,
                )
                tx.needs.add(row)

        await console.app.store.run(raise_rows)
        typed = caller_at(console).typed()
        asked = NeedsAsked(limit=2, program=console.program.id)
        rows = [row.id async for row in typed.needs(asked)]
        assert rows == ["row3", "row2", "row1", "row0"]
        assert [row.id async for row in typed.needs(NeedsAsked(show="mine"))] == []
        await typed.change_need("row2", "take")
        assert [row.id async for row in typed.needs(NeedsAsked(show="mine"))] == ["row2"]
        await typed.close()

    at_the_console(empty, play)


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIiwiYiJd", "e30", "!!!", "W10"])
def test_a_cursor_of_no_list_is_refused(empty: Empty, cursor: str) -> None:
    async def play(console: Console) -> None:
        answer = await caller_at(console).ask(
            "GET", f"/programs/{console.program.id}/pairs", params={"cursor": cursor}
        )
        problem_of(answer, 400, "malformed")

    at_the_console(empty, play, firm=2, lived=False)


# --- keys ----------------------------------------------------------------------------------


class Booked:
    """A booked pair midway, a service that coordinates its program, and what is on record."""

    def __init__(self, stage: Stage, app: App, program: str, pair: str) -> None:
        self.stage, self.app, self.pair = stage, app, pair
        self.path = f"/programs/{program}/pairs/{pair}"
        self.program = program

    def caller(self, account: str = "coordinator", transport: Any = None) -> Caller:
        """A service of that id."""
        token = token_of(self.stage.world, account, is_app=True)
        return Caller(self.app, token, transport)

    async def told(self, code: str = "pause_ordered") -> int:
        """How often that stands in the journal."""
        return len(await self.stage.read(lambda tx: tx.journal.read(code=code)))

    def mails(self) -> int:
        """How many mails the tenant sent."""
        return len(self.stage.world.tenant.mail_log)


def on_booked(empty: Empty, play: Callable[[Booked], Awaitable[None]]) -> None:
    """Play before a booked pair."""

    async def run(stage: Stage) -> None:
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        pair = (await stage.case()).pair
        await staff(app, pair.program_id, "coordinator")
        await play(Booked(stage, app, pair.program_id, pair.id))
        await app.close()

    on_stage(empty, run)


def test_the_same_key_does_nothing_twice_and_is_answered_the_same(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        caller, path = booked.caller(), f"{booked.path}/pause"
        seen = await caller.post(f"{path}/preview", {"until": UNTIL})
        body, before = {"until": UNTIL, "mails": seen["mails"]}, booked.mails()
        first = await caller.ask("POST", path, body, key="one")
        assert first.status_code == 200
        assert "idempotency-replayed" not in first.headers
        caused = booked.mails() - before
        assert 0 < caused <= seen["mails"]
        again = await caller.ask("POST", path, body, key="one")
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
        assert (await booked.told(), booked.mails() - before) == (1, caused)
        # What is kept for a day names nobody.
        kept = await booked.stage.read(lambda tx: tx.kept_answers.all())
        names = [p.name for p in (await booked.stage.case()).people]
        assert not any(part in json.dumps(kept[0].body) for name in names for part in name.split())
        assert "coordinator" not in kept[0].id

    on_booked(empty, play)


def test_a_key_belongs_to_one_caller_and_one_request_for_a_day(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        caller = booked.caller()
        note = {"note": "call them"}
        await booked.app.store.run(lambda tx: tx.needs.add(_row(booked.pair)))
        await caller.post("/needs/row/note", note, key="one")
        other = await caller.ask("POST", "/needs/row/note", {"note": "another"}, key="one")
        problem_of(other, 422, "key_reused")
        elsewhere = await caller.ask("POST", "/needs/row/done", note, key="one")
        problem_of(elsewhere, 422, "key_reused")
        await staff(booked.app, booked.program, "colleague")
        colleague = booked.caller("colleague")
        await colleague.post("/needs/row/note", {"note": "hers"}, key="one")
        assert await booked.told("need_noted") == 2
        await booked.app.clock.sleep(timedelta(hours=24))
        await booked.caller().post("/needs/row/note", {"note": "another"}, key="one")
        assert await booked.told("need_noted") == 3
        assert len(await booked.stage.read(lambda tx: tx.kept_answers.all())) == 1

    on_booked(empty, play)


def _row(pair_id: str) -> Need:
    return Need(
        id="row",
        key="gap",
        pair_id=pair_id,
        code="nothing_on_record",
        raised_at=virtual_now(),
        ready=("pause",),
    )


def test_every_act_asks_for_a_key(empty: Empty) -> None:
    writes = [each for each in endpoints() if each.is_write]
    acts = [e for e in endpoints() if e.method != "GET" and not e.path.endswith("/preview")]
    assert writes == acts

    async def play(booked: Booked) -> None:
        caller = booked.caller()
        for key in ("", " ", "a" * 201, "a\tb"):
            answer = await caller.ask("POST", "/writing/stop", headers={"Idempotency-Key": key})
            problem_of(answer, 400, "no_key")
        assert not (await caller.get("/writing"))["stopped"]

    on_booked(empty, play)


def test_what_was_refused_leaves_its_key_free(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        caller, path = booked.caller(), f"{booked.path}/pause"
        refused = await caller.ask("POST", path, {"until": UNTIL, "mails": 0}, key="one")
        found = problem_of(refused, 409, "more_mails")
        assert await booked.told() == 0
        await caller.post(path, {"until": UNTIL, "mails": found["mails"]}, key="one")
        assert await booked.told() == 1

    on_booked(empty, play)


def test_the_same_key_at_the_same_time_does_one_act(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        transport = serving(booked.app)
        callers = [booked.caller(transport=transport) for _ in range(4)]
        path, body = f"{booked.path}/pause", {"until": UNTIL, "mails": 50}
        asked = [caller.ask("POST", path, body, key="one") for caller in callers]
        answers = await asyncio.gather(*asked)
        assert sorted({answer.status_code for answer in answers}) in ([200], [200, 409])
        for answer in answers:
            if answer.status_code == 409:
                problem_of(answer, 409, "in_progress")
                assert int(answer.headers["retry-after"]) > 0
        assert await booked.told() == 1
        # The typed client waits for as long as it is told, and gets the one answer.
        row = _row(booked.pair)
        await booked.app.store.run(lambda tx: tx.needs.add(row))
        typed = [caller.typed() for caller in callers]
        done = await asyncio.gather(*(each.change_need("row", "take", key="two") for each in typed))
        assert [one.change for one in done] == ["taken"] * 4
        assert await booked.told("need_taken") == 1

    on_booked(empty, play)


async def _dies_asking(booked: Booked, dies_at: int) -> bool:
    """Whether a process that dies at that point died before it had answered."""
    booked.app = await booked.stage.world.begin(
        public_url=ORIGIN, signing_keys=KEYS, dies_at=dies_at
    )
    try:
        body = {"until": UNTIL, "mails": 50}
        answer = await booked.caller().ask("POST", f"{booked.path}/pause", body, key="one")
    except Death:
        return True
    assert answer.status_code == 200
    return False


def test_whenever_a_process_dies_the_same_key_ends_in_one_act(empty: Empty) -> None:
    """Died at about ten points from before the order is kept to just before the answer is."""

    async def whole(stage: Stage) -> tuple[int, int]:
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        pair = (await stage.case()).pair
        await staff(app, pair.program_id, "coordinator")
        booked, before = (
            Booked(stage, app, pair.program_id, pair.id),
            len(stage.world.tenant.mail_log),
        )
        assert not await _dies_asking(booked, 1_000_000)
        return booked.app.store._life.passed, booked.mails() - before  # type: ignore[attr-defined]

    points, mails = on_stage(empty, whole)
    assert points > 20

    async def play(stage: Stage, dies_at: int) -> bool:
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        pair = (await stage.case()).pair
        await staff(app, pair.program_id, "coordinator")
        booked = Booked(stage, app, pair.program_id, pair.id)
        before = booked.mails()
        died = await _dies_asking(booked, dies_at)
        told = await booked.told()
        booked.app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        await booked.app.clock.sleep(timedelta(minutes=4))
        answer = await booked.caller().ask(
            "POST", f"{booked.path}/pause", {"until": UNTIL, "mails": 50}, key="one"
        )
        assert answer.status_code == 200, (dies_at, answer.text)
        assert (dies_at, await booked.told()) == (dies_at, 1)
        assert (dies_at, booked.mails() - before) == (dies_at, mails)
        await booked.app.close()
        return died and told == 1

    tried = sorted({*range(3, points, max(1, points // 10)), points - 1})
    went_on = [on_stage(empty, lambda stage, at=at: play(stage, at)) for at in tried]  # type: ignore[misc]
    # Some died with the order kept and not answered for, and some before it was kept.
    assert {True, False} == set(went_on)


# --- problems ------------------------------------------------------------------------------


def test_every_error_is_a_problem_with_a_remedy(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        caller, pause = booked.caller(), f"{booked.path}/pause/preview"
        say = caller.ask
        problem_of(await say("GET", "/nothing-here"), 404, "not_found")
        problem_of(await say("GET", "/programs/none/overview"), 404, "not_found")
        wrong = await say("DELETE", "/me")
        problem_of(wrong, 405, "wrong_method")
        assert "GET" in wrong.headers["allow"]
        problem_of(await say("GET", "/programs", params={"limit": "many"}), 400, "malformed")
        problem_of(await say("GET", "/programs", params={"offset": "3"}), 400, "malformed")
        as_json = {"Content-Type": "application/json"}
        problem_of(await say("POST", pause, content=b"{", headers=as_json), 400, "malformed")
        found = problem_of(await say("POST", pause, {"untill": UNTIL}), 422, "faults")
        assert {fault["where"] for fault in found["faults"]} == {"until", "untill"}
        past = problem_of(await say("POST", pause, {"until": "2001-01-01"}), 422, "faults")
        assert past["faults"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        problem_of(await say("POST", pause, content=b"until=1", headers=form), 415, "wrong_type")
        big = b'{"until": "' + b"x" * 300_000 + b'"}'
        problem_of(await say("POST", pause, content=big, headers=as_json), 413, "too_large")
        resume = await say("POST", f"{booked.path}/resume/preview")
        problem_of(resume, 409, "not_possible")

    on_booked(empty, play)


def test_a_roster_is_tried_then_imported_and_every_wrong_cell_is_named(empty: Empty) -> None:
    async def play(console: Console) -> None:
        typed, program = caller_at(console).typed(), console.program.id
        tried = await typed.preview_roster(program, console.world.roster)
        assert (tried.added, tried.known) == (0, len(tried.rows))
        assert len(tried.rows) > 0
        wrong = console.world.roster.replace(b"@", b"#", 2)
        with pytest.raises(ApiProblemError) as refused:
            await typed.import_roster(program, wrong)
        assert refused.value.problem.code == "faults"
        assert len(refused.value.problem.faults) == 2
        assert all("row 2" in fault.where for fault in refused.value.problem.faults)
        done = await typed.import_roster(program, console.world.roster)
        assert (done.added, done.updated) == (0, 0)
        assert done.unchanged == len(tried.rows)
        await typed.close()

    at_the_console(empty, play, firm=3, lived=False)


def test_a_rule_is_changed_with_the_mails_its_preview_named(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        typed = booked.caller().typed()
        now = await typed.rule(booked.program)
        rule = {**now.rule, "cadence": {**now.rule["cadence"], "earliest_local": "11:00:00"}}
        seen = await typed.preview_rule(booked.program, rule)
        assert seen.changed > 0
        with pytest.raises(ApiProblemError) as refused:
            await typed.put_rule(booked.program, rule, mails=seen.mails + 1)
        assert refused.value.problem.mails == seen.mails
        saved = await typed.put_rule(booked.program, rule, mails=seen.mails, key="one")
        assert saved.version == now.version + 1
        assert await typed.put_rule(booked.program, rule, mails=seen.mails, key="one") == saved
        with pytest.raises(ApiProblemError) as refused:
            await typed.preview_rule(booked.program, {"cadence": {"interval_weeks": 0}})
        assert [f.where for f in refused.value.problem.faults] != []
        await typed.close()

    on_booked(empty, play)


def test_writing_stops_and_goes_on_for_everybody(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        typed = booked.caller().typed()
        assert (await typed.stop_writing()).stopped
        assert (await typed.me()).writing_stopped
        done = await typed.act(booked.program, booked.pair, "pause", Pause(until=DAY), mails=50)
        assert done.waits
        assert not (await typed.let_writing_go_on()).stopped
        await typed.close()

    on_booked(empty, play)


def test_a_row_is_noted_put_off_and_done(empty: Empty) -> None:
    async def play(booked: Booked) -> None:
        await booked.app.store.run(lambda tx: tx.needs.add(_row(booked.pair)))
        caller, typed = booked.caller(), booked.caller().typed()
        await typed.change_need("row", "note", Note(note="She is on leave."))
        assert (await caller.get("/needs/row"))["note"] == "She is on leave."
        early = await caller.ask("POST", "/needs/row/snooze", {"until": "2027-02-17"})
        problem_of(early, 422, "faults")
        await caller.post("/needs/row/snooze", {"until": "2027-02-22"})
        assert (await caller.get("/needs"))["items"] == []
        assert [row["id"] for row in (await caller.get("/needs", show="put_off"))["items"]] == [
            "row"
        ]
        seen = await caller.post("/needs/row/act/preview", {"act": "pause", "until": UNTIL})
        act = {"act": "pause", "until": UNTIL, "mails": seen["mails"]}
        done = await caller.post("/needs/row/act", act)
        assert "pause_ordered" in [line["code"] for line in done["lines"]]
        problem_of(await caller.ask("POST", "/needs/row/done"), 409, "not_possible")
        await typed.close()

    on_booked(empty, play)


def test_the_typed_client_reads_everything(empty: Empty) -> None:
    async def play(console: Console) -> None:
        typed, program, pair = caller_at(console).typed(), console.program.id, console.pairs[0].id
        assert [one.id async for one in typed.programs()] == [program]
        assert (await typed.overview(program)).pairs == len(console.pairs)
        assert (await typed.sponsor(program)).whole is not None
        listed = [one.id async for one in typed.pairs(program, PairsAsked(limit=2, sort="name"))]
        assert sorted(listed) == sorted(one.id for one in console.pairs)
        shown = await typed.pair(program, pair)
        assert shown.progress.held == 2
        assert [line.code async for line in typed.timeline(program, pair)] == ["booked", "enrolled"]
        assert {line.code async for line in typed.journal(program)} >= {"booked", "enrolled"}
        assert (await typed.health()).mailboxes
        assert not (await typed.writing()).stopped
        with pytest.raises(ApiProblemError, match="404 not_found"):
            await typed.own_pair(pair)
        assert Listed().limit == 50
        await typed.close()

    at_the_console(empty, play)
