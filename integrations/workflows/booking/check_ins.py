"""Check-ins: a program's contact is invited to them, by an event of the contact's own.

The pair's event is never written to for it, so that nothing of the pair's can be lost or mailed:
the contact gets an event beside it in the same program mailbox, with the pair's join link, which
follows the pair's date as it moves or goes. It is looked at as often as calendars are watched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from integrations.attendance_records import CheckInInvitation
from integrations.errors import ChangedMeanwhileError, NotFoundError
from integrations.language import Language, speaking
from integrations.ports import EventDraft, EventSnapshot, Transaction
from integrations.records import (
    OVER,
    Intent,
    IntentState,
    Pair,
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
    ReadBack,
    drop,
    perform,
)
from integrations.workflows.app import App
from integrations.workflows.booking.invitation import location_of
from integrations.workflows.changes.case import Case, load_case, parsed_rule, rule_of
from integrations.workflows.messages.comments import Comment, comment_text
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import names_of, when
from integrations.workflows.rulebook.rules import ProgramRule, kind_of
from integrations.workflows.telling.daily_list import CONTACT, WORKING_DAYS
from scheduling.changes.check_ins import (
    AHEAD,
    CallOff,
    CheckIn,
    CheckInStep,
    GuestState,
    Invite,
    Invited,
    MoveInvitation,
    check_in_steps,
)
from scheduling.changes.mail_hours import next_mailable
from scheduling.rule import SessionKind
from scheduling.timespan import TimeSpan

KIND = "invite_to_check_ins"
Written = EventSnapshot | None
_SHORT_NOTICE = timedelta(hours=24)


def due(tx: Transaction, app: App) -> None:
    """Have the programs looked at that invite to check-ins, or have invited to some to come."""
    now = app.clock.now()
    programs = {one.program_id for one in tx.check_ins.ahead(now)}
    programs |= {program.id for program in tx.programs.all() if invites(tx, program)}
    for program_id in sorted(programs):
        tx.work.schedule(KIND, program_id, now)


def invites(tx: Transaction, program: Program) -> bool:
    """Whether the program's contact is to be at check-ins, and is known."""
    wants = program.state is ProgramState.RUNNING and program.contact.get("mail")
    return bool(wants and parsed_rule(tx.rules.current(program.id).body).contact_at_check_ins)


async def invite_to_check_ins(app: App, claim: Claim, program_id: str) -> None:
    """Let the invitations to a program's check-ins be as its pairs' dates are.

    What may have been sent is settled before anything is decided; what was only prepared and is
    not wanted any more is given up.

    Raises:
        NotYet, ClaimLostError, IntegrationError: as ``perform``; what was done is remembered.
    """
    for intent in await app.store.run(lambda tx: _open(tx, program_id)):
        if intent.state is IntentState.SENDING:
            await _write(app, claim, await _doing_again(app, intent))
    for step in await app.store.run(lambda tx: _steps(app, tx, program_id)):
        if await _may_mail(app, program_id, step):
            doing = await _doing(app, step)
            if doing is not None:
                await _write(app, claim, doing)
    for intent in await app.store.run(lambda tx: _open(tx, program_id)):
        if intent.state is IntentState.PREPARED:
            await drop(app, intent, "not_wanted_any_more")


# --- what is to be done -------------------------------------------------------------------


def _steps(app: App, tx: Transaction, program_id: str) -> tuple[CheckInStep, ...]:
    now = app.clock.now()
    program = tx.programs.require(program_id)
    held = [one for one in tx.check_ins.ahead(now) if one.program_id == program_id]
    near = tx.sessions.starting(now, now + AHEAD) if invites(tx, program) else []
    pairs = tx.pairs.many({s.pair_id for s in near} | {one.pair_id for one in held})
    pairs = {pair.id: pair for pair in pairs.values() if pair.program_id == program_id}
    known = [one for found in tx.check_ins.of_pairs(pairs).values() for one in found]
    farther = [s for one in held if (s := tx.sessions.get(one.session_id)) is not None]
    wanted: list[CheckIn] = []
    if invites(tx, program):
        is_one = _check_ins(tx, pairs)
        sessions = {s.id: s for s in (*near, *farther) if s.pair_id in pairs}
        address = str(program.contact["mail"])
        wanted = [_wanted(s, address) for s in sessions.values() if is_one(s)]
    return check_in_steps(wanted, [_invited(one) for one in known], now)


def _check_ins(tx: Transaction, pairs: dict[str, Pair]) -> Callable[[Session], bool]:
    """Whether a session stands and is a check-in of a pair that goes on."""
    rules: dict[str | None, ProgramRule] = {}

    def rule(pair: Pair) -> ProgramRule:
        if (pair.series or {}).get("cadence") is not None:
            return rule_of(tx, pair)
        if pair.rule_id not in rules:
            rules[pair.rule_id] = rule_of(tx, pair)
        return rules[pair.rule_id]

    def is_one(session: Session) -> bool:
        pair = pairs[session.pair_id]
        stands = session.state is SessionState.SCHEDULED and pair.state not in OVER
        return stands and kind_of(rule(pair), session) is SessionKind.CHECK_IN

    return is_one


def _wanted(session: Session, address: str) -> CheckIn:
    of_event = f"{session.generation}/{session.event_id}" if session.single else session.generation
    span = TimeSpan(session.start, session.end)
    return CheckIn(session.id, span, address.casefold(), str(of_event))


def _invited(kept: CheckInInvitation) -> Invited:
    span = TimeSpan(kept.start, kept.end)
    return Invited(CheckIn(kept.session_id, span, kept.address, kept.of_event), kept.state)


async def _may_mail(app: App, program_id: str, step: CheckInStep) -> bool:
    """Whether coordinators are written to now; what they are not told now, a later look tells.

    That a check-in of the next day is off cannot wait.
    """
    now = app.clock.now()
    if isinstance(step, CallOff) and step.invited.check_in.span.start - now < _SHORT_NOTICE:
        return True
    zone = (await app.store.run(lambda tx: tx.programs.require(program_id))).zone
    return next_mailable(now, [zone or app.options.zone], WORKING_DAYS) <= now


def _open(tx: Transaction, program_id: str) -> list[Intent]:
    """Writes about the program's check-ins that are neither done nor dropped."""
    ours = [i for i in tx.intents.open() if i.kind in _DOINGS and i.pair_id is not None]
    pairs = tx.pairs.many({str(intent.pair_id) for intent in ours})
    return [i for i in ours if pairs[str(i.pair_id)].program_id == program_id]


# --- doing it -----------------------------------------------------------------------------


async def _write(app: App, claim: Claim, doing: _Doing) -> None:
    try:
        await perform(app, claim, doing.act())
    except ChangedByPersonError:
        # Outlook wins: whoever moved it or took it out meant it.
        left = replace(doing.kept, state=GuestState.LEFT)
        await app.store.run(lambda tx: tx.check_ins.put(left))


async def _doing(app: App, step: CheckInStep) -> _Doing | None:
    """The write that a step asks for; None while the pair's own event cannot be told."""
    about = step.check_in if isinstance(step, Invite) else step.invited.check_in
    kept = await app.store.run(lambda tx: tx.check_ins.get(about.session_id))
    case = await _case(app, about.session_id)
    match step:
        case Invite(check_in):
            try:
                join_url = await _join_url(app, case, case.session(check_in.session_id))
            except NotFoundError:
                return None
            number = 1 if kept is None else kept.number + 1
            return _Inviting(app, case, _to_keep(case, check_in, number), join_url=join_url)
        case MoveInvitation(_, to) if kept is not None:
            return _Moving(app, case, kept, to=to)
        case CallOff() if kept is not None:
            return _CallingOff(app, case, kept)
    return None


async def _doing_again(app: App, intent: Intent) -> _Doing:
    """The write that an intent speaks of."""
    told = intent.before
    kept = CheckInInvitation(
        **{
            **told["kept"],
            "state": GuestState(told["kept"]["state"]),
            **{end: datetime.fromisoformat(told["kept"][end]) for end in ("start", "end")},
        }
    )
    to = None if told["to"] is None else TimeSpan(*map(datetime.fromisoformat, told["to"]))
    case = await _case(app, kept.session_id)
    decided_at = intent.sent_at or intent.created_at
    doing = _DOINGS[intent.kind]
    return doing(app, case, kept, join_url=told["join_url"], to=to, decided_at=decided_at)


async def _case(app: App, session_id: str) -> Case:
    now, zone = app.clock.now(), app.options.zone

    def load(tx: Transaction) -> Case:
        return load_case(tx, tx.sessions.require(session_id).pair_id, now, default_zone=zone)

    return await app.store.run(load)


def _to_keep(case: Case, check_in: CheckIn, number: int) -> CheckInInvitation:
    return CheckInInvitation(
        session_id=check_in.session_id,
        pair_id=case.pair.id,
        program_id=case.program.id,
        mailbox_id=case.mailbox_id,
        address=check_in.address,
        event_id="",
        of_event=check_in.event,
        start=check_in.span.start,
        end=check_in.span.end,
        number=number,
    )


async def _join_url(app: App, case: Case, session: Session) -> str | None:
    """By what the pair meets: the link of its series, or of an event apart from it."""
    booking = case.booking_of(session.generation)
    if not session.single:
        return None if booking is None else booking.join_url
    if session.event_id is None:
        return None
    return (await app.graph.calendar.read(case.mailbox_of(session), session.event_id)).join_url


@dataclass(frozen=True, slots=True)
class _Doing:
    """One write about the invitation to one check-in.

    ``kept`` is how it stands so far, or is to stand. ``decided_at`` is when it was begun, where it
    is gone on with.
    """

    app: App
    case: Case
    kept: CheckInInvitation
    join_url: str | None = field(default=None, kw_only=True)
    to: TimeSpan | None = field(default=None, kw_only=True)
    decided_at: datetime | None = field(default=None, kw_only=True)

    kind: ClassVar[str]
    mail: ClassVar[str]

    def act(self) -> Act[Written]:
        """The write as ``perform`` takes it."""
        kept, reader = self.kept, f"{CONTACT}{self.case.program.id}"
        to = None if self.to is None else [self.to.start.isoformat(), self.to.end.isoformat()]
        ends = {"start": kept.start.isoformat(), "end": kept.end.isoformat()}
        told = {**asdict(kept), **ends, "state": kept.state.value}
        keeps = self.app.options.reading_keeps
        return Act(
            key=self.key,
            kind=self.kind,
            mailbox_id=kept.mailbox_id,
            send=self.send,
            look=self.look,
            keep=self.keep,
            program_id=self.case.program.id,
            pair_id=kept.pair_id,
            session_id=kept.session_id,
            event_id=kept.event_id or None,
            transaction_id=self.transaction_id,
            before={"kept": told, "to": to, "join_url": self.join_url},
            mails=({"person": reader, "kind": self.mail, "capped": False},),
            believed_until=None if self.decided_at is None else self.decided_at + keeps,
        )

    @property
    def key(self) -> str:
        """What names it for good."""
        return f"{self.kind}/{self.kept.session_id}/{self.kept.number}"

    @property
    def transaction_id(self) -> str | None:
        """What keeps a repeated POST from making a second event; None where nothing is made."""
        return None

    @property
    def stands(self) -> TimeSpan:
        """Where the contact's event is, as far as it is known."""
        return TimeSpan(self.kept.start, self.kept.end)

    @property
    def zone(self) -> str:
        """IANA zone of the contact's wall clock: the program's."""
        return self.case.program.zone or self.app.options.zone

    async def send(self, intent: Intent) -> Written | Happened[Written]:
        """Make the call."""
        raise NotImplementedError

    async def look(self, intent: Intent) -> ReadBack[Written]:
        """Whether it came true."""
        raise NotImplementedError

    def keep(self, tx: Transaction, intent: Intent, written: Written) -> None:
        """What it leaves in the store."""
        raise NotImplementedError

    async def event(self) -> Written:
        """How it stands in the mailbox; None where it is gone."""
        try:
            event = await self.app.graph.calendar.read(self.kept.mailbox_id, self.kept.event_id)
        except NotFoundError:
            return None
        return None if event.cancelled else event


class _Inviting(_Doing):
    """A POST of the contact's own event, without a link of its own; found again by its tag."""

    __slots__ = ()
    kind = "check_in_invited"
    mail = "invitation"

    @property
    def transaction_id(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"tandem:{self.key}"))

    async def send(self, intent: Intent) -> Written:
        return await self.app.graph.calendar.create_event(self.kept.mailbox_id, self._draft())

    async def look(self, intent: Intent) -> ReadBack[Written]:
        found = await self.app.graph.calendar.find_tagged(self.kept.mailbox_id, self.key)
        return Happened(found[0]) if found else NotHappened()

    def keep(self, tx: Transaction, intent: Intent, written: Written) -> None:
        if written is not None:
            tx.check_ins.put(replace(self.kept, event_id=written.id))

    def _draft(self) -> EventDraft:
        words, contact = self._words(), self.case.program.contact
        return EventDraft(
            subject=words.subject,
            body_html=words.body,
            zone=self.zone,
            span=self.stands,
            attendees=((self.kept.address, str(contact.get("name") or "")),),
            location=location_of(self.case.rule, self.case.pair),
            transaction_id=self.transaction_id,
            tag=self.key,
            own_link=False,
        )

    def _words(self) -> Letter:
        case = self.case
        with speaking(Language(self.app.options.language)):
            fields = {
                "names": names_of(*case.people),
                "mentor": case.mentor.name,
                "mentee": case.mentee.name,
                "program": case.program.name,
                "when": when(self.kept.start, self.zone),
                "place": location_of(case.rule, case.pair),
                "join": self.join_url,
            }
            return letter("check_in_invitation", case.program, fields)


class _Moving(_Doing):
    """A PATCH of ``start`` and ``end``, where nobody has moved it otherwise."""

    __slots__ = ()
    kind = "check_in_moved"
    mail = "update"

    @property
    def key(self) -> str:
        return f"{super().key}/{self.target.start:%Y-%m-%dT%H:%MZ}"

    @property
    def target(self) -> TimeSpan:
        """Where it is to stand."""
        if self.to is None:
            raise LookupError(f"{self.kept.session_id} moves nowhere")
        return self.to

    async def send(self, intent: Intent) -> Written:
        event = await self.event()
        if event is None or event.span != self.stands:
            raise ChangedMeanwhileError(412, "moved or taken out since it was made")
        calendar = self.app.graph.calendar
        mailbox_id, zone = self.kept.mailbox_id, self.zone
        return await calendar.move(mailbox_id, event.id, self.target, zone, event.etag)

    async def look(self, intent: Intent) -> ReadBack[Written]:
        event = await self.event()
        if event is not None and event.span == self.target:
            return Happened(event)
        if event is not None and event.span == self.stands:
            return NotHappened(event.etag)
        return ChangedElsewhere()

    def keep(self, tx: Transaction, intent: Intent, written: Written) -> None:
        tx.check_ins.put(replace(self.kept, start=self.target.start, end=self.target.end))


class _CallingOff(_Doing):
    """A POST of ``cancel``."""

    __slots__ = ()
    kind = "check_in_called_off"
    mail = "cancellation"

    async def send(self, intent: Intent) -> Happened[Written]:
        with speaking(Language(self.app.options.language)):
            words = comment_text(self.case.program, Comment.CHECK_IN)
        calendar = self.app.graph.calendar
        was_there = await calendar.cancel(self.kept.mailbox_id, self.kept.event_id, words)
        return Happened(None, ours=was_there)

    async def look(self, intent: Intent) -> ReadBack[Written]:
        return Happened(None) if await self.event() is None else NotHappened()

    def keep(self, tx: Transaction, intent: Intent, written: Written) -> None:
        tx.check_ins.put(replace(self.kept, state=GuestState.CALLED_OFF))


_DOINGS: Mapping[str, type[_Doing]] = MappingProxyType(
    {doing.kind: doing for doing in (_Inviting, _Moving, _CallingOff)}
)
