"""What the organizer's calendar mails both people for an act, told before it is carried out.

The same choices as where acts are carried out (``dates``, ``ending``, and ``book`` for a series of
its own), in numbers alone: each write mails everybody invited once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from integrations.records import Session
from integrations.workflows.changes.case import Case
from integrations.workflows.changes.steps import MAILS, StepKind
from scheduling.changes.acts import (
    Act,
    BookDate,
    BookSeries,
    CancelDate,
    EndSeries,
    MoveDate,
    ReplaceDate,
    StartGeneration,
)


@dataclass(frozen=True, slots=True)
class Mailed:
    """One mail to each of the two; ``start`` is the date it is about, None for a whole series."""

    kind: str
    start: datetime | None = None


def written_mails(case: Case, act: Act) -> Iterator[Mailed]:
    """The mails that each of the two gets for an act; none for one that writes to no calendar."""
    match act:
        case MoveDate(to=to):
            yield _mailed(StepKind.MOVE, to.start)
        case ReplaceDate(session_id=session_id, to=to):
            yield _mailed(StepKind.CANCEL, _start(case, session_id))
            yield _mailed(StepKind.BOOK, to.start)
        case CancelDate(session_id=session_id):
            yield _mailed(StepKind.CANCEL, _start(case, session_id))
        case BookDate(span=span):
            yield _mailed(StepKind.BOOK, span.start)
        case EndSeries(written=False):
            return
        case EndSeries():
            yield from _of_end(case, act)
        case BookSeries():
            yield _mailed(StepKind.BOOK)
        case StartGeneration():
            yield from _of_generation(act)
        case _:
            return


def _mailed(step: StepKind, start: datetime | None = None) -> Mailed:
    return Mailed(MAILS[step], start)


def _start(case: Case, session_id: str) -> datetime | None:
    # One that was booked a moment before is known to the act alone.
    return next((s.start for s in case.sessions if s.id == session_id), None)


def _of_end(case: Case, act: EndSeries) -> Iterator[Mailed]:
    cut = act.truncation
    ends = [session for session in case.sessions if session.id in set(cut.cancelled)]
    inside = [s for s in ends if not s.single and s.generation == case.pair.generation]
    apart = [s for s in ends if s not in inside and s.event_id is not None]
    yield from (_mailed(StepKind.CANCEL, s.start) for s in apart)
    if case.booking is None or not inside:
        return
    if cut.range is None and not cut.one_by_one:
        yield _mailed(StepKind.END)
    elif len(inside) > cut.cut_mails and not cut.one_by_one:
        yield from _of_cut(case, act)
    else:
        yield from (_mailed(StepKind.CANCEL, s.start) for s in _by_start(inside))


def _of_cut(case: Case, act: EndSeries) -> Iterator[Mailed]:
    cut = act.truncation
    yield _mailed(StepKind.CUT)
    yield from (_mailed(StepKind.CANCEL, at) for at in cut.cancel_again)
    yield from (_mailed(StepKind.CANCEL, _start(case, one)) for one, _ in cut.singles)
    yield from (_mailed(StepKind.RESTORE, span.start) for _, _, span in cut.reapply)
    yield from (_mailed(StepKind.BOOK, span.start) for _, span in cut.singles)


def _of_generation(act: StartGeneration) -> Iterator[Mailed]:
    weeks = act.rule.interval_weeks
    dates = dict(act.dates)
    yield _mailed(StepKind.BOOK)
    for window in range(min(dates), max(dates) + 1) if dates else ():
        usual = act.series.utc_start(window, weeks)
        if window not in dates:
            yield _mailed(StepKind.CANCEL, usual)
        elif dates[window].start != usual:
            yield _mailed(StepKind.MOVE, dates[window].start)


def _by_start(sessions: list[Session]) -> list[Session]:
    return sorted(sessions, key=lambda s: (s.start, s.id))
