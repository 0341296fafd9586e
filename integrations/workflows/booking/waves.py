"""Launching a program in waves: started by naming the mails, stopped, let go on, done.

A wave holds the pairs that were placed when it was started, so that its mails are those somebody
confirmed. It writes to no calendar itself: what is started, stopped or undone stands in the store,
and the work that books and ends pairs goes by it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import JournalEntry, PairState, ProgramState
from integrations.workflows.app import App
from integrations.workflows.booking.launching import schedule_bookings
from integrations.workflows.booking.wave_choice import (
    WAITING,
    Choice,
    WavePreview,
    open_program,
    preview,
    waiting_pairs,
)
from integrations.workflows.booking.wave_progress import blocked_of

_BY_ITSELF = "tandem"


class WaveStateError(NotPossibleError):
    """The wave is past what it is told to do."""

    remedy = N_("Look at the wave again: somebody may have stopped, continued or undone it.")

    def __init__(self, wave: Wave, wanted: str) -> None:
        self.wave_id, self.state = wave.id, wave.state
        super().__init__(
            gettext(
                "this wave is %(state)s: it cannot %(wanted)s",
                state=gettext(wave.state.value),
                wanted=gettext(wanted),
            )
        )


async def start(
    app: App, program_id: str, choice: Choice, *, name: str, mails: int | None, by: str
) -> Wave:
    """Launch the placed ones of the chosen pairs, and with them the program if it did not run.

    Doing it twice starts one wave. ``mails`` is the number that was confirmed; None where whoever
    it is for said beforehand that it begins with however many there are.

    Raises:
        FaultsError: ``mails`` is not the number it would cause now, or nothing is placed.
        NotPossibleError: as ``preview``.
    """
    chance = UUID(int=app.chance.getrandbits(128)).hex

    def record(tx: Transaction) -> Wave:
        again = _just_started(tx, program_id, choice, mails)
        if again is not None:
            return again
        found = preview(tx, app, program_id, choice)
        _require_confirmed(found, mails)
        now = app.clock.now()
        wave = Wave(
            id=f"wave-{chance[:12]}",
            program_id=program_id,
            name=name.strip() or f"{now:%d %B %Y}",
            pair_ids=tuple(line.id for line in found.placed),
            state=WaveState.RUNNING,
            mails_confirmed=found.mails,
            created_at=now,
            created_by=by,
        )
        tx.waves.add(wave)
        tx.programs.put(replace(found.program, state=ProgramState.RUNNING))
        journal_wave(tx, wave, "wave_started", now, by, mails=found.mails)
        schedule_bookings(tx, now, program_id)
        return wave

    wave = await app.store.run(record)
    app.woken.set()
    return wave


def _just_started(
    tx: Transaction, program_id: str, choice: Choice, mails: int | None
) -> Wave | None:
    """The running wave that the same words have just started: a form that was sent twice."""
    newest = next(iter(tx.waves.of_program(program_id)), None)
    if newest is None or (newest.state, newest.mails_confirmed) != (WaveState.RUNNING, mails):
        return None
    is_same = all(choice.takes(pair) for pair in tx.pairs.many(newest.pair_ids).values())
    return newest if is_same and not _planned(tx, program_id, choice) else None


def _planned(tx: Transaction, program_id: str, choice: Choice) -> bool:
    waiting = waiting_pairs(tx, program_id)
    return any(pair.state is PairState.PLANNED and choice.takes(pair) for pair in waiting)


def _require_confirmed(found: WavePreview, mails: int | None) -> None:
    if not found.placed:
        raise FaultsError(
            [Fault("pairs", N_("at least one pair that waits and has a plan"))],
            remedy=N_(
                "Look again: some may be booked since. Pairs without a plan show what is in "
                "their way."
            ),
        )
    if mails is not None and found.mails != mails:
        raise FaultsError(
            [
                Fault(
                    "mails",
                    gettext(
                        "exactly %(number)s, the number it would cause now", number=found.mails
                    ),
                    str(mails),
                )
            ],
            remedy=N_("Look at the numbers again and type the number of mails shown."),
        )


async def stop(app: App, wave_id: str, *, by: str) -> Wave:
    """Let what has begun be ended and begin nothing more of the wave; doing it again is harmless.

    Raises:
        WaveStateError: it was undone, or is done.
    """

    def record(tx: Transaction) -> Wave:
        wave, now = tx.waves.require(wave_id), app.clock.now()
        if wave.state is WaveState.STOPPED:
            return wave
        if wave.state is not WaveState.RUNNING:
            raise WaveStateError(wave, N_("be stopped"))
        stopped = replace(wave, state=WaveState.STOPPED, stopped_at=now)
        tx.waves.put(stopped)
        journal_wave(tx, wave, "wave_stopped", now, by)
        return stopped

    return await app.store.run(record)


async def go_on(app: App, wave_id: str, *, by: str) -> Wave:
    """Let a stopped wave go on where it was; doing it again is harmless.

    Raises:
        WaveStateError: it was undone, or is done.
        ClosedProgramError: its program is over.
    """

    def record(tx: Transaction) -> Wave:
        wave, now = tx.waves.require(wave_id), app.clock.now()
        if wave.state is WaveState.RUNNING:
            return wave
        if wave.state is not WaveState.STOPPED:
            raise WaveStateError(wave, N_("go on"))
        open_program(tx, wave.program_id, now)
        going = replace(wave, state=WaveState.RUNNING, stopped_at=None)
        tx.waves.put(going)
        journal_wave(tx, wave, "wave_resumed", now, by)
        schedule_bookings(tx, now, wave.program_id)
        return going

    wave = await app.store.run(record)
    app.woken.set()
    return wave


def settle_done(tx: Transaction, now: datetime) -> None:
    """Mark the running waves of which nothing is left to be booked but what somebody must mend."""
    for wave in tx.waves.all():
        if wave.state is not WaveState.RUNNING:
            continue
        pairs = tx.pairs.many(wave.pair_ids).values()
        left = [pair for pair in pairs if pair.state in {*WAITING, PairState.BOOKING}]
        if len(blocked_of(tx, left)) == len(left):
            tx.waves.put(replace(wave, state=WaveState.DONE))
            journal_wave(tx, wave, "wave_done", now, _BY_ITSELF)


def journal_wave(
    tx: Transaction, wave: Wave, code: str, now: datetime, by: str, **facts: int
) -> None:
    """Journal what became of a wave, and by whom."""
    data = {"by": by, "wave": wave.id, "pairs": len(wave.pair_ids), **facts}
    tx.journal.write(JournalEntry(at=now, code=code, program_id=wave.program_id, data=data))
