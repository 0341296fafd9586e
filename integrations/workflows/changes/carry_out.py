"""Carrying out a decision: each act of the core as writes, or as what the store alone knows.

What a decision leaves in the store besides its writes is remembered in the transaction that
settles the last of them, so that a death in between leaves the decision to be made again, never
half of it behind. Only a note that somebody will not come goes ahead: it must not wait until a
calendar can be written to.
"""

from __future__ import annotations

from integrations.records import Json
from integrations.workflows.acting import Claim
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.dates import book_date, cancel_date, move_date, replace_date
from integrations.workflows.changes.ending import end_series
from integrations.workflows.changes.new_series import adopt_series, book_series
from integrations.workflows.changes.owed import drop_unwanted, settle_open, settle_owed
from integrations.workflows.changes.remembering import store_only
from integrations.workflows.changes.steps import packed
from scheduling.changes.acts import (
    Act,
    AdoptSeries,
    BookDate,
    BookSeries,
    CancelDate,
    Decision,
    EndSeries,
    MoveDate,
    ReplaceDate,
    StartGeneration,
    Tell,
)

__all__ = ["carry_out", "drop_unwanted", "settle_open"]

Write = MoveDate | ReplaceDate | CancelDate | BookDate | EndSeries | BookSeries | AdoptSeries


async def carry_out(app: App, claim: Claim, case: Case, decision: Decision) -> None:
    """Carry out every act of a decision about the pair as ``case`` has it.

    Raises:
        ChangedByPersonError: somebody of the firm acted meanwhile: their change stands, the rest
            of the decision was not carried out and is to be decided anew.
        NotYet, ClaimLostError, IntegrationError: as ``perform``; it is to be carried on later.
    """
    urgent = [act for act in decision.acts if isinstance(act, Tell) and act.at_once]
    writes = [act for act in decision.acts if _is_written(act)]
    others = [act for act in decision.acts if act not in urgent and act not in writes]
    rest = packed(others, decision.reason)
    await store_only(app, case.pair.id, packed(urgent, decision.reason))
    if not writes:
        await store_only(app, case.pair.id, rest)
        return
    replaced = any(isinstance(act, StartGeneration | BookSeries) for act in decision.acts)
    for act in writes[:-1]:
        await _carry(app, claim, case, act, (), replaced=replaced)
    await _carry(app, claim, case, writes[-1], rest, replaced=replaced)


def _is_written(act: Act) -> bool:
    """Whether a calendar is written to for it."""
    return isinstance(act, Write) and not (isinstance(act, EndSeries) and not act.written)


async def _carry(
    app: App, claim: Claim, case: Case, act: Act, then: tuple[Json, ...], *, replaced: bool
) -> None:
    owes = isinstance(act, ReplaceDate | EndSeries)
    match act:
        case MoveDate():
            owes = await move_date(app, claim, case, act, then)
        case CancelDate():
            await cancel_date(app, claim, case, act, then)
        case BookDate():
            await book_date(app, claim, case, act, then)
        case ReplaceDate():
            await replace_date(app, claim, case, act, then)
        case EndSeries():
            await end_series(app, claim, case, act, then, replaced=replaced)
        case BookSeries():
            await book_series(app, case, act, then)
        case AdoptSeries():
            await adopt_series(app, case, act, then)
    if owes:
        await settle_owed(app, claim, case)
