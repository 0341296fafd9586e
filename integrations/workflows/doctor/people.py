"""Checks of what Tandem sees of participants: zones, working hours, free/busy, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from integrations.errors import IntegrationError
from integrations.ports import Transaction, Unreadable
from integrations.records import GOING_ON, Mailbox, Participant
from integrations.workflows.app import App
from integrations.workflows.doctor.checks import Check, Finding, failed, untried
from scheduling.timespan import TimeSpan

MOST = 20
_OWN = (
    "Set TANDEM_FREE_BUSY_READER=own_mailbox, and grant Calendars.Read by Exchange RBAC for"
    " Applications with the participants' group in its scope; or have the firm's sharing policy"
    " show free/busy to the program mailbox."
)


def some_people(tx: Transaction) -> list[Participant]:
    """Up to twenty people of pairs that are not over, with accounts in use."""
    states = GOING_ON
    pairs = tx.pairs.in_state(*states)
    ids = sorted({person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)})
    people = [p for p in tx.participants.many(ids).values() if p.enabled and not p.guest]
    return sorted(people, key=lambda person: person.id)[:MOST]


async def people_checks(app: App, reader: Mailbox | None) -> list[Check]:
    """Zones and hours, and which reader of free/busy suffices; ``reader`` is a mailbox at work."""
    people = await app.store.run(some_people)
    if not people:
        why = "nobody is enrolled yet"
        return [untried("settings_of_people", why), untried("free_busy", why)]
    return [await _settings(app, people), await _free_busy(app, people, reader)]


async def _settings(app: App, people: Sequence[Participant]) -> Check:
    code = "settings_of_people"
    try:
        read = await app.graph.settings.read([person.directory_id for person in people])
    except IntegrationError as error:
        return failed(code, error)
    refused = [one for one in read.values() if one == Unreadable("forbidden")]
    unreadable = [one for one in read.values() if isinstance(one, Unreadable)]
    known = [one for one in read.values() if not isinstance(one, Unreadable)]
    zoned = sum(one.zone is not None for one in known)
    if refused:
        return Check(
            code,
            Finding.MISSING,
            f"refused for {len(refused)} of {len(people)} people",
            "Grant MailboxSettings.Read by Exchange RBAC for Applications with the participants'"
            " group in its scope, of which everybody has to be a direct member.",
        )
    if not known:
        why = unreadable[0].code
        return Check(code, Finding.WRONG, f"nobody's can be read: {why}", "See `tandem status`.")
    said = f"readable for {len(known)} of {len(people)} people, {zoned} of whom name a zone"
    return Check(code, Finding.WELL, said)


async def _free_busy(app: App, people: Sequence[Participant], reader: Mailbox | None) -> Check:
    own = app.options.own_mailbox_reads
    if reader is None and not own:
        return untried("free_busy", "no program mailbox is well")
    try:
        by_program = await _unread_by(app, reader, people) if reader is not None else None
        if not own:
            return _said_of_program(by_program or [], len(people))
        if by_program == []:
            return Check(
                "free_busy",
                Finding.WIDER,
                "each person's own mailbox is read, though the program mailbox sees enough",
                "Set TANDEM_FREE_BUSY_READER=program_mailbox and withdraw Calendars.Read for the"
                " participants' group.",
            )
        return _said_of_own(await _unread_by_own(app, people), len(people))
    except IntegrationError as error:
        return failed("free_busy", error)


async def _unread_by(app: App, reader: Mailbox, people: Sequence[Participant]) -> list[str]:
    """Why people could not be read in the name of a program mailbox; empty if all could."""
    mails = [person.mail for person in people]
    read = await app.graph.free_busy.read(reader.id, mails, [_a_day(app)])
    return [one.code for one in read.values() if isinstance(one, Unreadable)]


async def _unread_by_own(app: App, people: Sequence[Participant]) -> list[str]:
    codes = []
    for person in people:
        read = await app.graph.free_busy.read(person.directory_id, [person.mail], [_a_day(app)])
        codes += [one.code for one in read.values() if isinstance(one, Unreadable)]
    return codes


def _a_day(app: App) -> TimeSpan:
    now = app.clock.now()
    return TimeSpan(now, now + timedelta(days=1))


def _said_of_program(codes: Sequence[str], people: int) -> Check:
    if "reader_forbidden" in codes:
        return Check(
            "free_busy",
            Finding.MISSING,
            "the program mailbox may not ask for free/busy",
            "Grant Calendars.Read with the program mailbox in its scope, or Calendars.ReadBasic.",
        )
    if "forbidden" in codes:
        said = f"the program mailbox sees nothing of {codes.count('forbidden')} of {people} people"
        return Check("free_busy", Finding.WRONG, said, _OWN)
    if len(codes) == people:
        said = f"nobody could be read: {codes[0]}"
        return Check("free_busy", Finding.WRONG, said, "See `tandem status`, and try again later.")
    return Check(
        "free_busy",
        Finding.WELL,
        f"the program mailbox suffices as reader: {people - len(codes)} of {people} people"
        " were read",
    )


def _said_of_own(codes: Sequence[str], people: int) -> Check:
    if len(codes) == people:
        return Check(
            "free_busy",
            Finding.MISSING,
            "free/busy is refused in people's own mailboxes",
            "Grant Calendars.Read by Exchange RBAC for Applications with the participants' group in"
            " its scope.",
        )
    said = f"read in their own mailboxes: {people - len(codes)} of {people} people"
    return Check("free_busy", Finding.WELL, said)
