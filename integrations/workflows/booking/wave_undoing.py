"""Undoing a wave: looked at first, done by naming the mails; its pairs may be taken up again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import IntentState, JournalEntry, Pair, PairState
from integrations.workflows.acting import drop_in
from integrations.workflows.app import App
from integrations.workflows.booking.wave_choice import BOTH, WAITING, Counts
from integrations.workflows.booking.wave_gate import latest_waves
from integrations.workflows.booking.waves import WaveStateError, journal_wave
from integrations.workflows.changes.case import load_pair
from integrations.workflows.changes.views import pair_view
from integrations.workflows.ordering import orders
from scheduling.changes.acts import EndSeries
from scheduling.changes.endings import truncation
from scheduling.changes.limits import all_mails

_ENDABLE = frozenset({PairState.BOOKING, PairState.BOOKED, PairState.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What undoing a wave comes to: pairs that end, the mails of that, pairs that only wait."""

    ends: int
    mails: int
    unbooked: int


def undoing(tx: Transaction, app: App, wave_id: str) -> Undoing:
    """What undoing the wave comes to now; nothing is changed.

    A booking under way is finished before it ends, so its mails are counted at their most.
    """
    wave, now = tx.waves.require(wave_id), app.clock.now()
    pairs = _pairs_of(tx, wave)
    ends = [pair for pair in pairs if _is_begun(tx, pair)]
    booked = [pair for pair in ends if pair.state is not PairState.BOOKING]
    under_way = Counts.of(tx, [pair for pair in ends if pair not in booked]).mails
    return Undoing(
        ends=len(ends),
        mails=sum(_ending_mails(tx, app, pair, now) for pair in booked) + sum(under_way.values()),
        unbooked=sum(pair.state in WAITING and pair not in ends for pair in pairs),
    )


def _ending_mails(tx: Transaction, app: App, pair: Pair, now: datetime) -> int:
    view = pair_view(load_pair(tx, pair.id, default_zone=app.options.zone))
    ends = {session.id for session in view.live_from(now)}
    if not ends:
        return 0
    return BOTH * all_mails(EndSeries(truncation(view, ends), closes=True), view)


async def undo(app: App, wave_id: str, *, mails: int, by: str) -> Wave:
    """End each booked pair of the wave with neutral words; who was not booked waits as before.

    Past dates stay. A booking that has begun is finished first, because its outcome may not be
    known. Doing it again is harmless.

    Raises:
        FaultsError: ``mails`` is not the number it would cause now.
    """

    def record(tx: Transaction) -> Wave:
        wave, now = tx.waves.require(wave_id), app.clock.now()
        if wave.state is WaveState.UNDONE:
            return wave
        expected = undoing(tx, app, wave_id).mails
        if expected != mails:
            raise FaultsError(
                [
                    Fault(
                        "mails",
                        gettext(
                            "exactly %(number)s, the number it would cause now", number=expected
                        ),
                        str(mails),
                    )
                ],
                remedy=N_("Look at the numbers again and type the number of mails shown."),
            )
        undone = replace(wave, state=WaveState.UNDONE, undone_at=now)
        tx.waves.put(undone)
        for pair in _pairs_of(tx, wave):
            _end(tx, pair, now, by)
        journal_wave(tx, wave, "wave_undone", now, by, mails=mails)
        return undone

    wave = await app.store.run(record)
    app.woken.set()
    return wave


def _pairs_of(tx: Transaction, wave: Wave) -> list[Pair]:
    """The wave's pairs that no newer wave has taken over, in its order."""
    latest, known = latest_waves(tx, wave.program_id), tx.pairs.many(wave.pair_ids)
    return [known[i] for i in wave.pair_ids if i in known and latest[i].id == wave.id]


def _end(tx: Transaction, pair: Pair, now: datetime, by: str) -> None:
    if _is_begun(tx, pair):
        if pair.state is PairState.PLANNED:
            # Its series may stand already: booking finds out, and what it finds then ends.
            pair = replace(pair, state=PairState.BOOKING)
            tx.work.schedule("book_pair", pair.id, now)
        orders.withdraw(tx, pair, now, by)
        return
    for intent in tx.intents.open(pair.id):
        if intent.state is IntentState.PREPARED:
            drop_in(tx, intent, "wave_undone", now)
    if pair.state in WAITING and pair.offer is not None:
        tx.pairs.put(replace(pair, offer=None))


def _is_begun(tx: Transaction, pair: Pair) -> bool:
    """Whether something of the pair stands in calendars, or may."""
    if pair.state in _ENDABLE:
        return True
    sending = (intent.state is IntentState.SENDING for intent in tx.intents.open(pair.id))
    return pair.state is PairState.PLANNED and any(sending)


async def take_up_again(app: App, wave_id: str, *, by: str) -> int:
    """Enrol anew the pairs that undoing the wave has ended; return how many there are.

    They are planned from their present calendars and may be put into another wave. Dates they
    had stay theirs.

    Raises:
        WaveStateError: the wave was not undone.
    """

    def record(tx: Transaction) -> int:
        wave, now = tx.waves.require(wave_id), app.clock.now()
        if wave.state is not WaveState.UNDONE:
            raise WaveStateError(wave, N_("have its pairs enrolled anew"))
        ended = [pair for pair in _pairs_of(tx, wave) if pair.state is PairState.WITHDRAWN]
        for pair in ended:
            tx.pairs.put(_anew(pair))
            tx.journal.write(
                JournalEntry(
                    at=now,
                    code="enrolled",
                    program_id=pair.program_id,
                    pair_id=pair.id,
                    mailbox_id=pair.mailbox_id,
                    data={"by": by, "wave": wave.id},
                )
            )
        if ended:
            tx.work.schedule("plan", "firm", now)
        return len(ended)

    count = await app.store.run(record)
    app.woken.set()
    return count


def _anew(pair: Pair) -> Pair:
    return replace(
        pair,
        state=PairState.ENROLLED,
        withdrawn=False,
        generation=pair.generation + 1,
        series=None,
        rule_id=None,
        windows_from=None,
        calendars_read_at=None,
        planned_at=None,
        booked_at=None,
        pause=None,
        series_declines=(),
        offer=None,
        said=(),
    )
