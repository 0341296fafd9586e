"""Who of the demonstration's firm can be anybody in the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from integrations.demo.tenant import Ready
from integrations.errors import IntegrationError
from integrations.page_records import StaffMember, StaffRole
from integrations.ports import DirectoryUser, Transaction
from integrations.records import PairState
from integrations.workflows.app import App

_STAFF = {StaffRole.COORDINATOR: "coordinator", StaffRole.SPONSOR: "sponsor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Names of people to sign in as, None where the firm has nobody of that kind.

    ``mentor`` and ``partner`` are a pair that is booked; ``assistant`` is the partner's.
    """

    coordinator: str | None
    sponsor: str | None
    administrator: str | None
    mentor: str | None = None
    partner: str | None = None
    assistant: str | None = None

    def listed(self) -> Iterator[tuple[str, str]]:
        """What each is, and the name, in the order in which it is told."""
        parts = (
            ("coordinator of the program", self.coordinator),
            ("a partner who is mentored", self.partner),
            (f"who mentors {self.partner}", self.mentor),
            (f"assistant of {self.partner}", self.assistant),
            ("sponsor of the program", self.sponsor),
            ("administrator", self.administrator),
        )
        yield from ((part, name) for part, name in parts if name is not None)


async def appoint(app: App, ready: Ready) -> Cast:
    """Name the firm's coordinator and sponsor for every program, once; tell who is who.

    Raises:
        IntegrationError: the firm is older than this and has no such people.
    """
    mails: Mapping[str, str] = ready.staff
    if not mails:
        raise IntegrationError(
            "nobody of this firm runs the program", remedy="Begin anew with --fresh."
        )
    found = await app.graph.directory.find(list(mails.values()))
    known = {part: user for part, mail in mails.items() if (user := found[mail]) is not None}
    await app.store.run(lambda tx: _name_staff(tx, app, known))
    of_pair, assistants = await app.store.run(_of_a_booked_pair)
    assistant = (await app.graph.directory.find(assistants[:1])) if assistants else {}
    names = [user.name for user in assistant.values() if user is not None]
    mentor, partner = of_pair or (None, None)
    return Cast(
        **{part: known[part].name if part in known else None for part in _PARTS},
        mentor=mentor,
        partner=partner,
        assistant=names[0] if names else None,
    )


_PARTS = ("coordinator", "sponsor", "administrator")


def _name_staff(tx: Transaction, app: App, known: Mapping[str, DirectoryUser]) -> None:
    for program in tx.programs.all():
        for role, part in _STAFF.items():
            if part in known:
                user = known[part]
                key = f"{program.id}/{user.id.lower()}/{role.value}"
                if tx.staff.get(key) is None:
                    tx.staff.add(
                        StaffMember(
                            program_id=program.id,
                            directory_id=user.id.lower(),
                            role=role,
                            mail=user.mail,
                            name=user.name,
                            added_at=app.clock.now(),
                            added_by="demo",
                        )
                    )


def _of_a_booked_pair(tx: Transaction) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
    """Names of the two of a booked pair, with an assistant's address if any pair has one."""
    booked = [pair for pair in tx.pairs.all() if pair.state is PairState.BOOKED]
    booked.sort(key=lambda pair: (not pair.assistants, pair.id))
    if not booked:
        return None, ()
    pair = booked[0]
    people = tx.participants.many([pair.mentor_id, pair.mentee_id])
    return (people[pair.mentor_id].name, people[pair.mentee_id].name), pair.assistants
