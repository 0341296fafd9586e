"""The daily list: one mail at 08:00 to a program's contact, if something new needs somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from integrations.ports import Transaction
from integrations.records import Need, OutboxMail, Program
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.telling.need_lines import lines_of
from scheduling.changes.mail_hours import OPENS, next_mailable

DAILY_LIST = "needs_you"
CONTACT = "contact:"
"""How the outbox names a program's contact: this, and the program's id."""
WORKING_DAYS = frozenset(range(5))
"""On which days a coordinator gets lists."""


def put_lists(tx: Transaction, mailbox_id: str, now: datetime, default_zone: str) -> datetime:
    """Put today's lists into the outbox where it is time and something is new.

    One mail for each address that is the contact of programs, at 08:00 of a working day in the
    zone of the first of them. What comes up later in the day is for the next list; rows put off
    are new again when their time has come. Returns when to ask again.
    """
    contacts = _contacts(tx)
    if not contacts:
        return now + timedelta(days=1)
    open_rows = [need for need in tx.needs.open() if need.outcome is None]
    program_of = {n.pair_id: tx.pairs.require(n.pair_id).program_id for n in open_rows}
    mornings = []
    for programs in contacts:
        opened, next_one = _mornings(programs[0].zone or default_zone, now)
        mornings.append(next_one)
        ids = {program.id for program in programs}
        new = [n for n in open_rows if program_of[n.pair_id] in ids and _is_new(n, opened)]
        if opened is not None and new:
            tx.outbox.add(_list_mail(programs, new, mailbox_id, opened, now))
    return min(mornings)


def _contacts(tx: Transaction) -> list[list[Program]]:
    """Programs that have one contact address, in the order of their ids."""
    by_address: defaultdict[str, list[Program]] = defaultdict(list)
    for program in tx.programs.all():
        if program.contact.get("mail"):
            by_address[program.contact["mail"].lower()].append(program)
    return list(by_address.values())


def _mornings(zone: str, now: datetime) -> tuple[datetime | None, datetime]:
    """08:00 of today if that has been and people work today, and the next one to come."""
    local = now.astimezone(ZoneInfo(zone))
    opens = datetime.combine(local.date(), OPENS, local.tzinfo).astimezone(UTC)
    if now < opens:
        return None, next_mailable(now, [zone], WORKING_DAYS)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(0), local.tzinfo)
    works = local.weekday() in WORKING_DAYS
    return opens if works else None, next_mailable(tomorrow, [zone], WORKING_DAYS)


def _is_open(need: Need) -> bool:
    return need.closed_at is None and need.outcome is None


def _is_new(need: Need, opened: datetime | None) -> bool:
    if opened is None or need.raised_at > opened:
        return False
    until = need.snoozed_until
    if until is not None and until > opened:
        return False
    return need.told_at is None or (until is not None and need.told_at < until)


def _list_mail(
    programs: Sequence[Program],
    new: Sequence[Need],
    mailbox_id: str,
    opened: datetime,
    now: datetime,
) -> OutboxMail:
    first = programs[0]
    zone = ZoneInfo(first.zone) if first.zone else UTC
    return OutboxMail(
        person_id=f"{CONTACT}{first.id}",
        purpose=DAILY_LIST,
        session_id=f"{opened.astimezone(zone):%Y-%m-%d}",
        due_at=now,
        mailbox_id=mailbox_id,
        data={"needs": [need.id for need in new]},
    )


def contact_program(tx: Transaction, mail: OutboxMail) -> Program:
    """The program whose contact a mail is for."""
    return tx.programs.require(mail.person_id.removeprefix(CONTACT))


def list_of(
    tx: Transaction, mail: OutboxMail, now: datetime, default_zone: str
) -> tuple[Letter, tuple[str, ...]] | None:
    """The words of a daily list and the rows it names; None if none of them is open any more."""
    found = [tx.needs.get(need_id) for need_id in mail.data["needs"]]
    new = [n for n in found if n is not None and _is_open(n) and _is_new(n, now)]
    if not new:
        return None
    program = contact_program(tx, mail)
    lines = lines_of(tx, new, now, None, default_zone)
    others = [n for n in tx.needs.open() if n.outcome is None and n.told_at is not None]
    ours = {p.id for programs in _contacts(tx) if program in programs for p in programs}
    waiting = sum(
        tx.pairs.require(n.pair_id).program_id in ours and n.id not in mail.data["needs"]
        for n in others
        if n.snoozed_until is None or n.snoozed_until <= now
    )
    fields = {
        "rows": tuple(line.in_list for line in lines),
        "waiting": waiting,
        "console": program.links.get("console"),
    }
    return letter(DAILY_LIST, program, fields), tuple(need.id for need in new)


def mark_told(tx: Transaction, need_ids: Iterable[str], now: datetime) -> None:
    """These rows stood in a daily list."""
    for need_id in need_ids:
        need = tx.needs.get(need_id)
        if need is not None:
            tx.needs.put(replace(need, told_at=now))
