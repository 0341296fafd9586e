"""The installation: its health, and stopping all writing."""

from __future__ import annotations

from integrations.api_client.models import (
    BlockerHealth,
    HealthAnswer,
    MailboxHealth,
    WorkHealth,
    WritingAnswer,
)
from integrations.ports import Transaction
from integrations.records import Json
from integrations.web.access import Who
from integrations.web.api.endpoint import Call, Do, Endpoint
from integrations.workflows.operating.writing import let_writing_go_on, stop_writing
from integrations.workflows.showing.health import Health, health_of
from integrations.writing import is_stopped


async def show_health(call: Call) -> HealthAnswer:
    """How the installation is."""
    visit = call.visit

    def look(tx: Transaction) -> tuple[Health, bool]:
        return health_of(tx, visit.now), is_stopped(tx)

    health, stopped = await visit.app.store.run(look)
    return HealthAnswer(
        at=health.at,
        is_well=health.is_well,
        read_only=visit.app.options.read_only,
        writing_stopped=stopped,
        calendars_read_at=health.calendars_read_at,
        mailboxes=_mailboxes(health),
        work=_work(health),
        blockers=[
            BlockerHealth(
                code=line.code,
                words=line.words,
                remedy=line.remedy,
                stops=line.stops,
                count=line.count,
                since=line.since,
            )
            for line in health.blockers
        ],
    )


def _mailboxes(health: Health) -> list[MailboxHealth]:
    return [
        MailboxHealth(
            id=line.mailbox.id,
            pairs=line.pairs,
            calls=line.calls,
            open_to_new=line.mailbox.open_to_new,
            waits_until=line.waits_until,
            subscribed_until=line.subscribed_until,
            blockers=[blocker.code for blocker in line.blockers],
        )
        for line in health.mailboxes
    ]


def _work(health: Health) -> list[WorkHealth]:
    return [
        WorkHealth(
            kind=line.kind,
            open=line.open,
            due=line.due,
            late=line.late,
            put_aside=line.put_aside,
            next_at=line.next_at,
        )
        for line in health.work
    ]


async def show_writing(call: Call) -> WritingAnswer:
    """Whether anything is written."""
    app = call.visit.app
    stopped = await app.store.run(is_stopped)
    return WritingAnswer(stopped=stopped, read_only=app.options.read_only)


async def stop(call: Call) -> WritingAnswer:
    """Let nothing be written from now on."""
    by = call.visit.viewer.directory_id
    await stop_writing(call.visit.app, by=by, also=lambda tx: call.mark(tx, {}))
    return await show_writing(call)


async def go_on(call: Call) -> WritingAnswer:
    """Let writing go on; what waited is taken up."""
    by = call.visit.viewer.directory_id
    await let_writing_go_on(call.visit.app, by=by, also=lambda tx: call.mark(tx, {}))
    return await show_writing(call)


async def turned_before(call: Call, done: Json) -> WritingAnswer:
    """How it is now: the switch was turned, and somebody may have turned it again since."""
    call.visit.app.woken.set()
    return await show_writing(call)


def _switch(name: str, do: Do, summary: str) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/writing/{name}",
        who=Who.STAFF_OR_ADMIN,
        do=do,
        answer=WritingAnswer,
        summary=summary,
        tag="Installation",
        go_on=turned_before,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/health",
        who=Who.STAFF_OR_ADMIN,
        do=show_health,
        answer=HealthAnswer,
        summary="How the installation is; it names nobody",
        tag="Installation",
    ),
    Endpoint(
        method="GET",
        path="/writing",
        who=Who.STAFF_OR_ADMIN,
        do=show_writing,
        answer=WritingAnswer,
        summary="Whether anything is written",
        tag="Installation",
    ),
    _switch("stop", stop, "Stop all writing"),
    _switch("go-on", go_on, "Let writing go on"),
)
