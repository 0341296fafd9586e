"""Adopting a series that the two have already, instead of booking a second one."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import AdoptSeries, Decision, SettleOrder, decision
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.search import window_of
from scheduling.changes.views import ExistingSeries, Order, PairState, PairView
from scheduling.timespan import TimeSpan

_UNBOOKED = (PairState.ENROLLED, PairState.PLANNED)


def adopted(pair: PairView, existing: ExistingSeries, now: datetime) -> Decision:
    """Whether an existing series becomes this pair's, or why not; a refusal changes nothing.

    It has to be organized by a program mailbox, invite the two and nobody else, keep the rule's
    rhythm, have a last date and a join link and stand in half of the cadence windows at least, for
    as long as the rule says. Of several dates in one window the first counts. Windows left empty
    are made up later like lost dates; the hour is the two's own, whatever the rule says of hours.
    """
    dates = tuple((k, *date) for k, date in sorted(_by_window(pair, existing, now).items()))
    refusal = _refusal(pair, existing, now, len(dates))
    if refusal is not None:
        return decision(refusal)
    act = AdoptSeries(existing.event_id, _slot(pair, existing, dates[0]), dates, existing.organizer)
    return decision(ChangeCode.ADOPTED, act, dates=len(dates))


def adopt(pair: PairView, order: Order, found: Iterable[ExistingSeries], now: datetime) -> Decision:
    """What becomes of the order to adopt a series, as that series is ``now``."""
    if pair.state not in _UNBOOKED:
        return _settled(decision(ChangeCode.ORDER_DOUBLE_BOOKS, order=order.kind), order)
    existing = next((one for one in found if one.event_id == order.event_id), None)
    if existing is None:
        return _settled(decision(ChangeCode.ADOPTION_GONE), order)
    return _settled(adopted(pair, existing, now), order)


def _settled(found: Decision, order: Order) -> Decision:
    settle = SettleOrder(order.id, found.reason.code)
    return Decision(found.reason, (*found.acts, settle), found.session_id, found.again_at)


def _by_window(
    pair: PairView, existing: ExistingSeries, now: datetime
) -> dict[int, tuple[datetime, TimeSpan]]:
    by_window: dict[int, tuple[datetime, TimeSpan]] = {}
    for recurrence_id, span in sorted(existing.dates, key=lambda d: d[1]):
        window = window_of(pair.start_date, pair.rule, pair.day_of(span.start))
        if span.start > now and 0 <= window < pair.rule.occurrences:
            by_window.setdefault(window, (recurrence_id, span))
    return by_window


def _refusal(
    pair: PairView, existing: ExistingSeries, now: datetime, windows: int
) -> ChangeCode | None:
    members = {member.id for member in pair.members}
    lengths = [span.length for _, span in existing.dates if span.start > now]
    if not existing.ours:
        return ChangeCode.ADOPTION_NOT_OURS
    if pair.state not in _UNBOOKED or not members <= existing.people:
        return ChangeCode.ADOPTION_UNFIT
    if existing.people - members:
        return ChangeCode.ADOPTION_OTHERS
    if existing.endless:
        return ChangeCode.ADOPTION_ENDLESS
    if existing.interval_weeks != pair.rule.interval_weeks:
        return ChangeCode.ADOPTION_RHYTHM
    if windows == 0 or windows * 2 < pair.rule.occurrences:
        return ChangeCode.ADOPTION_TOO_FEW
    if min(lengths) < pair.rule.duration:
        return ChangeCode.ADOPTION_TOO_SHORT
    return None if existing.has_link else ChangeCode.ADOPTION_WITHOUT_LINK


def _slot(
    pair: PairView, existing: ExistingSeries, first: tuple[int, datetime, TimeSpan]
) -> SeriesSlot:
    """The series as one that Tandem booked: its first date is that of window 0, kept or not."""
    window, recurrence_id, _ = first
    monday = pair.start_date - timedelta(days=pair.start_date.weekday())
    interval = pair.rule.interval_weeks
    weeks = (pair.day_of(recurrence_id) - monday).days // 7
    phase = max(0, min(interval - 1, weeks - window * interval))
    first_date = monday + timedelta(weeks=phase, days=existing.weekday)
    return SeriesSlot(existing.zone, existing.weekday, existing.start, phase, first_date)
