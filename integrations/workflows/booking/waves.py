"""Launching a program in waves: looked at first, started by naming the mails, stopped and undone.

A wave holds the pairs that were placed when it was started, so that its mails are those somebody
confirmed. It writes to no calendar itself: what is started, stopped or undone stands in the store,
and the work that books and ends pairs goes by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from integrations.blockers import STOPPING
from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.pacing import MailPace, place_in_pace
from integrations.page_records import Wave, WaveState
from integrations.ports import Transaction
from integrations.records import (
    BlockerScope,
    IntentState,
    JournalEntry,
    Pair,
    PairState,
    Program,
    ProgramState,
)
from integrations.workflows.acting import drop_in
from integrations.workflows.app import App
from integrations.workflows.booking.announce import require_its_day
from integrations.workflows.booking.book import schedule_bookings
from integrations.workflows.booking.wave_gate import latest_waves
from integrations.workflows.changes.case import load_pair, rule_of
from integrations.workflows.changes.views import pair_view
from integrations.workflows.ordering import orders
from integrations.workflows.showing.report import PairLine, intended_writes, lines_of_pairs
from scheduling.changes.acts import EndSeries
from scheduling.changes.endings import truncation
from scheduling.changes.limits import all_mails
from scheduling.changes.views import Mode

_WAITING = frozenset({PairState.ENROLLED, PairState.PLANNED})
_ENDABLE = frozenset({PairState.BOOKING, PairState.BOOKED, PairState.PAUSED})
_ACTIVE = frozenset({WaveState.RUNNING, WaveState.STOPPED})
_PAIR_UNITS = 2
_BY_ITSELF = "tandem"


class WaveStateError(NotPossibleError):
    """The wave is past what it is told to do."""

    remedy = "Look at the wave again: somebody may have stopped, continued or undone it."

    def __init__(self, wave: Wave, wanted: str) -> None:
        self.wave_id, self.state = wave.id, wave.state
        super().__init__(f"this wave is {wave.state}: it cannot {wanted}")


class ClosedProgramError(NotPossibleError):
    """The program is over: nothing of it is launched any more."""

    remedy = "Enrol the pairs in another program."

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__("this program is closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which pairs of a program a wave is to hold: all that wait, or those of what is named.

    ``names`` are ids of pairs, or theirs in the roster.
    """

    office: str | None = None
    practice_group: str | None = None
    names: tuple[str, ...] = ()

    def takes(self, pair: Pair) -> bool:
        """Whether the pair is among those chosen."""
        return (
            self.office in (None, pair.office)
            and self.practice_group in (None, pair.practice_group)
            and (not self.names or bool({pair.id, pair.roster_id} & set(self.names)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePreview:
    """What launching the chosen pairs comes to, by the plan as it stands; nothing is changed.

    ``placed`` would be booked; ``blocked`` have no plan, each with what is in the way. ``mails``
    are those that booking the placed ones causes, ``finishes_at`` is when the last of them leaves
    at the pace of the mailboxes, were the wave started now. ``asked_first``: people pick their
    hour before anything is booked, so mails count the offers and the invitations, and how many
    dates will lie at another hour is not known yet.
    """

    program: Program
    choice: Choice
    placed: tuple[PairLine, ...]
    blocked: tuple[PairLine, ...]
    dates: int
    moved: int
    taken_out: int
    mails: int
    finishes_at: datetime
    asked_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a wave is. ``waiting`` have not begun, ``begun`` are being booked.

    ``blocked`` wait for somebody, with what is in their way. ``finishes_at`` is when the last mail
    leaves at the pace of the mailboxes; None where nothing is left or nothing goes on.
    """

    wave: Wave
    booked: int
    begun: int
    waiting: int
    ended: int
    blocked: tuple[PairLine, ...]
    finishes_at: datetime | None

    @property
    def pairs(self) -> int:
        """How many pairs the wave has."""
        return len(self.wave.pair_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What undoing a wave comes to: pairs that end, the mails of that, pairs that only wait."""

    ends: int
    mails: int
    unbooked: int


def waiting_pairs(tx: Transaction, program_id: str) -> list[Pair]:
    """Pairs of the program that may be put into a wave: neither booked nor in one already."""
    waves = latest_waves(tx, program_id)
    return [
        pair
        for pair in tx.pairs.in_state(*_WAITING, program_id=program_id)
        if not pair.withdrawn and (pair.id not in waves or waves[pair.id].state not in _ACTIVE)
    ]


def choices(pairs: Iterable[Pair]) -> tuple[dict[str, int], dict[str, int]]:
    """Offices and practice groups of these pairs, each with its number of pairs."""
    pairs = list(pairs)
    offices = Counter(pair.office for pair in pairs if pair.office)
    groups = Counter(pair.practice_group for pair in pairs if pair.practice_group)
    return dict(sorted(offices.items())), dict(sorted(groups.items()))


def preview(tx: Transaction, app: App, program_id: str, choice: Choice) -> WavePreview:
    """What a wave of the chosen pairs comes to, were it started now.

    Raises:
        FaultsError: a name is no waiting pair's.
        NotPossibleError: the program is closed, or announced to begin later.
    """
    now = app.clock.now()
    program = _open_program(tx, program_id, now)
    pairs = _chosen(tx, program_id, choice)
    placed = [pair for pair in pairs if pair.state is PairState.PLANNED]
    without = [pair for pair in pairs if pair.state is not PairState.PLANNED]
    counts = _Counts.of(tx, placed)
    return WavePreview(
        program=program,
        choice=choice,
        placed=tuple(lines_of_pairs(tx, placed)),
        blocked=tuple(lines_of_pairs(tx, without)),
        dates=counts.dates,
        moved=counts.moved,
        taken_out=counts.taken_out,
        mails=sum(counts.mails.values()),
        finishes_at=_finishes_at(tx, app, counts.mails, now),
        asked_first=counts.asked_first,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """What booking some pairs takes; ``mails`` by the mailbox they leave from."""

    dates: int
    moved: int
    taken_out: int
    mails: Counter[str]
    asked_first: bool

    @classmethod
    def of(cls, tx: Transaction, pairs: Sequence[Pair]) -> _Counts:
        sessions = tx.sessions.of_pairs([pair.id for pair in pairs])
        kinds: Counter[str] = Counter()
        mails: Counter[str] = Counter()
        dates, asked_first = 0, False
        for pair in pairs:
            own = [s for s in sessions[pair.id] if s.generation == pair.generation]
            writes = intended_writes(pair.id, own)
            offers = _offered_to(tx, pair)
            if offers:
                asked_first = True
                writes = writes[:1]
            kinds.update(write.kind for write in writes)
            mails[pair.mailbox_id or ""] += offers + sum(write.mails for write in writes)
            dates += len(own)
        taken_out = kinds["take out date"]
        return cls(
            dates=dates - taken_out,
            moved=kinds["move date"],
            taken_out=taken_out,
            mails=mails,
            asked_first=asked_first,
        )


def _offered_to(tx: Transaction, pair: Pair) -> int:
    """How many of the two are asked to pick an hour before anything is booked."""
    rule = rule_of(tx, pair)
    if rule.mode is Mode.LIGHT:
        return _PAIR_UNITS
    return 0 if rule.senior_first_days is None else 1


def _chosen(tx: Transaction, program_id: str, choice: Choice) -> list[Pair]:
    waiting = waiting_pairs(tx, program_id)
    known = {name for pair in waiting for name in (pair.id, pair.roster_id)}
    if unknown := [name for name in choice.names if name not in known]:
        raise FaultsError(
            [Fault("pairs", "pairs of the program that wait to be launched", n) for n in unknown],
            remedy="Name pairs by their ids in the roster, one a line.",
        )
    return [pair for pair in waiting if choice.takes(pair)]


def _open_program(tx: Transaction, program_id: str, now: datetime) -> Program:
    program = tx.programs.require(program_id)
    if program.state is ProgramState.CLOSED:
        raise ClosedProgramError(program_id)
    require_its_day(tx, program, now)
    return program


def _finishes_at(tx: Transaction, app: App, mails: Counter[str], now: datetime) -> datetime:
    """When the last of these mails leaves, behind what their mailboxes have granted already."""
    pace = app.options.mail_pace
    return max((_last_mail(tx, box, count, pace, now) for box, count in mails.items()), default=now)


def _last_mail(
    tx: Transaction, mailbox_id: str, mails: int, pace: MailPace | None, now: datetime
) -> datetime:
    mailbox = tx.mailboxes.get(mailbox_id)
    if pace is None or mailbox is None:
        return now
    starts = max(now, mailbox.not_before or now)
    _, at = place_in_pace(mailbox.mail_paced_until, mails, starts, pace.per_mail, pace.burst)
    return at


# --- starting, stopping, going on ---------------------------------------------------------


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
        _journal(tx, wave, "wave_started", now, by, mails=found.mails)
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
            [Fault("pairs", "at least one pair that has a plan")],
            remedy="Pairs without a plan show what is in their way.",
        )
    if mails is not None and found.mails != mails:
        raise FaultsError(
            [Fault("mails", f"exactly {found.mails}, the number it would cause now", str(mails))],
            remedy="Look at the numbers again and type the number of mails shown.",
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
            raise WaveStateError(wave, "be stopped")
        stopped = replace(wave, state=WaveState.STOPPED, stopped_at=now)
        tx.waves.put(stopped)
        _journal(tx, wave, "wave_stopped", now, by)
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
            raise WaveStateError(wave, "go on")
        _open_program(tx, wave.program_id, now)
        going = replace(wave, state=WaveState.RUNNING, stopped_at=None)
        tx.waves.put(going)
        _journal(tx, wave, "wave_resumed", now, by)
        schedule_bookings(tx, now, wave.program_id)
        return going

    wave = await app.store.run(record)
    app.woken.set()
    return wave


# --- undoing it ---------------------------------------------------------------------------


def undoing(tx: Transaction, app: App, wave_id: str) -> Undoing:
    """What undoing the wave comes to now; nothing is changed.

    A booking under way is finished before it ends, so its mails are counted at their most.
    """
    wave, now = tx.waves.require(wave_id), app.clock.now()
    pairs = _pairs_of(tx, wave)
    ends = [pair for pair in pairs if _is_begun(tx, pair)]
    booked = [pair for pair in ends if pair.state is not PairState.BOOKING]
    under_way = _Counts.of(tx, [pair for pair in ends if pair not in booked]).mails
    return Undoing(
        ends=len(ends),
        mails=sum(_ending_mails(tx, app, pair, now) for pair in booked) + sum(under_way.values()),
        unbooked=sum(pair.state in _WAITING and pair not in ends for pair in pairs),
    )


def _ending_mails(tx: Transaction, app: App, pair: Pair, now: datetime) -> int:
    view = pair_view(load_pair(tx, pair.id, default_zone=app.options.zone))
    ends = {session.id for session in view.live_from(now)}
    if not ends:
        return 0
    return _PAIR_UNITS * all_mails(EndSeries(truncation(view, ends), closes=True), view)


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
                [Fault("mails", f"exactly {expected}, the number it would cause now", str(mails))],
                remedy="Look at the numbers again and type the number of mails shown.",
            )
        undone = replace(wave, state=WaveState.UNDONE, undone_at=now)
        tx.waves.put(undone)
        for pair in _pairs_of(tx, wave):
            _end(tx, pair, now, by)
        _journal(tx, wave, "wave_undone", now, by, mails=mails)
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
    if pair.state in _WAITING and pair.offer is not None:
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
            raise WaveStateError(wave, "have its pairs enrolled anew")
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


# --- how it goes --------------------------------------------------------------------------


def progress(tx: Transaction, app: App, wave_id: str) -> Progress:
    """How far a wave is."""
    wave, now = tx.waves.require(wave_id), app.clock.now()
    pairs = list(tx.pairs.many(wave.pair_ids).values())
    states = Counter(pair.state for pair in pairs)
    open_pairs = [pair for pair in pairs if pair.state in {*_WAITING, PairState.BOOKING}]
    blocked = _blocked(tx, open_pairs)
    goes_on = wave.state is WaveState.RUNNING
    waiting = [pair for pair in open_pairs if pair.state is PairState.PLANNED and goes_on]
    mails = _Counts.of(tx, waiting).mails
    return Progress(
        wave=wave,
        booked=states[PairState.BOOKED] + states[PairState.PAUSED],
        begun=states[PairState.BOOKING],
        waiting=states[PairState.ENROLLED] + states[PairState.PLANNED],
        ended=states[PairState.WITHDRAWN] + states[PairState.COMPLETED],
        blocked=tuple(lines_of_pairs(tx, blocked)),
        finishes_at=_finishes_at(tx, app, mails, now) if waiting else None,
    )


def _blocked(tx: Transaction, pairs: Sequence[Pair]) -> list[Pair]:
    """Those whose own blockers, or those of their people, wait for somebody."""
    people = {person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)}
    stopped = {
        blocker.subject_id
        for scope, ids in (
            (BlockerScope.PAIR, [pair.id for pair in pairs]),
            (BlockerScope.PERSON, sorted(people)),
        )
        for blocker in tx.blockers.open(scope, ids)
        if blocker.code in STOPPING
    }
    return [p for p in pairs if {p.id, p.mentor_id, p.mentee_id} & stopped]


def settle_done(tx: Transaction, now: datetime) -> None:
    """Mark the running waves of which nothing is left to be booked but what somebody must mend."""
    for wave in tx.waves.all():
        if wave.state is not WaveState.RUNNING:
            continue
        pairs = tx.pairs.many(wave.pair_ids).values()
        left = [pair for pair in pairs if pair.state in {*_WAITING, PairState.BOOKING}]
        if len(_blocked(tx, left)) == len(left):
            tx.waves.put(replace(wave, state=WaveState.DONE))
            _journal(tx, wave, "wave_done", now, _BY_ITSELF)


def _journal(tx: Transaction, wave: Wave, code: str, now: datetime, by: str, **facts: int) -> None:
    data = {"by": by, "wave": wave.id, "pairs": len(wave.pair_ids), **facts}
    tx.journal.write(JournalEntry(at=now, code=code, program_id=wave.program_id, data=data))
