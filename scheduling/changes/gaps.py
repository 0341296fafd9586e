"""Long stretches without a meeting on record: one alert, which closes itself."""

from collections.abc import Iterator
from datetime import date, timedelta

from scheduling.changes.acts import Decision, RaiseNeed, ReadyAct, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.situation import Situation
from scheduling.changes.views import PairState

_READY = (
    ReadyAct.RECORD_MEETING,
    ReadyAct.OFFER_HOURS,
    ReadyAct.PAUSE,
    ReadyAct.LOWER_MINIMUM,
    ReadyAct.TALK,
)


def nothing_on_record(situation: Situation) -> Iterator[Decision]:
    """One alert per stretch of 45 days without a meeting on record, with what is known of it.

    Pauses and closed dates do not count. Silent while the evidence cannot be read: that is
    one blocker of its own, not many alerts.
    """
    pair = situation.pair
    had = [s for s in pair.sessions if s.span.end <= situation.now]
    if pair.state is not PairState.BOOKED or not pair.evidence_readable or not had:
        return
    since = pair.last_on_record or min(pair.day_of(s.planned.start) for s in had)
    pauses = (*pair.past_pauses, *((pair.pause,) if pair.pause else ()))
    dates = (since + timedelta(days=n) for n in range(1, _days(situation, since) + 1))
    counted = sum(
        day not in pair.closed_dates and not any(p.holds(day) for p in pauses) for day in dates
    )
    if counted < situation.limits.gap_days:
        return
    lately = [s for s in had if pair.day_of(s.span.start) > since]
    need = RaiseNeed(ChangeCode.NOTHING_ON_RECORD, ready=_READY, about=since.isoformat())
    yield decision(
        ChangeCode.NOTHING_ON_RECORD,
        need,
        days=situation.limits.gap_days,
        since=since.isoformat(),
        declines=sum(s.declines for s in lately),
        moves=sum(s.moves for s in lately),
        lost=sum(not s.is_live for s in lately),
        unknown=sum(s.is_live and s.held is None for s in lately),
    )


def _days(situation: Situation, since: date) -> int:
    return (situation.pair.day_of(situation.now) - since).days
