"""Checks of each program mailbox: that it is there, and all that Tandem does in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from integrations.blockers import BLOCKERS
from integrations.errors import IntegrationError, MailboxGoneError, RefusedError
from integrations.ports import DirectoryUser, Transaction
from integrations.records import Blocker, BlockerScope, Mailbox
from integrations.workflows.app import App
from integrations.workflows.attendance.modes import modes_of
from integrations.workflows.booking import mailboxes
from integrations.workflows.doctor.checks import MOVE_AWAY, Check, Finding, failed, untried
from integrations.workflows.enrolment.enrol import sync_mailboxes
from integrations.workflows.work import Worker
from integrations.writing import writing_stopped
from scheduling.attendance.evidence import EvidenceMode
from scheduling.timespan import TimeSpan

_SCOPED = "with this mailbox in the scope of the Exchange role assignment; it can take two hours."
_POLICY = (
    "Grant the Teams application access policy to the program mailbox; it can take half an hour."
)
_INSIDE = ("events", "teams", "trial", "meetings", "reports", "mail")


async def directory_checks(app: App) -> tuple[list[Check], list[tuple[Mailbox, DirectoryUser]]]:
    """Whether the directory answers and knows every program mailbox, and those it knows."""
    addresses = app.options.program_mailboxes
    try:
        users = await app.graph.directory.find(addresses)
    except IntegrationError as error:
        found = failed("directory", error)
        why = "the directory does not answer"
        return [found, *(untried("mailbox", why, address) for address in addresses)], []
    checks = [Check("directory", Finding.WELL, "the directory answers")]
    checks += [_unknown(address) for address, user in users.items() if user is None]
    if len(checks) == 1:
        await sync_mailboxes(app)
    boxes = {box.id: box for box in await app.store.run(lambda tx: tx.mailboxes.all())}
    known = [(boxes[u.id], u) for u in users.values() if u is not None and u.id in boxes]
    return checks, known


def _unknown(address: str) -> Check:
    return Check(
        "mailbox",
        Finding.WRONG,
        "the directory knows nobody of this address",
        "Correct TANDEM_PROGRAM_MAILBOXES. If the mailbox was deleted, have IT restore it, or move"
        " its pairs with `tandem mailbox move`.",
        address,
    )


async def mailbox_checks(
    app: App, worker: Worker, mailbox: Mailbox, user: DirectoryUser
) -> list[Check]:
    """One program mailbox. Where it is not there, nothing is said of what rests on it."""
    account = await _account(app, mailbox, user)
    if account.finding is not Finding.WELL:
        why = "the mailbox is not well"
        return [account, *(untried(code, why, mailbox.address) for code in _INSIDE)]
    checks = [account, await _events(app, mailbox)]
    checks += await _booking_checks(app, worker, mailbox, may_read=checks[1].is_well)
    checks.append(await _reports(app, mailbox))
    checks.append(await _mail(app, mailbox))
    return checks


async def _account(app: App, mailbox: Mailbox, user: DirectoryUser) -> Check:
    about = mailbox.address
    if not user.enabled:
        return Check(
            "mailbox",
            Finding.WRONG,
            "the account is switched off",
            "Have the account enabled, or move its pairs with `tandem mailbox move`.",
            about,
        )
    try:
        await app.graph.calendar.view(mailbox.id, _tomorrow(app))
    except MailboxGoneError:
        words = "there is no Exchange Online mailbox: no licence, on premises, or deleted"
        return Check("mailbox", Finding.WRONG, words, MOVE_AWAY, about)
    except RefusedError:
        pass  # Of rights the next check speaks.
    except IntegrationError as error:
        return failed("mailbox", error, about)
    return Check("mailbox", Finding.WELL, "an account in use with a mailbox", about=about)


def _tomorrow(app: App) -> TimeSpan:
    now = app.clock.now()
    return TimeSpan(now + timedelta(days=1), now + timedelta(days=2))


async def _events(app: App, mailbox: Mailbox) -> Check:
    try:
        await app.graph.calendar.find_tagged(mailbox.id, "doctor")
        await app.graph.calendar.view(mailbox.id, _tomorrow(app))
    except IntegrationError as error:
        found = failed("events", error, mailbox.address)
        if found.finding is not Finding.MISSING:
            return found
        grant = f"Grant Calendars.ReadWrite and Calendars.Read {_SCOPED}"
        return Check("events", Finding.MISSING, found.words, grant, mailbox.address)
    return Check("events", Finding.WELL, "readable", about=mailbox.address)


async def _booking_checks(
    app: App, worker: Worker, mailbox: Mailbox, *, may_read: bool
) -> list[Check]:
    """Whether a meeting can be made that people get into; the trial is the daily one."""
    about = mailbox.address
    if not may_read:
        why = "its events may not be read"
        return [untried(code, why, about) for code in ("teams", "trial", "meetings")]
    try:
        offered = await app.graph.calendar.teams_offered(mailbox.id)
    except IntegrationError as error:
        return [failed("teams", error, about)]
    if not offered:
        kind = BLOCKERS["no_teams"]
        return [
            Check("teams", Finding.WRONG, kind.words, kind.remedy, about),
            untried("trial", "no Teams", about),
            untried("meetings", "no Teams", about),
        ]
    teams = Check("teams", Finding.WELL, "offered", about=about)
    return [teams, await _trial(app, worker, mailbox), await _meetings(app, mailbox)]


async def _trial(app: App, worker: Worker, mailbox: Mailbox) -> Check:
    """Make, look at and delete an event that nobody is invited to, through the usual work."""
    about = mailbox.address
    if app.options.read_only:
        said = "not tried: writing is switched off"
        return Check("trial", Finding.UNTRIED, said, "Set TANDEM_READ_ONLY=off.", about)
    if await writing_stopped(app.store):
        said = "not tried: all writing is stopped"
        return Check("trial", Finding.UNTRIED, said, "`tandem writing go-on`", about)
    now = app.clock.now()
    work = await app.store.run(lambda tx: tx.work.schedule(mailboxes.KIND, mailbox.id, now))
    await worker.do(work.id)
    blockers = await app.store.run(lambda tx: tx.blockers.open(BlockerScope.MAILBOX, [mailbox.id]))
    return trial_check([b for b in blockers if b.code in mailboxes.CODES], about)


def trial_check(blockers: list[Blocker], about: str) -> Check:
    """What the blockers say that a trial left behind."""
    if any(b.code == "mailbox_refused" and b.data.get("status") == "403" for b in blockers):
        grant = f"Grant Calendars.ReadWrite {_SCOPED}"
        return Check("trial", Finding.MISSING, "no event may be made", grant, about)
    stopping = [BLOCKERS[b.code] for b in blockers if BLOCKERS[b.code].stops]
    if stopping:
        words = "; ".join(kind.words for kind in stopping)
        return Check("trial", Finding.WRONG, words, " ".join(k.remedy for k in stopping), about)
    # Why the lobby could not be looked at is said of the meetings.
    lobby = "" if blockers else "lobby open, "
    words = f"created with a Teams link, {lobby}deleted again"
    return Check("trial", Finding.WELL, words, about=about)


async def _meetings(app: App, mailbox: Mailbox) -> Check:
    async def ask() -> bool:
        await app.graph.meetings.find(mailbox.id, "https://teams.microsoft.com/l/meetup-join/none")
        return True

    return await _teams_right("meetings", mailbox, ask, "OnlineMeetings.Read.All")


async def _reports(app: App, mailbox: Mailbox) -> Check:
    if not await app.store.run(_reads_reports):
        return untried("reports", "no program takes Teams for evidence", mailbox.address)

    async def ask() -> bool:
        return await app.graph.rights.reads_reports_of(mailbox.id, of_program=True)

    return await _teams_right("reports", mailbox, ask, "OnlineMeetingArtifact.Read.All")


def _reads_reports(tx: Transaction) -> bool:
    """Whether some program wants to know from Teams who met."""
    modes = (modes_of(program) for program in tx.programs.all())
    return any(EvidenceMode.TEAMS in {m["mode"], *m["offices"].values()} for m in modes)


async def _teams_right(
    code: str, mailbox: Mailbox, ask: Callable[[], Awaitable[bool]], permission: str
) -> Check:
    """A right of Teams needs a permission and a policy, and tells which of them is missing."""
    about = mailbox.address
    grant = f"Grant {permission} to the app registration; it can take an hour."
    try:
        may = await ask()
    except RefusedError as refusal:
        if refusal.status in (400, 404):
            return Check(code, Finding.WELL, "granted", about=about)
        policy = refusal.code == "Unauthorized"
        what = "the Teams application access policy" if policy else permission
        words = f"{what} does not reach this mailbox" if policy else f"{what} is not granted"
        return Check(code, Finding.MISSING, words, _POLICY if policy else grant, about)
    except IntegrationError as error:
        return failed(code, error, about)
    if may:
        return Check(code, Finding.WELL, "granted", about=about)
    return Check(code, Finding.MISSING, f"{permission} or the policy is missing", grant, about)


async def _mail(app: App, mailbox: Mailbox) -> Check:
    about = mailbox.address
    try:
        may = await app.graph.rights.sends_mail_from(mailbox.id)
    except IntegrationError as error:
        return failed("mail", error, about)
    if may:
        return Check("mail", Finding.WELL, "may be sent", about=about)
    return Check("mail", Finding.MISSING, "refused", f"Grant Mail.Send {_SCOPED}", about)
