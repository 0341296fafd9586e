"""What a coordinator, or somebody of a pair, tells Tandem to do.

Nothing is done here but to write the order down, journal it and make the pair's reconciliation
due: it carries the order out with everything else that there is to decide about the pair.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from integrations.days import require_near
from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import (
    OVER,
    JournalEntry,
    Json,
    Order,
    Pair,
    PairState,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.changes import reconcile
from integrations.workflows.changes.case import load_pair
from integrations.workflows.changes.views import pause_data, pause_of, slot_data
from integrations.workflows.messages.enqueue import enqueue
from integrations.workflows.showing.fact_words import fact_in_words
from scheduling.cadence import SeriesSlot
from scheduling.changes.acts import Resume
from scheduling.changes.views import OrderKind, Pause

_UNBOOKED = frozenset({PairState.ENROLLED, PairState.PLANNED})
_LIVING = frozenset({PairState.BOOKED, PairState.PAUSED})
PAUSE_HELP = N_("Name the last date of the pause, today or later; it is included.")
LONGEST_PAUSE = timedelta(days=731)
"""From today on. A year typed wrong would otherwise take every date of a pair away for good."""
_TOO_LONG_HELP = N_("A pause lasts two years at most; a pair that is not to go on can be ended.")
COORDINATOR = "coordinator"


class UnknownPairError(NotPossibleError):
    """No pair, or more than one, goes by this name."""

    remedy = N_("Use the pair's id in the roster, or the id that `tandem status --json` shows.")

    def __init__(self, name: str, found: int) -> None:
        self.name, self.found = name, found
        shown = repr(name)
        super().__init__(
            gettext("%(found)s pairs go by %(name)s", found=found, name=shown)
            if found
            else gettext("no pair goes by %(name)s", name=shown)
        )


class UnknownDateError(NotPossibleError):
    """The pair has no session to come on this date."""

    remedy = N_("`tandem status PAIR` shows the pair's dates.")

    def __init__(self, pair_id: str, day: date) -> None:
        self.pair_id, self.day = pair_id, day
        super().__init__(gettext("the pair has no session to come on %(day)s", day=day))


class WrongStateError(NotPossibleError):
    """The pair is not in a state in which this can be done."""

    remedy = N_("Only booked pairs have dates to change; an ended pair is enrolled anew.")

    def __init__(self, pair_id: str, state: PairState, wanted: str) -> None:
        self.pair_id, self.state, self.wanted = pair_id, state, wanted
        super().__init__(
            gettext(
                "the pair is %(state)s: it cannot be told to %(wanted)s",
                state=gettext(state.value.replace("_", " ")),
                wanted=gettext(wanted),
            )
        )


def find_pair(tx: Transaction, name: str) -> Pair:
    """The pair with this id, or with this id in its roster. Raises UnknownPairError."""
    pair = tx.pairs.get(name)
    if pair is not None:
        return pair
    named = [pair for pair in tx.pairs.all() if pair.roster_id == name]
    if len(named) != 1:
        raise UnknownPairError(name, len(named))
    return named[0]


def find_session(tx: Transaction, pair: Pair, day: date, now: datetime) -> Session:
    """The pair's session to come on a date of its series' zone. Raises UnknownDateError."""
    zone = zone_of(tx, pair)
    for session in tx.sessions.of_pair(pair.id):
        live = session.state is SessionState.SCHEDULED and session.start > now
        if live and session.start.astimezone(zone).date() == day:
            return session
    raise UnknownDateError(pair.id, day)


def zone_of(tx: Transaction, pair: Pair) -> ZoneInfo:
    """The zone in which the pair's dates are written: its series', else the program's."""
    if pair.series is not None:
        return ZoneInfo(pair.series["zone"])
    return ZoneInfo(tx.programs.require(pair.program_id).zone)


# --- facts about the whole pair -----------------------------------------------------------


def pause(
    tx: Transaction, pair: Pair, first: date, last: date, now: datetime, by: str = COORDINATOR
) -> None:
    """Let the pair rest on these dates, both included; a pause in force is replaced.

    Both are told of the dates that stand in the end, so of a pause that changes as of a new one.

    Raises:
        WrongStateError: the pair is not booked.
        FaultsError: the last date has passed, lies before the first, or lies too far ahead.
    """
    _require(pair, _LIVING, N_("pause"))
    today = now.astimezone(zone_of(tx, pair)).date()
    soonest, latest = max(first, today), today + LONGEST_PAUSE
    if last < soonest:
        wrong = Fault("until", gettext("a date from %(day)s on", day=soonest), str(last), soonest)
        raise FaultsError([wrong], remedy=PAUSE_HELP)
    if last > latest:
        wrong = Fault("until", gettext("a date until %(day)s", day=latest), str(last), latest)
        raise FaultsError([wrong], remedy=_TOO_LONG_HELP)
    wanted = pause_data(Pause(first, last))
    if pair.pause != wanted:
        # As a pair whose pause is to begin: that is how its reconciliation tells both.
        tx.pairs.put(replace(pair, pause=wanted, state=PairState.BOOKED))
        _journal(tx, pair, "pause_ordered", now, by, first=str(first), last=str(last))
    reconcile.due(tx, pair.id, now)


def resume(tx: Transaction, pair: Pair, now: datetime, by: str = COORDINATOR) -> None:
    """End the pause today; one that nothing was done about yet is forgotten.

    Raises:
        WrongStateError: the pair does not pause.
    """
    was = pause_of(pair.pause)
    if was is None:
        raise WrongStateError(pair.id, pair.state, N_("resume"))
    today = now.astimezone(zone_of(tx, pair)).date()
    if was.first < today:
        left = Pause(was.first, min(was.last, today - timedelta(days=1)))
        tx.pairs.put(replace(pair, pause=pause_data(left)))
    else:
        _call_off(tx, pair, was, now)
    _journal(tx, pair, "resume_ordered", now, by)
    reconcile.due(tx, pair.id, now)


def _call_off(tx: Transaction, pair: Pair, was: Pause, now: datetime) -> None:
    """End a pause with no day behind it; whoever was told of it is told that the hour goes on."""
    today = now.astimezone(zone_of(tx, pair)).date()
    rows = tx.outbox.of_pair(pair.id)
    if any((row.purpose, row.data, row.state) == ("paused", pair.pause, "sent") for row in rows):
        zone = tx.programs.require(pair.program_id).zone
        enqueue(tx, load_pair(tx, pair.id, default_zone=zone), Resume(), now)
    past = pair.past_pauses
    if pair.state is PairState.PAUSED and was.first == today:
        # Today's date, if there was one, is out of the calendars: the day counts as paused.
        past = (*past, pause_data(Pause(today, today)))
    tx.pairs.put(replace(pair, pause=None, past_pauses=past, state=PairState.BOOKED))


def withdraw(tx: Transaction, pair: Pair, now: datetime, by: str = COORDINATOR) -> None:
    """End the pair: its dates to come leave the calendars with neutral words, past ones stay.

    A pair that was not booked yet ends at once. Withdrawing twice is harmless.
    """
    if pair.state in OVER or pair.withdrawn:
        return
    booked = pair.state in _LIVING or pair.state is PairState.BOOKING
    state = pair.state if booked else PairState.WITHDRAWN
    tx.pairs.put(replace(pair, withdrawn=True, state=state))
    _journal(tx, pair, "withdrawal_ordered", now, by)
    if booked:
        reconcile.due(tx, pair.id, now)
    else:
        tx.sessions.replace_planned(pair.id, ())


# --- orders about dates and series ---------------------------------------------------------


def skip(
    app: App, tx: Transaction, session: Session, *, make_up: bool = False, by: str = COORDINATOR
) -> Order:
    """Leave one date out, to be made up or not."""
    return _give(app, tx, session.pair_id, OrderKind.SKIP, by, session.id, make_up=make_up)


def move(
    app: App,
    tx: Transaction,
    session: Session,
    start: datetime,
    by: str = COORDINATOR,
    *,
    if_it_suits: bool = False,
    length: timedelta | None = None,
) -> Order:
    """Have one date stand at ``start`` (aware); its length stays unless another is given.

    ``if_it_suits``: only if that hour suits both when it is done, as it did when it was offered.

    Raises:
        FaultsError: it lies too far ahead.
    """
    now = app.clock.now()
    require_near("day", start.date(), now.astimezone(start.tzinfo).date())
    told: Json = {"start": start.isoformat()}
    if length is not None:
        told["minutes"] = length // timedelta(minutes=1)
    if if_it_suits:
        told["if_it_suits"] = True
    return _give(app, tx, session.pair_id, OrderKind.MOVE, by, session.id, **told)


def offer_dates(app: App, tx: Transaction, session: Session, by: str = COORDINATOR) -> Order:
    """Offer both people five other hours for one date."""
    return _give(app, tx, session.pair_id, OrderKind.OFFER_DATES, by, session.id)


def offer_hours(app: App, tx: Transaction, pair: Pair, by: str = COORDINATOR) -> Order:
    """Offer both people five other regular hours."""
    return _give(app, tx, pair.id, OrderKind.OFFER_HOURS, by)


def book_again(app: App, tx: Transaction, pair: Pair, by: str = COORDINATOR) -> Order:
    """Book a new series in place of one that was deleted."""
    return _give(app, tx, pair.id, OrderKind.BOOK_AGAIN, by)


def apply_rule(
    app: App, tx: Transaction, pair: Pair, cadence: Json, by: str = COORDINATOR
) -> Order:
    """Bring the pair's dates to come under a changed cadence rule (``ProgramRule.to_body``'s)."""
    return _give(app, tx, pair.id, OrderKind.APPLY_RULE, by, cadence=cadence)


def change_hour(
    app: App, tx: Transaction, pair: Pair, hour: SeriesSlot, by: str = COORDINATOR
) -> Order:
    """Have the dates to come at another regular hour; past ones stay.

    Raises:
        WrongStateError: the pair is not booked.
    """
    _require(pair, _LIVING, N_("meet at another regular hour"))
    return _give(app, tx, pair.id, OrderKind.CHANGE_HOUR, by, hour=slot_data(hour))


def adopt(
    app: App, tx: Transaction, pair: Pair, mailbox_id: str, event_id: str, by: str = COORDINATOR
) -> Order:
    """Have a series that stands in a program mailbox be the pair's, instead of booking one.

    Raises:
        WrongStateError: the pair is booked, or about to be.
    """
    _require(pair, _UNBOOKED, N_("adopt a series"))
    return _give(app, tx, pair.id, OrderKind.ADOPT, by, organizer=mailbox_id, event=event_id)


def change_organizer(
    app: App,
    tx: Transaction,
    pair: Pair,
    mailbox_id: str,
    *,
    out_of_reach: bool,
    by: str = COORDINATOR,
) -> Order:
    """Have the pair's dates to come stand in another program mailbox, at the same hours.

    ``out_of_reach``: the present one takes no more writes, so that its dates cannot be ended.
    """
    kind = OrderKind.CHANGE_ORGANIZER
    return _give(app, tx, pair.id, kind, by, organizer=mailbox_id, out_of_reach=out_of_reach)


def _give(
    app: App,
    tx: Transaction,
    pair_id: str,
    kind: OrderKind,
    by: str,
    session_id: str | None = None,
    **data: object,
) -> Order:
    now = app.clock.now()
    pair = tx.pairs.require(pair_id)
    if pair.state in OVER:
        raise WrongStateError(pair_id, pair.state, fact_in_words("order", kind.value))
    about = {} if session_id is None else {"session": session_id}
    order = Order(
        id=UUID(int=app.chance.getrandbits(128)).hex,
        pair_id=pair_id,
        kind=kind.value,
        given_at=now,
        given_by=by,
        data={**about, **data},
    )
    tx.orders.add(order)
    told = {"order": order.id, "kind": kind.value}
    _journal(tx, pair, "order_given", now, by, session_id, **told)
    reconcile.due(tx, pair_id, now)
    return order


def _require(pair: Pair, states: frozenset[PairState], wanted: str) -> None:
    if pair.state not in states:
        raise WrongStateError(pair.id, pair.state, wanted)


def _journal(
    tx: Transaction,
    pair: Pair,
    code: str,
    now: datetime,
    by: str,
    session_id: str | None = None,
    **data: object,
) -> None:
    tx.journal.write(
        JournalEntry(
            at=now,
            code=code,
            program_id=pair.program_id,
            pair_id=pair.id,
            session_id=session_id,
            data={"by": by, **data},
        )
    )
