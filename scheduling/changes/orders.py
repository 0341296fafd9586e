"""What a coordinator, or somebody of the pair, told Tandem to do with its dates.

An order is somebody's act: it goes ahead while calendars are unreadable, unless free hours
have to be found for it; then it waits. One that cannot be carried out any more is settled
with the reason and changes nothing.
"""

from collections.abc import Iterator

from scheduling.changes.acts import (
    BookSeries,
    CancelDate,
    Decision,
    OfferDates,
    OfferHours,
    SettleOrder,
    decision,
)
from scheduling.changes.adoption import adopt
from scheduling.changes.limits import shown
from scheduling.changes.organizers import change_organizer
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.rule_changes import change_of_hour, preview_rule_change
from scheduling.changes.search import change_by_person, other_hours, other_series, suits_both
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    CancelCause,
    KnownTime,
    Order,
    OrderKind,
    PairState,
    SessionView,
)

_BOOKABLE = frozenset({PairState.BOOKED, PairState.ENROLLED})


def ordered(situation: Situation) -> Iterator[Decision]:
    """A decision for each order that can be dealt with now, in the order they were given."""
    for order in situation.pair.orders:
        found = (
            _of_pair(situation, order) if order.session_id is None else _of_date(situation, order)
        )
        if found is not None:
            yield found


def _of_date(situation: Situation, order: Order) -> Decision | None:
    session = next((s for s in situation.future if s.id == order.session_id), None)
    if session is None:
        claimed = order.session_id in situation.claimed
        return None if claimed else _refused(order, ChangeCode.ORDER_TOO_LATE)
    match order.kind:
        case OrderKind.SKIP:
            return _skipped(situation, order, session)
        case OrderKind.MOVE:
            if order.if_it_suits:
                return _moved_if_it_suits(situation, order, session)
            return _moved(situation, order, session)
        case _:
            return _dates_offered(situation, order, session)


def _skipped(situation: Situation, order: Order, session: SessionView) -> Decision:
    cause = CancelCause.SKIPPED if order.make_up else CancelCause.LEFT_OUT
    cancel = CancelDate(
        session.id, cause, at_once=situation.frozen(session), replaced=order.make_up
    )
    return decision(
        ChangeCode.LEFT_OUT, cancel, SettleOrder(order.id, ChangeCode.LEFT_OUT), session=session.id
    )


def _moved(situation: Situation, order: Order, session: SessionView) -> Decision:
    pair, to = situation.pair, order.to
    if to is None or to.start <= situation.now:
        return _refused(order, ChangeCode.ORDER_TOO_LATE)
    known = situation.known
    others = () if known is None else known.commitments
    own = (s.span for s in pair.live_from(situation.now) if s.id != session.id)
    if any(to.overlaps(span) for span in (*own, *(c.span for c in others))):
        return _refused(order, ChangeCode.ORDER_DOUBLE_BOOKS)
    return decision(
        ChangeCode.MOVED_BY_ORDER,
        change_by_person(situation, session, to),
        SettleOrder(order.id, ChangeCode.MOVED_BY_ORDER),
        session=session.id,
        to=shown(to.start),
    )


def _moved_if_it_suits(situation: Situation, order: Order, session: SessionView) -> Decision | None:
    """A move to an hour that was offered: it waits until both calendars can be read again."""
    known, to = situation.known, order.to
    if known is None:
        return None
    moved = _moved(situation, order, session)
    if to is None or moved.reason.code is not ChangeCode.MOVED_BY_ORDER:
        return moved
    if not suits_both(situation, known, session, to):
        taken = SettleOrder(order.id, ChangeCode.ORDER_HOUR_TAKEN)
        return decision(ChangeCode.ORDER_HOUR_TAKEN, taken, session=session.id, to=shown(to.start))
    return moved


def _dates_offered(situation: Situation, order: Order, session: SessionView) -> Decision | None:
    known = situation.known
    if known is None:
        return None
    hours = other_hours(situation, known, session.window, avoid=[session.span])
    if not hours:
        return _refused(order, ChangeCode.ORDER_FINDS_NO_HOUR)
    offers = (OfferDates(m.id, session.id, hours) for m in situation.pair.members)
    return decision(
        ChangeCode.OFFERED_BY_ORDER,
        *offers,
        SettleOrder(order.id, ChangeCode.OFFERED_BY_ORDER),
        session=session.id,
        count=len(hours),
    )


def _of_pair(situation: Situation, order: Order) -> Decision | None:
    pair = situation.pair
    settle = SettleOrder(order.id, ChangeCode.ORDER_CARRIED_OUT)
    match order.kind:
        case OrderKind.BOOK_AGAIN:
            if any(True for _ in pair.live_from(situation.now)) or pair.state not in _BOOKABLE:
                return _refused(order, ChangeCode.ORDER_DOUBLE_BOOKS)
            return decision(ChangeCode.ORDER_CARRIED_OUT, BookSeries(), settle, order=order.kind)
        case OrderKind.ADOPT:
            return adopt(pair, order, situation.existing, situation.now)
        case OrderKind.CHANGE_ORGANIZER:
            return change_organizer(situation, order)
        case _:
            known = situation.known
            return None if known is None else _needs_calendars(situation, order, known)


def _needs_calendars(situation: Situation, order: Order, known: KnownTime) -> Decision:
    if order.kind is OrderKind.APPLY_RULE and order.rule is not None:
        found = preview_rule_change(situation, known, order.rule).decision
        settle = SettleOrder(order.id, found.reason.code)
        return Decision(found.reason, (*found.acts, settle), found.session_id, found.again_at)
    if order.kind is OrderKind.CHANGE_HOUR and order.hour is not None:
        changed = change_of_hour(situation, known, order.hour)
        if changed is None:
            return _refused(order, ChangeCode.ORDER_FINDS_NO_HOUR)
        settle = SettleOrder(order.id, changed.reason.code)
        return Decision(changed.reason, (*changed.acts, settle))
    pair = situation.pair
    avoid = () if pair.series is None else (pair.series,)
    hours = other_series(situation, known, avoid=avoid)
    if not hours:
        return _refused(order, ChangeCode.ORDER_FINDS_NO_HOUR)
    offer = OfferHours(tuple(m.id for m in pair.members), hours)
    settle = SettleOrder(order.id, ChangeCode.OFFERED_BY_ORDER)
    return decision(ChangeCode.OFFERED_BY_ORDER, offer, settle, count=len(hours))


def _refused(order: Order, why: ChangeCode) -> Decision:
    return decision(why, SettleOrder(order.id, why), order=order.kind)
