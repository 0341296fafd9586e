"""What the invented firm has chosen of what a program need not have, and what came of it.

Both of a pair are asked how it was, mentees are reminded to say thanks, people may ask for a
pairing, some wish to be named, and a survey of the firm's own comes in before and after. The
coordinator is invited to a check-in with each pair, and who has no hour in common meets for half
an hour, twice as often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from integrations.attendance_records import KeptPulse
from integrations.cli import console
from integrations.cli.answers.outputs import show_table
from integrations.demo.answering import told_replies
from integrations.demo.tenant import Control
from integrations.ports import Transaction
from integrations.records import Pair, Participant, Program
from integrations.workflows.app import App
from integrations.workflows.enrolment import wishes
from integrations.workflows.ordering.orders import COORDINATOR
from integrations.workflows.pair_page.acting import Actor
from integrations.workflows.reporting.history import History
from integrations.workflows.reporting.recognition import choose_recognition, recognition_table
from integrations.workflows.reporting.sponsor import sponsor_tables
from integrations.workflows.reporting.survey_import import import_scores, read_scores
from integrations.workflows.reporting.surveys import surveys_table
from integrations.workflows.rulebook.rules import Asking
from scheduling.attendance.surveys import Moment
from scheduling.rule import SessionKind

CHOICES: Mapping[str, Any] = {
    "pulse_every": 3,
    "thanks": True,
    "asking": Asking.PARTICIPANTS,
    "group_sessions": 1,
    "half_sessions": True,
    "kinds": {4: SessionKind.CHECK_IN},
    "contact_at_check_ins": True,
}
"""Members of the rule."""
_QUESTION = "I know people of other practice groups"


def opt_in(tx: Transaction, app: App) -> None:
    """Everything that happens before anybody is booked, done once however often it is told."""
    if tx.survey_scores.all():
        return
    now = app.clock.now()
    for program, pairs, people in _programs(tx):
        _import(tx, app, program, people, Moment.BEFORE)
        for pair in pairs[::3]:
            choose_recognition(tx, Actor(person_id=pair.mentor_id), pair, now, wished=True)
        mentees = {pair.mentee_id for pair in pairs}
        asker = next(one for one in people if one.id in mentees and one.enabled and not one.gone)
        wish = wishes.ask(tx, app, _wisher(asker, program), program.id, wishes.MENTEE, "")
        wishes.decline(tx, app, program.id, wish.id, COORDINATOR)


def survey_again(tx: Transaction, app: App) -> None:
    """The same survey once the months are over; importing it twice changes nothing."""
    for program, _, people in _programs(tx):
        _import(tx, app, program, people, Moment.AFTER)


def _programs(tx: Transaction) -> Iterable[tuple[Program, list[Pair], list[Participant]]]:
    pairs = sorted(tx.pairs.all(), key=lambda pair: (pair.roster_id or "", pair.id))
    for program in tx.programs.all():
        here = [pair for pair in pairs if pair.program_id == program.id]
        ids = dict.fromkeys(person for pair in here for person in (pair.mentor_id, pair.mentee_id))
        found = tx.participants.many(ids)
        yield program, here, [found[person] for person in ids]


def _wisher(person: Participant, program: Program) -> wishes.Wisher:
    takes_part = frozenset({program.id})
    return wishes.Wisher(
        directory_id=person.directory_id, mail=person.mail, name=person.name, takes_part=takes_part
    )


def _import(
    tx: Transaction, app: App, program: Program, people: Sequence[Participant], moment: Moment
) -> None:
    """Everybody's score as a file of the firm's; every fifth person answers once only."""
    asked = people if moment is Moment.BEFORE else [p for at, p in enumerate(people) if at % 5]
    higher = moment is Moment.AFTER
    lines = [
        f"{_QUESTION},{moment},{min(5, 1 + int(person.id[-2:], 16) % 4 + higher)},{person.mail}"
        for person in asked
    ]
    content = "\n".join(["question,moment,score,mail", *lines]).encode()
    import_scores(tx, program.id, read_scores(content), app.clock.now(), COORDINATOR)


@dataclass(frozen=True, slots=True)
class Said:
    """Answers to how it was that the store has, and each that nobody gave so."""

    answers: int
    faults: tuple[str, ...]

    @property
    def words(self) -> str:
        """All of it as one sentence."""
        return (
            f"How it was: {self.answers} answers kept, {len(self.faults) or 'none'} of them "
            "other than they were given."
        )


async def compare_answers(tandem: App, control: Control, links: str) -> Said:
    """Hold every answer the store has against what the tenant's people said."""
    kept = await tandem.store.run(lambda tx: tx.pulses.all())
    return held_against(kept, told_replies(control, links, asks="how"))


def held_against(kept: Sequence[KeptPulse], replies: Sequence[Mapping[str, Any]]) -> Said:
    """Kept answers against what the tenant's people give, ``replies`` as the tenant tells them."""
    # A link holds its id before its signature.
    given = {str(doc["link"]).rsplit("/", 1)[-1].split(".")[0]: doc["says"] for doc in replies}
    faults = [
        f"an answer to how it was is kept as {pulse.score}, not {given.get(pulse.id)}"
        for pulse in kept
        # Who has left since would answer nothing any more.
        if given.get(pulse.id, "nothing") not in (str(pulse.score), None)
    ]
    return Said(len(kept), tuple(faults))


def show_opted_in(tx: Transaction, app: App, found: Sequence[History]) -> list[str]:
    """Means of answers and of the survey, and those who wished to be named.

    Returns:
        What is wrong with it, a line each: whoever asked for a pairing was told, once.
    """
    _, *pulse = sponsor_tables(found)
    for table in (*pulse, surveys_table(tx)):
        whole = [row for row in table.rows if "whole" in row]
        show_table(replace(table, rows=tuple(whole)))
    show_table(recognition_table(tx, found, app.clock.now()))
    declined = len(tx.journal.read(code="pairing_declined"))
    mails = Counter(entry.data.get("message") for entry in tx.journal.read(code="mail"))
    console.out.print(
        f"{mails['pulse']} mails asked how it was, {mails['thanks']} reminded of a word of thanks, "
        f"{mails['wish_declined']} said that no pairing can be made at present."
    )
    check_ins = tx.check_ins.of_pairs([history.pair.id for history in found])
    invited = sum(len(some) for some in check_ins.values())
    console.out.print(f"The program's contact was invited to {invited} check-ins.")
    told = mails["wish_declined"]
    return [] if told == declined else [f"{declined} asked for a pairing, {told} were told"]
