"""What pages of acts have in common: mails said beforehand, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integrations.language import N_, gettext, ngettext
from integrations.ports import Transaction
from integrations.records import Pair, Participant
from integrations.web.page import Visit
from integrations.workflows.ordering.at_once import Outcome
from integrations.workflows.ordering.mails_caused import Caused, CausedMail, Telling, mails_caused

_EXCHANGE = {
    "update": N_("an update, from the calendar"),
    "cancellation": N_("a cancellation, from the calendar"),
    "invitation": N_("an invitation, from the calendar"),
}
_TANDEM = {
    "offered_hours": N_("five regular hours to pick from"),
    "offered_dates": N_("five other hours to pick from"),
    "paused": N_("a note that the hour pauses"),
    "resumed": N_("a note that the hour goes on"),
    "withdrawn": N_("a note that there are no further dates"),
    "roles_swapped": N_("a note who leads from then on"),
    "did_you_meet": N_("the question whether they met"),
    "thanks": N_("the reminder to say thanks"),
    "pulse": N_("the question how it was"),
    "closing": N_("a closing note"),
    "hour_is_off": N_("a note that the hour is off"),
}
_UNSAID = frozenset({"mail", "order_given", "need_done", "need_taken"})
_WAITS = frozenset({"mail_hours", "mail_cap"})
_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class MailLine:
    """Mails of one kind to one person about one date, as a page says them."""

    to: str
    what: str
    start: datetime | None
    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Foretold:
    """What an act would do, as a page says it: ``count`` mails, and what is decided."""

    count: int
    mails: tuple[MailLine, ...]
    decided: tuple[str, ...]
    waits_until: datetime | None
    is_certain: bool


def foretold(caused: Caused, people: Mapping[str, Participant]) -> Foretold:
    """``caused`` in words; ``people`` are the two by id."""

    def line(mail: CausedMail) -> MailLine:
        words = gettext(_TANDEM.get(mail.kind, mail.kind) if mail.is_own else _EXCHANGE[mail.kind])
        return MailLine(people[mail.person_id].name, words, mail.start, mail.at, 1)

    counted = Counter(line(mail) for mail in caused.mails)
    return Foretold(
        count=len(caused.mails),
        mails=tuple(
            MailLine(one.to, one.what, one.start, one.at, count) for one, count in counted.items()
        ),
        decided=tuple(dict.fromkeys(line.words for line in caused.lines)),
        waits_until=caused.waits_until,
        is_certain=caused.is_certain,
    )


async def look_at(visit: Visit, pair_id: str, telling: Telling) -> Foretold:
    """What an act would do to a pair, for somebody who waits at the page.

    Raises:
        NotPossibleError, FaultsError: as ``telling`` says.
    """
    with visit.app.graph.person_waiting():
        caused = await mails_caused(visit.app, pair_id, telling)
    people = await visit.app.store.run(lambda tx: two_of(tx, caused.pair))
    return foretold(caused, people)


def two_of(tx: Transaction, pair: Pair) -> dict[str, Participant]:
    """Both people of a pair, by id."""
    return tx.participants.many([pair.mentor_id, pair.mentee_id])


def said_of(outcome: Outcome) -> str:
    """What came of an act in a few sentences, or what it waits for."""
    done = [line.words for line in outcome.lines if line.code not in _UNSAID | _WAITS]
    waits = [line.words for line in outcome.lines if line.code in _WAITS] + list(outcome.waits)
    mails = sum(line.code == "mail" for line in outcome.lines)
    said = [_sentence(words) for words in list(dict.fromkeys(done))[:_MOST_LINES]]
    if mails:
        said.append(ngettext("%(num)s mail went out.", "%(num)s mails went out.", mails))
    if waits:
        said.append(gettext("The rest waits: %(why)s.", why="; ".join(dict.fromkeys(waits))))
    return " ".join([gettext("Done.") if not waits else gettext("Kept."), *said])


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
