"""People ask for a pairing: with somebody they name, or with whom the coordinator finds.

A wish that names nobody is a place on the program's waiting list. Nothing follows from a wish until
a coordinator approves it: then the two are enrolled and planned like any other pair. Nobody may ask
unless the program's rule says so (``asking``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from integrations.days import require_near
from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import Wish, WishState
from integrations.ports import DirectoryUser, Transaction
from integrations.records import JournalEntry, Program, ProgramState
from integrations.workflows.app import App
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.enrolment.enrol import keep_rows, pair_id, person_id, sync_mailboxes
from integrations.workflows.enrolment.people import refresh_settings
from integrations.workflows.enrolment.roster import RosterRow
from integrations.workflows.messages.wish_mails import tell_wisher
from integrations.workflows.planning.plan import plan_pairs
from integrations.workflows.rulebook.rules import Asking

MENTOR, MENTEE = "mentor", "mentee"
_SETTLED = MappingProxyType(
    {
        WishState.APPROVED: "pairing_approved",
        WishState.DECLINED: "pairing_declined",
        WishState.TAKEN_BACK: "pairing_taken_back",
    }
)
"""What the journal says of the end of a wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wisher:
    """Somebody signed in. ``takes_part`` in the programs of these ids."""

    directory_id: str
    mail: str
    name: str
    takes_part: frozenset[str] = frozenset()


class WishSettledError(NotPossibleError):
    """The wish was approved, declined or taken back before."""

    remedy = N_("The list shows those that wait.")

    def __init__(self, wish_id: str) -> None:
        self.wish_id = wish_id
        super().__init__(gettext("this wish does not wait any more"))


def programs_to_ask(tx: Transaction, wisher: Wisher) -> list[Program]:
    """Programs in which this person may ask for a pairing, by name."""
    found = [
        program
        for program in tx.programs.all()
        if program.state is not ProgramState.CLOSED and _may_ask(tx, program, wisher)
    ]
    return sorted(found, key=lambda program: program.name)


def _may_ask(tx: Transaction, program: Program, wisher: Wisher) -> bool:
    try:
        rule = parsed_rule(tx.rules.current(program.id).body)
    except LookupError:
        return False
    match rule.asking:
        case Asking.EVERYBODY:
            return True
        case Asking.PARTICIPANTS:
            return program.id in wisher.takes_part
        case _:
            return False


def ask(
    tx: Transaction, app: App, wisher: Wisher, program_id: str, role: str, partner_mail: str
) -> Wish:
    """Put a wish on the program's list. ``partner_mail`` is empty where anybody would do.

    Raises:
        FaultsError: the program takes no wishes from this person, has one of theirs that waits,
            or they name themselves; nothing was kept.
    """
    partner = partner_mail.strip().lower()
    if program_id not in {program.id for program in programs_to_ask(tx, wisher)}:
        raise FaultsError([Fault("program", N_("a program in which you may ask"))])
    if not wisher.mail:
        # A service has none, and nobody could be paired with it.
        raise FaultsError([Fault("program", N_("somebody with a mailbox"))])
    if role not in (MENTOR, MENTEE):
        raise FaultsError([Fault("role", N_("what you would be"))])
    if partner == wisher.mail.lower() or (partner and "@" not in partner):
        raise FaultsError([Fault("partner", N_("the address of somebody else"), partner)])
    if any(wish.program_id == program_id for wish in waiting_of(tx, wisher)):
        raise FaultsError([Fault("program", N_("a program in which no wish of yours waits"))])
    wish = Wish(
        id=UUID(int=app.chance.getrandbits(128)).hex,
        program_id=program_id,
        directory_id=wisher.directory_id,
        mail=wisher.mail.lower(),
        name=wisher.name,
        role=role,
        partner_mail=partner or None,
        asked_at=app.clock.now(),
    )
    tx.wishes.add(wish)
    _journal(tx, wish, "pairing_asked", app)
    return wish


def waiting_of(tx: Transaction, wisher: Wisher) -> list[Wish]:
    """The wishes of this person that wait."""
    mine = tx.wishes.of_person(wisher.directory_id)
    return [wish for wish in mine if wish.state is WishState.WAITING]


def waiting(tx: Transaction, program_id: str) -> list[Wish]:
    """The program's wishes that wait, oldest first."""
    return tx.wishes.waiting([program_id])


def take_back(tx: Transaction, app: App, wish_id: str, wisher: Wisher) -> None:
    """The person wishes no longer.

    Raises:
        WishSettledError: it waits no longer, or is not theirs.
    """
    wish = _waiting(tx, wish_id)
    if wish.directory_id != wisher.directory_id:
        raise WishSettledError(wish_id)
    _settle(tx, app, wish, WishState.TAKEN_BACK, wisher.directory_id)


def decline(tx: Transaction, app: App, program_id: str, wish_id: str, by: str) -> None:
    """Not now: a mail and the person's page say so, without a reason. Raises WishSettledError."""
    _settle(tx, app, _waiting(tx, wish_id, program_id), WishState.DECLINED, by)


def _nothing_else(tx: Transaction, new_id: str) -> None:
    """A yes by page is kept, and that is all."""


async def approve(
    app: App,
    program_id: str,
    wish_id: str,
    partner_mail: str,
    starts: date | None,
    *,
    by: str,
    also: Callable[[Transaction, str], None] = _nothing_else,
) -> str:
    """Enrol and plan the two; return the pair's id. ``starts`` None: tomorrow.

    Parameters:
        also: keeps more in the transaction that enrols them; it is given the pair's id.

    Raises:
        FaultsError: the address is nobody's who could be paired with them, or the day is past;
            nothing was kept.
        WishSettledError: the wish waits no longer.
        GraphError: the directory cannot be asked; nothing was kept.
    """
    wish = await app.store.run(lambda tx: _waiting(tx, wish_id, program_id))
    partner = partner_mail.strip().lower()
    users = await app.graph.directory.find([mail for mail in (wish.mail, partner) if mail])
    two = _two(users.get(wish.mail), users.get(partner), wish)
    await sync_mailboxes(app)

    def keep(tx: Transaction) -> str:
        enrolled = _enrol(app, tx, wish, two, starts, by)
        also(tx, enrolled)
        return enrolled

    new_id = await app.store.run(keep)
    await refresh_settings(app, [person_id(user.id) for user in two])
    await plan_pairs(app, [new_id])
    return new_id


def _two(
    asked: DirectoryUser | None, partner: DirectoryUser | None, wish: Wish
) -> tuple[DirectoryUser, DirectoryUser]:
    """Mentor and mentee. Raises FaultsError."""
    if asked is None or not asked.enabled or asked.guest:
        raise FaultsError([Fault("wish", N_("somebody who is still with the firm"), wish.mail)])
    if partner is None or not partner.enabled or partner.guest or partner.id == asked.id:
        raise FaultsError([Fault("partner", N_("the address of somebody else of the firm"))])
    return (asked, partner) if wish.role == MENTOR else (partner, asked)


def _enrol(
    app: App,
    tx: Transaction,
    wish: Wish,
    two: tuple[DirectoryUser, DirectoryUser],
    starts: date | None,
    by: str,
) -> str:
    wish = _waiting(tx, wish.id)
    program = tx.programs.require(wish.program_id)
    mentor, mentee = two
    new_id = pair_id(program.id, person_id(mentor.id), person_id(mentee.id))
    if tx.pairs.get(new_id) is not None:
        expected = N_("somebody with whom there was no pair in this program")
        raise FaultsError([Fault("partner", expected)])
    today = app.clock.now().astimezone(ZoneInfo(program.zone)).date()
    first = starts or today + timedelta(days=1)
    if first < today:
        raise FaultsError([Fault("starts", N_("a day that is to come"), str(starts))])
    require_near("starts", first, today)
    row = RosterRow(
        number=1,
        program=program.name,
        mentor_mail=mentor.mail.lower(),
        mentee_mail=mentee.mail.lower(),
        start_date=first,
    )
    keep_rows(app, tx, [row], {user.mail.lower(): user for user in two})
    _settle(tx, app, replace(wish, pair_id=new_id), WishState.APPROVED, by)
    return new_id


def _waiting(tx: Transaction, wish_id: str, program_id: str | None = None) -> Wish:
    wish = tx.wishes.get(wish_id)
    if wish is None or wish.state is not WishState.WAITING:
        raise WishSettledError(wish_id)
    if program_id not in (None, wish.program_id):
        raise WishSettledError(wish_id)
    return wish


def _settle(tx: Transaction, app: App, wish: Wish, state: WishState, by: str) -> None:
    settled = replace(wish, state=state, settled_at=app.clock.now(), settled_by=by)
    tx.wishes.put(settled)
    _journal(tx, settled, _SETTLED[state], app, by=by)
    tell_wisher(tx, settled, app.clock.now(), app.options.zone)


def _journal(tx: Transaction, wish: Wish, code: str, app: App, **data: str) -> None:
    tx.journal.write(
        JournalEntry(
            at=app.clock.now(),
            code=code,
            program_id=wish.program_id,
            pair_id=wish.pair_id,
            data={"by": wish.directory_id, **data},
        )
    )
