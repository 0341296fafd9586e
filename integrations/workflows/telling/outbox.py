"""Sending what waits in the outbox, from one program mailbox at a time.

A mail is a write like any other: an intent first, then the call, then the journal, at the pace of
its mailbox. But nothing can be read back of it, so a crash or a lost answer leaves a doubt that a
look cannot settle. Such a doubt is journalled (``mail_in_doubt``), and then

* an ordinary mail counts as sent: one may be lost, none is doubled;
* an urgent one (somebody waits in an empty room) is sent again until an answer says that it was
  taken: none is lost, and one may come twice, in the same words.

So of each person and message there are as many mails as lines ``mail`` in the journal, give or take
the lines ``mail_in_doubt``. What has lost its cause by the time it may go is dropped, journalled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from integrations.errors import OutcomeUnknownError, RefusedError
from integrations.language import Language, speaking
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Intent,
    IntentState,
    JournalEntry,
    OutboxMail,
    Program,
)
from integrations.workflows.acting import (
    IN_DOUBT,
    Act,
    Claim,
    Happened,
    NotHappened,
    NotYet,
    ReadBack,
    perform,
)
from integrations.workflows.app import App
from integrations.workflows.messages.catalogue import MESSAGES, Cap
from integrations.workflows.messages.enqueue import SEND_MAILS as KIND
from integrations.workflows.messages.hours import mail_hours
from integrations.workflows.messages.languages import language_for
from integrations.workflows.messages.letters import Spoken, silenced_by, spoken, words_of
from integrations.workflows.messages.room import has_room, next_room
from integrations.workflows.messages.texts import Letter
from integrations.workflows.messages.wish_mails import WISH, told_of
from integrations.workflows.reporting import mailed
from integrations.workflows.telling import daily_list
from integrations.workflows.telling.feed import (
    REFUSED,
    TOLD,
    goes_to_feed,
    news_act,
    set_aside,
)
from scheduling.changes.mail_hours import next_mailable

__all__ = ["KIND", "send_mails"]

IDLE = timedelta(days=1)
"""A mail that is put into the outbox makes this work due by itself."""
TRY_AGAIN = timedelta(hours=1)
"""How long a mailbox that may send nothing is left alone."""
URGENT_AGAIN = timedelta(minutes=5)
_NO_SUCH_READER = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A mail that may leave now. ``rows`` are the *Needs you* rows it names.

    ``again`` tells that it is to be sent once more where it may have been sent before.
    ``in_feed`` of Teams it is told to the account instead of being mailed. ``reader`` is the
    participant who gets it, None where whoever does takes part nowhere.
    ``has_room`` is asked in the transaction that begins it whether the week has room for it still,
    where it did at ``decided_from``; None if it is not counted.
    """

    mail: OutboxMail
    to: tuple[str, str]
    letter: Letter
    program_id: str
    again: bool
    rows: tuple[str, ...] = ()
    language: Language = field(default_factory=Language)
    in_feed: str | None = None
    reader: str | None = None
    has_room: Callable[[Transaction, bool], bool] | None = None
    decided_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Wait:
    """A mail that may not leave before ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class _Silent:
    """A mail that has nothing to say any more."""

    why: str


_Step = _Ready | _Wait | _Silent


async def send_mails(app: App, claim: Claim, mailbox_id: str) -> None:
    """Send every due mail of the mailbox that may leave now; standing work, never done.

    Raises:
        NotYet: always, with the time of the next mail or list.
        IntegrationError: Graph takes nothing at present; what is left waits.
    """
    now = app.clock.now()
    waiting = await app.store.run(lambda tx: _waiting(app, tx, mailbox_id, now))
    for mail in waiting.due:
        await _send(app, claim, mail)
    next_at = waiting.next_at
    if waiting.due:
        next_at = await app.store.run(lambda tx: tx.outbox.next_due_at(mailbox_id))
    again_at = min(filter(None, (waiting.lists_at, next_at, now + IDLE)))
    raise NotYet(again_at, "no mail is due")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is due, today's lists included; when the next mail is, and when to ask for lists."""

    due: list[OutboxMail]
    next_at: datetime | None
    lists_at: datetime


def _waiting(app: App, tx: Transaction, mailbox_id: str, now: datetime) -> _Waiting:
    boxes = tx.mailboxes.all()
    lists_at = now + IDLE
    if boxes and boxes[0].id == mailbox_id:
        lists_at = daily_list.put_lists(tx, mailbox_id, now, app.options.zone)
        mailed.put_reports(tx, daily_list.CONTACT, mailbox_id, now, app.options.zone)
    due = tx.outbox.due(now, limit=500, mailbox_id=mailbox_id)
    return _Waiting(due, tx.outbox.next_due_at(mailbox_id), lists_at)


async def _send(app: App, claim: Claim, mail: OutboxMail) -> None:
    ready = await app.store.run(lambda tx: _ready(app, tx, mail, app.clock.now()))
    if ready is None:
        return
    try:
        await perform(app, claim, _act(app, ready))
    except NotYet as wait:
        due_at = wait.due_at
        await app.store.run(lambda tx: tx.outbox.mark_waiting(mail, due_at))
    except OutcomeUnknownError:
        # Unclear for long, so an urgent one: slower, but not given up.
        later = app.clock.now() + URGENT_AGAIN
        await app.store.run(lambda tx: tx.outbox.mark_waiting(mail, later))
    except RefusedError as refusal:
        if ready.in_feed is None:
            await _refused(app, ready, refusal)
            return
        # Not in the feed, and that is certain: by mail, at once.
        now, why = app.clock.now(), f"{refusal.status} {refusal.code}"
        await app.store.run(lambda tx: _journal(tx, mail, REFUSED, now, why=why))
        await _send(app, claim, mail)


def _ready(app: App, tx: Transaction, mail: OutboxMail, now: datetime) -> _Ready | None:
    """The mail in words if it is to be sent now; otherwise what becomes of it is kept here."""
    key = _key(mail)
    intent = tx.intents.by_key(key)
    in_doubt = intent is not None and intent.state is IntentState.SENDING
    step = _step(app, tx, mail, key, now)
    if not isinstance(step, _Ready) or step.in_feed is None:
        set_aside(tx, mail, now)
    if isinstance(step, _Ready):
        return step
    if in_doubt:
        return _settled(tx, mail)
    if intent is not None and intent.state is IntentState.PREPARED:
        tx.intents.settle(intent.id, IntentState.DROPPED, "set_aside", now)
    if isinstance(step, _Wait):
        tx.outbox.mark_waiting(mail, step.until)
    else:
        tx.outbox.drop(mail, "dropped")
        _journal(tx, mail, "mail_dropped", now, why=step.why)
    return None


def _settled(tx: Transaction, mail: OutboxMail) -> _Ready:
    """A mail in doubt that is not to be sent again: only its end is to be kept."""
    pair = tx.pairs.get(mail.pair_id or "")
    return _Ready(
        mail=mail,
        to=("", ""),
        letter=Letter("", ""),
        program_id=pair.program_id if pair else "",
        again=False,
    )


def _step(app: App, tx: Transaction, mail: OutboxMail, key: str, now: datetime) -> _Step:
    if mail.person_id.startswith(daily_list.CONTACT):
        return _list_step(app, tx, mail, now)
    if mail.person_id.startswith(WISH):
        return _wish_step(app, tx, mail, key, now)
    about = spoken(
        tx,
        mail,
        now,
        default_zone=app.options.zone,
        default_language=app.options.language,
        page_url=app.options.page_url,
        links=app.links,
    )
    why = silenced_by(about)
    if why is not None:
        return _Silent(why)
    until = now if mail.urgent else _allowed_at(tx, about, key)
    if until > now:
        return _Wait(until)
    return _Ready(
        mail=mail,
        to=(about.you.mail, about.you.name),
        letter=words_of(about),
        program_id=about.program.id,
        again=mail.urgent,
        reader=about.you.id,
        language=language_for(about.you, app.options.language),
        in_feed=about.you.directory_id if goes_to_feed(app, tx, mail, key, now) else None,
        has_room=partial(_room_beside, about, key),
        decided_from=now if _is_capped(about) else None,
    )


def _wish_step(app: App, tx: Transaction, mail: OutboxMail, key: str, now: datetime) -> _Step:
    told = told_of(tx, mail, app.options.zone)
    if told is None or told.is_silenced:
        return _Silent("wish_gone" if told is None else "reader_left")
    reader, rule, zone, has = told.reader, told.rule, told.zone, None
    if reader is not None:
        office, has = reader.office, partial(has_room, person_id=reader.id, zone=zone, rule=rule)
        if not has(tx, now=now, but=key):
            return _Wait(next_room(rule, zone, office, now))
    until = told.may_go(now)
    if until > now:
        return _Wait(until)

    def room_beside(tx: Transaction, others_began: bool) -> bool:
        return has is None or not others_began or has(tx, now=now, but=key, prepared=False)

    return _Ready(
        mail=mail,
        to=(told.wish.mail, told.wish.name),
        letter=told.words(mail.purpose, app.options.language),
        program_id=told.program.id,
        again=False,
        language=told.language(app.options.language),
        reader=None if reader is None else reader.id,
        has_room=room_beside,
        decided_from=None if reader is None else now,
    )


def _is_capped(about: Spoken) -> bool:
    return not about.mail.urgent and MESSAGES[about.mail.purpose].cap is Cap.WEEKLY


def _room_beside(about: Spoken, key: str, tx: Transaction, others_began: bool) -> bool:
    """Whether the week has room beside what other hosts have begun meanwhile."""
    if not others_began:
        return True
    # Of two that are only prepared the first to begin goes; to count both would stop both.
    return has_room(tx, about.you.id, about.zone, about.rule, about.now, but=key, prepared=False)


def _allowed_at(tx: Transaction, about: Spoken, key: str) -> datetime:
    """When mail hours and the weekly cap let it go."""
    now, you, rule, zone = about.now, about.you, about.rule, about.zone
    if _is_capped(about) and not has_room(tx, you.id, zone, rule, now, but=key):
        return next_room(rule, zone, you.office, now)
    return mail_hours(rule, zone, you.office, now)


def _list_step(app: App, tx: Transaction, mail: OutboxMail, now: datetime) -> _Step:
    program = daily_list.contact_program(tx, mail)
    with speaking(Language(app.options.language)):
        found = _to_contact(app, tx, program, mail, now)
    address = program.contact.get("mail")
    if found is None or not address:
        return _Silent("nothing_new" if address else "no_contact")
    until = next_mailable(now, [program.zone or app.options.zone], daily_list.WORKING_DAYS)
    if until > now:
        return _Wait(until)
    letter, rows = found
    return _Ready(
        mail=mail,
        to=(address, program.contact.get("name") or ""),
        letter=letter,
        program_id=program.id,
        again=False,
        rows=rows,
    )


def _to_contact(
    app: App, tx: Transaction, program: Program, mail: OutboxMail, now: datetime
) -> tuple[Letter, tuple[str, ...]] | None:
    """A list or report in words, and the *Needs you* rows it names; None if it says nothing."""
    if mail.purpose == daily_list.DAILY_LIST:
        return daily_list.list_of(tx, mail, now, app.options.zone)
    report = mailed.report_of(tx, program, mail, now, app.options.zone)
    return None if report is None else (report, ())


def _key(mail: OutboxMail) -> str:
    return f"mail/{mail.purpose}/{mail.person_id}/{mail.session_id}"


def _act(app: App, ready: _Ready) -> Act[None]:
    if ready.in_feed is None:
        return _mail_act(app, ready)

    def told(tx: Transaction) -> None:
        now = app.clock.now()
        tx.outbox.mark_sent(ready.mail, now)
        _journal(tx, ready.mail, TOLD, now)

    with speaking(ready.language):
        return news_act(app, ready.mail, ready.letter, ready.in_feed, told)


def _mail_act(app: App, ready: _Ready) -> Act[None]:
    mail, letter = ready.mail, ready.letter
    mailbox_id = mail.mailbox_id or ""

    async def send(intent: Intent) -> None:
        await app.graph.mail.send(mailbox_id, ready.to, letter.subject, letter.body)

    async def look(intent: Intent) -> ReadBack[None]:
        now = app.clock.now()
        await app.store.run(lambda tx: _journal(tx, mail, IN_DOUBT, now))
        return NotHappened() if ready.again else Happened(None)

    def keep(tx: Transaction, intent: Intent, _: None) -> None:
        now = app.clock.now()
        tx.outbox.mark_sent(mail, now)
        daily_list.mark_told(tx, ready.rows, now)
        for scope, subject, code in (_reader(mail), _mailbox(mail)):
            tx.blockers.clear(scope, subject, now, code)

    return Act(
        key=_key(mail),
        kind="mail_sent",
        mailbox_id=mailbox_id,
        program_id=ready.program_id,
        pair_id=mail.pair_id,
        session_id=mail.data.get("session"),
        after={"message": mail.purpose},
        mails=(
            {
                "person": ready.reader,
                "kind": "message",
                "message": mail.purpose,
                "urgent": mail.urgent,
            },
        ),
        send=send,
        look=look,
        keep=keep,
        decided_from=ready.decided_from,
        still_holds=ready.has_room,
    )


async def _refused(app: App, ready: _Ready, refusal: RefusedError) -> None:
    """A mail to nobody is dropped; a mailbox that may not send at all is left alone for a while.

    Raises:
        NotYet: the mailbox may not send.
    """
    now, mail = app.clock.now(), ready.mail
    about_reader = refusal.status == _NO_SUCH_READER
    scope, subject, code = _reader(mail) if about_reader else _mailbox(mail)
    # Somebody who takes part nowhere has no row that a coordinator would look at.
    is_shown = not (about_reader and mail.person_id.startswith(WISH))
    blocker = Blocker(
        scope=scope,
        subject_id=subject,
        code=code,
        since=now,
        data={
            "status": str(refusal.status),
            "graph_code": refusal.code,
            "program": ready.program_id,
        },
    )

    def record(tx: Transaction) -> None:
        if is_shown:
            tx.blockers.set(blocker)
        if about_reader:
            tx.outbox.drop(mail, "refused")
            _journal(tx, mail, "mail_dropped", now, why="refused")
        else:
            tx.outbox.mark_waiting(mail, now + TRY_AGAIN)

    await app.store.run(record)
    if not about_reader:
        raise NotYet(now + TRY_AGAIN, "the mailbox may not send", stuck=True)


def _reader(mail: OutboxMail) -> tuple[BlockerScope, str, str]:
    """Whom a refusal of the address is shown on."""
    if mail.person_id.startswith(daily_list.CONTACT):
        return BlockerScope.FIRM, "firm", "contact_refused"
    return BlockerScope.PERSON, mail.person_id, "reader_refused"


def _mailbox(mail: OutboxMail) -> tuple[BlockerScope, str, str]:
    return BlockerScope.MAILBOX, mail.mailbox_id or "", "mail_refused"


def _journal(tx: Transaction, mail: OutboxMail, code: str, now: datetime, **facts: str) -> None:
    to_contact = mail.person_id.startswith((daily_list.CONTACT, WISH))
    tx.journal.write(
        JournalEntry(
            at=now,
            code=code,
            pair_id=mail.pair_id,
            person_id=None if to_contact else mail.person_id,
            session_id=mail.data.get("session"),
            mailbox_id=mail.mailbox_id,
            data={"kind": "message", "message": mail.purpose, **facts},
        )
    )
