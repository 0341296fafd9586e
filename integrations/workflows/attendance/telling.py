"""What people tell: statements by link, corrections by a coordinator, meetings outside all plans.

Each adds evidence and has the session judged in the same transaction; none sets a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from integrations.attendance_records import (
    CorrectionNote,
    KeptCorrection,
    KeptStatement,
)
from integrations.errors import Fault, FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, Participant, Session, SessionState
from integrations.workflows.app import App
from integrations.workflows.attendance.harvest import KIND as HARVEST
from integrations.workflows.attendance.judging import judge_session
from integrations.workflows.attendance.links import DID_YOU_MEET, use, working
from integrations.workflows.changes.case import rule_of
from integrations.workflows.ordering.orders import COORDINATOR, zone_of
from scheduling.attendance.evidence import Correction, Said, VerdictKind
from scheduling.attendance.statements import FARTHEST, LONGEST_MEETING
from scheduling.attendance.verdict import Judgement
from scheduling.changes.answered import NOBODY_INVITED
from scheduling.timespan import TimeSpan

BY_LINK, ON_PAGE = "link", "page"
_MINUTE = timedelta(minutes=1)
_USUAL = timedelta(hours=1)


class NoPastDateError(NotPossibleError):
    """The pair had no session on this date."""

    remedy = N_("`tandem status PAIR` shows the dates; `tandem met` records a meeting of any time.")

    def __init__(self, pair_id: str, day: date) -> None:
        self.pair_id, self.day = pair_id, day
        super().__init__(gettext("the pair had no session on %(day)s", day=day))


class NoMeetingError(NotPossibleError):
    """What is told cannot have been a meeting: to come, too long, or too far from its date."""

    remedy = N_("Give the day and hour at which it began, and its minutes.")

    def __init__(self, span: TimeSpan) -> None:
        self.span = span
        super().__init__(
            gettext(
                "no meeting that took place: %(start)s to %(end)s", start=span.start, end=span.end
            )
        )


class SomebodyElsesError(NotPossibleError):
    """An account that is to be somebody's already is another person's."""

    remedy = N_("Look the account up in Entra ID; nobody's presence counts for somebody else.")

    def __init__(self, person_id: str) -> None:
        self.person_id = person_id
        super().__init__(gettext("the account belongs to %(person)s", person=person_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody answers; ``span`` where they met at another time than planned."""

    said: Said
    span: TimeSpan | None = None
    in_person: bool = False


# --- by personal link ---------------------------------------------------------------------


def answer(tx: Transaction, app: App, link_id: str, said: Answer, now: datetime) -> Judgement:
    """Use the link to say something; it works no more after that.

    Raises:
        LinkEndedError: nothing was kept.
        NoMeetingError: nothing was kept; the link still works.
    """
    link = working(tx, link_id, DID_YOU_MEET, now)
    if said.span is not None:
        require_past(said.span, now)
        _require_near(said.span, tx.sessions.require(link.session_id))
    use(tx, link_id, DID_YOU_MEET, now)
    return state(
        tx,
        app,
        KeptStatement(
            id=link.id,
            session_id=link.session_id,
            person_id=link.person_id,
            said=said.said.value,
            at=now,
            via=BY_LINK,
            start=said.span.start if said.span else None,
            end=said.span.end if said.span else None,
            in_person=said.in_person,
        ),
    )


def state(tx: Transaction, app: App, statement: KeptStatement) -> Judgement:
    """Keep what a person said about a session, and judge it anew."""
    tx.statements.put(statement)
    _journal(
        tx,
        statement.session_id,
        "statement_made",
        statement.at,
        person_id=statement.person_id,
        said=statement.said,
        via=statement.via,
        elsewhere=statement.start is not None,
        in_person=statement.in_person,
    )
    return _judged(tx, app, statement.session_id, statement.at)


# --- on the pair's page -------------------------------------------------------------------


def say_on_page(
    tx: Transaction, app: App, session: Session, person_id: str, said: Answer, now: datetime
) -> Judgement:
    """Keep what one of the two says on their page about a date that has begun.

    Raises:
        NoMeetingError: it has not begun, or they cannot have met then; nothing was kept.
    """
    if session.start > now:
        raise NoMeetingError(TimeSpan(session.start, session.end))
    if said.span is not None:
        require_past(said.span, now)
        _require_near(said.span, session)
    return state(tx, app, _on_page(app, session, person_id, said, now))


def tell_of_meeting(
    tx: Transaction, app: App, pair: Pair, person_id: str, told: Answer, now: datetime
) -> Session:
    """Keep that the two met at ``told.span``: as the date of that day, else as one of its own.

    Raises:
        NoMeetingError: no time is told, or it is to come, or lasts too long; nothing was kept.
    """
    if told.span is None:
        raise NoMeetingError(TimeSpan(now, now + _USUAL))
    require_past(told.span, now)
    day = told.span.start.astimezone(zone_of(tx, pair)).date()
    sessions = tx.sessions.of_pair(pair.id)
    planned = _on(tx, pair, sessions, day, now)
    session = planned or outside_all_plans(tx, pair, told.span, now, key=_new_key(app))
    state(tx, app, _on_page(app, session, person_id, told, now))
    return session


def _on_page(
    app: App, session: Session, person_id: str, said: Answer, now: datetime
) -> KeptStatement:
    return KeptStatement(
        id=UUID(int=app.chance.getrandbits(128)).hex,
        session_id=session.id,
        person_id=person_id,
        said=said.said.value,
        at=now,
        via=ON_PAGE,
        start=said.span.start if said.span else None,
        end=said.span.end if said.span else None,
        in_person=said.in_person,
    )


# --- by a coordinator -----------------------------------------------------------------------


def correct(
    tx: Transaction,
    app: App,
    session: Session,
    correction: Correction,
    *,
    note: str = "",
    by: str = COORDINATOR,
) -> Judgement:
    """Keep a coordinator's word on a session, with a note of its own, and judge it anew."""
    key = UUID(int=app.chance.getrandbits(128)).hex
    tx.corrections.add(
        KeptCorrection(
            id=key,
            session_id=session.id,
            verdict=correction.verdict.value,
            at=correction.at,
            given_by=by,
            minutes=correction.minutes,
        )
    )
    if note.strip():
        tx.correction_notes.put(CorrectionNote(correction_id=key, text=note.strip()))
    _journal(
        tx,
        session.id,
        "verdict_corrected",
        correction.at,
        verdict=correction.verdict.value,
        minutes=correction.minutes,
        by=by,
    )
    return _judged(tx, app, session.id, correction.at)


def record_meeting(
    tx: Transaction,
    app: App,
    pair: Pair,
    span: TimeSpan,
    now: datetime,
    *,
    note: str = "",
    by: str = COORDINATOR,
) -> Session:
    """Record that the two met then: on the date of a session as that one, else as one of its own.

    Raises:
        NoMeetingError: it is to come, or lasts too long; nothing was kept.
    """
    require_past(span, now)
    day = span.start.astimezone(zone_of(tx, pair)).date()
    sessions = tx.sessions.of_pair(pair.id)
    planned = _on(tx, pair, sessions, day, now)
    session = planned or outside_all_plans(tx, pair, span, now, key=_new_key(app))
    minutes = span.length // _MINUTE
    held = minutes >= rule_of(tx, pair).attendance.held_minutes
    word = Correction(VerdictKind.HELD if held else VerdictKind.SHORT, minutes, now)
    correct(tx, app, session, word, note=note, by=by)
    return session


def past_session(tx: Transaction, pair: Pair, day: date, now: datetime) -> Session:
    """The pair's session that began on a date of its series' zone. Raises NoPastDateError."""
    found = _on(tx, pair, tx.sessions.of_pair(pair.id), day, now)
    if found is None:
        raise NoPastDateError(pair.id, day)
    return found


def span_told(
    tx: Transaction, pair: Pair, day: date, start: time | None, minutes: int | None, now: datetime
) -> TimeSpan:
    """When they met, as somebody tells it: what is left out is as planned for that day.

    Raises:
        NoPastDateError: no start was told and nothing was planned.
    """
    if start is None:
        planned = past_session(tx, pair, day, now)
        begins, length = planned.start, planned.end - planned.start
    else:
        begins, length = datetime.combine(day, start, zone_of(tx, pair)), _USUAL
    return TimeSpan(begins, begins + (timedelta(minutes=minutes) if minutes else length))


def correction_told(verdict: VerdictKind, minutes: int | None, now: datetime) -> Correction:
    """A coordinator's word. Raises FaultsError where the minutes do not go with it."""
    try:
        return Correction(verdict, minutes, now)
    except ValueError as error:
        raise FaultsError(
            [
                Fault(
                    "--minutes", gettext("minutes of a meeting (%(why)s)", why=error), str(minutes)
                )
            ],
            remedy=N_("Correct it to held or short, or leave the minutes out."),
        ) from None


def latest_open_session(tx: Transaction, pair: Pair, now: datetime) -> Session | None:
    """The last session that is over and about which nothing is on record; None if all are."""
    over = [
        session
        for session in tx.sessions.of_pair(pair.id)
        if session.state is SessionState.SCHEDULED and session.end <= now and not session.held
    ]
    return max(over, key=lambda session: session.start, default=None)


def confirm_identity(
    tx: Transaction,
    person: Participant,
    *,
    directory_id: str = "",
    mail: str = "",
    now: datetime,
    by: str = COORDINATOR,
) -> tuple[Participant, list[str]]:
    """Confirm that another account is the same person; return them and the sessions to look at.

    Reports in which somebody unidentified was are let go, so that they are read again with what
    is known now.

    Raises:
        SomebodyElsesError: the account is that of another person; nothing was changed.
    """
    account = {"id": directory_id.strip().lower(), "mail": mail.strip().lower()}
    _require_nobody_elses(tx, person, account)
    link = {**account, "confirmed_at": now.isoformat(), "confirmed_by": by}
    changed = replace(person, known_as=(*person.known_as, link))
    tx.participants.put(changed)
    tx.journal.write(
        JournalEntry(at=now, code="identity_confirmed", person_id=person.id, data={"by": by})
    )
    pairs = [pair.id for pair in tx.pairs.of_people([person.id])]
    again = []
    for reports in tx.reports.of_pairs(pairs).values():
        for report in reports:
            if report.reduced_at is None and any(p["person"] is None for p in report.presences):
                tx.reports.remove(report.id)
                again.append(report.session_id)
    return changed, sorted({session_id for session_id in again if session_id})


def confirm_identity_of(
    tx: Transaction,
    address: str,
    *,
    directory_id: str = "",
    mail: str = "",
    now: datetime,
    by: str = COORDINATOR,
) -> list[str]:
    """Confirm another account of whoever has this address on a roster.

    Returns:
        The sessions whose reports are read again.

    Raises:
        FaultsError: nobody on a roster has the address.
        SomebodyElsesError: the account is that of another person. Nothing was changed.
    """
    person = tx.participants.by_mail([address]).get(address.lower())
    if person is None:
        raise FaultsError(
            [Fault("person", N_("an address on a roster"), address)],
            remedy=N_("Name the person by the address of the roster, not by the other one."),
        )
    again = confirm_identity(tx, person, directory_id=directory_id, mail=mail, now=now, by=by)[1]
    tx.work.schedule_all(HARVEST, again, now)
    return again


def _require_nobody_elses(tx: Transaction, person: Participant, account: Mapping[str, str]) -> None:
    mine = tx.pairs.of_people([person.id])
    partners = tx.participants.many(
        [at for pair in mine for at in (pair.mentor_id, pair.mentee_id)]
    )
    # Whoever has the address, and whoever is met: confused, they would meet themselves.
    others = [*tx.participants.by_mail([account["mail"]]).values(), *partners.values()]
    for other in others:
        known = [
            {"id": other.directory_id, "mail": other.mail},
            *({"id": link["id"], "mail": link["mail"]} for link in other.known_as),
        ]
        for name, value in account.items():
            if other.id != person.id and value and value in {one[name].lower() for one in known}:
                raise SomebodyElsesError(other.id)


def _on(
    tx: Transaction, pair: Pair, sessions: Iterable[Session], day: date, now: datetime
) -> Session | None:
    zone = zone_of(tx, pair)
    began = [
        session
        for session in sessions
        if session.start <= now
        and session.state is SessionState.SCHEDULED
        and session.start.astimezone(zone).date() == day
    ]
    return max(began, key=lambda session: session.start, default=None)


def _new_key(app: App) -> str:
    return f"adhoc-{UUID(int=app.chance.getrandbits(128)).hex[:8]}"


def outside_all_plans(
    tx: Transaction,
    pair: Pair,
    span: TimeSpan,
    now: datetime,
    *,
    key: str,
    group: str | None = None,
) -> Session:
    """A session of its own for a meeting that no plan had, in the window it fell into.

    ``key`` tells it from the pair's others; ``group`` names a session of several pairs.
    """
    current = [s for s in tx.sessions.of_pair(pair.id) if s.generation == pair.generation]
    before = [s.window for s in current if s.series_start <= span.start]
    session = Session(
        id=f"{pair.id}.{key}",
        pair_id=pair.id,
        window=max(before, default=0),
        state=SessionState.SCHEDULED,
        series_start=span.start,
        start=span.start,
        end=span.end,
        generation=pair.generation,
        planned_start=span.start,
        single=True,
        ad_hoc=True,
        group_title=group,
        replies=NOBODY_INVITED,
    )
    tx.sessions.put(session)
    code = "meeting_recorded" if group is None else "group_session_recorded"
    _journal(tx, session.id, code, now, minutes=span.length // _MINUTE)
    return session


def require_past(span: TimeSpan, now: datetime) -> None:
    """Refuse what cannot have been a meeting yet, or ever. Raises NoMeetingError."""
    if span.end > now or span.length > LONGEST_MEETING:
        raise NoMeetingError(span)


def _require_near(span: TimeSpan, session: Session) -> None:
    if abs(span.start - session.start) >= FARTHEST:
        raise NoMeetingError(span)


def _judged(tx: Transaction, app: App, session_id: str, now: datetime) -> Judgement:
    judgement = judge_session(tx, app, session_id, now)
    if judgement is None:
        raise LookupError(f"{session_id}: evidence was kept and there is nothing to judge")
    return judgement


def _journal(
    tx: Transaction,
    session_id: str,
    code: str,
    now: datetime,
    *,
    person_id: str | None = None,
    **data: object,
) -> None:
    session = tx.sessions.require(session_id)
    tx.journal.write(
        JournalEntry(
            at=now,
            code=code,
            program_id=tx.pairs.require(session.pair_id).program_id,
            pair_id=session.pair_id,
            person_id=person_id,
            session_id=session_id,
            data=data,
        )
    )
