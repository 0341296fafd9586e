"""What the pair's own page shows: the dates with who leads, what became of them, what can be done.

A participant sees what became of a date in words that blame nobody; an assistant sees dates alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import OVER, Order, Pair, PairState, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.booking import check_ins
from integrations.workflows.changes.case import Case, load_pair
from integrations.workflows.changes.views import pause_of, slot_of
from integrations.workflows.messages.words import contact_of, every, kind_said, regular
from integrations.workflows.pair_page.acting import Actor
from integrations.workflows.pair_page.clocks import Clocks, clocks, zones_of
from integrations.workflows.pair_page.meetings import is_asked
from integrations.workflows.pair_page.regular_hour import may_pick, offered_to
from integrations.workflows.reporting.recognition import badges_said
from integrations.workflows.rulebook.roles import leader_on, mentee_on, mentor_on
from integrations.workflows.rulebook.rules import Participation, kind_of
from scheduling.cadence import zone_info
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.views import CancelCause, OrderKind
from scheduling.rule import SessionKind

_MINUTE = timedelta(minutes=1)
_REFUSALS_SHOWN = timedelta(days=5)
_LIVING = frozenset({PairState.BOOKED, PairState.PAUSED})
_PICKING = frozenset({PairState.ENROLLED, PairState.PLANNED})

BECAME: Mapping[str | None, str] = MappingProxyType(
    {
        "held": N_("You met"),
        "short": N_("You met, for a short while"),
        "not_held": N_("No meeting on record"),
        "to_confirm": N_("Did you meet?"),
        "disputed": N_("Did you meet?"),
        "unknown": N_("Did you meet?"),
        "pending": N_("Not known yet"),
        None: N_("Not known yet"),
    }
)
"""What became of a date, by verdict: of the two together, never of one of them."""
WHY_GONE: Mapping[str | None, str] = MappingProxyType(
    {
        CancelCause.SKIPPED: N_("Left out, to be made up"),
        CancelCause.DECLINED: N_("Taken out, to be made up"),
        CancelCause.SHORT_NOTICE: N_("Taken out, to be made up"),
        CancelCause.PAUSED: N_("Paused"),
    }
)
_LEFT_OUT = N_("Left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateShown:
    """One date as a reader sees it.

    ``leads`` is a participant id, ``kind`` what it is where it is no meeting. ``became`` says in
    words what became of a date that is over or gone; of one that took place only the two themselves
    see it. ``waits`` is what was told and is still to be done: ``skip``, ``move`` or
    ``offer_dates``.
    """

    session_id: str
    begins: Clocks
    minutes: int
    leads: str
    place: str
    kind: str | None
    is_make_up: bool
    is_moved: bool
    became: str | None = None
    may_tell: bool = False
    aim: str | None = None
    waits: str | None = None
    waits_for: Clocks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The page of a pair as one of the two, or their assistant, sees it.

    ``mine`` and ``theirs`` are names. ``regular`` is the regular hour in words, ``rhythm`` how
    often, ``minutes`` how long as a rule; ``contact`` is whom to ask, ``contact_within`` the same
    within a sentence; ``hours`` are regular hours offered to the reader;
    ``may_pick`` says that a click takes one, and ``hour_to_come`` is the regular hour that their
    dates move to once mails may go out. ``taken`` are hours that
    somebody picked lately and that did not suit both any more. ``confirmed`` says whether the
    reader confirmed, ``join_url`` is where the next date meets on Teams, ``agenda`` what the
    program proposes to talk about, ``asked_to_stop`` whether the reader did. ``badges`` are the
    reader's own, in words; none without their yes.
    """

    pair: Pair
    program: str
    mine: str
    theirs: str
    mentor: str
    mentee: str
    names: Mapping[str, str]
    zone: str
    other_zone: str
    contact: str
    contact_within: str
    rhythm: str
    minutes: int
    regular: str | None
    next: DateShown | None
    coming: tuple[DateShown, ...]
    past: tuple[DateShown, ...]
    gone: tuple[DateShown, ...]
    pause: tuple[date, date] | None
    hours: tuple[str, ...]
    may_pick: bool
    hour_to_come: str | None
    waits_for_pick: bool
    taken: tuple[Clocks, ...]
    is_booked: bool
    is_over: bool
    confirmed: bool
    my_goal: str | None
    their_goal: str | None
    join_url: str | None
    agenda: tuple[str, ...]
    is_voluntary: bool
    asked_to_stop: bool
    badges: tuple[str, ...] = ()


def home_of(tx: Transaction, app: App, actor: Actor, pair_id: str, now: datetime) -> Home:
    """The pair's page for this reader."""
    case = load_pair(tx, pair_id, default_zone=app.options.zone)
    pair, reader = case.pair, actor.person_id
    mine, theirs = case.people if reader == case.mentor.id else case.people[::-1]
    names = {person.id: person.name for person in case.people}
    today = now.astimezone(zone_info(case.zone)).date()
    shown = _Shown(tx, case, actor, now)
    sessions = sorted(case.sessions, key=lambda session: session.start)
    live = [s for s in sessions if s.state is SessionState.SCHEDULED]
    coming = tuple(shown.date(s) for s in live if s.end > now)
    zone, other_zone = zones_of(case, reader)
    bookings = tx.bookings.of_pair(pair_id)
    is_over = pair.state in OVER
    pause, goals = pause_of(pair.pause), _goals(tx, pair_id, actor)
    return Home(
        pair=pair,
        program=case.program.name,
        mine=mine.name,
        theirs=theirs.name,
        mentor=names[mentor_on(pair, today)],
        mentee=names[mentee_on(pair, today)],
        names=names,
        zone=zone,
        other_zone=other_zone,
        contact=contact_of(case.program),
        contact_within=contact_of(case.program, within=True),
        rhythm=every(case.rule.cadence.interval_weeks),
        minutes=case.rule.cadence.duration_minutes,
        regular=_regular(pair, zone, other_zone) if pair.state in _LIVING else None,
        next=coming[0] if coming else None,
        coming=coming[1:],
        past=tuple(shown.date(s) for s in reversed(live) if s.end <= now),
        gone=tuple(
            shown.date(s) for s in sessions if s.state is SessionState.CANCELLED and s.end > now
        ),
        pause=None if pause is None else (pause.first, pause.last),
        hours=() if is_over else _hours(pair, reader, zone, other_zone),
        may_pick=may_pick(tx, pair),
        hour_to_come=_hour_to_come(case, zone, other_zone),
        waits_for_pick=pair.state in _PICKING and pair.offer is not None,
        taken=tuple(_taken(tx, case, actor, now)),
        is_booked=pair.state in _LIVING,
        is_over=is_over,
        confirmed=reader in tx.confirmations.of_pairs([pair_id])[pair_id],
        my_goal=goals.get(mine.id),
        their_goal=goals.get(theirs.id),
        join_url=None if actor.is_assistant or not bookings else bookings[-1].join_url,
        agenda=case.rule.agenda,
        is_voluntary=case.rule.participation is Participation.VOLUNTARY,
        asked_to_stop=any(
            need.code == ChangeCode.WISHES_TO_STOP and need.data.get("person") == reader
            for need in case.needs
        ),
        badges=()
        if actor.is_assistant
        else badges_said(tx, reader, pair.program_id, now, app.options.zone),
    )


def _regular(pair: Pair, zone: str, other_zone: str) -> str | None:
    slot = slot_of(pair.series)
    return None if slot is None else regular(slot, zone, other_zone)


def _hour_to_come(case: Case, zone: str, other_zone: str) -> str | None:
    ordered = (o.data["hour"] for o in case.orders if o.kind == OrderKind.CHANGE_HOUR)
    slot = slot_of(next(ordered, None))
    return None if slot is None else regular(slot, zone, other_zone)


def _hours(pair: Pair, reader: str, zone: str, other_zone: str) -> tuple[str, ...]:
    slots = (slot_of(data) for data in offered_to(pair, reader))
    return tuple(regular(slot, zone, other_zone) for slot in slots if slot is not None)


def _goals(tx: Transaction, pair_id: str, actor: Actor) -> dict[str, str]:
    if actor.is_assistant:
        return {}
    return {person: goal.text for person, goal in tx.goals.of_pair(pair_id).items()}


def _taken(tx: Transaction, case: Case, actor: Actor, now: datetime) -> list[Clocks]:
    """Hours picked lately, by whomever, that were gone when they were to be written."""
    code = ChangeCode.ORDER_HOUR_TAKEN.value
    entries = tx.journal.read(pair_id=case.pair.id, code=code)
    fresh = [e for e in entries if now - e.at < _REFUSALS_SHOWN and e.session_id is not None]
    live = {s.id: s for s in case.sessions if s.state is SessionState.SCHEDULED and s.start > now}
    last = {e.session_id: e.at for e in fresh}
    moved = {
        e.session_id: e.at
        for e in tx.journal.read(pair_id=case.pair.id, code=ChangeCode.MOVED_BY_ORDER.value)
    }
    return [
        clocks(case, actor.person_id, live[session_id].start)
        for session_id, at in last.items()
        if session_id in live and moved.get(session_id, at) <= at
    ]


class _Shown:
    """Sessions as the reader sees them."""

    def __init__(self, tx: Transaction, case: Case, actor: Actor, now: datetime) -> None:
        self._case, self._actor, self._now = case, actor, now
        self._with_contact = check_ins.invites(tx, case.program)
        self._waiting = {
            str(order.data["session"]): order for order in case.orders if "session" in order.data
        }
        ids = [session.id for session in case.sessions]
        self._aims = {} if actor.is_assistant else tx.aims.of_sessions(ids)

    def date(self, session: Session) -> DateShown:
        case, reader = self._case, self._actor.person_id
        aim = self._aims.get(session.id)
        order = self._waiting.get(session.id)
        return DateShown(
            session_id=session.id,
            begins=clocks(case, reader, session.start),
            minutes=(session.end - session.start) // _MINUTE,
            leads=self._leads(session),
            place=case.rule.place_of(case.pair.place),
            kind=self._kind(session),
            is_make_up=session.make_up,
            is_moved=session.moved,
            became=self._became(session),
            may_tell=not self._actor.is_assistant and is_asked(session, self._now),
            aim=None if aim is None else aim.text,
            waits=None if order is None else order.kind,
            waits_for=None if order is None else self._to(order),
        )

    def _kind(self, session: Session) -> str | None:
        """What it is for, where that is no meeting as usual."""
        kind = kind_of(self._case.rule, session)
        if kind is SessionKind.MEETING:
            return None
        return kind_said(kind, self._case.program, with_contact=self._with_contact)

    def _leads(self, session: Session) -> str:
        case = self._case
        day = session.start.astimezone(zone_info(case.zone)).date()
        return leader_on(case.pair, day, session.window, mixed=case.program.mixed)

    def _became(self, session: Session) -> str | None:
        if session.state is SessionState.CANCELLED:
            return gettext(WHY_GONE.get(session.cause, _LEFT_OUT))
        if session.end > self._now or self._actor.is_assistant:
            return None
        return gettext(BECAME.get(session.verdict, BECAME[None]))

    def _to(self, order: Order) -> Clocks | None:
        if order.kind != OrderKind.MOVE:
            return None
        start = datetime.fromisoformat(order.data["start"])
        return clocks(self._case, self._actor.person_id, start)
