"""Who may open what: the roles of somebody signed in, and the decision at each page.

Grants are read from the store at each request, so that taking one away works at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from integrations.language import N_
from integrations.page_records import StaffRole, WebSession
from integrations.ports import Transaction
from integrations.records import Pair, Program

ADMINISTRATOR = "Administrator"
"""The app role of the registration that makes an administrator."""


class Who(Enum):
    """Whom a page is for. Those of the second half go by what the page's path names."""

    SIGNED_IN = auto()
    ADMINISTRATOR = auto()
    COORDINATOR_OF_ANY = auto()
    STAFF_OR_ADMIN = auto()
    """A coordinator of any program, or an administrator."""
    COORDINATOR = auto()
    """Of the program, or of the program of the pair, the row or the wave."""
    SPONSOR = auto()
    """Of the program; its coordinators as well."""
    OF_PAIR = auto()
    """One of the two, or their assistant."""
    PARTICIPANT = auto()
    """One of the two."""


class Answer(Enum):
    """What somebody gets who asks for a page."""

    ALLOWED = auto()
    NOT_FOR_YOU = auto()
    """A role is missing, and saying so tells nothing."""
    NOT_FOUND = auto()
    """There is no such thing, or it is not theirs: nobody learns which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody signed in, with the grants of this moment.

    ``person_id`` is who they are among the participants, None if nobody of them.
    """

    directory_id: str
    mail: str
    name: str
    is_administrator: bool
    coordinates: frozenset[str]
    sponsors: frozenset[str]
    person_id: str | None

    @property
    def is_coordinator(self) -> bool:
        """Whether they coordinate a program at all."""
        return bool(self.coordinates)

    def is_coordinator_of(self, program_id: str) -> bool:
        """Whether they coordinate this program."""
        return program_id in self.coordinates

    def sees_figures_of(self, program_id: str) -> bool:
        """Whether they may see the sponsor's page of this program."""
        return program_id in self.coordinates | self.sponsors

    def person_in(self, pair: Pair) -> str | None:
        """Which of the two they are or act for; None if neither."""
        if self.person_id in (pair.mentor_id, pair.mentee_id):
            return self.person_id
        return pair.mentee_id if self.assists_in(pair) else None

    def assists_in(self, pair: Pair) -> bool:
        """Whether they act for the senior of this pair and are not of it themselves."""
        if self.person_id in (pair.mentor_id, pair.mentee_id):
            return False
        return self.mail.casefold() in {mail.casefold() for mail in pair.assistants}


def viewer_of(tx: Transaction, session: WebSession) -> Viewer:
    """Who is signed in with this session, with the grants of this moment."""
    staff = tx.staff.of_person(session.directory_id)
    person = tx.participants.by_account(session.directory_id)

    def programs(role: StaffRole) -> frozenset[str]:
        return frozenset(each.program_id for each in staff if each.role is role)

    return Viewer(
        directory_id=session.directory_id,
        mail=session.mail,
        name=session.name,
        is_administrator=ADMINISTRATOR in session.roles,
        coordinates=programs(StaffRole.COORDINATOR),
        sponsors=programs(StaffRole.SPONSOR),
        person_id=None if person is None else person.id,
    )


def may(who: Who, viewer: Viewer, program: Program | None, pair: Pair | None) -> Answer:
    """Whether a page for ``who`` is for this viewer, about what its path names."""
    if who in _BY_ROLE:
        return Answer.ALLOWED if _has_role(who, viewer) else Answer.NOT_FOR_YOU
    if _is_theirs(who, viewer, program, pair):
        return Answer.ALLOWED
    is_assistant = who is Who.PARTICIPANT and pair is not None and viewer.assists_in(pair)
    return Answer.NOT_FOR_YOU if is_assistant else Answer.NOT_FOUND


_BY_ROLE = frozenset({Who.SIGNED_IN, Who.ADMINISTRATOR, Who.COORDINATOR_OF_ANY, Who.STAFF_OR_ADMIN})


def _has_role(who: Who, viewer: Viewer) -> bool:
    match who:
        case Who.ADMINISTRATOR:
            return viewer.is_administrator
        case Who.COORDINATOR_OF_ANY:
            return viewer.is_coordinator
        case Who.STAFF_OR_ADMIN:
            return viewer.is_coordinator or viewer.is_administrator
        case _:
            return who is Who.SIGNED_IN


def _is_theirs(who: Who, viewer: Viewer, program: Program | None, pair: Pair | None) -> bool:
    match who:
        case Who.COORDINATOR:
            return program is not None and viewer.is_coordinator_of(program.id)
        case Who.SPONSOR:
            return program is not None and viewer.sees_figures_of(program.id)
        case Who.OF_PAIR:
            return pair is not None and viewer.person_in(pair) is not None
        case Who.PARTICIPANT:
            return pair is not None and viewer.person_id in (pair.mentor_id, pair.mentee_id)
        case _:
            return False


NEEDED = {
    Who.ADMINISTRATOR: N_("administrators of Tandem"),
    Who.COORDINATOR_OF_ANY: N_("coordinators of a program"),
    Who.STAFF_OR_ADMIN: N_("coordinators and administrators"),
    Who.PARTICIPANT: N_("the two people of the pair themselves"),
}
"""Whom a page is for, in words, where somebody is told so."""
