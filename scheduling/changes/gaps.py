"""Long stretches without a meeting on record: one alert, which closes itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice

from scheduling.cadence import zone_info
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
    since, at = _last_on_record(situation), alert_due(situation)
    if since is None or at is None or situation.now < at:
        return
    pair = situation.pair
    had = (s for s in pair.sessions if s.span.end <= situation.now)
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


def alert_due(situation: Situation) -> datetime | None:
    """The midnight from which the alert holds, if no meeting gets on record before.

    It may be past. None where there will be no alert: the pair has no dates or is not under way,
    or its evidence cannot be read.
    """
    pair, since = situation.pair, _last_on_record(situation)
    if pair.state is not PairState.BOOKED or not pair.evidence_readable or since is None:
        return None
    pauses = (*pair.past_pauses, *((pair.pause,) if pair.pause else ()))
    counted = (
        day
        for day in (since + timedelta(days=n) for n in count(1))
        if day not in pair.closed_dates and not any(p.holds(day) for p in pauses)
    )
    day = next(islice(counted, situation.limits.gap_days - 1, None))
    return datetime.combine(day, time(), zone_info(pair.zone)).astimezone(UTC)


def _last_on_record(situation: Situation) -> date | None:
    """The day the count begins after: of the last meeting, or of the first date, though to come."""
    pair = situation.pair
    had = [s for s in pair.sessions if s.span.end <= situation.now] or pair.sessions
    first = min((pair.day_of(s.planned.start) for s in had), default=None)
    return None if first is None else pair.last_on_record or first
