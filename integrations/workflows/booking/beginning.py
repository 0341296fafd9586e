"""From announced to running by itself, and from running to closed.

Whoever announces a program may say that it begins by itself: on the morning of the day that people
were told of, every pair that has a plan by then is launched as a wave, which can be stopped and
undone like any other. Without that word nothing starts, and *Needs you* says that the day has come.

A program is closed by a coordinator's word a week after its last date at the earliest, and by
itself after four. One that has had no date yet, or of which a row of *Needs you* is open, stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from integrations.errors import FaultsError, NotPossibleError
from integrations.language import N_, gettext, ngettext
from integrations.ports import Transaction
from integrations.records import GOING_ON, OVER, JournalEntry, Pair, Program, ProgramState
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.booking import waves
from integrations.workflows.booking.announce import told_day
from integrations.workflows.booking.wave_choice import Choice
from integrations.workflows.changes.case import parsed_rule

KIND = "begin_program"
MORNING = time(8)
"""In the program's zone, when its booking begins on its day."""
EVIDENCE_LASTS = timedelta(days=7)
"""So long after a date a report about it may still come."""
CLOSES_AFTER = timedelta(weeks=4)
"""So long after its last date a program that is over is closed by itself."""
_BY_ITSELF = "tandem"
_BEGINS = "begins/"


class StillLivingError(NotPossibleError):
    """A program with pairs that go on cannot be closed."""

    remedy = N_("End the pairs that go on first, one by one or many at once on the list of pairs.")

    def __init__(self, program_id: str, pairs: int) -> None:
        self.program_id, self.pairs = program_id, pairs
        super().__init__(
            ngettext(
                "this program cannot be closed: one pair goes on",
                "this program cannot be closed: %(num)s pairs go on",
                pairs,
            )
        )


class LateReportsError(NotPossibleError):
    """The last dates are so recent that it may still come out who met."""

    remedy = N_("Close it once a week has passed since its last date.")

    def __init__(self, program_id: str, ended_at: datetime) -> None:
        self.program_id, self.ended_at = program_id, ended_at
        super().__init__(
            gettext("this program cannot be closed: reports about its last dates may come")
        )


def begins_by(tx: Transaction, program_id: str) -> str | None:
    """Who said that the program begins by itself; None if nobody did."""
    return tx.switches.get(_BEGINS + program_id)


def keep_begins(tx: Transaction, program_id: str, by: str | None) -> None:
    """Keep who said so; None: nobody."""
    tx.switches.set(_BEGINS + program_id, by)


def set_begins(tx: Transaction, program_id: str, now: datetime, by: str, *, begins: bool) -> None:
    """Have an announced program begin by itself on its day, or wait for somebody."""
    program = tx.programs.require(program_id)
    was = begins_by(tx, program_id) is not None
    keep_begins(tx, program_id, by if begins else None)
    if begins:
        tx.work.schedule(KIND, program_id, max(now, _morning(tx, program)))
    if begins != was:
        code = "begins_by_itself" if begins else "begins_by_hand"
        tx.journal.write(JournalEntry(at=now, code=code, program_id=program_id, data={"by": by}))


def _morning(tx: Transaction, program: Program, after: date | None = None) -> datetime:
    """Eight o'clock of the day people were told of, or of the day after ``after``."""
    day = told_day(tx, program)
    if after is not None:
        day = max(day, after + timedelta(days=1))
    return datetime.combine(day, MORNING, ZoneInfo(program.zone))


async def begin_program(app: App, claim: Claim, program_id: str) -> None:
    """Launch what has a plan, if the program was announced to begin by itself and its day is here.

    Raises:
        NotYet: its day is still to come, or no pair has a plan yet.
    """
    now = app.clock.now()

    def look(tx: Transaction) -> tuple[str | None, datetime, datetime]:
        program = tx.programs.require(program_id)
        is_open = program.state is ProgramState.ANNOUNCED
        today = now.astimezone(ZoneInfo(program.zone)).date()
        by = begins_by(tx, program_id) if is_open else None
        return by, _morning(tx, program), _morning(tx, program, today)

    by, morning, next_morning = await app.store.run(look)
    if by is None:
        return
    if now < morning:
        raise NotYet(morning, "the day people were told of")
    try:
        await waves.start(app, program_id, Choice(), name="Began by itself", mails=None, by=by)
    except FaultsError:
        raise NotYet(next_morning, "a pair that has a plan") from None


def waiting_to_begin(
    tx: Transaction, program_ids: Iterable[str], now: datetime
) -> list[tuple[Program, date]]:
    """Announced programs whose day has come and which begin by hand, with that day."""
    found = (tx.programs.get(key) for key in sorted(program_ids))
    announced = [p for p in found if p is not None and p.state is ProgramState.ANNOUNCED]
    days = [(program, told_day(tx, program)) for program in announced]
    return [
        (program, day)
        for program, day in days
        if begins_by(tx, program.id) is None
        and now.astimezone(ZoneInfo(program.zone)).date() >= day
    ]


def close(tx: Transaction, program_id: str, now: datetime, by: str) -> None:
    """Close a program that is over: nothing of it is looked at any more. Twice is harmless.

    Raises:
        StillLivingError: some of its pairs go on.
        LateReportsError: its last dates are not a week ago.
    """
    program = tx.programs.require(program_id)
    if program.state is ProgramState.CLOSED:
        return
    if living := tx.pairs.in_state(*GOING_ON, program_id=program_id):
        raise StillLivingError(program_id, len(living))
    _require_evidence(tx, program_id, now)
    tx.programs.put(replace(program, state=ProgramState.CLOSED))
    tx.journal.write(
        JournalEntry(at=now, code="program_closed", program_id=program_id, data={"by": by})
    )


def _require_evidence(tx: Transaction, program_id: str, now: datetime) -> None:
    last = _last_date(tx, tx.pairs.in_state(*sorted(OVER), program_id=program_id), now)
    if last is not None and now - last < EVIDENCE_LASTS:
        raise LateReportsError(program_id, last)


def _last_date(tx: Transaction, pairs: Iterable[Pair], now: datetime) -> datetime | None:
    dates = tx.sessions.of_pairs([pair.id for pair in pairs])
    ends = (one.end for sessions in dates.values() for one in sessions if one.end <= now)
    return max(ends, default=None)


def close_those_over(tx: Transaction, now: datetime) -> None:
    """Close running programs whose pairs are all over and whose last date is four weeks ago.

    Not while a row of *Needs you* is open, before a last day that the rule names, nor within four
    weeks of somebody's taking the program up again.
    """
    opened = {e.program_id: e.at for e in tx.journal.read(code="program_opened")}
    for program in tx.programs.all():
        if program.state is not ProgramState.RUNNING:
            continue
        if tx.pairs.in_state(*GOING_ON, program_id=program.id):
            continue
        pairs = tx.pairs.in_state(*sorted(OVER), program_id=program.id)
        last = _last_date(tx, pairs, now)
        if last is None or now - max(last, opened.get(program.id, last)) < CLOSES_AFTER:
            continue
        ends_on = parsed_rule(tx.rules.current(program.id).body).ends_on
        is_to_last = ends_on is not None and now.date() <= ends_on
        if not is_to_last and not tx.needs.open([pair.id for pair in pairs]):
            close(tx, program.id, now, _BY_ITSELF)


def open_again(tx: Transaction, program_id: str, now: datetime, by: str) -> None:
    """Take a closed program up again, as a running one. Twice is harmless."""
    program = tx.programs.require(program_id)
    if program.state is not ProgramState.CLOSED:
        return
    tx.programs.put(replace(program, state=ProgramState.RUNNING))
    tx.journal.write(
        JournalEntry(at=now, code="program_opened", program_id=program_id, data={"by": by})
    )
