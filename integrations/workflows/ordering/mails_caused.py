"""Which mails an act on a pair would cause, to whom and when: said before anybody says yes.

The act is tried on the store in a transaction that is taken back, the calendars are read, and the
core decides from both as the pair's reconciliation would. Nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.errors import ThrottledError, TokenError, UnreachableError
from integrations.ports import Transaction
from integrations.records import JournalEntry, OutboxMail, Pair, PairState
from integrations.workflows.app import App
from integrations.workflows.changes.calendar_view import Reading, read_calendar, series_view
from integrations.workflows.changes.case import Case, load_case
from integrations.workflows.changes.known_time import horizon_of, read_near_time, read_time
from integrations.workflows.changes.views import pair_view, standing_of
from integrations.workflows.changes.written_mails import written_mails
from integrations.workflows.messages.enqueue import mails_of
from integrations.workflows.showing.journal_words import Line, lines_of
from scheduling.changes.acts import Decision
from scheduling.changes.decide import decide
from scheduling.changes.limits import NO_MAILS, week_began
from scheduling.changes.reasons import ChangeCode
from scheduling.changes.situation import Situation
from scheduling.changes.views import (
    KnownTime,
    OccurrenceView,
    PairView,
    SeriesView,
    Standing,
    Time,
    UnreadableTime,
)
from scheduling.errors import TimeNotReadError

Telling = Callable[[App, Transaction, Pair, datetime], object]
"""Keeps what somebody orders about a pair, in the transaction it is given."""

_MOST_WAITS = 4
_WAITS = frozenset({ChangeCode.MAIL_HOURS, ChangeCode.MAIL_CAP})
_LIVING = frozenset({PairState.BOOKED, PairState.PAUSED})
_GONE = frozenset({Standing.LEFT, Standing.DISABLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CausedMail:
    """One mail to one person. ``kind`` is Exchange's word for what an act does to a calendar
    (``update``, ``cancellation``, ``invitation``), or the name of a message of Tandem's own.

    It goes not before ``at``; ``start`` is the date it is about, where it is about one.
    """

    person_id: str
    kind: str
    at: datetime
    is_own: bool = False
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caused:
    """What an act would do: its mails in the order in which they go, and what is decided, in words.

    ``waits_until`` is when the first mails may go where that is not at once. Where ``is_certain``
    is False calendars cannot be read now, so that what depends on free hours is not in it.
    """

    pair: Pair
    mails: tuple[CausedMail, ...] = ()
    lines: tuple[Line, ...] = ()
    waits_until: datetime | None = None
    is_certain: bool = True


async def mails_caused(app: App, pair_id: str, telling: Telling, *, reads: bool = True) -> Caused:
    """What ``telling`` would cause beyond what is to happen anyway; nothing is written.

    A series that is to be planned anew counts with its invitation alone: which of its dates lie at
    another hour is not known before. Without ``reads`` no calendar is asked and only what does not
    wait for one is foreseen.

    Raises:
        NotPossibleError, FaultsError: as ``telling`` says.
    """
    tried = await _try_out(app, pair_id, telling)
    case, own = tried.after, [_own(mail) for mail in tried.put_out]
    if case.pair.state not in _LIVING:
        return Caused(pair=case.pair, mails=tuple(own))
    look = await _look(app, case) if reads else _unread(case)
    try:
        news = _news(app, tried, look)
    except TimeNotReadError:
        look = await _look(app, case, far=True)
        news = _news(app, tried, look)
    mails = [*own, *_mails(tried, news)]
    now, first = app.clock.now(), min((mail.at for mail in mails), default=None)
    return Caused(
        pair=case.pair,
        mails=tuple(sorted(mails, key=lambda m: (m.at, m.start or m.at, m.kind, m.person_id))),
        lines=tuple(await app.store.run(lambda tx: lines_of(tx, [_entry(case, n) for n in news]))),
        waits_until=first if first is not None and first > now else None,
        is_certain=look.is_enough,
    )


def _news(app: App, tried: _Tried, look: _Look) -> list[_Foreseen]:
    """What would be decided after the act and not without it."""
    usual = {one.decision.key for one in _foreseen(app, tried.before, look)}
    return [one for one in _foreseen(app, tried.after, look) if one.decision.key not in usual]


# --- trying the act out --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tried:
    """The pair as it is and as the act leaves it; ``put_out`` are mails the act itself wrote."""

    before: Case
    after: Case
    in_outbox: frozenset[tuple[str, str, str]]
    put_out: tuple[OutboxMail, ...]


class _TakenBackError(Exception):
    """Ends the transaction in which an act was tried, so that nothing of it is kept."""

    def __init__(self, tried: _Tried) -> None:
        self.tried = tried
        super().__init__("tried out")


async def _try_out(app: App, pair_id: str, telling: Telling) -> _Tried:
    now, zone = app.clock.now(), app.options.zone

    def go(tx: Transaction) -> _Tried:
        before = load_case(tx, pair_id, now, default_zone=zone)
        known = {_key(row) for row in tx.outbox.of_pair(pair_id)}
        telling(app, tx, before.pair, now)
        rows = tx.outbox.of_pair(pair_id)
        after = load_case(tx, pair_id, now, default_zone=zone)
        raise _TakenBackError(
            _Tried(
                before,
                after,
                frozenset(_key(row) for row in rows),
                tuple(row for row in rows if _key(row) not in known),
            )
        )

    try:
        return await app.store.run(go)
    except _TakenBackError as back:
        return back.tried


def _key(row: OutboxMail) -> tuple[str, str, str]:
    return row.person_id, row.purpose, row.session_id


# --- what the core would decide ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """What calendars hold; None and nobody's time where they were not or cannot be read."""

    reading: Reading | None
    time: Time
    is_enough: bool


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """A decision, and when it is carried out."""

    at: datetime
    decision: Decision


def _unread(case: Case, *, is_enough: bool = False) -> _Look:
    blind = UnreadableTime(tuple(person.id for person in case.people))
    return _Look(None, blind, is_enough)


async def _look(app: App, case: Case, *, far: bool = False) -> _Look:
    if case.pair.withdrawn or any(standing_of(p) in _GONE for p in case.people):
        # It ends whatever calendars hold.
        return _unread(case, is_enough=True)
    horizon = horizon_of(case, app.clock.now())
    read = read_time if far else read_near_time
    try:
        reading = await read_calendar(app, case, horizon)
        time = (await read(app, case, reading, horizon)).time
    except (ThrottledError, UnreachableError, TokenError):
        return _unread(case)
    return _Look(reading, time, is_enough=reading is not None and isinstance(time, KnownTime))


def _foreseen(app: App, case: Case, look: _Look) -> list[_Foreseen]:
    """What would be decided about the pair, each once the mails it waits for may go."""
    situation = _situation(app, case, look)
    found: list[_Foreseen] = []
    for _ in range(_MOST_WAITS):
        decisions = decide(situation)
        waits = [d for d in decisions if d.reason.code in _WAITS and d.again_at is not None]
        found += [_Foreseen(situation.now, d) for d in decisions if d not in waits]
        if not waits:
            break
        situation = _later(
            situation, decisions, min(d.again_at for d in waits if d.again_at is not None)
        )
    return found


def _situation(app: App, case: Case, look: _Look) -> Situation:
    time = look.time
    if isinstance(time, KnownTime):
        time = replace(time, commitments=tuple(case.commitments))
    return Situation.at(
        app.clock.now(),
        replace(pair_view(case), said=frozenset()),
        series_view(case, look.reading).series if look.reading else None,
        time,
        limits=case.rule.limits,
        mails_this_week=case.mails_this_week,
    )


def _later(situation: Situation, decided: Iterable[Decision], at: datetime) -> Situation:
    """The situation at ``at`` with what was decided done, the calendar showing it."""
    for one in decided:
        situation = situation.after(one)
    pair, zone = situation.pair, situation.pair.zone
    is_new_week = week_began(at, zone) > week_began(situation.now, zone)
    shown = situation.calendar and _as_done(situation.calendar, pair)
    room = NO_MAILS if is_new_week else situation.room
    return replace(situation, now=at, calendar=shown, room=room, claimed=frozenset())


def _as_done(shown: SeriesView, pair: PairView) -> SeriesView:
    known = {s.id: s for s in pair.sessions}
    moved = [
        replace(one, span=session.span, cancelled=not session.is_live)
        for one in shown.occurrences
        for session in [next((s for s in known.values() if s.is_at(one)), None)]
        if session is not None
    ]
    standing = {one.event_id for one in moved}
    new = [
        OccurrenceView(session.event_id, None, session.span)
        for session in pair.sessions
        if session.is_live and session.event_id is not None and session.event_id not in standing
    ]
    return replace(shown, occurrences=(*moved, *new))


# --- what it comes to in mails -------------------------------------------------------------


def _mails(tried: _Tried, news: Iterable[_Foreseen]) -> Iterator[CausedMail]:
    case = tried.after
    for one in news:
        for act in one.decision.acts:
            for mailed in written_mails(case, act):
                for person in case.people:
                    yield CausedMail(
                        person_id=person.id, kind=mailed.kind, at=one.at, start=mailed.start
                    )
            for mail in mails_of(case, act, one.at):
                if _key(mail) not in tried.in_outbox:
                    yield _own(mail)


def _own(mail: OutboxMail) -> CausedMail:
    start = mail.data.get("start")
    return CausedMail(
        person_id=mail.person_id,
        kind=mail.purpose,
        at=mail.due_at,
        is_own=True,
        start=datetime.fromisoformat(start) if start else None,
    )


def _entry(case: Case, foreseen: _Foreseen) -> JournalEntry:
    reason = foreseen.decision.reason
    return JournalEntry(
        at=foreseen.at,
        code=reason.code.value,
        program_id=case.program.id,
        pair_id=case.pair.id,
        session_id=foreseen.decision.session_id,
        data=dict(reason.facts),
    )
