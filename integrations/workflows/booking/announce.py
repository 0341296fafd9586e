"""Announcing a program: both of each pair hear of it before anything is booked.

Counted first, then done: nobody is to be surprised by how many mails one word sets off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from integrations.days import require_near
from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, PairState, Program, ProgramState
from integrations.workflows.changes.case import Case, load_pair, parsed_rule
from integrations.workflows.messages.enqueue import Notice, enqueue
from integrations.workflows.messages.words import long_date
from scheduling.changes.working_time import working_days_after

ANNOUNCEMENT, JOURNALLED = "announcement", "program_announced"
WORKING_DAYS_BEFORE = 5
"""So long people have to say that a time of day does not suit them, or not now."""
_UNBOOKED = (PairState.ENROLLED, PairState.PLANNED)
_OPEN = frozenset({ProgramState.DRAFT, ProgramState.ANNOUNCED})


class AnnouncedLaterError(NotPossibleError):
    """People were told that invitations come from a later day on."""

    remedy = N_(
        "Book from that day on: people use the days before it to say what does not suit them."
    )

    def __init__(self, program_id: str, books_on: date) -> None:
        self.program_id, self.books_on = program_id, books_on
        super().__init__(
            gettext(
                "this program is announced to be booked from %(day)s on", day=long_date(books_on)
            )
        )


class RunningProgramError(NotPossibleError):
    """The program is past being announced."""

    remedy = N_("Only programs whose booking has not begun are announced.")

    def __init__(self, program_id: str, state: ProgramState) -> None:
        self.program_id, self.state = program_id, state
        super().__init__(gettext("this program has begun or is closed: it cannot be announced"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What announcing a program comes to.

    ``mails`` go out, one to each person of each pair that was not told yet; ``books_on`` is the
    date (program's zone) they name as the first on which invitations may come.
    """

    program: str
    books_on: date
    pairs: int
    mails: int


def announcement(
    tx: Transaction, program_id: str, now: datetime, books_on: date | None = None
) -> Announcement:
    """What announcing the program now would come to; nothing is changed.

    Raises:
        RunningProgramError: it is running or closed.
        FaultsError: ``books_on`` leaves people too little time.
    """
    program = _open_program(tx, program_id)
    day = _books_on(tx, program, now, books_on)
    untold = list(_untold(tx, program))
    return Announcement(
        program=program_id,
        books_on=day,
        pairs=len({case.pair.id for case, _ in untold}),
        mails=len(untold),
    )


def announce(
    tx: Transaction, program_id: str, now: datetime, books_on: date | None = None
) -> Announcement:
    """Announce the program: its mails wait in the outbox, and it is booked from that date on.

    Doing it again tells those alone who were enrolled since. Errors as ``announcement``.
    """
    made = announcement(tx, program_id, now, books_on)
    program = tx.programs.require(program_id)
    facts = {"books_on": made.books_on.isoformat()}
    for case, person in list(_untold(tx, program)):
        enqueue(tx, case, Notice(ANNOUNCEMENT, person, case.pair.id, facts), now)
    tx.programs.put(replace(program, state=ProgramState.ANNOUNCED))
    data = {**facts, "mails": made.mails}
    tx.journal.write(JournalEntry(at=now, code=JOURNALLED, program_id=program_id, data=data))
    return made


def announce_as_seen(
    tx: Transaction, program_id: str, now: datetime, books_on: date | None = None, *, mails: int
) -> Announcement:
    """Announce the program if that causes no more mails than somebody saw beforehand.

    Raises:
        FaultsError: it would cause more; nothing was changed. Other errors as ``announcement``.
    """
    expected = announcement(tx, program_id, now, books_on).mails
    if expected > mails:
        raise FaultsError(
            [
                Fault(
                    "--mails",
                    gettext("at least %(number)s, which it would cause", number=expected),
                    str(mails),
                )
            ],
            remedy=N_("Look at `tandem program announce` without it and name that number."),
        )
    return announce(tx, program_id, now, books_on)


def require_its_day(tx: Transaction, program: Program, now: datetime) -> None:
    """Return if a program may be booked at ``now``, as far as people were told.

    Raises:
        AnnouncedLaterError: they were told of a later day.
    """
    if program.state is not ProgramState.ANNOUNCED:
        return
    books_on = told_day(tx, program)
    if now.astimezone(ZoneInfo(program.zone)).date() < books_on:
        raise AnnouncedLaterError(program.id, books_on)


def told_day(tx: Transaction, program: Program) -> date:
    """The day people were told of last; the first of all days if they were told of none."""
    told = [e for e in tx.journal.read(code=JOURNALLED) if e.program_id == program.id]
    return date.fromisoformat(told[-1].data["books_on"]) if told else date.min


def _open_program(tx: Transaction, program_id: str) -> Program:
    program = tx.programs.require(program_id)
    if program.state not in _OPEN:
        raise RunningProgramError(program_id, program.state)
    return program


def _books_on(tx: Transaction, program: Program, now: datetime, wanted: date | None) -> date:
    weekdays = parsed_rule(tx.rules.current(program.id).body).cadence.weekdays
    zone = ZoneInfo(program.zone)
    noon = datetime.combine(now.astimezone(zone).date(), time(12), zone)
    soonest = working_days_after(noon, WORKING_DAYS_BEFORE, program.zone, weekdays)
    # Who was told of a day may rely on it, whoever is told later.
    day = max(soonest.astimezone(zone).date(), told_day(tx, program))
    if wanted is not None and wanted < day:
        fault = Fault("books-on", gettext("a date from %(day)s on", day=day), str(wanted), day)
        raise FaultsError(
            [fault],
            remedy=gettext("People get %(days)s working days to answer.", days=WORKING_DAYS_BEFORE),
        )
    if wanted is not None:
        require_near("books-on", wanted, now.astimezone(zone).date())
    return wanted or day


def _untold(tx: Transaction, program: Program) -> Iterator[tuple[Case, str]]:
    """Each pair that is to be booked, with each of the two who has no announcement of it yet."""
    for pair in tx.pairs.in_state(*_UNBOOKED, program_id=program.id):
        if pair.mailbox_id is None or pair.withdrawn:
            continue
        told = _told(tx, pair)
        case = load_pair(tx, pair.id, default_zone=program.zone)
        for person in case.people:
            if person.id not in told and person.enabled and not person.gone:
                yield case, person.id


def _told(tx: Transaction, pair: Pair) -> set[str]:
    rows = tx.outbox.of_pair(pair.id)
    return {row.person_id for row in rows if row.purpose == ANNOUNCEMENT}
