"""Reading Teams' reports after a session, again and again until they tell enough.

A look is at most two calls: the list of the meeting's reports, and those not kept yet in one
batch. All dates of a series share one list, so what is found is given to the dates it overlaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integrations.attendance_records import KeptReport
from integrations.errors import NotFoundError, RefusedError
from integrations.ports import (
    AttendanceRecord,
    AttendanceReport,
    ListedReport,
    Transaction,
    Unreadable,
)
from integrations.records import (
    Blocker,
    BlockerScope,
    Booking,
    JournalEntry,
    Pair,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.workflows.acting import Claim, NotYet
from integrations.workflows.app import App
from integrations.workflows.attendance.judging import (
    NO_MEETING,
    REFUSED,
    judge_session,
    occasion_of,
    report_of,
)
from integrations.workflows.attendance.modes import mode_at
from integrations.workflows.changes.case import rule_of
from scheduling.attendance.admission import Doorkeeper, Identity, Record
from scheduling.attendance.evidence import EvidenceKind, EvidenceMode, Flag, Report, VerdictKind
from scheduling.attendance.reports import assigned

KIND = "harvest"
LOOKS = (
    *(timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6)),
    *(timedelta(days=days) for days in range(1, 8)),
)
"""How long after a session its reports are looked for."""
MOST_AT_ONCE = 20
"""How many reports one batch reads; more wait for the next look."""
_HOME, _ELSEWHERE = "home", "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What a look at a session's reports needs to know, as the store had it."""

    session: Session
    pair: Pair
    program: Program
    people: tuple[Participant, ...]
    booking: Booking | None
    mailbox_id: str
    slack: timedelta
    known: frozenset[str]

    @property
    def meeting_id(self) -> str | None:
        """The online meeting, if it is known already."""
        if self.session.single:
            return self.session.meeting_id
        return self.booking.meeting_id if self.booking else None

    def is_wanted(self, listed: ListedReport) -> bool:
        """Whether it is new, and from a time of which people had been told."""
        if listed.id in self.known:
            return False
        began = listed.started_at or listed.ended_at or self.session.start
        return mode_at(self.program, self.pair.office, began) is EvidenceMode.TEAMS

    def distance(self, listed: ListedReport) -> timedelta:
        """How far from the session it began."""
        began = listed.started_at or listed.ended_at or self.session.start
        return abs(began - self.session.start)


async def harvest(app: App, claim: Claim, session_id: str) -> None:
    """Look for the reports of a session that is over, and judge what they change.

    Raises:
        NotYet: it is to be looked for again.
        IntegrationError: nothing could be learned; nothing was changed.
    """
    search = await app.store.run(lambda tx: _search(tx, session_id, app.clock.now()))
    if search is None:
        return
    try:
        await _look(app, search)
    except (RefusedError, NotFoundError) as refusal:
        await _blocked(app, search, refusal)
    now = app.clock.now()
    done = await app.store.run(lambda tx: _is_done(tx, session_id))
    again_at = next_look(search.session.end, now)
    if not done and again_at is not None:
        raise NotYet(again_at, "a report may still come")


def next_look(end: datetime, now: datetime) -> datetime | None:
    """When the reports of a session that ended at ``end`` are looked for next; None = no more."""
    return next((end + after for after in LOOKS if end + after > now), None)


def _search(tx: Transaction, session_id: str, now: datetime) -> _Search | None:
    """What to look for; None where nothing is to be asked of Graph."""
    session = tx.sessions.require(session_id)
    pair = tx.pairs.require(session.pair_id)
    program = tx.programs.require(pair.program_id)
    modes = {mode_at(program, pair.office, at) for at in (session.start, now)}
    is_over = session.state is SessionState.SCHEDULED and session.end <= now
    if modes != {EvidenceMode.TEAMS} or not is_over or session.ad_hoc or pair.mailbox_id is None:
        return None
    people = tx.participants.many([pair.mentor_id, pair.mentee_id])
    booking = tx.bookings.get(f"{pair.id}/{session.generation}")
    return _Search(
        session=session,
        pair=pair,
        program=program,
        people=(people[pair.mentor_id], people[pair.mentee_id]),
        booking=booking,
        # A date stays with whoever organized it, whoever organizes the pair's meetings now.
        mailbox_id=pair.mailbox_id if booking is None else booking.mailbox_id,
        slack=rule_of(tx, pair).attendance.slack,
        known=frozenset(report.id for report in tx.reports.of_pairs([pair.id])[pair.id]),
    )


async def _look(app: App, search: _Search) -> None:
    meeting_id = search.meeting_id or await _find_meeting(app, search)
    if meeting_id is None:
        return await app.store.run(lambda tx: _judge_all(tx, app, {search.session.id}))
    reports = app.graph.attendance
    listed = await reports.listed(search.mailbox_id, meeting_id)
    wanted = sorted(filter(search.is_wanted, listed), key=search.distance)[:MOST_AT_ONCE]
    found: Mapping[str, AttendanceReport | Unreadable] = {}
    if wanted:
        found = await reports.read(search.mailbox_id, meeting_id, [report.id for report in wanted])
    now = app.clock.now()

    def record(tx: Transaction) -> None:
        whole = [report for report in found.values() if isinstance(report, AttendanceReport)]
        tx.reports.put_many([_kept(search, meeting_id, report, now) for report in whole])
        tx.blockers.clear(BlockerScope.MAILBOX, search.mailbox_id, now, REFUSED)
        tx.blockers.clear(BlockerScope.PAIR, search.pair.id, now, NO_MEETING)
        changed = _assign(tx, search, meeting_id)
        _judge_all(tx, app, changed | {search.session.id})

    await app.store.run(record)
    return None


async def _find_meeting(app: App, search: _Search) -> str | None:
    """The online meeting behind the session's join link, and keep it."""
    session, join_url = search.session, None
    if session.single and session.event_id is not None:
        event = await app.graph.calendar.read(search.mailbox_id, session.event_id)
        join_url = event.join_url
    elif not session.single and search.booking is not None:
        join_url = search.booking.join_url
    if join_url is None:
        return None
    meeting = await app.graph.meetings.find(search.mailbox_id, join_url)
    if meeting is None:
        return None
    found = meeting.id

    def keep(tx: Transaction) -> None:
        if session.single:
            tx.sessions.put(replace(tx.sessions.require(session.id), meeting_id=found))
        else:
            key = f"{session.pair_id}/{session.generation}"
            tx.bookings.put(replace(tx.bookings.require(key), meeting_id=found))

    await app.store.run(keep)
    return found


# --- what Teams wrote down, as it is kept -------------------------------------------------


def _kept(search: _Search, meeting_id: str, found: AttendanceReport, now: datetime) -> KeptReport:
    door = Doorkeeper(tuple(map(_identity, search.people)), _HOME)
    links = (link for person in search.people for link in person.known_as)
    # Teams knows no address of most guests: a link without one vouches for none of them.
    confirmed = {link["mail"] for link in links if link["mail"]}
    records = [_record(record, confirmed) for record in found.records]
    ran = (found.started_at, found.ended_at)
    report = door.report(found.id, ran, records, participants=found.participants)
    return KeptReport(
        id=found.id,
        pair_id=search.pair.id,
        meeting_id=meeting_id,
        start=report.span.start if report else None,
        end=report.span.end if report else None,
        fetched_at=now,
        presences=_presences(report),
        flags=report.flags if report else (Flag.ABSURD_TIMES.value,),
    )


def _identity(person: Participant) -> Identity:
    links = person.known_as
    return Identity(
        person=person.id,
        directory_ids=frozenset([person.directory_id, *(link["id"] for link in links)]),
        addresses=frozenset([person.mail, *(link["mail"] for link in links)]),
    )


def _record(found: AttendanceRecord, confirmed: Iterable[str]) -> Record:
    """The record as the core reads it; a confirmed address elsewhere is as good as one here."""
    foreign = found.kind == "guest" and (found.mail or "") not in set(confirmed)
    return Record(
        joins=tuple((stay.joined_at, stay.left_at) for stay in found.stays),
        directory_id=found.user_id,
        address=found.mail,
        tenant_id=_ELSEWHERE if foreign else _HOME,
        role=found.role,
        by_phone=found.kind == "phone",
    )


def _presences(report: Report | None) -> tuple[dict[str, object], ...]:
    if report is None:
        return ()
    return tuple(
        {
            "person": presence.person,
            "kind": presence.kind.value,
            "spans": [[s.start.isoformat(), s.end.isoformat()] for s in presence.spans],
        }
        for presence in report.presences
    )


def _assign(tx: Transaction, search: _Search, meeting_id: str) -> set[str]:
    """Give the meeting's reports to the dates they overlap; return the sessions concerned."""
    pair = tx.pairs.require(search.pair.id)
    rule = rule_of(tx, pair)
    occasions = [
        occasion_of(rule, pair, session)
        for session in tx.sessions.of_pair(pair.id)
        if session.state is SessionState.SCHEDULED and _is_of_meeting(session, search.session)
    ]
    kept = [r for r in tx.reports.of_pairs([pair.id])[pair.id] if r.meeting_id == meeting_id]
    whole = {report.id: report for report in kept if report.reduced_at is None}
    found = [told for report in whole.values() if (told := report_of(report)) is not None]
    dates = assigned(occasions, found, search.slack)
    session_of = {
        report.id: session_id for session_id, own in dates.by_session.items() for report in own
    }
    moved = [
        (report, session_of.get(report.id))
        for report in whole.values()
        if report.session_id != session_of.get(report.id)
    ]
    tx.reports.put_many([replace(report, session_id=session_id) for report, session_id in moved])
    concerned = {each for report, new in moved for each in (report.session_id, new)}
    return {session_id for session_id in concerned if session_id is not None}


def _is_of_meeting(session: Session, looked_for: Session) -> bool:
    if looked_for.single:
        return session.id == looked_for.id
    return not session.single and session.generation == looked_for.generation


def _judge_all(tx: Transaction, app: App, session_ids: Iterable[str]) -> None:
    now = app.clock.now()
    for session_id in sorted(session_ids):
        judge_session(tx, app, session_id, now)


def _is_done(tx: Transaction, session_id: str) -> bool:
    """Whether no further report could make more of it."""
    versions = tx.verdicts.of_session(session_id)
    if not versions:
        return False
    last = versions[-1]
    by_teams = last.kind == EvidenceKind.TEAMS and last.verdict == VerdictKind.HELD
    return by_teams or last.kind == EvidenceKind.CORRECTED


async def _blocked(app: App, search: _Search, refusal: Exception) -> None:
    """One blocker for the mailbox whose reports are refused; its sessions wait."""
    now = app.clock.now()
    if isinstance(refusal, RefusedError):
        scope, subject, code = BlockerScope.MAILBOX, search.mailbox_id, REFUSED
        facts = {"status": str(refusal.status), "graph_code": refusal.code}
    else:
        scope, subject, code = BlockerScope.PAIR, search.pair.id, NO_MEETING
        facts = {}
    blocker = Blocker(scope=scope, subject_id=subject, code=code, since=now, data=facts)

    def record(tx: Transaction) -> None:
        if tx.blockers.set(blocker):
            tx.journal.write(
                JournalEntry(at=now, code=code, mailbox_id=search.mailbox_id, data=facts)
            )
        _judge_all(tx, app, {search.session.id})

    await app.store.run(record)
