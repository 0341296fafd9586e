"""One of the two wishes to stop: the coordinator hears of it in confidence, nobody else does."""

from __future__ import annotations

from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.workflows.app import App
from integrations.workflows.changes.case import rule_of
from integrations.workflows.pair_page.acting import Actor
from integrations.workflows.rulebook.rules import Participation
from integrations.workflows.telling.needs import hand_over
from scheduling.changes.acts import RaiseNeed, ReadyAct
from scheduling.changes.reasons import ChangeCode

_READY = (ReadyAct.TALK, ReadyAct.PAUSE, ReadyAct.END, ReadyAct.PAIR_AGAIN)


class NotVoluntaryError(NotPossibleError):
    """Taking part in the program is not a matter of choice."""

    remedy = N_("Your program's contact can help, in confidence.")

    def __init__(self, program_id: str) -> None:
        self.program_id = program_id
        super().__init__(gettext("taking part in this program is required"))


async def ask_to_stop(app: App, actor: Actor, pair_id: str) -> None:
    """Put a row into *Needs you*, once; dates stay until a coordinator acts.

    Raises:
        NotTheirsError: an assistant asks. NotVoluntaryError: the program is not voluntary.
    """
    actor.alone("stop")

    def record(tx: Transaction) -> None:
        now, pair = app.clock.now(), tx.pairs.require(pair_id)
        if rule_of(tx, pair).participation is not Participation.VOLUNTARY:
            raise NotVoluntaryError(pair.program_id)
        row = RaiseNeed(ChangeCode.WISHES_TO_STOP, ready=_READY, about=actor.person_id)
        hand_over(tx, app, pair, row, actor.person_id, now)

    await app.store.run(record)
