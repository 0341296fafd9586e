"""What the commands of coordinators do: tell pairs what to do, and see what Tandem did and why.

As in :mod:`integrations.live`, each opens the application, calls one workflow and shows the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from integrations import console, live
from integrations.bootstrap import build_worker
from integrations.errors import Fault, FaultsError
from integrations.ports import Transaction
from integrations.records import Pair, PairState, Session
from integrations.workflows import needs, orders
from integrations.workflows.app import App
from integrations.workflows.changes import reconcile
from integrations.workflows.enrol import program_id
from integrations.workflows.journal_words import Line, journal_lines
from integrations.workflows.need_lines import NeedLine
from integrations.workflows.rule_previews import PairPreview, apply_rule, preview_rule
from integrations.workflows.rules import ProgramRule
from scheduling.changes.acts import ReadyAct

Telling = Callable[[App, Transaction, Pair, datetime], object]


def pause(name: str, first: date | None, last: date, *, as_json: bool) -> None:
    """Let a pair rest from ``first`` (today if None) to ``last``."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        begins = first or now.astimezone(orders.zone_of(tx, pair)).date()
        orders.pause(tx, pair, begins, last, now)

    _tell(name, tell, as_json=as_json)


def resume(name: str, *, as_json: bool) -> None:
    """End a pair's pause."""
    _tell(name, lambda app, tx, pair, now: orders.resume(tx, pair, now), as_json=as_json)


def withdraw(name: str, *, as_json: bool) -> None:
    """End a pair."""
    _tell(name, lambda app, tx, pair, now: orders.withdraw(tx, pair, now), as_json=as_json)


def skip(name: str, day: date, *, make_up: bool, as_json: bool) -> None:
    """Leave one date of a pair out."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        orders.skip(app, tx, orders.find_session(tx, pair, day, now), make_up=make_up)

    _tell(name, tell, as_json=as_json)


def move(name: str, day: date, to_day: date, to_time: time, *, as_json: bool) -> None:
    """Move one date of a pair to another time of its series' zone."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        session = orders.find_session(tx, pair, day, now)
        start = datetime.combine(to_day, to_time, orders.zone_of(tx, pair))
        orders.move(app, tx, session, start)

    _tell(name, tell, as_json=as_json)


def _tell(name: str, telling: Telling, *, as_json: bool) -> None:
    """Give the order, carry it out as far as it can be now, and show what came of it."""

    async def run(app: App) -> list[Line]:
        def give(tx: Transaction) -> tuple[str, int]:
            pair = orders.find_pair(tx, name)
            last = tx.journal.last_seq()
            telling(app, tx, pair, app.clock.now())
            return pair.id, last

        pair_id, last = await app.store.run(give)
        await reconcile_now(app, pair_id)
        return await app.store.run(lambda tx: journal_lines(tx, pair_id=pair_id, after=last))

    show_lines(live.with_app(run), as_json=as_json)


async def reconcile_now(app: App, pair_id: str) -> None:
    """Have the pair reconciled here and now; say so where that has to wait for another try."""
    now = app.clock.now()
    work_id = (await app.store.run(lambda tx: tx.work.schedule(reconcile.KIND, pair_id, now))).id
    is_ours = await build_worker(app).do(work_id)
    work = await app.store.run(lambda tx: tx.work.get(work_id))
    if not is_ours:
        console.show_wait("another process works on the pair; `tandem work` goes on after it")
    elif work is not None and work.last_error is not None:
        console.show_wait(f"it failed ({work.last_error}); `tandem work` tries again")


def reconcile_pairs(name: str | None, *, as_json: bool) -> None:
    """Compare one pair, or all booked ones, with the calendars and act on what is found."""

    async def run(app: App) -> list[Line]:
        def wanted(tx: Transaction) -> tuple[list[str], int]:
            if name is not None:
                return [orders.find_pair(tx, name).id], tx.journal.last_seq()
            living = tx.pairs.in_state(PairState.BOOKED, PairState.PAUSED)
            return [pair.id for pair in living], tx.journal.last_seq()

        pair_ids, last = await app.store.run(wanted)
        for pair_id in pair_ids:
            await reconcile_now(app, pair_id)
        found = await app.store.run(lambda tx: journal_lines(tx, after=last))
        return [line for line in found if line.pair_id in set(pair_ids)]

    show_lines(live.with_app(run), as_json=as_json)


def show_lines(lines: list[Line], *, as_json: bool) -> None:
    """Show what came of an act: its lines in the journal."""
    if as_json:
        console.show_json([asdict(line) for line in lines])
    elif lines:
        console.show_journal(lines)
    else:
        console.out.print("Nothing changed.")


def show_journal(name: str | None, *, code: str | None, last: int | None, as_json: bool) -> None:
    """Show what was decided and done, in words; of one pair or of all."""

    def read(tx: Transaction) -> list[Line]:
        pair_id = None if name is None else orders.find_pair(tx, name).id
        return journal_lines(tx, pair_id=pair_id, code=code)

    lines = live.with_store(read)
    show_lines(lines if last is None else lines[-last:], as_json=as_json)


# --- Needs you -----------------------------------------------------------------------------


def show_needs(program_name: str | None, *, as_json: bool) -> None:
    """Show every open *Needs you* row with its reason and the acts that are ready."""

    def read(app_zone: str, now: datetime) -> Callable[[Transaction], list[NeedLine]]:
        return lambda tx: needs.open_needs(
            tx, now, live.known_program(tx, program_name), default_zone=app_zone
        )

    async def run(app: App) -> list[NeedLine]:
        return await app.store.run(read(app.options.zone, app.clock.now()))

    lines = live.with_app(run)
    if as_json:
        console.show_json([asdict(line) for line in lines])
    elif lines:
        console.show_needs(lines)
    else:
        console.out.print("Nothing needs you.")


def act_on_need(need_id: str, act: str, *, until: date | None, as_json: bool) -> None:
    """Do what a row offers."""
    if act not in set(ReadyAct):
        raise FaultsError(
            [Fault("--act", f"one of {', '.join(ReadyAct)}", act)],
            remedy="`tandem needs-you` shows the acts that are ready.",
        )

    async def run(app: App) -> list[Line]:
        def carry_out(tx: Transaction, need: Any, order: str) -> None:
            orders.carry_out_ready_act(app, tx, need, order, until=until, by=orders.COORDINATOR)

        def act_on(tx: Transaction) -> tuple[str, int]:
            last = tx.journal.last_seq()
            need = needs.act(
                tx,
                needs.find_need(tx, need_id).id,
                ReadyAct(act),
                app.clock.now(),
                by=orders.COORDINATOR,
                carry_out=carry_out,
            )
            return need.pair_id, last

        pair_id, last = await app.store.run(act_on)
        await reconcile_now(app, pair_id)
        return await app.store.run(lambda tx: journal_lines(tx, pair_id=pair_id, after=last))

    show_lines(live.with_app(run), as_json=as_json)


def snooze_need(need_id: str, until: date) -> None:
    """Put a row off until a date."""

    async def run(app: App) -> None:
        at = datetime.combine(until, time(0), ZoneInfo(app.options.zone))
        await app.store.run(
            lambda tx: needs.snooze(tx, needs.find_need(tx, need_id).id, at, app.clock.now())
        )

    live.with_app(run)
    console.out.print(f"Put off until {until}.")


def note_need(need_id: str, text: str) -> None:
    """Keep a coordinator's own words with a row."""

    async def run(app: App) -> None:
        await app.store.run(
            lambda tx: needs.note(tx, needs.find_need(tx, need_id).id, text, app.clock.now())
        )

    live.with_app(run)
    console.out.print("Noted.")


def finish_need(need_id: str) -> None:
    """Say that nobody has to do anything about a row any more."""

    async def run(app: App) -> None:
        await app.store.run(
            lambda tx: needs.done(tx, needs.find_need(tx, need_id).id, app.clock.now())
        )

    live.with_app(run)
    console.out.print("Done.")


# --- rules ----------------------------------------------------------------------------------


def show_rule_preview(name: str, file: Path, *, as_json: bool) -> None:
    """Show what a changed rule would do to every booked pair; change nothing."""
    rule = ProgramRule.from_body(live.json_file(file))
    previews = live.with_app(lambda app: _previews(app, name, rule))
    if as_json:
        console.show_json([_preview_data(one) for one in previews])
    else:
        console.show_previews(previews)


async def _previews(app: App, name: str, rule: ProgramRule) -> list[PairPreview]:
    key = await app.store.run(lambda tx: live.known_program(tx, name))
    return await preview_rule(app, key or program_id(name), rule)


def _preview_data(one: PairPreview) -> dict[str, Any]:
    change = one.change
    return {
        "pair": one.pair.id,
        "roster_id": one.pair.roster_id,
        "readable": change is not None,
        "code": None if change is None else change.decision.reason.code,
        "why": None if change is None else change.decision.reason.words,
        "mails": one.mails,
        "kept": [] if change is None else change.kept,
        "changes": [] if change is None else [asdict(each) for each in change.changes],
    }


def apply_rule_from(name: str, file: Path, *, mails: int, as_json: bool) -> None:
    """Apply a changed rule to every booked pair, if it causes no more mails than told.

    Raises:
        FaultsError: it would cause more; nothing was changed.
    """
    rule = ProgramRule.from_body(live.json_file(file))

    async def run(app: App) -> list[Line]:
        previews = await _previews(app, name, rule)
        expected = sum(one.mails for one in previews)
        if expected > mails:
            raise FaultsError(
                [Fault("--mails", f"at least {expected}, which it would cause", str(mails))],
                remedy="Look at `tandem rule preview` and name the number of mails it shows.",
            )

        def apply(tx: Transaction) -> int:
            last = tx.journal.last_seq()
            apply_rule(app, tx, program_id(name), rule)
            return last

        last = await app.store.run(apply)
        for one in previews:
            await reconcile_now(app, one.pair.id)
        return await app.store.run(lambda tx: journal_lines(tx, after=last))

    show_lines(live.with_app(run), as_json=as_json)


def show_dates(name: str, *, as_json: bool) -> None:
    """Show every date of one pair."""

    def read(tx: Transaction) -> tuple[Pair, list[Session], str]:
        pair = orders.find_pair(tx, name)
        return pair, tx.sessions.of_pair(pair.id), str(orders.zone_of(tx, pair))

    pair, sessions, zone = live.with_store(read)
    if as_json:
        console.show_json([asdict(session) for session in sessions])
    else:
        console.show_dates(pair, sessions, ZoneInfo(zone))
