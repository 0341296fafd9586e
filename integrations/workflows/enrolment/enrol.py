"""Enrolling pairs from a roster: whole or not at all, and twice the same as once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import NAMESPACE_URL, uuid5

from integrations.errors import Fault, RosterError, SettingsError
from integrations.language import N_
from integrations.ports import DirectoryUser, Transaction
from integrations.records import (
    BlockerScope,
    JournalEntry,
    Mailbox,
    Note,
    Pair,
    PairState,
    Participant,
    Program,
    ProgramState,
    Rule,
)
from integrations.workflows.app import App
from integrations.workflows.enrolment.people import refresh_settings
from integrations.workflows.enrolment.roster import RosterRow, cell, read_roster
from integrations.workflows.enrolment.standing import keep_blockers
from integrations.workflows.enrolment.workbook import roster_of
from integrations.workflows.rulebook.rules import ProgramRule


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an import did. ``blocked`` counts people who need somebody's help first."""

    added: int
    updated: int
    unchanged: int
    people: int
    programs: tuple[str, ...]
    blocked: int


Also: TypeAlias = Callable[[Transaction, Enrolment], None]
"""What else is to be kept with the rows; ``blocked`` of the enrolment is not known by then."""


def _nothing_else(tx: Transaction, done: Enrolment) -> None:
    """An import that keeps its rows alone."""


def program_id(name: str) -> str:
    """The internal id of a program: the same name is the same program."""
    return "prog-" + uuid5(NAMESPACE_URL, f"tandem:program:{name.strip().casefold()}").hex[:12]


def person_id(directory_id: str) -> str:
    """The internal id of a person of the directory."""
    return "pers-" + uuid5(NAMESPACE_URL, f"tandem:person:{directory_id.lower()}").hex[:12]


def pair_id(program: str, mentor: str, mentee: str) -> str:
    """The internal id of two people in a program; the roster's own id may be a name."""
    return "pair-" + uuid5(NAMESPACE_URL, f"tandem:pair:{program}:{mentor}:{mentee}").hex[:12]


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row of a roster that may be imported; ``change`` is what that does.

    It is ``added``, or ``known`` of a pair that the program has already.
    """

    row: RosterRow
    mentor: str
    mentee: str
    change: str


async def check_roster(app: App, roster: bytes, program: str | None = None) -> list[CheckedRow]:
    """What importing the roster would do, row by row; nothing is kept.

    Parameters:
        program: the name of the only program it may be about; None: any.

    Raises:
        RosterError: every wrong cell, people unknown to the directory included.
        GraphError: the directory could not be asked.
    """
    rows, users = await _checked(app, roster)
    if program is not None:
        wrong = (row for row in rows if program_id(row.program) != program_id(program))
        faults = [Fault(cell(row.number, "program"), repr(program), row.program) for row in wrong]
        if faults:
            raise RosterError(faults)

    def compare(tx: Transaction) -> list[CheckedRow]:
        return [_checked_row(tx, row, users) for row in rows]

    return await app.store.run(compare)


def _checked_row(
    tx: Transaction, row: RosterRow, users: Mapping[str, DirectoryUser | None]
) -> CheckedRow:
    mentor, mentee = users[row.mentor_mail], users[row.mentee_mail]
    ids = [person_id(user.id) for user in (mentor, mentee) if user is not None]
    known = tx.pairs.get(pair_id(program_id(row.program), *ids)) is not None
    names = [user.name for user in (mentor, mentee) if user is not None]
    return CheckedRow(row, names[0], names[1], "known" if known else "added")


async def _found(
    app: App, roster: bytes
) -> tuple[list[RosterRow], dict[str, DirectoryUser | None]]:
    rows = read_roster(roster_of(roster))
    mails = sorted({mail for row in rows for mail in _mails(row)})
    return rows, await app.graph.directory.find(mails)


async def _checked(
    app: App, roster: bytes
) -> tuple[list[RosterRow], dict[str, DirectoryUser | None]]:
    rows, users = await _found(app, roster)
    if unknown := list(_unknown_people(rows, users)):
        raise RosterError(unknown)
    return rows, users


async def enrol(app: App, roster: bytes, also: Also = _nothing_else) -> Enrolment:
    """Import a roster, a CSV or a workbook.

    Parameters:
        also: keeps more in the transaction that keeps the rows.

    Raises:
        RosterError: every wrong cell, people unknown to the directory included; nothing is kept.
        SettingsError: a program mailbox named in the settings does not exist.
        GraphError: the directory could not be asked; nothing is kept.
    """
    rows, users = await _checked(app, roster)
    await sync_mailboxes(app)

    def keep(tx: Transaction) -> Enrolment:
        done = keep_rows(app, tx, rows, users)
        also(tx, done)
        return done

    enrolment = await app.store.run(keep)
    return replace(enrolment, blocked=await _look_at_people(app, users))


async def blocked_of(app: App, roster: bytes) -> int:
    """How many people of a roster that was imported need somebody's help first."""
    _, users = await _found(app, roster)
    return await _look_at_people(app, users)


async def _look_at_people(app: App, users: Mapping[str, DirectoryUser | None]) -> int:
    # Zone, hours and missing mailboxes show up now, not on the day of booking.
    found = [user for user in users.values() if user is not None]
    await refresh_settings(app, [person_id(user.id) for user in found])
    return await _count_blocked(app, found)


def _mails(row: RosterRow) -> tuple[str, str]:
    return row.mentor_mail, row.mentee_mail


def _groups(row: RosterRow) -> Iterator[tuple[str, str]]:
    """The practice groups of the row's two people, as far as it names them."""
    both = (row.mentor_practice_group, row.mentee_practice_group)
    return ((mail, group) for mail, group in zip(_mails(row), both, strict=True) if group)


def _unknown_people(
    rows: Sequence[RosterRow], users: Mapping[str, DirectoryUser | None]
) -> Iterable[Fault]:
    for row in rows:
        for column, mail in zip(("mentor_mail", "mentee_mail"), _mails(row), strict=True):
            if users[mail] is None:
                yield Fault(cell(row.number, column), N_("somebody in the directory"), mail)
        mentor, mentee = users[row.mentor_mail], users[row.mentee_mail]
        if mentor is not None and mentee is not None and mentor.id == mentee.id:
            yield Fault(
                cell(row.number, "mentee_mail"),
                N_("somebody other than the mentor (both addresses are one person's)"),
                row.mentee_mail,
            )


async def sync_mailboxes(app: App) -> None:
    """Have a row for every program mailbox of the settings; others take no new pairs."""
    addresses = app.options.program_mailboxes
    known = await app.store.run(lambda tx: tx.mailboxes.all())
    if {m.address for m in known if m.open_to_new} == {a.lower() for a in addresses}:
        return
    users = await app.graph.directory.find(addresses)
    if missing := [address for address in addresses if users[address] is None]:
        raise SettingsError(
            [Fault("TANDEM_PROGRAM_MAILBOXES", N_("mailboxes of this tenant"), m) for m in missing]
        )
    ids = {user.id for user in users.values() if user is not None}

    def record(tx: Transaction) -> None:
        for mailbox in tx.mailboxes.all():
            if mailbox.open_to_new != (mailbox.id in ids):
                tx.mailboxes.put(replace(mailbox, open_to_new=mailbox.id in ids))
        for address, user in users.items():
            if user is not None and tx.mailboxes.get(user.id) is None:
                tx.mailboxes.add(Mailbox(id=user.id, address=address.lower()))

    await app.store.run(record)
    app.mailbox_ids.update(ids)


def keep_rows(
    app: App, tx: Transaction, rows: Sequence[RosterRow], users: Mapping[str, DirectoryUser | None]
) -> Enrolment:
    """Enrol these pairs in this transaction; ``users`` are everybody of them, by address."""
    now = app.clock.now()
    people = _keep_people(app, tx, rows, users)
    names = sorted({row.program for row in rows})
    for name in names:
        _keep_program(app, tx, name)
    load = Counter(tx.pairs.count_by_mailbox())
    mailboxes = [mailbox.id for mailbox in tx.mailboxes.all() if mailbox.open_to_new]
    counts: Counter[str] = Counter()
    known = {pair.id: pair for pair in tx.pairs.all()}
    for row in rows:
        pair = _pair_of(row, people)
        old = known.get(pair.id)
        # Chosen once, the least loaded first; a mailbox stays with its pair for good.
        mailbox = old.mailbox_id if old else min(mailboxes, key=lambda m: (load[m], m))
        if old is None and mailbox is not None:
            load[mailbox] += 1
        pair = replace(pair, mailbox_id=mailbox)
        change = _merge(tx, pair, old, row.note)
        counts[change] += 1
        if change == "added":
            tx.journal.write(
                JournalEntry(
                    at=now,
                    code="enrolled",
                    program_id=pair.program_id,
                    pair_id=pair.id,
                    mailbox_id=mailbox,
                )
            )
    if counts["added"]:
        # Who is enrolled is planned by whoever works, without waiting for the next night.
        tx.work.schedule("plan", "firm", now)
    return Enrolment(
        counts["added"], counts["updated"], counts["unchanged"], len(people), tuple(names), 0
    )


def _keep_people(
    app: App, tx: Transaction, rows: Sequence[RosterRow], users: Mapping[str, DirectoryUser | None]
) -> dict[str, Participant]:
    """Everybody of the roster, keyed by the address the roster uses."""
    timekeepers = {row.mentor_mail: row.timekeeper for row in rows if row.timekeeper}
    offices = {mail: row.office for row in rows if row.office for mail in reversed(_mails(row))}
    mails = {mail for row in rows for mail in _mails(row)}
    groups = dict(group for row in rows for group in _groups(row))
    known = tx.participants.many({person_id(u.id) for u in users.values() if u is not None})
    people = {}
    for mail in sorted(mails):
        user = users[mail]
        if user is None:
            continue
        old = known.get(person_id(user.id))
        person = replace(
            old or Participant(id=person_id(user.id), directory_id=user.id, mail="", name=""),
            mail=user.mail.lower(),
            name=user.name,
            enabled=user.enabled,
            guest=user.guest,
            gone=False,
            office=user.office or offices.get(mail) or (old.office if old else None),
            practice_group=groups.get(mail) or (old.practice_group if old else None),
            timekeeper=timekeepers.get(mail) or (old.timekeeper if old else None),
        )
        if person != old:
            tx.participants.put(person)
        keep_blockers(tx, person, app.clock.now())
        people[mail] = known[person.id] = person
    return people


def _keep_program(app: App, tx: Transaction, name: str) -> None:
    key = program_id(name)
    if tx.programs.get(key) is None:
        tx.programs.add(Program(id=key, name=name, zone=app.options.zone, state=ProgramState.DRAFT))
        set_rule(app, tx, key, ProgramRule())


def set_rule(app: App, tx: Transaction, program: str, rule: ProgramRule) -> Rule:
    """Add a version of the program's rule, unless it says the same as the current one."""
    try:
        current = tx.rules.current(program)
    except LookupError:
        current = None
    if current is not None and current.body == rule.to_body():
        return current
    version = 1 if current is None else current.version + 1
    new = Rule(
        id=f"{program}.{version}",
        program_id=program,
        version=version,
        body=rule.to_body(),
        created_at=app.clock.now(),
    )
    tx.rules.add(new)
    return new


def _pair_of(row: RosterRow, people: Mapping[str, Participant]) -> Pair:
    program = program_id(row.program)
    mentor, mentee = people[row.mentor_mail].id, people[row.mentee_mail].id
    return Pair(
        id=pair_id(program, mentor, mentee),
        program_id=program,
        mentor_id=mentor,
        mentee_id=mentee,
        start_date=row.start_date,
        roster_id=row.pair_id,
        office=row.office,
        practice_group=row.practice_group,
        assistants=row.assistants,
        focus=row.focus,
        place=row.place,
    )


def _merge(tx: Transaction, pair: Pair, old: Pair | None, note: str | None) -> str:
    """Store what is new in the roster; what was planned or booked is not touched."""
    old_note = tx.notes.get(pair.id)
    new_note = note is not None and (old_note is None or old_note.text != note)
    if new_note and note is not None:
        tx.notes.put(Note(pair_id=pair.id, text=note))
    if old is None:
        tx.pairs.add(pair)
        return "added"
    merged = replace(
        old,
        roster_id=pair.roster_id or old.roster_id,
        office=pair.office or old.office,
        practice_group=pair.practice_group or old.practice_group,
        assistants=pair.assistants or old.assistants,
        focus=pair.focus or old.focus,
        place=pair.place or old.place,
        start_date=pair.start_date if old.state is PairState.ENROLLED else old.start_date,
    )
    if merged != old:
        tx.pairs.put(merged)
        return "updated"
    return "updated" if new_note else "unchanged"


async def _count_blocked(app: App, users: Sequence[DirectoryUser]) -> int:
    ids = [person_id(user.id) for user in users]
    blockers = await app.store.run(lambda tx: tx.blockers.open(BlockerScope.PERSON, ids))
    return len({blocker.subject_id for blocker in blockers})
