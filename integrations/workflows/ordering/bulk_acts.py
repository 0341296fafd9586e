"""One act on many pairs of a program: one look at what it would do, and one yes.

A bulk act is told each pair as it would be told alone; the pairs are then due, and whoever works
carries it out. What is said beforehand comes from the store alone: pauses and ends do not wait for
calendars, and ten thousand of those are not read for a page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import WaveState
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.attendance.group_sessions import (
    record_group_session,
    require_countable,
)
from integrations.workflows.booking.launching import schedule_bookings
from integrations.workflows.messages.words import names_of
from integrations.workflows.ordering import orders
from integrations.workflows.ordering.mails_caused import Telling, mails_caused
from integrations.workflows.ordering.pair_acts import (
    Given,
    PairAct,
    group_session_in,
    telling_of,
)
from integrations.workflows.showing.report import intended_writes

MOST_PAIRS = 1000
"""How many pairs one bulk act takes at most."""
_NOT_BEGUN = frozenset({PairState.ENROLLED, PairState.PLANNED})
_OPEN_WAVES = frozenset({WaveState.RUNNING, WaveState.STOPPED})


class BulkAct(StrEnum):
    """What can be done with many pairs at once."""

    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    MOVE_TO_WAVE = "move_to_wave"
    GROUP_SESSION = "group_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRow:
    """One pair of a bulk act; ``refused`` says why nothing would happen to it."""

    pair_id: str
    names: str
    state: PairState
    mails: int = 0
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPreview:
    """What a bulk act would do to each pair, in the order of their names."""

    act: BulkAct
    rows: tuple[BulkRow, ...]

    @property
    def mails(self) -> int:
        """How many mails would go out."""
        return sum(row.mails for row in self.rows)

    @property
    def affected(self) -> tuple[BulkRow, ...]:
        """The pairs to which it would be done."""
        return tuple(row for row in self.rows if row.refused is None)


async def preview_bulk(
    app: App, program_id: str, pair_ids: Iterable[str], act: BulkAct, given: Given, *, by: str
) -> BulkPreview:
    """What would become of each of these pairs of the program; nothing is written.

    Raises:
        FaultsError: no pairs, too many, or a field of the act cannot be meant.
    """
    telling = _telling(act, given, by)
    pairs = await app.store.run(lambda tx: _named(tx, program_id, pair_ids))
    room = asyncio.Semaphore(app.options.workers)

    async def one(pair: Pair, names: str) -> BulkRow:
        row = BulkRow(pair_id=pair.id, names=names, state=pair.state)
        async with room:
            try:
                mails = await _mails(app, pair, act, given, telling)
            except NotPossibleError as why:
                return replace(row, refused=str(why))
            except FaultsError as why:
                return replace(row, refused="; ".join(str(fault) for fault in why.faults))
        return replace(row, mails=mails)

    rows = await asyncio.gather(*(one(pair, names) for pair, names in pairs))
    return BulkPreview(act=act, rows=tuple(sorted(rows, key=lambda r: (r.names, r.pair_id))))


async def carry_out_bulk(
    app: App,
    program_id: str,
    pair_ids: Iterable[str],
    act: BulkAct,
    given: Given,
    *,
    mails: int,
    by: str,
) -> BulkPreview:
    """Tell each pair, if that causes no more mails than were seen; what was done to each.

    All pairs that can be told are told, in one transaction.

    Raises:
        FaultsError: as ``preview_bulk``, or it would cause more mails; nothing was done.
    """
    found = await preview_bulk(app, program_id, pair_ids, act, given, by=by)
    if found.mails > mails:
        raise FaultsError(
            [
                Fault(
                    "mails",
                    gettext("at least %(number)s, which it would cause by now", number=found.mails),
                    str(mails),
                )
            ],
            remedy=N_("Look again at what it would do."),
        )
    telling, now = _telling(act, given, by), app.clock.now()

    def keep(tx: Transaction) -> BulkPreview:
        rows = tuple(_told(app, tx, row, telling, now) for row in found.rows)
        return BulkPreview(act=act, rows=rows)

    done = await app.store.run(keep)
    app.woken.set()
    return done


def _told(app: App, tx: Transaction, row: BulkRow, telling: Telling, now: datetime) -> BulkRow:
    """Tell one pair; one that somebody else has changed since refuses before anything is kept."""
    if row.refused is not None:
        return row
    try:
        telling(app, tx, tx.pairs.require(row.pair_id), now)
    except (NotPossibleError, FaultsError) as why:
        return replace(row, mails=0, refused=str(why))
    return row


async def _mails(app: App, pair: Pair, act: BulkAct, given: Given, telling: Telling) -> int:
    if act is BulkAct.GROUP_SESSION:
        group, now = group_session_in(given), app.clock.now()
        await app.store.run(lambda tx: require_countable(tx, pair, group, now))
        return 0
    caused = await mails_caused(app, pair.id, telling, reads=False)
    if act is not BulkAct.MOVE_TO_WAVE:
        return len(caused.mails)
    return await app.store.run(lambda tx: _invitations(tx, pair, given["wave"]))


def _telling(act: BulkAct, given: Given, by: str) -> Telling:
    if act is BulkAct.MOVE_TO_WAVE:
        wave_id = given.get("wave", "")
        return lambda app, tx, pair, now: move_to_wave(app, tx, pair, wave_id, by=by)
    if act is BulkAct.GROUP_SESSION:
        group = group_session_in(given)
        return lambda app, tx, pair, now: record_group_session(tx, app, pair, group, now, by=by)
    return telling_of(PairAct(act.value), given, by)


def _named(tx: Transaction, program_id: str, pair_ids: Iterable[str]) -> Sequence[tuple[Pair, str]]:
    wanted = list(dict.fromkeys(pair_ids))
    if not 0 < len(wanted) <= MOST_PAIRS:
        expected = gettext("1 to %(most)s pairs", most=MOST_PAIRS)
        raise FaultsError([Fault("pairs", expected, str(len(wanted)))], remedy=N_("Choose fewer."))
    known = tx.pairs.many(wanted)
    pairs = [known[i] for i in wanted if i in known and known[i].program_id == program_id]
    if len(pairs) != len(wanted):
        raise FaultsError(
            [Fault("pairs", N_("pairs of this program"))], remedy=N_("Choose them anew.")
        )
    people = tx.participants.many({p for pair in pairs for p in (pair.mentor_id, pair.mentee_id)})
    return [(pair, names_of(people[pair.mentor_id], people[pair.mentee_id])) for pair in pairs]


# --- waves ---------------------------------------------------------------------------------


class WaveOverError(NotPossibleError):
    """The wave takes no pair any more."""

    remedy = N_("Choose a wave that is running or stopped, or start one with these pairs.")

    def __init__(self, wave_id: str) -> None:
        self.wave_id = wave_id
        super().__init__(gettext("no open wave of this program is called so"))


def move_to_wave(app: App, tx: Transaction, pair: Pair, wave_id: str, *, by: str) -> None:
    """Launch a pair that is not booked yet with another wave than the one it waits in, if any.

    With one that runs its booking begins; with one that is stopped it waits until that goes on.

    Raises:
        WaveOverError: there is no such wave, or it is through.
        WrongStateError: the pair's booking has begun.
    """
    wave = tx.waves.get(wave_id)
    if wave is None or wave.program_id != pair.program_id or wave.state not in _OPEN_WAVES:
        raise WaveOverError(wave_id)
    if pair.state not in _NOT_BEGUN:
        raise orders.WrongStateError(pair.id, pair.state, N_("go with another wave"))
    for other in tx.waves.of_program(pair.program_id):
        if other.id != wave.id and other.state in _OPEN_WAVES and pair.id in other.pair_ids:
            left = tuple(i for i in other.pair_ids if i != pair.id)
            tx.waves.put(replace(other, pair_ids=left))
    if pair.id in wave.pair_ids:
        return
    tx.waves.put(replace(wave, pair_ids=(*wave.pair_ids, pair.id)))
    now = app.clock.now()
    tx.journal.write(
        JournalEntry(
            at=now,
            code="wave_changed",
            program_id=pair.program_id,
            pair_id=pair.id,
            data={"by": by, "wave": wave.id},
        )
    )
    if wave.state is WaveState.RUNNING:
        schedule_bookings(tx, now, pair.program_id)


def _invitations(tx: Transaction, pair: Pair, wave_id: str) -> int:
    """The mails that launching a planned pair causes, where its wave runs."""
    wave = tx.waves.require(wave_id)
    if wave.state is not WaveState.RUNNING or pair.id in wave.pair_ids:
        return 0
    own = [s for s in tx.sessions.of_pair(pair.id) if s.generation == pair.generation]
    return sum(write.mails for write in intended_writes(pair.id, own)) if own else 0
