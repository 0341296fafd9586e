"""Pairing somebody anew: the old pair ends with neutral words and stays on record.

The new pair is enrolled and planned like any other and remembers the one it follows; it is booked
with its program, or with a wave where that is launched in waves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from integrations.days import require_near
from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.ports import DirectoryUser, Transaction
from integrations.records import OVER, JournalEntry, Pair, Participant
from integrations.workflows.app import App
from integrations.workflows.changes import reconcile
from integrations.workflows.enrolment.enrol import keep_rows, pair_id, person_id
from integrations.workflows.enrolment.people import refresh_settings
from integrations.workflows.enrolment.roster import RosterRow
from integrations.workflows.ordering import orders
from integrations.workflows.planning.plan import plan_pairs
from integrations.workflows.rulebook.roles import mentor_on
from scheduling.changes.acts import ReadyAct
from scheduling.changes.reasons import ChangeCode

_HELP = N_("Name somebody of the directory by address; nothing was changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """Who of a pair stays (by id), and the address of the new partner.

    The one who stays keeps the role; ``starts`` is the first day of the new pair, None: tomorrow.
    """

    stays: str
    mail: str
    starts: date | None = None


async def pair_again(app: App, old_id: str, wanted: NewPartner, *, by: str) -> str:
    """End the pair, if it has not ended, and enrol and plan a new one; return its id.

    Raises:
        FaultsError: the address is nobody's, or somebody's with whom there is a pair already;
            nothing was changed.
        GraphError: the directory cannot be asked; nothing was changed.
    """
    mail = wanted.mail.strip().lower()
    stays = await app.store.run(lambda tx: _who_stays(tx, old_id, wanted))
    users = await app.graph.directory.find([stays.mail, mail])
    found = users[mail] if mail else None
    if found is None:
        raise FaultsError([Fault("mail", N_("an address of the directory"), mail)], remedy=_HELP)
    new_id = await app.store.run(lambda tx: _keep(app, tx, old_id, wanted, (stays, found), by))
    await refresh_settings(app, [stays.id, person_id(found.id)])
    await plan_pairs(app, [new_id])
    return new_id


def _who_stays(tx: Transaction, old_id: str, wanted: NewPartner) -> Participant:
    old = tx.pairs.require(old_id)
    if wanted.stays not in (old.mentor_id, old.mentee_id):
        raise FaultsError([Fault("stays", N_("one of the two of the pair"))], remedy=_HELP)
    stays = tx.participants.require(wanted.stays)
    if stays.gone or not stays.enabled:
        raise FaultsError([Fault("stays", N_("the one who is still with the firm"))], remedy=_HELP)
    return stays


def _keep(
    app: App,
    tx: Transaction,
    old_id: str,
    wanted: NewPartner,
    two: tuple[Participant, DirectoryUser],
    by: str,
) -> str:
    now = app.clock.now()
    old, (stays, partner) = tx.pairs.require(old_id), two
    row = _row(tx, old, wanted, two, now)
    mentor, mentee = stays.id, person_id(partner.id)
    if row.mentee_mail == stays.mail:
        mentor, mentee = mentee, mentor
    new_id = pair_id(old.program_id, mentor, mentee)
    _require_new(tx, old, new_id, partner)
    users: dict[str, DirectoryUser | None] = {
        stays.mail: _as_known(stays),
        partner.mail.lower(): partner,
    }
    orders.withdraw(tx, old, now, by)
    keep_rows(app, tx, [row], users)
    new = tx.pairs.require(new_id)
    tx.pairs.put(replace(new, predecessor_id=old.id))
    for need in tx.needs.open([old.id]):
        if need.code == ChangeCode.LEAVER:
            tx.needs.close(old.id, need.key, ReadyAct.PAIR_AGAIN.value, now)
    line = JournalEntry(at=now, code="paired_again", program_id=old.program_id, pair_id=old.id)
    tx.journal.write(
        replace(line, data={"by": by, "successor": new_id}),
        replace(line, code="follows", pair_id=new_id, data={"by": by, "predecessor": old.id}),
    )
    if old.state not in OVER:
        reconcile.due(tx, old.id, now)
    return new_id


def _row(
    tx: Transaction,
    old: Pair,
    wanted: NewPartner,
    two: tuple[Participant, DirectoryUser],
    now: datetime,
) -> RosterRow:
    """The new pair as a roster would name it: the one who stays keeps the role of today."""
    stays, partner = two
    today = now.astimezone(orders.zone_of(tx, old)).date()
    starts = wanted.starts or today + timedelta(days=1)
    if starts < today:
        raise FaultsError(
            [Fault("starts", gettext("a date from %(day)s on", day=today), str(starts), today)],
            remedy=_HELP,
        )
    require_near("starts", starts, today)
    mentors = mentor_on(old, today) == stays.id
    mails = (stays.mail, partner.mail.lower())
    mentor, mentee = mails if mentors else mails[::-1]
    # Whoever keeps the senior's calendar goes on doing so if the senior stays.
    return RosterRow(
        number=1,
        program=tx.programs.require(old.program_id).name,
        mentor_mail=mentor,
        mentee_mail=mentee,
        start_date=starts,
        office=old.office,
        practice_group=old.practice_group,
        assistants=() if mentors else old.assistants,
        place=old.place,
    )


def _require_new(tx: Transaction, old: Pair, new_id: str, partner: DirectoryUser) -> None:
    key = person_id(partner.id)
    if key in (old.mentor_id, old.mentee_id):
        expected = "somebody other than the two of this pair"
    elif tx.pairs.get(new_id) is not None:
        expected = "somebody with whom there was no pair in this program"
    elif not partner.enabled or partner.guest:
        expected = "an account of the firm that is switched on"
    else:
        return
    raise FaultsError([Fault("mail", expected, partner.mail)], remedy=_HELP)


def _as_known(person: Participant) -> DirectoryUser:
    return DirectoryUser(
        id=person.directory_id,
        mail=person.mail,
        name=person.name,
        office=person.office,
        enabled=person.enabled,
        guest=person.guest,
    )
