"""Records as the core sees them, and back: one pair view and the few words stored as data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from integrations.records import Json, Order, Pair, Participant, Session
from integrations.workflows.changes.case import Case, parsed_rule
from integrations.workflows.rulebook.terms import first_monday
from scheduling.attendance.evidence import VerdictKind
from scheduling.attendance.progress import ON_RECORD
from scheduling.cadence import SeriesSlot, zone_info
from scheduling.changes import views
from scheduling.changes.views import (
    CancelCause,
    ConflictSeen,
    Member,
    Offer,
    PairState,
    PairView,
    Pause,
    ReplyKey,
    SeriesDecline,
    SessionState,
    SessionView,
    Standing,
    StoodAlready,
)
from scheduling.timespan import TimeSpan


def pair_view(case: Case) -> PairView:
    """The pair as the core decides about it.

    A single event whose id is not known yet goes by its session's id, as ``remembered`` has it.
    """
    pair, rule = case.pair, case.rule
    return PairView(
        id=pair.id,
        mentor=_member(case, case.mentor),
        mentee=_member(case, case.mentee),
        rule=rule.cadence,
        start_date=windows_from(pair),
        state=PairState(pair.state),
        series=slot_of(pair.series),
        generation=pair.generation,
        mode=rule.mode,
        senior_first_days=rule.senior_first_days,
        booked_at=pair.booked_at,
        program_end=rule.ends_on,
        pause=pause_of(pair.pause),
        past_pauses=tuple(p for data in pair.past_pauses if (p := pause_of(data))),
        withdrawn=pair.withdrawn,
        sessions=tuple(_session(case, session) for session in case.sessions),
        series_declines=tuple(map(_series_decline, pair.series_declines)),
        offer=offer_of(pair.offer),
        needs=frozenset(need.key for need in case.needs),
        said=frozenset(pair.said),
        last_on_record=_last_on_record(case),
        evidence_readable=pair.evidence_readable,
        closed_dates=_closed_dates(case),
        orders=tuple(_order(case, order) for order in case.orders),
        may_have_ended=case.may_have_ended,
    )


def windows_from(pair: Pair) -> date:
    """The Monday from which the pair's cadence windows count."""
    if pair.windows_from is not None:
        return pair.windows_from
    slot = slot_of(pair.series)
    if slot is not None:
        return slot.first_date - timedelta(days=7 * slot.phase + slot.weekday)
    return first_monday(pair.start_date)


def _member(case: Case, person: Participant) -> Member:
    return Member(person.id, case.zone_of(person), standing_of(person))


def standing_of(person: Participant) -> Standing:
    """What a person is to the firm."""
    if person.gone:
        return Standing.LEFT
    if not person.enabled:
        return Standing.DISABLED
    return Standing.EXTERNAL if person.guest else Standing.ACTIVE


def _session(case: Case, session: Session) -> SessionView:
    span = TimeSpan(session.start, session.end)
    planned_start = session.planned_start or session.start
    is_current = session.generation == case.pair.generation
    length = case.rule.cadence.duration if is_current else span.length
    return SessionView(
        id=session.id,
        window=session.window,
        state=SessionState(session.state),
        recurrence_id=session.series_start,
        planned=TimeSpan(planned_start, planned_start + length),
        span=span,
        event_id=(session.event_id or session.id) if session.single else None,
        moves=session.moves,
        declines=session.declines,
        acted=frozenset(ReplyKey(**_reply_words(data)) for data in session.answered),
        conflicts=tuple(_conflict(data) for data in session.conflicts if "since" in data),
        stood=stood_of(session),
        told=frozenset(session.told),
        moved_by_person=session.moved_by_person,
        cause=CancelCause(session.cause) if session.cause else None,
        held=session.held,
        make_up=session.make_up,
        generation=session.generation,
    )


def _order(case: Case, order: Order) -> views.Order:
    """An order, with what its ``data`` say of session, start, make-up and cadence."""
    data = order.data
    session_id = data.get("session")
    to = None
    if "start" in data:
        start = datetime.fromisoformat(data["start"])
        length = timedelta(minutes=data["minutes"]) if "minutes" in data else None
        to = TimeSpan(start, start + (length or _length_of(case, session_id)))
    return views.Order(
        id=order.id,
        kind=views.OrderKind(order.kind),
        session_id=session_id,
        to=to,
        make_up=bool(data.get("make_up")),
        if_it_suits=bool(data.get("if_it_suits")),
        organizer=data.get("organizer"),
        event_id=data.get("event"),
        out_of_reach=bool(data.get("out_of_reach")),
        rule=parsed_rule({"cadence": data["cadence"]}).cadence if "cadence" in data else None,
        hour=slot_of(data.get("hour")),
    )


def _length_of(case: Case, session_id: str | None) -> timedelta:
    lengths = (s.end - s.start for s in case.sessions if s.id == session_id)
    return next(lengths, case.rule.cadence.duration)


def _last_on_record(case: Case) -> date | None:
    zone = zone_info(case.zone_of(case.mentor))
    met = [s.start.astimezone(zone).date() for s in case.sessions if is_on_record(s)]
    return max(met, default=None)


def is_on_record(session: Session) -> bool:
    """Whether a meeting is on record: the two met, or may well have."""
    verdict = session.verdict
    return session.held is True or (verdict is not None and VerdictKind(verdict) in ON_RECORD)


def _closed_dates(case: Case) -> frozenset[date]:
    """Public holidays of either office and dates without sessions, over all of the pair's time."""
    first = min((s.start.date() for s in case.sessions), default=windows_from(case.pair))
    last = windows_from(case.pair) + timedelta(days=case.rule.cadence.horizon_days + 100)
    found = set(case.rule.cadence.blackout_dates)
    for person in case.people:
        office = case.rule.holidays.get(person.office or "")
        if office is not None:
            found |= office.dates(first - timedelta(days=60), last)
    return frozenset(found)


# --- words stored as data -----------------------------------------------------------------


def slot_of(data: Json | None) -> SeriesSlot | None:
    """The series slot in a pair's ``series`` or among offered hours."""
    if data is None:
        return None
    return SeriesSlot(
        zone=data["zone"],
        weekday=data["weekday"],
        start=time.fromisoformat(data["start"]),
        phase=data["phase"],
        first_date=date.fromisoformat(data["first_date"]),
    )


def slot_data(slot: SeriesSlot) -> Json:
    """A series slot as stored."""
    return {
        "zone": slot.zone,
        "weekday": slot.weekday,
        "start": slot.start.strftime("%H:%M"),
        "phase": slot.phase,
        "first_date": slot.first_date.isoformat(),
    }


def pause_of(data: Json | None) -> Pause | None:
    """A stored pause."""
    if data is None:
        return None
    return Pause(date.fromisoformat(data["first"]), date.fromisoformat(data["last"]))


def pause_data(pause: Pause) -> Json:
    """A pause as stored."""
    return {"first": pause.first.isoformat(), "last": pause.last.isoformat()}


def offer_of(data: Json | None) -> Offer | None:
    """Stored hours that were offered."""
    if data is None:
        return None
    hours = tuple(slot for hour in data["hours"] if (slot := slot_of(hour)))
    return Offer(
        to=tuple(data["to"]),
        at=datetime.fromisoformat(data["at"]),
        hours=hours,
        picked=slot_of(data["picked"]),
    )


def offer_data(offer: Offer) -> Json:
    """Offered hours as stored."""
    return {
        "to": list(offer.to),
        "at": offer.at.isoformat(),
        "hours": [slot_data(hour) for hour in offer.hours],
        "picked": slot_data(offer.picked) if offer.picked else None,
    }


def _series_decline(data: Json) -> SeriesDecline:
    return SeriesDecline(
        person=data["person"],
        since=datetime.fromisoformat(data["since"]),
        offered=data.get("offered", False),
        handled=data.get("handled", False),
    )


def series_declines_data(declines: Iterable[SeriesDecline]) -> tuple[Json, ...]:
    """Declines of the series as stored."""
    return tuple(
        {
            "person": d.person,
            "since": d.since.isoformat(),
            "offered": d.offered,
            "handled": d.handled,
        }
        for d in declines
    )


def _conflict(data: Json) -> ConflictSeen:
    return ConflictSeen(
        person=data["person"],
        since=datetime.fromisoformat(data["since"]),
        last_look=datetime.fromisoformat(data["last_look"]),
        looks=data["looks"],
    )


def stood_of(session: Session) -> tuple[StoodAlready, ...]:
    """Appointments over a date that were there when somebody chose its time."""
    return tuple(
        StoodAlready(
            data["person"],
            TimeSpan(datetime.fromisoformat(data["start"]), datetime.fromisoformat(data["end"])),
        )
        for data in session.conflicts
        if "since" not in data
    )


def conflicts_data(
    conflicts: Iterable[ConflictSeen], stood: Iterable[StoodAlready] = ()
) -> tuple[Json, ...]:
    """Appointments over a date as stored: those seen since, and those that stood before it."""
    before = (
        {
            "person": one.person,
            "start": one.span.start.isoformat(),
            "end": one.span.end.isoformat(),
        }
        for one in stood
    )
    return (*map(_conflict_data, conflicts), *before)


def _conflict_data(conflict: ConflictSeen) -> Json:
    return {
        "person": conflict.person,
        "since": conflict.since.isoformat(),
        "last_look": conflict.last_look.isoformat(),
        "looks": conflict.looks,
    }


def _reply_words(data: Json) -> dict[str, str]:
    return {
        "event_id": data["event"],
        "person": data["person"],
        "proposed": data.get("proposed", ""),
        "at": data.get("at", ""),
    }


def replies_data(replies: Iterable[ReplyKey]) -> tuple[Json, ...]:
    """Answers dealt with as stored."""
    return tuple(
        {"event": r.event_id, "person": r.person, "proposed": r.proposed, "at": r.at}
        for r in sorted(replies)
    )
