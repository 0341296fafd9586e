"""What became of a wish for a pairing, told to whoever made it: one mail, once.

They need be in no pair, so the row of the outbox names the wish. Mail hours are theirs where they
take part somewhere, otherwise the program's; and then the mail counts in their week as any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from integrations.language import Language, speaking
from integrations.page_records import Wish, WishState
from integrations.ports import Transaction
from integrations.records import OutboxMail, Participant, Program
from integrations.workflows.changes.case import parsed_rule
from integrations.workflows.messages.enqueue import SEND_MAILS
from integrations.workflows.messages.hours import mail_hours
from integrations.workflows.messages.languages import language_for
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import contact_of
from integrations.workflows.rulebook.rules import ProgramRule

WISH = "wish:"
"""How the outbox names whoever wished, before the wish's id."""
WISH_MAILS: Mapping[WishState, str] = MappingProxyType(
    {WishState.APPROVED: "wish_approved", WishState.DECLINED: "wish_declined"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WishTold:
    """Everything the mail about a wish speaks of, as the store has it now.

    ``reader`` is None where they take part nowhere, ``other`` the name of whom they are paired
    with, None where nobody is.
    """

    wish: Wish
    program: Program
    rule: ProgramRule
    reader: Participant | None
    other: str | None
    zone: str

    @property
    def is_silenced(self) -> bool:
        """Whether nobody is there any more who could read it."""
        return self.reader is not None and (self.reader.gone or not self.reader.enabled)

    def may_go(self, now: datetime) -> datetime:
        """When mail hours let it go."""
        office = None if self.reader is None else self.reader.office
        return mail_hours(self.rule, self.zone, office, now)

    def language(self, default: str) -> Language:
        """Theirs where it is known."""
        return Language(default) if self.reader is None else language_for(self.reader, default)

    def words(self, purpose: str, default_language: str) -> Letter:
        """Subject and body."""
        with speaking(self.language(default_language)):
            fields = {
                "program": self.program.name,
                "contact": contact_of(self.program),
                "paired_with": self.other,
            }
            return letter(purpose, self.program, fields)


def tell_wisher(tx: Transaction, wish: Wish, now: datetime, default_zone: str) -> None:
    """Put the mail about a wish that was settled into the outbox, if there is a mailbox for it."""
    boxes = sorted(box.id for box in tx.mailboxes.all() if box.open_to_new)
    purpose = WISH_MAILS.get(wish.state)
    if purpose is None or not boxes:
        return
    mail = OutboxMail(
        person_id=f"{WISH}{wish.id}",
        purpose=purpose,
        session_id=wish.id,
        due_at=_told(tx, wish, default_zone).may_go(now),
        mailbox_id=boxes[0],
    )
    if tx.outbox.add(mail):
        tx.work.schedule(SEND_MAILS, boxes[0], mail.due_at)


def told_of(tx: Transaction, mail: OutboxMail, default_zone: str) -> WishTold | None:
    """What a row about a wish speaks of; None if the wish is not kept any more."""
    wish = tx.wishes.get(mail.person_id.removeprefix(WISH))
    return None if wish is None else _told(tx, wish, default_zone)


def _told(tx: Transaction, wish: Wish, default_zone: str) -> WishTold:
    program = tx.programs.require(wish.program_id)
    reader = tx.participants.by_account(wish.directory_id)
    return WishTold(
        wish=wish,
        program=program,
        rule=parsed_rule(tx.rules.current(program.id).body),
        reader=reader,
        other=_other(tx, wish, reader),
        zone=(reader.zone if reader else None) or program.zone or default_zone,
    )


def _other(tx: Transaction, wish: Wish, reader: Participant | None) -> str | None:
    pair = tx.pairs.get(wish.pair_id) if wish.pair_id else None
    if pair is None or reader is None:
        return None
    other = pair.mentee_id if pair.mentor_id == reader.id else pair.mentor_id
    return tx.participants.require(other).name
