"""Moves, cancellations and single events: in the store, in three calendars and in the mail log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from integrations.records import PairState, Session, SessionState
from integrations.workflows.changes.case import Case
from scheduling.changes.acts import (
    Act,
    BookDate,
    CancelDate,
    Decision,
    EndSeries,
    Message,
    MoveDate,
    NoteReply,
    ReplaceDate,
    Tell,
    decision,
)
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import CancelCause, ReplyKey
from simulator.faults import Fault
from tests.support.world import Empty
from tests.workflows.changes.stage import DAY, HOUR, Decide, Stage, on_stage, span_from

PATCH, POST = "PATCH", "POST"
EVENT, EVENTS, CANCEL = (
    "/users/{user}/events/{event}",
    "/users/{user}/events",
    "/users/{user}/events/{event}/cancel",
)


def once(act: Act, session: Session, *more: Act) -> Decide:
    """The decision is made for as long as the session is as it was."""

    def decide(case: Case) -> Decision | None:
        now = next((s for s in case.sessions if s.id == session.id), None)
        same = now is not None and (now.start, now.state, now.moves, now.single) == (
            session.start,
            session.state,
            session.moves,
            session.single,
        )
        return decision(ChangeCode.DATE_DECLINED, act, *more) if same else None

    return decide


def nothing(case: Case) -> None:
    """Nothing is decided."""


async def moved(stage: Stage) -> Decide:
    session = (await stage.dates())[1]
    return once(MoveDate(session.id, span_from(session.start + 2 * HOUR)), session)


async def cancelled(stage: Stage) -> Decide:
    session = (await stage.dates())[1]
    return once(CancelDate(session.id, CancelCause.LEFT_OUT), session)


async def replaced(stage: Stage) -> Decide:
    """To the day of the date before it, where no occurrence may go."""
    before, session = (await stage.dates())[:2]
    return once(ReplaceDate(session.id, span_from(before.start + 3 * HOUR)), session)


async def booked_apart(stage: Stage) -> Decide:
    session = (await stage.dates())[1]
    cancel = once(CancelDate(session.id, CancelCause.DECLINED), session)
    book = BookDate(session.id, session.window, span_from(session.start + DAY))

    def decide(case: Case) -> Decision | None:
        now = case.session(session.id)
        if now.state is SessionState.CANCELLED:
            return decision(ChangeCode.MAKE_UP, book)
        return cancel(case)

    return decide


ACTS = {"move": moved, "cancel": cancelled, "replace": replaced, "book": booked_apart}
acts = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
Play = Callable[[Stage], Coroutine[Any, Any, Decide]]


def undisturbed(empty: Empty, act: Play) -> tuple[object, ...]:
    async def play(stage: Stage) -> tuple[object, ...]:
        assert not await stage.live(await act(stage))
        return await stage.outcome()

    return on_stage(empty, play)


def test_a_move_changes_one_hour_in_store_and_calendars_and_mails_each_once(empty: Empty) -> None:
    async def play(stage: Stage) -> None:
        session = (await stage.dates())[1]
        await stage.live(await moved(stage))
        after = (await stage.case()).session(session.id)
        assert (after.start, after.moves) == (session.start + 2 * HOUR, 1)
        await stage.assert_store_is_calendar()
        await stage.assert_told_the_truth()
        assert Counter(kind for kind, _, _ in stage.mails().elements()) == {"update": 2}

    on_stage(empty, play)
