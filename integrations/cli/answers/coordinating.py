"""What the commands of coordinators do: tell pairs what to do, and see what Tandem did and why.

Each opens the application, calls one workflow and shows the answer.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from integrations.cli import console, opening
from integrations.errors import Fault, FaultsError
from integrations.ports import Transaction
from integrations.records import Pair, Session
from integrations.workflows.app import App
from integrations.workflows.enrolment.programs import program_key
from integrations.workflows.ordering import at_once, orders
from integrations.workflows.ordering.adopting import ExistingShown, series_to_adopt
from integrations.workflows.ordering.pair_acts import PairAct, telling_of
from integrations.workflows.showing.journal_words import Line, journal_lines
from integrations.workflows.telling import needs
from integrations.workflows.telling.need_lines import NeedLine


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


def show_series(name: str, *, as_json: bool) -> None:
    """Show every series with dates to come that a program mailbox has and that invites both."""

    async def run(app: App) -> list[ExistingShown]:
        pair = await app.store.run(lambda tx: orders.find_pair(tx, name))
        return await series_to_adopt(app, pair.id)

    found = opening.with_app(run)
    if as_json:
        console.show_json([{"id": one.id, **asdict(one)} for one in found])
    elif found:
        console.show_series(found)
    else:
        console.out.print("No program mailbox has a series that invites both.")


def adopt(name: str, series_id: str, *, as_json: bool) -> None:
    """Have a series that stands in a program mailbox be the pair's."""

    async def run(app: App) -> at_once.Outcome:
        pair = await app.store.run(lambda tx: orders.find_pair(tx, name))
        named = [one for one in await series_to_adopt(app, pair.id) if one.id.startswith(series_id)]
        if len(named) != 1:
            wrong = Fault(
                "series", "the beginning of one id that `tandem adopt PAIR` lists", series_id
            )
            raise FaultsError([wrong], remedy="Look again: `tandem adopt PAIR`.")
        telling = telling_of(PairAct.ADOPT, {"series": named[0].key}, orders.COORDINATOR)
        return await at_once.tell_pair(app, pair.id, telling)

    console.show_outcome(opening.with_app(run), as_json=as_json)


def reconcile_pairs(name: str | None, *, as_json: bool) -> None:
    """Compare one pair, or all booked ones, with the calendars and act on what is found."""
    console.show_outcome(
        opening.with_app(lambda app: at_once.reconcile_pairs(app, name)), as_json=as_json
    )


def _tell(name: str, telling: at_once.Telling, *, as_json: bool) -> None:
    console.show_outcome(
        opening.with_app(lambda app: at_once.tell_pair(app, name, telling)), as_json=as_json
    )


def show_journal(name: str | None, *, code: str | None, last: int | None, as_json: bool) -> None:
    """Show what was decided and done, in words; of one pair or of all."""

    def read(tx: Transaction) -> list[Line]:
        pair_id = None if name is None else orders.find_pair(tx, name).id
        return journal_lines(tx, pair_id=pair_id, code=code)

    lines = opening.with_store(read)
    console.show_lines(lines if last is None else lines[-last:], as_json=as_json)


# --- Needs you -----------------------------------------------------------------------------


def show_needs(program_name: str | None, *, as_json: bool) -> None:
    """Show every open *Needs you* row with its reason and the acts that are ready."""

    async def run(app: App) -> list[NeedLine]:
        now, zone = app.clock.now(), app.options.zone
        return await app.store.run(
            lambda tx: needs.open_needs(tx, now, program_key(tx, program_name), default_zone=zone)
        )

    lines = opening.with_app(run)
    if as_json:
        console.show_json([asdict(line) for line in lines])
    elif lines:
        console.show_needs(lines)
    else:
        console.out.print("Nothing needs you.")


def act_on_need(need_id: str, act: str, *, until: date | None, as_json: bool) -> None:
    """Do what a row offers."""
    console.show_outcome(
        opening.with_app(lambda app: at_once.act_on_need(app, need_id, act, until=until)),
        as_json=as_json,
    )


def snooze_need(need_id: str, until: date) -> None:
    """Put a row off until a date."""

    async def run(app: App) -> None:
        at = datetime.combine(until, time(0), ZoneInfo(app.options.zone))
        await app.store.run(
            lambda tx: needs.snooze(tx, needs.find_need(tx, need_id).id, at, app.clock.now())
        )

    opening.with_app(run)
    console.out.print(f"Put off until {until}.")


def note_need(need_id: str, text: str) -> None:
    """Keep a coordinator's own words with a row."""

    async def run(app: App) -> None:
        await app.store.run(
            lambda tx: needs.note(tx, needs.find_need(tx, need_id).id, text, app.clock.now())
        )

    opening.with_app(run)
    console.out.print("Noted.")


def finish_need(need_id: str) -> None:
    """Say that nobody has to do anything about a row any more."""

    async def run(app: App) -> None:
        await app.store.run(
            lambda tx: needs.done(tx, needs.find_need(tx, need_id).id, app.clock.now())
        )

    opening.with_app(run)
    console.out.print("Done.")


def show_dates(name: str, *, as_json: bool) -> None:
    """Show every date of one pair."""

    def read(tx: Transaction) -> tuple[Pair, list[Session], str]:
        pair = orders.find_pair(tx, name)
        return pair, tx.sessions.of_pair(pair.id), str(orders.zone_of(tx, pair))

    pair, sessions, zone = opening.with_store(read)
    if as_json:
        console.show_json([asdict(session) for session in sessions])
    else:
        console.show_dates(pair, sessions, ZoneInfo(zone))
