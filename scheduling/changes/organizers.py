"""Another organizer: the dates to come are booked anew in another calendar, at the same hours."""

from dataclasses import replace
from datetime import timedelta

from scheduling.changes.acts import (
    Act,
    ChangeOrganizer,
    Decision,
    EndSeries,
    SettleOrder,
    StartGeneration,
    decision,
)
from scheduling.changes.endings import truncation
from scheduling.changes.limits import all_mails
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.search import window_of
from scheduling.changes.situation import Situation
from scheduling.changes.views import Order, PairState, PairView, SessionView
from scheduling.timespan import TimeSpan

_WAITS = frozenset({PairState.BOOKING, PairState.PAUSED})


def change_organizer(situation: Situation, order: Order) -> Decision | None:
    """The order's decision; None while the pair is being booked, or pauses.

    No calendar is asked: the hours are those that both have kept free. The old dates end before
    the new ones are booked, so that no window ever has two. Dates within the freeze stay.
    """
    pair, organizer = situation.pair, order.organizer
    if pair.state in _WAITS or organizer is None:
        return None
    coming = list(pair.live_from(situation.now))
    ends = [session for session in coming if not situation.frozen(session)]
    acts: tuple[Act, ...] = (ChangeOrganizer(organizer),)
    if ends:
        end = EndSeries(
            truncation(pair, {s.id for s in ends}), closes=False, written=not order.out_of_reach
        )
        acts = (end, *acts, _anew(pair, ends, stood=order.out_of_reach))
    mails = sum(all_mails(act, pair) for act in acts)
    return decision(
        ChangeCode.ORGANIZER_CHANGED,
        *acts,
        SettleOrder(order.id, ChangeCode.ORGANIZER_CHANGED),
        changed=len(ends),
        kept=len(coming) - len(ends),
        mails=mails,
    )


def _anew(pair: PairView, ends: list[SessionView], *, stood: bool) -> StartGeneration:
    """A series at the pair's hour with the dates that end, counted from the first of them."""
    rule, series = pair.rule, pair.series
    if series is None:
        raise LookupError(f"{pair.id} has dates and no series")
    days = [pair.day_of(session.span.start) for session in ends]
    first = min(window_of(pair.start_date, rule, day) for day in days)
    start = pair.start_date + timedelta(days=first * rule.window_days)
    dates: dict[int, TimeSpan] = {}
    for session, day in zip(ends, days, strict=True):
        # A second date of a window is made up for like one that was lost.
        dates.setdefault(window_of(start, rule, day), session.span)
    windows = max(dates) + 1
    minimum = rule.minimum_held
    shorter = replace(
        rule,
        occurrences=windows,
        minimum_held=None if minimum is None else min(minimum, windows),
        shorter_than_four_months=True,
    )
    weeks = timedelta(weeks=first * rule.interval_weeks)
    anchored = replace(series, first_date=series.first_date + weeks)
    return StartGeneration(shorter, start, anchored, tuple(sorted(dates.items())), stood)
