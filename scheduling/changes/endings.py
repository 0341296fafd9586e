"""Ends: leavers, withdrawn pairs, externals, the program's end; past dates never disappear."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from scheduling.cadence import Recurrence, zone_info
from scheduling.changes.acts import (
    CloseNeed,
    Complete,
    Decision,
    EndSeries,
    Message,
    RaiseNeed,
    ReadyAct,
    Tell,
    Truncation,
    decision,
)
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    CancelCause,
    PairState,
    PairView,
    SessionView,
    Standing,
)

OVER = frozenset({PairState.COMPLETED, PairState.WITHDRAWN})


def ended(situation: Situation) -> Iterator[Decision]:
    """Why a pair's future dates end now, if they do; decided without any calendar."""
    pair = situation.pair
    if pair.withdrawn:
        yield decision(ChangeCode.WITHDRAWN, _end_all(situation, closes=True), *_rows_closed(pair))
        return
    leaver = next((m for m in pair.members if m.has_left), None)
    if leaver is not None:
        need = RaiseNeed(ChangeCode.LEAVER, ready=(ReadyAct.PAIR_AGAIN, ReadyAct.END))
        yield decision(
            ChangeCode.LEAVER,
            _end_all(situation, closes=True),
            *_rows_closed(pair),
            need,
            person=leaver.id,
            other=pair.other(leaver.id).id,
        )
        return
    external = next((m for m in pair.members if m.standing is Standing.EXTERNAL), None)
    if external is not None:
        ready = (ReadyAct.CONFIRM_IDENTITY, ReadyAct.OFFER_HOURS, ReadyAct.END)
        need = RaiseNeed(ChangeCode.EXTERNAL, ready=ready, about=external.id)
        ends = (_end_all(situation, closes=False),) if situation.future else ()
        yield decision(ChangeCode.EXTERNAL, *ends, need, person=external.id)
        return
    yield from _program_ended(situation)


def _rows_closed(pair: PairView) -> Iterator[CloseNeed]:
    """Nobody has to do anything more about a pair that ends, but to pair the other one again."""
    for key in sorted(pair.needs):
        if key.partition(":")[0] != ChangeCode.LEAVER:
            yield CloseNeed(key)


def _end_all(situation: Situation, *, closes: bool) -> EndSeries:
    ends = {s.id for s in situation.pair.live_from(situation.now)}
    return EndSeries(truncation(situation.pair, ends), closes=closes)


def _program_ended(situation: Situation) -> Iterator[Decision]:
    pair = situation.pair
    end = pair.program_end
    if end is None:
        return
    late = {s.id for s in situation.future if pair.day_of(s.span.end) > end}
    if late:
        cut = EndSeries(truncation(pair, late), closes=False)
        yield decision(ChangeCode.PROGRAM_ENDED, cut, end=end.isoformat())


def truncation(pair: PairView, ends: Collection[str]) -> Truncation:
    """How to end the sessions ``ends`` and keep every other date where it stands.

    Looks at the current series: its last kept date bounds the range, whatever day that
    date was moved to. A past date is never among those that end. Where none is kept the
    whole series goes, unless an earlier date is merely *said* to be cancelled: it was seen
    to be missing, nothing of ours took it out, and if it stands it has to stay.
    """
    zone = zone_info(pair.series.zone if pair.series else pair.zone)
    in_series = sorted(
        (s for s in pair.current if not s.is_single), key=lambda s: (s.recurrence_id, s.id)
    )
    kept = [s for s in in_series if s.is_live and s.id not in ends]
    cancelled = tuple(s.id for s in pair.sessions if s.id in ends)
    if not kept or pair.series is None:
        return Truncation(None, cancelled, one_by_one=_may_stand_before(in_series, ends))
    first, last = (s.recurrence_id.astimezone(zone).date() for s in (in_series[0], kept[-1]))
    weeks = pair.rule.interval_weeks
    kept_range = Recurrence(
        first_date=first,
        start=pair.series.start,
        zone=pair.series.zone,
        interval_weeks=weeks,
        count=(last - first).days // (7 * weeks) + 1,
    )
    # An occurrence that a single event replaced, or that was made up, comes back with a cut, too.
    inside = sorted(
        {s.recurrence_id for s in pair.current if s.recurrence_id <= kept[-1].recurrence_id}
        - {s.recurrence_id for s in kept}
    )
    moved = [s for s in kept if s.span.start != s.recurrence_id]
    unfit = [s for s in moved if _crosses(s, kept, zone)]
    fit = [s for s in moved if s not in unfit]
    return Truncation(
        range=kept_range,
        cancelled=cancelled,
        reapply=tuple((s.id, s.recurrence_id, s.span) for s in _one_by_one(fit)),
        cancel_again=tuple(inside),
        singles=tuple((s.id, s.span) for s in unfit),
    )


def _may_stand_before(in_series: Iterable[SessionView], ends: Collection[str]) -> bool:
    """Whether a date that only the calendar showed as cancelled precedes all that end."""
    for session in in_series:
        if session.id in ends:
            return False
        if session.cause is CancelCause.IN_CALENDAR:
            return True
    return False


def _crosses(session: SessionView, kept: list[SessionView], zone: ZoneInfo) -> bool:
    at = kept.index(session)
    day = _day(session, zone)
    before, after = kept[:at][-1:], kept[at + 1 :][:1]
    return any(day <= _day(s, zone) for s in before) or any(day >= _day(s, zone) for s in after)


def _one_by_one(moved: list[SessionView]) -> list[SessionView]:
    """In an order in which no date has to pass one that still lies at its usual place."""
    later = [s for s in moved if s.span.start > s.recurrence_id]
    earlier = [s for s in moved if s.span.start < s.recurrence_id]
    return [*reversed(later), *earlier]


def _day(session: SessionView, zone: ZoneInfo) -> date:
    return session.span.start.astimezone(zone).date()


def completed(situation: Situation, last_chance: datetime, missing: int) -> Decision | None:
    """The end of a pair that has had its dates, make-ups included: a closing note to both."""
    pair, now = situation.pair, situation.now
    had = [s for s in pair.sessions if s.is_live]
    if pair.state is not PairState.BOOKED or not had or max(s.span.end for s in had) > now:
        return None
    if missing > 0 and now < last_chance:
        return None
    last = max(had, key=lambda s: (s.span, s.id))
    notes = tuple(Tell(m.id, Message.CLOSING, last.id) for m in pair.members)
    return decision(ChangeCode.COMPLETED, *notes, Complete())
