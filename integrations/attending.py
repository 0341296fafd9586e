"""What the commands about who met do: each opens the application and calls one workflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from integrations import console, live
from integrations.coordinating import reconcile_now, show_lines
from integrations.errors import Fault, FaultsError
from integrations.ports import Transaction
from integrations.records import Pair
from integrations.workflows import orders
from integrations.workflows.app import App
from integrations.workflows.attendance import harvest, modes, telling
from integrations.workflows.enrol import program_id
from integrations.workflows.journal_words import Line, journal_lines
from scheduling.attendance.evidence import Correction, EvidenceMode, VerdictKind
from scheduling.timespan import TimeSpan

Telling = Callable[[App, Transaction, Pair, datetime], object]
_USUAL = timedelta(hours=1)


def show_mode(name: str) -> None:
    """Print how a program finds out who met."""

    def read(tx: Transaction) -> dict[str, object]:
        program = tx.programs.require(live.known_program(tx, name) or "")
        usual = EvidenceMode.SELF_REPORT.value
        return {"mode": usual, "offices": {}, **program.evidence}

    console.show_json(live.with_store(read))


def set_mode(name: str, mode: str, *, office: str | None, told: bool) -> None:
    """Put a program, or one office of it, under a mode of evidence from now on."""

    async def run(app: App) -> None:
        now = app.clock.now()

        def change(tx: Transaction) -> None:
            live.known_program(tx, name)
            _require_office(tx, program_id(name), office)
            modes.set_mode(
                tx,
                program_id(name),
                EvidenceMode(mode),
                now,
                office=office,
                people_told=told,
                by=orders.COORDINATOR,
            )

        await app.store.run(change)

    live.with_app(run)
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
        telling.record_meeting(
            tx, app, pair, _span(tx, pair, day, start, minutes, now), now, note=note
        )

    _tell(name, tell, as_json=as_json)


def correct(
    name: str, day: date, word: str, minutes: int | None, *, note: str, as_json: bool
) -> None:
    """Correct the verdict on a past date."""

    def tell(app: App, tx: Transaction, pair: Pair, now: datetime) -> None:
        session = telling.past_session(tx, pair, day, now)
        try:
            correction = Correction(VerdictKind(word), minutes, now)
        except ValueError as error:
            raise FaultsError(
                [Fault("--minutes", f"minutes of a meeting ({error})", str(minutes))],
                remedy="Correct it to held or short, or leave the minutes out.",
            ) from None
        telling.correct(tx, app, session, correction, note=note)

    _tell(name, tell, as_json=as_json)


def confirm_identity(address: str, *, directory_id: str, mail: str) -> None:
    """Confirm that another account is a person's; reports with somebody unknown are read again."""

    async def run(app: App) -> int:
        now = app.clock.now()

        def confirm(tx: Transaction) -> int:
            person = tx.participants.by_mail([address]).get(address.lower())
            if person is None:
                raise FaultsError(
                    [Fault("person", "an address on a roster", address)],
                    remedy="Name the person by the address of the roster, not by the other one.",
                )
            again = telling.confirm_identity(
                tx, person, directory_id=directory_id, mail=mail, now=now
            )[1]
            tx.work.schedule_all(harvest.KIND, again, now)
            return len(again)

        return await app.store.run(confirm)

    again = live.with_app(run)
    console.out.print(f"Confirmed; reports of {again} dates are read again.")


def _require_office(tx: Transaction, program_key: str, office: str | None) -> None:
    """Refuse an office that no pair is of: whoever mistypes it would switch nothing off."""
    pairs = (pair for pair in tx.pairs.all() if pair.program_id == program_key)
    known = sorted({pair.office for pair in pairs if pair.office})
    if office is not None and office not in known:
        expected = f"one of {', '.join(known)}" if known else "no office: the pairs have none"
        raise FaultsError(
            [Fault("--office", expected, office)], remedy="Spell the office as in the roster."
        )


def _span(
    tx: Transaction, pair: Pair, day: date, start: time | None, minutes: int | None, now: datetime
) -> TimeSpan:
    """When they met: as told, else as planned for that day."""
    if start is None:
        planned = telling.past_session(tx, pair, day, now)
        begins, length = planned.start, planned.end - planned.start
    else:
        begins, length = datetime.combine(day, start, orders.zone_of(tx, pair)), _USUAL
    return TimeSpan(begins, begins + (timedelta(minutes=minutes) if minutes else length))


def _tell(name: str, telling_of: Telling, *, as_json: bool) -> None:
    """Keep what is told, have the pair looked at, and show what came of it."""

    async def run(app: App) -> list[Line]:
        def keep(tx: Transaction) -> tuple[str, int]:
            pair = orders.find_pair(tx, name)
            last = tx.journal.last_seq()
            telling_of(app, tx, pair, app.clock.now())
            return pair.id, last

        pair_id, last = await app.store.run(keep)
        await reconcile_now(app, pair_id)
        return await app.store.run(lambda tx: journal_lines(tx, pair_id=pair_id, after=last))

    show_lines(live.with_app(run), as_json=as_json)
