"""The one door through which everything that happens to a booked pair goes.

Open writes are settled, the pair, its dates in the organizer's calendar and both people's time
are read, the core decides, and each decision is journalled and carried out; then the core is
asked again. What is noticed elsewhere makes this due and changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as midnight_time

from integrations.errors import NotFoundError, ReadOnlyModeError, RefusedError
from integrations.ports import Transaction
from integrations.records import (
    OVER,
    Blocker,
    BlockerScope,
    JournalEntry,
    PairState,
    Session,
    SessionState,
)
from integrations.workflows.acting import ChangedByPersonError, Claim, NotYet, Withheld
from integrations.workflows.app import App
from integrations.workflows.booking.wave_gate import is_let
from integrations.workflows.changes.calendar_view import (
    Reading,
    digest,
    read_calendar,
    series_view,
    with_replies,
)
from integrations.workflows.changes.carry_out import carry_out, drop_unwanted, settle_open
from integrations.workflows.changes.case import Case, load_case
from integrations.workflows.changes.existing_series import ordered_series
from integrations.workflows.changes.known_time import (
    TimeRead,
    horizon_of,
    read_near_time,
    read_time,
)
from integrations.workflows.changes.views import pair_view, standing_of
from integrations.workflows.planning.calendars import Look, record_look
from integrations.workflows.standing_work import DueAgain
from scheduling.cadence import zone_info
from scheduling.changes.acts import AdoptSeries, Decision
from scheduling.changes.decide import decide
from scheduling.changes.gaps import alert_due
from scheduling.changes.makeups import last_chance, missing_dates
from scheduling.changes.situation import Situation
from scheduling.changes.views import ExistingSeries, KnownTime, OrderKind, Standing, UnreadableTime
from scheduling.changes.views import PairState as CorePairState
from scheduling.errors import TimeNotReadError

KIND = "reconcile_pair"
MOST_ROUNDS = 6
"""How often the core is asked in one go; what is left then is looked at a little later."""
LATER = timedelta(minutes=15)
UNREAD_PAUSE = timedelta(hours=6)
"""When a pair about which nothing could be decided is looked at again, unless somebody asks."""
SHORT_PAUSE = timedelta(days=7)
"""When a place for a date that could not be made up is sought again."""
REFUSED_PAUSE = timedelta(hours=12)
READ_ONLY_PAUSE = timedelta(hours=1)
INVITATION_GONE = "invitation_gone"

_UNBOOKED = frozenset({PairState.ENROLLED, PairState.PLANNED})


def due(tx: Transaction, pair_id: str, at: datetime) -> None:
    """Have the pair reconciled at ``at``, or earlier if it is due then already."""
    tx.work.schedule(KIND, pair_id, at)


async def reconcile_pair(app: App, claim: Claim, pair_id: str) -> None:
    """Bring store, calendars and what was decided into agreement.

    Raises:
        NotYet: another look is due; the work is to be done again then.
        ClaimLostError, IntegrationError: as ``perform``; what was done so far is remembered.
    """
    async with alone(app, pair_id):
        again_at = await _Reconciliation(app, claim, pair_id).run()
    if again_at is not None:
        raise NotYet(again_at, "another look is due")


@asynccontextmanager
async def alone(app: App, pair_id: str) -> AsyncIterator[None]:
    """One at a time for each person, so that no two pairs are given the same hour of hers."""
    if pair_id not in app.two_of:
        pair = await app.store.run(lambda tx: tx.pairs.require(pair_id))
        app.two_of[pair_id] = (pair.mentor_id, pair.mentee_id)
    async with AsyncExitStack() as held:
        for person in sorted(app.two_of[pair_id]):
            await held.enter_async_context(app.locks[f"person/{person}"])
        yield


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was read from outside: the organizer's calendar, both people's time, and the series
    that the pair is ordered to adopt."""

    at: datetime
    reading: Reading | None
    time: TimeRead
    existing: tuple[ExistingSeries, ...] = ()


@dataclass(frozen=True, slots=True)
class _Round:
    """One asking of the core: from what, and what it said.

    ``lines`` are the journal's, by what makes two of them the same. ``stale_until``: until then a
    read may show what was before our own write.
    """

    case: Case
    looked: _Looked
    situation: Situation
    decisions: tuple[Decision, ...]
    lines: Mapping[str, JournalEntry]
    stale_until: datetime | None

    @property
    def said(self) -> frozenset[str]:
        """What is said as long as it stands; what cannot be seen now may well stand still."""
        said = frozenset(self.case.pair.said)
        if self.situation.calendar is None or self.situation.known is None:
            return frozenset(self.lines) | said
        return frozenset(self.lines) | (said & _beyond(self.case, self.looked))

    @property
    def news(self) -> list[JournalEntry]:
        """Lines that were not written already."""
        return [line for key, line in self.lines.items() if key not in self.case.pair.said]


class _Reconciliation:
    """One go at one pair."""

    def __init__(self, app: App, claim: Claim, pair_id: str) -> None:
        self._app, self._claim, self._pair_id = app, claim, pair_id

    async def run(self) -> datetime | None:
        """Decide and act until nothing is left; when another look is due, None if never."""
        looked: _Looked | None = None
        for _ in range(MOST_ROUNDS):
            case = await self._settled_case()
            if case.pair.state is PairState.BOOKING:
                return self._app.clock.now() + LATER
            if case.pair.state in OVER and not case.orders:
                await drop_unwanted(self._app, case)
                return None
            if case.pair.state in _UNBOOKED and not await self._may_begin(case):
                return None
            looked = looked or await self._look(case)
            try:
                asked = self._ask(case, looked)
            except TimeNotReadError:
                looked = await self._look_far(case, looked)
                asked = self._ask(case, looked)
            if asked.news:
                await self._app.store.run(lambda tx, asked=asked: _say(tx, asked))  # type: ignore[misc]
            acting = [one for one in asked.decisions if one.acts]
            if not acting:
                await self._conclude(asked)
                return None
            is_as_read = await self._carry_out(asked, acting)
            if not is_as_read or any(isinstance(a, AdoptSeries) for d in acting for a in d.acts):
                # Somebody acted meanwhile, so that what was read is not so any more; or a series
                # was taken over that was not the pair's when its calendar was read.
                looked = None
        return self._app.clock.now() + LATER

    async def _settled_case(self) -> Case:
        case = await self._load()
        if case.open_intents and await settle_open(self._app, self._claim, case):
            case = await self._load()
        return case

    async def _may_begin(self, case: Case) -> bool:
        """Whether something may be decided about an unbooked pair.

        Its wave lets it, so that somebody may be asked which hour it is to be; or a coordinator
        wants a series adopted, which mails nobody and has to come before the wave.
        """
        if any(order.kind == OrderKind.ADOPT for order in case.orders):
            return True
        return await self._app.store.run(lambda tx: is_let(tx, case.pair))

    async def _load(self) -> Case:
        app, now = self._app, self._app.clock.now()
        zone = app.options.zone
        return await app.store.run(lambda tx: load_case(tx, self._pair_id, now, default_zone=zone))

    async def _look(self, case: Case) -> _Looked:
        app, now = self._app, self._app.clock.now()
        if _ends_unread(case):
            people = tuple(person.id for person in case.people)
            return _Looked(now, None, TimeRead(UnreadableTime(people), Look({}, {}, now)))
        horizon = horizon_of(case, now)
        reading = await read_calendar(app, case, horizon)
        existing = await ordered_series(app, case)
        return _Looked(now, reading, await read_near_time(app, case, reading, horizon), existing)

    async def _look_far(self, case: Case, looked: _Looked) -> _Looked:
        """The same with all that is left of both people's time."""
        horizon = horizon_of(case, looked.at)
        return replace(looked, time=await read_time(self._app, case, looked.reading, horizon))

    def _ask(self, case: Case, looked: _Looked) -> _Round:
        shown = series_view(case, looked.reading) if looked.reading else None
        time = looked.time.time
        if isinstance(time, KnownTime):
            # What binds the two elsewhere may have changed since.
            time = replace(time, commitments=tuple(case.commitments))
        situation = Situation.at(
            self._app.clock.now(),
            # What was said before is kept apart: the core is asked for all that stands now.
            replace(pair_view(case), said=frozenset()),
            shown.series if shown else None,
            time,
            limits=case.rule.limits,
            mails_this_week=case.mails_this_week,
        )
        situation = replace(situation, existing=looked.existing)
        decisions = decide(situation)
        lines = dict(_lines(case, looked, decisions, situation.now))
        stale_until = shown.look_again_at if shown else None
        return _Round(case, looked, situation, decisions, lines, stale_until)

    async def _carry_out(self, asked: _Round, acting: Sequence[Decision]) -> bool:
        """Carry decisions out in order; False if the calendar is not as it was read.

        Each is carried out on the pair as the ones before it left it. A write that may not be
        made holds up no other decision but those that come to nothing without it.
        """
        case, withheld = asked.case, False
        for number, decision in enumerate(acting):
            if number:
                # It was decided from what was so then, whoever has begun what since.
                case = replace(await self._load(), loaded_at=asked.case.loaded_at)
            try:
                await carry_out(self._app, self._claim, _with_keys(case, asked.looked), decision)
            except (ChangedByPersonError, NotFoundError):
                return False
            except ReadOnlyModeError:
                withheld = True
            except RefusedError as refusal:
                if refusal.passes:
                    raise
                await self._block(case, refusal)
                due_at = self._app.clock.now() + REFUSED_PAUSE
                raise NotYet(due_at, "a write was refused", stuck=True) from None
        if withheld:
            due_at = self._app.clock.now() + READ_ONLY_PAUSE
            raise Withheld(due_at, "nothing may be written", stuck=True)
        return True

    async def _block(self, case: Case, refusal: RefusedError) -> None:
        blocker = Blocker(
            scope=BlockerScope.PAIR,
            subject_id=case.pair.id,
            code="refused",
            since=self._app.clock.now(),
            data={"status": str(refusal.status), "graph_code": refusal.code},
        )
        await self._app.store.run(lambda tx: tx.blockers.set(blocker))

    async def _conclude(self, asked: _Round) -> None:
        """Remember what was compared, and say when another look is due.

        Raises:
            DueAgain: then, and what was compared is remembered with it.
        """
        await drop_unwanted(self._app, asked.case)
        again_at = _next_look(asked)
        if again_at is not None:
            raise DueAgain(again_at, "another look is due", lambda tx: _keep(tx, asked))
        await self._app.store.run(lambda tx: _keep(tx, asked))


# --- what is read and known ---------------------------------------------------------------


def _beyond(case: Case, looked: _Looked) -> frozenset[str]:
    """What may be said of invitations to dates so far off that nobody has looked."""
    return frozenset(
        _gone_key(session.id, person.id)
        for session in case.sessions
        if not looked.time.says_of(session)
        for person in case.people
    )


def _gone_key(session_id: str, person_id: str) -> str:
    return f"{INVITATION_GONE}:{session_id}:{person_id}"


def _ends_unread(case: Case) -> bool:
    """Whether the pair ends whatever its calendars hold, so that none of them is read."""
    return case.pair.withdrawn or any(
        standing_of(person) in (Standing.LEFT, Standing.DISABLED) for person in case.people
    )


def _with_keys(case: Case, looked: _Looked) -> Case:
    """The case with the change keys of what was read, which is what was decided from.

    A write to one date changes the keys of a whole series: after our own there are none to go by.
    """
    reading = looked.reading
    if reading is None:
        return case
    written = any((i.settled_at or looked.at) >= looked.at for i in case.settled_lately)

    def keyed(session: Session) -> Session:
        event = reading.event_of(session)
        if written or event is None:
            return replace(session, etag=None)
        return replace(session, event_id=event.id, etag=event.etag)

    masters = {} if written else reading.masters
    return replace(
        case,
        sessions=[keyed(session) for session in case.sessions],
        bookings=[
            replace(booking, etag=master.etag) if master else booking
            for booking in case.bookings
            for master in [masters.get(booking.generation)]
        ],
    )


def _compared(case: Case, looked: _Looked) -> Iterator[Session]:
    """Sessions whose event looks other than last time, with how it looks now."""
    if looked.reading is None:
        return
    written = {
        i.session_id for i in case.settled_lately if (i.settled_at or looked.at) >= looked.at
    }
    for session in case.sessions:
        if session.state is not SessionState.SCHEDULED or {session.id, None} & written:
            # What we wrote ourselves was compared then.
            continue
        event = looked.reading.event_of(session)
        if event is None or event.span.start != session.start or event.span.end != session.end:
            continue
        compared = replace(session, event_id=event.id, etag=event.etag, seen=digest(event))
        compared = with_replies(compared, event, [person.mail for person in case.people])
        if compared != session:
            yield compared


# --- what is written down -----------------------------------------------------------------


def _lines(
    case: Case, looked: _Looked, decisions: Iterable[Decision], now: datetime
) -> Iterator[tuple[str, JournalEntry]]:
    """A line for each decision, and for each invitation that somebody has no more."""
    line = JournalEntry(at=now, code="", program_id=case.program.id, pair_id=case.pair.id)
    for one in decisions:
        code, facts = one.reason.code.value, dict(one.reason.facts)
        yield one.key, replace(line, code=code, session_id=one.session_id, data=facts)
    lately = {intent.session_id for intent in case.settled_lately}
    for session_id, person_id in looked.time.missing:
        begun = case.session(session_id).start <= now
        if not begun and not {session_id, None} & lately:
            gone = replace(line, code=INVITATION_GONE, session_id=session_id, person_id=person_id)
            yield _gone_key(session_id, person_id), gone


def _say(tx: Transaction, asked: _Round) -> None:
    tx.journal.write(*asked.news)
    pair = tx.pairs.require(asked.case.pair.id)
    tx.pairs.put(replace(pair, said=tuple(sorted(asked.said))))


def _keep(tx: Transaction, asked: _Round) -> None:
    now = asked.situation.now
    pair = tx.pairs.require(asked.case.pair.id)
    tx.pairs.put(replace(pair, reconciled_at=now, said=tuple(sorted(asked.said))))
    tx.sessions.put_many(list(_compared(asked.case, asked.looked)))
    if any(blocker.code == "refused" for blocker in asked.case.blockers):
        tx.blockers.clear(BlockerScope.PAIR, pair.id, now, "refused")
    record_look(tx, asked.looked.time.look, now)


# --- when to look again -------------------------------------------------------------------


def _next_look(asked: _Round) -> datetime | None:
    """The earliest instant at which something is to be decided that no other look would tell."""
    now = asked.situation.now
    ends = [one.again_at for one in asked.decisions]
    ends += [asked.stale_until, *_times_of(asked.situation)]
    return min((at for at in ends if at is not None and at > now), default=None)


def _times_of(situation: Situation) -> Iterator[datetime]:
    """The end of a pause and of the last date, a gap's alert, and what is sought again."""
    pair, now = situation.pair, situation.now
    if pair.pause is not None:
        midnight = datetime.combine(
            pair.pause.last + timedelta(days=1), midnight_time(), zone_info(pair.zone)
        )
        yield midnight.astimezone(UTC)
    if pair.state is not CorePairState.BOOKED:
        return
    yield from sorted(s.span.end for s in pair.sessions if s.is_live)[-1:]
    gap = alert_due(situation)
    if gap is not None:
        yield gap
    if situation.known is None or situation.calendar is None:
        yield now + UNREAD_PAUSE
    if missing_dates(pair, now):
        yield now + SHORT_PAUSE
        yield last_chance(situation)
