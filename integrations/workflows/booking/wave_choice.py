"""Which pairs a wave is to hold, and what launching them comes to; nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.pacing import MailPace, place_in_pace
from integrations.page_records import WaveState
from integrations.ports import Transaction
from integrations.records import Pair, PairState, Program, ProgramState
from integrations.workflows.app import App
from integrations.workflows.booking.announce import require_its_day
from integrations.workflows.booking.wave_gate import latest_waves
from integrations.workflows.changes.case import rule_of
from integrations.workflows.showing.report import PairLine, intended_writes, lines_of_pairs
from scheduling.changes.views import Mode

WAITING = frozenset({PairState.ENROLLED, PairState.PLANNED})
"""Pairs that are not booked."""
BOTH = 2
_ACTIVE = frozenset({WaveState.RUNNING, WaveState.STOPPED})


class ClosedProgramError(NotPossibleError):
    """The program is over: nothing of it is launched any more."""

    remedy = N_("Enrol the pairs in another program.")

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(gettext("this program is closed"))


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


def waiting_pairs(tx: Transaction, program_id: str) -> list[Pair]:
    """Pairs of the program that may be put into a wave: neither booked nor in one already."""
    waves = latest_waves(tx, program_id)
    return [
        pair
        for pair in tx.pairs.in_state(*WAITING, program_id=program_id)
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
    program = open_program(tx, program_id, now)
    pairs = _chosen(tx, program_id, choice)
    placed = [pair for pair in pairs if pair.state is PairState.PLANNED]
    without = [pair for pair in pairs if pair.state is not PairState.PLANNED]
    counts = Counts.of(tx, placed)
    return WavePreview(
        program=program,
        choice=choice,
        placed=tuple(lines_of_pairs(tx, placed)),
        blocked=tuple(lines_of_pairs(tx, without)),
        dates=counts.dates,
        moved=counts.moved,
        taken_out=counts.taken_out,
        mails=sum(counts.mails.values()),
        finishes_at=finishes_at(tx, app, counts.mails, now),
        asked_first=counts.asked_first,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What booking some pairs takes; ``mails`` by the mailbox they leave from."""

    dates: int
    moved: int
    taken_out: int
    mails: Counter[str]
    asked_first: bool

    @classmethod
    def of(cls, tx: Transaction, pairs: Sequence[Pair]) -> Counts:
        """Counted by the plan of each of these pairs as it stands."""
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
        return BOTH
    return 0 if rule.senior_first_days is None else 1


def _chosen(tx: Transaction, program_id: str, choice: Choice) -> list[Pair]:
    waiting = waiting_pairs(tx, program_id)
    known = {name for pair in waiting for name in (pair.id, pair.roster_id)}
    if unknown := [name for name in choice.names if name not in known]:
        raise FaultsError(
            [
                Fault("pairs", N_("pairs of the program that wait to be launched"), n)
                for n in unknown
            ],
            remedy=N_("Name pairs by their ids in the roster, one a line."),
        )
    return [pair for pair in waiting if choice.takes(pair)]


def open_program(tx: Transaction, program_id: str, now: datetime) -> Program:
    """The program, if pairs of it may be launched now. Raises NotPossibleError if not."""
    program = tx.programs.require(program_id)
    if program.state is ProgramState.CLOSED:
        raise ClosedProgramError(program_id)
    require_its_day(tx, program, now)
    return program


def finishes_at(tx: Transaction, app: App, mails: Counter[str], now: datetime) -> datetime:
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
