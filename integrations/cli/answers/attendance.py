"""What the commands about who met do: each opens the application and calls one workflow."""

from __future__ import annotations

from datetime import date, datetime, time

from integrations.cli import console, opening
from integrations.ports import Transaction
from integrations.records import Pair
from integrations.workflows.app import App
from integrations.workflows.attendance import modes, telling
from integrations.workflows.enrolment.programs import find_program
from integrations.workflows.ordering import at_once, orders
from scheduling.attendance.evidence import EvidenceMode, VerdictKind


def show_mode(name: str) -> None:
    """Print how a program finds out who met."""

    console.show_json(opening.with_store(lambda tx: modes.modes_of(find_program(tx, name))))


def set_mode(name: str, mode: str, *, office: str | None, told: bool) -> None:
    """Put a program, or one office of it, under a mode of evidence from now on."""

    async def run(app: App) -> None:
        def change(tx: Transaction) -> None:
            modes.set_mode(
                tx,
                find_program(tx, name).id,
                EvidenceMode(mode),
                app.clock.now(),
                office=office,
                people_told=told,
                by=orders.COORDINATOR,
            )

        await app.store.run(change)

    opening.with_app(run)
    console.out.print(f"Evidence comes from {mode} for dates from now on.")


def record_meeting(
    name: str,
    day: date,
    start: time | None,
    minutes: int | None,
    *,
    note: str,
    as_json: bool,
) -> None:
    """Record that the two met on a day."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        span = telling.span_told(tx, pair, day, start, minutes, now)
        telling.record_meeting(tx, app, pair, span, now, note=note)

    _tell(name, tell, as_json=as_json)


def correct(
    name: str, day: date, word: str, minutes: int | None, *, note: str, as_json: bool
) -> None:
    """Correct the verdict on a past date."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        session = telling.past_session(tx, pair, day, now)
        word_of = telling.correction_told(VerdictKind(word), minutes, now)
        telling.correct(tx, app, session, word_of, note=note)

    _tell(name, tell, as_json=as_json)


def confirm_identity(address: str, *, directory_id: str, mail: str) -> None:
    """Confirm that another account is a person's; reports with somebody unknown are read again."""

    async def run(app: App) -> list[str]:
        now = app.clock.now()
        return await app.store.run(
            lambda tx: telling.confirm_identity_of(
                tx, address, directory_id=directory_id, mail=mail, now=now
            )
        )

    again = opening.with_app(run)
    console.out.print(f"Confirmed; reports of {len(again)} dates are read again.")


def _tell(name: str, telling_of: at_once.Telling, *, as_json: bool) -> None:
    console.show_outcome(
        opening.with_app(lambda app: at_once.tell_pair(app, name, telling_of)), as_json=as_json
    )
