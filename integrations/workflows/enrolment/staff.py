"""Who coordinates or sponsors a program: people of the directory, looked up by their address."""

from __future__ import annotations

import re

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import StaffMember, StaffRole
from integrations.ports import DirectoryUser, Transaction
from integrations.records import JournalEntry
from integrations.workflows.app import App

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class LastCoordinatorError(NotPossibleError):
    """Somebody has to coordinate a program once anybody does."""

    remedy = N_("Add another coordinator first.")

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(gettext("the program would be left without a coordinator"))


def staff_of(tx: Transaction, program_id: str) -> list[StaffMember]:
    """Everybody of the program: coordinators, then sponsors, by name."""
    return sorted(tx.staff.of_program(program_id), key=lambda m: (m.role, m.name, m.mail))


async def add_staff(
    app: App, program_id: str, mail: str, role: StaffRole, *, by: str
) -> StaffMember:
    """Make whoever has this address coordinator or sponsor; doing it again changes nothing.

    A service that calls the API has no address: the object id of its service principal stands for
    it. The directory cannot be asked about those; an id that nothing has opens nothing.

    Raises:
        FaultsError: nobody of the firm has it; nothing was changed.
        GraphError: the directory could not be asked.
    """
    user = await (_service if _OBJECT_ID.fullmatch(mail) else _person)(app, mail)
    if user is None or not user.enabled or user.guest:
        raise FaultsError(
            [Fault("mail", N_("the address of an account of the firm that is in use"), mail)],
            remedy=N_("Use the address under which the person stands in the directory."),
        )

    def record(tx: Transaction) -> StaffMember:
        known = tx.staff.get(_key(program_id, user.id, role))
        if known is not None:
            return known
        member = StaffMember(
            program_id=program_id,
            directory_id=user.id,
            role=role,
            mail=user.mail.lower(),
            name=user.name,
            added_at=app.clock.now(),
            added_by=by,
        )
        tx.staff.add(member)
        _journal(tx, app, "staff_added", member, by)
        return member

    return await app.store.run(record)


async def _person(app: App, mail: str) -> DirectoryUser | None:
    return (await app.graph.directory.find([mail]))[mail] if mail else None


async def _service(app: App, object_id: str) -> DirectoryUser | None:
    """The service with this id; None if it is a person's, who has an address to be named by."""
    key = object_id.lower()
    if (await app.graph.directory.standing([key]))[key] is not None:
        return None
    return DirectoryUser(id=key, mail=key, name="a service", enabled=True, guest=False)


async def remove_staff(
    app: App, program_id: str, mail: str, role: StaffRole | None = None, *, by: str
) -> list[StaffMember]:
    """Take from whoever has this address what they are to the program; return what that was.

    The address is the one they were added with, so that leavers can be removed as well. It works
    at their next request.

    Raises:
        FaultsError: nobody of the program has the address; nothing was changed.
        LastCoordinatorError: nobody else coordinates the program.
    """

    def record(tx: Transaction) -> list[StaffMember]:
        everybody = tx.staff.of_program(program_id)
        gone = [
            member
            for member in everybody
            if member.mail.casefold() == mail.strip().casefold() and role in (None, member.role)
        ]
        if not gone:
            raise FaultsError([Fault("mail", N_("the address of somebody of this program"), mail)])
        stay = {m.directory_id for m in everybody if m not in gone and _coordinates(m)}
        if any(map(_coordinates, gone)) and not stay:
            raise LastCoordinatorError(program_id)
        for member in gone:
            tx.staff.remove(_key(program_id, member.directory_id, member.role))
            _journal(tx, app, "staff_removed", member, by)
        return gone

    return await app.store.run(record)


def _coordinates(member: StaffMember) -> bool:
    return member.role is StaffRole.COORDINATOR


def _key(program_id: str, directory_id: str, role: StaffRole) -> str:
    return f"{program_id}/{directory_id}/{role.value}"


def _journal(tx: Transaction, app: App, code: str, member: StaffMember, by: str) -> None:
    data = {"by": by, "role": member.role.value, "account": member.directory_id}
    tx.journal.write(
        JournalEntry(at=app.clock.now(), code=code, program_id=member.program_id, data=data)
    )
