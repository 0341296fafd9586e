"""Is this installation able to work? Each check is a real, harmless call, with a remedy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from integrations.blockers import BLOCKERS
from integrations.errors import IntegrationError, OperationNotPermittedError, RefusedError
from integrations.ports import Unreadable
from integrations.records import BlockerScope, Mailbox
from integrations.workflows import mailboxes
from integrations.workflows.app import App
from integrations.workflows.enrol import sync_mailboxes
from integrations.workflows.work import Worker
from integrations.writing import writing_stopped
from scheduling.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``remedy`` is empty where all is well."""

    name: str
    is_well: bool
    words: str
    remedy: str = ""


async def examine(app: App, worker: Worker) -> list[Check]:
    """Look at token, mailboxes, operations and join link; go on where one of them fails."""
    checks = [await _checked("token and directory", sync_mailboxes(app), "the directory answers")]
    if not checks[0].is_well:
        return checks
    known = await app.store.run(lambda tx: tx.mailboxes.all())
    for mailbox in (m for m in known if m.open_to_new):
        checks += await _mailbox_checks(app, worker, mailbox)
    checks.append(await _outside_is_refused(app))
    return checks


async def _checked(name: str, looking: Awaitable[object], well: str) -> Check:
    try:
        await looking
    except IntegrationError as error:
        return Check(name, False, str(error), error.remedy or _remedy(error))
    return Check(name, True, well)


def _remedy(error: IntegrationError) -> str:
    if isinstance(error, RefusedError) and error.status in (401, 403):
        return "Grant the permission named for this operation in docs/reference/permissions.md."
    return "See docs/how-to/troubleshoot.md."


async def _mailbox_checks(app: App, worker: Worker, mailbox: Mailbox) -> list[Check]:
    about = f"program mailbox {mailbox.id[:8]}…"
    now = app.clock.now()
    tomorrow = TimeSpan(now + timedelta(days=1), now + timedelta(days=2))

    async def settings() -> None:
        answer = (await app.graph.settings.read([mailbox.id]))[mailbox.id]
        if isinstance(answer, Unreadable):
            raise IntegrationError(f"mailbox settings: {answer.code}", remedy=_GRANT)

    async def free_busy() -> None:
        read = await app.graph.free_busy.read(mailbox.id, [mailbox.address], [tomorrow])
        answer = read[mailbox.address]
        if isinstance(answer, Unreadable):
            raise IntegrationError(f"free/busy: {answer.code}", remedy=_GRANT)

    async def events() -> None:
        await app.graph.calendar.find_tagged(mailbox.id, "doctor")
        await app.graph.calendar.view(mailbox.id, tomorrow)

    looks: list[tuple[str, Callable[[], Awaitable[None]], str]] = [
        ("mailbox settings", settings, "readable"),
        ("free/busy", free_busy, "readable"),
        ("events", events, "readable"),
    ]
    checks = [await _checked(f"{about}: {name}", look(), well) for name, look, well in looks]
    checks.append(await _link_check(app, worker, mailbox, about))
    return checks


_GRANT = "Grant the permission named in docs/reference/permissions.md, with this mailbox in scope."


async def _link_check(app: App, worker: Worker, mailbox: Mailbox, about: str) -> Check:
    """Make, look at and delete an event that nobody is invited to, through the usual work."""
    name = f"{about}: trial event with join link"
    if app.options.read_only:
        return Check(name, False, "not tried: writing is switched off", "Set TANDEM_READ_ONLY=off.")
    if await writing_stopped(app.store):
        return Check(name, False, "not tried: all writing is stopped", "`tandem writing go-on`")
    now = app.clock.now()
    work = await app.store.run(lambda tx: tx.work.schedule(mailboxes.KIND, mailbox.id, now))
    await worker.do(work.id)
    blockers = await app.store.run(lambda tx: tx.blockers.open(BlockerScope.MAILBOX, [mailbox.id]))
    if not blockers:
        return Check(name, True, "created with a Teams link, lobby open, deleted again")
    kinds = [BLOCKERS[blocker.code] for blocker in blockers]
    return Check(
        name,
        not any(kind.stops for kind in kinds),
        "; ".join(kind.words for kind in kinds),
        " ".join(kind.remedy for kind in kinds),
    )


async def _outside_is_refused(app: App) -> Check:
    """Tandem's own gate: a participant's events must not even be asked for."""
    name = "participants' events"
    try:
        await app.graph.calendar.find_tagged("00000000-0000-0000-0000-000000000000", "doctor")
    except OperationNotPermittedError:
        return Check(name, True, "Tandem refuses to ask for them")
    except IntegrationError as error:
        return Check(name, False, f"the call left and was answered: {error}", "Report this fault.")
    return Check(name, False, "the call left and was answered", "Report this fault.")
