"""Booking one pair: its series, its moved dates, its online meeting, and a look at all of it.

Every step finds out from the store what is done already, so the whole can be repeated at any
moment: after a crash, a lost answer or a wait it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import zip_longest
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from integrations.blockers import PASSING, STOPPING
from integrations.errors import (
    ChangedMeanwhileError,
    IntegrationError,
    NotFoundError,
    RefusedError,
)
from integrations.ports import EventSnapshot, SeriesDraft, Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Booking,
    Intent,
    IntentState,
    JournalEntry,
    Json,
    Mailbox,
    Pair,
    PairState,
    Participant,
    Program,
    ProgramState,
    Session,
    SessionState,
)
from integrations.workflows.acting import (
    Act,
    ChangedByPersonError,
    ChangedElsewhere,
    Claim,
    Happened,
    NotHappened,
    NotYet,
    OutdatedError,
    ReadBack,
    Record,
    perform,
    perform_in_turn,
)
from integrations.workflows.app import App
from integrations.workflows.booking import mailboxes
from integrations.workflows.booking.announce import require_its_day
from integrations.workflows.booking.crossing import is_clear, shares_people
from integrations.workflows.booking.invitation import Invited, invitation_of, location_of
from integrations.workflows.booking.wave_gate import is_let, those_let
from integrations.workflows.changes.case import parsed_rule, rule_of
from integrations.workflows.planning.freshness import is_stale, require_fresh_plan, still_holds
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.views import Mode
from scheduling.rule import WEEKDAYS
from scheduling.timespan import TimeSpan

KIND = "book_pair"
PLAN_RETRY = timedelta(hours=1)
LOOK_KEEPS = timedelta(minutes=2)
MEETING_RETRY = timedelta(minutes=10)
MEETING_PATIENCE = timedelta(hours=1)
GIVEN_UP = ("refused", "work_put_aside", "changed_by_person", "instances_differ")
NO_COMMON_HOUR = "No common hour was found for this date; the other dates stay as they are."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that booking one pair looks at."""

    pair: Pair
    program: Program
    rule: ProgramRule
    mentor: Participant
    mentee: Participant
    sessions: Sequence[Session]
    booking: Booking | None
    being_created: bool
    mailbox: Mailbox | None
    blockers: Sequence[Blocker]
    is_let: bool = True
    shares_people: bool = False

    @property
    def stopped_by(self) -> list[Blocker]:
        """What only a person's act can clear; a new look may clear the rest."""
        clearing = PASSING | {"no_common_slot"}
        return [
            blocker
            for blocker in self.blockers
            if blocker.scope is not BlockerScope.MAILBOX and blocker.code in STOPPING - clearing
        ]

    def mailbox_is_ready(self, today: date) -> bool:
        """Whether the mailbox passed today's trial and nothing stopped it since."""
        stopped = any(
            blocker.scope is BlockerScope.MAILBOX and blocker.code in STOPPING
            for blocker in self.blockers
        )
        return self.mailbox is not None and self.mailbox.checked_on == today and not stopped

    @property
    def mailbox_id(self) -> str:
        """The organizer of this pair's meetings; chosen at enrolment."""
        if self.pair.mailbox_id is None:
            raise LookupError(f"{self.pair.id} has no program mailbox")
        return self.pair.mailbox_id

    @property
    def series(self) -> Json:
        """The planned series slot."""
        if self.pair.series is None:
            raise LookupError(f"{self.pair.id} is not planned")
        return self.pair.series

    @property
    def zone(self) -> str:
        """IANA zone that anchors the series."""
        return str(self.series["zone"])


async def book_pair(app: App, claim: Claim, pair_id: str) -> Record | None:
    """Take the pair from planned to booked, as far as it can go now.

    Returns:
        What is to be stored as the work is marked done, if anything.

    Raises:
        NotYet: something has to be waited for; the work is to be done again then.
    """
    case = await _case(app, pair_id)
    if case.pair.state not in (PairState.PLANNED, PairState.BOOKING, PairState.BOOKED):
        return None
    if case.stopped_by or not (case.is_let or case.being_created):
        return None
    try:
        return await _book(app, claim, case)
    except ChangedByPersonError:
        await _block(app, case, "changed_by_person")
    except InstancesDifferError as differ:
        await _block(
            app, case, "instances_differ", missing=differ.missing, unexpected=differ.unexpected
        )
    except RefusedError as refusal:
        await _block(app, case, "refused", status=str(refusal.status), graph_code=refusal.code)
    return None


async def _book(app: App, claim: Claim, case: Case) -> Record | None:
    if case.booking is None:
        case = await _with_series(app, claim, case)
    booking = case.booking
    if booking is None:
        return None
    if booking.join_url is None:
        await _block(app, case, "no_join_link")
        await mailboxes.stop(app, case.mailbox_id, "trial_without_link")
        return None
    sessions, verified = case.sessions, None
    if booking.instances_verified_at is None:
        booking, sessions = await _verify_instances(app, case, booking)
        verified = partial(_keep_verified, booking, sessions)
    await perform_in_turn(app, claim, _leaving(app, case, booking, sessions), first=verified)
    return await _finish(app, case, booking)


def _leaving(
    app: App, case: Case, booking: Booking, sessions: Iterable[Session]
) -> Iterator[Act[EventSnapshot] | Act[None]]:
    """What has yet to be done to dates that do not stay on the slot."""
    for session in sessions:
        if session.state is SessionState.PLANNED:
            yield _move(app, case, booking, session)
        elif session.state is SessionState.SKIPPED and session.event_id is not None:
            yield _cancel(app, case, session)


def _keep_verified(booking: Booking, sessions: Sequence[Session], tx: Transaction) -> None:
    tx.bookings.put(booking)
    tx.sessions.put_many(sessions)


async def _with_series(app: App, claim: Claim, case: Case) -> Case:
    """The case once its series exists; without a booking where none can be made now."""
    if not case.mailbox_is_ready(app.clock.now().date()):
        await mailboxes.require_ready(app, case.mailbox_id)
    if not case.being_created and await require_fresh_plan(app, case.pair, case.blockers):
        case = await _case(app, case.pair.id)
        if case.stopped_by or case.pair.state is PairState.ENROLLED:
            return case
        _require_that_it_holds(app, case)
    try:
        booking = await perform(app, claim, _create_series(app, case))
    except OutdatedError:
        await app.store.run(lambda tx: _not_fresh_any_more(tx, case.pair.id))
        raise
    # Of all the case holds, nothing else came with the series.
    return replace(case, booking=booking)


def _require_that_it_holds(app: App, case: Case) -> None:
    """Book no later series on a plan that was looked at again, but could not be renewed.

    Raises:
        NotYet: it is looked at again then.
    """
    unread = any(blocker.code == "calendar_unreadable" for blocker in case.blockers)
    if unread or is_stale(app, case.pair, app.clock.now()):
        due_at = app.clock.now() + PLAN_RETRY
        raise NotYet(due_at, "the plan cannot be made anew yet", stuck=True)


def _not_fresh_any_more(tx: Transaction, pair_id: str) -> None:
    tx.pairs.put(replace(tx.pairs.require(pair_id), calendars_read_at=None))


def _booking_key(pair: Pair) -> str:
    return f"{pair.id}/{pair.generation}"


async def _case(app: App, pair_id: str) -> Case:
    def load(tx: Transaction) -> Case:
        pair = tx.pairs.require(pair_id)
        people = tx.participants.many([pair.mentor_id, pair.mentee_id])
        creating = tx.intents.by_key(_series_key(pair))
        return Case(
            pair=pair,
            program=tx.programs.require(pair.program_id),
            rule=rule_of(tx, pair),
            mentor=people[pair.mentor_id],
            mentee=people[pair.mentee_id],
            sessions=_in_series(pair, tx.sessions.of_pair(pair.id)),
            booking=tx.bookings.get(_booking_key(pair)),
            being_created=creating is not None and creating.state is IntentState.SENDING,
            mailbox=tx.mailboxes.get(pair.mailbox_id or ""),
            blockers=_blockers_on(tx, pair),
            is_let=is_let(tx, pair),
            shares_people=shares_people(tx, pair),
        )

    return await app.store.run(load)


def _blockers_on(tx: Transaction, pair: Pair) -> list[Blocker]:
    """What holds up the pair itself, its people or its mailbox."""
    subjects = {
        (BlockerScope.PAIR, pair.id),
        (BlockerScope.PERSON, pair.mentor_id),
        (BlockerScope.PERSON, pair.mentee_id),
        (BlockerScope.MAILBOX, pair.mailbox_id),
    }
    ids = [subject_id for _, subject_id in subjects if subject_id is not None]
    return [b for b in tx.blockers.open(None, sorted(ids)) if (b.scope, b.subject_id) in subjects]


def _in_series(pair: Pair, sessions: Sequence[Session]) -> list[Session]:
    """The dates of the present series; earlier generations and single events are not booked."""
    return [s for s in sessions if s.generation == pair.generation and not s.single]


# --- the series --------------------------------------------------------------------------


def _series_key(pair: Pair) -> str:
    return f"series/{pair.id}/{pair.generation}"


def _create_series(app: App, case: Case) -> Act[Booking]:
    tag = _series_key(case.pair)
    transaction_id = str(uuid5(NAMESPACE_URL, f"tandem:{tag}"))
    draft = series_draft(case, app.options.page_url, transaction_id, tag)

    async def send(intent: Intent) -> Booking:
        event = await app.graph.calendar.create_series(case.mailbox_id, draft)
        return _booking(case, event, app.clock.now())

    async def look(intent: Intent) -> ReadBack[Booking]:
        found = await app.graph.calendar.find_tagged(case.mailbox_id, tag)
        return Happened(_booking(case, found[0], app.clock.now())) if found else NotHappened()

    def keep(tx: Transaction, intent: Intent, booking: Booking) -> None:
        tx.bookings.put(booking)
        tx.pairs.put(replace(tx.pairs.require(case.pair.id), state=PairState.BOOKING))

    return Act(
        key=tag,
        kind="series_created",
        program_id=case.program.id,
        pair_id=case.pair.id,
        mailbox_id=case.mailbox_id,
        transaction_id=transaction_id,
        after={**case.series},
        mails=_mails(case, "invitation"),
        send=send,
        look=look,
        keep=keep,
        decided_from=case.pair.calendars_read_at,
        still_holds=partial(still_holds, case.pair, app.clock.now()),
    )


def _booking(case: Case, event: EventSnapshot, now: datetime) -> Booking:
    return Booking(
        pair_id=case.pair.id,
        generation=case.pair.generation,
        mailbox_id=case.mailbox_id,
        event_id=event.id,
        ical_uid=event.ical_uid,
        etag=event.etag,
        zone=case.zone,
        join_url=event.join_url,
        booked_at=now,
    )


def series_draft(case: Case, page_url: str, transaction_id: str, tag: str) -> SeriesDraft:
    """The series as it is to stand in the calendars, invitation included."""
    first = case.sessions[0]
    start = first.series_start.astimezone(ZoneInfo(case.zone)).replace(tzinfo=None)
    invited = Invited(
        program=case.program,
        rule=case.rule,
        pair=case.pair,
        mentor=case.mentor,
        mentee=case.mentee,
        sessions=case.sessions,
        zone=case.zone,
        interval_weeks=case.series["interval_weeks"],
        page_url=page_url,
    )
    words = invitation_of(invited)
    return SeriesDraft(
        subject=words.subject,
        body_html=words.body,
        zone=case.zone,
        start=start,
        duration=first.end - first.start,
        weekday=WEEKDAYS[start.weekday()],
        interval_weeks=case.series["interval_weeks"],
        occurrences=len(case.sessions),
        attendees=tuple((person.mail, person.name) for person in (case.mentor, case.mentee)),
        location=location_of(case.rule, case.pair),
        transaction_id=transaction_id,
        tag=tag,
    )


def _mails(case: Case, kind: str) -> tuple[Json, ...]:
    # All of it is the first invitation, which the weekly cap does not count.
    people = (case.mentor, case.mentee)
    return tuple({"person": p.id, "kind": kind, "capped": False} for p in people)


# --- its dates ---------------------------------------------------------------------------


async def _verify_instances(
    app: App, case: Case, booking: Booking
) -> tuple[Booking, Sequence[Session]]:
    """Compare the dates Outlook made with the plan, and find where each of them stands.

    Raises:
        InstancesDifferError: they are not the same.
    """
    first, last = case.sessions[0], case.sessions[-1]
    margin = timedelta(days=1)
    span = TimeSpan(first.series_start - margin, last.series_start + 15 * margin)
    instances = await app.graph.calendar.instances(booking.mailbox_id, booking.event_id, span)
    by_start = {instance.original_start or instance.span.start: instance for instance in instances}
    planned = {session.series_start for session in case.sessions}
    if set(by_start) != planned:
        raise InstancesDifferError(planned - set(by_start), set(by_start) - planned)
    verified = replace(booking, instances_verified_at=app.clock.now())
    return verified, [_with_instance(s, by_start[s.series_start]) for s in case.sessions]


class InstancesDifferError(IntegrationError):
    """The dates Outlook made of a series are not the planned ones."""

    def __init__(self, missing: Collection[datetime], unexpected: Collection[datetime]) -> None:
        self.missing = ", ".join(_stamp(at) for at in sorted(missing))
        self.unexpected = ", ".join(_stamp(at) for at in sorted(unexpected))
        super().__init__(f"missing: {self.missing}; unexpected: {self.unexpected}")


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%MZ")


def _with_instance(session: Session, instance: EventSnapshot) -> Session:
    """The session with its place in Outlook; one that stays on the slot is thereby scheduled."""
    stays = session.state is SessionState.PLANNED and not session.moved
    return replace(
        session,
        event_id=instance.id,
        etag=instance.etag,
        state=SessionState.SCHEDULED if stays else session.state,
    )


def _move(app: App, case: Case, booking: Booking, session: Session) -> Act[EventSnapshot]:
    target = TimeSpan(session.start, session.end)
    event_id = session.event_id or ""
    looked_at = booking.instances_verified_at or booking.booked_at

    def has_room(tx: Transaction, others_began: bool) -> bool:
        return is_clear(tx, case.pair, target, app.clock.now(), booking.booked_at)

    async def send(intent: Intent) -> EventSnapshot:
        etag = intent.etag
        if etag is None and app.clock.now() - looked_at > LOOK_KEEPS:
            etag = await _etag_if_unmoved(app, case, session)
        return await app.graph.calendar.move(case.mailbox_id, event_id, target, case.zone, etag)

    async def look(intent: Intent) -> ReadBack[EventSnapshot]:
        try:
            event = await app.graph.calendar.read(case.mailbox_id, event_id)
        except NotFoundError:
            return ChangedElsewhere()
        if event.span == target:
            return Happened(event)
        unmoved = event.span.start == session.series_start
        return NotHappened(event.etag) if unmoved else ChangedElsewhere()

    def keep(tx: Transaction, intent: Intent, event: EventSnapshot) -> None:
        tx.sessions.put(
            replace(session, state=SessionState.SCHEDULED, event_id=event.id, etag=event.etag)
        )
        if event.join_url != booking.join_url:
            now = app.clock.now()
            tx.blockers.set(
                Blocker(
                    scope=BlockerScope.PAIR, subject_id=case.pair.id, code="no_join_link", since=now
                )
            )

    return Act(
        key=f"move/{session.id}/{case.pair.generation}/{_stamp(session.start)}",
        kind="date_moved",
        program_id=case.program.id,
        pair_id=case.pair.id,
        session_id=session.id,
        mailbox_id=case.mailbox_id,
        event_id=event_id,
        # Moving one date changes the key of the whole series, so the keys read with the instances
        # are stale after the first move, and Exchange changes them by itself some seconds after
        # creation: what was looked at just now is sent without one.
        etag=None,
        before={"start": _stamp(session.series_start)},
        after={"start": _stamp(session.start)},
        mails=_mails(case, "update"),
        send=send,
        look=look,
        keep=keep,
        decided_from=booking.booked_at if case.shares_people else None,
        still_holds=has_room,
    )


async def _etag_if_unmoved(app: App, case: Case, session: Session) -> str:
    """The etag to write with, if the date still stands where it was seen.

    Raises:
        ChangedMeanwhileError: it does not.
    """
    event = await app.graph.calendar.read(case.mailbox_id, session.event_id or "")
    if event.span.start != session.series_start:
        raise ChangedMeanwhileError(412, "moved since it was read")
    return event.etag


def _cancel(app: App, case: Case, session: Session) -> Act[None]:
    """Take out a date that has no common hour: it must not stand in the calendars."""
    event_id = session.event_id or ""

    async def send(intent: Intent) -> None:
        await app.graph.calendar.cancel(case.mailbox_id, event_id, NO_COMMON_HOUR)

    async def look(intent: Intent) -> ReadBack[None]:
        try:
            event = await app.graph.calendar.read(case.mailbox_id, event_id)
        except NotFoundError:
            return Happened(None)
        return Happened(None) if event.cancelled else NotHappened()

    def keep(tx: Transaction, intent: Intent, value: None) -> None:
        tx.sessions.put(replace(session, event_id=None, etag=None))

    return Act(
        key=f"cancel/{session.id}/{case.pair.generation}",
        kind="date_taken_out",
        program_id=case.program.id,
        pair_id=case.pair.id,
        session_id=session.id,
        mailbox_id=case.mailbox_id,
        event_id=event_id,
        before={"start": _stamp(session.series_start)},
        mails=_mails(case, "cancellation"),
        send=send,
        look=look,
        keep=keep,
    )


# --- its online meeting, and the end -----------------------------------------------------


async def _finish(app: App, case: Case, booking: Booking) -> Record | None:
    """Look up the online meeting; the pair is booked with it or without."""
    if booking.meeting_id is None:
        booking = replace(booking, meeting_id=await _meeting_id(app, booking))
    now = app.clock.now()
    booked = partial(_keep_booked, case, booking, now)
    if booking.meeting_id is not None:
        return booked
    await app.store.run(booked)
    if now - booking.booked_at < MEETING_PATIENCE:
        raise NotYet(now + MEETING_RETRY, "Teams does not show the meeting yet")
    await _block(app, case, "meeting_unknown")
    return None


async def _meeting_id(app: App, booking: Booking) -> str | None:
    try:
        meeting = await app.graph.meetings.find(booking.mailbox_id, booking.join_url or "")
    except RefusedError:
        return None
    return None if meeting is None else meeting.id


def _keep_booked(case: Case, booking: Booking, now: datetime, tx: Transaction) -> None:
    tx.bookings.put(booking)
    if booking.meeting_id is not None:
        tx.blockers.clear(BlockerScope.PAIR, booking.pair_id, now, "meeting_unknown")
    pair = tx.pairs.require(case.pair.id)
    if pair.state is not PairState.BOOKED:
        booked_at = pair.booked_at or booking.booked_at
        tx.pairs.put(replace(pair, state=PairState.BOOKED, booked_at=booked_at))
        tx.journal.write(
            JournalEntry(at=now, code="booked", program_id=case.program.id, pair_id=pair.id)
        )


async def _block(app: App, case: Case, code: str, **data: str) -> None:
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        tx.blockers.set(
            Blocker(
                scope=BlockerScope.PAIR, subject_id=case.pair.id, code=code, since=now, data=data
            )
        )
        tx.journal.write(
            JournalEntry(
                at=now,
                code="blocked",
                program_id=case.program.id,
                pair_id=case.pair.id,
                data={"why": code, **data},
            )
        )

    await app.store.run(record)


# --- starting it --------------------------------------------------------------------------


async def launch(app: App, program_id: str | None = None, *, again: bool = False) -> int:
    """Set the programs running and have work for every planned pair; return how many there are.

    ``again`` also takes up pairs that were given up or refused before.

    Raises:
        AnnouncedLaterError: a program was announced to begin later; nothing is set running.
    """
    now = app.clock.now()

    def record(tx: Transaction) -> int:
        for program in tx.programs.all():
            if program_id in (None, program.id) and program.state is not ProgramState.CLOSED:
                require_its_day(tx, program, now)
                tx.programs.put(replace(program, state=ProgramState.RUNNING))
        return schedule_bookings(tx, now, program_id, again=again)

    return await app.store.run(record)


def _is_picked(tx: Transaction, rule_id: str) -> bool:
    """Whether somebody of the pair picks the hour before a series is booked."""
    rule = parsed_rule(tx.rules.require(rule_id).body)
    return rule.mode is Mode.LIGHT or rule.senior_first_days is not None


def _in_turn(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs of each program mailbox in turn, so that none is left behind with its share."""
    of_mailbox: dict[str, list[Pair]] = {}
    for pair in pairs:
        of_mailbox.setdefault(pair.mailbox_id or "", []).append(pair)
    rounds = zip_longest(*of_mailbox.values())
    return [pair for each in rounds for pair in each if pair is not None]


def schedule_bookings(
    tx: Transaction, now: datetime, program_id: str | None = None, *, again: bool = False
) -> int:
    """Have open work for every pair of running programs whose booking is not complete.

    Of a program that was begun in waves only the pairs of running ones are taken up.
    """
    running = {p.id for p in tx.programs.all() if p.state is ProgramState.RUNNING}
    blocked = tx.blockers.open(BlockerScope.PAIR)
    unknown = {b.subject_id for b in blocked if b.code == "meeting_unknown"}
    begun = (PairState.PLANNED, PairState.BOOKING, PairState.BOOKED)
    pairs = [
        pair
        for pair in those_let(tx, tx.pairs.in_state(*begun, program_id=program_id))
        if pair.program_id in running and (pair.state is not PairState.BOOKED or pair.id in unknown)
    ]
    under = {p.rule_id for p in pairs if p.state is PairState.PLANNED and p.rule_id is not None}
    picking = {rule_id for rule_id in under if _is_picked(tx, rule_id)}
    for place, pair in enumerate(reversed(_in_turn(pairs)), start=1):
        asked_first = pair.state is PairState.PLANNED and pair.rule_id in picking
        # Rows are taken up by when they were due: a moment apart they keep their turn.
        due_at = now - timedelta(microseconds=place)
        work = tx.work.schedule("reconcile_pair" if asked_first else KIND, pair.id, due_at)
        if again:
            tx.blockers.clear(BlockerScope.PAIR, pair.id, now, *GIVEN_UP)
            tx.work.revive(work.id, now)
    return len(pairs)
