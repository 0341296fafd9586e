"""The invitation that a pair would get, sent to the coordinator who is about to launch it.

It goes by mail from the pair's program mailbox, marked as a test, and invites nobody: a mail is no
event. Like any other write it is an intent first; where its end is unknown it counts as sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, Language, gettext, speaking
from integrations.page_records import StaffMember
from integrations.ports import Transaction
from integrations.records import Intent, Pair, PairState, Work
from integrations.workflows.acting import Act, Claim, Happened, ReadBack, keep_nothing, perform
from integrations.workflows.app import App
from integrations.workflows.booking.invitation import Invited, invitation_of
from integrations.workflows.changes.case import load_pair
from integrations.workflows.messages.texts import Letter

KIND = "send_test_invitation"
MESSAGE = "test_invitation"


class NoPlanError(NotPossibleError):
    """No chosen pair has a plan from which an invitation could be written."""

    remedy = N_("Pairs without a plan show what is in their way; mend one of them first.")

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(gettext("no chosen pair has a plan"))


@dataclass(frozen=True, slots=True)
class _Trial:
    """A test invitation in words, and who gets it."""

    to: StaffMember
    pair: Pair
    mailbox_id: str
    letter: Letter


async def ask(app: App, program_id: str, pair_ids: list[str], directory_id: str) -> Work:
    """Have a test invitation of the first planned one of these pairs sent to a coordinator.

    Who asks again is sent another one.

    Raises:
        FaultsError: the account is no coordinator of the program.
        NoPlanError: none of the pairs is planned.
    """

    def record(tx: Transaction) -> Work:
        _coordinator(tx, program_id, directory_id)
        known = tx.pairs.many(pair_ids)
        planned = (p for i in pair_ids if (p := known.get(i)) and p.state is PairState.PLANNED)
        pair = next(planned, None)
        if pair is None:
            raise NoPlanError(program_id)
        subject = f"{pair.id}/{directory_id}"
        return tx.work.schedule(KIND, subject, app.clock.now())

    return await app.store.run(record)


async def send_test_invitation(app: App, claim: Claim, subject: str) -> None:
    """Send one test invitation; ``subject`` is ``"{pair}/{directory id}"``."""
    trial = await app.store.run(lambda tx: _trial(app, tx, subject))
    if trial is not None:
        await perform(app, claim, _act(app, trial, subject))


def _trial(app: App, tx: Transaction, subject: str) -> _Trial | None:
    """What is to be sent; None where the pair lost its plan or the account its role meanwhile."""
    pair_id, _, directory_id = subject.partition("/")
    case = load_pair(tx, pair_id, default_zone=app.options.zone)
    pair = case.pair
    if pair.state is not PairState.PLANNED or pair.series is None:
        return None
    try:
        to = _coordinator(tx, pair.program_id, directory_id)
    except FaultsError:
        return None
    words = invitation_of(
        Invited(
            program=case.program,
            rule=case.rule,
            pair=pair,
            mentor=case.mentor,
            mentee=case.mentee,
            sessions=[s for s in case.sessions if s.generation == pair.generation],
            zone=str(pair.series["zone"]),
            interval_weeks=pair.series["interval_weeks"],
            page_url=app.options.page_url,
            language=app.options.language,
        )
    )
    with speaking(Language(app.options.language)):
        return _Trial(to, pair, case.mailbox_id, marked(words, to.name))


def marked(invitation: Letter, reader: str) -> Letter:
    """The invitation as a test: nobody takes it for one, not even when it is forwarded."""
    note = gettext(
        "<p><strong>This is a test, sent to %(reader)s alone.</strong> "
        "Nothing is booked and nobody else got it. The invitation itself reads:</p><hr>",
        reader=escape(reader),
    )
    return Letter(f"[Test] {invitation.subject}", note + invitation.body)


def _coordinator(tx: Transaction, program_id: str, directory_id: str) -> StaffMember:
    key = f"{program_id}/{directory_id}/coordinator"
    found = tx.staff.get(key)
    if found is None:
        raise FaultsError(
            [Fault("to", N_("a coordinator of the program"))],
            remedy=N_("Test invitations go to coordinators of the program alone."),
        )
    return found


def _act(app: App, trial: _Trial, subject: str) -> Act[None]:
    async def send(intent: Intent) -> None:
        to = (trial.to.mail, trial.to.name)
        await app.graph.mail.send(trial.mailbox_id, to, trial.letter.subject, trial.letter.body)

    async def look(intent: Intent) -> ReadBack[None]:
        # Nothing of a mail can be read back; a test is asked for again by whoever misses it.
        return Happened(None)

    return Act(
        key=f"test/{subject}",
        kind="mail_sent",
        mailbox_id=trial.mailbox_id,
        program_id=trial.pair.program_id,
        pair_id=trial.pair.id,
        after={"message": MESSAGE},
        mails=({"person": None, "kind": "message", "message": MESSAGE, "capped": False},),
        send=send,
        look=look,
        keep=keep_nothing,
    )
